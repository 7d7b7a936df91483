"""Closed casework past the institution's limit: listed, never deleted by itself."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.casework import evidence
from node.casework.retention import delete_cases, due_cases
from node.domain.accounts import Permission
from node.errors import Code, HanseError
from node.storage.database import Transaction
from node.storage.evidence import EvidenceFiles
from node.storage.retention import due
from node.web.formats import counted
from node.web.forms import FormView, sentence
from node.web.needs import Need
from node.web.visits import Requires, Visit, go

ROUTER = APIRouter()
PATH: Final = "/assessments/due"
MOST: Final = 200
"""Cases in one list: as many as somebody looks through before deleting."""
_Reader = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_READ))]
_Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]


@ROUTER.get(PATH)
def show_due(visit: _Reader) -> Response:
    """The list, oldest first."""
    visit.record("due-cases-read")
    return _page(visit, FormView())


@ROUTER.post(PATH)
def do_delete(visit: _Writer) -> Response:
    """Delete those that were chosen, after somebody has said that they looked."""
    form, runtime = visit.form, visit.runtime
    chosen = form.many("case")
    if not chosen:
        return _page(visit, form.wrong({"case": "Choose at least one case."}))
    if not form.has("looked", "yes"):
        return _page(visit, form.wrong({"looked": "Say that you have looked at each of them."}))
    months = runtime.settings.casework_retention_months
    try:
        with visit.write() as tx:
            delete_cases(tx, runtime.vault, chosen, visit.now, months, most=MOST)
            for case in chosen:
                visit.note(tx, "case-deleted", case)
    except HanseError as error:
        if error.code is not Code.CONFLICT:
            raise
        return _page(visit, form.refused(error))
    evidence.tidy(runtime.database, EvidenceFiles(runtime.settings.evidence, runtime.vault), visit.now)
    return go(PATH, "cases-deleted")


def needs(visit: Visit, tx: Transaction) -> Sequence[Need]:
    """Closed cases past the limit, for those who can decide about them."""
    if not visit.may(Permission.ASSESSMENTS_WRITE):
        return ()
    number = len(due(tx, visit.now, visit.runtime.settings.casework_retention_months, most=MOST))
    if not number:
        return ()
    are = "is" if number == 1 else "are"
    words = f"{sentence(counted(number, 'closed case'))} {are} past the limit for keeping casework"
    return (Need(words=words, path=PATH, count=number),)


def _page(visit: Visit, form: FormView) -> Response:
    runtime = visit.runtime
    months = runtime.settings.casework_retention_months
    with visit.read() as tx:
        found = due_cases(tx, runtime.vault, visit.now, months, most=MOST)
    return visit.render(
        "due.html",
        form=form,
        cases=found,
        months=months,
        options=[(each.id, each.title, "") for each in found],
        may_delete=visit.may(Permission.ASSESSMENTS_WRITE),
        status=422 if form.errors else 200,
    )
