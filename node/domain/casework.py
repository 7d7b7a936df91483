"""Private casework: what an officer records about one planned or running cooperation. Never replicated.

Only casework, publishing, their storage and their routes may import this module; a contract in
``pyproject.toml`` fails the build otherwise. Every text here is sealed at rest, and no ``repr`` shows one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, unique
from typing import Final, NewType, TypeAlias

from node.domain.accounts import AccountId
from node.domain.engagements import EngagementId
from node.domain.evidence import EvidenceId
from protocol.identifiers import VocabularyCode
from protocol.statements import Grade, Period, Subject, Timestamp

AssessmentId = NewType("AssessmentId", str)
"""128 random bits, 22 characters. Never leaves the node."""
AnswerId = NewType("AnswerId", str)
"""128 random bits, 22 characters. Never leaves the node."""

MAX_TITLE_CHARACTERS: Final = 200
"""A working title: one line of a list."""
MAX_UNIT_CHARACTERS: Final = 200
"""The name of an institute, laboratory or programme."""
MAX_TEXT_CHARACTERS: Final = 10_000
"""Purpose, benefit and observation: about four pages. Longer material is an attachment, not a note."""
MAX_SOURCE_CHARACTERS: Final = 2_000
"""One source reference: the length that browsers accept for an address."""
MAX_REFERENCE_CHARACTERS: Final = 120
"""The institution's own file reference."""
MAX_ANSWERS: Final = 200
"""Answers of one assessment: the checklist has 28 questions with at most three indicators each."""


@unique
class AssessmentStatus(StrEnum):
    """Whether an assessment can still be changed."""

    OPEN = "open"
    CLOSED = "closed"


@unique
class Tier(StrEnum):
    """How much is asked. An assessment begins with the light tier, may grow to the full one, and never shrinks."""

    LIGHT = "light"
    FULL = "full"


@unique
class GrowthCause(StrEnum):
    """What called for the full tier."""

    CONCERN = "concern"
    FIELD = "field"
    UNANSWERED = "unanswered"
    AMOUNT = "amount"
    DOMAIN = "domain"
    BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True)
class Growth:
    """One reason why the full tier is asked, as it stood when the assessment grew."""

    cause: GrowthCause
    about: VocabularyCode | None = None
    """The indicator, question or technology domain; None for an amount and for a decision by hand."""


@unique
class PlainKind(StrEnum):
    """An answer that is no observation. Nothing found, not known and does not apply are three different things."""

    NOTHING_FOUND = "nothing-found"
    NOT_KNOWN = "not-known"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentData:
    """What an officer writes at the head of an assessment."""

    title: str = field(repr=False)
    subject: Subject | None = field(repr=False)
    """The partner, once it is identified; a finding cannot be drafted before."""
    unit: str = field(default="", repr=False)
    engagement_kind: VocabularyCode
    technology_domains: tuple[VocabularyCode, ...] = ()
    purpose: str = field(default="", repr=False)
    benefit: str = field(default="", repr=False)
    reference: str = field(default="", repr=False)
    """The institution's own reference. Makes an import repeatable; never leaves."""
    engagement: EngagementId | None = None
    """The engagement it belongs to; None for an assessment of a partner alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerData:
    """What an officer writes as the answer to one question of the checklist."""

    question: VocabularyCode | None
    """None for an observation that no question led to, such as an imported one."""
    indicator: VocabularyCode
    observation: str = field(repr=False)
    observed: Period
    strength: int
    grade: Grade
    evidence_kinds: tuple[VocabularyCode, ...]
    sources: tuple[str, ...] = field(default=(), repr=False)
    """Addresses or citations, as typed. Only digests of their normal form can leave."""
    registers: tuple[str, ...] = field(default=(), repr=False)
    """Entries of public registers, each with its number: sources like the others."""
    records: tuple[str, ...] = field(default=(), repr=False)
    """References to the institution's own records. Never leave, not even as digests."""
    files: tuple[EvidenceId, ...] = ()
    """Files kept with the answer. Never leave."""
    mitigations: tuple[VocabularyCode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainData:
    """What an officer writes where there is no observation to record."""

    question: VocabularyCode
    kind: PlainKind
    words: str = field(repr=False)
    """Where it was looked for; who was asked and what they said; or why the question does not apply."""
    day: date
    """When it was looked for or asked."""
    sources: tuple[str, ...] = field(default=(), repr=False)
    registers: tuple[str, ...] = field(default=(), repr=False)
    records: tuple[str, ...] = field(default=(), repr=False)
    files: tuple[EvidenceId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainAnswer:
    """One stored answer without an observation. No finding can be drafted from it."""

    id: AnswerId
    assessment: AssessmentId
    version: int
    created: Timestamp
    updated: Timestamp
    data: PlainData


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One stored answer."""

    id: AnswerId
    assessment: AssessmentId
    version: int
    created: Timestamp
    updated: Timestamp
    data: AnswerData


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One stored assessment with its answers, in the order in which they were first given."""

    id: AssessmentId
    version: int
    """Raised by every change to the assessment or one of its answers; a change names the version it saw."""
    owner: AccountId
    status: AssessmentStatus
    created: Timestamp
    updated: Timestamp
    data: AssessmentData
    answers: tuple[Answer, ...]
    """Observations: what a finding can be drafted from."""
    plain: tuple[PlainAnswer, ...] = ()
    """Questions that were answered without an observation."""
    growth: tuple[Growth, ...] = ()
    """Why the full tier is asked; empty while the light one is. Reasons are added and never taken away."""

    @property
    def tier(self) -> Tier:
        """How much is asked now."""
        return Tier.FULL if self.growth else Tier.LIGHT


@dataclass(frozen=True, slots=True)
class Edit:
    """Who changes something, when, and which version of the assessment they had before them."""

    account: AccountId
    version: int
    at: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One line of the history of an assessment or an engagement. Append-only."""

    seq: int
    """From 1 within the case; equals the version that the change led to."""
    at: Timestamp
    account: AccountId
    kind: str
    """``created``, ``changed``, ``answered``, ``answer-changed``, ``answer-removed``, ``closed``, ``reopened``,
    ``grown`` or, for an engagement, ``created``, ``changed``, ``status``."""
    before: str = field(repr=False)
    """What was replaced, as JSON; empty where nothing was."""
    after: str = field(default="", repr=False)
    """What took its place, as JSON; empty where nothing did."""
    grown: tuple[Growth, ...] = ()
    """What this change added to the reasons for the full tier."""


@dataclass(frozen=True, slots=True)
class RowRefusal:
    """Why one row of an imported file was left out."""

    row: int
    """As a spreadsheet counts: the header is row 1. In a JSON file the first object is 1."""
    column: str
    """The column at fault, or empty where the row as a whole is."""
    reason: str
    """In words, without the refused value."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, row by row."""

    rows: int
    created: tuple[AssessmentId, ...]
    unchanged: tuple[int, ...]
    """Rows whose reference was imported before; they were left as they are."""
    refused: tuple[RowRefusal, ...]


Identify: TypeAlias = Callable[[str], Subject | None]
"""Finds the one organisation that a name or identifier means, or None where none or several could be meant."""
