"""Tables on their way into the register of engagements: every text sealed, states in clear."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

ENGAGEMENT_IMPORTS: Final = sa.Table(
    "engagement_imports",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

ENGAGEMENT_IMPORT_ROWS: Final = sa.Table(
    "engagement_import_rows",
    METADATA,
    sa.Column("import_id", sa.ForeignKey("engagement_imports.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("row", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index(None, "import_id", "state", "row"),
)
