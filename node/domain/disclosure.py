"""Releases: what readers beyond the members are given, and what it is made of.

A release is a partition. Every claim of its period is counted in one block or in none, blocks never overlap, and
periods of one circle never overlap either: whatever a reader adds up is a sum of whole blocks, and there are no two
numbers of which one is a part of the other without the rest being a sum of blocks too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, NewType, Self, TypeAlias

from node.domain.accounts import AccountId
from node.errors import Code, HanseError
from protocol.identifiers import CircleId, Digest, KeyId, SubjectId, VocabularyCode
from protocol.statements import Timestamp

ReleaseId = NewType("ReleaseId", str)
"""128 random bits, 22 characters."""
ReleaseAudience: TypeAlias = Literal["partners", "public"]
"""``partners``: people of named institutions beyond the members, who sign in. ``public``: anybody."""
ReleaseState: TypeAlias = Literal["prepared", "issued"]
Side: TypeAlias = Literal["concern", "assurance"]
"""Concerns and assurances are two tables and are never summed. What is merely context is in neither."""
Band: TypeAlias = Literal["likely", "even", "unlikely", "open"]
"""How a claim reads, in four steps: seven words would nearly tell how many contributors it has."""

SIDES: Final[tuple[Side, ...]] = ("concern", "assurance")
BANDS: Final[tuple[Band, ...]] = ("likely", "even", "unlikely", "open")
SEVERAL: Final = VocabularyCode("several")
"""The column of claims that findings place in more than one technology domain: each claim stands in one column."""
NOT_STATED: Final = VocabularyCode("not-stated")
"""The column of claims of which no finding names a domain."""
_PERIOD: Final = re.compile(r"(2[0-9]{3})-(?:(0[1-9]|1[0-2])|Q([1-4]))")
_MONTHS_IN_QUARTER: Final = 3
_MONTHS_IN_YEAR: Final = 12


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A calendar month or quarter."""

    year: int
    month: int
    """The first."""
    months: int
    """1 or 3."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """``2026-07`` or ``2026-Q3``; raises ``INVALID``."""
        found = _PERIOD.fullmatch(text)
        if found is None:
            raise HanseError(Code.INVALID, "a period is a month such as 2026-07 or a quarter such as 2026-Q3.")
        year, month, quarter = found.groups()
        if month is not None:
            return cls(int(year), int(month), 1)
        return cls(int(year), (int(quarter) - 1) * _MONTHS_IN_QUARTER + 1, _MONTHS_IN_QUARTER)

    def __str__(self) -> str:
        if self.months == 1:
            return f"{self.year}-{self.month:02}"
        return f"{self.year}-Q{self.month // _MONTHS_IN_QUARTER + 1}"

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        year, month = divmod(self.year * _MONTHS_IN_YEAR + self.month - 1 + self.months, _MONTHS_IN_YEAR)
        return date(year, month + 1, 1) - timedelta(days=1)

    @property
    def begin(self) -> Timestamp:
        """Its first second."""
        return _midnight(self.first)

    @property
    def end(self) -> Timestamp:
        """The first second behind it."""
        return _midnight(self.last + timedelta(days=1))

    def each_month(self) -> Iterator[str]:
        """Its months, as ``2026-07``: what no second release of a circle may hold."""
        for month in range(self.month, self.month + self.months):
            yield f"{self.year}-{month:02}"


def _midnight(day: date) -> Timestamp:
    return Timestamp(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()))


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the table a claim stands: in one cell of one side, with one reading."""

    side: Side
    group: VocabularyCode
    domain: VocabularyCode
    band: Band


@dataclass(frozen=True, slots=True)
class Unit:
    """One claim of the period, as the rules see it. Nothing of this type leaves the node."""

    place: Place
    subject: SubjectId
    contributors: frozenset[KeyId]
    """The voices that hold an opinion on it, whether or not it weighed anything."""
    evidence: tuple[frozenset[Digest], ...]
    """The sources of each opinion; an opinion that names none is a root of its own."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a number must satisfy before anybody beyond the members reads it."""

    k: int
    """Least number of contributors."""
    roots: int
    """Least number of independent roots of evidence."""
    subjects: int
    """Least number of subjects."""
    largest_percent: int
    """No contributor and no subject makes up more of the number than this."""
    second_percent: int
    """Without the two largest contributors, this share of the largest must be left: else the second could tell how
    much the largest has, to within that."""
    margin: int
    """What a hidden cell must lie below the number that it is counted in, in claims."""


Reason: TypeAlias = Literal["contributors", "roots", "subjects", "one-contributor", "two-contributors", "one-subject"]
"""Why a number is not shown by itself. For coordinators alone: a reader who is told why learns what is hidden."""


@dataclass(frozen=True, slots=True)
class Block:
    """One published number and the cells that it counts together."""

    side: Side
    groups: tuple[VocabularyCode, ...]
    domains: tuple[VocabularyCode, ...]
    bands: tuple[Band, ...]
    claims: int

    def covers(self, place: Place) -> bool:
        """Whether a claim that stands there is counted here."""
        return (
            place.side == self.side
            and place.group in self.groups
            and place.domain in self.domains
            and place.band in self.bands
        )


@dataclass(frozen=True, slots=True)
class NamedReading:
    """A claim on a subject that the release names. It is in no block."""

    subject: SubjectId
    label: str
    indicator: VocabularyCode
    scope: VocabularyCode
    side: Side
    band: Band


@dataclass(frozen=True, slots=True)
class Content:
    """A release as its readers have it, and nothing else."""

    circle: CircleId
    circle_name: str
    period: Period
    audience: ReleaseAudience
    vocabulary_version: int
    rules: Rules
    blocks: tuple[Block, ...]
    named: tuple[NamedReading, ...]


@dataclass(frozen=True, slots=True)
class HiddenCell:
    """A cell that readers do not see by itself, as the coordinator sees it before anything leaves."""

    side: Side
    group: VocabularyCode
    domain: VocabularyCode
    claims: int
    reasons: tuple[Reason, ...]
    """Empty: it could be shown by itself, and is hidden so that another one cannot be had by subtraction."""
    counted: bool
    """Whether it is counted together with others, or in no number at all."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would leave, and what would not and why."""

    content: Content
    data: bytes
    """Exactly the bytes that readers would have."""
    digest: str
    hidden: tuple[HiddenCell, ...]
    left_out: int
    """Statements of the period whose handling does not permit this audience."""
    context: int
    """Claims under indicators that are neither concern nor assurance, or that the vocabulary does not know."""
    refused_names: tuple[tuple[SubjectId, int], ...]
    """Subjects that were to be named, with the number of their claims that the rules keep unnamed."""


@dataclass(frozen=True, slots=True)
class Release:
    """One row: prepared, and then issued for ever."""

    id: ReleaseId
    circle: CircleId
    period: Period
    audience: ReleaseAudience
    state: ReleaseState
    data: bytes = field(repr=False)
    digest: str
    named: tuple[SubjectId, ...]
    """Which subjects it was to name."""
    prepared_by: AccountId
    prepared: Timestamp
    issued_by: AccountId | None
    issued: Timestamp | None
