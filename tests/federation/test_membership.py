"""Who is a member, by which key, and what follows for statements: among real nodes, on each database."""

import pytest

from node import circles
from node.errors import Code, HanseError
from node.ledger.check import Damage, check
from node.sync import sync_once
from tests.federation import members as at
from tests.federation.conftest import MakeNode
from tests.federation.support import InMemory, Node
from tests.node import statements as make

NAMES = ("aldermoor", "northport", "valdesk")


def clean(node: Node) -> bool:
    """Whether roster, cuts and statements all follow from the stored entries."""
    return not [event for event in check(node.runtime.database, node.clock.now()) if isinstance(event, Damage)]


def test_a_candidate_becomes_a_member_when_enough_have_endorsed_it(node_of: MakeNode) -> None:
    founders = [node_of(name) for name in NAMES]
    candidate = node_of("elmhurst")
    signed, circle = at.found(founders)
    network = InMemory([*founders, candidate])
    at.say(founders[0], circle, *make.findings(circle, 5))
    card = at.new_card(candidate, circle)
    at.join(candidate, signed, card)
    assert at.roster(candidate, circle).status == "candidate"

    at.endorse(founders[0], circle, card)
    at.exchange(network, [*founders, candidate])
    assert all(len(at.roster(node, circle).members) == 3 for node in [*founders, candidate])
    with pytest.raises(HanseError) as caught:
        at.say(candidate, circle, make.finding(circle))
    assert caught.value.code is Code.NO_SUCH_MEMBER
    assert at.states(candidate, circle) == {}

    at.endorse(founders[1], circle, card)
    at.exchange(network, [*founders, candidate])
    assert at.roster(candidate, circle).status == "member"
    said = make.finding(circle)
    at.say(candidate, circle, said)
    at.exchange(network, [*founders, candidate])
    for node in [*founders, candidate]:
        assert at.roster(node, circle).lines == at.roster(founders[0], circle).lines
        assert len(at.roster(node, circle).members) == 4
        assert len(at.states(node, circle)) == 6
        assert clean(node)
    line = at.roster(founders[2], circle).lines[candidate.own(circle)]
    assert (line.basis, len(line.endorsers)) == ("endorsed", 2)


def test_only_a_confirmed_key_is_endorsed_and_never_ones_own(node_of: MakeNode) -> None:
    node, other = node_of("aldermoor"), node_of("northport")
    _, circle = at.found([node, other])
    stranger = node_of("elmhurst")
    card = at.new_card(stranger, circle)
    with node.runtime.database.read() as tx, pytest.raises(HanseError) as caught:
        circles.prepare_endorse(tx, circle, card, node.clock.now())
    assert caught.value.code is Code.NOT_CONFIRMED
    with pytest.raises(HanseError, match="our own") as caught:
        at.endorse(node, circle, at.new_card(node, circle))
    at.endorse(node, circle, card)
    with pytest.raises(HanseError, match="already") as caught:
        at.endorse(node, circle, card)
    assert caught.value.code is Code.CONFLICT
    with node.runtime.database.read() as tx, pytest.raises(HanseError, match="no card") as caught:
        circles.prepare_endorse(tx, circle, card[:-4] + b"AAAA", node.clock.now())


def test_a_peer_three_keys_behind_catches_up_from_a_relay(node_of: MakeNode) -> None:
    author, relay, reader = nodes = [node_of(name) for name in NAMES]
    _, circle = at.found(nodes)
    network = InMemory(nodes)
    keys = [author.own(circle)]
    at.say(author, circle, make.finding(circle), *make.findings(circle, 3))
    for _ in range(3):
        keys.append(at.rotate(author, circle))
        at.say(author, circle, make.finding(circle), *make.findings(circle, 3))
    at.exchange(network, [relay])
    network.disconnect(author.url)
    report = sync_once(reader.runtime, transport=network)

    assert not [problem for problem in report.problems if problem.log is not None]
    assert at.states(reader, circle) == at.states(author, circle)
    found = at.roster(reader, circle)
    assert [found.lines[key].status for key in keys] == ["former", "former", "former", "current"]
    assert [found.lines[key].superseded_by for key in keys] == [*keys[1:], None]
    assert {found.voice(key) for key in keys} == {at.identity(author)}
    signal = at.signal(reader)
    assert signal is not None
    assert [each.statement[0] for each in signal.contributions] == [keys[-1]]
    assert at.signal_bytes(reader) == at.signal_bytes(author)
    assert clean(reader)
    assert clean(author)


def test_a_former_key_corrects_and_retracts_and_says_nothing_new(node_of: MakeNode) -> None:
    nodes = [node_of(name) for name in NAMES]
    author, reader = nodes[:2]
    _, circle = at.found(nodes)
    network = InMemory(nodes)
    old = author.own(circle)
    first, second = make.finding(circle), make.finding(circle, make.finding_body(make.OTHER_SUBJECT))
    at.say(author, circle, first, second)
    at.rotate(author, circle)
    correction = make.correction(circle, first.id, make.finding_body(strength=4))
    at.say(author, circle, correction, make.retraction(circle, second.id), key=old)
    with pytest.raises(HanseError) as caught:
        at.say(author, circle, make.finding(circle), key=old)
    assert caught.value.code is Code.CONFLICT
    at.exchange(network, nodes)
    found = at.states(reader, circle)
    assert (found[first.id], found[second.id]) == ("corrected", "retracted")
    assert at.signal_bytes(reader) == at.signal_bytes(author)
    assert clean(reader)


