"""Questions that an analyst has given a name."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

SAVED_QUERIES: Final = sa.Table(
    "saved_queries",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
)
"""``sealed``: name and question as JSON. What somebody keeps asking may hint at a case, so both are private."""
