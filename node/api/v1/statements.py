"""The feed of pooled statements, and single ones with the bytes their authors signed."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from node import insight
from node.api.authentication import Caller, Needs
from node.api.conditional import NOT_MODIFIED, is_known, not_modified
from node.api.problems import declared
from node.api.v1.filters import Filters
from node.api.v1.models import EXAMPLE_KEY, EXAMPLE_STATEMENT, MAX_IDENTIFIER_CHARACTERS, READ_PROBLEMS
from node.api.v1.statement_models import StatementDetailBody, StatementPage, statement_body, statement_page
from node.clock import day_of
from node.domain.accounts import Permission
from node.errors import Code
from node.insight.asking import read_question
from node.insight.query import MAX_CURSOR_CHARACTERS, MAX_PAGE
from node.runtime import Runtime
from node.storage.statement_index import pool_state
from protocol.errors import Code as ProtocolCode
from protocol.identifiers import (
    parse_key_id,
    parse_statement_id,
)

_Identifier = Query(max_length=MAX_IDENTIFIER_CHARACTERS)


def routes(runtime: Runtime) -> APIRouter:
    """``/findings`` and ``/statements/{contributor}/{id}``."""
    router = APIRouter(tags=["statements"])
    needs = Depends(Needs(runtime, Permission.POOL_READ))
    problems = declared(*READ_PROBLEMS, ProtocolCode.BAD_IDENTIFIER)

    @router.get(
        "/findings",
        summary="Pooled statements, in pages",
        response_model=StatementPage,
        responses={**NOT_MODIFIED, **problems},
    )
    def list_findings(
        request: Request,
        caller: Annotated[Caller, needs],
        filters: Annotated[Filters, Depends()],
        after: Annotated[
            str, Query(max_length=MAX_CURSOR_CHARACTERS, description="`next` of an earlier page; empty: the beginning.")
        ] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
        as_of: Annotated[
            str,
            Query(
                max_length=MAX_CURSOR_CHARACTERS,
                description="`position` or `next` of an earlier page: statements as they stood then. Empty: now.",
            ),
        ] = "",
    ) -> StatementPage | Response:
        """Oldest first, in the order in which this node received them; nothing is lost and nothing comes twice.

        A correction or retraction comes under whatever the statement fits that it acts on, as that stood before and as
        it stands after. Responses are about a statement: filters on what findings and relations say leave them out.

        The answer has an `ETag`; with that as `If-None-Match` it is 304 while nothing has changed.
        """
        with caller.reading("findings-read", _record(filters)) as tx:
            wanted = read_question(tx, runtime.vocabulary, filters.question)
            if is_known(request, pool_state(tx), day_of(caller.now)):
                return not_modified()
            return statement_page(insight.findings(tx, after, limit, wanted, now=caller.now, as_of=as_of))

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


def _record(filters: Filters) -> str:
    """What the access log says of a question: the subject or circle, where it names one that is an identifier."""
    for values in (filters.subject, filters.circle):
        if values and len(values) == 1 and re.fullmatch(r"[A-Za-z0-9_:-]+", values[0]):
            return values[0]
    return ""
