"""Having deleted bytes leave the database's files, and not only its tables.

What a transaction deletes stays in files for a while. Embedded (SQLite) every page is overwritten where something was
deleted (``secure_delete``, set for each connection), so that nothing is left in the main file; the write-ahead log
beside it still has earlier versions of pages, until a checkpoint moves them and the log is cut to nothing. PostgreSQL
keeps dead rows until they are vacuumed, and the room they took unwritten after that; only writing a table anew
(``VACUUM FULL``) leaves them behind, which locks the table while it lasts. Its own write-ahead log keeps what was
written until its segments are written over or removed, and an archive of it as long as it is kept:
``docs/erasure.md`` says what an operator sets.

A transaction that takes content away counts up in ``wipes``; here the count is followed. A crash leaves it behind, and
the next round does it.
"""

import time
from typing import Any, Final

import sqlalchemy as sa

from node.storage.database import TRANSIENT_ERRORS, Database, Transaction
from node.storage.person_search import SEALED
from node.storage.tables.gone import WIPES
from node.storage.upsert import insert_new
from protocol.statements import Timestamp

PAUSE_SECONDS: Final = 3_600
"""Between two times that PostgreSQL writes tables anew: a million statements take half a minute, during which nobody
reads them."""
_LOCK_MILLISECONDS: Final = 5_000
"""How long to wait for readers: whoever waits for a table keeps everybody behind it waiting too."""
_OF_STATEMENTS: Final = (
    "claim_tallies",
    "entries",
    "reply_targets",
    "signals",
    "statement_postings",
    "statements",
    "taxii_objects",
    "unreadable_entries",
)
TABLES: Final = tuple(sorted({*_OF_STATEMENTS, *(place.partition(".")[0] for place in SEALED)}))
"""Written anew on PostgreSQL: what statements say or are about, and everything that people wrote stands in these."""
_READERS_SECONDS: Final = 10
"""How long to wait for those who were reading when it began: what they may still see is not written over."""
_LOOK_SECONDS: Final = 0.1


def is_due(tx: Transaction) -> bool:
    """Whether content was taken away whose bytes may still be in the files."""
    row = tx.connection.execute(sa.select(WIPES.c.wanted, WIPES.c.done)).one_or_none()
    return row is not None and row.wanted > row.done


def wipe(database: Database, now: Timestamp, *, pause: int = PAUSE_SECONDS) -> bool:
    """Have what was deleted so far leave the files; whether nothing of it is left there now.

    False where a reader was in the way, or where PostgreSQL has done it less than ``pause`` seconds ago: the next round
    tries again. Opens connections of its own; the caller holds none.
    """
    with database.read() as tx:
        row = tx.connection.execute(sa.select(WIPES)).one_or_none()
    if row is None or row.done >= row.wanted:
        return True
    if database.engine.dialect.name == "sqlite":
        cleaned = _cut_log(database)  # the main file is clean already
    elif row.done and 0 <= now - row.at < pause:
        return False
    else:
        cleaned = _write_anew(database)
    if cleaned:
        with database.write() as tx:
            insert_new(tx, WIPES, {"id": 1, "wanted": 0, "done": 0, "at": 0})
            tx.connection.execute(sa.update(WIPES).values(done=row.wanted, at=now))
    return cleaned


def _cut_log(database: Database) -> bool:
    """A checkpoint that leaves the write-ahead log empty; it needs a moment without readers."""
    raw = database.engine.raw_connection()
    try:
        cursor: Any = raw.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {_LOCK_MILLISECONDS}")
        busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        cursor.close()
    except TRANSIENT_ERRORS:
        return False
    finally:
        raw.invalidate()  # its timeout is not the pool's
    return not busy


def _write_anew(database: Database) -> bool:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            if not _readers_have_ended(connection):
                return False
            connection.exec_driver_sql(f"SET lock_timeout = {_LOCK_MILLISECONDS}")
            for table in TABLES:
                connection.exec_driver_sql(f"VACUUM (FULL) {table}")
        except TRANSIENT_ERRORS:
            return False
        finally:
            connection.invalidate()  # its timeout is not the pool's
    return True


def _readers_have_ended(connection: sa.Connection) -> bool:
    """Whether everybody who may still see what was deleted has ended: VACUUM keeps rows for them, and says nothing."""
    asked = sa.text(
        "SELECT pid, xact_start FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_xmin IS NOT NULL AND pid <> pg_backend_pid()"
    )
    before = {tuple(row) for row in connection.execute(asked)}
    until = time.monotonic() + _READERS_SECONDS
    while before & {tuple(row) for row in connection.execute(asked)}:
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
