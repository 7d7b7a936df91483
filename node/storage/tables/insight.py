"""Signals as last computed: one row for every claim that has an opinion."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

_CLAIM: Final = ("subject", "indicator", "scope")
_FILTERS: Final = ("contributors", "roots", "conflict_ppm", "likelihood")

SIGNALS: Final = sa.Table(
    "signals",
    METADATA,
    sa.Column("circle", sa.String(43), primary_key=True),
    sa.Column("subject", sa.String(33), primary_key=True),
    sa.Column("indicator", sa.String(64), primary_key=True),
    sa.Column("scope", sa.String(64), primary_key=True),
    # The UTC day for which it was computed, YYYY-MM-DD: evidence weighs less every day.
    sa.Column("as_of", sa.String(10), nullable=False),
    sa.Column("likelihood", sa.String(16), nullable=False),
    sa.Column("belief_ppm", sa.Integer, nullable=False),
    sa.Column("disbelief_ppm", sa.Integer, nullable=False),
    sa.Column("uncertainty_ppm", sa.Integer, nullable=False),
    sa.Column("conflict_ppm", sa.Integer, nullable=False),
    sa.Column("roots", sa.Integer, nullable=False),
    sa.Column("contributors", sa.Integer, nullable=False),
    sa.Column("largest_share_ppm", sa.Integer, nullable=False),
    sa.Column("newest", sa.String(10), nullable=True),
    sa.Column("oldest", sa.String(10), nullable=True),
    # Live ones on the claim.
    sa.Column("findings", sa.Integer, nullable=False),
    # The change of the expected probability, signed, and its size without the sign: what lists are ordered by.
    sa.Column("moved_30_ppm", sa.Integer, nullable=False),
    sa.Column("moved_90_ppm", sa.Integer, nullable=False),
    sa.Column("shift_30_ppm", sa.Integer, nullable=False),
    sa.Column("shift_90_ppm", sa.Integer, nullable=False),
    # Roots that count now and that nobody had named then.
    sa.Column("roots_30", sa.Integer, nullable=False),
    sa.Column("roots_90", sa.Integer, nullable=False),
    # The whole signal, with what each opinion gave to it: protocol.signals.Signal as JSON.
    sa.Column("signal", sa.LargeBinary, nullable=False),
    sa.Index(None, "subject"),
    # With the claim: a daily pass asks again and again for the next that are of an earlier day, and sorts nothing.
    sa.Index(None, "as_of", "circle", *_CLAIM),
    # One for each order in which signals are listed; the claim makes the order total, so that a page can continue. What
    # lists are filtered by comes last: whoever asks for something rare walks along the index and not through the rows.
    *(
        sa.Index(f"ix_signals_by_{order}", "circle", order, *_CLAIM, *(each for each in _FILTERS if each != order))
        for order in ("shift_30_ppm", "shift_90_ppm", "newest", "contributors")
    ),
)
"""All but the last column say what :class:`protocol.signals.Signal` says, for filters, orders and counts."""
