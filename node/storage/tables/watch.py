"""Watched organisations, alerts, and how their watchers are told. What names an organisation or a person is sealed."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

WATCHES: Final = sa.Table(
    "watches",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    # What its owner was last told: likelihood words by claim.
    sa.Column("told", sa.LargeBinary, nullable=False),
)

ALERTS: Final = sa.Table(
    "alerts",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("watch_id", sa.ForeignKey("watches.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("seen", sa.Boolean, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index(None, "account_id", "seen", "at"),
)

DELIVERIES: Final = sa.Table(
    "alert_deliveries",
    METADATA,
    sa.Column("account_id", sa.ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("address", sa.LargeBinary, nullable=False),  # sealed
    sa.Column("pace", sa.String(16), nullable=False),
    sa.Column("told", sa.BigInteger, nullable=False),
)
