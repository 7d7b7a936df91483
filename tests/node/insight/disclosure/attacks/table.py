"""The attacks, one row each: ``docs/disclosure.md`` shows this table, and a test compares the two."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest

from node.domain.disclosure import Content, Period
from node.errors import Code, HanseError
from tests.node.insight.disclosure.attacks.stage import (
    AUGUST,
    JULY,
    MEMBERS,
    OPAQUE,
    QUANTUM,
    ROBOTICS,
    Stage,
)
from tests.node.insight.disclosure.tables import published, solve, subject


@dataclass(frozen=True, slots=True)
class Attack:
    """What somebody tries, and what comes of it."""

    name: str
    tries: str
    outcome: str
    run: Callable[[Stage], None]


def _not_pinned(stage: Stage, content: Content, truth: int) -> None:
    """The cell of robotics may be empty, and may hold more than it does by the margin."""
    known = stage.known(content, OPAQUE, ROBOTICS)
    assert known.least == 0
    assert known.most is None or known.most >= truth + stage.rules.margin


def by_time(stage: Stage) -> None:
    stage.crowd(JULY)
    july = stage.issue(JULY)
    stage.crowd(AUGUST)
    stage.state(2, AUGUST)
    august = stage.issue(AUGUST)
    _not_pinned(stage, july, 0)
    _not_pinned(stage, august, 1)
    total = {content.period: sum(block.claims for block in content.blocks) for content in (july, august)}
    assert total == {JULY: 54, AUGUST: 55}  # of different findings: their difference is no set of findings


def by_overlapping_periods(stage: Stage) -> None:
    stage.crowd(JULY)
    stage.issue(JULY)
    assert stage.refused(JULY) is Code.CONFLICT
    assert stage.refused(Period.parse("2026-Q3")) is Code.INVALID  # not over; over, it would be a conflict
    stage.issue(Period.parse("2026-Q2"))
    for month in ("2026-04", "2026-05", "2026-06"):
        assert stage.refused(Period.parse(month)) is Code.CONFLICT


def by_filter(stage: Stage) -> None:
    stage.crowd(JULY)
    stage.state(2, JULY)
    content = stage.issue(JULY)
    numbers = published(content.blocks, places := stage.places())
    for block in content.blocks:
        wanted = [place for place in places if not block.covers(place) and place.side == block.side]
        exact = solve(numbers, places, wanted)
        sides = sum(each.claims for each in content.blocks if each.side == block.side)
        assert (exact.least, exact.most) == (sides - block.claims, sides - block.claims)
    _not_pinned(stage, content, 1)


def by_totals(stage: Stage) -> None:
    stage.crowd(JULY)
    stage.state(2, JULY)
    content = stage.issue(JULY)
    places = stage.places()
    group = stage.vocabulary.indicators[OPAQUE].group
    cell = [place for place in places if (place.side, place.group, place.domain) == ("concern", group, ROBOTICS)]
    known = solve(published(content.blocks, places), places, cell)
    assert known.least == 0
    assert known.most is not None
    assert known.most >= 1 + stage.rules.margin


def by_two_audiences(stage: Stage) -> None:
    stage.crowd(JULY)
    prepared = stage.prepare(JULY, "public")
    stage.issue(JULY, "partners")
    assert stage.refused(JULY, "public") is Code.CONFLICT
    with pytest.raises(HanseError) as refusal:
        stage.approve(prepared)
    assert refusal.value.code is Code.CONFLICT


def by_membership(stage: Stage) -> None:
    stage.crowd(JULY)
    stage.crowd(AUGUST)
    stage.state(5, JULY)
    stage.state(5, AUGUST)
    july = stage.issue(JULY)
    stage.leave(5)
    assert stage.refused(JULY) is Code.CONFLICT
    august = stage.issue(AUGUST)
    _not_pinned(stage, july, 1)
    _not_pinned(stage, august, 1)


def by_retraction(stage: Stage) -> None:
    stage.crowd(JULY)
    taken_back = stage.state(2, JULY, OPAQUE, QUANTUM)
    issued = stage.approve(stage.prepare(JULY))
    stage.retract(2, taken_back)
    stage.crowd(AUGUST)
    assert stage.refused(JULY) is Code.CONFLICT
    assert stage.data(issued.id) == issued.data
    assert sum(block.claims for block in stage.issue(AUGUST).blocks) == 54


def by_retraction_before_approval(stage: Stage) -> None:
    stage.crowd(JULY)
    taken_back = stage.state(2, JULY, OPAQUE, QUANTUM)
    prepared = stage.prepare(JULY)
    stage.retract(2, taken_back)
    with pytest.raises(HanseError) as refusal:
        stage.approve(prepared)
    assert refusal.value.code is Code.CONFLICT
    assert sum(block.claims for block in stage.issue(JULY).blocks) == 54


def by_late_arrival(stage: Stage) -> None:
    stage.crowd(JULY)
    stage.issue(JULY)
    stage.state(2, JULY)
    stage.crowd(AUGUST)
    assert sum(block.claims for block in stage.issue(AUGUST).blocks) == 54
    assert stage.refused(JULY) is Code.CONFLICT


def by_own_part(stage: Stage) -> None:
    stage.crowd(JULY)
    stage.state(2, JULY)
    content = stage.issue(JULY)
    units = stage.units(JULY)
    for block in content.blocks:
        inside = [unit for unit in units if block.covers(unit.place)]
        voices = frozenset().union(*(unit.contributors for unit in inside))
        for own in voices:
            others = {v: sum(v in unit.contributors for unit in inside) for v in voices - {own}}
            assert len(others) >= stage.rules.k - 1
            assert sum(others.values()) - max(others.values()) >= max(others.values()) / 5


def by_flood(stage: Stage) -> None:
    stage.crowd(JULY)
    for _ in range(30):
        stage.state(1, JULY, OPAQUE, ROBOTICS)
    stage.state(2, JULY, OPAQUE, ROBOTICS)
    stage.state(3, JULY, OPAQUE, ROBOTICS)
    _not_pinned(stage, stage.issue(JULY), 32)


def by_repetition(stage: Stage) -> None:
    stage.crowd(JULY)
    for _ in range(3):
        stage.state(2, JULY, OPAQUE, QUANTUM, about=subject(9_000))
    assert sum(block.claims for block in stage.issue(JULY).blocks) == 55


def by_zero(stage: Stage) -> None:
    stage.crowd(JULY)
    stage.crowd(AUGUST)
    stage.state(2, AUGUST)
    with_none, with_one = stage.issue(JULY), stage.issue(AUGUST)
    shown = [[(b.side, b.groups, b.domains, b.bands) for b in content.blocks] for content in (with_none, with_one)]
    assert shown[0] == shown[1]
    _not_pinned(stage, with_none, 0)
    _not_pinned(stage, with_one, 1)


def by_averaging(stage: Stage) -> None:
    stage.crowd(JULY)
    stage.state(2, JULY)
    assert len({stage.prepare(JULY).data for _ in range(5)}) == 1


def by_naming(stage: Stage) -> None:
    known = subject(9_001)
    stage.crowd(JULY)
    for author in range(2):
        stage.state(author, JULY, OPAQUE, QUANTUM, about=known)
    content = stage.issue(JULY, named=(known,))
    assert [(named.subject, named.indicator, named.band) for named in content.named] == []
    other = subject(9_002)
    for author in range(MEMBERS):
        stage.state(author, AUGUST, OPAQUE, QUANTUM, about=other)
    stage.crowd(AUGUST)
    content = stage.issue(AUGUST, named=(other, known))
    assert [(named.subject, named.indicator, named.band) for named in content.named] == [(other, OPAQUE, "likely")]
    assert sum(block.claims for block in content.blocks) == 54  # the named claim is in no number


def by_handling(stage: Stage) -> None:
    stage.crowd(JULY)
    before = stage.prepare(JULY)
    stage.state(2, JULY, handling="TLP:AMBER+STRICT")
    assert stage.prepare(JULY).data == before.data
    public = stage.prepare(JULY, "public")
    assert b'"claims"' not in public.data


def by_one_person(stage: Stage) -> None:
    stage.crowd(JULY)
    prepared = stage.prepare(JULY)
    assert stage.approve_alone(prepared) is Code.FOUR_EYES


ATTACKS: Final = (
    Attack(
        "time", "Compare two consecutive releases", "They count different findings: the difference is none", by_time
    ),
    Attack(
        "overlap",
        "Compare a quarter with one of its months, or a period with itself made again",
        "Refused: a month is in one issued release of a circle, for ever",
        by_overlapping_periods,
    ),
    Attack(
        "filter",
        "Take the number of one selection from that of a wider one",
        "What is left is a sum of other shown numbers, and each sum could be shown by itself",
        by_filter,
    ),
    Attack(
        "totals",
        "Solve the table with all its sums as a linear programme",
        "A hidden cell lies between nothing and at least k above what it is",
        by_totals,
    ),
    Attack(
        "two audiences",
        "Compare the release for partners with the public one",
        "Refused: a period has one audience; the other approval fails",
        by_two_audiences,
    ),
    Attack(
        "membership",
        "Compare releases before and after a member leaves",
        "The earlier one stays as issued; the later one counts other findings",
        by_membership,
    ),
    Attack(
        "retraction",
        "Have one finding retracted and compare",
        "What was issued stays; later releases never counted it",
        by_retraction,
    ),
    Attack(
        "retraction before approval",
        "Have one finding retracted between preview and approval",
        "The approval is refused; what is prepared anew is without it",
        by_retraction_before_approval,
    ),
    Attack(
        "late arrival",
        "Sign one finding with a date in a period that is issued",
        "It is in no release, this one or a later one",
        by_late_arrival,
    ),
    Attack(
        "own part",
        "A member takes away what it stated itself",
        "At least k - 1 others are left, and the largest cannot be told to within a fifth",
        by_own_part,
    ),
    Attack(
        "flood",
        "One member fills a cell in which two others have one claim each",
        "The cell is hidden: one contributor has more than half",
        by_flood,
    ),
    Attack(
        "repetition",
        "State the same claim several times (the duplicated row of dsBase #251)",
        "One claim, one contributor: it counts once",
        by_repetition,
    ),
    Attack(
        "zero",
        "Tell an empty cell from one that holds a single claim",
        "The same cells are shown and hidden in both cases",
        by_zero,
    ),
    Attack(
        "averaging",
        "Have the same release prepared many times and average",
        "The same bytes each time: there is no noise and no rounding",
        by_averaging,
    ),
    Attack(
        "naming",
        "Name a subject and subtract its claims from the counts",
        "A named claim is in no count, and is named only with k contributors, two roots and no dominant one",
        by_naming,
    ),
    Attack(
        "handling",
        "Count what was left out for its handling",
        "The release is the same, byte for byte: how much was left out is told to coordinators alone",
        by_handling,
    ),
    Attack("alone", "Prepare a release and approve it oneself", "Refused: a second person approves", by_one_person),
)
"""What was tried. Attacks through pages and the API are in the tests of those."""
