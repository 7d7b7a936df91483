"""Replies of those whom statements are about: letters that came in, and which statements a published reply answers."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA
from node.storage.tables.ledger import KEY_ID, STATEMENT_ID

REPLY_INTAKES: Final = sa.Table(
    "reply_intakes",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    # No foreign key: a draft is deleted by its own rules, and the letter goes with nobody.
    sa.Column("draft_id", sa.String(22), nullable=True),
    # The organisation as well: that it writes to this institution is private.
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index(None, "state", "received"),
)
"""Letters that came in by the public form. Everything that they say goes through the vault."""

REPLY_TARGETS: Final = sa.Table(
    "reply_targets",
    METADATA,
    sa.Column("log_id", sa.ForeignKey("logs.id"), primary_key=True, autoincrement=False),
    sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("target_contributor", KEY_ID, primary_key=True),
    sa.Column("target_id", STATEMENT_ID, primary_key=True),
    sa.Index(None, "target_id"),
)
"""Which statements a reply answers: it may answer several, so this is no column of ``statements``. A projection of the
entries, like that table; a row without its statement there says nothing."""

BYLINES: Final = sa.Table(
    "bylines",
    METADATA,
    sa.Column("log_id", sa.ForeignKey("logs.id"), primary_key=True, autoincrement=False),
    sa.Column("statement_id", STATEMENT_ID, primary_key=True),
    sa.Column("circle", KEY_ID, nullable=False),
    sa.Column("contributor", KEY_ID, nullable=False),
    sa.Column("handle", KEY_ID, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Index(None, "circle", "contributor", "statement_id"),
)
"""Statements to which their author has signed its name: ``name`` is that of the institution, ``handle`` stands wherever
the contributor's key would stand otherwise. A projection of the entries. A row outlives its statement, as the signed
attribution does: what acts on the statement and what answers it goes on to bear the name."""
