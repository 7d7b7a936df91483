"""Findings that one member publishes for another whose name the circle does not learn: both ends of one exchange."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final, Literal, NewType, TypeAlias

from protocol.identifiers import CircleId, KeyId, StatementId, VocabularyCode
from protocol.messages.letter import ThreadId
from protocol.statements import Timestamp

SponsoringId = NewType("SponsoringId", str)
"""128 random bits, 22 characters; local to one end."""

Side: TypeAlias = Literal["author", "sponsor"]
"""``author``: we have asked; ``sponsor``: we were asked."""

MAX_OPEN: Final = 20
"""Findings of one member that wait for our decision at one moment: a person reads each of them."""
MAX_LISTED: Final = 200

DECLINE_REASONS: Final[Mapping[VocabularyCode, str]] = MappingProxyType(
    {
        VocabularyCode("not-convinced"): "We are not convinced by what is given",
        VocabularyCode("tells-too-much"): "It would tell who has written it",
        VocabularyCode("own-opinion"): "We hold an opinion of our own on this",
        VocabularyCode("outside-purpose"): "It does not fit the purpose of the circle",
        VocabularyCode("no-time"): "We cannot look into it in time",
        VocabularyCode("not-said"): "We do not say why",
    }
)
"""Why a sponsor declines, by code; another node's further codes are shown as they came."""


@unique
class SponsoringState(StrEnum):
    """Where an exchange is; the same words at both ends."""

    ASKED = "asked"
    PUBLISHED = "published"
    DECLINED = "declined"
    TAKE_BACK = "take-back-asked"
    TAKEN_BACK = "taken-back"


Due: TypeAlias = Literal["", "ask", "answer", "take-back"]
"""A letter that is still to be written; the transaction that writes it empties this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sponsoring:
    """One exchange at one end."""

    id: SponsoringId
    side: Side
    circle: CircleId
    peer: KeyId
    """The identity of the other end. Private: only the two know of each other."""
    thread: ThreadId
    state: SponsoringState
    due: Due
    created: Timestamp
    changed: Timestamp
    draft: str | None = None
    """At the sponsor: the draft that it has begun."""
    contributor: KeyId | None = None
    statement: StatementId | None = None
    """Of what was published: its name in the sponsor's log."""
    key: str
    """The public key that was made for this finding."""
    jws: str = field(repr=False)
    """The finding, as its author signed it; empty once it has been erased."""
    disclosures: tuple[str, ...] = field(default=(), repr=False)
    seed: str = field(default="", repr=False)
    """At the author: the one-time private key, in base64url. It proves who has written it, should that be needed."""
    reason: str = ""
    """A code: why it was declined, or is to be taken back."""
    how: Literal["retraction", "erasure"] = "retraction"
