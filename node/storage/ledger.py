"""Logs, their original bytes and their tiles. Entries are added and never changed.

They may lose their content: what is left of them then is the leaf hash in the tiles (:mod:`node.storage.gone`).
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from node.domain.ledger import Allowance, Beyond, Log
from node.errors import Code, HanseError
from node.storage.database import Transaction
from node.storage.tables.gone import GONE_ENTRIES
from node.storage.tables.ledger import ENTRIES, LOGS, TILES, UNREADABLE_ENTRIES
from node.storage.upsert import insert_new, upsert
from protocol.errors import Code as ProtocolCode
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, KeyId
from protocol.merkle.frontier import EMPTY, Frontier
from protocol.merkle.hashing import HASH_BYTES, Entry, Leaf
from protocol.merkle.tiles import TILE_WIDTH, Tile, TileFetch
from protocol.messages.stream import entry_line_bytes
from protocol.projection import UnreadableEntry

_READ_AHEAD: Final = 512
"""Entries fetched at once while a byte bound is being filled."""


def find_log(tx: Transaction, circle: CircleId, contributor: KeyId) -> Log | None:
    """The log, if we hold any of it."""
    query = sa.select(LOGS).where(LOGS.c.circle == circle, LOGS.c.contributor == contributor)
    row = tx.connection.execute(query).one_or_none()
    return None if row is None else _log(row)


def lock_log(tx: Transaction, circle: CircleId, contributor: KeyId) -> Log:
    """The log, made if it is new, and locked until the end of the transaction: writers to one log take turns.

    The first of a transaction's locks; the feed's number is drawn later. One transaction locks one log. The row may
    still be referred to by others meanwhile (on PostgreSQL: FOR NO KEY UPDATE).
    """
    insert_new(
        tx,
        LOGS,
        {
            "circle": circle,
            "contributor": contributor,
            "size": 0,
            "frontier": EMPTY.to_bytes(),
            "covered": b"",
            "covered_size": 0,
            "head": b"",
            "status": "good",
            "problem": "",
        },
    )
    query = sa.select(LOGS).where(LOGS.c.circle == circle, LOGS.c.contributor == contributor)
    return _log(tx.connection.execute(query.with_for_update(key_share=True)).one())


def list_logs(tx: Transaction, circle: CircleId | None = None) -> list[Log]:
    """All logs we hold any of, or those of one circle, by contributor."""
    query = sa.select(LOGS).order_by(LOGS.c.circle, LOGS.c.contributor)
    if circle is not None:
        query = query.where(LOGS.c.circle == circle)
    return [_log(row) for row in tx.connection.execute(query)]


def list_names(tx: Transaction) -> list[tuple[CircleId, KeyId]]:
    """Which logs there are, for the check: it must not fail on a row that cannot be read."""
    query = sa.select(LOGS.c.circle, LOGS.c.contributor).order_by(LOGS.c.circle, LOGS.c.contributor)
    return [(row.circle, row.contributor) for row in tx.connection.execute(query)]


def extend(tx: Transaction, log: Log, frontier: Frontier, entries: Sequence[Entry], tiles: Sequence[Tile]) -> None:
    """Store entries from the log's end on, with the tiles they changed; the caller holds the log's lock.

    Those without content are in the tiles alone; the caller notes them as gone.
    """
    if frontier.size != log.size + len(entries):
        raise _unusable(log.contributor, "a frontier that does not fit its entries")
    rows = [
        {"log_id": log.id, "idx": log.size + offset, "jws": entry}
        for offset, entry in enumerate(entries)
        if not isinstance(entry, Leaf)
    ]
    if rows:
        tx.connection.execute(sa.insert(ENTRIES), rows)
    upsert(
        tx,
        TILES,
        [{"log_id": log.id, "level": t.level, "idx": t.index, "hashes": t.hashes} for t in tiles],
        replace=["hashes"],
    )
    tx.connection.execute(
        sa.update(LOGS).where(LOGS.c.id == log.id).values(size=frontier.size, frontier=frontier.to_bytes())
    )


def save_checkpoints(tx: Transaction, log: Log, *, covered: bytes, covered_size: int, head: bytes) -> None:
    """Remember what the contributor has signed; ``covered_size`` is the size that ``covered`` names."""
    values = {"covered": covered, "covered_size": covered_size, "head": head}
    tx.connection.execute(sa.update(LOGS).where(LOGS.c.id == log.id).values(values))


def save_beyond(tx: Transaction, log: Log, beyond: Beyond | None) -> None:
    """Remember what signs the entries behind the covered checkpoint; the caller holds the log's lock."""
    if beyond is None and log.beyond is None:
        return
    note, proof = (None, None) if beyond is None else (beyond.note, b"".join(beyond.proof))
    values = {"beyond_note": note, "beyond_proof": proof}
    tx.connection.execute(sa.update(LOGS).where(LOGS.c.id == log.id).values(values))


