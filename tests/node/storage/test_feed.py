"""The feed's promise, in the shape in which comparable systems break it: many writers, one poller."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from node.domain.statements import Claim
from node.ledger.append import append
from node.storage import projection
from node.storage import statements as reading
from node.storage.database import Database
from protocol.identifiers import CircleId, StatementId, VocabularyCode
from protocol.projection import ClaimKey
from protocol.statements import Finding
from tests.federation.support import circle_of, make_node
from tests.node import statements as make

WRITERS = 5
BATCHES = 12


def test_a_poller_sees_every_statement_once_and_in_order(database_url: str, tmp_path: Path) -> None:
    """Five threads publish into three circles while one polls by the last number it saw."""
    node = make_node(tmp_path, "aldermoor", database_url=database_url)
    database, keyring = node.runtime.database, node.runtime.keyring
    logs = [circle_of([node], name=f"Circle {number}") for number in range(3)]
    written = Event()

    def publish(writer: int) -> list[StatementId]:
        published: list[StatementId] = []
        for batch in range(BATCHES):
            circle = logs[(writer + batch) % len(logs)]
            new = make.findings(circle, 1 + (writer + batch) % 4)
            with database.write() as tx:
                published += [each.id for each in append(tx, keyring, circle, new, make.IAT)]
        return published

    def poll() -> list[tuple[int, StatementId]]:
        seen: list[tuple[int, StatementId]] = []
        last_look = False
        while True:
            after = seen[-1][0] if seen else 0
            with database.read() as tx:
                page = reading.feed(tx, after=after, limit=7, now=make.IAT)
            seen += [(stored.seq, stored.statement.id) for stored in page]
            if not page and last_look:
                return seen
            last_look = not page and written.is_set()

    with ThreadPoolExecutor(WRITERS + 1) as threads:
        poller = threads.submit(poll)
        published = [each for result in threads.map(publish, range(WRITERS)) for each in result]
        written.set()
        seen = poller.result()
    database.close()

    assert [seq for seq, _ in seen] == list(range(1, len(published) + 1))
    assert sorted(statement_id for _, statement_id in seen) == sorted(published)


def test_an_aborted_transaction_leaves_no_gap(database_url: str, tmp_path: Path) -> None:
    node = make_node(tmp_path, "aldermoor", database_url=database_url)
    circle = circle_of([node])
    first, lost, second = (make.finding(circle) for _ in range(3))
    database, keyring = node.runtime.database, node.runtime.keyring

    def publish(statement: Finding, *, crash: bool) -> None:
        with database.write() as tx:
            append(tx, keyring, circle, [statement], make.IAT)
            if crash:
                raise InterruptedError

    publish(first, crash=False)
    with pytest.raises(InterruptedError):
        publish(lost, crash=True)
    publish(second, crash=False)

    with database.read() as tx:
        page = reading.feed(tx, after=0, limit=10, now=make.IAT)
        assert reading.last_seq(tx) == 2
    database.close()
    assert [(stored.seq, stored.index, stored.statement) for stored in page] == [(1, 0, first), (2, 1, second)]


def test_a_claim_touched_while_it_is_taken_stays_dirty(database: Database) -> None:
    """A refresh must not take away the mark of a statement that it could not see yet."""
    circle = CircleId("A" * 43)
    key = ClaimKey(make.SUBJECT, make.INDICATOR, VocabularyCode("whole"))
    marked, release = Event(), Event()

    def publish() -> None:
        with database.write() as tx:
            projection.mark_dirty(tx, circle, {key})
            marked.set()
            assert release.wait(timeout=10)

    def refresh() -> list[Claim]:
        with database.write() as tx:
            return reading.take_dirty_claims(tx, 10)

    with database.write() as tx:
        projection.mark_dirty(tx, circle, {key})
    with ThreadPoolExecutor(2) as threads:
        publisher = threads.submit(publish)
        assert marked.wait(timeout=10)
        during = threads.submit(refresh)
        if database.engine.dialect.name == "postgresql":
            assert during.result(timeout=10) == []
        release.set()
        publisher.result(timeout=10)
    assert during.result() + refresh() == [Claim(circle, key.subject, key.indicator, key.scope)]
