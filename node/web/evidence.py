"""Evidence files on pages: taken with a form, listed by name, handed out to be saved and never shown.

What is handed out has a generic type, is marked as a download, and may not be guessed at by a browser; a page of this
node never holds any of it.
"""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from starlette.responses import StreamingResponse

from node.casework import evidence
from node.casework.file_kinds import WORDS, download_headers
from node.domain.accounts import Permission
from node.domain.evidence import MAX_EVIDENCE_BYTES, EvidenceFile, EvidenceId
from node.runtime import Runtime
from node.storage.database import Transaction
from node.storage.evidence import EvidenceFiles
from node.web.forms import LOCAL_ID, FormView, address_part
from node.web.visits import Requires, Visit

ROUTER = APIRouter()
MAX_REQUEST_BYTES: Final = MAX_EVIDENCE_BYTES + 262_144
"""A form with a file: the largest file, and what a form needs around it."""
HINT: Final = f"{WORDS}; at most {MAX_EVIDENCE_BYTES // 1_048_576} MiB. It stays at this node, encrypted."
_LOCAL: Final = re.compile(LOCAL_ID)
_MEGA: Final = 1_000_000
_Id = Annotated[EvidenceId, address_part(LOCAL_ID)]
_Reader = Annotated[Visit, Depends(Requires(Permission.EVIDENCE_READ))]


@ROUTER.get("/evidence/{file}")
def send_file(visit: _Reader, file: _Id) -> Response:
    """The file, to be saved; the reading is in the access log before the first byte."""
    runtime = visit.runtime
    with visit.read() as tx:
        found = evidence.file_of(tx, runtime.vault, file)
    content = evidence.content_of(files(runtime), found)
    visit.record("evidence-opened", file)
    return StreamingResponse(content, media_type="application/octet-stream", headers=download_headers(found))


def files(runtime: Runtime) -> EvidenceFiles:
    """The evidence folder of a node."""
    return EvidenceFiles(runtime.settings.evidence, runtime.vault)


def take(visit: Visit) -> tuple[EvidenceId, ...]:
    """The files that a form keeps (its ticked ``files``) and the one that it brings, if any.

    What it brings is recorded at once, by itself, so that it is not lost where another field is wrong; a day later it
    is gone unless something refers to it. Raises ``BAD_FILE``, ``TOO_LARGE`` or ``NO_SPACE``.
    """
    kept = tuple(EvidenceId(each) for each in visit.form.many("files") if _is_id(each))
    sent = visit.form.file
    if sent is None:
        return kept
    runtime = visit.runtime
    folder = files(runtime)
    with evidence.staged(folder, sent.name, sent.content) as upload, visit.write() as tx:
        file = evidence.keep(tx, runtime.vault, folder, upload, visit.principal.account, visit.now)
        visit.note(tx, "evidence-added", file.id)
    return (*kept, file.id)


def holding(form: FormView, ids: tuple[EvidenceId, ...]) -> FormView:
    """A form that names these files, to be shown again."""
    return FormView({**form.values, "files": tuple(ids)}, form.errors)


def named(visit: Visit, tx: Transaction, form: FormView) -> list[tuple[str, str, str]]:
    """The files that a form names, as choices: identifier, name, kind and size. Those that are gone are left out."""
    ids = [EvidenceId(each) for each in form.many("files") if _is_id(each)]
    found = evidence.files_of(tx, visit.runtime.vault, ids)
    return [(each, found[each].name, described(found[each])) for each in ids if each in found]


def described(file: EvidenceFile) -> str:
    """Kind and size, for a person."""
    size = f"{file.size / _MEGA:.1f} MB" if file.size >= _MEGA else f"{max(1, file.size // 1_000)} kB"
    return f"{file.kind.value.upper()}, {size}"


def clear_away(visit: Visit) -> None:
    """After a change that may have left a file without anybody: have the disk follow the database."""
    evidence.tidy(visit.runtime.database, files(visit.runtime), visit.now)


def _is_id(text: str) -> bool:
    return _LOCAL.fullmatch(text) is not None
