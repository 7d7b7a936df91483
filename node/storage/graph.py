"""Reading ties as edges: who is tied to whom, by the registry and by live pooled relations.

Every query is a range of an index for each subject asked about: the partial indexes on ``statements`` hold live
relations alone and everything that is read of them, so a step of a search touches no row. A relation that was
retracted or has expired is no edge; a corrected one is the edge of its live body.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from node.domain.graph import Link
from node.storage.database import Transaction
from node.storage.statements import chunks
from node.storage.tables.ledger import LIVE_RELATION, LOGS, STATEMENTS
from node.storage.tables.membership import LOG_CUTS
from node.storage.tables.subjects import REGISTRY_RELATIONS
from protocol.identifiers import SubjectId, VocabularyCode
from protocol.statements import Timestamp

_S: Final = STATEMENTS.c
_R: Final = REGISTRY_RELATIONS.c
_FINDINGS: Final = STATEMENTS.alias("findings")
_Void: TypeAlias = tuple[tuple[int, int], ...]
"""Rows of logs, and from which of their entries on nothing counts."""
_REVERSED: Final = {"child": "parent", "successor": "predecessor"}
"""The registry states a tie in both records; here it is one: the whole above its part, the later after the earlier."""


def count_ties(tx: Transaction, subjects: Iterable[SubjectId], now: Timestamp) -> dict[SubjectId, int]:
    """How many ties each has, as stated: one that two members state, or two records, counts twice.

    For telling hubs: what is void is counted as well, because that is read off no index.
    """
    counts: Counter[SubjectId] = Counter()
    for some in chunks(subjects):
        for side in (_S.subject, _S.object):
            counts.update(_counted(tx, sa.select(side, sa.func.count()).where(*_live(now), side.in_(some)), side))
        for other in (_R.subject, _R.object):
            counts.update(_counted(tx, sa.select(other, sa.func.count()).where(other.in_(some)), other))
    return dict(counts)


def links_of(tx: Transaction, subjects: Iterable[SubjectId], now: Timestamp, *, limit: int) -> list[Link]:
    """Every edge from or to one of these subjects, once; of each kind at most ``limit`` for 500 subjects.

    The oldest pooled ones first, so that what is left out is the same in every reading.
    """
    found: dict[Link, None] = {}
    void = _void(tx)
    for some in chunks(subjects):
        for side in (_S.subject, _S.object):
            query = _pooled(void).where(*_live(now), side.in_(some)).order_by(_S.seq).limit(limit)
            found.update(dict.fromkeys(_pooled_links(tx, query)))
        for other in (_R.subject, _R.object):
            query = _registered().where(other.in_(some)).order_by(_R.subject, _R.kind, _R.object).limit(limit)
            found.update(dict.fromkeys(_registry_links(tx, query)))
    return list(found)


def links_to_concerned(
    tx: Transaction,
    subjects: Iterable[SubjectId],
    indicators: Collection[VocabularyCode],
    now: Timestamp,
    *,
    limit: int,
) -> list[Link]:
    """Those edges whose other end is a subject with a live finding under one of these indicators."""
    found: dict[Link, None] = {}
    void = _void(tx)
    for some in chunks(subjects):
        for side, end in ((_S.subject, _S.object), (_S.object, _S.subject)):
            query = (
                _pooled(void).where(*_live(now), side.in_(some), _concerned(end, indicators, now, void)).limit(limit)
            )
            found.update(dict.fromkeys(_pooled_links(tx, query)))
        for side, end in ((_R.subject, _R.object), (_R.object, _R.subject)):
            query = _registered().where(side.in_(some), _concerned(end, indicators, now, void)).limit(limit)
            found.update(dict.fromkeys(_registry_links(tx, query)))
    return list(found)


def concerns_of(
    tx: Transaction, subjects: Iterable[SubjectId], indicators: Collection[VocabularyCode], now: Timestamp
) -> dict[SubjectId, set[VocabularyCode]]:
    """Under which of these indicators a live finding on each subject is held; subjects without one are left out."""
    found: dict[SubjectId, set[VocabularyCode]] = {}
    void = _void(tx)
    for some in chunks(subjects):
        query = (
            sa.select(_S.subject, _S.indicator)
            .where(_S.subject.in_(some), _S.kind == "finding", _S.retracted_by.is_(None), _S.exp > now)
            .where(*_holding(STATEMENTS, void))
            .distinct()
        )
        for subject, indicator in tx.connection.execute(query):
            if indicator in indicators:
                found.setdefault(subject, set()).add(indicator)
    return found


def _live(now: Timestamp) -> Sequence[sa.ColumnElement[bool] | sa.TextClause]:
    # As text, word for word as in the indexes: SQLite does not compare a bound value with a partial index.
    return sa.text(LIVE_RELATION), _S.exp > now


def _void(tx: Transaction) -> _Void:
    """The logs that are void from some entry on: few, and mostly none."""
    same = sa.and_(LOG_CUTS.c.circle == LOGS.c.circle, LOG_CUTS.c.contributor == LOGS.c.contributor)
    query = sa.select(LOGS.c.id, LOG_CUTS.c.void_from).join(LOG_CUTS, same).where(LOG_CUTS.c.void_from.is_not(None))
    return tuple((row.id, row.void_from) for row in tx.connection.execute(query))


def _holding(table: sa.FromClause, void: _Void) -> list[sa.ColumnElement[bool]]:
    return [sa.or_(table.c.log_id != log, table.c.idx < first) for log, first in void]


def _concerned(
    end: sa.ColumnElement[str], indicators: Collection[VocabularyCode], now: Timestamp, void: _Void
) -> sa.ColumnElement[bool]:
    row = _FINDINGS.c
    return sa.exists().where(
        row.subject == end,
        row.kind == "finding",
        row.retracted_by.is_(None),
        row.exp > now,
        # Not a column alone, so that the index is asked once for the subject and not once for every indicator.
        sa.func.coalesce(row.indicator, "").in_(sorted(indicators)),
        *_holding(_FINDINGS, void),
    )


def _pooled(void: _Void) -> sa.Select[Any]:
    return sa.select(_S.subject, _S.object, _S.seq).where(*_holding(STATEMENTS, void))


def _registered() -> sa.Select[Any]:
    return sa.select(_R.subject, _R.kind, _R.object)


def _counted(tx: Transaction, query: sa.Select[Any], group: sa.ColumnElement[str]) -> dict[SubjectId, int]:
    return {SubjectId(subject): int(number) for subject, number in tx.connection.execute(query.group_by(group))}


def _pooled_links(tx: Transaction, query: sa.Select[Any]) -> list[Link]:
    return [Link("pooled", subject, tied, seq=seq) for subject, tied, seq in tx.connection.execute(query)]


def _registry_links(tx: Transaction, query: sa.Select[Any]) -> list[Link]:
    return [_one_way(subject, kind, tied) for subject, kind, tied in tx.connection.execute(query)]


def _one_way(subject: SubjectId, kind: str, tied: SubjectId) -> Link:
    """One edge for the two records that state it."""
    if kind in _REVERSED:
        return Link("registry", tied, subject, _REVERSED[kind])
    if kind == "related":
        first, second = sorted((subject, tied))
        return Link("registry", first, second, kind)
    return Link("registry", subject, tied, kind)
