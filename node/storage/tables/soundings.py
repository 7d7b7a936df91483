"""Soundings, shares and tallies. Whom one is about, and what was decided, is sealed; a share is a random number."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

SOUNDINGS: Final = sa.Table(
    "soundings",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("direction", sa.String(3), nullable=False),
    sa.Column("circle", sa.ForeignKey("circles.id"), nullable=False),
    sa.Column("asker", sa.String(43), nullable=False),
    sa.Column("thread", sa.String(22), nullable=False),
    sa.Column("about", sa.String(43), nullable=False),
    sa.Column("asked", sa.BigInteger, nullable=False),
    sa.Column("closes", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=True),
    sa.Column("unseen", sa.Boolean, nullable=False),
    sa.Column("outcome", sa.String(16), nullable=True),
    sa.Column("counted", sa.Integer, nullable=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("lot", sa.LargeBinary, nullable=True),
    sa.UniqueConstraint("direction", "circle", "asker", "thread"),
    sa.Index(None, "about", "asked"),
    sa.Index(None, "state", "closes"),
)
"""``about`` is a digest of the subject under a key of this node: equal where the subject is, and nothing else. ``lot``,
sealed: what one tally member has sent the asker, until the other's part is here."""

SOUNDING_SHARES: Final = sa.Table(
    "sounding_shares",
    METADATA,
    sa.Column("circle", sa.ForeignKey("circles.id"), primary_key=True),
    sa.Column("asker", sa.String(43), primary_key=True),
    sa.Column("thread", sa.String(22), primary_key=True),
    sa.Column("member", sa.String(43), primary_key=True),
    sa.Column("share", sa.Integer, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
)
"""Forgotten when counted."""

SOUNDING_TALLIES: Final = sa.Table(
    "sounding_tallies",
    METADATA,
    sa.Column("circle", sa.ForeignKey("circles.id"), primary_key=True),
    sa.Column("asker", sa.String(43), primary_key=True),
    sa.Column("thread", sa.String(22), primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("done", sa.Boolean, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

SOUNDING_FORWARDS: Final = sa.Table(
    "sounding_forwards",
    METADATA,
    sa.Column("sounding_id", sa.ForeignKey("soundings.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("member", sa.String(43), primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

SOUNDING_POLICIES: Final = sa.Table(
    "sounding_policies",
    METADATA,
    sa.Column("circle", sa.ForeignKey("circles.id"), primary_key=True),
    sa.Column("mode", sa.String(8), nullable=False),
    sa.Column("casework", sa.Boolean, nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)
