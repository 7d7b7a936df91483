"""Files of pooled statements, to be taken away: as long as they are, at the cost of one batch of memory."""

from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse

from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.filters import Filters
from node.api.v1.models import READ_PROBLEMS
from node.domain.accounts import Permission
from node.domain.exports import MEDIA_TYPES, Format
from node.errors import Code
from node.insight import export
from node.insight.asking import read_question
from node.insight.handling import Taker
from node.insight.query import MAX_CURSOR_CHARACTERS
from node.runtime import Runtime
from protocol.errors import Code as ProtocolCode

_CONTENT: Final = {
    media.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()
}


def routes(runtime: Runtime) -> APIRouter:
    """``/exports/findings.ndjson``, ``.csv`` and ``.parquet``."""
    router = APIRouter(tags=["exports"])
    needs = Depends(Needs(runtime, Permission.POOL_EXPORT))

    @router.get(
        "/exports/findings.{form}",
        summary="A file of pooled statements",
        response_class=StreamingResponse,
        responses={
            200: {"description": "The file.", "content": _CONTENT},
            **declared(*READ_PROBLEMS, ProtocolCode.BAD_IDENTIFIER, Code.TOO_MANY_REQUESTS),
        },
    )
    def export_findings(
        caller: Annotated[Caller, needs],
        filters: Annotated[Filters, Depends()],
        form: Annotated[Format, Path()],
        audience: Annotated[
            Taker, Query(description="Who is to have the file; what may not go to them is left out and counted.")
        ] = "institution",
        as_of: Annotated[
            str,
            Query(
                max_length=MAX_CURSOR_CHARACTERS,
                description="`position` of a page or file: statements as they stood then. Empty: now.",
            ),
        ] = "",
    ) -> StreamingResponse:
        """Every statement that fits, oldest first, up to where the feed ends now, each with its handling mark.

        The file says itself for whom it is, how it is marked, at which place of the feed it ends, and how much was
        left out because its handling does not permit it. A file without its end was cut short.
        """
        runtime.rates.require("export", caller.principal.account)
        with runtime.database.read() as tx:
            wanted = read_question(tx, runtime.vocabulary, filters.question)
            cover = export.begin(
                tx,
                wanted,
                institution=runtime.settings.name,
                audience=audience,
                clock=runtime.clock,
                as_of=as_of,
            )
        with runtime.database.write() as tx:
            caller.record(tx, export.ACTION, f"{form}/{audience}/{cover.position}")

        def pieces() -> Iterator[bytes]:
            with runtime.rates.held("export", caller.principal.account):
                yield from export.write(runtime.database, runtime.clock, wanted, cover, audience, form)

        return StreamingResponse(pieces(), headers=export.headers(cover, form), media_type=MEDIA_TYPES[form])

    return router
