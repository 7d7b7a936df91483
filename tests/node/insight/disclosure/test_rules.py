"""Which numbers may be published, and that sums of them may."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.disclosure import Reason, Unit
from node.insight.disclosure import reasons, rules_of
from node.insight.disclosure.audit import is_safe
from node.insight.disclosure.rules import roots
from protocol.identifiers import Digest
from tests.node.insight.disclosure.tables import RULES, cell, key, tables, unit


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        (cell(3), ()),
        (cell(60), ()),
        ([unit([1, 2, 3], 1), unit([1, 2, 3], 2), unit([1, 2, 3], 3)], ()),
        ([], ("contributors", "subjects", "roots")),
        ([unit([1], 1), unit([2], 2), unit([1], 3), unit([2], 4)], ("contributors", "two-contributors")),
        ([*cell(6), *(unit([0], number) for number in range(6, 12))], ("one-contributor",)),
        ([unit([1 + n % 2], n) for n in range(12)] + [unit([3], 12)], ("two-contributors",)),
        ([unit([1, 2, 3], 1), unit([1, 2, 3], 2)], ("subjects",)),
        ([unit([1, 2, 3, 4], 1) for _ in range(3)] + [unit([1, 2, 3, 4], n) for n in (2, 3)], ("one-subject",)),
        ([unit([n], n, source=7) for n in range(4)], ("roots",)),
    ],
    ids=["three", "many", "agreeing", "nothing", "two", "flood", "two-large", "subjects", "one-subject", "one-paper"],
)
def test_why_a_number_is_not_shown(units: Sequence[Unit], expected: tuple[Reason, ...]) -> None:
    assert reasons(units, RULES) == expected
    assert is_safe(units, RULES) == (not expected)


def test_the_charter_can_ask_for_more_and_not_for_less() -> None:
    assert rules_of(2).k == rules_of(3).k == 3
    assert rules_of(5).k == 5


def test_opinions_that_share_a_source_through_others_are_one_root() -> None:
    one, two, three = (Digest(key(name)) for name in "abc")
    chained = [frozenset({one, two}), frozenset({two, three}), frozenset({three})]
    assert roots([chained]) == 1
    assert roots([[frozenset({one})], [frozenset({two})], [frozenset(), frozenset()]]) == 4


@given(tables())
def test_two_ways_to_compute_the_rules_agree(units: list[Unit]) -> None:
    assert (not reasons(units, RULES)) == (bool(units) and is_safe(units, RULES))


@given(tables(), tables())
def test_what_may_be_shown_may_be_summed(left: list[Unit], right: list[Unit]) -> None:
    """So a total of shown numbers tells no more than they do, whoever adds up whichever of them."""
    if not reasons(left, RULES) and not reasons(right, RULES):
        assert not reasons([*left, *right], RULES)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_no_one_who_knows_its_own_part_is_left_with_less_than_two_others(sizes: list[int]) -> None:
    """A contributor who subtracts itself: two others remain, and the smaller hides a fifth of the larger at least."""
    units = [unit([who], 100 * who + n) for who, size in enumerate(sizes) for n in range(size)]
    if reasons(units, RULES):
        return
    for who, own in enumerate(sizes):
        others = sorted((size for number, size in enumerate(sizes) if number != who and size), reverse=True)
        assert len(others) >= RULES.k - 1
        assert (len(units) - own - others[0]) * 100 >= others[0] * RULES.second_percent
