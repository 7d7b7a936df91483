"""Which identifiers this node reads as one organisation, and which it no longer does."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.accounts import ACCOUNTS
from node.storage.tables.base import METADATA

SUBJECT_LINKS: Final = sa.Table(
    "subject_links",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    # No foreign keys to the registry: a link outlives a reloaded registry, and either end may be unknown to it.
    sa.Column("alias", sa.String, nullable=False),
    sa.Column("canonical", sa.String, nullable=False, index=True),
    sa.Column("by", sa.ForeignKey(ACCOUNTS.c.id), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.LargeBinary, nullable=False),  # sealed
    sa.Column("undone_by", sa.ForeignKey(ACCOUNTS.c.id)),
    sa.Column("undone_at", sa.BigInteger),
    sa.CheckConstraint("alias <> canonical", name="different"),
    sa.CheckConstraint("(undone_by IS NULL) = (undone_at IS NULL)", name="undone"),
    # One identifier is read as at most one other; what was undone stays as history.
    sa.Index(
        "ix_subject_links_alias_live",
        "alias",
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    ),
    sa.Index(None, "alias"),
)
