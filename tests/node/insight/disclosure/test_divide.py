"""What is published of a table, and what a reader who solves it exactly can know."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.disclosure import BANDS, SIDES, Block, Place, Rules, Unit
from node.insight.disclosure import Axes, audit, divide
from node.insight.disclosure.audit import all_places, bounds, is_safe
from node.insight.disclosure.divide import CELLS, by
from tests.node.insight.disclosure.tables import (
    AXES,
    DOMAINS,
    GROUPS,
    RULES,
    Published,
    cell,
    published,
    solve,
    tables,
    unit,
)

_PLACES = list(all_places(AXES))
_CONCERNS = [place for place in _PLACES if place.side == "concern"]


def _cells_of(units: Sequence[Unit]) -> list[tuple[list[Place], list[Unit]]]:
    """Every cell with something in it: its leaves and its claims."""
    found = []
    for part in CELLS:
        for inside in by(units, part).values():
            where = part(inside[0].place)
            found.append(([place for place in _PLACES if part(place) == where], inside))
    return found


@given(tables())
def test_the_audit_finds_nothing(units: list[Unit]) -> None:
    assert audit(divide(units, AXES, RULES), units, AXES, RULES) == ()


@settings(max_examples=60)
@given(tables())
def test_who_solves_the_table_exactly_pins_no_hidden_cell(units: list[Unit]) -> None:
    """Lowest nothing, highest at least ``margin`` above the truth, for every cell that may not be shown by itself."""
    blocks = divide(units, AXES, RULES)
    numbers = published(blocks, _CONCERNS)
    for leaves, inside in _cells_of(units):
        known = solve(numbers, _CONCERNS, leaves)
        assert known == bounds(blocks, leaves)
        if not is_safe(inside, RULES):
            assert known.least == 0
            assert known.most is None or known.most >= len(inside) + RULES.margin


@settings(max_examples=60)
@given(tables())
def test_every_sum_of_published_numbers_could_be_published(units: list[Unit]) -> None:
    blocks = divide(units, AXES, RULES)
    for chosen in [*combinations(blocks, 2), *([blocks] if blocks else [])]:
        inside = [each for each in units if any(block.covers(each.place) for block in chosen)]
        assert is_safe(inside, RULES)


@given(tables())
def test_nothing_is_lost_but_a_whole_side(units: list[Unit]) -> None:
    blocks = divide(units, AXES, RULES)
    assert sum(block.claims for block in blocks) in {0, len(units)}


@given(st.data())
def test_the_order_of_claims_does_not_matter(data: st.DataObject) -> None:
    units = data.draw(tables())
    assert divide(data.draw(st.permutations(units)), AXES, RULES) == divide(units, AXES, RULES)


def test_a_cell_of_one_is_counted_with_the_smallest_that_could_be_shown() -> None:
    units = [*cell(20), *cell(12, domain=1), *cell(9, domain=2), unit([5], 77, domain=3), *cell(9, group=1)]
    blocks = divide(units, AXES, RULES)
    assert [(block.groups, block.domains, block.claims) for block in blocks] == [
        (GROUPS[:1], DOMAINS[:1], 20),
        (GROUPS[:1], DOMAINS[1:2], 12),
        (GROUPS[:1], AXES.domains[2:], 10),
        (GROUPS[1:], AXES.domains, 9),
    ]


def test_empty_cells_are_hidden_like_small_ones() -> None:
    """With and without the one claim in the fourth column, the same cells are shown and the same are hidden."""
    without = [*cell(20), *cell(12, domain=1), *cell(9, domain=2), *cell(9, group=1)]
    alone, beside = (divide(units, AXES, RULES) for units in (without, [*without, unit([5], 77, domain=3)]))
    assert [block.domains for block in alone] == [block.domains for block in beside]
    empty = [place for place in _CONCERNS if (place.group, place.domain) == (GROUPS[0], AXES.domains[3])]
    assert solve(published(alone, _CONCERNS), _CONCERNS, empty).most == 9


def test_where_every_cell_can_be_shown_every_cell_is() -> None:
    axes = Axes(dict.fromkeys(SIDES, GROUPS[:2]), DOMAINS[:2])
    units = [each for group in range(2) for domain in range(2) for each in cell(6, group=group, domain=domain)]
    blocks = divide(units, axes, RULES)
    assert [(block.groups, block.domains, block.bands, block.claims) for block in blocks] == [
        ((group,), (domain,), BANDS, 6) for group in GROUPS[:2] for domain in DOMAINS[:2]
    ]


def test_readings_are_told_apart_where_there_are_enough_of_two() -> None:
    even = [replace(each, place=replace(each.place, band="even")) for each in cell(6)]
    blocks = divide([*cell(9), *even, *cell(9, domain=1), *cell(9, group=1)], AXES, RULES)
    assert [(block.bands, block.claims) for block in blocks] == [
        (("likely",), 9),
        (BANDS[1:], 6),
        (BANDS, 9),
        (BANDS, 9),
    ]


def _weaker(**changes: int) -> Callable[[Sequence[Unit]], Sequence[Block]]:
    rules: Rules = replace(RULES, **changes)
    return lambda units: divide(units, AXES, rules)


def _with_totals(units: Sequence[Unit]) -> Sequence[Block]:
    """The division, and beside it a total of everything: two numbers over the same claims."""
    whole = Block("concern", GROUPS, AXES.domains, BANDS, len(units))
    return (*divide(units, AXES, RULES), whole)


def _without_complement(units: Sequence[Unit]) -> Sequence[Block]:
    """Cells that may be shown, and the rest whatever it is."""
    shown, rest = [], 0
    for (group, domain), inside in by(units, lambda place: (place.group, place.domain)).items():
        if is_safe(inside, RULES):
            shown.append(Block("concern", (group,), (domain,), BANDS, len(inside)))
        else:
            rest += len(inside)
    hidden = tuple(domain for domain in AXES.domains if not any(domain in block.domains for block in shown))
    return (*shown, Block("concern", GROUPS[:1], hidden, BANDS, rest))


@pytest.mark.parametrize(
    ("weaker", "units", "leak"),
    [
        (_weaker(k=2, second_percent=0), [unit([n % 2], n) for n in range(6)], "unsafe-block"),
        (_weaker(largest_percent=100, second_percent=0), [*cell(3), *(unit([0], n) for n in range(9))], "unsafe-block"),
        (_weaker(second_percent=0), [*(unit([n % 2], n) for n in range(12)), unit([2], 12)], "unsafe-block"),
        (_weaker(subjects=1), [unit([1, 2, 3], 1), unit([1, 2, 3], 2)], "unsafe-block"),
        (_weaker(roots=1), [unit([n], n, source=7) for n in range(4)], "unsafe-block"),
        (
            _weaker(margin=0),
            [*(unit([n % 2], n) for n in range(6)), *(unit([2], n, domain=1) for n in (7, 8))],
            "pinned-above",
        ),
        (_with_totals, cell(20), "overlap"),
        (_without_complement, [*cell(20), unit([5], 77, domain=3)], "unsafe-block"),
        (lambda units: [replace(b, claims=b.claims + 1) for b in divide(units, AXES, RULES)], cell(20), "wrong-count"),
    ],
    ids=["k", "dominance", "second", "subjects", "roots", "margin", "totals", "complement", "count"],
)
def test_the_audit_finds_a_weaker_rule(
    weaker: Callable[[Sequence[Unit]], Sequence[Block]], units: list[Unit], leak: str
) -> None:
    assert leak in {found.kind for found in audit(weaker(units), units, AXES, RULES)}


def test_a_least_cell_count_with_totals_is_solved() -> None:
    """DataSHIELD's rules for a table (no cell below three) beside its totals: the hidden cell is exactly known."""
    units = [*cell(20), *cell(12, domain=1), unit([5], 77, domain=3), *cell(9, group=1)]
    cells = by(units, lambda place: (place.group, place.domain))
    leaves = {where: [place for place in _CONCERNS if (place.group, place.domain) == where] for where in cells}
    numbers = [Published(frozenset(leaves[where]), len(inside)) for where, inside in cells.items() if len(inside) >= 3]
    numbers.append(Published(frozenset(_CONCERNS), len(units)))
    hidden = next(where for where, inside in cells.items() if len(inside) < 3)
    rest = [place for place in _CONCERNS if not any(place in number.places for number in numbers[:-1])]
    assert solve(numbers, _CONCERNS, rest).least == solve(numbers, _CONCERNS, rest).most == len(cells[hidden])
    ours = published(divide(units, AXES, RULES), _CONCERNS)
    assert solve(ours, _CONCERNS, leaves[hidden]).least == 0
    assert (solve(ours, _CONCERNS, leaves[hidden]).most or 0) >= 1 + RULES.margin
