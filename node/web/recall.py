"""Taking back what we have shared, in two steps, and who has applied it.

The first page shows exactly what would be sent; the second step sends it. One approver is enough:
:mod:`node.publishing.recall` says why.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.circles import roster
from node.domain.accounts import Permission
from node.domain.circles import Roster
from node.errors import Code, HanseError
from node.publishing import applied, recall
from node.publishing.preview import recipients
from node.publishing.publish import find_own_statement
from node.publishing.recall import HANDLINGS, NARROWER, RecallKind
from node.storage import gone
from node.storage.database import Transaction
from node.sync import confirm_own_log
from node.web.forms import address_part
from node.web.visits import Requires, Visit, go
from protocol import statements
from protocol.errors import ProtocolError
from protocol.identifiers import (
    PATTERN_128_BITS,
    PATTERN_256_BITS,
    CircleId,
    StatementId,
    VocabularyCode,
    decode_bytes,
    encode_bytes,
)
from protocol.statements import FindingBody, Handling

ROUTER = APIRouter()
_Circle = Annotated[CircleId, address_part(f"^{PATTERN_256_BITS}$")]
_Statement = Annotated[StatementId, address_part(f"^{PATTERN_128_BITS}$")]
_Approver = Annotated[Visit, Depends(Requires(Permission.RECALL))]
_Reader = Annotated[Visit, Depends(Requires(Permission.DRAFTS_READ))]
_Choice = Annotated[str, Query(max_length=64)]

KINDS: Final[dict[RecallKind, str]] = {"erase": "Erase it", "retract": "Retract it", "narrow": "Narrow its handling"}
EFFECTS: Final[dict[RecallKind, str]] = {
    "erase": "Every member deletes its content and that of its corrections. That something stood there stays visible.",
    "retract": "Members stop counting it, and show it as retracted until it expires.",
    "narrow": "Members show it no further than the new marking allows; the older marking is no longer used.",
}
_FIRST: Final = VocabularyCode("published-by-mistake")
_FIRST_RETRACTION: Final = VocabularyCode("published-in-error")


@ROUTER.get("/recall/{circle}/{statement}")
def show_recall(
    visit: _Approver,
    circle: _Circle,
    statement: _Statement,
    kind: _Choice = "erase",
    reason: _Choice = "",
    handling: _Choice = "",
) -> Response:
    """What would be sent, to the byte."""
    vocabulary = visit.runtime.vocabulary
    chosen = _kind(kind)
    visit.record("recall-shown", statement)
    with visit.read() as tx:
        held = roster(tx, circle)
        found = find_own_statement(tx, held, statement, visit.now)
        if found is None:
            raise _missing(tx, held, statement)
        narrower = _narrower(found.body.handling) if isinstance(found.body, FindingBody) else ()
        wanted = next((each for each in narrower if each == handling), narrower[-1] if narrower else None)
        code = _reason(visit, chosen, reason)
        try:
            made = recall.prepare(tx, vocabulary, circle, statement, chosen, code, visit.now, handling=wanted)
            refusal = ""
        except HanseError as error:
            made, refusal = None, error.detail
    return visit.render(
        "recall.html",
        statement=found,
        circle=held.charter.name,
        action=f"/recall/{circle}/{statement}",
        kinds={each: words for each, words in KINDS.items() if each != "narrow" or narrower},
        effects=EFFECTS,
        kind=chosen,
        reason=code,
        reasons=_reasons(visit, chosen),
        narrower=narrower,
        handling=wanted,
        refusal=refusal,
        payload="" if made is None else made.payload.decode(),
        encoded="" if made is None else encode_bytes(made.payload),
        recipients=list(recipients(held)),
        vocabulary=vocabulary,
    )


@ROUTER.post("/recall/{circle}/{statement}")
def do_recall(visit: _Approver, circle: _Circle, statement: _Statement) -> Response:
    """Send it."""
    runtime = visit.runtime
    try:
        payload = decode_bytes(visit.form.one("payload"))
        target = getattr(statements.decode(payload).body, "target", None)
    except ProtocolError as error:
        raise HanseError(Code.INVALID, "this is not what the page before showed.", remedy="Go back.") from error
    if target != statement:
        raise HanseError(Code.INVALID, "this is about another statement.", remedy="Go back.")
    confirm_own_log(runtime, circle)
    with visit.write() as tx:
        recall.confirm(tx, runtime.vocabulary, runtime.keyring, circle, payload, visit.now)
        visit.note(tx, "recalled", statement)
    runtime.wake.set()
    return go(f"/recall/{circle}/{statement}/receipts", "recalled")


@ROUTER.get("/recall/{circle}/{statement}/receipts")
def show_receipts(visit: _Reader, circle: _Circle, statement: _Statement) -> Response:
    """Who has applied the last thing that was done to a statement of ours."""
    visit.record("receipts-read", statement)
    with visit.read() as tx:
        held = roster(tx, circle)
        if not applied.is_ours(tx, circle, statement, visit.now):
            raise _missing(tx, held, statement)
        act = applied.act_on(tx, circle, statement)
    return visit.render("receipts.html", act=act, circle=held.charter.name, statement=statement, now=visit.now)


def _kind(text: str) -> RecallKind:
    found = next((each for each in KINDS if each == text), None)
    if found is None:
        raise HanseError(Code.INVALID, "no such way of taking a statement back.")
    return found


def _reasons(visit: Visit, kind: RecallKind) -> dict[VocabularyCode, str]:
    vocabulary = visit.runtime.vocabulary
    match kind:
        case "erase":
            return {code: term.label for code, term in vocabulary.erasure_reasons.items()}
        case "retract":
            return {code: term.label for code, term in vocabulary.retraction_reasons.items()}
        case "narrow":
            return {NARROWER: vocabulary.correction_reasons[NARROWER].label}


def _reason(visit: Visit, kind: RecallKind, text: str) -> VocabularyCode:
    reasons = _reasons(visit, kind)
    usual = _FIRST if kind == "erase" else _FIRST_RETRACTION if kind == "retract" else NARROWER
    return next((code for code in reasons if code == text), usual)


def _narrower(handling: Handling) -> tuple[Handling, ...]:
    return HANDLINGS[HANDLINGS.index(handling) + 1 :]


def _missing(tx: Transaction, held: Roster, statement: StatementId) -> HanseError:
    if any(gone.find(tx, key, statement) is not None for key in held.own_keys):
        return HanseError(Code.NOT_FOUND, "the content of this statement is gone already.")
    return HanseError(Code.NOT_FOUND, "our log of this circle holds no such statement.")
