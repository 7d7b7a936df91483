"""Drafts, their history, and the private link from a draft to what was published."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

DRAFTS: Final = sa.Table(
    "drafts",
    METADATA,
    sa.Column("id", sa.String(22), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("circle", sa.String(43), nullable=False),
    sa.Column("author", sa.ForeignKey("accounts.id"), nullable=False, index=True),
    sa.Column("approver", sa.ForeignKey("accounts.id"), nullable=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("assessment_id", sa.ForeignKey("assessments.id", ondelete="SET NULL"), nullable=True, index=True),
    # No foreign key: an answer may be removed from its assessment and a draft made from it remains.
    sa.Column("answer_id", sa.String(22), nullable=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("preview", sa.LargeBinary, nullable=True),  # sealed
    sa.Index(None, "state", "updated"),
)

DRAFT_EVENTS: Final = sa.Table(
    "draft_events",
    METADATA,
    sa.Column("draft_id", sa.ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("account_id", sa.ForeignKey("accounts.id"), nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)

PUBLICATIONS: Final = sa.Table(
    "publications",
    METADATA,
    sa.Column("draft_id", sa.ForeignKey("drafts.id"), primary_key=True),
    sa.Column("circle", sa.String(43), nullable=False),
    sa.Column("contributor", sa.String(43), nullable=False),
    sa.Column("statement_id", sa.String(22), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    # Salts and values of the held-back fields, sealed: given out only after a request for information.
    sa.Column("disclosures", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("contributor", "statement_id"),
)
