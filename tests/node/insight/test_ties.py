"""Neighbourhoods and relatives: what is stated, by whom, and what was left out."""

from collections.abc import Sequence

import pytest

from node import insight
from node.domain.graph import Neighbourhood, Origin, OwnTie, RollUp
from node.insight.dossier import MAX_RELATIONS
from node.insight.graph import MAX_TIES, neighbourhood
from node.insight.refresh import catch_up
from node.insight.rollup import MAX_KIN, MAX_READ, roll_up
from node.web.drawing import MAX_GROUPS, MAX_NEIGHBOURS, Drawing, draw, measure, wrap
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import Pool
from tests.node.insight.ties import name_of, own_tie, register, state, tied, worry
from tests.node.subjects.registry import subject


def around(
    pool: Pool,
    vocabulary: Vocabulary,
    number: int,
    *,
    depth: int = 1,
    origins: Sequence[Origin] = ("registry", "pooled", "private"),
    private: Sequence[OwnTie] = (),
) -> Neighbourhood:
    with pool.database.read() as tx:
        return neighbourhood(tx, vocabulary, subject(number), make.IAT, depth=depth, origins=origins, private=private)


def relatives(pool: Pool, vocabulary: Vocabulary, number: int, private: Sequence[OwnTie] = ()) -> RollUp:
    with pool.database.read() as tx:
        return roll_up(tx, vocabulary, subject(number), make.IAT, private=private)


def test_origins_are_kept_apart_and_can_be_chosen(pool: Pool, vocabulary: Vocabulary) -> None:
    register(pool, (1, "parent", 2), (2, "child", 1), (1, "related", 3), (3, "related", 1))
    state(pool, 1, 1, 2, "branch-of")
    own = [own_tie(1, 4)]
    found = around(pool, vocabulary, 1, private=own)
    assert [(tie.origin, tie.relation) for tie in found.ties] == [
        ("registry", "parent"),
        ("registry", "related"),
        ("pooled", "branch-of"),
        ("private", "controls"),
    ]
    for origin, count in (("registry", 2), ("pooled", 1), ("private", 1)):
        assert len(around(pool, vocabulary, 1, origins=[origin], private=own).ties) == count  # type: ignore[list-item]
    assert found.further == {}


def test_two_members_who_state_the_same_tie_are_one_tie_with_two_voices(pool: Pool, vocabulary: Vocabulary) -> None:
    state(pool, 1, 1, 2, "shares-staff-with")
    state(pool, 2, 2, 1, "shares-staff-with")
    state(pool, 3, 2, 1, "funds")
    staff, money = sorted(around(pool, vocabulary, 1).ties, key=lambda tie: -len(tie.statements))
    assert (staff.relation, len(staff.statements), money.relation) == ("shares-staff-with", 2, "funds")
    assert staff.signal is not None
    assert (staff.signal.contributors, staff.signal.roots) == (2, 2)
    assert (money.subject, money.object) == (subject(2), subject(1))


def test_a_second_step_reads_what_the_neighbours_are_tied_to(pool: Pool, vocabulary: Vocabulary) -> None:
    state(pool, 1, 1, 2)
    state(pool, 1, 2, 3)
    state(pool, 1, 3, 4)
    one, two = around(pool, vocabulary, 1), around(pool, vocabulary, 1, depth=2)
    assert {tie.object for tie in one.ties} == {subject(2)}
    assert one.further == {subject(2): 1}
    assert {tie.object for tie in two.ties} == {subject(2), subject(3)}
    assert two.further == {subject(3): 1}


def test_a_retracted_tie_is_gone_and_a_disputed_one_shows_the_dispute(pool: Pool, vocabulary: Vocabulary) -> None:
    gone, disputed = state(pool, 1, 1, 2), state(pool, 1, 1, 3)
    pool.say(1, make.retraction(pool.circle, gone))
    pool.say(2, make.response(pool.circle, pool.contributor(1), disputed, "disputes"))
    (tie,) = around(pool, vocabulary, 1).ties
    (reply,) = tie.statements[0].responses
    assert (tie.object, reply.stance) == (subject(3), "disputes")


