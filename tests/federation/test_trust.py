"""What this node's own decisions on a voice change, and what they do not."""

import pytest

from node import circles
from node.domain.circles import FULL_TRUST, TrustDecision
from node.errors import Code, HanseError
from node.insight.dossier import dossier
from node.storage.trust import quarantined_logs
from node.sync import serve, sync_once
from node.sync.take import Taker
from protocol.identifiers import CircleId
from protocol.limits import MAX_STREAM_BYTES
from protocol.messages.stream import EntriesRequest
from tests.federation import members as at
from tests.federation.conftest import MakeNode
from tests.federation.support import InMemory, Node
from tests.node import statements as make

MUTED = TrustDecision("muted", "It repeats newspapers.")


def decide(node: Node, circle: CircleId, about: Node, decision: TrustDecision) -> None:
    runtime = node.runtime
    with runtime.database.write() as tx:
        circles.set_trust(tx, runtime.vault, None, circle, at.identity(about), decision, node.clock.now())


def test_a_weight_changes_what_counts_here_and_nothing_else(node_of: MakeNode) -> None:
    reader, doubted, other = nodes = [node_of(name) for name in ("aldermoor", "northport", "valdesk")]
    _, circle = at.found(nodes)
    network = InMemory(nodes)
    at.say(doubted, circle, make.finding(circle))
    at.rotate(doubted, circle)
    at.say(other, circle, make.finding(circle))
    at.exchange(network, nodes)
    before, stands = at.signal_bytes(reader), at.states(reader, circle)
    roster = at.roster(reader, circle)
    full = at.signal(reader)
    assert full is not None

    decide(reader, circle, doubted, MUTED)
    muted = at.signal(reader)
    assert muted is not None
    assert len(muted.contributions) == 2
    silent = next(each for each in muted.contributions if each.statement[0] != other.own(circle))
    assert (silent.mass, silent.reason) == (0, "trust-0")
    assert muted.supporting_mass < full.supporting_mass
    with reader.runtime.database.read() as tx:
        shown = dossier(tx, reader.runtime.vocabulary, make.SUBJECT, reader.clock.now())
    (view,) = [view for group in shown.circles[0].groups for view in (*group.concerns, *group.assurances)]
    assert view.signal == muted
    assert len(view.findings) == 2

    decide(reader, circle, doubted, TrustDecision("normal", "Half, then.", FULL_TRUST // 2))
    halved = at.signal(reader)
    assert halved is not None
    assert muted.supporting_mass < halved.supporting_mass < full.supporting_mass
    assert at.states(reader, circle) == stands
    assert at.roster(reader, circle) is roster
    assert at.signal_bytes(other) == before

    decide(reader, circle, doubted, TrustDecision("normal", "No longer in doubt."))
    assert at.signal_bytes(reader) == before
    with reader.runtime.database.read() as tx:
        history = circles.trust_history(tx, reader.runtime.vault, circle, at.identity(doubted))
    assert [each.reason for each in history] == ["No longer in doubt.", "Half, then.", "It repeats newspapers."]


def test_nothing_new_is_taken_of_a_quarantined_voice_until_it_is_lifted(node_of: MakeNode) -> None:
    reader, doubted, relay = nodes = [node_of(name) for name in ("aldermoor", "northport", "valdesk")]
    _, circle = at.found(nodes)
    network = InMemory(nodes)
    at.say(doubted, circle, make.finding(circle))
    at.exchange(network, nodes)
    decide(reader, circle, doubted, TrustDecision("quarantined", "Under inquiry."))
    with reader.runtime.database.read() as tx:
        assert quarantined_logs(tx, circles.roster(tx, circle)) == {doubted.own(circle)}
    at.say(doubted, circle, make.finding(circle))
    at.exchange(network, [relay])
    sync_once(reader.runtime, transport=network)
    assert len(at.states(reader, circle)) == 1
    assert len(at.states(relay, circle)) == 2
    whole = EntriesRequest(holes={}, have={}, max_bytes=MAX_STREAM_BYTES, only=())
    with relay.runtime.database.read() as tx:
        pushed = serve.answer(tx, at.roster(relay, circle), reader.own(circle), whole)
    taker = Taker(reader.runtime, at.roster(reader, circle), at.roster(reader, circle).members[relay.own(circle)])
    taker.take(pushed)
    assert len(at.states(reader, circle)) == 1
    decide(reader, circle, doubted, MUTED)
    sync_once(reader.runtime, transport=network)
    assert at.states(reader, circle) == at.states(relay, circle)


def test_a_decision_is_about_another_voice_of_the_circle_and_has_a_reason(node_of: MakeNode) -> None:
    node, other = node_of("aldermoor"), node_of("northport")
    _, circle = at.found([node], quorum=1)
    with pytest.raises(HanseError) as caught:
        decide(node, circle, other, MUTED)
    assert caught.value.code is Code.NO_SUCH_MEMBER
    _, circle = at.found([node, other])
    for about, decision in (
        (node, MUTED),
        (other, TrustDecision("muted", " ")),
        (other, TrustDecision("muted", "x" * 2_001)),
        (other, TrustDecision("normal", "More than full.", FULL_TRUST + 1)),
    ):
        with pytest.raises(HanseError) as caught:
            decide(node, circle, about, decision)
        assert caught.value.code is Code.INVALID
