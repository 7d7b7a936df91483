"""What is known of peers, the nonces they have used, and whether the worker is alive."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

PEERS: Final = sa.Table(
    "peers",
    METADATA,
    sa.Column("circle", sa.ForeignKey("circles.id"), primary_key=True),
    sa.Column("contributor", sa.String(43), primary_key=True),
    sa.Column("last_attempt", sa.BigInteger, nullable=False),
    sa.Column("last_success", sa.BigInteger, nullable=True),
    sa.Column("error_code", sa.String(32), nullable=False),
    sa.Column("error_detail", sa.Text, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("lag", sa.BigInteger, nullable=False),
)
"""``failures`` since the last success; ``lag`` in entries that the peer has announced and we do not hold."""

NONCES: Final = sa.Table(
    "nonces",
    METADATA,
    sa.Column("key_id", sa.String(43), primary_key=True),
    sa.Column("nonce", sa.String(64), primary_key=True),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),
)

HEARTBEATS: Final = sa.Table(
    "heartbeats",
    METADATA,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)
