"""The analysts' API, version 1: ``/api/v1``. ``docs/api.md`` says how to use it.

Every operation but ``/health`` needs a bearer token with the permission it names, and leaves a line in the access
log. Contributors appear under their pseudonyms.
"""

from typing import Final

from fastapi import APIRouter, Depends

from node.api.v1 import (
    assessments,
    circles,
    dossiers,
    engagements,
    evidence,
    exports,
    matching,
    paths,
    queries,
    releases,
    requests,
    signals,
    statements,
    stream,
    subjects,
)
from node.api.v1.models import no_store, only_declared
from node.api.versions import require_known_version
from node.runtime import Runtime

PREFIX: Final = "/api/v1"
_ROOMS: Final = (
    subjects,
    matching,
    dossiers,
    signals,
    paths,
    statements,
    queries,
    exports,
    stream,
    circles,
    releases,
    engagements,
    assessments,
    evidence,
    requests,
)


def build(runtime: Runtime) -> APIRouter:
    """All operations of the API, on the parts of one node."""
    router = APIRouter(
        prefix=PREFIX, dependencies=[Depends(no_store), Depends(require_known_version), Depends(only_declared)]
    )
    for room in _ROOMS:
        router.include_router(room.routes(runtime))
    return router
