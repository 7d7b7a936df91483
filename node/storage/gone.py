"""Entries without content: taking it away, remembering that, and what is still to be asked for.

An entry stands in ``entries`` with its bytes or in ``gone_entries`` without. What is gone is no row of ``statements``
either, so nothing that shows or counts statements can meet one that has nothing to say. What stays of it is what it
takes to read its log as before (:func:`protocol.projection.interpret`): identifier, kind, dates, and what acted on it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from node.domain.ledger import Log
from node.storage import forget, statement_index
from node.storage.database import Transaction
from node.storage.statements import chunks
from node.storage.tables.gone import GONE_ENTRIES, WIPES
from node.storage.tables.ledger import ENTRIES, LOGS, STATEMENTS, UNREADABLE_ENTRIES
from node.storage.upsert import insert_new
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.projection import Cut, Projected
from protocol.statements import Timestamp

Why: TypeAlias = Literal["erased", "expired", "missing"]
"""``missing``: it came without content, and no erasure that we hold names it."""

_MEMORY: Final = tuple(
    GONE_ENTRIES.c[name] for name in ("idx", "id", "kind", "iat", "exp", "corrected_by", "retracted_by", "erased_by")
)


@dataclass(frozen=True, slots=True)
class Gone:
    """A statement that was here and is not any more: what a page may still say of it."""

    circle: CircleId
    contributor: KeyId
    index: int
    id: StatementId
    kind: str
    why: Why
    at: Timestamp
    """When its content left this node."""
    erased_by: int | None


def find(tx: Transaction, contributor: KeyId, statement_id: StatementId) -> Gone | None:
    """What is left of a statement whose content is gone."""
    query = (
        sa.select(LOGS.c.circle, LOGS.c.contributor, GONE_ENTRIES)
        .join(LOGS, LOGS.c.id == GONE_ENTRIES.c.log_id)
        .where(GONE_ENTRIES.c.id == statement_id, LOGS.c.contributor == contributor)
        .order_by(GONE_ENTRIES.c.log_id)
        .limit(1)
    )
    row = tx.connection.execute(query).one_or_none()
    if row is None:
        return None
    return Gone(row.circle, row.contributor, row.idx, row.id, row.kind, row.why, row.at, row.erased_by)


def by_id(tx: Transaction, log: Log, ids: Iterable[StatementId], cut: Cut) -> dict[StatementId, Projected]:
    """What is remembered of those of one log's statements that have one of these identifiers."""
    found: dict[StatementId, Projected] = {}
    for some in chunks(ids):
        query = sa.select(*_MEMORY).where(GONE_ENTRIES.c.log_id == log.id, GONE_ENTRIES.c.id.in_(some))
        found |= {row.id: _remembered(row, cut) for row in tx.connection.execute(query)}
    return found


def of_log(tx: Transaction, log: Log, cut: Cut) -> dict[int, Projected | None]:
    """The entries of a log that had content here and lost it, with what is left of them; None if they said nothing."""
    query = sa.select(*_MEMORY).where(GONE_ENTRIES.c.log_id == log.id, GONE_ENTRIES.c.known)
    return {
        row.idx: None if row.id is None else _remembered(row, cut)
        for row in tx.connection.execute(query.order_by(GONE_ENTRIES.c.idx))
    }


def unknown(tx: Transaction, log: Log, indices: Iterable[int] | None = None) -> set[int]:
    """The entries that were never read here: those of ``indices``, or one that stands for all, if there is any."""
    query = sa.select(GONE_ENTRIES.c.idx).where(GONE_ENTRIES.c.log_id == log.id, GONE_ENTRIES.c.known.is_(False))
    if indices is None:
        return set(tx.connection.execute(query.limit(1)).scalars())
    found: set[int] = set()
    for some in chunks(indices):
        found.update(tx.connection.execute(query.where(GONE_ENTRIES.c.idx.in_(some))).scalars())
    return found


def add_missing(tx: Transaction, log: Log, indices: Collection[int], now: Timestamp, *, vouched: bool) -> None:
    """Note entries that came without content."""
    rows = [
        {"log_id": log.id, "idx": index, "why": "missing", "known": False, "vouched": vouched, "at": now}
        for index in indices
    ]
    if rows:
        tx.connection.execute(sa.insert(GONE_ENTRIES), rows)


