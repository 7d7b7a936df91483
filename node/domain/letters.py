"""Letters as a node keeps them: what kinds there are, what waits to be fetched or brought, and what became of it."""

from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Literal, TypeAlias

from node.domain.circles import Member, Roster
from protocol.identifiers import CircleId, KeyId
from protocol.messages.letter import Letter, LetterId, ThreadId
from protocol.statements import Timestamp


@unique
class LetterKind(StrEnum):
    """Every kind of letter that this node writes and reads. One that is not here is refused as ``unknown-code``."""

    RFI_ASK = "rfi-ask"
    RFI_MESSAGE = "rfi-message"
    RFI_REMIND = "rfi-remind"
    RFI_RELEASE = "rfi-release"
    RFI_DECLINE = "rfi-decline"
    RFI_WITHDRAW = "rfi-withdraw"
    SOUNDING_ASK = "sounding-ask"
    SOUNDING_SHARE = "sounding-share"
    SOUNDING_SET = "sounding-set"
    SOUNDING_TABLE = "sounding-table"
    SOUNDING_ENTRY = "sounding-entry"
    SOUNDING_CONTACT = "sounding-contact"
    EVALUATION_ASKED = "token-evaluate"
    EVALUATION_ANSWERED = "token-evaluated"
    SPONSOR_ASK = "sponsor-ask"
    SPONSOR_ANSWER = "sponsor-answer"
    LOG_RECEIPT = "log-receipt"


LetterState: TypeAlias = Literal["waiting", "taken", "refused", "lapsed"]
"""``waiting``: neither brought nor fetched yet; ``taken`` or ``refused`` by its receiver; ``lapsed``: its time was over
before anybody had it."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What is known of a letter of ours."""

    id: LetterId
    circle: CircleId
    receiver: KeyId
    """The identity of the member that it is for."""
    thread: ThreadId
    kind: LetterKind
    state: LetterState
    code: str
    """Why it was refused or, while it waits, why the last attempt to bring it failed; else empty."""
    created: Timestamp
    settled: Timestamp | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A letter that waits, as it will be signed."""

    id: LetterId
    author: KeyId
    """The contributor key that signs it."""
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A letter that was verified, is for us, is in time, and has not come before."""

    letter: Letter
    roster: Roster
    sender: Member
    """The current line of the member that wrote it."""