def save_cosigned(tx: Transaction, log: Log, size: int) -> None:
    """Remember that we have cosigned so large a state of a log; the caller holds its lock."""
    tx.connection.execute(sa.update(LOGS).where(LOGS.c.id == log.id).values(cosigned=size))


def save_allowance(tx: Transaction, log: Log, allowance: Allowance) -> None:
    """Remember what may still be taken of a log today; the caller holds its lock."""
    values = {"quota_day": allowance.day, "quota_entries": allowance.entries, "quota_bytes": allowance.bytes}
    tx.connection.execute(sa.update(LOGS).where(LOGS.c.id == log.id).values(values))


def list_allowances(tx: Transaction, circle: CircleId, contributors: Collection[KeyId]) -> list[Allowance]:
    """What may still be taken of these logs, of those of which any was noted."""
    logs = (find_log(tx, circle, each) for each in contributors)
    return [log.allowance for log in logs if log is not None and log.allowance is not None]


def read_entries(tx: Transaction, log: Log, start: int, end: int) -> list[bytes]:
    """The original bytes of the entries from ``start`` to before ``end``; raises ``CORRUPTED`` where one has none."""
    held = read_content(tx, log, start, end)
    if len(held) != max(0, end - start):
        raise _unusable(log.contributor, f"entries {start} to {end - 1} are not all in the database")
    return [jws for _, jws in held]


def read_places(tx: Transaction, log: Log, start: int, end: int) -> list[Entry]:
    """The entries from ``start`` to before ``end``: their original bytes, or the leaf hash where the content is gone.

    Raises ``CORRUPTED`` where one is missing.
    """
    held: dict[int, Entry] = dict(read_content(tx, log, start, end))
    if len(held) < end - start:
        held |= _leaves(tx, log, gone_within(tx, log, start, end))
    if len(held) != max(0, end - start):
        raise _unusable(log.contributor, f"entries {start} to {end - 1} are not all in the database")
    return [held[index] for index in range(start, end)]


def read_content(tx: Transaction, log: Log, start: int, end: int) -> list[tuple[int, bytes]]:
    """The entries from ``start`` to before ``end`` that have their content, with their indices."""
    query = sa.select(ENTRIES.c.idx, ENTRIES.c.jws).where(
        ENTRIES.c.log_id == log.id, ENTRIES.c.idx >= start, ENTRIES.c.idx < end
    )
    return [(row.idx, row.jws) for row in tx.connection.execute(query.order_by(ENTRIES.c.idx))]


def take_entries(tx: Transaction, log: Log, start: int, end: int, max_bytes: int) -> list[Entry]:
    """As :func:`read_places`, but stops before the sum of their lines would exceed ``max_bytes``."""
    taken: list[Entry] = []
    used = 0
    while start < end:
        piece = read_places(tx, log, start, min(end, start + _READ_AHEAD))
        for entry in piece:
            used += entry_line_bytes(entry)
            if used > max_bytes:
                return taken
            taken.append(entry)
        start += len(piece)
    return taken


def indexed_entries(tx: Transaction, log: Log) -> Iterator[tuple[int, Entry]]:
    """Every entry with its index, ascending, missing ones left out: for the check of a damaged database."""
    for start in range(0, log.size, _READ_AHEAD):
        end = min(log.size, start + _READ_AHEAD)
        held: dict[int, Entry] = dict(read_content(tx, log, start, end))
        if len(held) < end - start:
            held |= _leaves(tx, log, gone_within(tx, log, start, end))
        for index in sorted(held):
            yield index, held[index]


