"""Subjects and the names under which they are found."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

# Names are compared byte by byte, so that a prefix is one range of the index in every database and locale.
_BYTEWISE: Final = sa.String().with_variant(sa.String(collation="C"), "postgresql")

SUBJECTS: Final = sa.Table(
    "subjects",
    METADATA,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("label", sa.String, nullable=False),
    sa.Column("origin", sa.String, nullable=False),
    sa.Column("circle", sa.String),
    # How full the record is, then the registry's own date of it: what a load may replace.
    sa.Column("detail", sa.SmallInteger, nullable=False),
    sa.Column("modified", sa.String, nullable=False),
    sa.Column("record", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("origin IN ('registry', 'minted', 'statement')", name="origin"),
)

SUBJECT_NAMES: Final = sa.Table(
    "subject_names",
    METADATA,
    sa.Column("normalised", _BYTEWISE, nullable=False),
    # Kind of name, then status of the organisation: a smaller number is shown first.
    sa.Column("rank", sa.SmallInteger, nullable=False),
    sa.Column("subject", sa.String, sa.ForeignKey("subjects.id", ondelete="CASCADE"), nullable=False),
    sa.PrimaryKeyConstraint("normalised", "rank", "subject"),
    sa.Index(None, "subject"),
    sqlite_with_rowid=False,
)

SUBJECT_WORDS: Final = sa.Table(
    "subject_words",
    METADATA,
    # A name from one of its later words on: "cambridge" for "university of cambridge".
    sa.Column("normalised", _BYTEWISE, nullable=False),
    sa.Column("rank", sa.SmallInteger, nullable=False),
    sa.Column("subject", sa.String, sa.ForeignKey("subjects.id", ondelete="CASCADE"), nullable=False),
    sa.PrimaryKeyConstraint("normalised", "rank", "subject"),
    sa.Index(None, "subject"),
    sqlite_with_rowid=False,
)

REGISTRY_RELATIONS: Final = sa.Table(
    "registry_relations",
    METADATA,
    # The record of `subject` names `object` as its `kind`. The object need not be in the registry that is loaded.
    sa.Column("subject", sa.String, sa.ForeignKey("subjects.id", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("object", sa.String, nullable=False),
    sa.PrimaryKeyConstraint("subject", "kind", "object"),
    sa.Index(None, "object"),
    sqlite_with_rowid=False,
)
