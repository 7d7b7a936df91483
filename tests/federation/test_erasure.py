"""Erasure among several nodes: gone to the byte everywhere, receipted, and not brought back by anybody."""

import io
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from node.circles import roster
from node.domain.circles import TrustDecision
from node.domain.ledger import Log
from node.insight import index
from node.insight.refresh import catch_up
from node.ledger.check import Damage, check
from node.ledger.export import export
from node.publishing.applied import act_on
from node.storage import circles, gone, membership, receipts
from node.storage import ledger as logs
from node.storage import statements as reading
from node.storage.tables.ledger import STATEMENTS
from node.sync import push, sync_once
from node.sync.take import Taker
from protocol.identifiers import CircleId, StatementId
from protocol.merkle.checkpoint import open_checkpoint, origin
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import Leaf, entry_hash
from protocol.messages.stream import EntriesRequest, Filling, Section, decode_stream, encode_stream
from protocol.statements import DAY_SECONDS, Finding
from tests.federation import members
from tests.federation.conftest import MakeNode
from tests.federation.hostile import answering
from tests.federation.support import InMemory, Node, application, circle_of, free_port, make_node, publish, serving
from tests.federation.test_trust import decide
from tests.node import statements as make

WORD = "quillbrush"
"""Stands nowhere but in the summary that is erased."""


def settle(*nodes: Node) -> None:
    """What a worker does after each round."""
    for node in nodes:
        index.catch_up(node.runtime.database, node.clock.now())
        catch_up(node.runtime.database, node.runtime.vocabulary, node.clock.now())


def say(author: Node, circle: CircleId) -> Finding:
    """A finding with the word, between two others."""
    said = make.finding(circle, make.finding_body(summary=f"Seen by the {WORD}."))
    publish(author, circle, make.finding(circle), said, make.finding(circle))
    return said


def log_of(author: Node, circle: CircleId, node: Node) -> Log:
    with node.runtime.database.read() as tx:
        log = logs.find_log(tx, circle, author.own(circle))
    assert log is not None
    return log


def holds(node: Node, author: Node, circle: CircleId, statement: StatementId) -> bool:
    with node.runtime.database.read() as tx:
        return reading.get(tx, author.own(circle), statement, now=node.clock.now()) is not None


def places(author: Node, circle: CircleId, node: Node) -> list[bytes | Leaf]:
    log = log_of(author, circle, node)
    with node.runtime.database.read() as tx:
        return logs.read_places(tx, log, 0, log.size)


def damages(node: Node) -> list[Damage]:
    return [each for each in check(node.runtime.database, node.clock.now()) if isinstance(each, Damage)]


def files_with(word: bytes, folders: Sequence[Path]) -> list[str]:
    return [path.name for path in _files(folders) if word in path.read_bytes()]


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file())


def where_the_bytes_are(nodes: Sequence[Node], tmp_path: Path) -> list[Path]:
    """The folders in which the databases and everything else of these nodes are; of PostgreSQL the tables' files."""
    database = nodes[0].runtime.database
    if database.engine.dialect.name == "sqlite":
        return [tmp_path]
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CHECKPOINT")
        return [tmp_path, Path(connection.exec_driver_sql("SHOW data_directory").scalar_one()) / "base"]


@pytest.mark.enable_socket
def test_what_is_erased_is_gone_to_the_byte_and_receipted(node_of: MakeNode, tmp_path: Path) -> None:
    ports = [free_port() for _ in range(3)]
    nodes = [
        node_of(name, url=f"http://127.0.0.1:{port}")
        for name, port in zip(("author", "first", "second"), ports, strict=True)
    ]
    author, first, second = nodes
    circle = circle_of(nodes)
    said = say(author, circle)
    with serving(application(author), ports[0]), serving(application(first), ports[1]):
        for node in (first, second):
            sync_once(node.runtime)
        settle(*nodes)
        assert files_with(WORD.encode(), where_the_bytes_are(nodes, tmp_path))

        publish(author, circle, make.erasure(circle, said.id, 1))
        for _ in range(2):  # the second round finds all computed, wipes, and writes receipts
            for node in (author, first, second):
                sync_once(node.runtime)
                settle(node)
        sync_once(author.runtime)

    assert files_with(WORD.encode(), where_the_bytes_are(nodes, tmp_path)) == []
    for node in nodes:
        assert not holds(node, author, circle, said.id)
        assert damages(node) == []
    with author.runtime.database.read() as tx:
        given = receipts.of_log(tx, circle, author.own(circle))
        act = act_on(tx, circle, said.id)
    assert sorted(each.size for each in given.values()) == [4, 4]
    assert act is not None
    assert (act.kind, act.index) == ("erasure", 3)
    assert [each.standing for each in act.members] == ["applied", "applied"]


