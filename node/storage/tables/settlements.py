"""Claims that people at this node have said to be settled: every such word, the latest of which holds."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA
from node.storage.tables.ledger import CODE, KEY_ID, SUBJECT_ID

SETTLEMENTS: Final = sa.Table(
    "settlements",
    METADATA,
    sa.Column("circle", KEY_ID, primary_key=True),
    sa.Column("subject", SUBJECT_ID, primary_key=True),
    sa.Column("indicator", CODE, primary_key=True),
    sa.Column("scope", CODE, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("settled", sa.String(8), nullable=False),
    sa.Column("reason", sa.LargeBinary, nullable=False),  # sealed
    sa.Column("by", sa.String(22), nullable=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.CheckConstraint("settled IN ('so', 'not-so', 'open')", name="settled"),
)
"""The row with the highest ``number`` of a claim holds; the others are the history."""
