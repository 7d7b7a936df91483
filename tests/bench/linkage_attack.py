"""Guessing who is behind a pseudonym: naive Bayes for each pair, then the best assignment of all.

The attacker is a strong one: it knows how findings come about (the constants of :mod:`tests.bench.linkage_circle`), and
lacks only what no bibliography says. A feature is the logarithm of how likely one finding is, if this institution said
it; the score of a pair is the sum over all findings of the pseudonym. The assignment uses that each institution stands
behind one pseudonym.
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped] # it ships no types

from protocol.identifiers import SubjectId
from tests.bench.linkage_circle import (
    HOURS,
    NATIONAL_SOURCE,
    NEW,
    OFF_FIELD,
    OWN_LANGUAGE,
    PARTNERS,
    Profile,
    register_digest,
)

_RARELY: Final = 1e-3
"""What the attacker takes for the probability of what should not happen: nobody is sure of a holiday."""
_PRIOR: Final = 20.0
"""Publications' worth of the general distribution that are added to every bibliography."""
_FIELDS: Final = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """One finding as its reader has it."""

    subject: SubjectId
    field: str
    kind: str
    indicator: str
    language: str
    day: date
    hour: int
    """Of reception, UTC; who is given days alone does not ask for it."""
    sources: frozenset[str]


@dataclass(frozen=True, slots=True)
class World:
    """What is known of all institutions together."""

    popularity: Mapping[SubjectId, float]
    countries: frozenset[str]

    @classmethod
    def of(cls, profiles: Sequence[Profile]) -> "World":
        """How often each organisation is published with, by anybody."""
        total: Counter[SubjectId] = Counter()
        for profile in profiles:
            total.update(profile.partners)
        everything = total.total() + PARTNERS
        countries = frozenset(profile.country.name for profile in profiles)
        return cls({each: (count + 1) / everything for each, count in total.items()}, countries)

    def share(self, subject: SubjectId) -> float:
        """Of all speech, that about one organisation."""
        return self.popularity.get(subject, 1 / (PARTNERS * 100))


Fit: TypeAlias = NDArray[np.float64]
"""A number for each pseudonym (rows) and institution (columns)."""
Feature: TypeAlias = Callable[[Seen, Profile, World], float]


def _subject(seen: Seen, profile: Profile, world: World) -> float:
    everywhere = world.share(seen.subject)
    published = sum(profile.partners.values())
    own = (profile.partners.get(seen.subject, 0) + _PRIOR * everywhere) / (published + _PRIOR)
    return math.log((1 - NEW) * own + NEW * everywhere)


def _field(seen: Seen, profile: Profile, _world: World) -> float:
    own = (profile.fields.get(seen.field, 0) + 1) / (sum(profile.fields.values()) + _FIELDS)
    return math.log((1 - OFF_FIELD) * own + OFF_FIELD / _FIELDS)


def _language(seen: Seen, profile: Profile, _world: World) -> float:
    own = OWN_LANGUAGE if seen.language == profile.country.language else 0.0
    common = 1 - OWN_LANGUAGE if seen.language == "en" else 0.0
    return math.log(max(own + common, _RARELY))


def _hour(seen: Seen, profile: Profile, _world: World) -> float:
    return math.log(1 / len(HOURS) if seen.hour + profile.country.zone in HOURS else _RARELY)


def _day(seen: Seen, profile: Profile, _world: World) -> float:
    return math.log(_RARELY) if seen.day in profile.country.holidays else 0.0


def _sources(seen: Seen, profile: Profile, world: World) -> float:
    of = {country for country in world.countries if register_digest(country, seen.subject) in seen.sources}
    if not of:
        return math.log(1 - NATIONAL_SOURCE)
    return math.log(NATIONAL_SOURCE if profile.country.name in of else _RARELY)


_TRAITS: Final[Sequence[Callable[[Seen], str]]] = (
    lambda seen: seen.subject,
    lambda seen: seen.field,
    lambda seen: seen.kind,
    lambda seen: seen.indicator,
    lambda seen: seen.language,
)
FEATURES: Final[Mapping[str, Feature]] = {
    "subjects": _subject,
    "fields": _field,
    "language": _language,
    "hours": _hour,
    "days": _day,
    "sources": _sources,
}


def scores(said: Sequence[Sequence[Seen]], profiles: Sequence[Profile], features: Sequence[str]) -> Fit:
    """For each pseudonym (rows) and institution (columns) how well they fit."""
    world = World.of(profiles)
    chosen = [FEATURES[name] for name in features]
    return np.array(
        [
            [sum(feature(seen, profile, world) for seen in each for feature in chosen) for profile in profiles]
            for each in said
        ]
    )


def assigned(fit: Fit, chance: random.Random) -> float:
    """The share of pseudonyms that the best assignment of all gets right; the right one stands on the diagonal.

    What fits equally well is guessed: the order of the institutions says nothing.
    """
    rows, columns = linear_sum_assignment(-_without_ties(fit, chance))
    return float(np.mean(rows == columns))


def alone(fit: Fit, chance: random.Random) -> float:
    """The same where each pseudonym is guessed by itself: what can be done about one finding under a key of its own."""
    return float(np.mean(np.argmax(_without_ties(fit, chance), axis=1) == np.arange(len(fit))))


def _without_ties(fit: Fit, chance: random.Random) -> Fit:
    noise: Fit = np.array([[chance.random() * 1e-9 for _ in row] for row in fit])
    return np.add(fit, noise)


def habits(earlier: Sequence[Seen], later: Sequence[Seen]) -> float:
    """How well two pseudonyms fit to one author, by what it speaks of and how."""
    score = 0.0
    for read in _TRAITS:
        known = Counter(read(seen) for seen in earlier)
        size = len({read(seen) for seen in [*earlier, *later]})
        score += sum(math.log((known[read(seen)] + 0.5) / (len(earlier) + 0.5 * size)) for seen in later)
    return score
