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
    sa.Column("last_push", sa.BigInteger, nullable=True),
)
"""``failures`` since the last success; ``lag`` in entries that the peer has announced and we do not hold;
``last_push``: when it last brought us entries of its own accord. ``last_attempt`` is 0 where it was never asked."""

HINTS: Final = sa.Table(
    "hints",
    METADATA,
    sa.Column("circle", sa.ForeignKey("circles.id"), primary_key=True),
    sa.Column("contributor", sa.String(43), primary_key=True),
    sa.Column("log", sa.String(43), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
)
"""What pings have announced: ``contributor`` says that it holds ``size`` entries of ``log``, more than we do. Gone when
a pull has asked for as many, so that a ping which comes during a pull is not lost with it."""

HOSTS: Final = sa.Table(
    "hosts",
    METADATA,
    sa.Column("host", sa.String(300), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("not_before", sa.BigInteger, nullable=False),
    sa.Column("roused_at", sa.BigInteger, nullable=True),
)
"""``failures`` since the last success with any member behind this host and port, in any circle; before ``not_before``
no round asks it. ``roused_at``: when a ping from a member behind it last ended such a wait."""

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
