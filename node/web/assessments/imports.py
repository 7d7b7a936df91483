"""Assessments from a file, with a report row by row of what was refused and why."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import UploadFile

from node.casework.import_file import COLUMNS, REQUIRED_COLUMNS, import_rows
from node.casework.tabular import MAX_FILE_BYTES
from node.domain.accounts import Permission
from node.domain.casework import ImportReport
from node.errors import Code, HanseError
from node.subjects.find import subject_named
from node.web.forms import FormView
from node.web.visits import Requires, Visit

ROUTER = APIRouter()
_FORM_BYTES: Final = 65_536
"""What a form needs around its file."""
_Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]


async def read_file(request: Request) -> bytes:
    """The file that a form sent, or nothing. The form was read, with its bounds, by the route's guard before."""
    upload = (await request.form()).get("file")
    return await upload.read() if isinstance(upload, UploadFile) else b""


_File = Annotated[bytes, Depends(read_file)]


@ROUTER.get("/assessments/import")
def show_import(visit: _Writer) -> Response:
    """Ask for the file, and say what it may hold."""
    return _page(visit, FormView(), None)


@ROUTER.post("/assessments/import", max_body_size=MAX_FILE_BYTES + _FORM_BYTES)
def do_import(visit: _Writer, data: _File) -> Response:
    """Take what can be taken. A row that is refused stops no other."""
    runtime = visit.runtime
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
