"""Dossiers: what the pooled findings on one subject come to, and what they rest on."""

from typing import Annotated

from fastapi import APIRouter, Depends

from node import insight
from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import READ_PROBLEMS, SubjectPath
from node.api.v1.signal_models import DossierBody, dossier_body
from node.domain.accounts import Permission
from node.runtime import Runtime
from protocol.errors import Code as ProtocolCode
from protocol.identifiers import parse_subject_id


def routes(runtime: Runtime) -> APIRouter:
    """``/subjects/{subject}/dossier``."""
    router = APIRouter(tags=["insight"])
    needs = Depends(Needs(runtime, Permission.POOL_READ))
    problems = declared(*READ_PROBLEMS, ProtocolCode.BAD_IDENTIFIER)

    @router.get("/subjects/{subject}/dossier", summary="Everything known about one subject", responses=problems)
    def read_dossier(subject: SubjectPath, caller: Annotated[Caller, needs]) -> DossierBody:
        """A subject that nobody has stated anything about has a dossier too: it says that all is unknown."""
        identifier = parse_subject_id(subject)
        with caller.reading("dossier-read", identifier) as tx:
            return dossier_body(insight.dossier(tx, runtime.vocabulary, identifier, caller.now))

    return router
