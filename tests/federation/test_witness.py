"""Witnesses: what members have cosigned, how it travels, and how it is counted."""

from collections.abc import Iterable

import pytest
from starlette.testclient import TestClient

from node.domain.circles import Roster
from node.domain.ledger import WitnessLine
from node.storage import circles
from node.storage import ledger as logs
from node.storage.witnesses import list_lines, witnesses
from node.sync import sync_once
from node.sync.serve import COMPARED_COSIGNATURES
from node.sync.witness import cosigned_note
from protocol.errors import Code
from protocol.identifiers import CircleId, KeyId
from protocol.limits import MAX_COSIGNATURES
from protocol.merkle.cosignature import cosign, open_cosignatures
from protocol.messages.stream import EntriesRequest, Section, encode_stream
from protocol.statements import Timestamp
from tests.federation.conftest import MakeNode
from tests.federation.hostile import answering, contributor_key, section_of, twin_of
from tests.federation.support import InMemory, Node, application, circle_of, publish
from tests.federation.test_restore import back_up, put_back
from tests.node import statements as make


def roster_of(node: Node, circle: CircleId) -> Roster:
    with node.runtime.database.read() as tx:
        return circles.get_roster(tx, circle)


def seen_by(node: Node, circle: CircleId, author: Node) -> set[KeyId]:
    """Who has witnessed the newest state of a log, as far as a node knows."""
    with node.runtime.database.read() as tx:
        return set(witnesses(tx, circle).get(author.own(circle), frozenset()))


def lines_at(node: Node, circle: CircleId, author: Node) -> list[WitnessLine]:
    with node.runtime.database.read() as tx:
        log = logs.find_log(tx, circle, author.own(circle))
        return [] if log is None else list_lines(tx, log)


def keys_of(nodes: Iterable[Node], circle: CircleId) -> set[KeyId]:
    return {node.own(circle) for node in nodes}


def test_members_cosign_what_they_accept_and_carry_what_others_cosigned(node_of: MakeNode) -> None:
    author, one, two = nodes = [node_of(name) for name in ("author", "one", "two")]
    circle = circle_of(nodes)
    publish(author, circle, *make.findings(circle, 3))
    assert seen_by(author, circle, author) == set()

    sync_once(one.runtime, transport=InMemory([author]))
    assert seen_by(one, circle, author) == keys_of([one], circle)

    sync_once(two.runtime, transport=InMemory([one]))  # not from the author: the line comes with the entries
    assert seen_by(two, circle, author) == keys_of([one, two], circle)

    sync_once(author.runtime, transport=InMemory([two]))
    assert seen_by(author, circle, author) == keys_of([one, two], circle)

    publish(author, circle, make.finding(circle))
    assert seen_by(author, circle, author) == set()  # of its newest state nobody has said anything yet
    sync_once(one.runtime, transport=InMemory([author]))
    assert seen_by(one, circle, author) == keys_of([one], circle)
    assert {(line.witness, line.size) for line in lines_at(one, circle, author)} == {
        (one.own(circle), 4),
        (two.own(circle), 3),
    } or {line.size for line in lines_at(one, circle, author)} == {4}


def test_a_round_that_brings_nothing_brings_witnesses(node_of: MakeNode) -> None:
    """The third hears of the second's word from the first, though it lacks no entry."""
    author, one, two, three = nodes = [node_of(name) for name in ("author", "one", "two", "three")]
    circle = circle_of(nodes)
    publish(author, circle, make.finding(circle))
    for node in (one, two, three):
        sync_once(node.runtime, transport=InMemory([author]))
    assert seen_by(three, circle, author) == keys_of([three], circle)

    sync_once(one.runtime, transport=InMemory([two]))
    report = sync_once(three.runtime, transport=InMemory([one]))

    assert report.entries == 0
    assert COMPARED_COSIGNATURES >= 2  # so that both of the lines that the first knows come at once
    assert seen_by(three, circle, author) == keys_of([one, two, three], circle)


def test_a_witness_that_was_put_back_says_nothing_smaller_than_it_has_said(node_of: MakeNode) -> None:
    """Its own word comes back to it with a note, before the entries do; until it is past that size it is silent."""
    author, relay, witness = nodes = [node_of(name) for name in ("author", "relay", "witness")]
    circle = circle_of(nodes)
    key = contributor_key(author, circle)
    publish(author, circle, *make.findings(circle, 2))
    sync_once(witness.runtime, transport=InMemory([author]))
    backup = back_up(witness.runtime.database)
    publish(author, circle, *make.findings(circle, 3))
    sync_once(witness.runtime, transport=InMemory([author]))
    sync_once(relay.runtime, transport=InMemory([witness]))
    with relay.runtime.database.read() as tx:
        roster, log = circles.get_roster(tx, circle), logs.find_log(tx, circle, author.own(circle))
        assert log is not None
        note, entries = cosigned_note(tx, roster, log), logs.read_entries(tx, log, 0, 5)

    put_back(witness.runtime.database, backup)
    smaller = section_of(key, circle, entries[:3], 2)
    whole = section_of(key, circle, entries, 3)
    for section in (Section(author.own(circle), 5, (), note, ()), smaller, whole):
        stream = encode_stream([section], more=False)
        network = InMemory([])
        network.connect(relay.url, answering(relay, lambda _, stream=stream: stream))  # type: ignore[misc]
        sync_once(witness.runtime, transport=network)
        own = [line.size for line in lines_at(witness, circle, author) if line.witness == witness.own(circle)]
        assert own == [2]
    with witness.runtime.database.read() as tx:
        held = logs.find_log(tx, circle, author.own(circle))
    assert held is not None
    assert (held.covered_size, held.cosigned) == (5, 5)

    sync_once(witness.runtime, transport=InMemory([relay]))  # its own word, of what it holds again
    assert seen_by(witness, circle, author) == keys_of([relay, witness], circle)
    publish(author, circle, make.finding(circle))
    sync_once(witness.runtime, transport=InMemory([author]))
    assert seen_by(witness, circle, author) == keys_of([witness], circle)


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_of_many_cosignatures_a_few_travel_and_all_arrive(node_of: MakeNode) -> None:
    count = MAX_COSIGNATURES + 3
    author, reader, *others = nodes = [node_of(f"node{number}") for number in range(count + 1)]
    circle = circle_of(nodes)
    publish(author, circle, make.finding(circle))
    for node in others:
        sync_once(node.runtime, transport=InMemory([author]))
    sync_once(author.runtime, transport=InMemory(others))  # each sends its own word first
    assert len(seen_by(author, circle, author)) == len(others)

    sync_once(reader.runtime, transport=InMemory([author]))
    assert len(seen_by(reader, circle, author)) == 1 + MAX_COSIGNATURES
    for _ in range(100):
        if seen_by(reader, circle, author) == keys_of([reader, *others], circle):
            break
        sync_once(reader.runtime, transport=InMemory([author]))
    else:
        pytest.fail("some cosignatures never came")


