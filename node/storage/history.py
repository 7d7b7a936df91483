"""What corrected and retracted statements, and when: what it takes to read a claim as it stood on an earlier day."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeAlias

import sqlalchemy as sa

from node.domain.statements import Act, StoredStatement
from node.storage import statements
from node.storage.database import Transaction
from node.storage.statements import chunks, decode_stored
from node.storage.tables.ledger import ENTRIES, LOGS, STATEMENTS
from node.storage.tables.membership import LOG_CUTS
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId, VocabularyCode
from protocol.projection import Cut
from protocol.statements import Correction, Retraction, Timestamp

Name: TypeAlias = tuple[KeyId, StatementId]

_ACTS: Final = ("correction", "retraction")


def acts_on(tx: Transaction, circle: CircleId, names: Collection[Name]) -> Mapping[Name, tuple[Act, ...]]:
    """What their authors have done to these statements since, in the order of their logs; without what is void."""
    wanted = set(names)
    found: dict[Name, list[Act]] = {}
    for some in chunks({statement_id for _, statement_id in wanted}):
        query = _acting().where(LOGS.c.circle == circle, STATEMENTS.c.target_id.in_(some))
        for row in tx.connection.execute(query.order_by(STATEMENTS.c.log_id, STATEMENTS.c.idx)):
            name = (row.contributor, row.target_id)
            if name in wanted and not Cut(row.void_from, row.closed_from).voids(row.kind, row.idx):
                statement = decode_stored(row.jws)
                correction = statement if isinstance(statement, Correction) else None
                found.setdefault(name, []).append(Act(row.idx, row.iat, row.exp, correction))
    return {name: tuple(acts) for name, acts in found.items()}


def retractions_of(tx: Transaction, circle: CircleId, names: Collection[Name]) -> dict[Name, VocabularyCode]:
    """For which reason each of these statements was retracted, where it was."""
    wanted = set(names)
    found: dict[Name, VocabularyCode] = {}
    for some in chunks({statement_id for _, statement_id in wanted}):
        query = _acting().where(LOGS.c.circle == circle, STATEMENTS.c.target_id.in_(some))
        for row in tx.connection.execute(query):
            statement = decode_stored(row.jws)
            if isinstance(statement, Retraction) and (row.contributor, row.target_id) in wanted:
                found[row.contributor, row.target_id] = statement.body.reason
    return found


def moved_from(
    tx: Transaction, circle: CircleId, subjects: Collection[SubjectId], *, now: Timestamp
) -> list[StoredStatement]:
    """Findings that a correction has taken from a claim on one of these subjects, wherever they stand now."""
    numbers: set[int] = set()
    for some in chunks(sorted(subjects)):
        moves = _moves_from(some)
        query = (
            sa.select(STATEMENTS.c.seq)
            .join(LOGS, LOGS.c.id == STATEMENTS.c.log_id)
            .join(moves, sa.and_(moves.c.log_id == STATEMENTS.c.log_id, moves.c.target_id == STATEMENTS.c.id))
            .where(LOGS.c.circle == circle, STATEMENTS.c.kind == "finding")
        )
        numbers.update(tx.connection.execute(query).scalars())
    return statements.by_seq(tx, sorted(numbers), now=now)


def _moves_from(subjects: Sequence[SubjectId]) -> sa.Subquery:
    """Corrections that take their target from a claim on one of these subjects: by index, and each only once."""
    rows = STATEMENTS.alias()
    columns = sa.select(rows.c.log_id, rows.c.target_id).where(rows.c.kind == "correction")
    elsewhere = columns.where(rows.c.was_subject.in_(subjects))
    within = columns.where(
        rows.c.subject.in_(subjects), sa.or_(rows.c.was_indicator.is_not(None), rows.c.was_scope.is_not(None))
    )
    return sa.union(elsewhere, within).subquery()


def _acting() -> "sa.Select[tuple[object, ...]]":
    cut = sa.and_(LOG_CUTS.c.circle == LOGS.c.circle, LOG_CUTS.c.contributor == LOGS.c.contributor)
    source = (
        STATEMENTS.join(LOGS, LOGS.c.id == STATEMENTS.c.log_id)
        .join(ENTRIES, sa.and_(ENTRIES.c.log_id == STATEMENTS.c.log_id, ENTRIES.c.idx == STATEMENTS.c.idx))
        .outerjoin(LOG_CUTS, cut)
    )
    return (
        sa.select(
            LOGS.c.contributor,
            STATEMENTS.c.target_id,
            STATEMENTS.c.idx,
            STATEMENTS.c.kind,
            STATEMENTS.c.iat,
            STATEMENTS.c.exp,
            ENTRIES.c.jws,
            LOG_CUTS.c.void_from,
            LOG_CUTS.c.closed_from,
        )
        .select_from(source)
        .where(STATEMENTS.c.kind.in_(_ACTS))
    )
