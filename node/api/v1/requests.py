"""What this institution has asked others, by API: requests for information with what was released, and soundings.

Read only, but for asking. Releasing and declining are a person's act, on the pages; what others ask of us is not here.
A contributor appears under its pseudonym, whoever it is.
"""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field, JsonValue

from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import EXAMPLE_KEY, EXAMPLE_STATEMENT, EXAMPLE_SUBJECT, READ_PROBLEMS, Model
from node.domain.accounts import Permission
from node.domain.requests import Request, RequestId, RequestStatus, asking_role
from node.domain.soundings import SoundingState
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from node.publishing import request_rules, requests
from node.publishing.letters import Desk
from node.runtime import Runtime
from node.storage import bylines, circles, soundings, statements
from node.storage import requests as storage
from node.storage.database import Transaction
from protocol.errors import Code as ProtocolCode
from protocol.identifiers import PATTERN_128_BITS, PATTERN_256_BITS, parse_key_id, parse_statement_id
from protocol.messages import requests as wire
from protocol.messages.requests import MAX_BASIS_CHARACTERS, MAX_PURPOSE_CHARACTERS
from protocol.messages.requests import Field as HeldBackField
from protocol.messages.soundings import Outcome
from protocol.statements import Target, Timestamp

MAX_PAGE: Final = 100
"""Requests, or soundings, in one answer: each is opened with the data key."""
_Id = Annotated[str, Path(pattern=f"^{PATTERN_128_BITS}$", examples=[EXAMPLE_STATEMENT])]


class NewRequest(Model):
    """What is asked of the contributor of a statement."""

    contributor: str = Field(pattern=f"^{PATTERN_256_BITS}$", examples=[EXAMPLE_KEY])
    statement: str = Field(pattern=f"^{PATTERN_128_BITS}$", examples=[EXAMPLE_STATEMENT])
    fields: list[HeldBackField] = Field(min_length=1, max_length=4, examples=[["narrative"]])
    purpose: str = Field(min_length=1, max_length=MAX_PURPOSE_CHARACTERS, examples=["A joint laboratory is prepared."])
    legal_basis: str = Field(min_length=1, max_length=MAX_BASIS_CHARACTERS, examples=["Article 6(1)(e) GDPR"])
    until: date | None = Field(default=None, description="The day of the answer that is hoped for; 14 days from now.")


class ReleasedBody(Model):
    """A field that was released to this institution. It is not to be passed on."""

    field: HeldBackField
    value: JsonValue
    at: datetime


class RequestBody(Model):
    """One request of this institution."""

    id: str = Field(examples=[EXAMPLE_STATEMENT])
    pseudonym: str = Field(examples=["8B3J-2K4V"])
    contributor: str = Field(examples=[EXAMPLE_KEY])
    statement: str = Field(examples=[EXAMPLE_STATEMENT])
    status: RequestStatus
    fields: list[HeldBackField]
    until: date
    created: datetime
    updated: datetime


class RequestWithValues(RequestBody):
    """One request with what was released."""

    released: list[ReleasedBody]


class RequestPage(Model):
    """Requests, those that changed last first."""

    items: list[RequestBody]


class SoundingBody(Model):
    """One sounding of this institution."""

    id: str = Field(examples=[EXAMPLE_STATEMENT])
    circle: str
    subject: str = Field(examples=[EXAMPLE_SUBJECT])
    state: SoundingState
    outcome: Outcome | None
    counted: int | None = Field(description="How many members took part, of whatever kind.")
    asked: datetime
    closes: datetime


class SoundingPage(Model):
    """Soundings, latest first."""

    items: list[SoundingBody]


def routes(runtime: Runtime) -> APIRouter:
    """``/requests`` and ``/soundings``."""
    router = APIRouter(tags=["requests"])
    _add_reading(router, runtime)
    _add_asking(router, runtime)
    return router


