"""Signals as last computed: one row for every claim that has an opinion."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

SIGNALS: Final = sa.Table(
    "signals",
    METADATA,
    sa.Column("circle", sa.String(43), primary_key=True),
    sa.Column("subject", sa.String(33), primary_key=True),
    sa.Column("indicator", sa.String(64), primary_key=True),
    sa.Column("scope", sa.String(64), primary_key=True),
    # The UTC day for which it was computed, YYYY-MM-DD: evidence weighs less every day.
    sa.Column("as_of", sa.String(10), nullable=False),
    sa.Column("signal", sa.LargeBinary, nullable=False),
    sa.Index(None, "subject"),
    sa.Index(None, "as_of"),
)
