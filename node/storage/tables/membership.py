"""What logs say of who is a member, and where that leaves other logs void."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA
from node.storage.tables.ledger import KEY_ID, STATEMENT_ID

MEMBERSHIP_FACTS: Final = sa.Table(
    "membership_facts",
    METADATA,
    sa.Column("log_id", sa.ForeignKey("logs.id"), primary_key=True, autoincrement=False),
    sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", STATEMENT_ID, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("iat", sa.BigInteger, nullable=False),
    sa.Column("exp", sa.BigInteger, nullable=False),
    sa.Column("listed", sa.Boolean, nullable=False),
    sa.Index(None, "log_id", "id"),
)
"""The entries that are about membership and keys. They are no rows of ``statements``: they name institutions, so
nothing that shows or counts statements may meet them. ``listed``: the entry is the one that its identifier names; it
counts for membership either way."""

LOG_CUTS: Final = sa.Table(
    "log_cuts",
    METADATA,
    sa.Column("circle", KEY_ID, primary_key=True),
    sa.Column("contributor", KEY_ID, primary_key=True),
    sa.Column("void_from", sa.BigInteger, nullable=True),
    sa.Column("closed_from", sa.BigInteger, nullable=True),
)
"""From which index on the entries of a log are void (``closed_from``: only what is no correction and no retraction).
A table of its own: an entry of one log moves the cut of another, whose row in ``logs`` its own writer may hold."""
