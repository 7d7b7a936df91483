"""By which words a name and what stands in the text differ, as numbers with names.

"Tyumen State Medical University" is no name for "Tyumen State University", though it holds every word of it: what a
name has more, and what the text has more, says so.
"""

from typing import Final

from node.subjects.matching.candidates import Candidate
from node.subjects.matching.index import Index
from node.subjects.matching.mentions import UNKNOWN_RARITY, Mention
from node.subjects.matching.text import Text
from node.subjects.matching.vocabulary import KINDS_OF_ORGANISATIONS, QUALIFIERS, UNIT_HEADS

_MARKS: Final = QUALIFIERS | KINDS_OF_ORGANISATIONS
"""Words that make a name another name."""
_FACULTIES: Final = frozenset(["school", "college", "faculty"])
_MANY: Final = 2
"""Such words from which the number is 1."""
_FULL: Final = 20.0
"""Rarity of differing words from which the number is 1."""


def of_names(index: Index, text: Text, mention: Mention) -> dict[str, float]:
    """Of a name that stands in the text nearly so or in part."""
    name = set(index.entry_words[mention.entry].split())
    window = range(mention.start, mention.end)
    missing = sorted(name.difference(text.words))
    more = [text.words[at] for at in window if text.words[at] not in name and not text.cut_short[at]]
    numbers = {
        "name_has_qualifier": _marks(missing),
        "name_has_more": _weight(index, missing),
        "text_has_qualifier": _marks(more),
        "text_has_more": _weight(index, more),
    }
    part = text.part[mention.start]
    rest = (text.words[at] for at in range(mention.start, len(text)) if text.part[at] == part)
    if "university" in name and not _FACULTIES.isdisjoint(rest):
        numbers["school_form"] = 1.0
        numbers["school_form_begins"] = float(mention.start == 0 or text.part[mention.start - 1] != part)
    return numbers


def _marks(words: list[str]) -> float:
    return min(1.0, sum(word in _MARKS for word in words) / _MANY)


def _weight(index: Index, words: list[str]) -> float:
    return min(1.0, sum(index.rarity.get(word, UNKNOWN_RARITY) for word in words) / _FULL)


def of_place(index: Index, text: Text, each: Candidate, *, fits: bool) -> dict[str, float]:
    """Of a name that could stand anywhere ("Institute of Theoretical Physics"): what is known of where.

    ``fits``: whether the organisation may be where the text says.
    """
    if any(word in index.word_country for word in text.words[each.mention.start : each.mention.end]):
        return {}
    numbers = {"placeless": 1.0, "placeless_shared": float(each.rivals > 0)}
    if not index.source.countries[each.organisation]:
        numbers["placeless_unknown"] = 1.0
    elif not fits:
        numbers["placeless_elsewhere"] = 1.0
    return numbers


def bare(text: Text, mention: Mention) -> bool:
    """Whether no word of its part of the text says what kind of organisation it is: a town, most often."""
    part = text.part[mention.start]
    words = (word for word, where in zip(text.words, text.part, strict=True) if where == part)
    return not any(word in KINDS_OF_ORGANISATIONS or word in UNIT_HEADS for word in words)
