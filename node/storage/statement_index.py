"""The index over pooled statements: its rows, and what an indexer reads of the statements.

What a term is and what a statement's terms are, :mod:`node.insight.index` decides. Nothing of this is written in the
transaction that takes statements in: an indexer comes behind, by the feed's numbers, which become visible in the order
of commits, so that it misses nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from node.domain.bitmaps import BLOCK, DAYS_BYTES, pack, pack_days, unpack, unpack_days, with_days
from node.storage.database import Transaction
from node.storage.statements import chunks, decode_stored
from node.storage.tables.ledger import ENTRIES, LOGS, STATEMENTS
from node.storage.tables.statement_index import STATEMENT_INDEX_STALE, STATEMENT_INDEX_STATE, STATEMENT_POSTINGS
from node.storage.upsert import bulk_insert, in_values, insert_new, upsert
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId
from protocol.statements import Correction, Statement, Timestamp

_COLUMNS: Final = ("term", "block", "bits")
_RETRACTIONS: Final = STATEMENTS.alias("retractions")


@dataclass(frozen=True, slots=True)
class Place:
    """An entry, and the place in the feed that it has or had."""

    seq: int
    log_id: int
    index: int
    gone: bool = False
    """Its content is not here any more."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One statement as its log has it, with everything that was done to it or that it does."""

    place: Place
    circle: CircleId
    contributor: KeyId
    statement: Statement
    exp: Timestamp
    corrected_by: int | None
    retracted_at: int | None
    """The place in the feed of what retracted it."""
    target: "Recorded | None" = None
    """What a correction or retraction acts on."""
    corrections: tuple[tuple[Place, Correction], ...] = ()
    """Those of a finding or relation, in the order of the log, void ones included."""


@dataclass(slots=True)
class Changes:
    """Places of the feed that get a term, lose it, or have a day."""

    added: dict[str, set[int]] = field(default_factory=dict)
    removed: dict[str, set[int]] = field(default_factory=dict)
    days: dict[str, dict[int, date]] = field(default_factory=dict)


def indexed_to(tx: Transaction) -> int:
    """The last place of the feed that is in the index."""
    return int(tx.connection.execute(sa.select(STATEMENT_INDEX_STATE.c.indexed_to)).scalar_one_or_none() or 0)


def lock(tx: Transaction) -> int:
    """The same, for the one indexer: others wait here until its transaction ends."""
    insert_new(tx, STATEMENT_INDEX_STATE, {"id": 1, "indexed_to": 0})
    return int(tx.connection.execute(sa.select(STATEMENT_INDEX_STATE.c.indexed_to).with_for_update()).scalar_one())


def advance_to(tx: Transaction, seq: int) -> None:
    """Note that the feed is indexed up to here."""
    tx.connection.execute(sa.update(STATEMENT_INDEX_STATE).values(indexed_to=seq))


def clear(tx: Transaction) -> None:
    """Forget the whole index, so that the next passes make it anew."""
    lock(tx)
    for table in (STATEMENT_POSTINGS, STATEMENT_INDEX_STALE):
        tx.connection.execute(sa.delete(table))
    advance_to(tx, 0)


def mark_stale(tx: Transaction, places: Iterable[Place], *, gone: bool = False) -> None:
    """Have these places indexed again. In the order of the feed, so that two writers cannot wait for each other.

    ``gone``: they, or what they act on, have lost their content, and leave every term.
    """
    ordered = sorted(places, key=lambda place: place.seq)
    rows = [{"seq": place.seq, "log_id": place.log_id, "idx": place.index, "gone": gone} for place in ordered]
    upsert(tx, STATEMENT_INDEX_STALE, rows, replace=("log_id", "idx", "gone") if gone else ("log_id", "idx"))


def is_stale(tx: Transaction) -> bool:
    """Whether any place waits to be indexed again."""
    return tx.connection.execute(sa.select(STATEMENT_INDEX_STALE.c.seq).limit(1)).first() is not None


def take_stale(tx: Transaction, limit: int) -> list[Place]:
    """Places to be indexed again, at most ``limit``; taking them is part of the transaction."""
    columns = [STATEMENT_INDEX_STALE.c[name] for name in ("seq", "log_id", "idx", "gone")]
    query = sa.select(*columns).order_by(STATEMENT_INDEX_STALE.c.seq).limit(limit).with_for_update(skip_locked=True)
    found = [Place(*row) for row in tx.connection.execute(query)]
    for some in chunks(place.seq for place in found):
        tx.connection.execute(sa.delete(STATEMENT_INDEX_STALE).where(STATEMENT_INDEX_STALE.c.seq.in_(some)))
    return found


