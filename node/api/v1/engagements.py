"""Engagements by API: what is planned, running or over, private to this institution.

Whoever may read casework at this node may read all of it. Nothing here publishes and nothing here decides.
"""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from node import subjects
from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import EXAMPLE_SUBJECT, MAX_IDENTIFIER_CHARACTERS, READ_PROBLEMS, Model
from node.casework import engagements
from node.casework.engagements import MAX_PAGE
from node.domain.accounts import Permission
from node.domain.casework import (
    MAX_REFERENCE_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    MAX_UNIT_CHARACTERS,
    Edit,
)
from node.domain.engagements import (
    MAX_COUNTERPARTS,
    MAX_FUNDER_CHARACTERS,
    MAX_LAW_CHARACTERS,
    Engagement,
    EngagementData,
    EngagementId,
    EngagementStatus,
)
from node.domain.money import MAX_MINOR_UNITS, Money
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage.database import Transaction
from protocol.errors import Code as ProtocolCode
from protocol.identifiers import PATTERN_128_BITS, parse_code, parse_subject_id
from protocol.limits import MAX_CODES
from protocol.statements import Subject

EXAMPLE_ID: Final = "t5yVd1QkR8mWc0pXe3sB7A"
_Code = Annotated[str, Field(min_length=1, max_length=MAX_IDENTIFIER_CHARACTERS)]
_Id = Annotated[str, Path(pattern=f"^{PATTERN_128_BITS}$", examples=[EXAMPLE_ID])]


class AmountBody(Model):
    """An amount of money, exact."""

    minor: int = Field(ge=0, le=MAX_MINOR_UNITS, description="In the smallest unit of the currency, such as cents.")
    currency: str = Field(min_length=3, max_length=3, examples=["EUR"])


class NewEngagement(Model):
    """What is written about an engagement."""

    title: str = Field(min_length=1, max_length=MAX_TITLE_CHARACTERS)
    counterparts: Annotated[
        list[Annotated[str, Field(max_length=MAX_IDENTIFIER_CHARACTERS)]], Field(max_length=MAX_COUNTERPARTS)
    ] = Field(default=[], description="Identifiers; the first is the main partner.", examples=[[EXAMPLE_SUBJECT]])
    partner_unit: str = Field(default="", max_length=MAX_UNIT_CHARACTERS)
    our_unit: str = Field(default="", max_length=MAX_UNIT_CHARACTERS)
    kind: _Code = Field(examples=["project"])
    begins: date | None = None
    ends: date | None = None
    amount: AmountBody | None = None
    funder: str = Field(default="", max_length=MAX_FUNDER_CHARACTERS)
    technology_domains: Annotated[list[_Code], Field(max_length=MAX_CODES)] = Field(default=[], examples=[["energy"]])
    governing_law: str = Field(default="", max_length=MAX_LAW_CHARACTERS)
    purpose: str = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    benefit: str = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    reference: str = Field(default="", max_length=MAX_REFERENCE_CHARACTERS, description="Your own; never leaves.")


class ChangedEngagement(NewEngagement):
    """The whole entry again, with the version that was seen."""

    version: int = Field(ge=1, description="The version of the engagement that you have seen.")


class NewStatus(Model):
    """How far it has come."""

    version: int = Field(ge=1, description="The version of the engagement that you have seen.")
    status: EngagementStatus


class CounterpartBody(Model):
    """An organisation on the other side."""

    id: str = Field(examples=[EXAMPLE_SUBJECT])
    label: str


class EngagementBody(Model):
    """One stored engagement."""

    id: str = Field(examples=[EXAMPLE_ID])
    version: int
    status: EngagementStatus
    owner: str
    created: datetime
    updated: datetime
    title: str
    counterparts: list[CounterpartBody]
    partner_unit: str
    our_unit: str
    kind: str
    begins: date | None
    ends: date | None
    amount: AmountBody | None
    funder: str
    technology_domains: list[str]
    governing_law: str
    purpose: str
    benefit: str
    reference: str


class EngagementPage(Model):
    """Engagements, last changed first."""

    items: list[EngagementBody]


def routes(runtime: Runtime) -> APIRouter:
    """``/engagements``."""
    router = APIRouter(tags=["engagements"])
    _add_reading(router, runtime)
    _add_writing(router, runtime)
    return router


