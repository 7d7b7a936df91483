"""Pings: what is published is soon everywhere, and a ping is never more than a hint."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from random import SystemRandom

import httpx2
import pytest
from starlette.testclient import TestClient

from node.domain.circles import Member
from node.storage import circles, peers
from node.sync import agenda, choose, ping, sync_once
from node.sync.outbound import Outbound
from protocol.identifiers import CircleId, KeyId
from protocol.limits import MAX_LOG_SIZE, MAX_PING_LOGS
from protocol.messages.gossip import Ping, encode_ping
from protocol.statements import Timestamp
from tests.federation.conftest import MakeNode
from tests.federation.support import InMemory, Node, application, circle_of, publish
from tests.federation.test_access import Asked
from tests.federation.workers import held, wait_until, with_settings, working
from tests.node import statements as make

RARELY = 86_400
"""Between rounds, in seconds: whatever comes comes by a ping."""


class Counting(httpx2.BaseTransport):
    """A network that counts requests by path, and keeps those for some nodes waiting."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.inner = InMemory(nodes)
        self.seen: list[tuple[str, str]] = []
        self.slow = ""
        self.release = threading.Event()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One exchange."""
        host = request.url.host
        self.seen.append((host, request.url.path.rpartition("/")[2]))
        if host == self.slow:
            self.release.wait(60)
        return self.inner.handle_request(request)

    def count(self, path: str) -> int:
        """Requests whose path ends so."""
        return sum(seen == path for _, seen in self.seen)


def members(node: Node, circle: CircleId) -> dict[str, Member]:
    """The others by name."""
    with node.runtime.database.read() as tx:
        return {member.name: member for member in circles.get_roster(tx, circle).others}


def hints(node: Node) -> list[tuple[KeyId, int]]:
    with node.runtime.database.read() as tx:
        return [(hint.log, hint.size) for hint in peers.list_hints(tx)]


def later(*nodes: Node) -> None:
    """Let the time pass that lies between two pulls from one member."""
    for node in nodes:
        node.clock.advance(60)


def test_what_is_published_travels_between_rounds_and_over_relays(node_of: MakeNode) -> None:
    names = ("author", "relay", "reader")
    nodes = [with_settings(node_of(name), sync_seconds=RARELY) for name in names]
    author, relay, reader = nodes
    circle = circle_of(nodes)
    log = author.own(circle)
    network = Counting(nodes)
    with working(*nodes, transport=network):
        later(*nodes)
        publish(author, circle, make.finding(circle))
        wait_until(lambda: all(held(node, circle, log) == 1 for node in nodes), "the finding did not arrive")
        later(*nodes)
        network.inner.disconnect(author.url)
        network.seen.clear()
        # Published, and nobody can ask the author for it; a relay that has it tells the rest.
        publish(author, circle, make.finding(circle))
        wait_until(lambda: network.count("ping") > 0, "the author tells others")
        hand_over(relay, nodes)
        wait_until(lambda: held(reader, circle, log) == 2, "the relay did not tell")


def tell(
    sender: Node, receiver: Node, circle: CircleId, sizes: dict[KeyId, int], transport: httpx2.BaseTransport
) -> None:
    """One ping."""
    with sender.runtime.database.read() as tx:
        roster = circles.get_roster(tx, circle)
    with Outbound(sender.runtime, transport=transport) as outbound:
        ping.tell(outbound, roster, members(sender, circle)[receiver.name], sizes)


def hand_over(reader: Node, nodes: Sequence[Node]) -> None:
    """Let one node have everything, over another network."""
    later(*nodes)
    sync_once(reader.runtime, transport=InMemory(nodes))


def test_a_ping_without_news_leaves_nothing_behind(node_of: MakeNode) -> None:
    author, reader = node_of("author"), node_of("reader")
    circle = circle_of([author, reader])
    publish(author, circle, make.finding(circle))
    network = InMemory([author, reader])
    sync_once(reader.runtime, transport=network)
    log = author.own(circle)
    tell(author, reader, circle, {log: 1, KeyId("A" * 43): 7}, network)
    assert hints(reader) == []
    assert not reader.runtime.wake.is_set()
    tell(author, reader, circle, {log: 2}, network)
    tell(author, reader, circle, {log: 3}, network)
    assert hints(reader) == [(log, 3)]
    assert reader.runtime.wake.is_set()


def test_a_lie_costs_one_request_for_one_log(node_of: MakeNode) -> None:
    liar, reader = (with_settings(node_of(name), sync_seconds=RARELY) for name in ("liar", "reader"))
    circle = circle_of([liar, reader])
    network = Counting([liar, reader])
    with working(reader, transport=network):
        later(liar, reader)
        network.seen.clear()
        for _ in range(5):
            tell(liar, reader, circle, {liar.own(circle): MAX_LOG_SIZE}, network)
        wait_until(lambda: network.count("entries") == 1, "the hint is followed")
        later(liar, reader)
        wait_until(lambda: hints(reader) == [], "what was announced is forgotten")
    assert network.count("entries") <= 2


def test_a_log_that_many_announce_is_asked_of_one(node_of: MakeNode) -> None:
    nodes = [node_of(name) for name in ("author", "one", "two", "three", "reader")]
    author, *relays, reader = nodes
    circle = circle_of(nodes)
    publish(author, circle, make.finding(circle))
    network = InMemory(nodes)
    for relay in relays:
        sync_once(relay.runtime, transport=network)
        tell(relay, reader, circle, {author.own(circle): 1}, network)
    assert len(hints(reader)) == 3
    with reader.runtime.database.read() as tx:
        roster = circles.get_roster(tx, circle)
    (job,) = agenda.of_hints(reader.runtime, (), SystemRandom())
    assert job.only == {author.own(circle): 1}
    assert agenda.of_hints(reader.runtime, {author.own(circle)}, SystemRandom()) == []
    assert job.roster == roster
    sync_once(reader.runtime, transport=InMemory([author, reader]))
    assert agenda.of_hints(reader.runtime, (), SystemRandom()) == []
    assert hints(reader) == []


def test_a_ping_from_behind_a_host_that_was_away_ends_the_wait(node_of: MakeNode) -> None:
    """It was restarted, and has news; without the ping nobody would ask it for up to an hour."""
    author, other, reader = nodes = [node_of(name) for name in ("author", "other", "reader")]
    circle = circle_of(nodes)
    random = SystemRandom()
    member = members(reader, circle)[author.name]
    for _ in range(6):
        with reader.runtime.database.write() as tx:
            agenda.note_host(tx, reader.runtime, member, reached=False, random=random)
    network = InMemory(nodes)
    log = author.own(circle)

    tell(other, reader, circle, {log: 1}, network)  # another host's word is none about this one
    assert [job.member.name for job in agenda.of_hints(reader.runtime, (), random)] == [other.name]
    tell(author, reader, circle, {log: 0}, network)
    assert waits(reader, member)
    tell(author, reader, circle, {log: 1}, network)
    assert not waits(reader, member)
    assert author.name in {job.member.name for job in agenda.of_round(reader.runtime, random)}

    with reader.runtime.database.write() as tx:  # it cannot be reached all the same
        agenda.note_host(tx, reader.runtime, member, reached=False, random=random)
    tell(author, reader, circle, {log: 2}, network)
    assert waits(reader, member)


def waits(reader: Node, member: Member) -> bool:
    """Whether no round asks this member's host now."""
    with reader.runtime.database.read() as tx:
        host = peers.list_hosts(tx).get(choose.host_of(member.url))
    return host is not None and reader.clock.now() < host.not_before


