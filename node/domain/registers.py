"""Registers that institutions keep in any case, as views over the engagements: nothing is entered twice. Private."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, unique
from typing import Final

from node.domain.engagements import Engagement, EngagementStatus
from protocol.identifiers import VocabularyCode

_PROJECT: Final = VocabularyCode("project")
_CONTRACT: Final = VocabularyCode("contract")
_LABORATORY: Final = VocabularyCode("joint-laboratory")
_CENTRE: Final = VocabularyCode("hosted-centre")
_VISITING: Final = VocabularyCode("visiting-programme")
_GIFT: Final = VocabularyCode("gift")
_DONATION: Final = VocabularyCode("donation")
_GRANT: Final = VocabularyCode("grant")
_RECRUITMENT: Final = VocabularyCode("recruitment-programme")
_EXCHANGE: Final = VocabularyCode("student-exchange")


@unique
class Register(StrEnum):
    """One register."""

    AGREEMENTS = "agreements"
    CENTRES = "hosted-centres"
    GIFTS = "gifts"
    FUNDERS = "funders"


KINDS: Final[Mapping[Register, frozenset[VocabularyCode] | None]] = {
    Register.AGREEMENTS: frozenset(
        {_PROJECT, _CONTRACT, _LABORATORY, _VISITING, _GRANT, _RECRUITMENT, _EXCHANGE, _CENTRE}
    ),
    Register.CENTRES: frozenset({_CENTRE, _LABORATORY}),
    Register.GIFTS: frozenset({_GIFT, _DONATION}),
    Register.FUNDERS: None,
}
"""The kinds of engagement in each; None for all that name a funder or an amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFilter:
    """What of a register is shown; the whole where nothing is said."""

    status: EngagementStatus | None = None
    running: bool = False
    """Only what is neither ended nor declined nor withdrawn."""
    due_before: date | None = None
    """Only what is to be looked at again, or ends, on or before this day."""
    words: str = field(default="", repr=False)
    """All of them, in title, organisations, units or funder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntry:
    """One line of a register."""

    engagement: Engagement = field(repr=False)
    decision: VocabularyCode | None
    """The outcome of the decision that stands; None where none was recorded."""
    review: date | None
    """When it is looked at again."""

    def is_due(self, day: date) -> bool:
        """Whether a review is due on a day, or it has ended by then and nobody has said so."""
        ended = self.engagement.data.ends
        over = self.engagement.status.over
        return (self.review is not None and self.review <= day) or (ended is not None and ended <= day and not over)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunderLine:
    """What one funder gives, over all engagements."""

    name: str = field(repr=False)
    engagements: tuple[Engagement, ...] = field(repr=False)
    sums: Mapping[str, int] = field(repr=False)
    """Minor units by currency; currencies are never added."""
    running: int
    """How many of them are not over."""
    due: int
    """How many of them are to be looked at again by today."""
