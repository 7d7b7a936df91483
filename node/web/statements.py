"""One statement: what it says, what has become of it, the bytes its author signed, and what this node verified."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Response

from node.domain.accounts import Permission
from node.domain.insight import FindingView, RelationView, ResponseView, StatementView
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.insight.query import answered, may_read_bytes
from node.insight.replies import replies_of
from node.insight.views import response_view, view
from node.storage import bylines, circles, ledger, statements
from node.storage.database import Transaction
from node.web.visits import Requires, Visit
from protocol import envelope
from protocol.errors import ProtocolError
from protocol.identifiers import KeyId, StatementId, parse_key_id, parse_statement_id
from protocol.statements import ResponseBody, Sponsored

ROUTER = APIRouter()
TITLES: Final = {
    "finding": "Finding",
    "relation": "Observed tie",
    "response": "Response",
    "correction": "Correction",
    "retraction": "Retraction",
    "reply": "Reply",
    "sponsored": "Sponsored finding",
    "attribution": "Name signed",
    "erasure": "Erasure",
    "token": "Person token",
}
_Visit = Annotated[Visit, Depends(Requires(Permission.POOL_READ))]


@ROUTER.get("/statements/{contributor}/{statement}")
def show_statement(visit: _Visit, contributor: str, statement: str) -> Response:
    """The statement as it now stands, and as it was signed."""
    key, name = _names(contributor, statement)
    visit.record("statement-read", name)
    with visit.read() as tx:
        stored = statements.find_shown(tx, key, name, now=visit.now)
        if stored is None:
            raise _missing()
        answered_by = replies_of(tx, [stored], visit.now).get(stored.name, ())
        shown = answered(view(stored), answered_by)
        roster = circles.find_roster(tx, stored.circle)
        log = ledger.find_log(tx, stored.circle, stored.contributor)
        # Where anything bears a name, a gap in a log would tell whose the name is.
        shows_place = stored.circle not in bylines.circles_with_names(tx)
        responses = _responses(visit, tx, stored)
        shows_bytes = may_read_bytes(tx, stored, now=visit.now)
    unverified = envelope.parse(stored.jws)
    return visit.render(
        "statement.html",
        title=TITLES["sponsored" if isinstance(stored.statement, Sponsored) else shown.provenance.kind],
        shown=shown,
        stored=stored,
        body=_body(shown),
        responses=responses,
        circle=roster.charter.name if roster else stored.circle,
        shows_place=shows_place,
        log_size=log.size if log else 0,
        checkpoint=log.covered.decode() if log and shows_place else "",
        payload=msgspec.json.format(unverified.payload, indent=2).decode(),
        jws=stored.jws.decode("ascii"),
        ours=roster is not None and stored.contributor in roster.own_keys,
        pseudonymous=roster is not None and roster.charter.attribution == "pseudonymous",
        may_request=visit.may(Permission.REQUESTS_ASK),
        may_reply=visit.may(Permission.REPLIES_WRITE),
        vocabulary=visit.runtime.vocabulary,
        may_share=visit.may(Permission.DRAFTS_WRITE),
        shows_bytes=shows_bytes,
    )


def _names(contributor: str, statement: str) -> tuple[KeyId, StatementId]:
    try:
        return parse_key_id(contributor), parse_statement_id(statement)
    except ProtocolError as error:
        raise _missing() from error


def _missing() -> HanseError:
    return HanseError(Code.NOT_FOUND, "this node holds no such statement.")


def _responses(visit: Visit, tx: Transaction, stored: StoredStatement) -> list[ResponseView]:
    target = (stored.contributor, stored.statement.id)
    found = statements.responses_to(tx, stored.circle, [target], now=visit.now)
    return [response_view(each, each.body) for each in found if isinstance(each.body, ResponseBody)]


def _body(shown: StatementView) -> FindingView | RelationView | ResponseView | None:
    """The statement where it is an observation; corrections and retractions only point at one."""
    return shown if isinstance(shown, FindingView | RelationView | ResponseView) else None