def test_a_log_with_holes_verifies_from_outside(node_of: MakeNode) -> None:
    author, reader = nodes = [node_of("author"), node_of("reader")]
    circle = circle_of(nodes)
    said = say(author, circle)
    publish(author, circle, make.erasure(circle, said.id, 1))
    sync_once(reader.runtime, transport=InMemory(nodes))

    file = io.BytesIO()
    with reader.runtime.database.read() as tx:
        held = roster(tx, circle)
        assert export(tx, held, author.own(circle), file) == 4
    with zipfile.ZipFile(file) as archive:
        (section,), _ = decode_stream(archive.read("entries/000000"))
        name = origin(circle, author.own(circle))
        signed = open_checkpoint(archive.read("checkpoint"), origin=name, key=held.lines[author.own(circle)].key)
    assert [isinstance(entry, Leaf) for entry in section.entries] == [False, True, False, False]
    assert EMPTY.extend(entry_hash(entry) for entry in section.entries).root() == signed.root


def test_a_late_relay_brings_nothing_back(node_of: MakeNode) -> None:
    """One member has not heard of the erasure, and offers the content to one that has never seen it."""
    author, late, new = nodes = [node_of("author"), node_of("late"), node_of("new")]
    circle = circle_of(nodes)
    said = say(author, circle)
    network = InMemory(nodes)
    sync_once(late.runtime, transport=network)
    publish(author, circle, make.erasure(circle, said.id, 1))
    network.disconnect(late.url)
    sync_once(new.runtime, transport=network)
    assert isinstance(places(author, circle, new)[1], Leaf)

    network.connect(late.url, application(late))
    network.disconnect(author.url)
    sync_once(new.runtime, transport=network)

    assert holds(late, author, circle, said.id)
    assert not holds(new, author, circle, said.id)
    assert isinstance(places(author, circle, new)[1], Leaf)
    with new.runtime.database.read() as tx:
        found = gone.find(tx, author.own(circle), said.id)
        assert gone.to_ask(tx, circle, 10) == []  # it was read once, and is not asked for again
    assert found is not None
    assert (found.why, found.erased_by) == ("erased", 3)
    assert damages(new) == []
    sync_once(late.runtime, transport=network)  # from the other member, which has the erasure
    assert not holds(late, author, circle, said.id)


def test_a_restored_backup_erases_again(tmp_path: Path) -> None:
    author, reader = nodes = [make_node(tmp_path, name) for name in ("author", "reader")]  # the backup of a file
    circle = circle_of(nodes)
    said = say(author, circle)
    network = InMemory(nodes)
    sync_once(reader.runtime, transport=network)
    reader.runtime.database.close()
    file = tmp_path / "reader" / "hanse.db"
    shutil.copy(file, tmp_path / "backup")
    publish(author, circle, make.erasure(circle, said.id, 1))
    sync_once(reader.runtime, transport=network)
    assert not holds(reader, author, circle, said.id)

    reader.runtime.database.close()
    shutil.copy(tmp_path / "backup", file)
    assert holds(reader, author, circle, said.id)
    sync_once(reader.runtime, transport=network)

    assert not holds(reader, author, circle, said.id)
    assert damages(reader) == []


