"""Whom this node believes: its own decisions, every one of them kept."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA
from node.storage.tables.ledger import KEY_ID

TRUST_POLICIES: Final = sa.Table(
    "trust_policies",
    METADATA,
    sa.Column("circle", KEY_ID, primary_key=True),
    sa.Column("voice", KEY_ID, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("weight_ppm", sa.Integer, nullable=False),
    sa.Column("reason", sa.LargeBinary, nullable=False),  # sealed
    sa.Column("by", sa.String(22), nullable=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('normal', 'muted', 'quarantined')", name="state"),
    sa.CheckConstraint("weight_ppm BETWEEN 0 AND 1000000", name="weight"),
)
"""The row with the highest ``number`` holds; the others are the history."""
