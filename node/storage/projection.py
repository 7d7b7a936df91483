"""Writing what entries mean: rows of ``statements``, unreadable entries, dirty claims, and the feed's numbers."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, get_args

import sqlalchemy as sa

from node.domain.ledger import Log
from node.storage import gone, statement_index
from node.storage.database import Transaction
from node.storage.statements import chunks
from node.storage.tables.ledger import DIRTY_CLAIMS, FEED, LOGS, STATEMENTS, UNREADABLE_ENTRIES
from node.storage.tables.membership import MEMBERSHIP_FACTS
from node.storage.upsert import insert_new, upsert
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId, VocabularyCode
from protocol.projection import ClaimKey, Cut, Projected, UnreadableEntry
from protocol.statements import MembershipKind, Timestamp

_MAX_DETAIL_CHARACTERS: Final = 500
"""Of an unreadable entry's detail: one sentence; the entry itself is stored and can be read again."""
_SWEEP_ROWS: Final = 5_000
"""Statements swept in one round: a bounded transaction; the next round takes the rest."""

EXPIRING: Final = frozenset({"finding", "relation", "response", "correction", "reply", "sponsored", "token"})
"""What loses its content when it has expired (clause 8.14)."""
MEMBERSHIP_KINDS: Final[frozenset[str]] = frozenset(get_args(MembershipKind))

_NOTHING: Final[Mapping[StatementId, Projected]] = MappingProxyType({})
_PROJECTED: Final = tuple(
    STATEMENTS.c[name]
    for name in (
        "idx",
        "id",
        "kind",
        "iat",
        "exp",
        "subject",
        "object",
        "indicator",
        "scope",
        "target_contributor",
        "target_id",
        "corrected_by",
        "retracted_by",
    )
)
"""The columns of a :class:`Projected`."""
_FIELDS: Final = ("index", *(column.name for column in _PROJECTED[1:]))
_MOVED: Final = tuple(
    STATEMENTS.c[name] for name in ("subject", "indicator", "scope", "was_subject", "was_indicator", "was_scope")
)
"""Where a correction puts its target, and where that stood before."""
_FACTS: Final = tuple(MEMBERSHIP_FACTS.c[name] for name in ("idx", "id", "kind", "iat", "exp"))
"""The first of these columns: what a statement about membership has of them."""


def lock_feed(tx: Transaction) -> None:
    """From here to the commit nobody else writes what entries mean, of whatever log.

    Taken after the lock of a log. One log's entry may change what another's mean, so whoever interprets reads
    what is stored, and the cuts, behind this lock.
    """
    _draw(tx, 0)


def by_id(tx: Transaction, log: Log, ids: Iterable[StatementId], cut: Cut) -> dict[StatementId, Projected]:
    """Those of one log's rows that have one of these identifiers, and what is remembered of those that are gone."""
    found: dict[StatementId, Projected] = {}
    wanted = list(ids)
    for names in chunks(wanted):
        for query in _both(log):
            chosen = query.where(query.selected_columns.id.in_(names))
            found |= {row.id: _projected(row, cut) for row in tx.connection.execute(chosen)}
    return found | gone.by_id(tx, log, wanted, cut)


def of_log(tx: Transaction, log: Log, cut: Cut) -> dict[int, Projected]:
    """All rows of one log by index, ascending."""
    rows: list[Projected] = []
    for query in _both(log):
        rows += [_projected(row, cut) for row in tx.connection.execute(query)]
    return {row.index: row for row in sorted(rows, key=lambda each: each.index)}


def acts_between(tx: Transaction, log: Log, start: int, end: int | None) -> bool:
    """Whether a correction or retraction stands among these entries: moving a cut across it changes what it acts on."""
    query = sa.select(STATEMENTS.c.idx).where(
        STATEMENTS.c.log_id == log.id,
        STATEMENTS.c.kind.in_(("correction", "retraction")),
        STATEMENTS.c.idx >= start,
    )
    if end is not None:
        query = query.where(STATEMENTS.c.idx < end)
    return tx.connection.execute(query.limit(1)).first() is not None