def forgeries(note: bytes, circle: CircleId, author: Node, liar: Node, victim: Node) -> list[bytes]:
    """Lines that are no cosignature of the member whose name they bear, or of nobody who may witness."""
    stolen = cosign(note, contributor_key(liar, circle), circle=circle, time=make.IAT)
    name, data = stolen.decode().rsplit(" ", 1)
    other = name.replace(liar.own(circle), victim.own(circle))
    broken = bytes(stolen).replace(data[20:24].encode(), b"AAAA")
    own = cosign(note, contributor_key(author, circle), circle=circle, time=make.IAT)
    return [f"{other} {data}".encode(), broken, own, b"\xe2\x80\x94 somebody.example AAAAAAAAAAA=\n"]


def test_forged_cosignatures_are_dropped_and_block_nothing(node_of: MakeNode) -> None:
    author, liar, victim, reader = nodes = [node_of(name) for name in ("author", "liar", "victim", "reader")]
    circle = circle_of(nodes)
    publish(author, circle, *make.findings(circle, 2))
    with author.runtime.database.read() as tx:
        log = logs.find_log(tx, circle, author.own(circle))
        assert log is not None
        entries = tuple(logs.read_entries(tx, log, 0, log.size))
    lines = forgeries(log.covered, circle, author, liar, victim)
    section = Section(log.contributor, 0, entries, log.covered + b"".join(lines), ())

    def answer(_: EntriesRequest) -> bytes:
        return encode_stream([section], more=False)

    network = InMemory([])
    network.connect(liar.url, answering(liar, answer))
    report = sync_once(reader.runtime, transport=network)

    assert report.entries == 2
    assert not any(problem.log for problem in report.problems)
    assert seen_by(reader, circle, author) == keys_of([reader], circle)
    with reader.runtime.database.read() as tx:
        held = logs.find_log(tx, circle, author.own(circle))
    assert held is not None
    assert held.covered == log.covered


def test_two_histories_have_two_sets_of_witnesses_and_meet(node_of: MakeNode) -> None:
    """An author shows half of the circle one history and half another; one exchange between the halves ends it."""
    author, *members = [node_of(name) for name in ("author", "one", "two", "three", "four")]
    twin = node_of("twin", url=author.url)
    circle = circle_of([author, *members])
    twin_of(author, circle, twin)
    for which in (author, twin):
        publish(which, circle, *make.findings(circle, 2))
    halves = members[:2], members[2:]
    for which, half in zip((author, twin), halves, strict=True):
        network = InMemory([])
        network.connect(author.url, application(which))
        for node in half:
            sync_once(node.runtime, transport=network)
    for half in halves:  # inside a half all seems well, but only half of the circle has seen it
        for node in half:
            assert not any(p.log for p in sync_once(node.runtime, transport=InMemory(half)).problems)
            assert seen_by(node, circle, author) <= keys_of(half, circle)

    report = sync_once(halves[0][0].runtime, transport=InMemory([halves[1][0]]))

    assert (Code.FORK, author.own(circle)) in {(problem.code, problem.log) for problem in report.problems}
    for node in members:
        sync_once(node.runtime, transport=InMemory(members))
        with node.runtime.database.read() as tx:
            log = logs.find_log(tx, circle, author.own(circle))
        assert log is not None
        assert (log.status, log.fork_index) == ("forked", 0)


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_anybody_whom_a_member_names_can_read_the_witnesses(node_of: MakeNode) -> None:
    """In a circle whose members are named, checkpoints are open, and so is who has seen them."""
    author, reader = nodes = [node_of(name) for name in ("author", "reader")]
    circle = circle_of(nodes, attribution="named")
    publish(author, circle, make.finding(circle))
    sync_once(reader.runtime, transport=InMemory(nodes))
    client = TestClient(application(reader), base_url=reader.url)

    note = client.get(f"/federation/v1/circles/{circle}/logs/{author.own(circle)}/checkpoint").content

    members = roster_of(reader, circle).members
    keys = {reader.own(circle): members[reader.own(circle)].key}
    (found,) = open_cosignatures(note, circle=circle, witnesses=keys).cosignatures
    assert (found.witness, found.time) == (reader.own(circle), Timestamp(make.IAT))
    proofs = client.get(f"/federation/v1/circles/{circle}/forks")
    assert (proofs.status_code, proofs.content) == (200, b"")