def _add_reading(router: APIRouter, runtime: Runtime) -> None:
    reads = Depends(Needs(runtime, Permission.ASSESSMENTS_READ))

    @router.get("/engagements", summary="Engagements of this node", responses=declared(*READ_PROBLEMS))
    def list_all(
        caller: Annotated[Caller, reads],
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> EngagementPage:
        with caller.reading("engagements-listed") as tx:
            found = engagements.list_engagements(tx, runtime.vault, limit=limit, offset=offset)
            return EngagementPage(items=[_body(each) for each in found])

    @router.get(
        "/engagements/{engagement}", summary="One engagement", responses=declared(*READ_PROBLEMS, Code.NOT_FOUND)
    )
    def read(engagement: _Id, caller: Annotated[Caller, reads]) -> EngagementBody:
        with caller.reading("engagement-read", engagement) as tx:
            return _body(engagements.get_engagement(tx, runtime.vault, EngagementId(engagement)))


def _add_writing(router: APIRouter, runtime: Runtime) -> None:
    writes = Depends(Needs(runtime, Permission.ASSESSMENTS_WRITE))

    @router.post(
        "/engagements",
        status_code=201,
        summary="Record an engagement",
        responses=declared(*READ_PROBLEMS, ProtocolCode.BAD_IDENTIFIER),
    )
    def create(new: NewEngagement, caller: Annotated[Caller, writes]) -> EngagementBody:
        with runtime.database.write() as tx:
            account = caller.principal.account
            made = engagements.create_engagement(
                tx, runtime.vault, runtime.vocabulary, account, _data(tx, new), caller.now
            )
            caller.record(tx, "engagement-created", made.id)
            return _body(made)

    @router.put(
        "/engagements/{engagement}",
        summary="Change an engagement",
        responses=declared(*READ_PROBLEMS, Code.NOT_FOUND, Code.CONFLICT, ProtocolCode.BAD_IDENTIFIER),
    )
    def change(engagement: _Id, new: ChangedEngagement, caller: Annotated[Caller, writes]) -> EngagementBody:
        identifier = EngagementId(engagement)
        with caller.writing("engagement-changed", identifier) as tx:
            edit = Edit(caller.principal.account, new.version, caller.now)
            return _body(
                engagements.change_engagement(tx, runtime.vault, runtime.vocabulary, identifier, _data(tx, new), edit)
            )

    @router.put(
        "/engagements/{engagement}/status",
        summary="Say how far an engagement has come",
        responses=declared(*READ_PROBLEMS, Code.NOT_FOUND, Code.CONFLICT),
    )
    def status(engagement: _Id, new: NewStatus, caller: Annotated[Caller, writes]) -> EngagementBody:
        identifier = EngagementId(engagement)
        with caller.writing("engagement-status", identifier) as tx:
            edit = Edit(caller.principal.account, new.version, caller.now)
            return _body(engagements.set_status(tx, runtime.vault, identifier, new.status, edit))


def _data(tx: Transaction, new: NewEngagement) -> EngagementData:
    return EngagementData(
        title=new.title,
        counterparts=tuple(_subject(tx, each) for each in new.counterparts),
        partner_unit=new.partner_unit,
        our_unit=new.our_unit,
        kind=parse_code(new.kind),
        begins=new.begins,
        ends=new.ends,
        amount=None if new.amount is None else Money(minor=new.amount.minor, currency=new.amount.currency),
        funder=new.funder,
        technology_domains=tuple(parse_code(code) for code in new.technology_domains),
        governing_law=new.governing_law,
        purpose=new.purpose,
        benefit=new.benefit,
        reference=new.reference,
    )


def _subject(tx: Transaction, identifier: str) -> Subject:
    found = subjects.get(tx, parse_subject_id(identifier))
    if found is None:
        raise HanseError(
            Code.INVALID, "counterparts: the registry holds no such organisation.", remedy="Search for it."
        )
    return Subject(id=found.id, label=found.label)


def _body(found: Engagement) -> EngagementBody:
    data = found.data
    return EngagementBody.model_validate(
        {
            "id": found.id,
            "version": found.version,
            "status": found.status,
            "owner": found.owner,
            "created": found.created,
            "updated": found.updated,
            "title": data.title,
            "counterparts": [{"id": each.id, "label": each.label} for each in data.counterparts],
            "partner_unit": data.partner_unit,
            "our_unit": data.our_unit,
            "kind": data.kind,
            "begins": data.begins,
            "ends": data.ends,
            "amount": None if data.amount is None else {"minor": data.amount.minor, "currency": data.amount.currency},
            "funder": data.funder,
            "technology_domains": data.technology_domains,
            "governing_law": data.governing_law,
            "purpose": data.purpose,
            "benefit": data.benefit,
            "reference": data.reference,
        }
    )
