"""What a coordinator sees of a circle: counts, movement, disagreement, coverage. Contributors are pseudonyms.

Counts are of findings. ``stated`` is every finding held, whatever became of it, but for what is void; ``live`` is what
counts today. Where nothing was ever stated the answer is unknown, which is not the zero of what has ended.

Months are numbers: years since year 0 times twelve, and the month of the year from 0. No country is in any type here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, NewType, TypeAlias

from node.domain.insight import SignalLine
from protocol.identifiers import CircleId, KeyId, Pseudonym, SubjectId, VocabularyCode
from protocol.vocabulary import Polarity

Month = NewType("Month", int)
_MONTHS: Final = 12

Side: TypeAlias = Polarity | Literal["unlisted"]
"""``unlisted``: under an indicator that this node's vocabulary does not know."""

ALL: Final = VocabularyCode("")
"""In place of a group or a scope: all of them together."""


def month_of(day: date) -> Month:
    """The month in which a day lies."""
    return Month(day.year * _MONTHS + day.month - 1)


def first_day(month: Month) -> date:
    """The day on which a month begins."""
    return date(month // _MONTHS, month % _MONTHS + 1, 1)


@dataclass(frozen=True, slots=True, order=True)
class Tallied:
    """Findings of one contributor on one claim that were issued in one month and seen last in one."""

    contributor: KeyId
    issued: Month
    seen: Month
    stated: int
    live: int


@dataclass(frozen=True, slots=True)
class Tally:
    """One claim's part in the counts: where it is counted, and what."""

    group: VocabularyCode
    side: Side
    entries: tuple[Tallied, ...]
    """In their order, so that equal tallies have equal bytes."""

    @property
    def live(self) -> int:
        """Findings that count today."""
        return sum(entry.live for entry in self.entries)


ContributionKey: TypeAlias = tuple[CircleId, VocabularyCode, Month, KeyId, VocabularyCode, Side]
"""Circle, scope (or all), month of issue, contributor, group, side."""
CoverageKey: TypeAlias = tuple[CircleId, VocabularyCode, VocabularyCode, Side, Month]
"""Circle, scope, group, side, month in which it was last seen."""
SubjectsKey: TypeAlias = tuple[CircleId, VocabularyCode, VocabularyCode]
"""Circle, scope (or all), group (or all)."""


@dataclass(slots=True)
class Counts:
    """Counts, or what is to be added to them."""

    contributions: dict[ContributionKey, tuple[int, int]] = field(default_factory=dict)
    """Stated and live."""
    coverage: dict[CoverageKey, tuple[int, int]] = field(default_factory=dict)
    """Stated and live."""
    subjects: dict[SubjectsKey, tuple[int, int, int, int]] = field(default_factory=dict)
    """Subjects with a live finding: any, a concern, an assurance, context."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one contributor issued in one month, of one polarity."""

    contributor: KeyId
    month: Month
    side: Side
    stated: int
    live: int


@dataclass(frozen=True, slots=True)
class Covered:
    """What is known in one group of indicators and one scope. A field that is not there is unknown."""

    scope: VocabularyCode
    group: VocabularyCode
    side: Side
    stated: int
    live: int
    fresh: int
    """Live ones whose evidence is at most a year old."""
    newest: Month | None
    """The month of the newest live evidence."""


@dataclass(frozen=True, slots=True)
class SubjectCounts:
    """How many subjects have a live finding."""

    any: int = 0
    concerns: int = 0
    assurances: int = 0
    context: int = 0


@dataclass(frozen=True, slots=True)
class Tension:
    """One subject, one group, one scope, and a concern and an assurance that both read likely or more."""

    circle: CircleId
    subject: SubjectId
    group: VocabularyCode
    scope: VocabularyCode
    concern: VocabularyCode
    concern_ppm: int
    """Expected probability, belief + uncertainty / 2."""
    assurance: VocabularyCode
    assurance_ppm: int

    @property
    def tension_ppm(self) -> int:
        """The lesser of the two: how strongly both are said."""
        return min(self.concern_ppm, self.assurance_ppm)


@dataclass(frozen=True, slots=True)
class Exchange:
    """How the exchange in a circle goes, in counts: who it is about, a coordinator is not told."""

    members: int
    """Other members."""
    silent: int
    """Those who did not answer the last time."""
    never: int
    """Those never reached yet."""
    behind: int
    """Entries that are announced and that we do not hold yet: unread."""
    unreadable: tuple[tuple[str, int], ...]
    """Entries that we hold and cannot read, by the code of the reason."""
    forked: int


Days: TypeAlias = Literal[30, 90]
"""How far back movement is looked at."""


@dataclass(frozen=True, slots=True)
class BoardFilter:
    """What a coordinator looks at; what is not set is no restriction."""

    days: Days = 30
    group: VocabularyCode | None = None
    scope: VocabularyCode | None = None
    side: Polarity | None = None


@dataclass(frozen=True, slots=True)
class TensionLine:
    """A tension with the words for it."""

    tension: Tension
    label: str
    """The subject's."""
    group: str
    scope: str
    concern: str
    assurance: str


@dataclass(frozen=True, slots=True)
class Board:
    """One circle as a coordinator sees it on one day."""

    circle: CircleId
    name: str
    as_of: date
    k: int
    members: int
    filters: BoardFilter
    subjects: SubjectCounts
    subjects_by_group: Mapping[VocabularyCode, SubjectCounts]
    """In the order of the vocabulary, or the one that the filter names; a group that nobody has stated has zeros."""
    moved_concerns: tuple[SignalLine, ...]
    moved_assurances: tuple[SignalLine, ...]
    moved_context: tuple[SignalLine, ...]
    contested: tuple[SignalLine, ...]
    """Readings on which contributors disagree, those of the most contributors first."""
    tensions: tuple[TensionLine, ...]
    coverage: tuple[Covered, ...]
    contributions: tuple[Contribution, ...]
    pseudonyms: Mapping[KeyId, Pseudonym | str]
    """Of everybody who has contributed in the time shown, and of every current member."""
    months: tuple[Month, ...]
    """The time shown, oldest first."""
    exchange: Exchange

    @property
    def is_empty(self) -> bool:
        """Whether nobody has stated anything in the whole circle, as far as the filters look."""
        return not self.coverage and not any(each.stated for each in self.contributions)
