"""The basis on which data may go to an institution under another law."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA
from node.storage.tables.ledger import KEY_ID

TRANSFERS: Final = sa.Table(
    "transfers",
    METADATA,
    sa.Column("identity", KEY_ID, primary_key=True),
    sa.Column("basis", sa.String(16), nullable=False),
    sa.Column("reference", sa.String(200), nullable=False),
    sa.Column("by", sa.String(22), nullable=True),
    sa.Column("at", sa.BigInteger, nullable=False),
)