def test_after_a_theft_the_words_before_it_stay_and_the_victim_comes_back_as_one_voice(node_of: MakeNode) -> None:
    victim, *others = nodes = [node_of(name) for name in ("elmhurst", *NAMES)]
    signed, circle = at.found(nodes)
    network = InMemory(nodes)
    stolen = victim.own(circle)
    before, other = make.finding(circle), make.finding(circle, make.finding_body(make.OTHER_SUBJECT))
    at.say(victim, circle, before, other)
    at.exchange(network, nodes)
    honest = [at.signal_bytes(node) for node in others]

    # Whoever has the key signs on: something new, and against what the victim said.
    forged = make.finding(circle, make.finding_body(strength=4))
    correction = make.correction(circle, other.id, make.finding_body(strength=4))
    at.say(victim, circle, forged, make.retraction(circle, before.id), correction)
    at.exchange(network, nodes)
    assert at.states(others[0], circle)[before.id] == "retracted"
    for node in others[:2]:
        at.vote(node, circle, stolen, 2)
    at.exchange(network, others)
    for node, signals in zip(others, honest, strict=True):
        found = at.states(node, circle)
        assert (found[before.id], found[other.id]) == ("live", "live")
        assert (found[forged.id], found[correction.id]) == ("void", "void")
        assert at.signal_bytes(node) == signals
        assert clean(node)
        assert at.roster(node, circle).lines[stolen].status == "removed"
    assert not [pull for pull in sync_once(victim.runtime, transport=network).pulls if not pull.problems]

    card = at.new_card(victim, circle)
    with pytest.raises(HanseError, match="already a member"):
        at.join(victim, signed, card)
    at.join(victim, signed, card, again=True)
    for node in others[:2]:
        at.endorse(node, circle, card)
    at.exchange(network, [*others, victim])
    assert at.roster(victim, circle).status == "member"
    said = make.finding(circle, make.finding_body(strength=1))
    at.say(victim, circle, said)
    at.exchange(network, nodes)
    for node in nodes:
        signal = at.signal(node)
        assert signal is not None
        assert [each.statement[1] for each in signal.contributions] == [said.id]
        assert at.states(node, circle)[before.id] == "live"
        assert clean(node)
    assert len({tuple(at.signal_bytes(node)) for node in nodes}) == 1


def test_a_late_entry_of_a_removed_key_is_void_when_it_comes(node_of: MakeNode) -> None:
    """The vote is known before the entry that it voids; the other way round the same must come out."""
    thief, *others = nodes = [node_of(name) for name in ("elmhurst", *NAMES)]
    _, circle = at.found(nodes)
    network = InMemory(nodes)
    before = make.finding(circle)
    at.say(thief, circle, before)
    at.exchange(network, nodes)
    late = others[2]
    forged = make.finding(circle, make.finding_body(make.OTHER_SUBJECT))
    at.say(thief, circle, forged, make.retraction(circle, before.id), make.retraction(circle, forged.id))
    sync_once(late.runtime, transport=network)
    network.disconnect(late.url)
    for node in others[:2]:
        at.vote(node, circle, thief.own(circle), 1)
    at.exchange(network, others[:2])
    network = InMemory(nodes)
    at.exchange(network, others)
    found = [at.states(node, circle) for node in others]
    assert found[0] == found[1] == found[2]
    assert found[0][before.id] == "live"
    assert found[0][forged.id] == "void"
    assert all(clean(node) for node in others)


def test_whoever_leaves_is_not_answered_and_keeps_what_it_said(node_of: MakeNode) -> None:
    leaver, *others = nodes = [node_of(name) for name in NAMES]
    signed, circle = at.found(nodes)
    network = InMemory(nodes)
    said = make.finding(circle)
    at.say(leaver, circle, said)
    at.leave(leaver, circle)
    assert at.roster(leaver, circle).status == "left"
    with pytest.raises(HanseError) as caught:
        at.say(leaver, circle, make.finding(circle))
    assert caught.value.code is Code.NO_SUCH_MEMBER
    at.exchange(network, nodes)
    for node in others:
        assert at.states(node, circle) == {said.id: "live"}
        assert at.signal(node) is not None
        assert leaver.own(circle) not in at.roster(node, circle).members
        assert leaver.name not in {member.name for member in at.roster(node, circle).others}
    assert all(pull.problems for pull in sync_once(leaver.runtime, transport=network).pulls)
    card = at.new_card(leaver, circle)
    at.join(leaver, signed, card)
    for node in others:
        at.endorse(node, circle, card)
    at.exchange(network, [*others, leaver])
    assert at.roster(leaver, circle).status == "member"
    assert all(clean(node) for node in nodes)


def test_a_vote_voids_nothing_later_than_what_the_voter_has_seen(node_of: MakeNode) -> None:
    """An index beyond what is held would leave valid what nobody here has read."""
    founders = [node_of(name) for name in NAMES]
    _, circle = at.found(founders)
    target = founders[1].own(circle)
    with pytest.raises(HanseError) as refused:
        at.vote(founders[0], circle, target, 1)
    assert refused.value.code is Code.INVALID
    at.vote(founders[0], circle, target, 0)
