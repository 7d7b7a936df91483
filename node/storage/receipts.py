"""Receipts: ours about the logs of others, and those of others about ours. The latest of each."""

from dataclasses import dataclass

import sqlalchemy as sa

from node.storage.database import Transaction
from node.storage.tables.gone import RECEIPTS
from node.storage.tables.ledger import LOGS, STATEMENTS
from node.storage.upsert import upsert
from protocol.identifiers import CircleId, KeyId
from protocol.statements import Timestamp


@dataclass(frozen=True, slots=True)
class Receipt:
    """A member has applied what a log says below ``size``."""

    circle: CircleId
    log: KeyId
    member: KeyId
    """The identity of the institution: it may have had several contributor keys."""
    size: int
    at: Timestamp


def save(tx: Transaction, receipt: Receipt) -> bool:
    """Keep a receipt unless one of no smaller size is here; whether it was news."""
    known = of_log(tx, receipt.circle, receipt.log).get(receipt.member)
    if known is not None and known.size >= receipt.size:
        return False
    row = {name: getattr(receipt, name) for name in ("circle", "log", "member", "size", "at")}
    upsert(tx, RECEIPTS, [row], replace=("size", "at"))
    return True


def of_log(tx: Transaction, circle: CircleId, log: KeyId) -> dict[KeyId, Receipt]:
    """The receipts for one log, by the identity of the member."""
    query = sa.select(RECEIPTS).where(RECEIPTS.c.circle == circle, RECEIPTS.c.log == log)
    return {
        row.member: Receipt(row.circle, row.log, row.member, row.size, row.at) for row in tx.connection.execute(query)
    }


def logs_with_acts(tx: Transaction, circle: CircleId) -> dict[KeyId, int]:
    """By log, the last place at which something was corrected, retracted or erased."""
    acts = STATEMENTS.c.kind.in_(("correction", "retraction", "erasure"))
    query = (
        sa.select(LOGS.c.contributor, sa.func.max(STATEMENTS.c.idx))
        .join(STATEMENTS, STATEMENTS.c.log_id == LOGS.c.id)
        .where(LOGS.c.circle == circle, acts)
        .group_by(LOGS.c.contributor)
    )
    return {row[0]: int(row[1]) for row in tx.connection.execute(query)}
