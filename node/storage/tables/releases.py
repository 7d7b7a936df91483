"""Releases to readers beyond the members, the months they take up, and whose public page is on."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

RELEASES: Final = sa.Table(
    "releases",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("circle", sa.String(43), nullable=False),
    sa.Column("period", sa.String(7), nullable=False),
    sa.Column("audience", sa.String(8), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("digest", sa.String(43), nullable=False),
    sa.Column("named", sa.Text, nullable=False),  # subjects joined by spaces
    # No foreign keys: a release outlives the accounts of those who made it.
    sa.Column("prepared_by", sa.String(22), nullable=False),
    sa.Column("prepared", sa.BigInteger, nullable=False),
    sa.Column("issued_by", sa.String(22), nullable=True),
    sa.Column("issued", sa.BigInteger, nullable=True),
    sa.Index(None, "circle", "period"),
    sa.CheckConstraint("state IN ('prepared', 'issued')", name="state"),
)
"""``data``: exactly the bytes that readers have. A row that is issued is never changed and never deleted."""

RELEASE_MONTHS: Final = sa.Table(
    "release_months",
    METADATA,
    sa.Column("circle", sa.String(43), primary_key=True),
    sa.Column("month", sa.String(7), primary_key=True),
    sa.Column("release_id", sa.ForeignKey("releases.id"), nullable=False),
)
"""Each month of a circle is in one issued release at most, whoever its readers are: the key says so, and not a check
that two approvals at the same moment could both pass."""

PUBLIC_CIRCLES: Final = sa.Table(
    "public_circles",
    METADATA,
    sa.Column("circle", sa.String(43), primary_key=True),
    sa.Column("since", sa.BigInteger, nullable=False),
)
"""Circles whose public releases anybody may read at this node."""
