"""Counts for coordinators: kept up with the signals, a pure function of the statements, rebuilt with them.

``claim_tallies`` says what each claim gives to the counts, so that a claim which is computed again takes back exactly
what it gave. The other tables are sums over it, and ``tensions`` over the signals.
"""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

_CIRCLE: Final = sa.String(43)
_SUBJECT: Final = sa.String(33)
_CODE: Final = sa.String(64)
_SIDE: Final = sa.String(10)

CLAIM_TALLIES: Final = sa.Table(
    "claim_tallies",
    METADATA,
    sa.Column("circle", _CIRCLE, primary_key=True),
    sa.Column("subject", _SUBJECT, primary_key=True),
    sa.Column("indicator", _CODE, primary_key=True),
    sa.Column("scope", _CODE, primary_key=True),
    sa.Column("tally", sa.LargeBinary, nullable=False),
)

CONTRIBUTION_COUNTS: Final = sa.Table(
    "contribution_counts",
    METADATA,
    sa.Column("circle", _CIRCLE, primary_key=True),
    # Empty: all scopes together, so that the page without a filter reads as few rows as one with it.
    sa.Column("scope", _CODE, primary_key=True),
    sa.Column("month", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("contributor", _CIRCLE, primary_key=True),
    sa.Column("grp", _CODE, primary_key=True),
    sa.Column("side", _SIDE, primary_key=True),
    sa.Column("stated", sa.BigInteger, nullable=False),
    sa.Column("live", sa.BigInteger, nullable=False),
)
"""``month`` of issue, as ``node.domain.dashboard`` numbers months; ``side``: a polarity, or ``unlisted``."""

COVERAGE_COUNTS: Final = sa.Table(
    "coverage_counts",
    METADATA,
    sa.Column("circle", _CIRCLE, primary_key=True),
    sa.Column("scope", _CODE, primary_key=True),
    sa.Column("grp", _CODE, primary_key=True),
    sa.Column("side", _SIDE, primary_key=True),
    sa.Column("seen", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stated", sa.BigInteger, nullable=False),
    sa.Column("live", sa.BigInteger, nullable=False),
)
"""``seen``: the month in which the observed period ends."""

SUBJECT_COUNTS: Final = sa.Table(
    "subject_counts",
    METADATA,
    sa.Column("circle", _CIRCLE, primary_key=True),
    sa.Column("scope", _CODE, primary_key=True),
    sa.Column("grp", _CODE, primary_key=True),
    sa.Column("any", sa.BigInteger, nullable=False),
    sa.Column("concerns", sa.BigInteger, nullable=False),
    sa.Column("assurances", sa.BigInteger, nullable=False),
    sa.Column("context", sa.BigInteger, nullable=False),
)
"""Subjects with a live finding; an empty scope or group stands for all together, each subject counted once."""

TENSIONS: Final = sa.Table(
    "tensions",
    METADATA,
    sa.Column("circle", _CIRCLE, primary_key=True),
    sa.Column("subject", _SUBJECT, primary_key=True),
    sa.Column("grp", _CODE, primary_key=True),
    sa.Column("scope", _CODE, primary_key=True),
    sa.Column("concern", _CODE, nullable=False),
    sa.Column("concern_ppm", sa.Integer, nullable=False),
    sa.Column("assurance", _CODE, nullable=False),
    sa.Column("assurance_ppm", sa.Integer, nullable=False),
    sa.Column("tension_ppm", sa.Integer, nullable=False),
    sa.Index(None, "circle", "tension_ppm", "subject", "grp", "scope"),
)
"""Where one subject has a concern and an assurance of one group that both read likely or more."""
