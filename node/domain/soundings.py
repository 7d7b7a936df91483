"""Soundings as a node keeps them: those of its own, those it is asked, and those it counts for others."""

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final, Literal, NewType, TypeAlias

from node.domain.accounts import AccountId
from protocol.identifiers import CircleId, KeyId
from protocol.messages.letter import ThreadId
from protocol.messages.soundings import Outcome
from protocol.statements import Subject, Timestamp

SoundingId = NewType("SoundingId", str)
"""128 random bits, 22 characters; local."""
SoundingDirection: TypeAlias = Literal["out", "in"]
Decision: TypeAlias = Literal["undecided", "yes", "no"]


@unique
class PolicyMode(StrEnum):
    """How this institution answers the soundings of one circle."""

    NEVER = "never"
    ASK = "ask"
    AUTO = "auto"


POLICY_LABELS: Final[dict[PolicyMode, str]] = {
    PolicyMode.NEVER: "Never: this institution takes part and never counts as a yes",
    PolicyMode.ASK: "Ask us: it counts as a yes when a person here says so",
    PolicyMode.AUTO: "Automatically: it counts as a yes where we have experience, unless a person here says no",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """What was decided for one circle; ``by`` nobody: nothing was, and a person is asked each time."""

    circle: CircleId
    mode: PolicyMode = PolicyMode.ASK
    casework: bool = False
    """Whether assessments count as experience, which nobody else knows of, beside findings that we have published."""
    by: AccountId | None = None
    at: Timestamp | None = None


@unique
class SoundingState(StrEnum):
    """Where a sounding is."""

    OPEN = "open"
    CLOSED = "closed"
    """Its time is over: at who was asked, its shares are under way; at the asker, the answer is waited for."""
    ANSWERED = "answered"
    UNCOUNTED = "uncounted"
    """Too few members took part, or those who count did not: there is no answer, not even the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounding:
    """One sounding, as its asker or somebody who was asked has it."""

    id: SoundingId
    direction: SoundingDirection
    circle: CircleId
    asker: KeyId
    """An identity."""
    thread: ThreadId
    tally: tuple[KeyId, KeyId]
    asked: Timestamp
    closes: Timestamp
    state: SoundingState
    account: AccountId | None
    """Who asked, at the asker; who decided, at who was asked."""
    unseen: bool
    outcome: Outcome | None
    counted: int | None
    """How many members the answer speaks of, of whatever kind."""
    subject: Subject = field(repr=False)
    purpose: str = field(repr=False)
    wants_contact: bool
    decision: Decision = field(default="undecided", repr=False)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a tally member has of a sounding that it counts."""

    seed: str = field(repr=False)
    """Of its own."""
    told: tuple[KeyId, ...]
    """Whose shares it has told the other one that it has; empty until it has told."""
    heard: tuple[KeyId, ...] | None
    """Whose shares the other one has."""
    heard_seed: str = field(repr=False)
    done: bool


@dataclass(frozen=True, slots=True)
class Forward:
    """Somebody who has come forward to us."""

    member: KeyId
    """An identity; it names itself by this."""
    at: Timestamp
    text: str = field(repr=False)
    contact: str = field(repr=False)
    """The mailbox of an office, or empty."""


@dataclass(frozen=True, slots=True)
class Experience:
    """What this institution has had to do with an organisation, as far as its node knows."""

    findings: int
    assessments: int
