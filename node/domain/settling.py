"""Claims whose answer became known, and what that teaches about contributors. Local, and no part of any signal."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from node.domain.accounts import AccountId
from node.domain.statements import Claim
from protocol.identifiers import CircleId, KeyId, Pseudonym
from protocol.statements import Timestamp

Settled: TypeAlias = Literal["so", "not-so", "open"]
"""``open``: what was said before is taken back."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What somebody at this node has said of a claim; the latest holds."""

    claim: Claim
    settled: Settled
    reason: str = field(repr=False)
    by: AccountId | None
    at: Timestamp


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What settled claims say about one voice of a circle: a share of right answers with its interval, and a weight."""

    circle: CircleId
    voice: KeyId
    pseudonym: Pseudonym
    """Of its newest key."""
    settled: int
    """Settled claims on which it had said something."""
    mean: float
    low: float
    high: float
    """Between ``low`` and ``high`` the share lies with probability 0.9."""
    hundredths: int
    """The weight that is suggested, in hundredths of full weight."""
    enough: bool
    """Whether there are claims enough to suggest anything."""