def claims_of(tx: Transaction, circle: CircleId, contributors: Collection[KeyId]) -> set[ClaimKey]:
    """Every claim on which one of these logs has said anything, responses included."""
    claims: set[ClaimKey] = set()
    answered: set[tuple[KeyId, StatementId]] = set()
    columns = ("target_contributor", "target_id")
    for keys in chunks(sorted(contributors)):
        query = (
            sa.select(*_MOVED, *(STATEMENTS.c[name] for name in columns))
            .select_from(STATEMENTS.join(LOGS))
            .where(LOGS.c.circle == circle, LOGS.c.contributor.in_(keys))
            .distinct()
        )
        for row in tx.connection.execute(query):
            if row.indicator is not None:
                claims.add(ClaimKey(row.subject, row.indicator, row.scope))
                before = _claim_left(*row[: len(_MOVED)])
                claims.update(() if before is None else (before,))
            elif row.target_contributor is not None:
                answered.add((row.target_contributor, row.target_id))
    return claims | claims_answered(tx, circle, answered)


def insert(
    tx: Transaction,
    log: Log,
    rows: Collection[Projected],
    now: Timestamp,
    *,
    replaced: Mapping[StatementId, Projected] = _NOTHING,
) -> None:
    """Add rows in the order given, each with the feed's next number; what is about membership has none.

    ``replaced`` is what corrections among them correct, as it stood before: where a body moved to another subject
    or indicator, the correction's row keeps the old ones, so that readers of those hear of it.

    From here to the commit the feed's one row is locked, so no other transaction draws a number: numbers become
    visible in ascending order and an aborted transaction returns its own. That is the whole of the promise that
    a poller misses nothing (``tests/node/storage/test_feed.py``).
    """
    _list(tx, log, [row.index for row in rows if row.kind in MEMBERSHIP_KINDS], listed=True)
    pooled = [row for row in rows if row.kind not in MEMBERSHIP_KINDS]
    if not pooled:
        return
    first = _draw(tx, len(pooled)) + 1
    values = [
        _values(row)
        | _moved_from(row, replaced.get(row.id))
        | {"seq": first + offset, "log_id": log.id, "received": now, "swept": row.exp <= now}
        for offset, row in enumerate(pooled)
    ]
    tx.connection.execute(sa.insert(STATEMENTS), values)


def update(tx: Transaction, log: Log, rows: Collection[Projected], now: Timestamp) -> None:
    """Write earlier rows again as they now stand. Their claims are being marked dirty by the caller."""
    if not rows:
        return
    statement = (
        sa.update(STATEMENTS)
        .where(STATEMENTS.c.log_id == log.id, STATEMENTS.c.idx == sa.bindparam("the_idx"))
        .values(
            {
                name: sa.bindparam(f"the_{name}")
                for name in ("subject", "object", "indicator", "scope", "corrected_by", "retracted_by", "exp", "swept")
            }
        )
    )
    values = [_values(row) | {"swept": row.exp <= now} for row in rows]
    keys = ("idx", "subject", "object", "indicator", "scope", "corrected_by", "retracted_by", "exp", "swept")
    tx.connection.execute(statement, [{f"the_{name}": each[name] for name in keys} for each in values])


def delete(tx: Transaction, log: Log, indices: Iterable[int]) -> None:
    """Remove rows of entries that no longer read as statements."""
    gone = list(indices)
    mark_unindexed(tx, log, gone)
    for some in chunks(gone):
        tx.connection.execute(sa.delete(STATEMENTS).where(STATEMENTS.c.log_id == log.id, STATEMENTS.c.idx.in_(some)))
    _list(tx, log, gone, listed=False)


def mark_unindexed(tx: Transaction, log: Log, indices: Iterable[int]) -> None:
    """Have these entries indexed again: something else than a later entry of their log has changed how they read."""
    for some in chunks(indices):
        query = sa.select(STATEMENTS.c.seq, STATEMENTS.c.log_id, STATEMENTS.c.idx)
        places = query.where(STATEMENTS.c.log_id == log.id, STATEMENTS.c.idx.in_(some))
        statement_index.mark_stale(tx, [statement_index.Place(*row) for row in tx.connection.execute(places)])


def replace_unreadable(tx: Transaction, log: Log, entries: Collection[UnreadableEntry], now: Timestamp) -> None:
    """As :func:`insert_unreadable`, forgetting what was there before."""
    tx.connection.execute(sa.delete(UNREADABLE_ENTRIES).where(UNREADABLE_ENTRIES.c.log_id == log.id))
    insert_unreadable(tx, log, entries, now)


def insert_unreadable(tx: Transaction, log: Log, entries: Collection[UnreadableEntry], now: Timestamp) -> None:
    """Remember why entries cannot be read."""
    if not entries:
        return
    rows = [
        {
            "log_id": log.id,
            "idx": entry.index,
            "code": entry.code.value,
            "detail": entry.detail[:_MAX_DETAIL_CHARACTERS],
            "received": now,
        }
        for entry in entries
    ]
    tx.connection.execute(sa.insert(UNREADABLE_ENTRIES), rows)