def _add_reading(router: APIRouter, runtime: Runtime) -> None:
    reads = Depends(Needs(runtime, Permission.REQUESTS_READ))

    @router.get("/requests", summary="Requests of this institution", responses=declared(*READ_PROBLEMS))
    def list_requests(
        caller: Annotated[Caller, reads], limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50
    ) -> RequestPage:
        with caller.reading("requests-listed") as tx:
            found = storage.listed(tx, runtime.vault, "out", limit=limit)
            return RequestPage(items=[_body(tx, each, caller.now) for each in found])

    @router.get("/requests/{request}", summary="One request", responses=declared(*READ_PROBLEMS, Code.NOT_FOUND))
    def read_request(request: _Id, caller: Annotated[Caller, reads]) -> RequestWithValues:
        with caller.reading("request-read", request) as tx:
            found = storage.get(tx, runtime.vault, RequestId(request))
            if found is None or found.direction != "out":
                raise HanseError(Code.NOT_FOUND, "there is no such request of this institution.")
            values = storage.values(tx, runtime.vault, found.id)
            body = _body(tx, found, caller.now)
        released = [{"field": each.name, "value": each.value, "at": each.at} for each in values]
        return RequestWithValues.model_validate({**body.model_dump(), "released": released})

    @router.get("/soundings", summary="Soundings of this institution", responses=declared(*READ_PROBLEMS))
    def list_soundings(
        caller: Annotated[Caller, reads], limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50
    ) -> SoundingPage:
        with caller.reading("soundings-listed") as tx:
            found = soundings.listed(tx, runtime.vault, "out", limit=limit)
        items = [
            {
                "id": each.id,
                "circle": each.circle,
                "subject": each.subject.id,
                "state": each.state,
                "outcome": each.outcome,
                "counted": each.counted,
                "asked": each.asked,
                "closes": each.closes,
            }
            for each in found
        ]
        return SoundingPage.model_validate({"items": items})


def _add_asking(router: APIRouter, runtime: Runtime) -> None:
    asks = Depends(Needs(runtime, Permission.REQUESTS_ASK))
    problems = (Code.NOT_FOUND, Code.CONFLICT, Code.PRIVACY_GATE, Code.QUOTA_EXCEEDED, Code.NO_SUCH_MEMBER)

    @router.post(
        "/requests",
        status_code=201,
        summary="Ask for what a statement holds back",
        responses=declared(*READ_PROBLEMS, *problems, ProtocolCode.BAD_IDENTIFIER),
    )
    def ask(new: NewRequest, caller: Annotated[Caller, asks]) -> RequestBody:
        place = Desk(runtime.settings, runtime.vault, runtime.keyring, runtime.vocabulary, caller.now)
        with runtime.database.write() as tx:
            stored = statements.find_shown(
                tx, parse_key_id(new.contributor), parse_statement_id(new.statement), now=caller.now
            )
            if stored is None:
                raise HanseError(Code.NOT_FOUND, "this node holds no such statement.")
            made = requests.ask(tx, place, stored, _asked(new, stored, caller), caller.principal.account)
            caller.record(tx, "request-sent", made)
            found = storage.get(tx, runtime.vault, made)
            if found is None:
                raise HanseError(Code.NOT_FOUND, "there is no such request of this institution.")
            body = _body(tx, found, caller.now)
        runtime.wake.set()
        return body


def _asked(new: NewRequest, stored: StoredStatement, caller: Caller) -> wire.Ask:
    return wire.Ask(
        target=Target(contributor=stored.contributor, id=stored.statement.id),
        fields=tuple(sorted(set(new.fields))),
        purpose=new.purpose,
        legal_basis=new.legal_basis,
        role=asking_role(caller.principal.roles),
        until=new.until or request_rules.default_day(caller.now),
    )


def _body(tx: Transaction, request: Request, now: Timestamp) -> RequestBody:
    roster = circles.get_roster(tx, request.circle)
    # Where its author has signed its name, the key would say which pseudonym the name has elsewhere: also when the
    # statement is gone, since whoever asked has read the name.
    shown = bylines.author_shown(tx, request.circle, request.contributor, request.statement)
    return RequestBody.model_validate(
        {
            "id": request.id,
            "pseudonym": shown.name,
            "contributor": shown.handle,
            "statement": request.statement,
            "status": request_rules.status(tx, roster, request, now),
            "fields": request.fields,
            "until": request.until,
            "created": request.created,
            "updated": request.updated,
        }
    )
