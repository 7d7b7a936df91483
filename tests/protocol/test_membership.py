"""Membership: the vectors, and what holds for every set of facts."""

import itertools
from collections.abc import Iterable
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import statements
from protocol.circles import Charter
from protocol.errors import Code
from protocol.fork import ForkPoint
from protocol.identifiers import CircleId, KeyId
from protocol.limits import MAX_FACTS, MAX_KEY_CHANGES
from protocol.membership import (
    ByEndorsement,
    ByRotation,
    Endorses,
    Fact,
    Leaves,
    LogFact,
    Removes,
    Rotates,
    facts_of,
    membership,
)
from protocol.projection import WHOLE, Cut
from protocol.replica import AcceptedEntry, Unreadable
from protocol.statements import Statement
from tests.protocol import samples
from tests.protocol.parties import FOUNDERS, charter, endorses, identity, institution, key_id, leaves, removes, rotates
from tests.protocol.vector_file import VECTORS, load_cases
from tests.protocol.vectors_membership import CHARTER, admits, forked, roster_members, votes

EPOCHS: Final = tuple(f"{name}{number}" for name in (*FOUNDERS, "x", "y") for number in ("", "2", "3"))
"""The keys of five founders and two strangers, three each."""
INDICES: Final = st.integers(0, 6)
KEYS: Final = st.sampled_from(EPOCHS)


class _Case(msgspec.Struct, frozen=True):
    name: str
    facts: list[dict[str, object]]
    lines: dict[str, object]
    candidates: list[object]
    epochs: dict[str, object]


class _File(msgspec.Struct, frozen=True):
    charter: Charter


_KINDS: Final = {
    "endorses": Endorses,
    "removes": Removes,
    "leaves": Leaves,
    "rotates": Rotates,
    "fork": ForkPoint,
}


def _fact(members: dict[str, object]) -> Fact:
    given = dict(members)
    kind = _KINDS[str(given.pop("fact"))]
    if "card" in given:
        given["card"] = str(given["card"]).encode()
    made: Fact = kind(**given)
    return made


@pytest.mark.parametrize("case", load_cases("membership.json", _Case), ids=lambda case: case.name)
def test_vectors(case: _Case) -> None:
    terms = msgspec.json.decode((VECTORS / "membership.json").read_bytes(), type=_File).charter
    facts = [_fact(each) for each in case.facts]
    for order in (facts, facts[::-1], facts * 2):
        found = roster_members(membership(terms, order))
        assert found == {"lines": case.lines, "candidates": case.candidates, "epochs": case.epochs}


def facts(by: st.SearchStrategy[str] = KEYS, *, forks: bool = True) -> st.SearchStrategy[Fact]:
    """Whatever the logs of these keys can say, sense or nonsense; key statements often name a key of their own."""
    own = by.flatmap(lambda key: st.tuples(st.just(key), st.sampled_from(["", "2", "3"]))).map(
        lambda pair: (pair[0], institution(pair[0]) + pair[1])
    )
    kinds: list[st.SearchStrategy[Fact]] = [
        st.builds(endorses, by, KEYS, INDICES),
        st.builds(removes, by, KEYS, INDICES, INDICES),
        st.builds(leaves, by, INDICES),
        st.builds(rotates, by, KEYS, INDICES),
        st.builds(lambda pair, index: rotates(pair[0], pair[1], index), own, INDICES),
    ]
    if forks:
        kinds.append(st.builds(lambda key, index: ForkPoint(key_id(key), index), by, st.none() | INDICES))
    return st.one_of(kinds)


def told(*, forks: bool = True) -> st.SearchStrategy[list[Fact]]:
    """Sets in which things happen: single facts, and several that endorse one card or vote against one key."""
    groups = st.lists(st.sampled_from((*FOUNDERS, "a2", "b2", "x")), min_size=2, max_size=5, unique=True)
    admitted = st.builds(lambda key, by: [endorses(each, key) for each in by], KEYS, groups)
    removed = st.builds(
        lambda key, by, data: [removes(each, key, index) for each, index in zip(by, data, strict=False)],
        KEYS,
        groups,
        st.lists(INDICES, min_size=5, max_size=5),
    )
    single = facts(forks=forks).map(lambda fact: [fact])
    bundles: st.SearchStrategy[list[Fact]] = st.one_of(single, admitted, removed)
    return st.lists(bundles, max_size=9).map(lambda parts: list(itertools.chain.from_iterable(parts)))


