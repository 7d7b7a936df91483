"""The circles that this node has joined, our keys in them, and the rosters computed from what is held."""

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
    sa.Column("roster", sa.LargeBinary, nullable=False),
)
"""``charter`` is the signed charter as it was accepted; ``contributor`` our newest key in this circle and no other;
``roster`` its lines as they follow from the charter and ``membership_facts``, one JSON object per line."""

OWN_KEYS: Final = sa.Table(
    "own_keys",
    METADATA,
    sa.Column("contributor", sa.String(43), primary_key=True),
    sa.Column("circle", sa.ForeignKey("circles.id"), nullable=False, index=True),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("card", sa.LargeBinary, nullable=True),
)
"""Every contributor key that this node has had in a circle. ``card``: for whom is to be endorsed under it."""
