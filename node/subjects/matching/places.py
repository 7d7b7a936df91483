"""Which countries a text names, and which its words hint at. Used to tell namesakes apart and for nothing else.

``places.json`` holds names of countries (from the public-domain list ``country-codes`` and common spellings), and the
states that addresses in federal countries name instead of the country.
"""

import importlib.resources
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from node.subjects.matching.text import Text, canonical

_FILE: Final = "places.json"
MAX_PLACE_WORDS: Final = 12
_AND: Final = frozenset(["and", "et", "und", "y", "e"])


class _Lists(msgspec.Struct):
    countries: dict[str, list[str]]
    regions: dict[str, str]
    codes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Names of countries and states in the form in which texts are read."""

    names: Mapping[str, str]
    """Squashed canonical name to country."""
    regions: Mapping[str, str]
    codes: Mapping[str, str]
    """Abbreviations of states, as they are written."""
    longest: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a text says of where its organisations are."""

    named: frozenset[str]
    """Countries that it names."""
    hinted: Mapping[str, float]
    """Countries at which its other words hint, each with a weight."""
    at: Mapping[int, str]
    """Words that are part of the name of a country or state, with the country."""

    def after(self, number: int) -> str:
        """The country that is named next from a word on, by its name or that of a state; or nothing."""
        return next((self.at[each] for each in sorted(self.at) if each >= number), "")


def load() -> Gazetteer:
    """The lists of the package."""
    lists = msgspec.json.decode(importlib.resources.files(__package__).joinpath(_FILE).read_bytes(), type=_Lists)
    names = {"".join(canonical(name)): country for country, each in lists.countries.items() for name in each}
    regions = {"".join(canonical(name)): country for name, country in lists.regions.items()}
    longest = max(map(len, (*names, *regions)))
    return Gazetteer(names, regions, lists.codes, longest)


def find(
    text: Text,
    gazetteer: Gazetteer,
    word_country: Mapping[str, tuple[str, float]],
    inside: Collection[int] = (),
) -> Evidence:
    """Countries of a text. Two that are named are both kept: the text may speak of two organisations.

    ``inside``: words within an organisation's name. They name no place: the "University of Georgia" may be anywhere.
    """
    named: set[str] = set()
    regions: Counter[str] = Counter()
    at: dict[int, str] = {}
    for start in range(len(text)):
        squashed, best, reached = "", 0, ""
        for end in range(start, min(len(text), start + MAX_PLACE_WORDS)):
            squashed += text.words[end]
            if len(squashed) > gazetteer.longest:
                break
            country = gazetteer.names.get(squashed) or gazetteer.regions.get(squashed)
            if country and start not in inside and _stands_alone(text, start, end):
                best, reached = end + 1, country
                if squashed in gazetteer.names:
                    named.add(country)
                else:
                    regions[country] += 2
        for each in range(start, best):
            at.setdefault(each, reached)
        written = text.written[start]
        if (country := gazetteer.codes.get(written)) and _is_code(text, start):
            regions[country] += 2
            at[start] = country
    hinted: dict[str, float] = {country: float(count) for country, count in regions.items()}
    for number, word in enumerate(text.words):
        if number not in at and (hint := word_country.get(word)):
            hinted[hint[0]] = hinted.get(hint[0], 0.0) + hint[1]
    return Evidence(frozenset(named), hinted, at)


def _stands_alone(text: Text, start: int, end: int) -> bool:
    """A country's name counts at the end of a part, not inside a name ("China" in "China Agricultural University")."""
    last = _ends(text, end) or text.written[end + 1].isdigit()
    if len(text.words[start]) == 2 and start == end:  # noqa: PLR2004
        return last and text.written[start].isupper()
    return last


def _is_code(text: Text, number: int) -> bool:
    """``CA`` is a state where a postal code follows, or at the end of an address."""
    follows = number + 1 < len(text) and text.written[number + 1][:1].isdigit()
    return number > 0 and (follows or _ends(text, number))


def _ends(text: Text, number: int) -> bool:
    """Whether a part of the text, or one of two addresses joined by "and", ends with this word."""
    after = number + 1
    return after == len(text) or text.part[after] != text.part[number] or text.before[after] in _AND


def places_of(place: str) -> tuple[str, ...]:
    """Town and region of an organisation, squashed, as they are looked for in a text."""
    return tuple(filter(None, ("".join(canonical(part)) for part in place.split(", "))))
