"""Closed casework by the day of its last change, without opening any of it."""

from typing import Final

import sqlalchemy as sa

from node.clock import day_of
from node.domain.retention import CaseworkKind, DueCase
from node.storage.database import Transaction
from node.storage.gone import want_wipe
from node.storage.tables.casework import ANSWERS, ASSESSMENTS, ENGAGEMENTS, EVIDENCE_USES
from node.storage.tables.decisions import CASE_FILES, PARTNER_QUESTIONS
from protocol.statements import Timestamp

_CLOSED: Final = ("closed", "ended", "declined", "withdrawn")
_KINDS: Final[tuple[tuple[CaseworkKind, sa.Table], ...]] = (("assessment", ASSESSMENTS), ("engagement", ENGAGEMENTS))


def closed_before(tx: Transaction, moment: Timestamp, *, limit: int) -> list[DueCase]:
    """At most ``limit`` closed assessments and engagements that nobody has changed since, oldest first."""
    found = []
    for kind, table in _KINDS:
        query = sa.select(table.c.id, table.c.updated).where(table.c.status.in_(_CLOSED), table.c.updated < moment)
        found += [
            (row.updated, kind, row.id) for row in tx.connection.execute(query.order_by(table.c.updated).limit(limit))
        ]
    return [DueCase(kind, case, day_of(Timestamp(updated))) for updated, kind, case in sorted(found)[:limit]]


def remove(tx: Transaction, kind: CaseworkKind, case: str) -> None:
    """Delete one case; what belongs to it goes with it, and what was drafted from it stays without it."""
    (table,) = (table for each, table in _KINDS if each == kind)
    column = CASE_FILES.c.assessment_id if kind == "assessment" else CASE_FILES.c.engagement_id
    questions = sa.select(PARTNER_QUESTIONS.c.id).join(CASE_FILES).where(column == case)
    answers = sa.select(ANSWERS.c.id).where(ANSWERS.c.assessment_id == case)
    held = EVIDENCE_USES.c.holder.in_(questions) | EVIDENCE_USES.c.holder.in_(answers)
    tx.connection.execute(sa.delete(EVIDENCE_USES).where(held))
    tx.connection.execute(sa.delete(table).where(table.c.id == case))
    want_wipe(tx)