def unindexed_targets(tx: Transaction, after: int, start: int, end: int, limit: int) -> list[int]:
    """The first ``limit`` places behind ``after`` of which the index may have something wrong.

    Places up to ``start`` whose statement was corrected or retracted between it and ``end``, or that are marked.
    """
    acts = STATEMENTS.alias()
    query = (
        sa.select(STATEMENTS.c.seq)
        .join(acts, sa.and_(acts.c.log_id == STATEMENTS.c.log_id, acts.c.target_id == STATEMENTS.c.id))
        .where(acts.c.seq > start, acts.c.seq <= end, acts.c.kind.in_(("correction", "retraction")))
        .where(STATEMENTS.c.seq <= start)
    )
    # Neither ordered nor cut by the database, which would rather walk all statements in their order than sort these.
    found = {seq for seq in tx.connection.execute(query).scalars() if seq > after} if start < end else set[int]()
    waiting = STATEMENT_INDEX_STALE.c.seq
    marked = sa.select(waiting).where(waiting > after, waiting <= start).order_by(waiting).limit(limit)
    return sorted(found.union(tx.connection.execute(marked).scalars()))[:limit]


def bearing_on(
    tx: Transaction, subjects: Collection[SubjectId], *, after: int, limit: int, objects_only: bool = False
) -> list[int]:
    """Places behind ``after`` of what has one of these subjects at either end, or had before a correction."""
    columns = [STATEMENTS.c.object, STATEMENTS.c.was_object]
    if not objects_only:
        columns += [STATEMENTS.c.subject, STATEMENTS.c.was_subject]
    found: set[int] = set()
    for some in chunks(sorted(subjects)):
        for column in columns:
            query = sa.select(STATEMENTS.c.seq).where(column.in_(some), STATEMENTS.c.seq > after)
            found.update(tx.connection.execute(query.order_by(STATEMENTS.c.seq).limit(limit)).scalars())
    return sorted(found)[:limit]


def read_blocks(tx: Transaction, terms: Collection[str], first: int, last: int) -> dict[tuple[str, int], bytes]:
    """What these terms have in the blocks ``first`` to ``last``."""
    table = STATEMENT_POSTINGS
    query = sa.select(table.c.term, table.c.block, table.c.bits).where(
        table.c.block >= first, table.c.block <= last, in_values(tx, table.c.term, sorted(terms))
    )
    return {(row.term, row.block): row.bits for row in tx.connection.execute(query)}