def test_a_hint_that_comes_during_a_pull_is_not_lost_with_it(node_of: MakeNode) -> None:
    author, reader = node_of("author"), node_of("reader")
    circle = circle_of([author, reader])
    network = InMemory([author, reader])
    log = author.own(circle)
    tell(author, reader, circle, {log: 1}, network)
    with reader.runtime.database.read() as tx:
        read = peers.list_hints(tx)
    tell(author, reader, circle, {log: 2}, network)
    with reader.runtime.database.write() as tx:
        peers.forget_hints(tx, read)
    assert hints(reader) == [(log, 2)]


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_slow_peer_does_not_keep_news_waiting(node_of: MakeNode) -> None:
    author, slow, reader = (with_settings(node_of(name), sync_seconds=RARELY) for name in ("author", "slow", "reader"))
    circle = circle_of([author, slow, reader])
    network = Counting([author, slow, reader])
    with working(reader, transport=network):
        network.slow = "slow.example"
        later(author, slow, reader)
        tell(slow, reader, circle, {slow.own(circle): 1}, network.inner)
        wait_until(lambda: ("slow.example", "entries") in network.seen[-1:], "the slow one is asked")
        publish(author, circle, make.finding(circle))
        tell(author, reader, circle, {author.own(circle): 1}, network.inner)
        wait_until(lambda: held(reader, circle, author.own(circle)) == 1, "the news waits for the slow one")
        assert not network.release.is_set()
        network.release.set()


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_strangers_cannot_ring(node_of: MakeNode) -> None:
    node, member, elsewhere = node_of("aldermoor"), node_of("northport"), node_of("valdesk")
    circle, _ = circle_of([node, member]), circle_of([node, elsewhere])
    log = member.own(circle)
    good = Asked(
        node, circle, member.runtime.keyring.request(), body=encode_ping(Ping(v=1, sizes={log: 5})), path="/ping"
    )
    answers = [
        replace(good, key=elsewhere.runtime.keyring.request()).send(),
        replace(good, circle=CircleId("A" * 43)).send(),
        replace(good, sent=encode_ping(Ping(v=1, sizes={log: 6}))).send(),
        TestClient(application(node), base_url=node.url).post(
            f"/federation/v1/circles/{circle}/ping", content=good.body
        ),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 400, 401]
    assert hints(node) == []
    assert good.send().status_code == 200
    assert hints(node) == [(log, 5)]
    assert good.send().json()["code"] == "replayed"
    garbage = replace(good, body=b'{"sizes":{},"v":2}', nonce="B" * 22)
    assert garbage.send().json()["code"] == "malformed"


def test_a_round_asks_a_few_and_everybody_has_it_all_the_same(node_of: MakeNode) -> None:
    nodes = [with_settings(node_of(f"node-{number}"), sync_seconds=RARELY) for number in range(8)]
    circle = circle_of(nodes)
    publish(nodes[0], circle, make.finding(circle))
    network = Counting(nodes)
    log = nodes[0].own(circle)
    rounds = 0
    while not all(held(node, circle, log) for node in nodes):
        rounds += 1
        assert rounds < 8
        for node in nodes:
            before = network.count("entries")
            with working(node, transport=network, gossip=False):
                pass
            assert network.count("entries") - before <= 5
            node.clock.advance(60)
    assert rounds <= 4


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_ping_names_no_more_logs_than_it_may(node_of: MakeNode) -> None:
    author, reader = node_of("author"), node_of("reader")
    circle = circle_of([author, reader])
    many = {KeyId(f"{number:042}A"): 1 for number in range(MAX_PING_LOGS + 50)}
    network = Counting([author, reader])
    tell(author, reader, circle, many, network)
    assert network.count("ping") == 1
    assert hints(reader) == []
    assert reader.clock.now() == Timestamp(make.IAT)
