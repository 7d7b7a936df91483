"""Requests for information as a node keeps them: what was asked, how it stands, and what each side has said."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, unique
from typing import Final, Literal, NewType, TypeAlias

from node.domain.accounts import AccountId, Role
from protocol.canonical import JsonValue
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.messages.letter import ThreadId
from protocol.messages.requests import DeclineReason, Field
from protocol.messages.requests import Role as AskingRole
from protocol.statements import Timestamp

RequestId = NewType("RequestId", str)
"""128 random bits, 22 characters; local, and another one than the thread's."""
Direction: TypeAlias = Literal["out", "in"]
"""``out``: we ask; ``in``: we are asked."""
EventKind: TypeAlias = Literal["asked", "message", "reminder", "released", "declined", "withdrawn"]

FIELD_LABELS: Final[dict[Field, str]] = {
    "narrative": "What was observed, at length",
    "evidence": "What it rests on",
    "engagement": "The engagement in which it was observed",
    "contact": "The office to speak to",
}
"""The held-back fields, in the order in which they are offered."""
DECLINE_LABELS: Final[dict[DeclineReason, str]] = {
    "not-authorised": "This institution may not give it",
    "confidential": "It is confidential toward a third side",
    "purpose": "The purpose does not carry it",
    "no-longer-held": "It is no longer held here",
    "other": "For another reason",
}
ROLE_LABELS: Final[dict[AskingRole, str]] = {
    "officer": "an officer for research security",
    "approver": "an approver",
    "coordinator": "a coordinator",
    "analyst": "an analyst",
}


def asking_role(roles: frozenset[Role]) -> AskingRole:
    """In which function somebody asks, if the account has several roles."""
    if Role.OFFICER in roles:
        return "officer"
    if Role.APPROVER in roles:
        return "approver"
    return "coordinator" if Role.COORDINATOR in roles else "analyst"


@unique
class RequestState(StrEnum):
    """What the two sides have made of a request. Where its first letter is, and the time, stand beside it."""

    OPEN = "open"
    ANSWERED = "answered"
    """Every field that was asked for is released."""
    DECLINED = "declined"
    """What is not released will not be."""
    WITHDRAWN = "withdrawn"
    GONE = "gone"
    """The statement that it was about was erased, retracted or has run out, and what was released is forgotten."""


@unique
class RequestStatus(StrEnum):
    """How a request stands, for people."""

    ASKED = "asked"
    """In a pseudonymous circle, for the asker: of :attr:`SENT`, :attr:`DELIVERED` and :attr:`UNREACHABLE` any."""
    SENT = "sent"
    DELIVERED = "delivered"
    PARTLY = "partly-answered"
    OVERDUE = "overdue"
    UNREACHABLE = "cannot-be-reached"
    REFUSED = "refused"
    ANSWERED = "answered"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, as one of its two sides has it."""

    id: RequestId
    direction: Direction
    circle: CircleId
    peer: KeyId
    """The identity of the other side. For the asker a secret of its node in a pseudonymous circle."""
    thread: ThreadId
    contributor: KeyId
    statement: StatementId
    state: RequestState
    created: Timestamp
    updated: Timestamp
    until: date
    account: AccountId | None
    """Who asked, at the asker."""
    unseen: bool
    """Whether the other side has done something that nobody here has looked at."""
    released: frozenset[Field]
    fields: tuple[Field, ...]
    purpose: str = field(repr=False)
    legal_basis: str = field(repr=False)
    role: AskingRole

    @property
    def open_fields(self) -> tuple[Field, ...]:
        """What was asked for and is not released."""
        return tuple(each for each in self.fields if each not in self.released)

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done."""
        return self.state is RequestState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvent:
    """One thing that was said or done."""

    at: Timestamp
    ours: bool
    kind: EventKind
    account: AccountId | None
    """Who did it, where it was done here."""
    text: str = field(repr=False)
    field: Field | None = None
    reason: DeclineReason | None = None


@dataclass(frozen=True, slots=True)
class ReleasedField:
    """A field that we were given, proven by the statement. It is not to be passed on (clause 5.7)."""

    name: Field
    value: JsonValue = field(repr=False)
    at: Timestamp
