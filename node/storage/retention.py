"""Closed casework by the day of its last change, without opening any of it."""

from typing import Final

import sqlalchemy as sa

from node.clock import day_of
from node.domain.retention import CaseworkKind, DueCase
from node.storage.database import Transaction
from node.storage.tables.casework import ASSESSMENTS, ENGAGEMENTS
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