def change(tx: Transaction, changes: Changes) -> None:
    """Bring the index to what the changes say. A term that a place both loses and gets, it has."""
    wanted: dict[int, dict[str, tuple[int, int]]] = {}
    for side, terms in enumerate((changes.removed, changes.added)):
        for term, seqs in terms.items():
            for seq in seqs:
                of_block = wanted.setdefault(seq // BLOCK, {})
                lost, got = of_block.get(term, (0, 0))
                bit = 1 << seq % BLOCK
                of_block[term] = (lost, got | bit) if side else (lost | bit, got)
    for block, of_block in sorted(wanted.items()):
        held = read_blocks(tx, of_block, block, block)
        rows: list[tuple[str, int, bytes]] = []
        empty: list[str] = []
        for term in sorted(of_block):
            lost, got = of_block[term]
            before = held.get((term, block))
            bits = (0 if before is None else unpack(before)) & ~lost | got
            if bits:
                rows.append((term, block, pack(bits)))
            elif before is not None:
                empty.append(term)
        bulk_insert(tx, STATEMENT_POSTINGS, _COLUMNS, rows, replace=("bits",))
        _drop(tx, block, empty)
    _change_days(tx, changes.days)


def purge(tx: Transaction, seqs: Collection[int]) -> None:
    """Take these places out of every term, and their days: a walk along the index, for what left no other trace."""
    by_block: dict[int, list[int]] = {}
    for seq in seqs:
        by_block.setdefault(seq // BLOCK, []).append(seq % BLOCK)
    table = STATEMENT_POSTINGS
    for blocks in chunks(sorted(by_block)):
        held = tx.connection.execute(sa.select(table).where(table.c.block.in_(blocks))).all()
        kept: list[tuple[str, int, bytes]] = []
        for row in held:
            left = _without(row.bits, by_block[row.block])
            if left != row.bits:
                tx.connection.execute(sa.delete(table).where(table.c.term == row.term, table.c.block == row.block))
                if left:
                    kept.append((row.term, row.block, left))
        bulk_insert(tx, table, _COLUMNS, kept)


def _without(bits: bytes, gone: Collection[int]) -> bytes:
    if len(bits) == DAYS_BYTES:
        return pack_days(with_days(unpack_days(bits), dict.fromkeys(gone, date.min)))
    left = unpack(bits)
    for place in gone:
        left &= ~(1 << place)
    return pack(left)


def recorded_after(tx: Transaction, seq: int, limit: int) -> list[Recorded]:
    """The next statements of the feed behind a place, in its order."""
    return _recorded(tx, [_SELECT.where(STATEMENTS.c.seq > seq).order_by(STATEMENTS.c.seq).limit(limit)])


def recorded(tx: Transaction, seqs: Iterable[int]) -> list[Recorded]:
    """The statements at these places, as far as there are any, in feed order."""
    return _recorded(tx, [_SELECT.where(STATEMENTS.c.seq.in_(some)) for some in chunks(seqs)])


def gone(tx: Transaction, places: Iterable[Place]) -> list[tuple[Place, Statement]]:
    """What the entries say that no longer read as statements: by its form alone."""
    found = []
    for place in places:
        entry = sa.and_(ENTRIES.c.log_id == place.log_id, ENTRIES.c.idx == place.index)
        jws = tx.connection.execute(sa.select(ENTRIES.c.jws).where(entry)).scalar_one_or_none()
        if jws is not None:
            found.append((place, decode_stored(jws)))
    return found


def seqs_named(tx: Transaction, log_id: int, ids: Collection[StatementId]) -> list[int]:
    """Where statements of one log stand in the feed."""
    query = sa.select(STATEMENTS.c.seq).where(STATEMENTS.c.log_id == log_id, STATEMENTS.c.id.in_(ids))
    return list(tx.connection.execute(query).scalars())


def _select() -> sa.Select[Any]:
    source = STATEMENTS.join(LOGS, LOGS.c.id == STATEMENTS.c.log_id).join(
        ENTRIES, sa.and_(ENTRIES.c.log_id == STATEMENTS.c.log_id, ENTRIES.c.idx == STATEMENTS.c.idx)
    )
    acted = sa.and_(_RETRACTIONS.c.log_id == STATEMENTS.c.log_id, _RETRACTIONS.c.idx == STATEMENTS.c.retracted_by)
    return sa.select(
        *(STATEMENTS.c[name] for name in ("seq", "log_id", "idx", "id", "kind", "exp", "corrected_by", "target_id")),
        LOGS.c.circle,
        LOGS.c.contributor,
        ENTRIES.c.jws,
        _RETRACTIONS.c.seq.label("retracted_at"),
    ).select_from(source.outerjoin(_RETRACTIONS, acted))


_SELECT: Final = _select()


def _recorded(tx: Transaction, queries: Iterable[sa.Select[Any]]) -> list[Recorded]:
    rows = sorted((row for query in queries for row in tx.connection.execute(query)), key=lambda row: int(row.seq))
    targets = _targets(tx, rows)
    corrected = {(row.log_id, row.id) for row in [*rows, *targets.values()] if row.kind in {"finding", "relation"}}
    corrections = _corrections(tx, corrected, [*rows, *targets.values()])
    plain = {key: _one(row, corrections.get((row.log_id, row.id), ())) for key, row in targets.items()}
    return [
        _one(
            row,
            corrections.get((row.log_id, row.id), ()),
            plain.get((row.log_id, row.target_id)) if row.kind in {"correction", "retraction"} else None,
        )
        for row in rows
    ]


def _targets(tx: Transaction, rows: Sequence[sa.Row[Any]]) -> dict[tuple[int, StatementId], sa.Row[Any]]:
    wanted: dict[int, set[StatementId]] = {}
    for row in rows:
        if row.kind in {"correction", "retraction"}:
            wanted.setdefault(row.log_id, set()).add(row.target_id)
    found: dict[tuple[int, StatementId], sa.Row[Any]] = {}
    for log_id, names in wanted.items():
        for some in chunks(names):
            query = _SELECT.where(STATEMENTS.c.log_id == log_id, STATEMENTS.c.id.in_(some))
            found |= {(row.log_id, row.id): row for row in tx.connection.execute(query)}
    return found


def _corrections(
    tx: Transaction, names: Collection[tuple[int, StatementId]], rows: Sequence[sa.Row[Any]]
) -> dict[tuple[int, StatementId], tuple[tuple[Place, Correction], ...]]:
    """By what they correct. Whatever has none says so in its row, unless the correction is void."""
    touched = {(row.log_id, row.id) for row in rows if row.corrected_by is not None}
    touched |= {(row.log_id, row.target_id) for row in rows if row.kind == "correction"}
    found: dict[tuple[int, StatementId], list[tuple[Place, Correction]]] = {}
    for some in chunks({name for log_id, name in touched & set(names)}):
        query = _SELECT.where(STATEMENTS.c.target_id.in_(some), STATEMENTS.c.kind == "correction")
        for row in tx.connection.execute(query.order_by(STATEMENTS.c.log_id, STATEMENTS.c.idx)):
            statement = decode_stored(row.jws)
            if isinstance(statement, Correction):
                place = Place(row.seq, row.log_id, row.idx)
                found.setdefault((row.log_id, row.target_id), []).append((place, statement))
    return {name: tuple(each) for name, each in found.items()}


def _one(
    row: sa.Row[Any], corrections: tuple[tuple[Place, Correction], ...], target: Recorded | None = None
) -> Recorded:
    return Recorded(
        place=Place(row.seq, row.log_id, row.idx),
        circle=row.circle,
        contributor=row.contributor,
        statement=decode_stored(row.jws),
        exp=row.exp,
        corrected_by=row.corrected_by,
        retracted_at=row.retracted_at,
        target=target,
        corrections=corrections,
    )


def _change_days(tx: Transaction, days: Mapping[str, Mapping[int, date]]) -> None:
    by_block: dict[int, dict[str, dict[int, date]]] = {}
    for term, of_term in days.items():
        for seq, day in of_term.items():
            by_block.setdefault(seq // BLOCK, {}).setdefault(term, {})[seq % BLOCK] = day
    for block, of_block in sorted(by_block.items()):
        held = read_blocks(tx, of_block, block, block)
        rows = [
            (term, block, pack_days(with_days(unpack_days(held.get((term, block), b"")), of_term)))
            for term, of_term in sorted(of_block.items())
        ]
        bulk_insert(tx, STATEMENT_POSTINGS, _COLUMNS, rows, replace=("bits",))


def _drop(tx: Transaction, block: int, terms: Sequence[str]) -> None:
    for some in chunks(terms):
        rows = sa.and_(STATEMENT_POSTINGS.c.block == block, STATEMENT_POSTINGS.c.term.in_(some))
        tx.connection.execute(sa.delete(STATEMENT_POSTINGS).where(rows))


def contributors(tx: Transaction) -> list[tuple[CircleId, KeyId]]:
    """Whoever has a log here, in every circle."""
    return [
        (row.circle, row.contributor) for row in tx.connection.execute(sa.select(LOGS.c.circle, LOGS.c.contributor))
    ]


def terms(tx: Transaction) -> list[str]:
    """Every term of the index, for those who check what it holds."""
    return list(tx.connection.execute(sa.select(STATEMENT_POSTINGS.c.term).distinct()).scalars())


def pool_state(tx: Transaction) -> tuple[int, ...]:
    """What changes whenever an answer about statements may change, but for the day: the feed, the logs, their forks.

    What is said about membership has no number in the feed and voids statements, so the logs' sizes count as well.
    """
    logs = sa.select(
        sa.func.coalesce(sa.func.sum(LOGS.c.size), 0),
        sa.func.count(LOGS.c.forked_at),
        # A fork that turns out to lie earlier voids more, and is still one fork.
        sa.func.coalesce(sa.func.sum(LOGS.c.fork_index), 0),
    )
    last = sa.select(sa.func.coalesce(sa.func.max(STATEMENTS.c.seq), 0))
    return (int(tx.connection.execute(last).scalar_one()), *(int(each) for each in tx.connection.execute(logs).one()))
