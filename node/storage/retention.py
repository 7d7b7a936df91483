"""Closed casework past a limit, without opening any of it.

A case is due when nothing of it has been touched since: neither itself nor its file, with no review ahead and no
measure open. An assessment of an engagement is due with the engagement and not before.
"""

from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from node.clock import day_of
from node.domain.retention import CaseworkKind, DueCase, limit
from node.storage.database import Transaction
from node.storage.gone import want_wipe
from node.storage.tables.casework import ANSWERS, ASSESSMENTS, ENGAGEMENTS, EVIDENCE_USES
from node.storage.tables.decisions import CASE_FILE_EVENTS, CASE_FILES, MEASURES, PARTNER_QUESTIONS
from protocol.statements import Timestamp

_OVER: Final = ("ended", "declined", "withdrawn")


def due(tx: Transaction, now: Timestamp, months: int, *, most: int) -> list[DueCase]:
    """At most ``most`` assessments and engagements, oldest first; none where ``months`` is 0."""
    past = limit(now, months)
    if past is None:
        return []
    engagements = _engagements(past, day_of(now))
    assessments = (
        sa.select(ASSESSMENTS.c.id, ASSESSMENTS.c.updated)
        .where(ASSESSMENTS.c.status == "closed", ASSESSMENTS.c.updated < past)
        .where(
            ASSESSMENTS.c.engagement_id.is_(None)
            | ASSESSMENTS.c.engagement_id.in_(engagements.with_only_columns(ENGAGEMENTS.c.id))
        )
        .where(~_busy(CASE_FILES.c.assessment_id == ASSESSMENTS.c.id, past, day_of(now)))
    )
    found: list[tuple[int, CaseworkKind, str]] = []
    queries: tuple[tuple[CaseworkKind, sa.Select[Any]], ...] = (
        ("assessment", assessments.order_by(ASSESSMENTS.c.updated, ASSESSMENTS.c.id)),
        ("engagement", engagements.order_by(ENGAGEMENTS.c.updated, ENGAGEMENTS.c.id)),
    )
    for kind, query in queries:
        found += [(row.updated, kind, row.id) for row in tx.connection.execute(query.limit(most))]
    return [DueCase(kind, case, day_of(Timestamp(updated))) for updated, kind, case in sorted(found)[:most]]


def remove(tx: Transaction, kind: CaseworkKind, case: str) -> None:
    """Delete one case; what belongs to it goes with it, and what was drafted from it stays without it."""
    table, column = (
        (ASSESSMENTS, CASE_FILES.c.assessment_id) if kind == "assessment" else (ENGAGEMENTS, CASE_FILES.c.engagement_id)
    )
    questions = sa.select(PARTNER_QUESTIONS.c.id).join(CASE_FILES).where(column == case)
    answers = sa.select(ANSWERS.c.id).where(ANSWERS.c.assessment_id == case)
    held = EVIDENCE_USES.c.holder.in_(questions) | EVIDENCE_USES.c.holder.in_(answers)
    tx.connection.execute(sa.delete(EVIDENCE_USES).where(held))
    tx.connection.execute(sa.delete(table).where(table.c.id == case))
    want_wipe(tx)


def _engagements(past: Timestamp, today: date) -> sa.Select[Any]:
    return (
        sa.select(ENGAGEMENTS.c.id, ENGAGEMENTS.c.updated)
        .where(ENGAGEMENTS.c.status.in_(_OVER), ENGAGEMENTS.c.updated < past)
        .where(~_busy(CASE_FILES.c.engagement_id == ENGAGEMENTS.c.id, past, today))
    )


def _busy(of_case: sa.ColumnElement[bool], past: Timestamp, today: date) -> sa.ColumnElement[bool]:
    """Whether the file of a case has a review ahead, an open measure, or a change since."""
    is_open = sa.exists().where(MEASURES.c.case_file_id == CASE_FILES.c.id, MEASURES.c.state == "open")
    changed = sa.exists().where(CASE_FILE_EVENTS.c.case_file_id == CASE_FILES.c.id, CASE_FILE_EVENTS.c.at >= past)
    return sa.exists().where(of_case, sa.or_(CASE_FILES.c.review >= today.isoformat(), is_open, changed))