SETS: Final = told()
CHARTERS: Final = st.builds(
    lambda q, r: charter(endorsement_quorum=q, removal_quorum=r), st.integers(1, 4), st.integers(1, 4)
)


@given(CHARTERS, SETS, st.data())
@settings(deadline=None)
def test_order_and_repetition_do_not_matter(terms: Charter, held: list[Fact], data: st.DataObject) -> None:
    other = data.draw(st.permutations(held + data.draw(st.lists(st.sampled_from(held)) if held else st.just([]))))
    assert membership(terms, held) == membership(terms, other)


def _admitted(terms: Charter, held: Iterable[Fact]) -> set[KeyId]:
    return set(membership(terms, held).lines)


def _after(fact: LogFact, held: list[Fact]) -> bool:
    """Whether its place in its log is after those of all the others: logs only grow at their end."""
    return all(isinstance(each, ForkPoint) or each.by != fact.by or each.index < fact.index for each in held)


@given(CHARTERS, told(forks=False), facts(forks=False))
@settings(deadline=None)
def test_nothing_that_is_said_later_takes_an_admission_back(terms: Charter, held: list[Fact], more: LogFact) -> None:
    if _after(more, held):
        assert _admitted(terms, held) <= _admitted(terms, [*held, more])


@given(CHARTERS, SETS, st.builds(removes, KEYS, KEYS, INDICES, INDICES) | st.builds(leaves, KEYS, INDICES))
@settings(deadline=None)
def test_votes_and_departures_make_no_member(terms: Charter, held: list[Fact], more: Fact) -> None:
    before, after = membership(terms, held), membership(terms, [*held, more])
    assert set(after.lines) <= set(before.lines)
    assert {line.identity for line in after.members.values()} <= {line.identity for line in before.members.values()}


@given(CHARTERS, SETS, st.lists(facts(), max_size=12), st.sampled_from(FOUNDERS), INDICES)
@settings(deadline=None, max_examples=200)
def test_the_removed_cannot_undo_it(terms: Charter, held: list[Fact], more: list[Fact], name: str, at: int) -> None:
    """Whatever one institution says, under all the keys it ever has: where it was removed it stays removed."""
    held = [*held, *(removes(each, name, at) for each in FOUNDERS if each != name)]
    own = [fact for fact in more if not isinstance(fact, ForkPoint) and _after(fact, held) and _speaker(fact) == name]
    before, after = membership(terms, held), membership(terms, [*held, *own])
    for key, line in before.lines.items():
        if line.identity == identity(name) and line.status == "removed":
            assert after.lines[key].status == "removed"
            # It may have endorsed somebody whose vote against it now counts as well; no vote is lost and none weakened.
            votes = after.lines[key].removal_votes
            assert all(votes[voter] <= index for voter, index in line.removal_votes.items())
            assert (after.lines[key].cut.void_from or 0) <= (line.cut.void_from or 0)


def _speaker(fact: LogFact) -> str:
    return next(institution(key) for key in EPOCHS if key_id(key) == fact.by)


@given(st.integers(2, 4), st.integers(2, 4), st.lists(facts(), max_size=30) | SETS, st.data())
@settings(deadline=None, max_examples=200)
def test_fewer_than_the_quorums_change_nothing_for_others(
    q: int, r: int, held: list[Fact], data: st.DataObject
) -> None:
    """Colluders below both quorums, with any number of invented institutions: nobody enters, nobody else is touched."""
    few = data.draw(st.lists(st.sampled_from(FOUNDERS), unique=True, max_size=min(q, r) - 1))
    said = [
        fact
        for fact in held
        if not isinstance(fact, ForkPoint) and (_speaker(fact) in few or _speaker(fact) not in FOUNDERS)
    ]
    roster = membership(charter(endorsement_quorum=q, removal_quorum=r), said)
    assert {line.identity for line in roster.lines.values()} == {identity(name) for name in FOUNDERS}
    for name in set(FOUNDERS) - set(few):
        line = roster.lines[key_id(name)]
        assert (line.status, line.cut) == ("current", WHOLE)