def note_named(tx: Transaction, log: Log, indices: Collection[int], erasure: int) -> None:
    """An erasure names these entries: those that came without content are missing no more."""
    for some in chunks(indices):
        rows = sa.and_(GONE_ENTRIES.c.log_id == log.id, GONE_ENTRIES.c.idx.in_(some), GONE_ENTRIES.c.known.is_(False))
        tx.connection.execute(sa.update(GONE_ENTRIES).where(rows).values(why="erased", vouched=True, erased_by=erasure))


def note_acts(tx: Transaction, log: Log, rows: Iterable[Projected]) -> None:
    """Something new acted on statements whose content is gone already."""
    for row in rows:
        change: dict[str, Any] = {"retracted_by": row.retracted_by, "erased_by": row.erased_by}
        if row.erased_by is not None:
            change |= {"why": "erased", "vouched": True}
        place = sa.and_(GONE_ENTRIES.c.log_id == log.id, GONE_ENTRIES.c.idx == row.index)
        tx.connection.execute(sa.update(GONE_ENTRIES).where(place).values(change))


def corrections_of(tx: Transaction, log_id: int, ids: Collection[StatementId]) -> list[int]:
    """Where the corrections of these statements of one log stand."""
    found: list[int] = []
    for some in chunks(ids):
        query = sa.select(STATEMENTS.c.idx).where(
            STATEMENTS.c.log_id == log_id, STATEMENTS.c.target_id.in_(some), STATEMENTS.c.kind == "correction"
        )
        found += tx.connection.execute(query).scalars()
    return found


def unreadable_among(tx: Transaction, log: Log, indices: Iterable[int]) -> list[int]:
    """Those of these entries that are here and say nothing to anybody."""
    found: list[int] = []
    for some in chunks(indices):
        query = sa.select(UNREADABLE_ENTRIES.c.idx).where(
            UNREADABLE_ENTRIES.c.log_id == log.id, UNREADABLE_ENTRIES.c.idx.in_(some)
        )
        found += tx.connection.execute(query).scalars()
    return found


def drop(
    tx: Transaction,
    circle: CircleId,
    contributor: KeyId,
    log_id: int,
    erased: Mapping[int, int | None],
    now: Timestamp,
) -> int:
    """Take the content of these entries of one log away, and everything that was made from it; how many had any.

    ``erased`` has for each the index of the erasure that does it, None where it has expired. The caller has marked the
    claims; signals and the index over statements follow from that, behind this transaction. The bytes are out of the
    files of the database after :func:`node.storage.wipe.wipe`.
    """
    held = [index for index in sorted(erased) if _has_content(tx, log_id, index)]
    if not held:
        return 0
    rows = _rows(tx, log_id, held)
    memory = [
        {
            "log_id": log_id,
            "idx": index,
            "why": "expired" if erased[index] is None else "erased",
            "known": True,
            "vouched": True,
            "at": now,
            "id": None if (row := rows.get(index)) is None else row.id,
            "kind": None if row is None else row.kind,
            "iat": None if row is None else row.iat,
            "exp": None if row is None else row.exp,
            "corrected_by": None if row is None else row.corrected_by,
            "retracted_by": None if row is None else row.retracted_by,
            "erased_by": erased[index],
        }
        for index in held
    ]
    tx.connection.execute(sa.insert(GONE_ENTRIES), memory)
    ids = [StatementId(row.id) for row in rows.values()]
    _bare_acts(tx, log_id, ids)
    statement_index.mark_stale(
        tx, [statement_index.Place(row.seq, log_id, index) for index, row in rows.items()], gone=True
    )
    for some in chunks(held):
        for table in (STATEMENTS, UNREADABLE_ENTRIES, ENTRIES):
            tx.connection.execute(sa.delete(table).where(table.c.log_id == log_id, table.c.idx.in_(some)))
    forget.forget(tx, forget.Going(circle, contributor, log_id, tuple(rows.values())))
    want_wipe(tx)
    return len(held)


