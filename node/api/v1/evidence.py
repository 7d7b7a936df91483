"""Evidence files by API: added, and handed out with a permission of their own and a line in the access log."""

import io
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Body, Depends, Path, Query, Response
from pydantic import Field
from starlette.responses import StreamingResponse

from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import READ_PROBLEMS, Model
from node.casework import evidence
from node.casework.file_kinds import download_headers
from node.domain.accounts import Permission
from node.domain.evidence import MAX_EVIDENCE_BYTES, MAX_NAME_CHARACTERS, EvidenceFile, EvidenceId, FileKind
from node.errors import Code
from node.runtime import Runtime
from node.storage.evidence import EvidenceFiles
from protocol.errors import Code as ProtocolCode
from protocol.identifiers import PATTERN_128_BITS

EXAMPLE_ID: Final = "k9nTq2LwXr6Zb4vYf8cD1g"
_Id = Annotated[str, Path(pattern=f"^{PATTERN_128_BITS}$", examples=[EXAMPLE_ID])]


class EvidenceFileBody(Model):
    """What is known of a file without opening it."""

    id: str = Field(examples=[EXAMPLE_ID])
    name: str
    kind: FileKind
    size: int = Field(description="Bytes.")
    created: datetime


def routes(runtime: Runtime) -> APIRouter:
    """``/evidence``."""
    router = APIRouter(tags=["evidence"])
    folder = EvidenceFiles(runtime.settings.evidence, runtime.vault)
    writes = Depends(Needs(runtime, Permission.ASSESSMENTS_WRITE))
    opens = Depends(Needs(runtime, Permission.EVIDENCE_READ))

    @router.post(
        "/evidence",
        status_code=201,
        summary="Add a file",
        responses=declared(*READ_PROBLEMS, Code.BAD_FILE, Code.NO_SPACE, ProtocolCode.TOO_LARGE),
    )
    def add(
        file: Annotated[
            bytes,
            Body(
                media_type="application/octet-stream",
                max_length=MAX_EVIDENCE_BYTES,
                description="The file. It is deleted after a day unless an answer names its identifier.",
            ),
        ],
        caller: Annotated[Caller, writes],
        name: Annotated[str, Query(max_length=MAX_NAME_CHARACTERS, examples=["accounts-2025.pdf"])] = "",
    ) -> EvidenceFileBody:
        with evidence.staged(folder, name, io.BytesIO(file)) as upload, runtime.database.write() as tx:
            made = evidence.keep(tx, runtime.vault, folder, upload, caller.principal.account, caller.now)
            caller.record(tx, "evidence-added", made.id)
        return _body(made)

    @router.get(
        "/evidence/{file}",
        summary="A file, to be saved",
        response_class=StreamingResponse,
        responses=declared(*READ_PROBLEMS, Code.NOT_FOUND)
        | {200: {"description": "The file.", "content": {"application/octet-stream": {}}}},
    )
    def read(file: _Id, caller: Annotated[Caller, opens]) -> Response:
        with caller.reading("evidence-opened", file) as tx:
            found = evidence.file_of(tx, runtime.vault, EvidenceId(file))
            content = evidence.content_of(folder, found)
        return StreamingResponse(content, media_type="application/octet-stream", headers=download_headers(found))

    return router


def _body(file: EvidenceFile) -> EvidenceFileBody:
    return EvidenceFileBody.model_validate(
        {"id": file.id, "name": file.name, "kind": file.kind, "size": file.size, "created": file.created}
    )
