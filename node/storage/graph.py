"""Reading ties as edges: who is tied to whom, by the registry and by live pooled relations.

Every query is a range of an index for each subject asked about: the partial indexes on ``statements`` hold live
relations alone and everything that is read of them, so a step of a search touches no row. A relation that was
retracted or has expired is no edge; a corrected one is the edge of its live body.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from node.domain.graph import Link
from node.storage import subject_links
from node.storage.database import Transaction
from node.storage.tables.ledger import LIVE_RELATION, LOGS, STATEMENTS
from node.storage.tables.membership import LOG_CUTS
from node.storage.tables.subjects import REGISTRY_RELATIONS
from protocol.identifiers import SubjectId, VocabularyCode
from protocol.statements import Timestamp

_S: Final = STATEMENTS.c
_R: Final = REGISTRY_RELATIONS.c
_FINDINGS: Final = STATEMENTS.alias("findings")
_POOLED_ENDS: Final = ((_S.subject, _S.object), (_S.object, _S.subject))
_REGISTRY_ENDS: Final = ((_R.subject, _R.object), (_R.object, _R.subject))
_REVERSED: Final = {"child": "parent", "successor": "predecessor"}
"""The registry states a tie in both records; here it is one: the whole above its part, the later after the earlier."""

_Void: TypeAlias = tuple[tuple[int, int], ...]
"""Rows of logs, and from which of their entries on nothing counts."""
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
        void = tuple((row.id, row.void_from) for row in tx.connection.execute(query))
        return cls(tx, now, void, subject_links.read_as(tx))

    def canonical(self, subject: SubjectId) -> SubjectId:
        """What this identifier is read as here."""
        return self.read_as.get(subject, subject)

    def count(self, subjects: Collection[SubjectId]) -> dict[SubjectId, int]:
        """How many ties each has, as stated: one that two members state, or two records, counts twice.

        For telling hubs: what is void is counted as well, because that is read off no index.
        """
        parts = [
            sa.select(side.label("end"), sa.func.count().label("ties")).where(*where).group_by(side)
            for side, where in self._sides(subjects)
        ]
        counts: Counter[SubjectId] = Counter()
        for end, number in self.tx.connection.execute(sa.union_all(*parts)).all():
            counts[self.canonical(end)] += number
        return dict(counts)

    def of(self, subjects: Collection[SubjectId], *, limit: int) -> list[Link]:
        """Every edge from or to one of these subjects, once; at most ``limit`` of each end and origin.

        The oldest pooled ones first, so that what is left out is the same in every reading.
        """
        return self._links([self._part(side, where, limit) for side, where in self._sides(subjects)])

    def to_concerned(
        self, subjects: Collection[SubjectId], indicators: Collection[VocabularyCode], *, limit: int
    ) -> list[Link]:
        """Those edges whose other end is a subject with a live finding under one of these indicators."""
        if self.read_as:
            # A concern may be stated of one identifier and the edge of another that is read as the same.
            links = self.of(subjects, limit=limit)
            concerned = self.concerns({end for link in links for end in (link.subject, link.object)}, indicators)
            return [link for link in links if link.subject in concerned or link.object in concerned]
        others = dict((*_POOLED_ENDS, *_REGISTRY_ENDS))
        return self._links(
            [
                self._part(side, [*where, self._concerned(others[side], indicators)], limit)
                for side, where in self._sides(subjects)
            ]
        )

    def concerns(
        self, subjects: Collection[SubjectId], indicators: Collection[VocabularyCode]
    ) -> dict[SubjectId, set[VocabularyCode]]:
        """Under which of these indicators a live finding on each is held; subjects without one are left out."""
        query = (
            sa.select(_S.subject, _S.indicator)
            .where(self._among(self._all(subjects))(_S.subject), *self._standing(STATEMENTS), _S.indicator.is_not(None))
            .distinct()
        )
        found: dict[SubjectId, set[VocabularyCode]] = {}
        for subject, indicator in self.tx.connection.execute(query).all():
            if indicator in indicators:
                found.setdefault(self.canonical(subject), set()).add(indicator)
        return found

    def _all(self, subjects: Collection[SubjectId]) -> list[SubjectId]:
        """With every identifier that is read as one of them."""
        wanted = set(subjects)
        return [*subjects, *(alias for alias, end in self.read_as.items() if end in wanted)]

    def _sides(self, subjects: Collection[SubjectId]) -> list[tuple[_Column, list[_Condition]]]:
        """Both ends of both origins, each with what is asked of it."""
        # As text, word for word as in the indexes: SQLite does not compare a bound value with a partial index.
        live: list[_Condition] = [sa.text(LIVE_RELATION), _S.exp > self.now]
        among = self._among(self._all(subjects))
        sides: list[tuple[_Column, list[_Condition]]] = [(side, [*live, among(side)]) for side, _ in _POOLED_ENDS]
        sides += [(side, [among(side)]) for side, _ in _REGISTRY_ENDS]
        return sides

    def _part(self, side: _Column, where: Sequence[_Condition], limit: int) -> sa.Select[Any]:
        if side in {_S.subject, _S.object}:
            query: sa.Select[Any] = (
                sa.select(_S.subject, sa.literal("").label("kind"), _S.object, _S.seq)
                .where(*where, *self._holding(STATEMENTS))
                .order_by(_S.seq)
            )
        else:
            query = (
                sa.select(_R.subject, _R.kind, _R.object, sa.literal(0).label("seq"))
                .where(*where)
                .order_by(_R.subject, _R.kind, _R.object)
            )
        return sa.select(query.limit(limit).subquery())

    def _links(self, parts: Sequence[sa.Select[Any]]) -> list[Link]:
        rows = self.tx.connection.execute(sa.union_all(*parts)).all()
        links = (_link(self.canonical(subject), kind, self.canonical(tied), seq) for subject, kind, tied, seq in rows)
        return [link for link in dict.fromkeys(links) if link.subject != link.object]

    def _concerned(self, end: _Column, indicators: Collection[VocabularyCode]) -> sa.ColumnElement[bool]:
        # Not a column alone, so that the index is asked once for the subject and not once for every indicator.
        under = sa.func.coalesce(_FINDINGS.c.indicator, "").in_(sorted(indicators))
        return sa.exists().where(_FINDINGS.c.subject == end, under, *self._standing(_FINDINGS))

    def _standing(self, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
        """Live findings."""
        row = table.c
        return [row.kind == "finding", row.retracted_by.is_(None), row.exp > self.now, *self._holding(table)]

    def _holding(self, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
        return [sa.or_(table.c.log_id != log, table.c.idx < first) for log, first in self.void]

    def _among(self, subjects: Collection[SubjectId]) -> Callable[[_Column], sa.ColumnElement[bool]]:
        """One parameter for thousands of subjects, in either database a range of the index for each."""
        if self.tx.is_postgresql:
            array = sa.any_(sa.literal(list(subjects), postgresql.ARRAY(sa.String)))
            return lambda column: column == array
        text = sa.literal(msgspec.json.encode(list(subjects)).decode())

        def within(column: _Column) -> sa.ColumnElement[bool]:
            values = sa.func.json_each(text).table_valued("value")
            return column.in_(sa.select(values.c.value))

        return within


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
