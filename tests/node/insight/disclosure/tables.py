"""Invented claims, and a reader who computes all that follows from a release."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import linprog  # type: ignore[import-untyped] # it ships no types

from node.domain.disclosure import BANDS, NOT_STATED, SEVERAL, SIDES, Band, Block, Place, Side, Unit
from node.insight.disclosure import Axes, rules_of
from node.insight.disclosure.audit import Bounds
from protocol.identifiers import Digest, KeyId, SubjectId, VocabularyCode, encode_bytes

RULES: Final = rules_of(3)
GROUPS: Final = tuple(VocabularyCode(name) for name in ("fund", "gov", "proxy"))
DOMAINS: Final = tuple(VocabularyCode(name) for name in ("quantum", "robotics", "space"))
AXES: Final = Axes(dict.fromkeys(SIDES, GROUPS), (*DOMAINS, SEVERAL, NOT_STATED))


def key(name: object) -> KeyId:
    """An invented contributor."""
    return KeyId(encode_bytes(sha256(f"{name}".encode()).digest()))


def subject(number: int) -> SubjectId:
    """An invented organisation."""
    return SubjectId(f"circle:{encode_bytes(sha256(f'{number}'.encode()).digest()[:16])}")


def unit(  # the parts of a place are as many as they are
    contributors: Collection[int],
    about: int,
    *,
    group: int = 0,
    domain: int = 0,
    band: Band = "likely",
    side: Side = "concern",
    source: int | None = None,
) -> Unit:
    """One claim; without a ``source``, each opinion is a root of its own."""
    evidence: frozenset[Digest] = frozenset() if source is None else frozenset({Digest(key(f"source {source}"))})
    return Unit(
        Place(side, GROUPS[group], AXES.domains[domain], band),
        subject(about),
        frozenset(key(number) for number in contributors),
        tuple(evidence for _ in contributors),
    )


def cell(count: int, *, group: int = 0, domain: int = 0) -> list[Unit]:
    """``count`` claims of three contributors on as many subjects: a cell that may be shown from three on."""
    return [unit([number % 3], number, group=group, domain=domain) for number in range(count)]


@st.composite
def tables(draw: st.DrawFn) -> list[Unit]:
    """Small tables, crowded enough that much of them is shown and much is not."""
    cells = draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=6, unique=True))
    units: list[Unit] = []
    for group, domain in cells:
        everybody = draw(st.integers(1, 6))
        units += [
            unit(
                draw(st.sets(st.integers(1, everybody), min_size=1, max_size=3)),
                draw(st.integers(0, 9)),
                group=group,
                domain=domain,
                band=draw(st.sampled_from(BANDS[:3])),
                source=draw(st.one_of(st.none(), st.integers(0, 4))),
            )
            for _ in range(draw(st.integers(0, 12)))
        ]
    return units


@dataclass(frozen=True, slots=True)
class Published:
    """One number that a reader has, and the leaves that it counts."""

    places: frozenset[Place]
    claims: int


def published(blocks: Sequence[Block], places: Sequence[Place]) -> list[Published]:
    """The blocks as a reader has them."""
    return [Published(frozenset(place for place in places if block.covers(place)), block.claims) for block in blocks]


def solve(numbers: Sequence[Published], places: Sequence[Place], wanted: Collection[Place]) -> Bounds:
    """The least and the most that a set of leaves can hold, given all that was published: a linear programme.

    This is the whole attack: whatever can be had by subtracting, adding or comparing follows from these equations.
    """
    if not numbers:
        return Bounds(0, None)
    equations = np.array([[place in number.places for place in places] for number in numbers], dtype=float)
    totals = np.array([number.claims for number in numbers], dtype=float)
    aim = np.array([place in wanted for place in places], dtype=float)
    least = linprog(aim, A_eq=equations, b_eq=totals, bounds=(0, None), method="highs")
    most = linprog(-aim, A_eq=equations, b_eq=totals, bounds=(0, None), method="highs")
    assert least.status == 0
    assert most.status in {0, 3}
    return Bounds(round(least.fun), None if most.status == 3 else round(-most.fun))
