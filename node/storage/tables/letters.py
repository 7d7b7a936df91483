"""Letters between two members: those of ours, and the names of those that came. What a letter says is sealed."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

LETTERS_OUT: Final = sa.Table(
    "letters_out",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("circle", sa.ForeignKey("circles.id"), nullable=False),
    sa.Column("receiver", sa.String(43), nullable=False),
    sa.Column("author", sa.String(43), nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("thread", sa.String(22), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("not_before", sa.BigInteger, nullable=False),
    sa.Column("settled", sa.BigInteger, nullable=True),
    sa.Column("sealed", sa.LargeBinary, nullable=True),
    sa.Index(None, "state", "circle", "receiver"),
    sa.Index(None, "thread"),
)
"""``receiver`` is the identity of a member, ``author`` the contributor key of ours that signs. ``sealed``, the payload,
is forgotten when the letter is settled. Before ``not_before`` no attempt is made to bring it; its receiver may fetch it
at any time."""

LETTERS_IN: Final = sa.Table(
    "letters_in",
    METADATA,
    sa.Column("circle", sa.ForeignKey("circles.id"), primary_key=True),
    sa.Column("sender", sa.String(43), primary_key=True),
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Index(None, "circle", "sender", "received"),
)
"""``sender`` is the identity of a member. ``code`` is empty for a letter that was taken. Forgotten when the letter
could not be taken any more."""
