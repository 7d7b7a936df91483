"""What was held at an earlier position of the feed."""

import sqlalchemy as sa

from node.domain.ledger import Log
from node.domain.statements import Claim
from node.storage.database import Transaction
from node.storage.statements import decode_stored
from node.storage.tables.ledger import ENTRIES, LOGS, STATEMENTS
from protocol.identifiers import CircleId, SubjectId, VocabularyCode
from protocol.statements import Correction, Finding


def size_at(tx: Transaction, log: Log, position: int) -> int:
    """How far a log went when the feed had come to this position: up to its last statement by then."""
    there = sa.select(STATEMENTS.c.idx).where(STATEMENTS.c.log_id == log.id, STATEMENTS.c.seq <= position)
    found = tx.connection.execute(there.order_by(STATEMENTS.c.idx.desc()).limit(1)).scalar_one_or_none()
    return 0 if found is None else int(found) + 1


def claims_of(tx: Transaction, circle: CircleId, subject: SubjectId | None = None) -> list[Claim]:
    """Claims of a circle on which a finding stands now, in any state."""
    columns = (STATEMENTS.c.subject, STATEMENTS.c.indicator, STATEMENTS.c.scope)
    query = (
        sa.select(*columns)
        .select_from(STATEMENTS.join(LOGS))
        .where(STATEMENTS.c.kind == "finding", LOGS.c.circle == circle)
        .distinct()
    )
    if subject is not None:
        query = query.where(STATEMENTS.c.subject == subject)
    return [Claim(circle, *row) for row in tx.connection.execute(query)]


def left_since(tx: Transaction, circle: CircleId, position: int) -> set[Claim]:
    """Claims that a correction behind this position has taken a finding from, wherever it stood before."""
    acts, targets = STATEMENTS.alias("acts"), STATEMENTS.alias("targets")
    target = sa.and_(targets.c.log_id == acts.c.log_id, targets.c.id == acts.c.target_id)
    moved = sa.or_(acts.c.was_subject.is_not(None), acts.c.was_indicator.is_not(None), acts.c.was_scope.is_not(None))
    query = (
        sa.select(targets.c.log_id, targets.c.idx, targets.c.id)
        .select_from(acts.join(LOGS, LOGS.c.id == acts.c.log_id).join(targets, target))
        .where(LOGS.c.circle == circle, acts.c.seq > position, acts.c.kind == "correction", moved)
        .distinct()
    )
    claims: set[Claim] = set()
    for log_id, idx, statement_id in tx.connection.execute(query).all():
        corrections = sa.select(STATEMENTS.c.idx).where(
            STATEMENTS.c.log_id == log_id, STATEMENTS.c.target_id == statement_id, STATEMENTS.c.kind == "correction"
        )
        bodies = sa.select(ENTRIES.c.jws).where(
            ENTRIES.c.log_id == log_id, sa.or_(ENTRIES.c.idx == idx, ENTRIES.c.idx.in_(corrections))
        )
        for (jws,) in tx.connection.execute(bodies):
            claims.update(_claim(circle, jws))
    return claims


def _claim(circle: CircleId, jws: bytes) -> list[Claim]:
    statement = decode_stored(jws)
    body = statement.body if isinstance(statement, Finding) else None
    if isinstance(statement, Correction):
        body = statement.body.finding
    return [] if body is None else [Claim(circle, body.subject.id, VocabularyCode(body.indicator), body.scope)]
