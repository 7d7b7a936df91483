"""Entries of public lists, and what publications tell. Names of organisations alone; nothing here is of a person."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

LISTS: Final = sa.Table(
    "lists",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("publisher", sa.String, nullable=False),
    sa.Column("imported", sa.BigInteger, nullable=False),
)

LISTINGS: Final = sa.Table(
    "listings",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("list_id", sa.ForeignKey("lists.id", ondelete="CASCADE"), nullable=False),
    sa.Column("entry", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("listed", sa.String(10), nullable=False),  # YYYY-MM-DD, or empty where the list does not say
    sa.Column("ended", sa.BigInteger, nullable=True),
    sa.Column("effect", sa.Text, nullable=False),
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("identifiers", sa.LargeBinary, nullable=False),  # JSON
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("subject", sa.String(33), nullable=True, index=True),
    sa.Column("decided_by", sa.ForeignKey("accounts.id"), nullable=True),
    sa.Column("decided_at", sa.BigInteger, nullable=True),
    sa.UniqueConstraint("list_id", "entry"),
    sa.Index(None, "state", "name"),
    sa.CheckConstraint("state IN ('identified', 'confirmed', 'pending', 'dismissed')", name="state"),
)

PUBLICATION_TIES: Final = sa.Table(
    "publication_ties",
    METADATA,
    sa.Column("subject", sa.String(33), primary_key=True),
    sa.Column("topic", sa.String, primary_key=True),
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("other", sa.String(33), nullable=True),
    sa.Column("works", sa.Integer, nullable=False),
    sa.Column("first_year", sa.SmallInteger, nullable=False),
    sa.Column("last_year", sa.SmallInteger, nullable=False),
    sa.CheckConstraint("kind IN ('joint', 'shared', 'funder')", name="kind"),
)
