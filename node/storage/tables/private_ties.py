"""Ties that officers noted for this institution alone: who noted them and when in clear, everything else sealed."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

PRIVATE_TIES: Final = sa.Table(
    "private_ties",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("assessment_id", sa.ForeignKey("assessments.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("noted", sa.BigInteger, nullable=False),
    # Both ends and the relation as well: that this institution looks at them is private.
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
