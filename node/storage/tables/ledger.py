"""Logs, ours and replicas alike: original bytes, hash tiles, and what the entries mean.

``entries`` is what was signed and is never changed. ``statements`` and ``unreadable_entries`` are a projection
of it that ``ledger check`` can compute again. Leaf hashes are in the tiles of level 0 and nowhere else.
"""

from typing import Final

import sqlalchemy as sa

from node.storage.tables.base import METADATA

KEY_ID: Final = sa.String(43)
STATEMENT_ID: Final = sa.String(22)
SUBJECT_ID: Final = sa.String(33)
CODE: Final = sa.String(64)
LIVE_RELATION: Final = "kind = 'relation' AND retracted_by IS NULL"
"""What the indexes on ties hold; a query that is to use one says it in these words."""
# SQLite makes an INTEGER PRIMARY KEY the row's own number, at no cost; a BIGINT one would be a second index.
_ROW_NUMBER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

LOGS: Final = sa.Table(
    "logs",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("circle", KEY_ID, nullable=False),
    sa.Column("contributor", KEY_ID, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("frontier", sa.LargeBinary, nullable=False),
    sa.Column("covered", sa.LargeBinary, nullable=False),
    sa.Column("covered_size", sa.BigInteger, nullable=False),
    sa.Column("head", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("evidence", sa.LargeBinary, nullable=True),
    sa.Column("fork_index", sa.BigInteger, nullable=True),
    sa.Column("forked_at", sa.BigInteger, nullable=True),
    sa.Column("quota_day", sa.Integer, nullable=True),
    sa.Column("quota_entries", sa.BigInteger, nullable=True),
    sa.Column("quota_bytes", sa.BigInteger, nullable=True),
    sa.Column("beyond_note", sa.LargeBinary, nullable=True),
    sa.Column("beyond_proof", sa.LargeBinary, nullable=True),
    sa.Column("cosigned", sa.BigInteger, nullable=True),
    sa.Column("lowered_until", sa.BigInteger, nullable=True),
    sa.UniqueConstraint("circle", "contributor"),
    sa.CheckConstraint("status IN ('good', 'forked')", name="status"),
)
"""``evidence`` of a fork: an encoded ``protocol.fork.ForkProof``; ``fork_index`` the first entry in which the two
signed histories differ, where the proof shows it; ``forked_at`` when we learnt of it. ``quota_…``: what may still be
taken of the log on that day; all three empty until something of it is taken from a peer. ``beyond_…``: while we catch
up, the author's note under which the latest entries came (at most 512 bytes) and the hashes, one after the other (at
most 64 of 32 bytes), that prove that it signs them; both empty where ``covered`` signs all that is held. ``cosigned``:
the largest size of which a cosignature of ours came back that nobody here remembers. ``lowered_until``: until when the
room for proofs of ever earlier forks is taken up."""

ENTRIES: Final = sa.Table(
    "entries",
    METADATA,
    sa.Column("log_id", sa.ForeignKey("logs.id"), primary_key=True, autoincrement=False),
    sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("jws", sa.LargeBinary, nullable=False),
)

COSIGNATURES: Final = sa.Table(
    "cosignatures",
    METADATA,
    sa.Column("log_id", sa.ForeignKey("logs.id"), primary_key=True, autoincrement=False),
    sa.Column("witness", KEY_ID, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("line", sa.LargeBinary, nullable=False),
)
"""The largest checkpoint of a log that a member has cosigned, as far as we know: ``line`` is verified and belongs to
the checkpoint that our copy of the log had at ``size``."""

TILES: Final = sa.Table(
    "tiles",
    METADATA,
    sa.Column("log_id", sa.ForeignKey("logs.id"), primary_key=True, autoincrement=False),
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hashes", sa.LargeBinary, nullable=False),
)

STATEMENTS: Final = sa.Table(
    "statements",
    METADATA,
    sa.Column("seq", _ROW_NUMBER, primary_key=True, autoincrement=False),
    sa.Column("log_id", sa.ForeignKey("logs.id"), nullable=False),
    sa.Column("idx", sa.BigInteger, nullable=False),
    sa.Column("id", STATEMENT_ID, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("subject", SUBJECT_ID, nullable=True),
    sa.Column("object", SUBJECT_ID, nullable=True),
    sa.Column("indicator", CODE, nullable=True),
    sa.Column("scope", CODE, nullable=True),
    sa.Column("was_subject", SUBJECT_ID, nullable=True),
    sa.Column("was_object", SUBJECT_ID, nullable=True),
    sa.Column("was_indicator", CODE, nullable=True),
    sa.Column("was_scope", CODE, nullable=True),
    sa.Column("target_contributor", KEY_ID, nullable=True),
    sa.Column("target_id", STATEMENT_ID, nullable=True),
    sa.Column("corrected_by", sa.BigInteger, nullable=True),
    sa.Column("retracted_by", sa.BigInteger, nullable=True),
    sa.Column("iat", sa.BigInteger, nullable=False),
    sa.Column("exp", sa.BigInteger, nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.Column("swept", sa.Boolean, nullable=False),
    sa.UniqueConstraint("log_id", "idx"),
    sa.UniqueConstraint("log_id", "id"),
    sa.Index(None, "subject", "indicator"),
    sa.Index(None, "object"),
    sa.Index(None, "was_subject"),
    sa.Index(None, "was_object"),
    # Of the rows that have one: else SQLite counts all the others as one value, and would rather read the table.
    sa.Index(
        None,
        "target_id",
        sqlite_where=sa.text("target_id IS NOT NULL"),
        postgresql_where=sa.text("target_id IS NOT NULL"),
    ),
    sa.Index(None, "swept", "exp"),
    *(
        # Everything that a search for paths reads of a relation: it touches no row.
        sa.Index(
            f"ix_statements_tie_{end}",
            *columns,
            sqlite_where=sa.text(LIVE_RELATION),
            postgresql_where=sa.text(LIVE_RELATION),
        )
        for end, columns in (
            ("subject", ("subject", "exp", "object", "seq")),
            ("object", ("object", "exp", "subject", "seq")),
        )
    ),
)
"""``was_…``: of a correction that moves its target, where that stood before. ``swept``: its claim has been marked dirty
after it expired."""

UNREADABLE_ENTRIES: Final = sa.Table(
    "unreadable_entries",
    METADATA,
    sa.Column("log_id", sa.ForeignKey("logs.id"), primary_key=True, autoincrement=False),
    sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("code", sa.String(32), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
)

DIRTY_CLAIMS: Final = sa.Table(
    "dirty_claims",
    METADATA,
    sa.Column("circle", KEY_ID, primary_key=True),
    sa.Column("subject", SUBJECT_ID, primary_key=True),
    sa.Column("indicator", CODE, primary_key=True),
    sa.Column("scope", CODE, primary_key=True),
    sa.Column("touched", sa.Integer, nullable=False),
)

FEED: Final = sa.Table(
    "feed",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.CheckConstraint("id = 1", name="one_row"),
)
"""One row: the last number given out. Its lock is what makes the feed's order the order of commits."""
