"""Private casework: identifiers, foreign keys, times and status in clear, everything else sealed.

Even the partner of an assessment is sealed: that this institution looks at that organisation is private.
"""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

ENGAGEMENTS: Final = sa.Table(
    "engagements",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("owner", sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index(None, "updated", "id"),
)

ENGAGEMENT_EVENTS: Final = sa.Table(
    "engagement_events",
    METADATA,
    sa.Column("engagement_id", sa.ForeignKey("engagements.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

ASSESSMENTS: Final = sa.Table(
    "assessments",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("owner", sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("engagement_id", sa.ForeignKey("engagements.id"), index=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index(None, "updated", "id"),
)

ANSWERS: Final = sa.Table(
    "answers",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("assessment_id", sa.ForeignKey("assessments.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),  # order within the assessment
    sa.Column("form", sa.String(8), nullable=False),  # "observed", or "plain" where there is no observation
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

CASE_EVENTS: Final = sa.Table(
    "case_events",
    METADATA,
    sa.Column("assessment_id", sa.ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

EVIDENCE: Final = sa.Table(
    "evidence",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("content", sa.String(43), nullable=False, index=True),  # the name of the file on disk, a keyed digest
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False, index=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""Several rows may share one content: each person's file keeps its own name."""

EVIDENCE_USES: Final = sa.Table(
    "evidence_uses",
    METADATA,
    sa.Column("evidence_id", sa.ForeignKey("evidence.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("holder", sa.String(22), primary_key=True, index=True),  # the answer or question that refers to it
)
