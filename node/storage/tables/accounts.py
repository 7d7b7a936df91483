"""Accounts, sessions, API tokens, sign-in attempts and the access log."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

ACCOUNTS: Final = sa.Table(
    "accounts",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("login", sa.String(64), nullable=False, unique=True),
    sa.Column("display_name", sa.LargeBinary, nullable=False),  # sealed
    sa.Column("password_hash", sa.String(200), nullable=True),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
)

ACCOUNT_ROLES: Final = sa.Table(
    "account_roles",
    METADATA,
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("role", sa.String(16), primary_key=True),
)

ACCOUNT_IDENTITIES: Final = sa.Table(
    "account_identities",
    METADATA,
    # SHA-256 of issuer and subject: who it is at the provider is of no use to a thief of the database.
    sa.Column("identity_hash", sa.String(43), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
)

SECOND_FACTORS: Final = sa.Table(
    "second_factors",
    METADATA,
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("secret", sa.LargeBinary, nullable=False),  # sealed
    # The last step of which a code was taken: none is taken twice. -1 until the first.
    sa.Column("last_step", sa.BigInteger, nullable=False),
)

SETUP_LINKS: Final = sa.Table(
    "setup_links",
    METADATA,
    # One open link per account: a newer one replaces it.
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("token_hash", sa.String(43), nullable=False, unique=True),
    sa.Column("expires", sa.BigInteger, nullable=False),
)

SESSIONS: Final = sa.Table(
    "sessions",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("token_hash", sa.String(43), nullable=False, unique=True),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
)

API_TOKENS: Final = sa.Table(
    "api_tokens",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("name", sa.LargeBinary, nullable=False),  # sealed
    sa.Column("token_hash", sa.String(43), nullable=False, unique=True),
    sa.Column("permissions", sa.String(1_000), nullable=False),  # scopes joined by spaces
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Column("revoked", sa.Boolean, nullable=False),
    sa.Column("last_use", sa.BigInteger, nullable=True),  # a day: its first second
)

SIGN_IN_ATTEMPTS: Final = sa.Table(
    "sign_in_attempts",
    METADATA,
    # A hash, because people type passwords into the login field.
    sa.Column("login_hash", sa.String(43), primary_key=True),
    sa.Column("window_start", sa.BigInteger, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
)

ACCESS_LOG: Final = sa.Table(
    "access_log",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    # No foreign key: the log outlives the account.
    sa.Column("account_id", sa.String(22), nullable=True),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("record", sa.String(200), nullable=False),
    sa.Column("hash", sa.String(43), nullable=False),
)

ACCESS_LOG_HEAD: Final = sa.Table(
    "access_log_head",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # always 1
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
