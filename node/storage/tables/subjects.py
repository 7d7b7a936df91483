"""Subjects and the names under which they are found."""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

# Names are compared byte by byte, so that a prefix is one range of the index in every database and locale.
_BYTEWISE: Final = sa.String().with_variant(sa.String(collation="C"), "postgresql")

# The tables below the first carry no foreign key: a million checks were a third of the time of a load, and all of
# their rows are written by one function, in the transaction that writes their subject. Subjects are never removed.
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
    # Of the registry's own text that the record was read from, so that the same text need not be read again.
    sa.Column("source_digest", sa.LargeBinary),
    sa.CheckConstraint("origin IN ('registry', 'minted', 'statement')", name="origin"),
)

SUBJECT_NAMES: Final = sa.Table(
    "subject_names",
    METADATA,
    sa.Column("normalised", _BYTEWISE, nullable=False),
    # Kind of name, then status of the organisation: a smaller number is shown first.
    sa.Column("rank", sa.SmallInteger, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.PrimaryKeyConstraint("normalised", "rank", "subject"),
    sa.Index(None, "subject"),
    sqlite_with_rowid=False,
)

SUBJECT_WORDS: Final = sa.Table(
    "subject_words",
    METADATA,
    # Every word of every name of a subject, once, with the best rank of a name that has it.
    sa.Column("word", _BYTEWISE, nullable=False),
    sa.Column("rank", sa.SmallInteger, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.PrimaryKeyConstraint("word", "rank", "subject"),
    # Whether a subject found by one word has the others too.
    sa.Index(None, "subject", "word"),
    sqlite_with_rowid=False,
)

KNOWN_WORDS: Final = sa.Table(
    "known_words",
    METADATA,
    # The words that any name here has had, for finding what a mistyped one was meant to be. Both directions, so
    # that a word is found by an undamaged beginning or by an undamaged end. Never removed: a word that no name has
    # any more finds nothing.
    sa.Column("word", _BYTEWISE, primary_key=True),
    sa.Column("reversed", _BYTEWISE, nullable=False, index=True),
    sqlite_with_rowid=False,
)

SUBJECT_IDENTIFIERS: Final = sa.Table(
    "subject_identifiers",
    METADATA,
    # What a person may type for it: `node.domain.subjects.identifier_key` of the value, or a domain.
    sa.Column("key", _BYTEWISE, nullable=False),
    sa.Column("scheme", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("value", sa.String, nullable=False),
    # A newer record of the registry replaces what came with the older one, and nothing that was added here.
    sa.Column("added_here", sa.Boolean, nullable=False),
    sa.PrimaryKeyConstraint("key", "scheme", "subject"),
    sa.Index(None, "subject"),
    sqlite_with_rowid=False,
)

REGISTRY_RELATIONS: Final = sa.Table(
    "registry_relations",
    METADATA,
    # The record of `subject` names `object` as its `kind`. The object need not be in the registry that is loaded.
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("object", sa.String, nullable=False),
    sa.PrimaryKeyConstraint("subject", "kind", "object"),
    sa.Index(None, "object"),
    sqlite_with_rowid=False,
)

NAMING: Final = sa.Table(
    "naming",
    METADATA,
    # One row: up to where in the feed the subjects of relations have been given the names that statements use.
    sa.Column("id", sa.SmallInteger, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.CheckConstraint("id = 1", name="one"),
)
