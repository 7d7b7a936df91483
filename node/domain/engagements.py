"""Engagements: a cooperation that is planned, runs or has ended. Private casework; never replicated.

An engagement is what an institution would keep in a register of agreements in any case: with whom, for what, how
long, for how much. What was looked into about it is an assessment, which refers to it.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, unique
from typing import Final, NewType

from node.domain.accounts import AccountId
from node.domain.money import Money
from protocol.identifiers import VocabularyCode
from protocol.statements import Subject, Timestamp

EngagementId = NewType("EngagementId", str)
"""128 random bits, 22 characters. Never leaves the node."""

MAX_COUNTERPARTS: Final = 20
"""Organisations on the other side of one engagement: a large consortium names more, and is several engagements."""
MAX_FUNDER_CHARACTERS: Final = 200
"""Who pays in the end, in a line."""
MAX_LAW_CHARACTERS: Final = 120
"""The law that governs an agreement, as the agreement names it."""


@unique
class EngagementStatus(StrEnum):
    """How far a cooperation has come. A person sets it; no reading, answer or date does."""

    PLANNED = "planned"
    UNDER_ASSESSMENT = "under-assessment"
    AGREED = "agreed"
    RUNNING = "running"
    ENDED = "ended"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of it."""
        return self in {EngagementStatus.ENDED, EngagementStatus.DECLINED, EngagementStatus.WITHDRAWN}


STATUS_LABELS: Final = {
    EngagementStatus.PLANNED: "Planned",
    EngagementStatus.UNDER_ASSESSMENT: "Under assessment",
    EngagementStatus.AGREED: "Agreed",
    EngagementStatus.RUNNING: "Running",
    EngagementStatus.ENDED: "Ended",
    EngagementStatus.DECLINED: "Declined by us",
    EngagementStatus.WITHDRAWN: "Withdrawn by the other side",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagementData:
    """What an officer writes about an engagement. All of it is sealed at rest."""

    title: str = field(repr=False)
    counterparts: tuple[Subject, ...] = field(default=(), repr=False)
    """Identified organisations, in the order in which they were named; the first is the main one."""
    partner_unit: str = field(default="", repr=False)
    """Institute, laboratory or programme of the other side."""
    our_unit: str = field(default="", repr=False)
    kind: VocabularyCode
    """Of the vocabulary's ``engagement_kinds``."""
    begins: date | None = None
    ends: date | None = None
    amount: Money | None = field(default=None, repr=False)
    """What the other side or its funder pays or gives in all; None where no money is known of."""
    funder: str = field(default="", repr=False)
    """Who pays in the end, in the officer's words."""
    technology_domains: tuple[VocabularyCode, ...] = ()
    governing_law: str = field(default="", repr=False)
    purpose: str = field(default="", repr=False)
    benefit: str = field(default="", repr=False)
    """What the cooperation is worth to us, in our own words: shown beside what speaks against it."""
    reference: str = field(default="", repr=False)
    """The institution's own reference. Never leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """One stored engagement."""

    id: EngagementId
    version: int
    """Raised by every change; a change names the version it saw."""
    owner: AccountId
    """The officer who answers for the entry."""
    status: EngagementStatus
    created: Timestamp
    updated: Timestamp
    data: EngagementData

    @property
    def subject(self) -> Subject | None:
        """The main counterpart, if one is identified."""
        return self.data.counterparts[0] if self.data.counterparts else None
