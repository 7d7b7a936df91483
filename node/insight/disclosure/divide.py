"""How the claims of a period are divided into published numbers.

The claims of one side form a tree: the side, its indicator groups, the technology domains in a group, the readings in
a domain. A number is divided among the cells below it as far as every part can stand by itself, and what cannot is
counted together: the *rest*. Where the rest cannot stand by itself either, shown cells are added to it, the smallest
first (complementary suppression), and where none is left the number stays whole. So a shown number is always the sum
of what is shown below it; no claim is lost except with its whole side; and no two published numbers overlap, so there
is nothing to subtract.

Every cell that is not shown is in a rest or in a number that stays whole, also where it is empty: a rest is made even
for empty cells alone. So a cell that is not shown may always be empty, and a cell that could not stand by itself lies
below the number that it is counted in by at least the margin: a reader knows that it is between nothing and that.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Self, TypeVar

from node.domain.disclosure import BANDS, NOT_STATED, SEVERAL, SIDES, Block, Place, Rules, Side, Unit
from node.insight.disclosure.rules import reasons
from protocol.identifiers import VocabularyCode
from protocol.vocabulary import Vocabulary

_C = TypeVar("_C", bound=Hashable)
CELLS: Final[tuple[Callable[[Place], Hashable], ...]] = (
    lambda place: (place.side, place.group),
    lambda place: (place.side, place.group, place.domain),
    lambda place: place,
)
"""The cells of the tree below a side, by level: which one a claim is in."""


@dataclass(frozen=True, slots=True)
class Axes:
    """The rows and columns of a release: all that may hold something, whether or not anything is in them.

    A group without an indicator of a side is no row of it: everybody knows that it is empty there, so counting others
    together with it would hide nothing.
    """

    groups: Mapping[Side, tuple[VocabularyCode, ...]]
    domains: tuple[VocabularyCode, ...]

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Self:
        """In the order of the vocabulary, with the two columns that it does not have."""
        there = {(indicator.polarity, indicator.group) for indicator in vocabulary.indicators.values()}
        groups = {side: tuple(group for group in vocabulary.groups if (side, group) in there) for side in SIDES}
        return cls(groups, (*vocabulary.technology_domains, SEVERAL, NOT_STATED))


def divide(units: Sequence[Unit], axes: Axes, rules: Rules) -> tuple[Block, ...]:
    """The blocks of a release. The order of ``units`` does not matter."""
    return tuple(chain.from_iterable(_side(side, units, axes, rules) for side in SIDES))


def may_stand(units: Sequence[Unit], rules: Rules) -> bool:
    """Whether a number of these claims may be published as one, with every cell inside it hidden."""
    if reasons(units, rules):
        return False
    return all(len(units) - len(inside) >= rules.margin for inside in cells_inside(units) if reasons(inside, rules))


def by(units: Iterable[Unit], part: Callable[[Place], _C]) -> dict[_C, list[Unit]]:
    """The claims by a part of their place."""
    found: defaultdict[_C, list[Unit]] = defaultdict(list)
    for unit in units:
        found[part(unit.place)].append(unit)
    return found


def cells_inside(units: Sequence[Unit]) -> Iterator[Sequence[Unit]]:
    """Every cell of the tree that some of these claims are in, without those that hold all of them."""
    for part in CELLS:
        for inside in by(units, part).values():
            if len(inside) < len(units):
                yield inside


def _side(side: Side, units: Sequence[Unit], axes: Axes, rules: Rules) -> Iterator[Block]:
    here = [unit for unit in units if unit.place.side == side]
    if not may_stand(here, rules):
        return
    groups = axes.groups[side]
    shown, rest = _split(here, groups, lambda place: place.group, rules)
    if not shown:
        yield Block(side, groups, axes.domains, BANDS, len(here))
        return
    for group, inside in shown.items():
        yield from _of_group(side, group, inside, axes, rules)
    if rest:
        hidden = tuple(group for group in groups if group not in shown)
        yield Block(side, hidden, axes.domains, BANDS, len(rest))


def _of_group(side: Side, group: VocabularyCode, units: Sequence[Unit], axes: Axes, rules: Rules) -> Iterator[Block]:
    shown, rest = _split(units, axes.domains, lambda place: place.domain, rules)
    if not shown:
        yield Block(side, (group,), axes.domains, BANDS, len(units))
        return
    for domain, inside in shown.items():
        yield from _of_cell(side, group, domain, inside, rules)
    if rest:
        hidden = tuple(domain for domain in axes.domains if domain not in shown)
        yield Block(side, (group,), hidden, BANDS, len(rest))


def _of_cell(
    side: Side, group: VocabularyCode, domain: VocabularyCode, units: Sequence[Unit], rules: Rules
) -> Iterator[Block]:
    shown, rest = _split(units, BANDS, lambda place: place.band, rules)
    if not shown:
        yield Block(side, (group,), (domain,), BANDS, len(units))
        return
    for band, inside in shown.items():
        yield Block(side, (group,), (domain,), (band,), len(inside))
    if rest:
        hidden = tuple(band for band in BANDS if band not in shown)
        yield Block(side, (group,), (domain,), hidden, len(rest))


def _split(
    units: Sequence[Unit], codes: Sequence[_C], code_of: Callable[[Place], _C], rules: Rules
) -> tuple[dict[_C, Sequence[Unit]], Sequence[Unit]]:
    """The cells that are shown, in the order of ``codes``, and the rest; nothing shown where the number stays whole."""
    cells = by(units, code_of)
    shown: dict[_C, Sequence[Unit]] = {
        code: cells[code] for code in codes if code in cells and may_stand(cells[code], rules)
    }
    if len(shown) == len(codes):
        return shown, ()
    rest = [unit for code in codes if code not in shown for unit in cells.get(code, ())]
    while shown and not may_stand(rest, rules):
        smallest = min(shown, key=lambda code: (len(shown[code]), codes.index(code)))
        rest += shown.pop(smallest)
    return shown, rest