def test_a_relay_that_leaves_content_out_is_made_good_by_the_next(node_of: MakeNode) -> None:
    """Nothing says why the content is missing: it is asked for again, and read as if it had always been there."""
    author, relay, reader, other = nodes = [node_of(name) for name in ("author", "relay", "reader", "other")]
    circle = circle_of(nodes)
    said = say(author, circle)
    publish(author, circle, make.retraction(circle, said.id))
    network = InMemory(nodes)
    sync_once(relay.runtime, transport=network)
    sync_once(other.runtime, transport=network)

    def hollow(_: EntriesRequest) -> bytes:
        held = places(author, circle, relay)
        leaves = tuple(Leaf(entry_hash(entry)) for entry in held[:3])
        log = log_of(author, circle, relay)
        return encode_stream([Section(author.own(circle), 0, (*leaves, *held[3:]), log.covered, ())], more=False)

    network.disconnect(author.url)
    network.disconnect(other.url)
    network.connect(relay.url, answering(relay, hollow))
    sync_once(reader.runtime, transport=network)
    assert sum(isinstance(each, Leaf) for each in places(author, circle, reader)) == 3
    with reader.runtime.database.read() as tx:
        assert gone.count_missing(tx, circle) == {author.own(circle): 3}
        assert len(gone.to_ask(tx, circle, 10)) == 3
    assert damages(reader) == []

    network.connect(other.url, application(other))
    sync_once(reader.runtime, transport=network)

    assert places(author, circle, reader) == places(author, circle, author)
    assert _rows(reader) == _rows(other)
    with reader.runtime.database.read() as tx:
        assert gone.count_missing(tx, circle) == {}
    assert damages(reader) == []


def test_other_bytes_fill_nothing(node_of: MakeNode) -> None:
    author, relay, reader = nodes = [node_of(name) for name in ("author", "relay", "reader")]
    circle = circle_of(nodes)
    say(author, circle)
    network = InMemory(nodes)
    sync_once(relay.runtime, transport=network)

    def lying(_: EntriesRequest) -> bytes:
        held = places(author, circle, relay)
        own = author.own(circle)
        leaves = tuple(Leaf(entry_hash(each)) for each in held)
        section = Section(own, 0, leaves, log_of(author, circle, relay).covered, ())
        other = held[0]
        assert isinstance(other, bytes)
        fillings = [Filling(own, 1, other), Filling(own, 9, other), Filling(relay.own(circle), 0, other)]
        return encode_stream([section], more=False, fillings=fillings)

    network.disconnect(author.url)
    network.connect(relay.url, answering(relay, lying))
    for _ in range(2):
        sync_once(reader.runtime, transport=network)
    assert all(isinstance(each, Leaf) for each in places(author, circle, reader))
    assert damages(reader) == []


@pytest.fixture
def hollowed(node_of: MakeNode) -> tuple[Node, Node, Node, CircleId, InMemory]:
    """An author, a relay, and a reader that has the author's log without its content."""
    author, relay, reader = nodes = [node_of(name) for name in ("author", "relay", "reader")]
    circle = circle_of(nodes, quota_bytes=24_576)
    publish(author, circle, *make.findings(circle, 40))
    network = InMemory(nodes)
    sync_once(relay.runtime, transport=network)

    def hollow(_: EntriesRequest) -> bytes:
        leaves = tuple(Leaf(entry_hash(entry)) for entry in places(author, circle, relay))
        section = Section(author.own(circle), 0, leaves, log_of(author, circle, relay).covered, ())
        return encode_stream([section], more=False)

    network.disconnect(author.url)
    network.connect(relay.url, answering(relay, hollow))
    sync_once(reader.runtime, transport=network)
    network.connect(relay.url, application(relay))
    assert filled(author, reader, circle) == []
    return author, relay, reader, circle, network


def filled(author: Node, reader: Node, circle: CircleId) -> list[bytes]:
    return [each for each in places(author, circle, reader) if isinstance(each, bytes)]


def fillings_of(author: Node, circle: CircleId) -> list[Filling]:
    held = enumerate(places(author, circle, author))
    return [Filling(author.own(circle), index, entry) for index, entry in held if isinstance(entry, bytes)]