def mark_dirty(tx: Transaction, circle: CircleId, claims: Collection[ClaimKey]) -> None:
    """Have the signals of these claims computed again.

    An existing mark is touched, not skipped: its row lock keeps a refresh from taking the mark away before the
    statement that made it dirty can be seen. Sorted, so that two writers cannot wait for each other. A transaction
    marks the claims of several circles in the order of the circles, and has taken no mark before.
    """
    ordered = sorted((claim.subject, claim.indicator, claim.scope) for claim in claims)
    rows = [{"circle": circle, "subject": s, "indicator": i, "scope": c, "touched": 1} for s, i, c in ordered]
    upsert(tx, DIRTY_CLAIMS, rows, increment="touched")


def last_act_on(
    tx: Transaction, circle: CircleId, contributor: KeyId, statement: StatementId
) -> tuple[str, int, Timestamp] | None:
    """Kind, place and day of the last correction, retraction or erasure of one statement in its log."""
    query = (
        sa.select(STATEMENTS.c.kind, STATEMENTS.c.idx, STATEMENTS.c.iat)
        .join(LOGS, LOGS.c.id == STATEMENTS.c.log_id)
        .where(LOGS.c.circle == circle, LOGS.c.contributor == contributor, STATEMENTS.c.target_id == statement)
        .where(STATEMENTS.c.kind.in_(("correction", "retraction", "erasure")))
        .order_by(STATEMENTS.c.idx.desc())
        .limit(1)
    )
    row = tx.connection.execute(query).one_or_none()
    return None if row is None else (row.kind, row.idx, row.iat)


def is_dirty(tx: Transaction) -> bool:
    """Whether any signal waits to be computed again."""
    return tx.connection.execute(sa.select(DIRTY_CLAIMS.c.circle).limit(1)).first() is not None


def claims_answered(tx: Transaction, circle: CircleId, targets: Collection[tuple[KeyId, StatementId]]) -> set[ClaimKey]:
    """The claims of these statements, as far as they are here; a target that arrives later marks its own.

    Those among them on which a statement stood before it was corrected: how a claim has moved depends on it.
    """
    wanted = set(targets)
    found = _left(tx, circle, wanted)
    for names in chunks({statement_id for _, statement_id in wanted}):
        query = (
            sa.select(LOGS.c.contributor, *_PROJECTED)
            .select_from(STATEMENTS.join(LOGS))
            .where(LOGS.c.circle == circle, STATEMENTS.c.id.in_(names))
        )
        for contributor, *values in tx.connection.execute(query):
            row = _of(values)
            if (contributor, row.id) in wanted and row.claim is not None:
                found.add(row.claim)
    return found


def _left(tx: Transaction, circle: CircleId, names: Collection[tuple[KeyId, StatementId]]) -> set[ClaimKey]:
    """The claims from which corrections have moved these statements."""
    found: set[ClaimKey] = set()
    for some in chunks({statement_id for _, statement_id in names}):
        query = (
            sa.select(LOGS.c.contributor, STATEMENTS.c.target_id, *_MOVED)
            .select_from(STATEMENTS.join(LOGS))
            .where(LOGS.c.circle == circle, STATEMENTS.c.target_id.in_(some), STATEMENTS.c.kind == "correction")
        )
        for contributor, target, *columns in tx.connection.execute(query):
            if (contributor, target) in names and (claim := _claim_left(*columns)) is not None:
                found.add(claim)
    return found


def _claim_left(*columns: str | None) -> ClaimKey | None:
    """The claim that the target of a correction stood on before, if that was another; ``columns`` are ``_MOVED``."""
    now, before = columns[:3], columns[3:]
    subject, indicator, scope = (old or new for old, new in zip(before, now, strict=True))
    if not any(before) or subject is None or indicator is None or scope is None:
        return None
    return ClaimKey(SubjectId(subject), VocabularyCode(indicator), VocabularyCode(scope))