@given(CHARTERS, SETS)
@settings(deadline=None)
def test_a_roster_is_whole(terms: Charter, held: list[Fact]) -> None:
    roster = membership(terms, held)
    assert sorted(roster.lines) == list(roster.lines) == sorted(roster.ranks)
    assert len(set(roster.ranks.values())) == len(roster.lines)
    for key, line in roster.lines.items():
        assert line.founder.key_id == key
        assert roster.voice(key) == line.identity
        assert roster.cut(key) == line.cut
        assert (line.status == "removed") == (len(line.removal_votes) >= terms.removal_quorum)
        assert line.superseded_by is None or line.superseded_by in roster.lines
        assert line.identity not in line.removal_votes
        if isinstance(line.basis, ByEndorsement):
            assert len(line.basis.identities) >= terms.endorsement_quorum
            assert line.identity not in line.basis.identities
        if isinstance(line.basis, ByRotation):
            assert roster.lines[line.basis.predecessor].superseded_by == key
    assert all(each.founder.key_id not in roster.lines for each in roster.candidates)


def test_a_key_of_nobody_speaks_for_itself() -> None:
    roster = membership(CHARTER, ())
    stranger = key_id("x")
    assert roster.voice(stranger) == stranger
    assert roster.order(stranger) < min(roster.ranks.values())
    assert roster.cut(stranger) == WHOLE


def test_a_current_epoch_is_the_latest() -> None:
    chain = (rotates("a", "a2", 3), rotates("a2", "a3", 1))
    roster = membership(CHARTER, chain)
    assert roster.order(key_id("a")) < roster.order(key_id("a2")) < roster.order(key_id("a3"))
    again = membership(CHARTER, (*chain, *votes("a3", 0, "b", "c", "d"), *admits("a4", "b", "c")))
    assert [again.lines[key_id(key)].status for key in ("a", "a2", "a3", "a4")] == [
        "former",
        "former",
        "removed",
        "current",
    ]
    assert max(("a", "a2", "a3", "a4"), key=lambda key: again.order(key_id(key))) == "a4"
    assert again.order(key_id("a2")) < again.order(key_id("a3"))


def _collusion(colluders: str, terms: Charter) -> tuple[set[str], set[str]]:
    """The institutions that the colluders can bring in, and those founders that they can put out."""
    attempts: list[Fact] = [
        *(endorses(by, "x") for by in colluders),
        *(endorses(by, "y") for by in colluders),
        *(removes(by, target) for by in colluders for target in FOUNDERS if target not in colluders),
    ]
    roster = membership(terms, attempts)
    inside = {line.identity for line in roster.members.values()}
    return {name for name in "xy" if identity(name) in inside}, {n for n in FOUNDERS if identity(n) not in inside}


@pytest.mark.parametrize(
    ("colluders", "brought_in", "put_out"),
    [("a", set(), set()), ("ab", {"x", "y"}, set()), ("abc", {"x", "y"}, {"d", "e"})],
)
def test_what_colluders_can_do(colluders: str, brought_in: set[str], put_out: set[str]) -> None:
    """The table of docs/membership.md: two endorsements admit, three votes remove."""
    assert _collusion(colluders, CHARTER) == (brought_in, put_out)


def test_endorsers_can_outvote_the_circle_with_those_they_bring_in() -> None:
    """An endorsement quorum below the removal quorum has this price, and docs/membership.md says so."""
    brought = (endorses("a", "x"), endorses("b", "x"))
    against = (removes("a", "e"), removes("b", "e"), removes("x", "e"))
    assert membership(CHARTER, (*brought, *against)).lines[key_id("e")].status == "removed"


def test_removed_colluders_can_go_on_to_endorse_each_other() -> None:
    """Admission knows no removal, so that order cannot matter: the answer to q colluders is another circle."""
    put_out = [fact for target in "ab" for fact in votes(target, 0, "c", "d", "e")]
    roster = membership(CHARTER, (*put_out, *admits("x", "a", "b")))
    assert roster.lines[key_id("a")].status == roster.lines[key_id("b")].status == "removed"
    assert roster.lines[key_id("x")].status == "current"


