"""Rounds: who is asked when, what a failure costs, and that the worker outlives it."""

from dataclasses import replace
from threading import Event, Thread

import pytest
import sqlalchemy as sa

from node.errors import Code, HanseError
from node.storage import peers
from node.storage.database import Database
from node.sync import run_worker, sync_once
from protocol.statements import Timestamp
from tests.federation.conftest import MakeNode, node_of
from tests.federation.support import InMemory, circle_of, publish
from tests.node import statements as make

__all__ = ["node_of"]


def test_the_worker_pulls_brings_up_to_date_and_says_that_it_lives(node_of: MakeNode) -> None:
    author, reader, absent = node_of("author"), node_of("reader"), node_of("absent")
    circle = circle_of([author, reader, absent])
    publish(author, circle, make.finding(circle))
    network = InMemory([author, reader])
    stop = Event()
    rounds: list[int] = []

    def after_round() -> None:
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise HanseError(Code.CORRUPTED, "something that the next round may find mended.")
        stop.set()

    worker = Thread(
        target=run_worker, args=(reader.runtime, stop), kwargs={"after_round": after_round, "transport": network}
    )
    worker.start()
    worker.join(timeout=20)

    assert not worker.is_alive()
    assert rounds == [0, 1]
    with reader.runtime.database.read() as tx:
        beats = {beat.name: beat.at for beat in peers.list_heartbeats(tx)}
        states = {each.contributor: each for each in peers.list_peers(tx)}
    assert beats == {"sweep": make.IAT, "sync": make.IAT}
    good, bad = states[author.own(circle)], states[absent.own(circle)]
    assert (good.last_success, good.failures, good.error_code, good.lag) == (make.IAT, 0, "", 0)
    assert (bad.last_success, bad.failures, bad.error_code) == (None, 1, "peer-unreachable")
    assert "absent" in bad.error_detail


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_the_worker_outlives_that_every_connection_is_in_use(node_of: MakeNode) -> None:
    lone = node_of("lone")
    engine = sa.create_engine(lone.runtime.database.engine.url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    node = replace(lone.runtime, database=Database(lone.runtime.settings.database_url))
    node.database.close()
    node.database.engine = engine
    stop = Event()
    worker = Thread(target=run_worker, args=(node, stop), kwargs={"after_round": stop.set})
    with node.database.read():
        worker.start()
        worker.join(timeout=0.5)
        assert worker.is_alive()
    worker.join(timeout=20)
    assert not worker.is_alive()
    node.database.close()


def test_a_peer_that_comes_back_is_as_good_as_new(node_of: MakeNode) -> None:
    author, reader = node_of("author"), node_of("reader")
    circle_of([author, reader])
    network = InMemory([reader])
    for _ in range(3):
        sync_once(reader.runtime, transport=network)
    with reader.runtime.database.read() as tx:
        assert [each.failures for each in peers.list_peers(tx)] == [3]
    reader.clock.advance(60)
    author.clock.advance(60)
    sync_once(reader.runtime, transport=InMemory([author, reader]))
    with reader.runtime.database.read() as tx:
        (known,) = peers.list_peers(tx)
    assert (known.failures, known.error_code, known.last_success) == (0, "", Timestamp(make.IAT + 60))


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_clock_that_is_wrong_is_said_in_words(node_of: MakeNode) -> None:
    author, reader = node_of("author"), node_of("reader")
    circle_of([author, reader])
    reader.clock.advance(4_000)
    (problem,) = sync_once(reader.runtime, transport=InMemory([author, reader])).problems
    assert problem.code is Code.PEER_REFUSED
    assert "clock" in problem.detail
