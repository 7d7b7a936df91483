"""In whatever order logs arrive, a node comes to the same roster, the same statements and the same signals."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.domain.circles import Roster
from node.ledger.check import Damage, check
from node.storage import ledger as logs
from node.sync.accept import accept
from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, KeyId
from protocol.merkle import proofs, tiles
from protocol.messages.stream import Section
from tests.federation import members as at
from tests.federation.support import InMemory, Node, make_node, open_node
from tests.node import statements as make


@dataclass(frozen=True)
class _Story:
    """Everything that members have said, and a founder that has heard nothing yet."""

    folder: Path
    circle: CircleId
    logs: Mapping[KeyId, Sequence[bytes]]
    author: Node

    def section(self, log: KeyId, start: int, end: int) -> Section:
        """These entries of a log under the newest checkpoint, as any member would hand them on."""
        with self.author.runtime.database.read() as tx:
            held = logs.find_log(tx, self.circle, log)
            assert held is not None
            read = tiles.reader(logs.tile_fetch(tx, held), held.size)
            proof = proofs.consistency_proof(end, held.size, read) if 0 < end < held.size else ()
        return Section(log, start, tuple(self.logs[log][start:end]), held.covered, proof)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> _Story:
    """Rotation, an endorsement, a theft with a removal, a return, and a departure, all about one claim."""
    folder = tmp_path_factory.mktemp("order")
    nodes = [make_node(folder, name) for name in ("aldermoor", "northport", "valdesk", "elmhurst")]
    first, second, victim, reader = nodes
    newcomer = make_node(folder, "thornbury")
    signed, circle = at.found(nodes)
    network = InMemory([first, second, victim, newcomer])
    everybody = [first, second, victim, newcomer]
    reader.runtime.database.close()  # what it holds is then in one file
    shutil.copy(folder / "elmhurst" / "hanse.db", folder / "template.db")

    said = make.finding(circle)
    at.say(first, circle, make.finding(circle))
    at.say(victim, circle, said)
    at.rotate(first, circle)
    at.say(first, circle, make.finding(circle))
    at.exchange(network, everybody)
    at.say(victim, circle, make.finding(circle, make.finding_body(strength=4)), make.retraction(circle, said.id))
    at.say(second, circle, make.response(circle, victim.own(circle), said.id))
    stolen = victim.own(circle)
    card, back = at.new_card(newcomer, circle), at.new_card(victim, circle)
    at.join(newcomer, signed, card)
    at.join(victim, signed, back, again=True)
    for node in (first, second):
        at.vote(node, circle, stolen, 1)
        at.endorse(node, circle, card)
        at.endorse(node, circle, back)
    at.exchange(network, everybody)
    at.say(victim, circle, make.finding(circle))
    at.say(newcomer, circle, make.finding(circle))
    at.exchange(network, everybody)
    at.rotate(newcomer, circle)
    at.say(newcomer, circle, make.response(circle, victim.own(circle), said.id, "disputes"))
    at.leave(newcomer, circle)
    at.exchange(network, everybody)
    with first.runtime.database.read() as tx:
        held = {log.contributor: logs.read_entries(tx, log, 0, log.size) for log in logs.list_logs(tx, circle)}
    return _Story(folder, circle, held, first)


def arrive(story: _Story, node: Node, order: Sequence[tuple[KeyId, int, int]]) -> None:
    """Take the pieces in this order; one that is of nobody yet, or leaves a gap, is asked for again later."""
    waiting = [piece for piece in order if piece[1] < piece[2]]
    while waiting:
        left = []
        for log, start, end in waiting:
            try:
                accept(node.runtime.database, at.roster(node, story.circle), story.section(log, start, end), make.IAT)
            except ProtocolError as error:
                if error.code not in {Code.NOT_A_MEMBER, Code.GAP}:
                    raise
                left.append((log, start, end))
        assert len(left) < len(waiting)
        waiting = left


def comparable(roster: Roster) -> object:
    return dict(roster.lines), dict(roster.voices), list(roster.lines)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_order_of_arrival_changes_nothing(story: _Story, data: st.DataObject) -> None:
    pieces = []
    for log, entries in sorted(story.logs.items()):
        cut = data.draw(st.integers(0, len(entries)))
        pieces += [(log, 0, cut), (log, cut, len(entries))]
    order = data.draw(st.permutations(pieces))
    shutil.copy(story.folder / "template.db", story.folder / "elmhurst" / "hanse.db")
    for leftover in ("hanse.db-wal", "hanse.db-shm"):
        (story.folder / "elmhurst" / leftover).unlink(missing_ok=True)
    node = open_node(story.folder, "elmhurst")
    try:
        arrive(story, node, order)
        assert comparable(at.roster(node, story.circle)) == comparable(at.roster(story.author, story.circle))
        assert at.states(node, story.circle) == at.states(story.author, story.circle)
        assert at.signal_bytes(node) == at.signal_bytes(story.author)
        assert not [event for event in check(node.runtime.database, make.IAT) if isinstance(event, Damage)]
    finally:
        node.runtime.database.close()


def test_the_story_says_what_it_is_meant_to_say(story: _Story) -> None:
    lines = at.roster(story.author, story.circle).lines
    assert sorted(line.status for line in lines.values()) == [
        "current",
        "current",
        "current",
        "current",
        "former",
        "former",
        "left",
        "removed",
    ]
    assert sorted(at.states(story.author, story.circle).values()).count("void") == 2
    signal = at.signal(story.author)
    assert signal is not None
    assert len({each.contributor for each in signal.contributions}) == len(signal.contributions) == 4
