"""Charters that are going round to be signed."""

import sqlalchemy as sa

from node.storage.database import Transaction
from node.storage.tables.proposals import PROPOSALS
from node.storage.upsert import upsert
from protocol.circles import SignedCharter, decode_signed_charter, encode_signed_charter
from protocol.identifiers import CircleId
from protocol.statements import Timestamp


def keep(tx: Transaction, circle: CircleId, signed: SignedCharter, now: Timestamp) -> None:
    """Remember a charter with the signatures that it has; the caller has verified them."""
    row = {"circle": circle, "charter": encode_signed_charter(signed), "at": now}
    upsert(tx, PROPOSALS, [row], replace=["charter"])


def find(tx: Transaction, circle: CircleId) -> SignedCharter | None:
    """A charter by the identifier of the circle that it founds."""
    query = sa.select(PROPOSALS.c.charter).where(PROPOSALS.c.circle == circle)
    data = tx.connection.execute(query).scalar_one_or_none()
    return None if data is None else decode_signed_charter(data)


def list_all(tx: Transaction) -> list[tuple[CircleId, SignedCharter, Timestamp]]:
    """Every charter that is going round, the newest first."""
    query = sa.select(PROPOSALS).order_by(PROPOSALS.c.at.desc(), PROPOSALS.c.circle)
    return [
        (CircleId(row.circle), decode_signed_charter(row.charter), Timestamp(row.at))
        for row in tx.connection.execute(query)
    ]


def discard(tx: Transaction, circle: CircleId) -> bool:
    """Forget a charter; whether it was here."""
    return bool(tx.connection.execute(sa.delete(PROPOSALS).where(PROPOSALS.c.circle == circle)).rowcount)