def gone_within(tx: Transaction, log: Log, start: int, end: int) -> list[int]:
    """The entries from ``start`` to before ``end`` that have no content, ascending."""
    query = sa.select(GONE_ENTRIES.c.idx).where(
        GONE_ENTRIES.c.log_id == log.id, GONE_ENTRIES.c.idx >= start, GONE_ENTRIES.c.idx < end
    )
    return list(tx.connection.execute(query.order_by(GONE_ENTRIES.c.idx)).scalars())


def _leaves(tx: Transaction, log: Log, indices: Sequence[int]) -> dict[int, Leaf]:
    """Leaf hashes of entries, from the tiles; without those that are not there."""
    found: dict[int, Leaf] = {}
    tile, number = b"", -1
    for index in indices:
        if index // TILE_WIDTH != number:
            number = index // TILE_WIDTH
            tile = find_tile(tx, log, 0, number) or b""
        offset = index % TILE_WIDTH * HASH_BYTES
        if len(hashed := tile[offset : offset + HASH_BYTES]) == HASH_BYTES:
            found[index] = Leaf(hashed)
    return found


def find_tile(tx: Transaction, log: Log, level: int, index: int) -> bytes | None:
    """The hashes of the widest tile stored at this place."""
    query = sa.select(TILES.c.hashes).where(TILES.c.log_id == log.id, TILES.c.level == level, TILES.c.idx == index)
    hashes: bytes | None = tx.connection.execute(query).scalar_one_or_none()
    return hashes


def list_tiles(tx: Transaction, log: Log) -> list[Tile]:
    """Every stored tile of a log."""
    query = sa.select(TILES).where(TILES.c.log_id == log.id).order_by(TILES.c.level, TILES.c.idx)
    return [Tile(row.level, row.idx, row.hashes) for row in tx.connection.execute(query)]


def tile_fetch(tx: Transaction, log: Log) -> TileFetch:
    """How proofs and growth read this log's tiles; a missing one is ``CORRUPTED``."""

    def fetch(level: int, index: int, _width: int) -> bytes:
        hashes = find_tile(tx, log, level, index)
        if hashes is None:
            raise _unusable(log.contributor, f"tile {level}/{index} is missing")
        return hashes

    return fetch


def list_unreadable(tx: Transaction, log: Log, *, code: ProtocolCode | None = None) -> list[UnreadableEntry]:
    """The entries of a log that have their place and cannot be read, or those for one reason."""
    query = (
        sa.select(UNREADABLE_ENTRIES).where(UNREADABLE_ENTRIES.c.log_id == log.id).order_by(UNREADABLE_ENTRIES.c.idx)
    )
    if code is not None:
        query = query.where(UNREADABLE_ENTRIES.c.code == code.value)
    return [UnreadableEntry(row.idx, ProtocolCode(row.code), row.detail) for row in tx.connection.execute(query)]


def _log(row: sa.Row[Any]) -> Log:
    try:
        frontier = Frontier.from_bytes(row.frontier)
    except ProtocolError as error:
        raise _unusable(row.contributor, "its frontier cannot be read") from error
    if frontier.size != row.size:
        raise _unusable(row.contributor, f"its frontier is for {frontier.size} entries, noted as {row.size}")
    return Log(
        id=row.id,
        circle=row.circle,
        contributor=row.contributor,
        frontier=frontier,
        covered=row.covered,
        covered_size=row.covered_size,
        head=row.head,
        status=row.status,
        problem=row.problem,
        evidence=row.evidence,
        fork_index=row.fork_index,
        forked_at=row.forked_at,
        allowance=None if row.quota_day is None else Allowance(row.quota_day, row.quota_entries, row.quota_bytes),
        beyond=None if row.beyond_note is None else Beyond(row.beyond_note, _hashes(row.beyond_proof or b"")),
        cosigned=row.cosigned or 0,
        lowered_until=row.lowered_until,
    )


def _hashes(joined: bytes) -> tuple[bytes, ...]:
    return tuple(joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES))


def _unusable(contributor: KeyId, words: str) -> HanseError:
    return HanseError(
        Code.CORRUPTED,
        f"log {contributor}: {words}.",
        remedy="Run `hanse ledger check`, and restore the database from a backup.",
    )