def test_relatives_stand_each_for_itself(pool: Pool, vocabulary: Vocabulary) -> None:
    register(pool, (1, "parent", 2), (1, "predecessor", 3), (4, "parent", 1))
    state(pool, 1, 5, 1, "parent-of")
    worry(pool, 2, 2)
    catch_up(pool.database, vocabulary, make.IAT)
    found = relatives(pool, vocabulary, 1, [own_tie(1, 6, code="controls")])
    kinds = {kin.place.id: (kin.kind, [tie.origin for tie in kin.ties]) for kin in found.kin}
    assert kinds == {
        subject(2): ("parent", ["registry"]),
        subject(5): ("parent", ["pooled"]),
        subject(4): ("part", ["registry"]),
        subject(6): ("part", ["private"]),
        subject(3): ("forerunner", ["registry"]),
    }
    parent = found.of("parent")[0]
    assert (parent.place.id, parent.stated) == (subject(2), True)
    ((circle, view),) = parent.readings
    assert (circle, view.subject, view.indicator.polarity) == ("Invented Circle", subject(2), "concern")
    assert all(not kin.readings for kin in found.kin if kin is not parent)


def test_many_relatives_are_named_read_and_counted_within_bounds(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    register(quick_pool, *((number, "parent", 1) for number in range(2, MAX_KIN + 7)))
    for number in range(2, MAX_READ + 5):
        worry(quick_pool, 1, number)
    catch_up(quick_pool.database, vocabulary, make.IAT)
    found = relatives(quick_pool, vocabulary, 1)
    assert (len(found.of("part")), found.more["part"]) == (MAX_KIN, 5)
    assert sum(bool(kin.readings) for kin in found.kin) == MAX_READ
    assert sum(kin.stated for kin in found.kin) == MAX_READ + 3


@pytest.fixture
def crowded(quick_pool: Pool, vocabulary: Vocabulary) -> Neighbourhood:
    """A subject with three hundred neighbours in every way that the vocabulary knows."""
    codes = list(vocabulary.relations)
    quick_pool.say(1, *(tied(quick_pool, 1, number, codes[number % len(codes)]) for number in range(2, 302)))
    return around(quick_pool, vocabulary, 1)


def _boxes(drawing: Drawing) -> list[tuple[float, float, float, float]]:
    """Where each line of text may reach."""
    found = []
    for line in drawing.words:
        wide = measure(line.text, 17 if line.kind == "centre" else 14.5 if line.kind == "name" else 12.5)
        left = {"start": line.x, "middle": line.x - wide / 2, "end": line.x - wide}[line.anchor]
        found.append((left, line.y - 10, left + wide, line.y + 2))
    return found


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_no_two_words_of_a_drawing_meet_and_none_leaves_it(
    crowded: Neighbourhood, vocabulary: Vocabulary, width: str
) -> None:
    drawing = draw(crowded, vocabulary, "wide" if width == "wide" else "narrow")
    boxes = _boxes(drawing)
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0
        assert right <= drawing.width
        assert top >= 0
        assert bottom <= drawing.height
        for other in boxes[number + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def test_a_drawing_counts_what_it_has_no_room_for(crowded: Neighbourhood, vocabulary: Vocabulary) -> None:
    drawing = draw(crowded, vocabulary, "wide")
    more = [line.text for line in drawing.words if line.text.startswith("and ")]
    assert (drawing.total, drawing.drawn <= MAX_NEIGHBOURS + MAX_GROUPS) == (300, True)
    assert more
    assert "300 neighbours" in drawing.description.replace("\u2009", "")


def test_names_in_any_script_fit_their_row() -> None:
    for name in ("海洋構造物研究所" * 12, "معهد الميكانيكا " * 20, "W" * 300, "Ω\u0301" * 90, "", "a b"):
        lines = wrap(name, 200, 14.5, 2)
        assert 1 <= len(lines) <= 2
        assert all(measure(line, 14.5) <= 200 for line in lines)
    assert wrap(name_of(1), 400, 14.5, 2) == [name_of(1)]


def test_more_ties_than_are_shown_are_counted(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    quick_pool.say(1, *(tied(quick_pool, 1, 2 + number, "funds") for number in range(MAX_TIES + 3)))
    found = around(quick_pool, vocabulary, 1)
    assert (len(found.ties), found.further[subject(1)]) == (MAX_TIES, 3)


def test_of_many_relations_the_first_live_ones_are_shown_and_the_others_counted(
    pool: Pool, vocabulary: Vocabulary
) -> None:
    relations = [make.relation(pool.circle, subject(1), subject(number)) for number in range(2, MAX_RELATIONS + 12)]
    pool.say(1, *relations, make.retraction(pool.circle, relations[0].id))
    with pool.database.read() as tx:
        (reading,) = insight.dossier(tx, vocabulary, subject(1), make.IAT).circles
        (other,) = insight.dossier(tx, vocabulary, subject(2), make.IAT).circles
    assert [each.object for each in reading.relations] == [subject(number) for number in range(3, MAX_RELATIONS + 3)]
    assert reading.further_relations == 9
    assert ([each.provenance.state for each in other.relations], other.further_relations) == (["retracted"], 0)
