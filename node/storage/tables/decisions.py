"""What follows from assessments: decisions, measures, questions to the partner, reviews.

Identifiers, days, states and accounts are in clear, so that what is due is found by an index; every word, and which
measure or outcome it is, is sealed.
"""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

_DAY: Final = sa.String(10)  # YYYY-MM-DD: sorts as days do

CASE_FILES: Final = sa.Table(
    "case_files",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("engagement_id", sa.ForeignKey("engagements.id", ondelete="CASCADE"), nullable=True, unique=True),
    sa.Column("assessment_id", sa.ForeignKey("assessments.id", ondelete="CASCADE"), nullable=True, unique=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("keeper", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("review", _DAY, nullable=True, index=True),
    sa.CheckConstraint("(engagement_id IS NULL) <> (assessment_id IS NULL)", name="one_case"),
)
"""``review``: the day on which the case is to be looked at again."""

DECISIONS: Final = sa.Table(
    "decisions",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("case_file_id", sa.ForeignKey("case_files.id", ondelete="CASCADE"), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("recorded", sa.BigInteger, nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("record", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("case_file_id", "number"),
)
"""``record``: the case in words as it stood when the decision was recorded, sealed. No row is ever changed."""

MEASURES: Final = sa.Table(
    "measures",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("case_file_id", sa.ForeignKey("case_files.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("decision", sa.Integer, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("due", _DAY, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Index(None, "state", "due"),
    sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name="state"),
)

PARTNER_QUESTIONS: Final = sa.Table(
    "partner_questions",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("case_file_id", sa.ForeignKey("case_files.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

CASE_REVIEWS: Final = sa.Table(
    "case_reviews",
    METADATA,
    sa.Column("case_file_id", sa.ForeignKey("case_files.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("round", sa.ForeignKey("assessments.id", ondelete="SET NULL"), nullable=True, unique=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""``round``: the assessment that a review began; it belongs to the case that the review is of."""

CASE_FILE_EVENTS: Final = sa.Table(
    "case_file_events",
    METADATA,
    sa.Column("case_file_id", sa.ForeignKey("case_files.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
"""``seq`` is the version of the case file that the change led to. Append-only."""
