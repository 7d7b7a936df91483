"""A form with one file, kept in memory while it is looked at: what comes as evidence never lies on the disk in clear.

The parser of forms writes files beyond a megabyte to the temporary folder. Here the bound of the request is the bound
of the memory, and nothing is read from somebody who is not signed in.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from node.errors import Code, HanseError
from node.web.forms import MAX_FIELD_BYTES, MAX_FORM_FIELDS, FormView, SentFile
from node.web.visits import House, Requires, Visit, principal_of, read_form

FORM_BYTES: Final = 262_144
"""What a form needs around its file: an answer with its narrative and sixteen sources, percent-encoded."""
MEMORY_BYTES: Final = 12_582_912
"""Of a file, in memory: no request of this node is larger, so nothing is ever moved to the disk."""
_MULTIPART: Final = "multipart/form-data"
_FILES: Final = 1
"""Files in one form: each is held in memory."""


class _InMemory(MultiPartParser):
    """Keeps a file in memory up to the bound of any request."""

    spool_max_size = MEMORY_BYTES


async def read_form_with_file(request: Request) -> AsyncIterator[FormView]:
    """The fields and the file of a posted form, within bounds; the file ends with the request."""
    if request.method != "POST" or not request.headers.get("content-type", "").startswith(_MULTIPART):
        async for form in read_form(request):
            yield form
        return
    house: House = request.state.house
    if await run_in_threadpool(principal_of, house, request) is None:
        yield FormView()  # the guard, which comes next, refuses it: nothing of the content was read
        return
    parser = _InMemory(
        request.headers,
        request.stream(),
        max_files=_FILES,
        max_fields=MAX_FORM_FIELDS,
        max_part_size=MAX_FIELD_BYTES,
    )
    try:
        data = await parser.parse()
    except MultiPartException as error:
        raise HanseError(Code.INVALID, "the form cannot be read, or holds more than one file.") from error
    try:
        upload = data.get("file")
        sent = isinstance(upload, UploadFile) and bool(upload.filename or upload.size)
        file = SentFile(upload.filename or "", upload.file) if sent and isinstance(upload, UploadFile) else None
        yield FormView.received(data, file)
    finally:
        await data.close()


class RequiresWithFile(Requires):
    """A page for those who have one permission, whose forms may bring a file: ``visit.form.file``.

    A route that posts sets ``max_body_size`` to the file's limit and :data:`FORM_BYTES`.
    """

    def __call__(self, request: Request, form: Annotated[FormView, Depends(read_form_with_file)]) -> Visit:
        """The visit, as for any other form."""
        return super().__call__(request, form)
