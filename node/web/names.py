"""Signing our name to one statement: what that does, and what it cannot undo, said before anybody signs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from node.circles import roster
from node.domain.accounts import Permission
from node.errors import Code, HanseError
from node.publishing.names import draft_attribution, sight
from node.web.drafts.review import make_preview
from node.web.formats import statement_path
from node.web.forms import FormView, address_part
from node.web.visits import Requires, Visit, go
from protocol.identifiers import PATTERN_128_BITS, PATTERN_256_BITS, CircleId, StatementId
from protocol.pseudonyms import pseudonym

ROUTER = APIRouter()
_Circle = Annotated[CircleId, address_part(f"^{PATTERN_256_BITS}$")]
_Statement = Annotated[StatementId, address_part(f"^{PATTERN_128_BITS}$")]
_Writer = Annotated[Visit, Depends(Requires(Permission.DRAFTS_WRITE))]


@ROUTER.get("/names/{circle}/{statement}")
def show_name(visit: _Writer, circle: _Circle, statement: _Statement) -> Response:
    """What would be seen, by whom, and what stays."""
    return _page(visit, circle, statement, FormView())


@ROUTER.post("/names/{circle}/{statement}")
def do_name(visit: _Writer, circle: _Circle, statement: _Statement) -> Response:
    """Begin the draft. It too is seen by a second person."""
    if visit.form.one("understood") != "yes":
        wrong = {"understood": "Say that you have read what cannot be undone."}
        return _page(visit, circle, statement, visit.form.wrong(wrong))
    try:
        with visit.write() as tx:
            draft = draft_attribution(tx, visit.runtime.vault, visit.principal.account, circle, statement, visit.now)
            visit.note(tx, "draft-created", draft.id)
    except HanseError as error:
        if error.code is not Code.CONFLICT:
            raise
        return _page(visit, circle, statement, visit.form.refused(error))
    make_preview(visit, draft.id)
    return go(f"/drafts/{draft.id}", "draft-saved")


def _page(visit: Visit, circle: CircleId, statement: StatementId, form: FormView) -> Response:
    with visit.read() as tx:
        seen = sight(tx, circle, statement, visit.now)
        name = roster(tx, circle).charter.name
    return visit.render(
        "name_sign.html",
        form=form,
        seen=seen,
        circle=name,
        action=f"/names/{circle}/{statement}",
        pseudonym=pseudonym(circle, seen.target.contributor),
        back=statement_path(*seen.target.shown_name),
        status=422 if form.errors else 200,
    )
