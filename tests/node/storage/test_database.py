"""Connections: enough for every thread that answers and for the worker beside them."""

from contextlib import ExitStack

import sqlalchemy as sa

from node.storage.database import MAX_EXTRA_CONNECTIONS, MAX_IDLE_CONNECTIONS, Database

SERVER_THREADS = 40
"""In which Starlette runs what is not a coroutine, by default."""


def test_every_thread_and_the_worker_have_a_connection(database_url: str) -> None:
    database = Database(database_url)
    with ExitStack() as stack:
        for _ in range(SERVER_THREADS + 1):
            tx = stack.enter_context(database.read())
            assert tx.connection.execute(sa.text("SELECT 1")).scalar_one() == 1
    database.close()
    assert MAX_IDLE_CONNECTIONS + MAX_EXTRA_CONNECTIONS == SERVER_THREADS + 1


def test_a_database_in_memory_can_be_opened() -> None:
    database = Database("sqlite://")
    with database.write() as tx:
        assert not tx.is_postgresql
    database.close()
