"""Assessments from a file, with a report row by row of what was refused and why."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from node.casework.import_file import COLUMNS, REQUIRED_COLUMNS, import_rows
from node.casework.tabular import MAX_FILE_BYTES
from node.domain.accounts import Permission
from node.domain.casework import ImportReport
from node.errors import Code, HanseError
from node.subjects.find import subject_named
from node.web.forms import FormView
from node.web.uploads import FORM_BYTES, RequiresWithFile
from node.web.visits import Requires, Visit

ROUTER = APIRouter()
_Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]
_Sender = Annotated[Visit, Depends(RequiresWithFile(Permission.ASSESSMENTS_WRITE))]


@ROUTER.get("/assessments/import")
def show_import(visit: _Writer) -> Response:
    """Ask for the file, and say what it may hold."""
    return _page(visit, FormView(), None)


@ROUTER.post("/assessments/import", max_body_size=MAX_FILE_BYTES + FORM_BYTES)
def do_import(visit: _Sender) -> Response:
    """Take what can be taken. A row that is refused stops no other."""
    runtime = visit.runtime
    data = b"" if visit.form.file is None else visit.form.file.content.read()
    if not data:
        return _page(visit, visit.form.wrong({"file": "Choose a file that is not empty."}), None)
    try:
        with visit.write() as tx:
            report = import_rows(
                tx,
                runtime.vault,
                runtime.vocabulary,
                visit.principal.account,
                data,
                partial(subject_named, tx),
                visit.now,
            )
            visit.note(tx, "assessments-imported")
    except HanseError as error:
        if error.code not in {Code.BAD_FILE, Code.TOO_LARGE}:
            raise
        return _page(visit, visit.form.wrong({"file": FormView().refused(error).errors[""]}), None)
    return _page(visit, FormView(), report)


def _page(visit: Visit, form: FormView, report: ImportReport | None) -> Response:
    return visit.render(
        "import.html",
        form=form,
        report=report,
        columns=COLUMNS,
        required=REQUIRED_COLUMNS,
        megabytes=MAX_FILE_BYTES // 1_000_000,
        status=422 if form.errors else 200,
    )
