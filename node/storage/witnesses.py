"""Cosignatures of checkpoints: which members have witnessed how much of a log."""

from collections.abc import Collection

import sqlalchemy as sa

from node.domain.ledger import Log, WitnessLine
from node.storage.database import Transaction
from node.storage.tables.ledger import COSIGNATURES, LOGS
from node.storage.upsert import upsert
from protocol.identifiers import CircleId, KeyId


def list_lines(tx: Transaction, log: Log) -> list[WitnessLine]:
    """The latest of each witness that we know, by witness."""
    columns = COSIGNATURES.c.witness, COSIGNATURES.c.size, COSIGNATURES.c.line
    query = sa.select(*columns).where(COSIGNATURES.c.log_id == log.id).order_by(COSIGNATURES.c.witness)
    return [WitnessLine(*row) for row in tx.connection.execute(query)]


def save_lines(tx: Transaction, log: Log, lines: Collection[WitnessLine]) -> None:
    """Keep the verified ones that are newer than what we have of their witnesses. The caller holds the log's lock."""
    known = {each.witness: each.size for each in list_lines(tx, log)}
    newer = {each.witness: each for each in lines if each.size > known.get(each.witness, -1)}
    rows = [
        {"log_id": log.id, "witness": each.witness, "size": each.size, "line": each.line} for each in newer.values()
    ]
    upsert(tx, COSIGNATURES, rows, replace=["size", "line"])


def witnesses(tx: Transaction, circle: CircleId) -> dict[KeyId, frozenset[KeyId]]:
    """By contributor: who has cosigned the very checkpoint of its log that we hold."""
    query = (
        sa.select(LOGS.c.contributor, COSIGNATURES.c.witness)
        .select_from(LOGS.join(COSIGNATURES))
        .where(LOGS.c.circle == circle, LOGS.c.covered_size == COSIGNATURES.c.size)
    )
    found: dict[KeyId, set[KeyId]] = {}
    for contributor, witness in tx.connection.execute(query):
        found.setdefault(contributor, set()).add(witness)
    return {contributor: frozenset(names) for contributor, names in found.items()}
