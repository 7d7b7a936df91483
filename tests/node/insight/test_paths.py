"""Paths: found over every origin, gone with what they rested on, bounded, and said by whom they could be known."""

import pytest

from node.accounts.manage import create_account
from node.domain.accounts import Role
from node.insight.graph import MAX_PASSED
from node.insight.paths import MAX_HOPS, MAX_TARGETS, PATHS_TO_ONE
from node.storage import subject_links
from protocol.identifiers import Digest, encode_bytes
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import Pool, pools_of
from tests.node.insight.ties import found, name_of, own_tie, register, routes, state, tied, worry
from tests.node.subjects.registry import subject


def test_a_path_joins_what_no_single_node_knew(pool: Pool, vocabulary: Vocabulary) -> None:
    register(pool, countries={1: "NN", 2: "MM", 3: "MM"})
    state(pool, 1, 1, 2, "joint-laboratory-of")
    state(pool, 2, 3, 2, "controls")
    worry(pool, 3, 3)
    (path,) = found(pool, vocabulary, 1).paths
    assert path.nodes == (subject(1), subject(2), subject(3))
    assert (path.knowledge, path.border, path.origins) == ("nobody-alone", "crosses", ("pooled",))
    assert (path.roots, len(path.contributors)) == (2, 2)
    assert [hop.ties[0].relation for hop in path.hops] == ["joint-laboratory-of", "controls"]


def test_every_origin_can_be_a_step_and_is_named(pool: Pool, vocabulary: Vocabulary) -> None:
    register(pool, (1, "parent", 2), countries={1: "NN", 2: "NN", 3: "NN", 4: "NN"})
    state(pool, 1, 2, 3)
    worry(pool, 1, 4)
    (path,) = found(pool, vocabulary, 1, [own_tie(4, 3)]).paths
    assert path.origins == ("registry", "pooled", "private")
    assert [[tie.origin for tie in hop.ties] for hop in path.hops] == [["registry"], ["pooled"], ["private"]]
    assert (path.border, path.knowledge) == ("stays", "nobody-alone")
    assert found(pool, vocabulary, 1).paths == ()


@pytest.mark.parametrize(
    ("authors", "private", "knowledge"),
    [
        ((1, 1), False, "one-member"),
        ((0, 0), False, "ourselves"),
        ((0,), True, "ourselves"),
        ((1,), True, "nobody-alone"),
        ((0, 1), False, "nobody-alone"),
    ],
)
def test_who_could_have_known_a_path(
    quick_pool: Pool, vocabulary: Vocabulary, authors: tuple[int, ...], *, private: bool, knowledge: str
) -> None:
    for step, author in enumerate(authors, start=1):
        state(quick_pool, author, step, step + 1)
    own = [own_tie(2, 3)] if private else []
    worry(quick_pool, 2, 3)
    (path,) = found(quick_pool, vocabulary, 1, own).paths
    assert path.knowledge == knowledge


