"""The rows of the access log and its sealed head. Appending is serialised by the database itself."""

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from node.domain.accounts import AccessEntry, AccountId
from node.storage.database import Transaction
from node.storage.tables.accounts import ACCESS_LOG, ACCESS_LOG_HEAD
from node.storage.vault import Vault
from protocol.statements import Timestamp

_LOCK: Final = 0x48414E5345_01
"""Key of the PostgreSQL advisory lock: "HANSE" and a number of its own."""
_HEAD: Final = 1
_HEAD_PLACE: Final = "access_log_head.sealed:1"
_BATCH: Final = 1_000
"""Rows fetched at once while the whole log is read."""


def lock(tx: Transaction) -> None:
    """Until this transaction ends, nobody else appends.

    On SQLite a write transaction holds the write lock from its beginning, so there is nothing to do.
    """
    if tx.is_postgresql:
        tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def last(tx: Transaction) -> AccessEntry | None:
    """The newest row."""
    row = tx.connection.execute(sa.select(ACCESS_LOG).order_by(ACCESS_LOG.c.seq.desc()).limit(1)).first()
    return None if row is None else _entry(row)


def add(tx: Transaction, entry: AccessEntry) -> None:
    """Store one row; its number must be free."""
    values = {
        "seq": entry.seq,
        "at": entry.at,
        "account_id": entry.account,
        "action": entry.action,
        "record": entry.record,
        "hash": entry.hash,
    }
    tx.connection.execute(sa.insert(ACCESS_LOG).values(values))


def put_head(tx: Transaction, vault: Vault, seq: int, digest: str) -> None:
    """Seal number and hash of the newest row, so that whoever lacks the data key cannot cut the log."""
    sealed = vault.seal(f"{seq} {digest}".encode("ascii"), place=_HEAD_PLACE)
    insert = postgresql.insert(ACCESS_LOG_HEAD) if tx.is_postgresql else sqlite.insert(ACCESS_LOG_HEAD)
    tx.connection.execute(
        insert.values(id=_HEAD, sealed=sealed).on_conflict_do_update(index_elements=["id"], set_={"sealed": sealed})
    )


def head(tx: Transaction, vault: Vault) -> tuple[int, str] | None:
    """Number and hash of the newest row as sealed; None in a new database."""
    sealed = tx.connection.execute(sa.select(ACCESS_LOG_HEAD.c.sealed)).scalar()
    if sealed is None:
        return None
    seq, _, digest = vault.open(sealed, place=_HEAD_PLACE).decode("ascii").partition(" ")
    return int(seq), digest


def entries(tx: Transaction) -> Iterator[AccessEntry]:
    """Every row in order, fetched in batches."""
    after = 0
    while rows := tx.connection.execute(
        sa.select(ACCESS_LOG).where(ACCESS_LOG.c.seq > after).order_by(ACCESS_LOG.c.seq).limit(_BATCH)
    ).all():
        yield from (_entry(row) for row in rows)
        after = rows[-1].seq


def newest(tx: Transaction, *, before: int | None, limit: int) -> list[AccessEntry]:
    """Rows in falling order, for reading."""
    query = sa.select(ACCESS_LOG).order_by(ACCESS_LOG.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(ACCESS_LOG.c.seq < before)
    return [_entry(row) for row in tx.connection.execute(query).all()]


def _entry(row: "sa.Row[tuple[object, ...]]") -> AccessEntry:
    return AccessEntry(
        seq=row.seq,
        at=Timestamp(row.at),
        account=None if row.account_id is None else AccountId(row.account_id),
        action=row.action,
        record=row.record,
        hash=row.hash,
    )
