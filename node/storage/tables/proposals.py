"""Charters that are going round to be signed: circles that do not exist yet, or not yet for this node."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

PROPOSALS: Final = sa.Table(
    "proposals",
    METADATA,
    sa.Column("circle", sa.String(43), primary_key=True),
    sa.Column("charter", sa.LargeBinary, nullable=False),  # with the signatures collected so far
    sa.Column("at", sa.BigInteger, nullable=False),
)
"""By the identifier that the circle will have. A charter never changes; what changes is who has signed it."""
