"""Rows of transfers: one for each institution of which a basis was recorded."""

import sqlalchemy as sa

from node.domain.transfers import Basis, Transfer
from node.storage.database import Transaction
from node.storage.tables.transfers import TRANSFERS
from node.storage.upsert import upsert
from protocol.identifiers import KeyId
from protocol.statements import Timestamp


def record(tx: Transaction, transfer: Transfer) -> None:
    """From now on this holds of the institution."""
    row = {
        "identity": transfer.identity,
        "basis": transfer.basis.value,
        "reference": transfer.reference,
        "by": transfer.by,
        "at": transfer.at,
    }
    upsert(tx, TRANSFERS, [row], replace=["basis", "reference", "by", "at"])


def all_transfers(tx: Transaction) -> dict[KeyId, Transfer]:
    """By identity."""
    rows = tx.connection.execute(sa.select(TRANSFERS).order_by(TRANSFERS.c.identity))
    return {
        KeyId(row.identity): Transfer(KeyId(row.identity), Basis(row.basis), row.reference, row.by, Timestamp(row.at))
        for row in rows
    }
