"""Two histories under one key: found by whoever meets both, proven, kept, and no more taken."""

import os
import shutil

import pytest
import sqlalchemy as sa

from node.domain.ledger import Log
from node.errors import Code as NodeCode
from node.errors import HanseError
from node.storage import circles as stored_circles
from node.storage import ledger as logs
from node.storage.tables.ledger import ENTRIES, TILES
from node.sync import sync_once
from node.sync.serve import COMPARED_LOGS
from protocol.errors import Code
from protocol.identifiers import CircleId, KeyId, decode_bytes
from protocol.merkle.checkpoint import open_checkpoint, origin
from protocol.merkle.proofs import verify_consistency
from tests.federation.conftest import MakeNode
from tests.federation.support import InMemory, Node, application, circle_of, publish
from tests.node import statements as make


def twin_of(node: Node, circle: CircleId, twin: Node) -> None:
    """Give ``twin`` the keys and the circle of ``node``, as a second machine set up from the same key files has."""
    shutil.rmtree(twin.runtime.settings.keys)
    shutil.copytree(node.runtime.settings.keys, twin.runtime.settings.keys)
    with node.runtime.database.read() as tx:
        signed = stored_circles.signed_charter(tx, circle)
    assert signed is not None
    with twin.runtime.database.write() as tx:
        stored_circles.insert(tx, circle, signed, node.own(circle), make.IAT)


def log_at(node: Node, circle: CircleId, contributor: KeyId) -> Log:
    with node.runtime.database.read() as tx:
        log = logs.find_log(tx, circle, contributor)
    assert log is not None
    return log


@pytest.mark.parametrize(
    ("first", "second"), [(2, 2), (2, 1), (2, 5), (300, 700)], ids=["same size", "shorter", "longer", "long logs"]
)
def test_a_second_node_with_the_same_key_is_found_out(node_of: MakeNode, first: int, second: int) -> None:
    """Whatever the sizes: the reader holds one history, keeps it, and reports the other with its proof."""
    author, reader = node_of("author"), node_of("reader")
    twin = node_of("twin", url=author.url)
    circle = circle_of([author, reader])
    twin_of(author, circle, twin)
    publish(author, circle, *make.findings(circle, first))
    publish(twin, circle, *make.findings(circle, second))
    network = InMemory([author, reader])
    assert sync_once(reader.runtime, transport=network).problems == ()
    held = log_at(reader, circle, author.own(circle))

    network.connect(author.url, application(twin))
    report = sync_once(reader.runtime, transport=network)

    (problem,) = report.problems
    assert (problem.code, problem.log) == (Code.FORK, author.own(circle))
    assert "second node with the same key" in problem.detail
    forked = log_at(reader, circle, author.own(circle))
    assert (forked.status, forked.size, forked.covered) == ("forked", first, held.covered)
    assert forked.problem
    assert_proven(reader, circle, forked)

    network.connect(author.url, application(author))
    publish(author, circle, make.finding(circle))
    assert sync_once(reader.runtime, transport=network).entries == 0


@pytest.mark.parametrize("sizes", [(3, 3), (2, 5)], ids=["same size", "another size"])
def test_members_that_were_shown_different_logs_find_out(node_of: MakeNode, sizes: tuple[int, int]) -> None:
    """The author shows each a log of its own and is never asked again: the two compare what they hold."""
    author, one, two = node_of("author"), node_of("one"), node_of("two")
    twin = node_of("twin", url=author.url)
    circle = circle_of([author, one, two])
    twin_of(author, circle, twin)
    for node, size, reader in ((author, sizes[0], one), (twin, sizes[1], two)):
        publish(node, circle, *make.findings(circle, size))
        network = InMemory([node])
        sync_once(reader.runtime, transport=network)

    network = InMemory([one, two])
    reports = [sync_once(reader.runtime, transport=network) for reader in (one, two)]

    assert {log_at(reader, circle, author.own(circle)).status for reader in (one, two)} == {"forked"}
    for report in reports:
        assert (Code.FORK, author.own(circle)) in {(problem.code, problem.log) for problem in report.problems}
    later = sync_once(one.runtime, transport=network)
    assert Code.FORK not in {problem.code for problem in later.problems}


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
    assert pull.bytes < (2 + COMPARED_LOGS) * 600


def assert_proven(reader: Node, circle: CircleId, forked: Log) -> None:
    """The evidence convinces anybody who has the contributor's key: two signed roots that exclude each other."""
    with reader.runtime.database.read() as tx:
        key = stored_circles.get_roster(tx, circle).members[forked.contributor].key
        entries = logs.read_entries(tx, forked, 0, forked.size)
    name = origin(circle, forked.contributor)
    ours = open_checkpoint(forked.covered, origin=name, key=key)
    assert forked.evidence is not None
    note, _, lines = forked.evidence.partition(b"=\n\n")
    signature, *proof = lines.split(b"\n")[:-1]
    theirs = open_checkpoint(note + b"=\n\n" + signature + b"\n", origin=name, key=key)
    if proof:
        other, *path = (decode_bytes(line.decode()) for line in proof)
        verify_consistency(ours.size, other, theirs.size, theirs.root, path)
        assert other != ours.root
    else:
        assert theirs.size <= len(entries)
        assert theirs.root != ours.root


def test_the_node_itself_learns_that_another_signs_with_its_key(node_of: MakeNode) -> None:
    author, reader = node_of("author"), node_of("reader")
    twin = node_of("twin", url=author.url)
    circle = circle_of([author, reader])
    twin_of(author, circle, twin)
    publish(author, circle, *make.findings(circle, 3))
    publish(twin, circle, *make.findings(circle, 3))
    network = InMemory([author, reader])
    sync_once(reader.runtime, transport=network)

    report = sync_once(twin.runtime, transport=network)

    (problem,) = report.problems
    assert (problem.code, problem.log) == (Code.FORK, twin.own(circle))
    with pytest.raises(HanseError) as caught:
        publish(twin, circle, make.finding(circle))
    assert caught.value.code is NodeCode.CONFLICT
    assert log_at(reader, circle, author.own(circle)).status == "good"


def test_a_node_restored_from_a_backup_gets_its_own_entries_back(node_of: MakeNode) -> None:
    """Peers hold what it published after the backup; it takes that back before it signs anything else."""
    author, reader = node_of("author"), node_of("reader")
    restored = node_of("restored", url=author.url)
    circle = circle_of([author, reader])
    twin_of(author, circle, restored)
    new = make.findings(circle, 4)
    publish(author, circle, *new)
    network = InMemory([author, reader])
    sync_once(reader.runtime, transport=network)
    network.connect(author.url, application(restored))

    report = sync_once(restored.runtime, transport=network)

    (problem,) = report.problems
    assert (problem.code, problem.log) == (NodeCode.CONFLICT, author.own(circle))
    assert "restored from a backup" in problem.detail
    publish(restored, circle, make.finding(circle))
    assert sync_once(reader.runtime, transport=network).problems == ()
    assert log_at(reader, circle, author.own(circle)).size == 5


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
