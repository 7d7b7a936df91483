"""Requests for information, on either side. What was said, and what was released, is sealed."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

REQUESTS: Final = sa.Table(
    "requests",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("direction", sa.String(3), nullable=False),
    sa.Column("circle", sa.ForeignKey("circles.id"), nullable=False),
    sa.Column("peer", sa.String(43), nullable=False),
    sa.Column("thread", sa.String(22), nullable=False),
    sa.Column("contributor", sa.String(43), nullable=False),
    sa.Column("statement_id", sa.String(22), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("until", sa.Date, nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=True),
    sa.Column("unseen", sa.Boolean, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("direction", "circle", "peer", "thread"),
    sa.Index(None, "contributor", "statement_id"),
    sa.Index(None, "direction", "updated"),
)

REQUEST_EVENTS: Final = sa.Table(
    "request_events",
    METADATA,
    sa.Column("request_id", sa.ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("ours", sa.Boolean, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

REQUEST_VALUES: Final = sa.Table(
    "request_values",
    METADATA,
    sa.Column("request_id", sa.ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("field", sa.String(16), primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    # Of what we were given, the value; of what we gave, nothing: it stands in publications.
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""A field that was released, on either side."""
