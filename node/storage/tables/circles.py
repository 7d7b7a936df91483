"""The circles that this node has joined. The roster is in the charter."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

CIRCLES: Final = sa.Table(
    "circles",
    METADATA,
    sa.Column("id", sa.String(43), primary_key=True),
    sa.Column("charter", sa.LargeBinary, nullable=False),
    sa.Column("contributor", sa.String(43), nullable=False, unique=True),
    sa.Column("joined", sa.BigInteger, nullable=False),
)
"""``charter`` is the signed charter as it was accepted; ``contributor`` our own key in this circle and no other."""
