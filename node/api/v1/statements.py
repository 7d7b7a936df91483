"""The feed of pooled statements, and single ones with the bytes their authors signed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from node import insight
from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import EXAMPLE_KEY, EXAMPLE_STATEMENT, MAX_IDENTIFIER_CHARACTERS, READ_PROBLEMS
from node.api.v1.statement_models import StatementDetailBody, StatementPage, statement_body
from node.domain.accounts import Permission
from node.domain.insight import FindingFilter
from node.errors import Code
from node.insight.query import MAX_CURSOR_CHARACTERS, MAX_PAGE
from node.runtime import Runtime
from protocol.errors import Code as ProtocolCode
from protocol.identifiers import (
    MAX_CODE_CHARACTERS,
    parse_circle_id,
    parse_code,
    parse_key_id,
    parse_statement_id,
    parse_subject_id,
)
from protocol.statements import Kind

_Identifier = Query(max_length=MAX_IDENTIFIER_CHARACTERS)


def routes(runtime: Runtime) -> APIRouter:
    """``/findings`` and ``/statements/{contributor}/{id}``."""
    router = APIRouter(tags=["statements"])
    needs = Depends(Needs(runtime, Permission.POOL_READ))
    problems = declared(*READ_PROBLEMS, ProtocolCode.BAD_IDENTIFIER)

    @router.get("/findings", summary="The feed of pooled statements", responses=problems)
    def list_findings(
        caller: Annotated[Caller, needs],
        after: Annotated[
            str, Query(max_length=MAX_CURSOR_CHARACTERS, description="`next` of an earlier page; empty: the beginning.")
        ] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
        circle: Annotated[str | None, _Identifier] = None,
        subject: Annotated[str | None, _Identifier] = None,
        indicator: Annotated[str | None, Query(max_length=MAX_CODE_CHARACTERS)] = None,
        kind: Annotated[list[Kind] | None, Query(max_length=5, description="Repeat it for several kinds.")] = None,
    ) -> StatementPage:
        """Oldest first, in the order in which this node received them; nothing is lost and nothing comes twice.

        A filter by subject or indicator shows findings and relations and what corrects or retracts them, under
        what a correction moves them from as well as to. It shows no responses: those are found in the dossier, or
        here without that filter.
        """
        filters = FindingFilter(
            circle=None if circle is None else parse_circle_id(circle),
            subject=None if subject is None else parse_subject_id(subject),
            indicator=None if indicator is None else parse_code(indicator),
            kinds=tuple(kind) if kind else None,
        )
        with caller.reading("findings-read", filters.subject or filters.circle or "") as tx:
            page = insight.findings(tx, after, limit, filters, now=caller.now)
            return StatementPage(items=[statement_body(each) for each in page.items], next=page.next, more=page.more)

    @router.get(
        "/statements/{contributor}/{statement}",
        summary="One statement and its original bytes",
        responses=problems | declared(*READ_PROBLEMS, ProtocolCode.BAD_IDENTIFIER, Code.NOT_FOUND),
    )
    def read_statement(
        contributor: Annotated[str, Path(max_length=MAX_IDENTIFIER_CHARACTERS, examples=[EXAMPLE_KEY])],
        statement: Annotated[str, Path(max_length=MAX_IDENTIFIER_CHARACTERS, examples=[EXAMPLE_STATEMENT])],
        caller: Annotated[Caller, needs],
    ) -> StatementDetailBody:
        key, identifier = parse_key_id(contributor), parse_statement_id(statement)
        with caller.reading("statement-read", f"{key}/{identifier}") as tx:
            detail = insight.statement(tx, key, identifier, now=caller.now)
            jws = None if detail.jws is None else detail.jws.decode("ascii")
            return StatementDetailBody(statement=statement_body(detail.view), jws=jws)

    return router
