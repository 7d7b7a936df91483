"""Whether a finished release keeps the rules: what a reader can compute from it, compared with what is there.

It knows nothing of how the release was made and takes it as readers do, from its blocks. Because these do not
overlap, what can be known of a set of cells is exact and simple: at least the blocks that lie within it, at most the
blocks that touch it. (Were blocks to overlap, :func:`audit` would say so and stop.) Shares are computed here as
fractions and roots by walking, not by the code that made the division.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Literal, TypeAlias

from node.domain.disclosure import BANDS, SIDES, Block, Place, Rules, Unit
from node.insight.disclosure.divide import CELLS, Axes, by
from protocol.identifiers import Digest

Kind: TypeAlias = Literal["overlap", "wrong-count", "unsafe-block", "pinned-below", "pinned-above"]


@dataclass(frozen=True, slots=True)
class Leak:
    """One way in which a release tells too much. Shown to coordinators at most."""

    kind: Kind
    where: Block | Place


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a reader knows of the number of claims in a cell."""

    least: int
    most: int | None
    """None: nothing bounds it, for a part of it is counted nowhere."""


def audit(blocks: Sequence[Block], units: Sequence[Unit], axes: Axes, rules: Rules) -> tuple[Leak, ...]:
    """Everything that is wrong; empty for a release that may leave."""
    overlaps = tuple(_overlaps(blocks, axes))
    return overlaps or (*_blocks(blocks, units, rules), *_cells(blocks, units, axes, rules))


def bounds(blocks: Sequence[Block], places: Sequence[Place]) -> Bounds:
    """What can be known of these places together, from blocks that do not overlap."""
    wanted = set(places)
    touching = [block for block in blocks if any(block.covers(place) for place in places)]
    within = [block for block in touching if set(places_of(block)) <= wanted]
    counted = all(any(block.covers(place) for block in touching) for place in places)
    most = sum(block.claims for block in touching) if counted else None
    return Bounds(sum(block.claims for block in within), most)


def places_of(block: Block) -> Iterator[Place]:
    """Every leaf that a block covers."""
    for group, domain, band in product(block.groups, block.domains, block.bands):
        yield Place(block.side, group, domain, band)


def all_places(axes: Axes) -> Iterator[Place]:
    """Every leaf of both sides."""
    for side in SIDES:
        for group, domain, band in product(axes.groups[side], axes.domains, BANDS):
            yield Place(side, group, domain, band)


def is_safe(units: Sequence[Unit], rules: Rules) -> bool:
    """The rules for one number, from their definition."""
    parts: defaultdict[str, Fraction] = defaultdict(Fraction)
    subjects: defaultdict[str, int] = defaultdict(int)
    for unit in units:
        subjects[unit.subject] += 1
        for contributor in unit.contributors:
            parts[contributor] += Fraction(1, len(unit.contributors))
    if len(parts) < rules.k or len(subjects) < rules.subjects:
        return False
    largest = sorted(parts.values(), reverse=True)
    others = sum(largest[2:], Fraction(0))
    return (
        largest[0] * 100 <= len(units) * rules.largest_percent
        and others * 100 >= largest[0] * rules.second_percent
        and max(subjects.values()) * 100 <= len(units) * rules.largest_percent
        and _roots(units) >= rules.roots
    )


def _overlaps(blocks: Sequence[Block], axes: Axes) -> Iterator[Leak]:
    for place in all_places(axes):
        if sum(block.covers(place) for block in blocks) > 1:
            yield Leak("overlap", place)


def _blocks(blocks: Sequence[Block], units: Sequence[Unit], rules: Rules) -> Iterator[Leak]:
    standing = by(units, lambda place: place)
    for block in blocks:
        inside = [unit for place in places_of(block) for unit in standing.get(place, ())]
        if len(inside) != block.claims:
            yield Leak("wrong-count", block)
        if not is_safe(inside, rules):
            yield Leak("unsafe-block", block)


def _cells(blocks: Sequence[Block], units: Sequence[Unit], axes: Axes, rules: Rules) -> Iterator[Leak]:
    places = list(all_places(axes))
    for part in CELLS:
        holding: defaultdict[Hashable, list[Place]] = defaultdict(list)
        for place in places:
            holding[part(place)].append(place)
        for cell, inside in by(units, part).items():
            if is_safe(inside, rules):
                continue
            known = bounds(blocks, holding[cell])
            if known.least:
                yield Leak("pinned-below", holding[cell][0])
            if known.most is not None and known.most < len(inside) + rules.margin:
                yield Leak("pinned-above", holding[cell][0])


def _roots(units: Sequence[Unit]) -> int:
    """Components of the opinions, each tied to those that name one of its sources; found by walking."""
    opinions = [sources for unit in units for sources in unit.evidence]
    naming: defaultdict[Digest, list[int]] = defaultdict(list)
    for number, sources in enumerate(opinions):
        for source in sources:
            naming[source].append(number)
    left = set(range(len(opinions)))
    components = 0
    while left:
        components += 1
        waiting = [left.pop()]
        while waiting:
            for source in opinions[waiting.pop()]:
                reached = left.intersection(naming.pop(source, ()))
                left -= reached
                waiting += reached
    return components