def sweep_expired(tx: Transaction, now: Timestamp) -> int:
    """Mark the claims dirty whose statements have expired since the last sweep; how many statements that were.

    Their content is taken away, with that of their corrections. Reads one index range: cheap enough for every round
    of the worker, though days change once a day.
    """
    query = (
        sa.select(STATEMENTS.c.seq, STATEMENTS.c.log_id, LOGS.c.circle, LOGS.c.contributor, *_PROJECTED)
        .select_from(STATEMENTS.join(LOGS))
        .where(STATEMENTS.c.swept.is_(False), STATEMENTS.c.exp <= now)
        .order_by(STATEMENTS.c.seq)
        .limit(_SWEEP_ROWS)
        .with_for_update(of=STATEMENTS, skip_locked=True)
    )
    rows = tx.connection.execute(query).all()
    claims: dict[CircleId, set[ClaimKey]] = {}
    answered: dict[CircleId, set[tuple[KeyId, StatementId]]] = {}
    for _, _, circle, _, *values in rows:
        row = _of(values)
        if row.claim is not None:
            claims.setdefault(circle, set()).add(row.claim)
        if row.target_contributor is not None and row.target_id is not None:
            answered.setdefault(circle, set()).add((row.target_contributor, row.target_id))
    for circle in sorted(claims.keys() | answered.keys()):
        mark_dirty(tx, circle, claims.get(circle, set()) | claims_answered(tx, circle, answered.get(circle, set())))
    # Their words leave the index.
    statement_index.mark_stale(tx, [statement_index.Place(row.seq, row.log_id, row.idx) for row in rows])
    for seqs in chunks(row.seq for row in rows):
        tx.connection.execute(sa.update(STATEMENTS).where(STATEMENTS.c.seq.in_(seqs)).values(swept=True))
    _drop_expired(tx, rows, now)
    return len(rows)


def _drop_expired(tx: Transaction, rows: Iterable[sa.Row[Any]], now: Timestamp) -> None:
    """The content of what has expired, with the corrections of it, log by log."""
    by_log: dict[tuple[CircleId, KeyId, int], list[sa.Row[Any]]] = {}
    for row in rows:
        if row.kind in EXPIRING:
            by_log.setdefault((row.circle, row.contributor, row.log_id), []).append(row)
    for (circle, contributor, log_id), expired in sorted(by_log.items()):
        indices = {row.idx for row in expired} | set(gone.corrections_of(tx, log_id, [row.id for row in expired]))
        gone.drop(tx, circle, contributor, log_id, dict.fromkeys(indices), now)


def last_drawn(tx: Transaction) -> int:
    """The last number that the feed has given out."""
    return int(tx.connection.execute(sa.select(FEED.c.last)).scalar_one_or_none() or 0)


def _draw(tx: Transaction, count: int) -> int:
    """Take ``count`` numbers; the last one taken before them."""
    insert_new(tx, FEED, {"id": 1, "last": 0})
    query = sa.update(FEED).where(FEED.c.id == 1).values(last=FEED.c.last + count).returning(FEED.c.last)
    return int(tx.connection.execute(query).scalar_one()) - count


def _projected(row: sa.Row[Any], cut: Cut) -> Projected:
    """What is void is no column: it follows from the cut, which another log's entry may move."""
    return replace(_of(row), void=cut.voids(row.kind, row.idx))


def _of(values: Iterable[Any]) -> Projected:
    """A row from its columns; those that follow the last one given are empty."""
    return Projected(**dict(zip(_FIELDS, values, strict=False)))


def _both(log: Log) -> tuple[sa.Select[Any], sa.Select[Any]]:
    """What a log says about subjects, and what it says about membership."""
    return (
        sa.select(*_PROJECTED).where(STATEMENTS.c.log_id == log.id),
        sa.select(*_FACTS).where(MEMBERSHIP_FACTS.c.log_id == log.id, MEMBERSHIP_FACTS.c.listed),
    )


def _list(tx: Transaction, log: Log, indices: Iterable[int], *, listed: bool) -> None:
    for some in chunks(indices):
        rows = sa.and_(MEMBERSHIP_FACTS.c.log_id == log.id, MEMBERSHIP_FACTS.c.idx.in_(some))
        tx.connection.execute(sa.update(MEMBERSHIP_FACTS).where(rows).values(listed=listed))


def _moved_from(row: Projected, before: Projected | None) -> dict[str, str | None]:
    """Where the target of a correction stood, as far as the correction puts it elsewhere."""
    return {
        "was_subject": None if before is None or before.subject == row.subject else before.subject,
        "was_object": None if before is None or before.object == row.object else before.object,
        "was_indicator": None if before is None or before.indicator == row.indicator else before.indicator,
        "was_scope": None if before is None or before.scope == row.scope else before.scope,
    }


def _values(row: Projected) -> dict[str, Any]:
    return {
        "idx": row.index,
        "id": row.id,
        "kind": row.kind,
        "subject": row.subject,
        "object": row.object,
        "indicator": row.indicator,
        "scope": row.scope,
        "target_contributor": row.target_contributor,
        "target_id": row.target_id,
        "corrected_by": row.corrected_by,
        "retracted_by": row.retracted_by,
        "iat": row.iat,
        "exp": row.exp,
    }
