"""Nodes that replicate each other's logs: who gets what, from whom, and in whatever order."""

import itertools
from collections.abc import Sequence

import pytest

from node.storage import ledger as logs
from node.storage import statements as reading
from node.sync import sync_once
from protocol import envelope, statements
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.projection import State
from protocol.statements import Body, Statement, Timestamp
from tests.federation.conftest import MakeNode
from tests.federation.hostile import contributor_key, write_entries
from tests.federation.support import InMemory, Node, circle_of, publish
from tests.node import statements as make

NAMES = ("aldermoor", "northport", "valdesk")
Held = dict[tuple[KeyId, StatementId], tuple[State, Body, bytes]]


def held(node: Node, circle: CircleId) -> Held:
    """Everything a node makes of what it holds, its local numbers left out."""
    with node.runtime.database.read() as tx:
        page = reading.feed(tx, after=0, limit=1_000, now=make.IAT, circle=circle)
    return {(each.contributor, each.statement.id): (each.state, each.body, each.jws) for each in page}


def test_every_member_gets_what_the_others_published(node_of: MakeNode) -> None:
    nodes = [node_of(name) for name in NAMES]
    circle = circle_of(nodes)
    network = InMemory(nodes)
    published = {node.own(circle): make.findings(circle, 5 + number) for number, node in enumerate(nodes)}
    for node in nodes:
        publish(node, circle, *published[node.own(circle)])

    reports = [sync_once(node.runtime, transport=network) for node in nodes]

    assert [report.problems for report in reports] == [(), (), ()]
    assert [report.entries for report in reports] == [13, 12, 11]
    for node in nodes:
        with node.runtime.database.read() as tx:
            for contributor, said in published.items():
                for statement in said:
                    stored = reading.get(tx, contributor, statement.id, now=make.IAT)
                    assert stored is not None
                    assert (stored.statement, stored.state) == (statement, "live")


def test_a_member_that_cannot_be_reached_is_read_through_another(node_of: MakeNode) -> None:
    author, relay, reader = nodes = [node_of(name) for name in NAMES]
    circle = circle_of(nodes)
    network = InMemory(nodes)
    publish(author, circle, *make.findings(circle, 40))
    sync_once(relay.runtime, transport=network)
    network.disconnect(author.url)

    report = sync_once(reader.runtime, transport=network)

    assert {pull.name: pull.entries for pull in report.pulls} == {author.name: 0, relay.name: 40}
    assert held(reader, circle) == held(author, circle)


def conversation(circle: CircleId, keys: Sequence[KeyId]) -> list[list[Statement]]:
    """What three members say about one subject, each in its own log, each with something on another's words."""
    first, second, third = (make.finding(circle) for _ in keys)
    disputed = make.response(circle, keys[0], first.id, "disputes")
    return [
        [first, make.correction(circle, first.id, make.finding_body(strength=4)), make.retraction(circle, first.id)],
        [disputed, second, make.retraction(circle, disputed.id)],
        [
            make.response(circle, keys[1], second.id),
            third,
            make.retraction(circle, make.new_id()),
            make.finding(circle, statement_id=third.id),
            make.correction(circle, third.id, make.finding_body(make.OTHER_SUBJECT)),
        ],
    ]


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_the_order_of_arrival_changes_nothing(node_of: MakeNode) -> None:
    """One reader for each order in which the three logs can arrive; a response may come before its target."""
    authors = [node_of(name) for name in NAMES]
    orders = list(itertools.permutations(range(len(authors))))
    readers = [node_of(f"reader{number}") for number in range(len(orders))]
    circle = circle_of([*authors, *readers])
    for author, said in zip(authors, conversation(circle, [a.own(circle) for a in authors]), strict=True):
        for statement in said:
            write(author, circle, statement)

    for reader, order in zip(readers, orders, strict=True):
        for number in order:
            sync_once(reader.runtime, transport=InMemory([authors[number]]))

    first, *others = [held(reader, circle) for reader in readers]
    assert len(first) == 9
    assert all(other == first for other in others)
    dirty = []
    for reader in readers:
        with reader.runtime.database.write() as tx:
            dirty.append(reading.take_dirty_claims(tx, 100))
    assert all(each == dirty[0] for each in dirty)


def write(author: Node, circle: CircleId, statement: Statement) -> None:
    """Append as a hostile author could: also what its own node would refuse."""
    write_entries(author, circle, [envelope.sign(statements.encode(statement), contributor_key(author, circle))])


def test_what_is_published_while_a_peer_is_pulling_comes_in_the_next_round(node_of: MakeNode) -> None:
    author, reader = nodes = [node_of(name) for name in NAMES[:2]]
    circle = circle_of(nodes)
    network = InMemory(nodes)
    sizes = []
    for count in (1, 3, 0, 260, 2):
        if count:
            publish(author, circle, *make.findings(circle, count))
        reader.clock.advance(1)
        report = sync_once(reader.runtime, transport=network)
        assert report.problems == ()
        with reader.runtime.database.read() as tx:
            log = logs.find_log(tx, circle, author.own(circle))
        assert log is not None
        assert log.covered == log.head
        sizes.append(log.size)
    assert sizes == [1, 4, 4, 264, 266]
    with reader.runtime.database.read() as tx:
        (last,) = reading.feed(tx, after=265, limit=5, now=make.IAT)
    assert (last.index, last.received) == (265, Timestamp(make.IAT + 5))