def test_a_vote_from_a_removed_log_still_counts() -> None:
    roster = membership(CHARTER, (*votes("e", 0, "a", "b", "c"), *votes("d", 4, "a", "b", "e"), forked("c", 60)))
    assert roster.lines[key_id("d")].cut == Cut(void_from=4)


def _entry(index: int, content: Statement | Unreadable) -> AcceptedEntry:
    return AcceptedEntry(index, b"", bytes(32), content)


def test_facts_are_what_readable_entries_say() -> None:
    unsigned = msgspec.structs.replace(
        samples.endorsement(), body=statements.EndorsementBody(card=f"{samples.card()[:-6]}AAAAAA")
    )
    elsewhere = msgspec.structs.replace(samples.endorsement(), circle=CircleId(samples.fixed_digest("other circle")))
    said: tuple[Statement | Unreadable, ...] = (
        samples.finding(),
        samples.endorsement(),
        unsigned,
        Unreadable(Code.MALFORMED, ""),
        samples.removal(),
        samples.key(),
        samples.leave(),
        samples.endorsement(),
        elsewhere,  # its card was made for the other circle
    )
    by = samples.KEY.public.key_id
    card = samples.card().encode()
    assert facts_of(by, [_entry(index, content) for index, content in enumerate(said)]) == [
        Endorses(by, 1, card),
        Removes(by, 4, samples.OTHER_KEY.public.key_id, 7),
        Rotates(by, 5, card),
        Leaves(by, 6),
        Endorses(by, 7, card),
    ]


def _chain(length: int) -> list[Fact]:
    """So many changes of keys, one after the other, from a founder on."""
    return [rotates("a" if number == 1 else f"a{number}", f"a{number + 1}") for number in range(1, length + 1)]


def test_a_long_chain_of_keys_falls_with_its_first() -> None:
    roster = membership(CHARTER, (*_chain(MAX_KEY_CHANGES), *votes("a", 0, "b", "c", "d")))
    assert len(roster.lines) == len(FOUNDERS) + MAX_KEY_CHANGES
    assert not any(key_id(f"a{number}") in roster.members for number in range(2, MAX_KEY_CHANGES + 2))


def test_one_member_alone_does_not_fill_a_circle_with_logs() -> None:
    """A hostile member can change its key as often as its quota allows; so many changes count, and no more."""
    last, beyond = f"a{MAX_KEY_CHANGES + 1}", f"a{MAX_KEY_CHANGES + 2}"
    roster = membership(CHARTER, _chain(300))
    assert len(roster.lines) == len(FOUNDERS) + MAX_KEY_CHANGES
    assert roster.lines[key_id(last)].status == "former"
    assert roster.lines[key_id(last)].superseded_by is None
    endorsed = membership(CHARTER, (*_chain(300), *(endorses(by, beyond) for by in ("b", "c"))))
    assert len(endorsed.lines) == len(FOUNDERS) + 2 * MAX_KEY_CHANGES + 1  # from an endorsed key it begins anew


def test_the_shortest_way_to_a_key_counts_in_whatever_order_it_is_found() -> None:
    """A ring back into the chain, or an endorsed key in its middle, makes no way longer."""
    middle = f"a{MAX_KEY_CHANGES // 2}"
    facts = [*_chain(MAX_KEY_CHANGES + 10), *(endorses(by, middle) for by in ("b", "c"))]
    roster = membership(CHARTER, facts)
    assert roster == membership(CHARTER, reversed(facts))
    assert key_id(f"a{MAX_KEY_CHANGES + 11}") in roster.members


def test_only_the_first_facts_of_a_log_count() -> None:
    """Junk endorsements fill a log; a vote behind them is not heard, and one before them is."""
    junk = [Removes(key_id("b"), index, key_id("nobody"), index) for index in range(1, MAX_FACTS + 1)]
    early = Removes(key_id("b"), 0, key_id("a"), 0)
    late = Removes(key_id("b"), MAX_FACTS + 1, key_id("c"), 0)
    roster = membership(CHARTER, (late, *junk, early))
    assert roster.lines[key_id("a")].removal_votes == {identity("b"): 0}
    assert roster.lines[key_id("c")].removal_votes == {}
