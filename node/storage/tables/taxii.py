"""Which STIX objects the collection of each circle holds, in the order in which they came or changed."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA
from node.storage.tables.ledger import KEY_ID

TAXII_COLLECTIONS: Final = sa.Table(
    "taxii_collections",
    METADATA,
    sa.Column("circle", KEY_ID, primary_key=True),
    sa.Column("indexed_to", sa.BigInteger, nullable=False),
    sa.Column("last_added", sa.BigInteger, nullable=False),
)
"""``indexed_to``: the place in the feed up to which it has been read. ``last_added``: the latest ``added`` given out;
whoever adds objects holds the lock of this row, so they become visible in ascending order."""

TAXII_OBJECTS: Final = sa.Table(
    "taxii_objects",
    METADATA,
    sa.Column("circle", KEY_ID, primary_key=True),
    sa.Column("added", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(80), nullable=False),
    sa.Column("type", sa.String(24), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=True),
    sa.Column("ref", sa.String(80), nullable=False),
    sa.Column("modified", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("circle", "id"),
    sqlite_with_rowid=False,
)
"""Latest versions alone. ``added``: microseconds since 1970, unique and ascending in the order of commits. ``seq``: the
statement in the feed, empty of what is none. ``ref``: of an identity, the subject or the contributor's key; of an
opinion, the object that it is on. ``modified``: milliseconds since 1970, the version."""
