"""Questions with a name, of the account that asks."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from node import insight
from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import READ_PROBLEMS, Model
from node.api.v1.statement_models import StatementPage, statement_page
from node.domain.accounts import Permission
from node.domain.queries import SavedQuery
from node.errors import Code
from node.insight import saved
from node.insight.asking import MAX_VALUES, PARAMETERS, read_question
from node.insight.query import MAX_CURSOR_CHARACTERS, MAX_PAGE
from node.runtime import Runtime
from protocol.errors import Code as ProtocolCode

_Name: TypeAlias = Annotated[str, Path(pattern=saved.PATTERN_NAME, examples=["opaque-control"])]
_Values: TypeAlias = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=MAX_VALUES)]
_Question: TypeAlias = Annotated[
    dict[str, _Values],
    Field(
        max_length=len(PARAMETERS),
        description="Filters of `/findings` by name, each with its values.",
        examples=[{"indicator": ["gov-opaque-control"], "state": ["live"]}],
    ),
]


class QuestionBody(Model):
    """A question to be kept."""

    question: _Question


class SavedBody(Model):
    """A question with its name."""

    name: str = Field(examples=["opaque-control"])
    question: _Question


class SavedList(Model):
    """Every question of this account."""

    items: list[SavedBody]


def routes(runtime: Runtime) -> APIRouter:
    """``/queries`` and what is below."""
    router = APIRouter(tags=["queries"])
    needs = Depends(Needs(runtime, Permission.POOL_READ))
    problems = declared(*READ_PROBLEMS)
    one = declared(*READ_PROBLEMS, ProtocolCode.BAD_IDENTIFIER, Code.NOT_FOUND)

    @router.get("/queries", summary="Your questions", responses=problems)
    def list_queries(caller: Annotated[Caller, needs]) -> SavedList:
        """Those that this account has saved, by name."""
        with caller.reading("queries-read") as tx:
            found = saved.list_saved(tx, runtime.vault, caller.principal.account)
            return SavedList(items=[_body(each) for each in found])

    @router.get("/queries/{name}", summary="One of your questions", responses=one)
    def read_query(caller: Annotated[Caller, needs], name: _Name) -> SavedBody:
        """The question with this name."""
        with caller.reading("queries-read") as tx:
            return _body(saved.get(tx, runtime.vault, caller.principal.account, name))

    @router.put(
        "/queries/{name}", summary="Keep a question", responses={**one, **declared(*READ_PROBLEMS, Code.CONFLICT)}
    )
    def save_query(caller: Annotated[Caller, needs], name: _Name, body: QuestionBody) -> SavedBody:
        """Under this name, in place of one that has it. It is sealed, and nobody else can read or ask it."""
        with caller.writing("query-saved") as tx:
            kept = saved.save(
                tx, runtime.vault, runtime.vocabulary, caller.principal.account, name, body.question, caller.now
            )
            return _body(kept)

    @router.delete("/queries/{name}", summary="Forget a question", responses=one)
    def remove_query(caller: Annotated[Caller, needs], name: _Name) -> SavedList:
        """Answers with those that are left."""
        with caller.writing("query-removed") as tx:
            saved.remove(tx, runtime.vault, caller.principal.account, name)
            left = saved.list_saved(tx, runtime.vault, caller.principal.account)
            return SavedList(items=[_body(each) for each in left])

    @router.get("/queries/{name}/findings", summary="What a question finds", responses=one)
    def run_query(
        caller: Annotated[Caller, needs],
        name: _Name,
        after: Annotated[str, Query(max_length=MAX_CURSOR_CHARACTERS)] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
        as_of: Annotated[str, Query(max_length=MAX_CURSOR_CHARACTERS)] = "",
    ) -> StatementPage:
        """As `/findings` with the filters of the question."""
        with caller.reading("findings-read") as tx:
            asked = saved.get(tx, runtime.vault, caller.principal.account, name)
            wanted = read_question(tx, runtime.vocabulary, asked.question)
            return statement_page(insight.findings(tx, after, limit, wanted, now=caller.now, as_of=as_of))

    return router


def _body(kept: SavedQuery) -> SavedBody:
    return SavedBody(name=kept.name, question={name: list(values) for name, values in kept.question.items()})
