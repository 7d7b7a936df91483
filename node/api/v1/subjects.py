"""Organisations: search, and what the registry knows of one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from node import subjects
from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import EXAMPLE_SUBJECT, READ_PROBLEMS, Model, SubjectPath
from node.domain.accounts import Permission
from node.domain.subjects import MAX_SEARCH_CHARACTERS, Match, NameKind, Origin, Status
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.subjects.find import MAX_HITS
from protocol.errors import Code as ProtocolCode
from protocol.identifiers import parse_subject_id


class SubjectHit(Model):
    """One organisation that answers a search."""

    id: str = Field(examples=[EXAMPLE_SUBJECT])
    label: str = Field(examples=["Aldermoor Institute of Tides"])
    matched: str = Field(description="The name or identifier that answered.", examples=["Aldermoor Institute"])
    match: Match = Field(
        description="How it answered, best first: identifier, domain, exact, prefix, word (all words, in any order),"
        " spelling (as word, with one or two letters put right)."
    )
    kind: NameKind
    status: Status = Field(description="`unknown`: the registry does not say.")
    types: list[str]
    place: str = Field(description="To tell namesakes apart; may be empty.", examples=["Aldermoor"])
    country: str = Field(description="ISO 3166-1 alpha-2, for identification only; no input of any signal or order.")
    origin: Origin
    alias: str | None = Field(description="The identifier that answered, where this node reads it as `id`.")


class SubjectHits(Model):
    """The best answers to a search; at most `limit`."""

    items: list[SubjectHit]


class SubjectName(Model):
    """One name of an organisation."""

    value: str
    kind: NameKind
    language: str


class SubjectRelation(Model):
    """A tie that the registry states."""

    relation: str = Field(examples=["parent"])
    subject: str
    label: str


class SubjectDetail(Model):
    """What this node knows of one subject, apart from findings."""

    id: str = Field(examples=[EXAMPLE_SUBJECT])
    label: str = Field(examples=["Aldermoor Institute of Tides"])
    origin: Origin
    status: Status
    names: list[SubjectName]
    types: list[str]
    place: str
    country: str = Field(description="For identification only.")
    established: int | None
    links: list[str]
    domains: list[str]
    identifiers: list[tuple[str, str]] = Field(description="Scheme and value in other registries.")
    relations: list[SubjectRelation]
    successors: list[str] = Field(description="Where a merged or withdrawn organisation went.")


def routes(runtime: Runtime) -> APIRouter:
    """``/subjects``."""
    router = APIRouter(tags=["subjects"])
    needs = Depends(Needs(runtime, Permission.SUBJECTS_READ))

    @router.get("/subjects", summary="Search organisations", responses=declared(*READ_PROBLEMS))
    def search_subjects(
        caller: Annotated[Caller, needs],
        q: Annotated[
            str,
            Query(
                min_length=1,
                max_length=MAX_SEARCH_CHARACTERS,
                description="A name in any script, its words or its beginning, a domain, or an identifier.",
                examples=["Aldermoor"],
            ),
        ],
        limit: Annotated[int, Query(ge=1, le=MAX_HITS)] = 20,
    ) -> SubjectHits:
        # What is searched for may hint at a case: the log says that, not what.
        with caller.reading("subjects-searched") as tx:
            return SubjectHits.model_validate({"items": subjects.search(tx, q, limit)})

    @router.get(
        "/subjects/{subject}",
        summary="One organisation",
        responses=declared(*READ_PROBLEMS, Code.NOT_FOUND, ProtocolCode.BAD_IDENTIFIER),
    )
    def read_subject(subject: SubjectPath, caller: Annotated[Caller, needs]) -> SubjectDetail:
        identifier = parse_subject_id(subject)
        with caller.reading("subject-read", identifier) as tx:
            organisation = subjects.get(tx, identifier)
            if organisation is None:
                raise HanseError(
                    Code.NOT_FOUND, "nothing is known of this subject.", remedy="Search for it by its name."
                )
            return SubjectDetail.model_validate(organisation)

    return router
