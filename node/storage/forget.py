"""Everything that this node has made from a statement goes with it: one place for all rooms.

Called in the transaction that takes a statement's content away. A table that keeps what statements say, or a value
that tells which they were about, has its line here; what is computed again from the statements that are left (signals,
tallies, the index over statements) is not: it follows by reconciliation, before anything is receipted.
"""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from node.storage.database import Transaction
from node.storage.statements import chunks
from node.storage.tables.ledger import LOGS, STATEMENTS
from node.storage.tables.publishing import DRAFT_EVENTS, DRAFTS, PUBLICATIONS
from node.storage.tables.replies import REPLY_INTAKES, REPLY_TARGETS
from node.storage.tables.sponsors import SPONSORINGS
from node.storage.tables.taxii import TAXII_OBJECTS
from protocol.identifiers import CircleId, KeyId, StatementId


def forget(
    tx: Transaction, circle: CircleId, contributor: KeyId, ids: Collection[StatementId], seqs: Sequence[int]
) -> None:
    """Delete what was kept of these statements of one log; ``seqs`` are the places in the feed that they had."""
    _own_drafts(tx, contributor, ids)
    _replies(tx, circle, contributor, ids)
    _sponsorings(tx, contributor, ids)
    for some in chunks(seqs):
        objects = sa.and_(TAXII_OBJECTS.c.circle == circle, TAXII_OBJECTS.c.seq.in_(some))
        tx.connection.execute(sa.delete(TAXII_OBJECTS).where(objects))


def _own_drafts(tx: Transaction, contributor: KeyId, ids: Collection[StatementId]) -> None:
    """The draft that became the statement, its history, and what it holds back."""
    for some in chunks(ids):
        published = sa.and_(PUBLICATIONS.c.contributor == contributor, PUBLICATIONS.c.statement_id.in_(some))
        drafts = list(tx.connection.execute(sa.select(PUBLICATIONS.c.draft_id).where(published)).scalars())
        tx.connection.execute(sa.delete(PUBLICATIONS).where(published))
        for few in chunks(drafts):
            tx.connection.execute(sa.delete(DRAFT_EVENTS).where(DRAFT_EVENTS.c.draft_id.in_(few)))
            tx.connection.execute(sa.delete(REPLY_INTAKES).where(REPLY_INTAKES.c.draft_id.in_(few)))
            tx.connection.execute(sa.delete(DRAFTS).where(DRAFTS.c.id.in_(few)))


def _replies(tx: Transaction, circle: CircleId, contributor: KeyId, ids: Collection[StatementId]) -> None:
    """What replies of this log answered: of those that are meant, and of those whose rows are gone already."""
    log = sa.select(LOGS.c.id).where(LOGS.c.circle == circle, LOGS.c.contributor == contributor).scalar_subquery()
    here = sa.and_(STATEMENTS.c.log_id == REPLY_TARGETS.c.log_id, STATEMENTS.c.idx == REPLY_TARGETS.c.idx)
    stands = sa.exists().where(here, STATEMENTS.c.id.not_in(list(ids)))
    tx.connection.execute(sa.delete(REPLY_TARGETS).where(REPLY_TARGETS.c.log_id == log, sa.not_(stands)))


def _sponsorings(tx: Transaction, contributor: KeyId, ids: Collection[StatementId]) -> None:
    """At either end: the finding that was published for another, and the draft that it was."""
    for some in chunks(ids):
        here = sa.and_(SPONSORINGS.c.contributor == contributor, SPONSORINGS.c.statement_id.in_(some))
        drafts = list(tx.connection.execute(sa.select(SPONSORINGS.c.draft_id).where(here)).scalars())
        tx.connection.execute(sa.delete(SPONSORINGS).where(here))
        for few in chunks(each for each in drafts if each is not None):
            for table, column in (
                (PUBLICATIONS, PUBLICATIONS.c.draft_id),
                (DRAFT_EVENTS, DRAFT_EVENTS.c.draft_id),
                (REPLY_INTAKES, REPLY_INTAKES.c.draft_id),
                (DRAFTS, DRAFTS.c.id),
            ):
                tx.connection.execute(sa.delete(table).where(column.in_(few)))
