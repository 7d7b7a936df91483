"""Person tokens: what is being evaluated here, what was evaluated for others, and inputs that are kept on purpose."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

TOKEN_KEYS: Final = sa.Table(
    "token_keys",
    METADATA,
    sa.Column("log_id", sa.ForeignKey("logs.id"), primary_key=True, autoincrement=False),
    sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("key", sa.String(43), nullable=False),
)
"""Public keys for person tokens that logs hold, whoever has published them; which of them count, the roster says."""

TOKEN_EVALUATIONS: Final = sa.Table(
    "token_evaluations",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("circle", sa.ForeignKey("circles.id"), nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False, index=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("secrets", sa.LargeBinary, nullable=True),
    sa.Index(None, "circle", "account_id", "created"),
)
"""``secrets`` holds the input and its blind, sealed, while operators are asked; it is gone when the last has answered.
``sealed`` holds the rest: a label, what the token is for, and what came of it."""

TOKEN_SERVED: Final = sa.Table(
    "token_served",
    METADATA,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("circle", sa.ForeignKey("circles.id"), nullable=False),
    sa.Column("voice", sa.String(43), nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("elements", sa.Integer, nullable=False),
    sa.Index(None, "circle", "voice", "at"),
)
"""What an operator has evaluated, for whom (``voice``, an identity) and how many elements: the budget is counted here.
Elements are not kept."""

TOKEN_BUDGETS: Final = sa.Table(
    "token_budgets",
    METADATA,
    sa.Column("circle", sa.ForeignKey("circles.id"), primary_key=True),
    sa.Column("voice", sa.String(43), primary_key=True),
)
"""One row for each member that has asked: locked while its budget is counted, so that two questions at one moment
cannot both be the last."""

TOKEN_INPUTS: Final = sa.Table(
    "token_inputs",
    METADATA,
    sa.Column("draft_id", sa.ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("circle", sa.ForeignKey("circles.id"), nullable=False, index=True),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""Inputs of our own tokens, sealed, kept only where somebody chose so, to make the token anew under the next keys."""
