"""Reading ties as edges: who is tied to whom, by the registry and by live pooled relations.

Every query is a range of an index for each subject asked about: the partial indexes on ``statements`` hold live
relations alone and everything that is read of them, so a step of a search touches no row. A relation that was
retracted or has expired is no edge; a corrected one is the edge of its live body.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Self, TypeAlias

import sqlalchemy as sa

from node.domain.graph import Link
from node.storage import subject_links
from node.storage.database import Transaction
from node.storage.tables.ledger import LIVE_RELATION, LOGS, STATEMENTS
from node.storage.tables.membership import LOG_CUTS
from node.storage.tables.subjects import REGISTRY_RELATIONS
from node.storage.upsert import many, one_of
from protocol.identifiers import SubjectId, VocabularyCode
from protocol.statements import Timestamp

_S: Final = STATEMENTS.c
_R: Final = REGISTRY_RELATIONS.c
_FINDINGS: Final = STATEMENTS.alias("findings")
_POOLED_ENDS: Final = ((_S.subject, _S.object), (_S.object, _S.subject))
_REGISTRY_ENDS: Final = ((_R.subject, _R.object), (_R.object, _R.subject))
_REVERSED: Final = {"child": "parent", "successor": "predecessor"}
"""The registry states a tie in both records; here it is one: the whole above its part, the later after the earlier."""

_NOW: Final = sa.bindparam("now", type_=sa.BigInteger)
_KEPT: Final = 16
"""Statements kept ready of each kind, for the databases and moments that one process sees."""

_Void: TypeAlias = tuple[tuple[int, int], ...]
"""Rows of logs, and from which of their entries on nothing counts."""
_Row: TypeAlias = Any
"""One row of an answer, in the order of what its statement selects."""
_Column: TypeAlias = sa.Column[Any]
_Condition: TypeAlias = sa.ColumnElement[bool] | sa.TextClause


@dataclass(frozen=True, slots=True)
class Edges:
    """The edges of one moment, for as long as one transaction lasts."""

    tx: Transaction
    now: Timestamp
    void: _Void
    read_as: Mapping[SubjectId, SubjectId]
    """Identifiers that a person here linked to another one, and to which: edges end where that leads."""

    @classmethod
    def at(cls, tx: Transaction, now: Timestamp) -> Self:
        """As they stand now. Which logs are void and which identifiers are linked is asked once: both are few."""
        same = sa.and_(LOG_CUTS.c.circle == LOGS.c.circle, LOG_CUTS.c.contributor == LOGS.c.contributor)
        query = sa.select(LOGS.c.id, LOG_CUTS.c.void_from).join(LOG_CUTS, same).where(LOG_CUTS.c.void_from.is_not(None))
        void = tuple(sorted((row.id, row.void_from) for row in tx.connection.execute(query)))
        return cls(tx, now, void, subject_links.read_as(tx))

    def canonical(self, subject: SubjectId) -> SubjectId:
        """What this identifier is read as here."""
        return self.read_as.get(subject, subject)

    def count(self, subjects: Collection[SubjectId]) -> dict[SubjectId, int]:
        """How many ties each has, as stated: one that two members state, or two records, counts twice.

        For telling hubs: what is void is counted as well, because that is read off no index.
        """
        counts: Counter[SubjectId] = Counter()
        for end, number in self._rows(_counting(self.tx.is_postgresql), subjects):
            counts[self.canonical(end)] += number
        return dict(counts)

    def of(self, subjects: Collection[SubjectId], *, limit: int) -> list[Link]:
        """Every edge from or to one of these subjects, once; at most ``limit`` of each end and origin.

        The oldest pooled ones first, so that what is left out is the same in every reading.
        """
        return self._links(self._rows(_reading(self.tx.is_postgresql, self.void), subjects, limit=limit))

    def to_concerned(
        self, subjects: Collection[SubjectId], indicators: Collection[VocabularyCode], *, limit: int
    ) -> list[Link]:
        """Those edges whose other end is a subject with a live finding under one of these indicators."""
        if self.read_as:
            # A concern may be stated of one identifier and the edge of another that is read as the same.
            links = self.of(subjects, limit=limit)
            concerned = self.concerns({end for link in links for end in (link.subject, link.object)}, indicators)
            return [link for link in links if link.subject in concerned or link.object in concerned]
        query = _reading_concerned(self.tx.is_postgresql, self.void)
        return self._links(self._rows(query, subjects, limit=limit, indicators=many(self.tx, indicators)))

    def concerns(
        self, subjects: Collection[SubjectId], indicators: Collection[VocabularyCode]
    ) -> dict[SubjectId, set[VocabularyCode]]:
        """Under which of these indicators a live finding on each is held; subjects without one are left out."""
        found: dict[SubjectId, set[VocabularyCode]] = {}
        for subject, indicator in self._rows(_concerns(self.tx.is_postgresql, self.void), subjects):
            if indicator in indicators:
                found.setdefault(self.canonical(subject), set()).add(indicator)
        return found

    def _rows(
        self, query: sa.Executable, subjects: Collection[SubjectId], **further: list[str] | str | int
    ) -> Sequence[_Row]:
        """The answer for these subjects and for every identifier that is read as one of them."""
        wanted = set(subjects)
        every = [*subjects, *(alias for alias, end in self.read_as.items() if end in wanted)]
        bound = {"subjects": many(self.tx, every), "now": self.now, **further}
        return self.tx.connection.execute(query, bound).all()

    def _links(self, rows: Iterable[_Row]) -> list[Link]:
        links = (_link(self.canonical(subject), kind, self.canonical(tied), seq) for subject, kind, tied, seq in rows)
        return [link for link in dict.fromkeys(links) if link.subject != link.object]


# Each statement is made once for a database and what is void in it, which seldom changes, and then only bound.


@lru_cache(maxsize=_KEPT)
def _counting(postgresql: bool) -> sa.CompoundSelect[Any]:  # noqa: FBT001
    parts = [
        sa.select(side.label("end"), sa.func.count().label("ties")).where(*where).group_by(side)
        for side, where in _sides(postgresql=postgresql)
    ]
    return sa.union_all(*parts)


@lru_cache(maxsize=_KEPT)
def _reading(postgresql: bool, void: _Void) -> sa.CompoundSelect[Any]:  # noqa: FBT001
    return sa.union_all(*(_part(side, where, void) for side, where in _sides(postgresql=postgresql)))


@lru_cache(maxsize=_KEPT)
def _reading_concerned(postgresql: bool, void: _Void) -> sa.CompoundSelect[Any]:  # noqa: FBT001
    others = dict((*_POOLED_ENDS, *_REGISTRY_ENDS))
    # Not a column alone, so that the index is asked once for the subject and not once for every indicator.
    under = one_of(sa.func.coalesce(_FINDINGS.c.indicator, ""), "indicators", postgresql=postgresql)
    standing = _standing(_FINDINGS, void)
    parts = []
    for side, where in _sides(postgresql=postgresql):
        concerned = sa.exists().where(_FINDINGS.c.subject == others[side], under, *standing)
        parts.append(_part(side, [*where, concerned], void))
    return sa.union_all(*parts)


@lru_cache(maxsize=_KEPT)
def _concerns(postgresql: bool, void: _Void) -> sa.Select[Any]:  # noqa: FBT001
    among = one_of(_S.subject, "subjects", postgresql=postgresql)
    query = sa.select(_S.subject, _S.indicator).where(among, *_standing(STATEMENTS, void), _S.indicator.is_not(None))
    return query.distinct()


def _sides(*, postgresql: bool) -> list[tuple[_Column, list[_Condition]]]:
    """Both ends of both origins, each with what is asked of it."""
    # As text, word for word as in the indexes: SQLite does not compare a bound value with a partial index.
    live: list[_Condition] = [sa.text(LIVE_RELATION), _S.exp > _NOW]
    sides: list[tuple[_Column, list[_Condition]]] = [
        (side, [*live, one_of(side, "subjects", postgresql=postgresql)]) for side, _ in _POOLED_ENDS
    ]
    return sides + [(side, [one_of(side, "subjects", postgresql=postgresql)]) for side, _ in _REGISTRY_ENDS]


def _part(side: _Column, where: Sequence[_Condition], void: _Void) -> sa.Select[Any]:
    if side in {_S.subject, _S.object}:
        query: sa.Select[Any] = (
            sa.select(_S.subject, sa.literal("").label("kind"), _S.object, _S.seq)
            .where(*where, *_holding(STATEMENTS, void))
            .order_by(_S.seq)
        )
    else:
        query = (
            sa.select(_R.subject, _R.kind, _R.object, sa.literal(0).label("seq"))
            .where(*where)
            .order_by(_R.subject, _R.kind, _R.object)
        )
    return sa.select(query.limit(sa.bindparam("limit", type_=sa.Integer)).subquery())


def _standing(table: sa.FromClause, void: _Void) -> list[sa.ColumnElement[bool]]:
    """Live findings."""
    row = table.c
    return [row.kind == "finding", row.retracted_by.is_(None), row.exp > _NOW, *_holding(table, void)]


def _holding(table: sa.FromClause, void: _Void) -> list[sa.ColumnElement[bool]]:
    return [sa.or_(table.c.log_id != log, table.c.idx < first) for log, first in void]


def _link(subject: SubjectId, kind: str, tied: SubjectId, seq: int) -> Link:
    """One edge for the two records of the registry that state it; ``seq`` is 0 for these."""
    if seq:
        return Link("pooled", subject, tied, seq=seq)
    if kind in _REVERSED:
        return Link("registry", tied, subject, _REVERSED[kind])
    if kind == "related":
        first, second = sorted((subject, tied))
        return Link("registry", first, second, kind)
    return Link("registry", subject, tied, kind)
