"""What hangs on entries behind a fork: answers to them, and keys that they admitted. All members conclude the same."""

import msgspec
import sqlalchemy as sa

from node.ledger.check import Damage, check
from node.storage import forks
from node.storage import ledger as logs
from node.storage import statements as reading
from node.storage.forks import LOWERED_AT_ONCE, LOWERED_SECONDS
from node.storage.tables.insight import SIGNALS
from node.sync import sync_once
from protocol.identifiers import KeyId
from protocol.signals import Signal
from protocol.statements import Timestamp
from tests.federation import members
from tests.federation.conftest import MakeNode
from tests.federation.support import InMemory, Node, circle_of, publish
from tests.federation.test_forks import Split, split, states
from tests.node import statements as make


def exchange(scene: Split) -> None:
    """The readers tell one another what they know."""
    network = InMemory(scene.readers)
    for _ in range(3):
        for reader in scene.readers:
            sync_once(reader.runtime, transport=network)


def damage(node: Node) -> list[Damage]:
    return [each for each in check(node.runtime.database, make.IAT) if isinstance(each, Damage)]


def test_an_answer_to_what_stands_behind_a_fork_counts_nowhere(node_of: MakeNode) -> None:
    """One reader holds the finding that it answers, the other holds the other history: their signals are the same."""
    scene = split(node_of, 1, 1, 1, "one", "two", "three")
    one, two, three = scene.readers
    scene.show(one, scene.author)
    scene.show(two, scene.twin)
    publish(one, scene.circle, make.response(scene.circle, scene.log, scene.said[1].id))
    publish(three, scene.circle, make.response(scene.circle, scene.log, scene.said[0].id))

    exchange(scene)

    assert states(one, scene) == ["live", "void"]
    assert states(two, scene) == ["live", "-"]
    assert members.signal_bytes(one) == members.signal_bytes(two) == members.signal_bytes(three)
    spoken = {each.statement[0] for said in decoded(one) for each in said.contributions}
    assert spoken == {scene.log, three.own(scene.circle)}


def decoded(node: Node) -> list[Signal]:
    """Every stored signal."""
    with node.runtime.database.read() as tx:
        stored = tx.connection.execute(sa.select(SIGNALS.c.signal)).scalars()
        return [msgspec.json.decode(data, type=Signal) for data in stored]


def test_a_key_that_was_named_behind_a_fork_is_nobodys(node_of: MakeNode) -> None:
    """Its log stays where it was taken, counts for nothing, and is no damage; others never take it."""
    scene = split(node_of, 1, 0, 2, "one", "two")
    one, two = scene.readers
    former = scene.log
    key = members.rotate(scene.author, scene.circle)
    (said,) = publish(scene.author, scene.circle, make.finding(scene.circle))
    scene.show(one, scene.author)
    assert said.contributor == key
    assert key in members.roster(one, scene.circle).lines
    before = members.signal_bytes(one)

    scene.show(one, scene.twin)
    scene.show(two, scene.twin)
    exchange(scene)

    for reader in (one, two):
        roster = members.roster(reader, scene.circle)
        assert (key in roster.lines, roster.lines[former].status) == (False, "current")
        assert damage(reader) == []
    assert state_of(one, key) == {"void"}
    assert state_of(two, key) == set()
    assert members.signal_bytes(one) == members.signal_bytes(two) != before


def test_a_fork_is_followed_down_so_often_and_no_more(node_of: MakeNode) -> None:
    """A burst, then one in a minute; a clock that was a year ahead leaves no room taken up for a year."""
    author, reader = nodes = [node_of(name) for name in ("author", "reader")]
    circle = circle_of(nodes)
    start = make.IAT

    def lower(index: int, after: int) -> bool:
        now = Timestamp(start + after)
        with reader.runtime.database.write() as tx:
            log = logs.lock_log(tx, circle, author.own(circle))
            return forks.declare(tx, log, index=index, evidence=b"%d" % index, problem="", now=now)

    assert lower(1_000, 0)
    assert [lower(999 - count, 0) for count in range(LOWERED_AT_ONCE + 2)] == [True] * LOWERED_AT_ONCE + [False] * 2
    assert not lower(900, LOWERED_SECONDS - 1)
    assert lower(900, LOWERED_SECONDS)
    assert not lower(800, LOWERED_SECONDS)
    assert not lower(950, 10 * LOWERED_SECONDS)  # says less than what is known
    assert lower(800, 2 * LOWERED_SECONDS)
    year = 31_536_000
    assert lower(700, year)
    assert lower(600, 0)


def state_of(node: Node, log: KeyId) -> set[str]:
    """How the statements of a log stand."""
    with node.runtime.database.read() as tx:
        page = reading.feed(tx, after=0, limit=1_000, now=make.IAT)
        return {each.state for each in page if each.contributor == log}
