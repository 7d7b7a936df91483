"""Two histories under one key: found by whoever meets both, proven, kept, and passed on to those who never did."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest
import sqlalchemy as sa

from node.domain.ledger import Log
from node.errors import Code as NodeCode
from node.errors import HanseError
from node.ledger.check import Damage, check
from node.storage import circles as stored_circles
from node.storage import ledger as logs
from node.storage import peers
from node.storage import statements as reading
from node.storage.tables.ledger import ENTRIES, TILES
from node.sync import forks, sync_once
from node.sync.serve import COMPARED_LOGS
from protocol.errors import Code, ProtocolError
from protocol.fork import prove_unlocated_fork, verify_fork
from protocol.identifiers import CircleId, KeyId
from protocol.messages.stream import EntriesRequest, encode_stream
from protocol.statements import Finding
from tests.federation.conftest import MakeNode
from tests.federation.hostile import answering, checkpoint_over, contributor_key, section_of, twin_of
from tests.federation.support import InMemory, Node, application, circle_of, publish
from tests.node import statements as make


def log_at(node: Node, circle: CircleId, contributor: KeyId) -> Log:
    with node.runtime.database.read() as tx:
        log = logs.find_log(tx, circle, contributor)
    assert log is not None
    return log


@dataclass(frozen=True, slots=True)
class Split:
    """An author with two histories, a first reader, and everything between them."""

    circle: CircleId
    author: Node
    twin: Node
    readers: tuple[Node, ...]
    network: InMemory
    said: tuple[Finding, ...]
    """In the first history."""

    @property
    def log(self) -> KeyId:
        """The log with two histories."""
        return self.author.own(self.circle)

    def show(self, reader: Node, which: Node) -> None:
        """Let a reader ask one of the two alone."""
        network = InMemory([])
        network.connect(self.author.url, application(which))
        sync_once(reader.runtime, transport=network)

    def proven_at(self, reader: Node) -> int | None:
        """Where the log forks by the evidence that a reader keeps, which convinces anybody who has the key."""
        log = log_at(reader, self.circle, self.log)
        assert (log.status, log.evidence is not None, log.forked_at) == ("forked", True, make.IAT)
        with reader.runtime.database.read() as tx:
            key = stored_circles.get_roster(tx, self.circle).lines[self.log].key
        point = verify_fork(log.evidence or b"", self.circle, key)
        assert point.index == log.fork_index
        return point.index


def split(node_of: MakeNode, common: int, first: int, second: int, *readers: str, quota_entries: int = 10_000) -> Split:
    """Two nodes with one key, which say the same at first and then each something of its own."""
    author = node_of("author")
    others = tuple(node_of(name) for name in readers or ("reader",))
    twin = node_of("twin", url=author.url)
    circle = circle_of([author, *others], quota_entries=quota_entries)
    twin_of(author, circle, twin)
    both = make.findings(circle, common)
    ours = make.findings(circle, first)
    if both:  # the same statements under the same key are the same entries
        publish(author, circle, *both)
        publish(twin, circle, *both)
    publish(author, circle, *ours)
    publish(twin, circle, *make.findings(circle, second))
    return Split(circle, author, twin, others, InMemory([author, *others]), (*both, *ours))


@pytest.mark.parametrize(
    ("common", "first", "second"),
    [(0, 2, 2), (0, 2, 1), (1, 1, 4), (5, 3, 3), (256, 300, 10), (300, 1, 400)],
    ids=["same size", "shorter", "longer", "one tile", "at a tile's edge", "long"],
)
def test_a_second_node_with_the_same_key_is_found_out(node_of: MakeNode, common: int, first: int, second: int) -> None:
    """Whatever the sizes: the reader holds one history, and proves from which entry on there are two."""
    scene = split(node_of, common, first, second)
    (reader,) = scene.readers
    assert sync_once(reader.runtime, transport=scene.network).problems == ()
    held = log_at(reader, scene.circle, scene.log)

    scene.network.connect(scene.author.url, application(scene.twin))
    report = sync_once(reader.runtime, transport=scene.network)

    (problem,) = report.problems
    assert (problem.code, problem.log) == (Code.FORK, scene.log)
    assert "second node with the same key" in problem.detail
    assert f"at entry {common}" in problem.detail
    assert scene.proven_at(reader) == common
    forked = log_at(reader, scene.circle, scene.log)
    assert (forked.size, forked.covered) == (common + first, held.covered)

    scene.network.connect(scene.author.url, application(scene.author))
    publish(scene.author, scene.circle, make.finding(scene.circle))
    again = sync_once(reader.runtime, transport=scene.network)
    assert (again.entries, again.problems) == (0, ())


def states(node: Node, scene: Split) -> list[str]:
    """What a node makes of the statements of the first history, in their order; a dash for one it does not hold."""
    found: list[str] = []
    with node.runtime.database.read() as tx:
        for statement in scene.said:
            stored = reading.get(tx, scene.log, statement.id, now=make.IAT)
            found.append("-" if stored is None else stored.state)
    return found


def test_what_stands_before_the_fork_stays_and_what_follows_is_void(node_of: MakeNode) -> None:
    scene = split(node_of, 2, 3, 1)
    (reader,) = scene.readers
    sync_once(reader.runtime, transport=scene.network)
    assert states(reader, scene) == ["live"] * 5
    with reader.runtime.database.write() as tx:
        reading.take_dirty_claims(tx, 10)

    scene.show(reader, scene.twin)

    assert states(reader, scene) == ["live"] * 2 + ["void"] * 3
    with reader.runtime.database.write() as tx:
        dirty = {claim.subject for claim in reading.take_dirty_claims(tx, 10)}
    assert {finding.body.subject.id for finding in scene.said[2:]} <= dirty


def test_a_member_that_never_met_the_other_history_learns_by_evidence(node_of: MakeNode) -> None:
    """Also one that held nothing of the log: it takes what precedes the fork, from a relay, and no more."""
    scene = split(node_of, 3, 2, 2, "witness", "holder", "newcomer")
    witness, holder, newcomer = scene.readers
    publish(newcomer, scene.circle, make.finding(scene.circle))
    for node in (witness, holder):
        scene.show(node, scene.author)
    scene.show(witness, scene.twin)
    scene.network.disconnect(scene.author.url)
    clean = make.finding(scene.circle)
    publish(witness, scene.circle, clean)

    reports = [sync_once(node.runtime, transport=InMemory([witness])) for node in (holder, newcomer)]

    for node, report, size in zip((holder, newcomer), reports, (5, 0), strict=True):
        assert (Code.FORK, scene.log) in {(problem.code, problem.log) for problem in report.problems}
        assert scene.proven_at(node) == 3
        assert log_at(node, scene.circle, scene.log).size in {size, 3}
    sync_once(newcomer.runtime, transport=InMemory([witness]))
    assert log_at(newcomer, scene.circle, scene.log).size == 3
    assert states(newcomer, scene) == ["live"] * 3 + ["-"] * 2
    assert states(holder, scene) == states(witness, scene) == ["live"] * 3 + ["void"] * 2
    for node in scene.readers:
        sync_once(node.runtime, transport=scene.network)
        assert log_at(node, scene.circle, witness.own(scene.circle)).status == "good"
        assert log_at(node, scene.circle, newcomer.own(scene.circle)).status == "good"
        with node.runtime.database.read() as tx:
            assert reading.get(tx, witness.own(scene.circle), clean.id, now=make.IAT) is not None
        assert not [each for each in check(node.runtime.database, make.IAT) if isinstance(each, Damage)]
    later = [sync_once(node.runtime, transport=InMemory(scene.readers)) for node in scene.readers]
    assert not any(problem.log for report in later for problem in report.problems)


def test_the_earliest_fork_decides_in_whatever_order_the_proofs_come(node_of: MakeNode) -> None:
    scene = split(node_of, 4, 2, 2, "one", "two")
    one, two = scene.readers
    third = node_of("third", url=scene.author.url)
    twin_of(scene.author, scene.circle, third)
    publish(third, scene.circle, *scene.said[:1], *make.findings(scene.circle, 9))
    for reader, others in ((one, (scene.twin, third)), (two, (third, scene.twin))):
        scene.show(reader, scene.author)
        for other in others:
            scene.show(reader, other)
    assert scene.proven_at(two) == 1  # it had stopped there, and what is said of a later fork is no news

    for _ in range(4):  # of what both know, one proof at a time is drawn and compared
        sync_once(one.runtime, transport=InMemory([two]))

    assert scene.proven_at(one) == scene.proven_at(two) == 1
    assert states(one, scene) == states(two, scene) == ["live"] + ["void"] * 5


@pytest.mark.parametrize("sizes", [(3, 3), (2, 5)], ids=["same size", "another size"])
def test_members_that_were_shown_different_logs_find_out(node_of: MakeNode, sizes: tuple[int, int]) -> None:
    """The author shows each a log of its own and is never asked again: the two compare what they hold."""
    scene = split(node_of, 1, *sizes, "one", "two")
    one, two = scene.readers
    scene.show(one, scene.author)
    scene.show(two, scene.twin)

    network = InMemory([one, two])
    reports = [sync_once(reader.runtime, transport=network) for reader in (one, two)]

    assert {scene.proven_at(reader) for reader in (one, two)} == {1}
    assert (Code.FORK, scene.log) in {(p.code, p.log) for report in reports for p in report.problems}
    later = sync_once(one.runtime, transport=network)
    assert Code.FORK not in {problem.code for problem in later.problems}


def test_without_the_hashes_of_the_other_history_the_log_stops_and_is_located_later(node_of: MakeNode) -> None:
    scene = split(node_of, 2, 1, 1, "reader", "relay")
    reader, relay = scene.readers
    scene.show(reader, scene.author)
    scene.show(relay, scene.twin)
    with scene.twin.runtime.database.read() as tx:
        log = logs.find_log(tx, scene.circle, scene.log)
        assert log is not None
        entries = logs.read_entries(tx, log, 0, log.size)
    shown = section_of(contributor_key(scene.author, scene.circle), scene.circle, entries, 3)
    network = InMemory([])
    network.connect(scene.author.url, answering(scene.author, lambda _: encode_stream([shown], more=False)))

    for fresh in (True, False):
        report = sync_once(reader.runtime, transport=network)
        codes = {problem.code for problem in report.problems if problem.log == scene.log}
        assert codes == ({Code.FORK} if fresh else set())

    assert scene.proven_at(reader) is None
    assert states(reader, scene) == ["live"] * 3

    sync_once(reader.runtime, transport=InMemory([relay]))
    assert scene.proven_at(reader) == 2
    assert states(reader, scene) == ["live"] * 2 + ["void"]


def forged(scene: Split, other: KeyId) -> dict[str, tuple[bytes, Code]]:
    """What does not prove a fork, and why."""
    with scene.readers[0].runtime.database.read() as tx:
        roster = stored_circles.get_roster(tx, scene.circle)
        key = contributor_key(scene.author, scene.circle)
    truth = prove_unlocated_fork(
        scene.circle,
        roster.lines[scene.log].key,
        checkpoint_over(key, scene.circle, 7, bytes(32)),
        checkpoint_over(key, scene.circle, 7, bytes(31) + b"\x01"),
    )
    proof = msgspec.json.decode(truth)
    honest = proof | {"contributor": other}
    stranger = proof | {"contributor": "A" * 43}
    changed = truth.replace(b"\\n7\\n", b"\\n8\\n")
    return {
        "another member's name on it": (msgspec.json.encode(honest), Code.BAD_CHECKPOINT),
        "a stranger's name on it": (msgspec.json.encode(stranger), Code.NOT_A_MEMBER),
        "a changed checkpoint": (changed, Code.BAD_SIGNATURE),
        "nothing of the kind": (b"{}", Code.MALFORMED),
    }


def saying(stream: bytes) -> Callable[[EntriesRequest], bytes]:
    """The same answer to whatever is asked."""
    return lambda _: stream


def test_forged_evidence_is_refused_and_costs_its_sender_nothing_else(node_of: MakeNode) -> None:
    scene = split(node_of, 2, 1, 1, "reader", "liar")
    reader, liar = scene.readers
    publish(liar, scene.circle, make.finding(scene.circle))
    with liar.runtime.database.read() as tx:
        log = logs.find_log(tx, scene.circle, liar.own(scene.circle))
        assert log is not None
        section = section_of(contributor_key(liar, scene.circle), scene.circle, logs.read_entries(tx, log, 0, log.size))
    for name, (proof, code) in forged(scene, reader.own(scene.circle)).items():
        stream = encode_stream([section], forks=[proof], more=False)
        scene.network.connect(liar.url, answering(liar, saying(stream)))
        report = sync_once(reader.runtime, transport=scene.network)
        (pull,) = (each for each in report.pulls if each.contributor == liar.own(scene.circle))
        assert [problem.code for problem in pull.problems] == [code], name
        with reader.runtime.database.read() as tx:
            state = peers.find_peer(tx, scene.circle, liar.own(scene.circle))
        assert state is not None
        assert state.failures == 0, name
        for contributor in (scene.log, liar.own(scene.circle), reader.own(scene.circle)):
            with reader.runtime.database.read() as tx:
                held = logs.find_log(tx, scene.circle, contributor)
            assert held is None or held.status == "good", name
    assert log_at(reader, scene.circle, liar.own(scene.circle)).size == 1


def test_evidence_about_another_circle_is_refused(node_of: MakeNode) -> None:
    scene = split(node_of, 0, 1, 1)
    (reader,) = scene.readers
    scene.show(reader, scene.author)
    scene.show(reader, scene.twin)
    evidence = log_at(reader, scene.circle, scene.log).evidence
    assert evidence is not None
    other = circle_of([scene.author, reader], name="Another Invented Circle")
    with reader.runtime.database.read() as tx:
        roster = stored_circles.get_roster(tx, other)
    with pytest.raises(ProtocolError) as caught:
        forks.receive(reader.runtime.database, roster, evidence, make.IAT)
    assert caught.value.code is Code.NOT_A_MEMBER  # no key of this circle has that log


def test_a_few_checkpoints_are_compared_in_each_answer(node_of: MakeNode) -> None:
    """However many logs two members hold alike, a round between them stays small."""
    nodes = [node_of(f"member{number}") for number in range(COMPARED_LOGS + 4)]
    circle = circle_of(nodes)
    for node in nodes:
        publish(node, circle, make.finding(circle))
    asked, asking, *_ = nodes
    for reader in (asked, asking):
        sync_once(reader.runtime, transport=InMemory(nodes))

    pulls = sync_once(asking.runtime, transport=InMemory([asked])).pulls

    (pull,) = (pull for pull in pulls if pull.contributor == asked.own(circle))
    assert (pull.entries, pull.problems) == (0, ())
    assert pull.bytes < (2 + COMPARED_LOGS) * 1_100


def test_the_node_itself_learns_that_another_signs_with_its_key(node_of: MakeNode) -> None:
    scene = split(node_of, 2, 3, 3)
    (reader,) = scene.readers
    sync_once(reader.runtime, transport=scene.network)

    report = sync_once(scene.twin.runtime, transport=scene.network)

    (problem,) = report.problems
    assert (problem.code, problem.log) == (Code.FORK, scene.log)
    assert scene.proven_at(scene.twin) == 2
    with pytest.raises(HanseError) as caught:
        publish(scene.twin, scene.circle, make.finding(scene.circle))
    assert caught.value.code is NodeCode.CONFLICT
    assert log_at(reader, scene.circle, scene.log).status == "good"


def test_garbage_from_a_relay_is_no_fork(node_of: MakeNode) -> None:
    """A relay that changes entries cannot make its victim look guilty."""
    author, relay, reader = node_of("author"), node_of("relay"), node_of("reader")
    circle = circle_of([author, relay, reader])
    publish(author, circle, *make.findings(circle, 3))
    network = InMemory([author, relay, reader])
    sync_once(reader.runtime, transport=network)
    publish(author, circle, *make.findings(circle, 300))
    sync_once(relay.runtime, transport=network)
    network.disconnect(author.url)
    harm(relay, circle, author.own(circle))

    report = sync_once(reader.runtime, transport=network)

    assert Code.WRONG_ROOT in {problem.code for problem in report.problems}
    assert log_at(reader, circle, author.own(circle)).status == "good"


def harm(relay: Node, circle: CircleId, contributor: KeyId) -> None:
    """Change entries and hash tiles in a relay's own database."""
    log = log_at(relay, circle, contributor)
    with relay.runtime.database.write() as tx:
        tx.connection.execute(sa.update(ENTRIES).where(ENTRIES.c.log_id == log.id, ENTRIES.c.idx == 5).values(jws=b"x"))
        where = sa.and_(TILES.c.log_id == log.id, TILES.c.level == 0, TILES.c.idx == 0)
        hashes = tx.connection.execute(sa.select(TILES.c.hashes).where(where)).scalar_one()
        tx.connection.execute(sa.update(TILES).where(where).values(hashes=os.urandom(32) + hashes[32:]))