def test_content_that_was_not_asked_for_fills_nothing(
    hollowed: tuple[Node, Node, Node, CircleId, InMemory],
) -> None:
    """Each filling has its whole log read again, so whoever pushes one, or answers with others, costs nothing."""
    author, relay, reader, circle, _ = hollowed
    stream = encode_stream([], more=False, fillings=fillings_of(author, circle))
    with reader.runtime.database.read() as tx:
        held = circles.get_roster(tx, circle)
    peer = held.lines[relay.own(circle)]

    push.take(reader.runtime, held, peer, stream)
    assert filled(author, reader, circle) == []
    taker = Taker(reader.runtime, held, peer)
    taker.take(stream, {author.own(circle): ((3, 5),)})
    assert taker.tally.filled == 2
    assert [isinstance(each, bytes) for each in places(author, circle, reader)[2:6]] == [False, True, True, False]


def test_content_that_comes_after_all_spends_the_quota_of_bytes(
    hollowed: tuple[Node, Node, Node, CircleId, InMemory],
) -> None:
    author, relay, reader, circle, network = hollowed
    sync_once(reader.runtime, transport=network)
    some = filled(author, reader, circle)
    allowance = log_of(author, circle, reader).allowance
    assert allowance is not None
    assert 0 <= allowance.bytes < 24_576
    assert 24_576 - 2_000 < sum(map(len, some)) <= 24_576
    for node in (author, relay, reader):
        node.clock.advance(DAY_SECONDS)
    sync_once(reader.runtime, transport=network)
    assert len(filled(author, reader, circle)) > len(some)
    assert damages(reader) == []


def test_a_log_under_quarantine_is_not_filled(hollowed: tuple[Node, Node, Node, CircleId, InMemory]) -> None:
    author, _, reader, circle, network = hollowed
    decide(reader, circle, author, TrustDecision("quarantined", "Under inquiry."))
    sync_once(reader.runtime, transport=network)
    assert filled(author, reader, circle) == []


def _rows(node: Node) -> list[tuple[object, ...]]:
    columns = ("idx", "id", "kind", "subject", "retracted_by", "corrected_by", "exp")
    with node.runtime.database.read() as tx:
        query = sa.select(*(STATEMENTS.c[name] for name in columns)).order_by(STATEMENTS.c.idx)
        return [tuple(row) for row in tx.connection.execute(query)]


def test_an_erasure_cannot_take_what_is_said_about_membership(node_of: MakeNode) -> None:
    """Its author serves it without its content, to a member that has never seen it, beside an erasure that names it."""
    author, other, reader = nodes = [node_of(name) for name in ("author", "other", "reader")]
    circle = circle_of(nodes)
    said = make.finding(circle)
    publish(author, circle, said)
    members.vote(author, circle, other.own(circle), 0)
    publish(author, circle, make.erasure(circle, said.id, 0, 1))
    network = InMemory(nodes)
    sync_once(other.runtime, transport=network)
    assert isinstance(places(author, circle, other)[1], bytes)

    def hollow(_: EntriesRequest) -> bytes:
        held = places(author, circle, author)
        leaves = tuple(Leaf(entry_hash(entry)) for entry in held[:2])
        log = log_of(author, circle, author)
        return encode_stream([Section(author.own(circle), 0, (*leaves, held[2]), log.covered, ())], more=False)

    network.disconnect(other.url)
    network.connect(author.url, answering(author, hollow))
    sync_once(reader.runtime, transport=network)
    assert isinstance(places(author, circle, reader)[1], Leaf)
    network.connect(other.url, application(other))
    sync_once(reader.runtime, transport=network)

    assert places(author, circle, reader) == places(author, circle, other)
    with reader.runtime.database.read() as tx:
        log = logs.find_log(tx, circle, author.own(circle))
        assert log is not None
        assert membership.indices(tx, log) == [1]
    assert members.roster(reader, circle).lines == members.roster(other, circle).lines
    assert damages(reader) == []
