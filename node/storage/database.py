"""Engines and transactions: SQLite (WAL) as the embedded default, PostgreSQL in production.

One request or job is one transaction, opened and committed at the edge: ``with database.write() as tx``.
Functions in this package take the :class:`Transaction`, never commit, and return domain values, never rows.
Modules outside pass a ``Transaction`` on without looking inside.

SQLite: a write transaction takes the write lock at its beginning (``BEGIN IMMEDIATE``), so it cannot fail
half-way because another writer came first; ``synchronous=FULL`` makes an acknowledged commit survive a power cut.
Threads of one process queue for the lock here, because SQLite would make them sleep and try again, up to 0.1 s
each time. PostgreSQL: writes run at READ COMMITTED, reads at REPEATABLE READ so that one page shows one moment.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event

from node.errors import Code, HanseError
from protocol.errors import Fault

BUSY_TIMEOUT_MILLISECONDS: Final = 30_000
"""How long a SQLite writer waits for another: longer than any single transaction of ours takes."""
MAX_IDLE_CONNECTIONS: Final = 5
MAX_EXTRA_CONNECTIONS: Final = 36
"""Beyond the idle ones: together one for each of the 40 threads in which a server answers, and one for the worker, so
that no request waits for a connection that another one holds while it waits for a lock."""
_WRITE: Final = "hanse_write"
TRANSIENT_ERRORS: Final = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
"""What a loop that comes round again may outlive: the server restarts, the disk is full, a lock takes too long, all
connections are in use."""


class Transaction:
    """One open transaction. Only modules in ``node.storage`` touch ``connection``."""

    __slots__ = ("after_commit", "connection")

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.after_commit: list[Callable[[], None]] = []
        """What is to be remembered in memory once this has become lasting; forgotten where it does not."""

    @property
    def is_postgresql(self) -> bool:
        """Whether this runs on PostgreSQL; otherwise it is SQLite."""
        return self.connection.dialect.name == "postgresql"


class Database:
    """One database, usable from several threads."""

    def __init__(self, url: str) -> None:
        """``sqlite:///path`` or ``postgresql+psycopg://…``; nothing is opened until first use."""
        try:
            pool = {"pool_size": MAX_IDLE_CONNECTIONS, "max_overflow": MAX_EXTRA_CONNECTIONS}
            if sa.make_url(url).database in {None, "", ":memory:"} and url.startswith("sqlite"):
                pool = {}  # each thread has a database of its own
            self.engine = sa.create_engine(url, pool_pre_ping=True, hide_parameters=True, **pool)  # no values in errors
        except sa.exc.ArgumentError as error:
            raise HanseError(
                Code.BAD_CONFIGURATION,
                "the database URL cannot be parsed.",
                remedy="Use sqlite:///file or postgresql+psycopg://user@host/name.",
            ) from error
        self._writer = Lock() if self.engine.dialect.name == "sqlite" else None
        if self._writer is not None:
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that commits when the block ends well and leaves nothing behind when it does not.

        A thread that holds one does not ask for another: on SQLite it would wait for itself, and in vain.
        """
        with (
            self._turn(),
            self.engine.connect().execution_options(**{_WRITE: True}) as connection,
            connection.begin(),
        ):
            transaction = Transaction(connection)
            yield transaction
        for act in transaction.after_commit:
            act()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one moment of the database and changes nothing."""
        options: dict[str, Any] = {}
        if self.engine.dialect.name == "postgresql":
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield Transaction(connection)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._writer is None:
            yield
        elif self._writer.acquire(timeout=BUSY_TIMEOUT_MILLISECONDS / 1_000):
            try:
                yield
            finally:
                self._writer.release()
        else:
            raise HanseError(
                Code.CONFLICT,
                f"another write to the database did not end within {BUSY_TIMEOUT_MILLISECONDS // 1_000} seconds.",
                remedy="Try again; if it stays so, restart the node.",
                fault=Fault.OURS,
            )

    def close(self) -> None:
        """Return every connection; the object can be used again afterwards."""
        self.engine.dispose()


def _configure_sqlite(dbapi_connection: Any, _record: object) -> None:  # noqa: ANN401
    # The driver's own transaction control is switched off; _begin_sqlite says BEGIN.
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is written over: node/storage/wipe.py
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MILLISECONDS}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