def put_back(tx: Transaction, log: Log, entries: Mapping[int, bytes]) -> None:
    """Content that was missing has come: the caller has compared its hash, and reads the log again."""
    for some in chunks(entries):
        missing = sa.and_(GONE_ENTRIES.c.log_id == log.id, GONE_ENTRIES.c.idx.in_(some))
        tx.connection.execute(sa.delete(GONE_ENTRIES).where(missing))
    rows = [{"log_id": log.id, "idx": index, "jws": jws} for index, jws in sorted(entries.items())]
    tx.connection.execute(sa.insert(ENTRIES), rows)


def count_missing(tx: Transaction, circle: CircleId) -> dict[KeyId, int]:
    """By log, how many entries came without content though nothing says why."""
    query = (
        sa.select(LOGS.c.contributor, sa.func.count())
        .join(LOGS, LOGS.c.id == GONE_ENTRIES.c.log_id)
        .where(LOGS.c.circle == circle, GONE_ENTRIES.c.known.is_(False), GONE_ENTRIES.c.vouched.is_(False))
        .group_by(LOGS.c.contributor)
    )
    return {row[0]: int(row[1]) for row in tx.connection.execute(query)}


def to_ask(tx: Transaction, circle: CircleId, limit: int) -> list[tuple[KeyId, int]]:
    """Entries that were never read here, as log and index: those first for which nothing speaks, then others at random.

    The others are asked for as well, since who takes an erasure's word for what it has not seen must hear of it from
    those who have: an erasure takes nothing away from anybody but content of statements that it can act on.
    """
    query = (
        sa.select(LOGS.c.contributor, GONE_ENTRIES.c.idx)
        .join(LOGS, LOGS.c.id == GONE_ENTRIES.c.log_id)
        .where(LOGS.c.circle == circle, GONE_ENTRIES.c.known.is_(False))
        .order_by(GONE_ENTRIES.c.vouched, sa.func.random())
        .limit(limit)
    )
    return [(row.contributor, row.idx) for row in tx.connection.execute(query)]


def want_wipe(tx: Transaction) -> None:
    """Content was taken away in this transaction: its bytes are to leave the files as well."""
    insert_new(tx, WIPES, {"id": 1, "wanted": 0, "done": 0, "at": 0})
    tx.connection.execute(sa.update(WIPES).values(wanted=WIPES.c.wanted + 1))


def _has_content(tx: Transaction, log_id: int, index: int) -> bool:
    query = sa.select(ENTRIES.c.idx).where(ENTRIES.c.log_id == log_id, ENTRIES.c.idx == index)
    return tx.connection.execute(query).first() is not None


def _rows(tx: Transaction, log_id: int, indices: Sequence[int]) -> dict[int, sa.Row[Any]]:
    found: dict[int, sa.Row[Any]] = {}
    for some in chunks(indices):
        query = sa.select(STATEMENTS).where(STATEMENTS.c.log_id == log_id, STATEMENTS.c.idx.in_(some))
        found |= {row.idx: row for row in tx.connection.execute(query)}
    return found


def _bare_acts(tx: Transaction, log_id: int, ids: Collection[StatementId]) -> None:
    """What has acted on these statements keeps their name and says no more what they were about."""
    nothing = dict.fromkeys(
        ("subject", "object", "indicator", "scope", "was_subject", "was_object", "was_indicator", "was_scope")
    )
    for some in chunks(ids):
        acts = sa.and_(
            STATEMENTS.c.log_id == log_id, STATEMENTS.c.target_id.in_(some), STATEMENTS.c.subject.is_not(None)
        )
        places = tx.connection.execute(sa.select(STATEMENTS.c.seq, STATEMENTS.c.idx).where(acts)).all()
        tx.connection.execute(sa.update(STATEMENTS).where(acts).values(nothing))
        statement_index.mark_stale(tx, [statement_index.Place(row.seq, log_id, row.idx) for row in places], gone=True)


def _remembered(row: sa.Row[Any], cut: Cut) -> Projected:
    return Projected(
        index=row.idx,
        id=row.id,
        kind=row.kind,
        iat=row.iat,
        exp=row.exp,
        corrected_by=row.corrected_by,
        retracted_by=row.retracted_by,
        erased_by=row.erased_by,
        gone=True,
        void=cut.voids(row.kind, row.idx),
    )