def test_the_registry_is_open_to_everybody(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    register(quick_pool, (1, "parent", 2), (3, "parent", 2))
    worry(quick_pool, 1, 3)
    (path,) = found(quick_pool, vocabulary, 1).paths
    assert (path.knowledge, path.roots, path.contributors, path.border) == ("public", 0, (), "unknown")
    state(quick_pool, 1, 3, 4)
    worry(quick_pool, 2, 4)
    assert [each.knowledge for each in found(quick_pool, vocabulary, 1).paths] == ["public", "one-member"]


def test_what_was_retracted_or_has_expired_is_no_step_and_no_end(pool: Pool, vocabulary: Vocabulary) -> None:
    tie, concern = state(pool, 1, 1, 2), worry(pool, 2, 2)
    assert routes(found(pool, vocabulary, 1)) == [(subject(1), subject(2))]
    assert found(pool, vocabulary, 1, now=Timestamp(make.IAT + make.LIFE)).paths == ()
    pool.say(1, make.retraction(pool.circle, tie))
    assert found(pool, vocabulary, 1).paths == ()
    state(pool, 1, 1, 2)
    assert len(found(pool, vocabulary, 1).paths) == 1
    pool.say(2, make.retraction(pool.circle, concern))
    assert found(pool, vocabulary, 1).paths == ()


def test_a_corrected_tie_leads_where_it_now_leads(pool: Pool, vocabulary: Vocabulary) -> None:
    tie = state(pool, 1, 1, 2)
    worry(pool, 2, 3)
    assert found(pool, vocabulary, 1).paths == ()
    pool.say(1, make.correction(pool.circle, tie, tied(pool, 1, 3).body))
    assert routes(found(pool, vocabulary, 1)) == [(subject(1), subject(3))]


def test_an_assurance_is_no_end_of_a_path(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    state(quick_pool, 1, 1, 2)
    quick_pool.find(
        1,
        make.finding_body(
            subject(2), next(code for code, each in vocabulary.indicators.items() if each.polarity == "assurance")
        ),
    )
    assert found(quick_pool, vocabulary, 1).paths == ()


def test_a_path_has_at_most_four_ties_and_meets_nobody_twice(pool: Pool, vocabulary: Vocabulary) -> None:
    for number in range(1, 7):
        state(pool, number % 2, number, number + 1)
    state(pool, 1, 3, 1)
    state(pool, 1, 4, 2)
    for number in (1, 2, 4, 7):
        worry(pool, 1, number)
    reading = found(pool, vocabulary, 1)
    assert routes(reading) == [
        (subject(1), subject(2)),
        (subject(1), subject(2), subject(4)),
        (subject(1), subject(3), subject(4)),
    ]
    assert all(len(set(path.nodes)) == len(path.nodes) <= MAX_HOPS + 1 for path in reading.paths)
    assert routes(found(pool, vocabulary, 3))[-1][-1] == subject(7)


def test_a_hub_is_not_passed_through_and_is_named(pool: Pool, vocabulary: Vocabulary) -> None:
    pool.say(1, *(tied(pool, 500, number, "funds") for number in range(2, MAX_PASSED + 3)))
    state(pool, 1, 1, 2)
    state(pool, 1, 400, 500)
    worry(pool, 2, 3)
    reading = found(pool, vocabulary, 1)
    assert reading.paths == ()
    assert reading.left_out.hubs == ((subject(500), MAX_PASSED + 2),)
    assert reading.places[subject(500)].label == subject(500)
    # Who is tied to the hub itself sees those behind it that have a concern, and nobody else.
    near = found(pool, vocabulary, 400)
    assert routes(near) == [(subject(400), subject(500), subject(3))]
    assert near.left_out.hubs == ((subject(500), MAX_PASSED + 2),)


def test_many_ways_and_many_ends_are_bounded_and_counted(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    for number in range(2, 10):
        quick_pool.say(1, tied(quick_pool, 1, number), tied(quick_pool, number, 100))
    worry(quick_pool, 1, 100)
    assert len(found(quick_pool, vocabulary, 1).paths) == PATHS_TO_ONE
    for number in range(200, 200 + MAX_TARGETS + 5):
        quick_pool.say(1, tied(quick_pool, 1, number))
        worry(quick_pool, 1, number)
    reading = found(quick_pool, vocabulary, 1)
    assert (len(reading.paths), reading.left_out.targets) == (MAX_TARGETS, 5)
    # Enough is near: what is two ties away is not looked for, and the reading says so.
    assert reading.left_out.ended == 1
    assert subject(100) not in {path.nodes[-1] for path in reading.paths}


def test_the_weakest_tie_is_named_and_the_better_path_comes_first(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    quick_pool.say(1, tied(quick_pool, 1, 2, grade=("A", 2)), tied(quick_pool, 2, 4, grade=("D", 4)))
    quick_pool.say(1, tied(quick_pool, 1, 3, grade=("C", 3)), tied(quick_pool, 3, 4, grade=("A", 2)))
    worry(quick_pool, 2, 4)
    better, worse = found(quick_pool, vocabulary, 1).paths
    assert [hop.start for hop in better.hops] == [subject(1), subject(3)]
    assert (better.weakest, worse.weakest) == (0, 1)


def test_a_disputed_tie_counts_for_less(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    tie = state(quick_pool, 1, 1, 2)
    worry(quick_pool, 2, 2)
    (before,) = found(quick_pool, vocabulary, 1).paths
    quick_pool.say(3, make.response(quick_pool.circle, quick_pool.contributor(1), tie, "disputes"))
    (after,) = found(quick_pool, vocabulary, 1).paths
    assert after.hops[0].strength_ppm < before.hops[0].strength_ppm
    (reply,) = after.hops[0].ties[0].statements[0].responses
    assert reply.stance == "disputes"


def test_statements_that_share_a_source_are_one_root(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    shared = Digest(encode_bytes(b"\x01" * 32))
    quick_pool.say(1, tied(quick_pool, 1, 2, sources=[shared]))
    quick_pool.say(2, tied(quick_pool, 2, 3, sources=[shared]))
    worry(quick_pool, 1, 3)
    (path,) = found(quick_pool, vocabulary, 1).paths
    assert (path.roots, len(path.contributors)) == (1, 2)


def test_no_country_changes_a_path(
    quick_pool: Pool, tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary
) -> None:
    readings = []
    (other,) = pools_of(tmp_path_factory.mktemp("other"), "sqlite://")
    for each, countries in ((quick_pool, ("NN", "MM", "QQ", "RR")), (other, ("RR", "QQ", "MM", "NN"))):
        register(each, (1, "parent", 2), countries=dict(zip((1, 2, 3, 4), countries, strict=True)))
        each.say(1, tied(each, 2, 3), tied(each, 2, 4))
        worry(each, 1, 3)
        worry(each, 1, 4)
        readings.append(routes(found(each, vocabulary, 1)))
    other.database.close()
    assert readings[0] == readings[1] != []


def test_a_subject_that_nobody_knows_has_no_paths(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    reading = found(quick_pool, vocabulary, 900)
    assert (reading.paths, reading.reached, reading.left_out.anything) == ((), 0, False)
    assert name_of(900) not in reading.places[subject(900)].label


def test_linked_identifiers_are_one_point_until_the_link_is_undone(pool: Pool, vocabulary: Vocabulary) -> None:
    runtime = pool.node.runtime
    state(pool, 1, 1, 2)
    state(pool, 2, 20, 3)
    worry(pool, 1, 30)
    before = found(pool, vocabulary, 1)
    with pool.database.write() as tx:
        account, _ = create_account(
            tx, runtime.vault, login="tamsin", display_name="R. Tamsin", roles=frozenset({Role.OFFICER}), now=make.IAT
        )
        links = [
            subject_links.insert(tx, runtime.vault, subject(alias), subject(end), account.id, "", make.IAT)
            for alias, end in ((20, 2), (30, 3))
        ]
    (path,) = found(pool, vocabulary, 1, [own_tie(20, 2)]).paths
    assert path.nodes == (subject(1), subject(2), subject(3))
    assert found(pool, vocabulary, 20).subject == subject(2)
    assert [name.id for name in found(pool, vocabulary, 1).places[subject(3)].concerns] == [make.INDICATOR]
    with pool.database.write() as tx:
        for link in links:
            assert subject_links.undo(tx, link.id, account.id, make.IAT)
    assert found(pool, vocabulary, 1) == before
    assert before.paths == ()
