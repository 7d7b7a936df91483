"""Whose identity key is whose: what an address said of itself, and what somebody here has confirmed."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

PINS: Final = sa.Table(
    "pins",
    METADATA,
    sa.Column("identity", sa.String(43), primary_key=True),
    sa.Column("identity_key", sa.String(43), nullable=False),
    sa.Column("request_key", sa.String(43), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("url", sa.String(200), nullable=False),
    sa.Column("how", sa.String(12), nullable=False),  # fingerprint, charter, anchor
    # No foreign key: the confirmation outlives the account. Empty where the command line was used.
    sa.Column("by", sa.String(22), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    # What the other side said of its own confirmation of us, and when it said so.
    sa.Column("theirs", sa.Boolean, nullable=True),
    sa.Column("theirs_at", sa.BigInteger, nullable=True),
    # When it signed the newest entity configuration that was taken: an older one is not taken any more.
    sa.Column("issued", sa.BigInteger, nullable=False),
)
"""Confirmed identity keys, by thumbprint: a row says that an operator of this node knows whose key it is."""

INTRODUCTIONS: Final = sa.Table(
    "introductions",
    METADATA,
    sa.Column("url", sa.String(200), primary_key=True),
    sa.Column("identity_key", sa.String(43), nullable=False),
    sa.Column("request_key", sa.String(43), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("issued", sa.BigInteger, nullable=False),
)
"""What a node at an address that an operator typed says of itself; nobody has confirmed it."""
