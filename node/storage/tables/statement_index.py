"""The index over pooled statements: which places of the feed have a term, in blocks. Computed again at any time."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

MAX_TERM_CHARACTERS: Final = 80
"""A letter for the field, a colon, and a vocabulary code, a key or a word."""

STATEMENT_POSTINGS: Final = sa.Table(
    "statement_postings",
    METADATA,
    sa.Column("term", sa.String(MAX_TERM_CHARACTERS), primary_key=True),
    sa.Column("block", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("bits", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""``bits``: :mod:`node.domain.bitmaps`. No row means no place."""

STATEMENT_INDEX_STATE: Final = sa.Table(
    "statement_index_state",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("indexed_to", sa.BigInteger, nullable=False),
    sa.CheckConstraint("id = 1", name="one_row"),
)
"""One row: up to which place the feed is in the index. Its lock lets one indexer work at a time."""

STATEMENT_INDEX_STALE: Final = sa.Table(
    "statement_index_stale",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("log_id", sa.Integer, nullable=False),
    sa.Column("idx", sa.BigInteger, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),
)
"""Places to be indexed again though the feed says nothing of them: what a moved cut has changed or taken away, and what
has lost its content. With the entry, since the row of ``statements`` may be gone. ``gone``: nobody can say any more
under which terms the place was indexed, so it is taken out of all of them."""
