"""What the pool says about the partners of a case: words beside the form, and every figure for the record.

Beside the form stand words and no figure: whoever decides should read what was observed, and no number should look like
an answer. The record has the figures, the state and the policy with which they can be computed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.casework.record import Pool
from node.domain.accounts import Permission
from node.domain.briefing import Briefing, SubjectFigures
from node.domain.documents import Entry, Section
from node.insight.briefing import subject_briefing
from node.insight.sheet import Sheet, sheet
from node.storage.database import Transaction
from node.web.visits import Visit
from protocol.identifiers import SubjectId
from protocol.statements import Subject
from protocol.vocabulary import Polarity, Vocabulary

MAX_SUBJECTS: Final = 6
"""Partners of a case that are looked up while somebody waits; the others are named as not looked up."""
_HEADING: Final = "What the pool knew"
_NOT_A_DECISION: Final = "Readings of what members observed: evidence with its limits, not a decision."
_ORDER: Final[tuple[tuple[Polarity, str], ...]] = (
    ("assurance", "Assurances"),
    ("concern", "Concerns"),
    ("context", "Context"),
)
_MOST: Final = 8


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the form about one partner in one circle."""

    subject: SubjectId
    label: str
    circle: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    """Polarity and readings in words; empty where nobody has stated anything."""


@dataclass(frozen=True, slots=True)
class Known:
    """Both forms of it."""

    pool: Pool
    beside: tuple[Beside, ...]


def known_of(visit: Visit, tx: Transaction, subjects: Sequence[Subject]) -> Known:
    """What the pool says now about these partners, for somebody who may read it."""
    if not visit.may(Permission.POOL_READ):
        return Known(Pool((Section(_HEADING, empty="It was not looked up."),), ()), ())
    vocabulary = visit.runtime.vocabulary
    sections: list[Section] = []
    beside: list[Beside] = []
    digests: list[str] = []
    for subject in subjects[:MAX_SUBJECTS]:
        made = subject_briefing(tx, vocabulary, subject.id, visit.now)
        sections.append(_section(subject, sheet(made, vocabulary)))
        beside += _beside(subject, made, vocabulary)
        digests.append(made.digest)
    left = (subject.label for subject in subjects[MAX_SUBJECTS:])
    sections.extend(Section(f"{_HEADING}: {label}", empty="It was not looked up.") for label in left)
    return Known(Pool(tuple(sections), tuple(digests)), tuple(beside))


def _section(subject: Subject, words: Sheet) -> Section:
    entries = [
        Entry(
            block.heading,
            texts=tuple(f"{row.name}. {row.text}" for row in block.rows) or (block.empty,),
            lines=(block.more,) if block.more else (),
        )
        for block in words.blocks
    ]
    return Section(
        f"{_HEADING}: {subject.label}",
        facts=(("As", words.subtitle), ("Handling", words.mark), *words.facts),
        texts=(_NOT_A_DECISION, *words.limits),
        entries=(*entries, Entry("To compute it again", lines=tuple(f"{name}: {text}" for name, text in words.origin))),
    )


def _beside(subject: Subject, made: Briefing, vocabulary: Vocabulary) -> list[Beside]:
    figures = made.figures
    if not isinstance(figures, SubjectFigures):
        return []
    names = {source.circle: source.name for source in made.sources}
    found = []
    for circle in figures.circles:
        groups: dict[str, list[str]] = {heading: [] for _, heading in _ORDER}
        headings = dict(_ORDER)
        for each in sorted(circle.readings, key=lambda reading: (reading.indicator, reading.scope)):
            indicator = vocabulary.indicators[each.indicator]
            word = each.likelihood.replace("-", " ")
            groups[headings[indicator.polarity]].append(f"{indicator.label}: {word}")
        shown = tuple((heading, tuple(words[:_MOST])) for heading, words in groups.items() if words)
        found.append(Beside(subject.id, subject.label, names[circle.circle], shown))
    return found
