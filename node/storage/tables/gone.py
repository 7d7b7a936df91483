"""Entries whose content is not here any more, or not yet; what is to be wiped; and receipts."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA
from node.storage.tables.ledger import KEY_ID, STATEMENT_ID

GONE_ENTRIES: Final = sa.Table(
    "gone_entries",
    METADATA,
    sa.Column("log_id", sa.ForeignKey("logs.id"), primary_key=True, autoincrement=False),
    sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("why", sa.String(8), nullable=False),
    sa.Column("known", sa.Boolean, nullable=False),
    sa.Column("vouched", sa.Boolean, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("id", STATEMENT_ID, nullable=True),
    sa.Column("kind", sa.String(16), nullable=True),
    sa.Column("iat", sa.BigInteger, nullable=True),
    sa.Column("exp", sa.BigInteger, nullable=True),
    sa.Column("corrected_by", sa.BigInteger, nullable=True),
    sa.Column("retracted_by", sa.BigInteger, nullable=True),
    sa.Column("erased_by", sa.BigInteger, nullable=True),
    sa.Index(None, "log_id", "id"),
    sa.Index(None, "id"),
    sa.Index(None, "known", "vouched"),
    sa.CheckConstraint("why IN ('erased', 'expired', 'missing')", name="why"),
)
"""An entry stands in ``entries`` or here. ``known``: its content was read here once; ``id`` to ``erased_by`` are what
is left of that, empty where it could not be read. ``vouched``: an erasure names it, or its author's own node sent it
without content; if neither, it is asked for again wherever we ask."""

WIPES: Final = sa.Table(
    "wipes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("wanted", sa.BigInteger, nullable=False),
    sa.Column("done", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.CheckConstraint("id = 1", name="one_row"),
)
"""One row: how often content was taken away, how often of these the bytes are known to be out of the database's files,
and when that was last done."""

RECEIPTS: Final = sa.Table(
    "receipts",
    METADATA,
    sa.Column("circle", KEY_ID, primary_key=True),
    sa.Column("log", KEY_ID, primary_key=True),
    sa.Column("member", KEY_ID, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)
"""The latest of each: ours about the logs of others, and those of others about ours. ``member``: an identity."""
