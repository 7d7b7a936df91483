"""A node that nobody can reach is an equal otherwise: it brings what it has, through the same checks."""

from dataclasses import replace

import httpx2
import pytest

from node.errors import Code, HanseError
from node.storage import circles, peers
from node.sync import serve, sync_once
from node.sync.outbound import Outbound
from node.sync.push import MAX_PUSH_BYTES, PushReport, push
from node.sync.sizes import covered_sizes
from protocol.identifiers import CircleId
from protocol.keys import SigningKey
from protocol.limits import MAX_LOG_SIZE
from protocol.messages.gossip import decode_push_receipt, sizes_state
from protocol.messages.stream import EntriesRequest, encode_stream
from tests.federation.conftest import MakeNode
from tests.federation.hostile import contributor_key, section_of
from tests.federation.support import InMemory, Node, circle_of, publish
from tests.federation.test_access import Asked
from tests.federation.workers import held, wait_until, with_settings, working
from tests.node import statements as make


def bring(sender: Node, receiver: Node, circle: CircleId, transport: httpx2.BaseTransport) -> PushReport:
    """One turn of pushing."""
    with sender.runtime.database.read() as tx:
        roster = circles.get_roster(tx, circle)
    with Outbound(sender.runtime, transport=transport) as outbound:
        return push(sender.runtime, outbound, roster, roster.members[receiver.own(circle)])


def send(asked: Asked, content: bytes, nonce: str) -> httpx2.Response:
    """One request with this content, signed by whoever asks."""
    return replace(asked, body=content, nonce=nonce * 22).send()


def test_a_node_behind_a_firewall_is_an_equal(node_of: MakeNode) -> None:
    hidden, open_one, reader = node_of("hidden"), node_of("open"), node_of("reader")
    hidden = with_settings(hidden, reachable=False, sync_seconds=1)
    circle = circle_of([hidden, open_one, reader])
    publish(hidden, circle, *make.findings(circle, 3))
    publish(open_one, circle, make.finding(circle))
    network = InMemory([open_one, reader])
    with working(hidden, transport=network):
        wait_until(lambda: held(open_one, circle, hidden.own(circle)) == 3, "nothing was brought")
        wait_until(lambda: held(reader, circle, hidden.own(circle)) == 3, "nothing was brought")
        hidden.clock.advance(60)
        publish(hidden, circle, make.finding(circle))
        wait_until(lambda: held(open_one, circle, hidden.own(circle)) == 4, "news was not brought")
    assert held(hidden, circle, open_one.own(circle)) == 1
    sync_once(reader.runtime, transport=network)
    assert held(reader, circle, hidden.own(circle)) == 4
    with open_one.runtime.database.read() as tx:
        states = {state.contributor: state for state in peers.list_peers(tx)}
    assert states[hidden.own(circle)].last_push is not None


def test_what_is_long_comes_in_pieces_and_only_once(node_of: MakeNode) -> None:
    hidden, reader = node_of("hidden"), node_of("reader")
    circle = circle_of([hidden, reader])
    body = make.finding_body(summary="\u6f22" * 600)
    publish(hidden, circle, *(make.finding(circle, body) for _ in range(400)))
    network = InMemory([reader])

    first, second = bring(hidden, reader, circle, network), bring(hidden, reader, circle, network)

    assert (first.entries, second) == (400, PushReport(0, 0, 0))
    assert first.pushes > 1
    assert first.bytes <= first.pushes * MAX_PUSH_BYTES
    assert held(reader, circle, hidden.own(circle)) == 400


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_whoever_takes_no_pushes_says_so(node_of: MakeNode) -> None:
    hidden, reader = node_of("hidden"), with_settings(node_of("reader"), accept_push=False)
    circle = circle_of([hidden, reader])
    publish(hidden, circle, make.finding(circle))
    with pytest.raises(HanseError, match="takes no pushes") as caught:
        bring(hidden, reader, circle, InMemory([reader]))
    assert caught.value.code is Code.PEER_REFUSED
    assert held(reader, circle, hidden.own(circle)) == 0


def test_what_is_pushed_passes_the_same_checks(node_of: MakeNode) -> None:
    liar, author, reader = node_of("liar"), node_of("author"), node_of("reader")
    circle = circle_of([liar, author, reader])
    publish(author, circle, make.finding(circle))
    sync_once(liar.runtime, transport=InMemory([author, liar]))
    with liar.runtime.database.read() as tx:
        roster = circles.get_roster(tx, circle)
        request = EntriesRequest(holes={}, have={}, only=(author.own(circle),), max_bytes=MAX_PUSH_BYTES)
        true = serve.answer(tx, roster, reader.own(circle), request)
    changed = true.replace(b"\n", b"\n\n", 1)  # an entry that nobody signed, and one too many
    forged = section_of(contributor_key(liar, circle), circle, [b"not a statement"])
    stranger = section_of(SigningKey(bytes([9] * 32)), circle, [b"whatever"])
    asked = Asked(reader, circle, liar.runtime.keyring.request(), path="/push")

    broken = send(asked, changed, "B")
    own = send(asked, encode_stream([stranger, forged], more=False), "C")
    good = send(asked, true, "D")
    again = send(asked, true, "E")

    assert broken.status_code == 400
    receipt = decode_push_receipt(own.content)
    assert (receipt.accepted, dict(receipt.refused)) == (1, {stranger.contributor: "not-a-member"})
    assert decode_push_receipt(good.content).accepted == 1
    assert decode_push_receipt(again.content).accepted == 0
    assert held(reader, circle, author.own(circle)) == 1


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_only_members_may_push_and_no_more_than_fits(node_of: MakeNode) -> None:
    node, member, elsewhere = node_of("aldermoor"), node_of("northport"), node_of("valdesk")
    circle, _ = circle_of([node, member]), circle_of([node, elsewhere])
    asked = Asked(node, circle, member.runtime.keyring.request(), path="/push")
    stream = encode_stream([section_of(contributor_key(member, circle), circle, [b"entry"])], more=False)

    stranger = send(Asked(node, circle, elsewhere.runtime.keyring.request(), path="/push"), stream, "B")
    large = send(asked, stream.ljust(MAX_PUSH_BYTES + 1, b" "), "C")

    assert (stranger.status_code, large.status_code) == (404, 413)
    assert held(node, circle, member.own(circle)) == 0


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_sizes_are_compared_by_a_digest(node_of: MakeNode) -> None:
    author, reader = node_of("author"), node_of("reader")
    circle = circle_of([author, reader])
    publish(author, circle, *make.findings(circle, 2))
    network = InMemory([author, reader])
    with reader.runtime.database.read() as tx:
        roster = circles.get_roster(tx, circle)
        before = covered_sizes(tx, roster)
    member = roster.members[author.own(circle)]
    with Outbound(reader.runtime, transport=network) as outbound:
        differing = outbound.sizes(member, circle, sizes_state(before))
        sync_once(reader.runtime, transport=network)
        with reader.runtime.database.read() as tx:
            after = covered_sizes(tx, roster)
        same = outbound.sizes(member, circle, sizes_state(after))
    assert (differing.same, differing.sizes) == (False, {author.own(circle): 2})
    assert (same.same, same.sizes) == (True, {})
    assert all(size < MAX_LOG_SIZE for size in after.values())
