"""A document in words: what stands on it from top to bottom, for a page, a file and whoever opens it years later.

It holds no code, no identifier to be looked up and no rule: what it says does not change when a vocabulary, a name or a
program does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a section."""

    title: str = field(repr=False)
    meta: tuple[str, ...] = field(default=(), repr=False)
    """Short facts under the title."""
    texts: tuple[str, ...] = field(default=(), repr=False)
    """Paragraphs."""
    lines: tuple[str, ...] = field(default=(), repr=False)
    """References, each on a line of its own."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what is under it."""

    heading: str
    facts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    texts: tuple[str, ...] = field(default=(), repr=False)
    entries: tuple[Entry, ...] = field(default=(), repr=False)
    empty: str = ""
    """What is said where there is nothing else under the heading: unknown and none are different answers."""

    @property
    def is_empty(self) -> bool:
        """Whether only ``empty`` can be said."""
        return not (self.facts or self.texts or self.entries)


@dataclass(frozen=True, slots=True)
class Document:
    """The whole of it."""

    kind: str
    title: str = field(repr=False)
    subtitle: str = field(repr=False)
    mark: str
    """How it is to be kept: on top and at the foot of each page."""
    sections: tuple[Section, ...]


def day_words(day: date) -> str:
    """``4 September 2026``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def paragraphs(text: str) -> tuple[str, ...]:
    """The lines of a typed text that are not blank."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def texts(of: Document) -> Iterable[str]:
    """Every text of a document, for whoever must know which letters it takes."""
    yield from (of.kind, of.title, of.subtitle, of.mark)
    for section in of.sections:
        yield section.heading
        yield section.empty
        yield from section.texts
        for pair in section.facts:
            yield from pair
        for entry in section.entries:
            yield entry.title
            yield from (*entry.meta, *entry.texts, *entry.lines)
