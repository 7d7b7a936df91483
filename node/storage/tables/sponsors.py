"""Findings published for another member: who has asked whom, sealed."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA
from node.storage.tables.ledger import KEY_ID, STATEMENT_ID

SPONSORINGS: Final = sa.Table(
    "sponsorings",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("side", sa.String(8), nullable=False),
    sa.Column("circle", KEY_ID, nullable=False),
    sa.Column("thread", sa.String(22), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("due", sa.String(16), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("contributor", KEY_ID, nullable=True),
    sa.Column("statement_id", STATEMENT_ID, nullable=True, index=True),
    sa.Column("draft_id", sa.String(22), nullable=True),
    # Who is at the other end as well: at the sponsor, a thief of the database must not learn whose finding it is.
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("side", "circle", "thread"),
    sa.Index(None, "side", "state"),
)
"""``due``: a letter that is still to be written."""
