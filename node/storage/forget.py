"""Everything that this node has made from a statement goes with it: one place for all rooms.

Called in the transaction that takes a statement's content away. A table that keeps what statements say, or a value
that tells which they were about, has its line here; what is computed again from the statements that are left (signals,
tallies, the index over statements) is not: it follows by reconciliation, before anything is receipted.

The name that its author signed to it (``bylines``) stays: it says nothing of the content, and what acts on the
statement or answers it stays in the feed, where without that row it would stand under the author's pseudonym.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from node.storage import replies, requests
from node.storage.database import Transaction
from node.storage.statements import chunks
from node.storage.tables.ledger import LOGS, STATEMENTS
from node.storage.tables.publishing import DRAFT_EVENTS, DRAFTS, PUBLICATIONS
from node.storage.tables.replies import REPLY_INTAKES
from node.storage.tables.settlements import SETTLEMENTS
from node.storage.tables.sponsors import SPONSORINGS
from node.storage.tables.taxii import TAXII_OBJECTS
from protocol.identifiers import CircleId, KeyId, StatementId


@dataclass(frozen=True, slots=True)
class Going:
    """Statements of one log whose content goes: their rows, as they were."""

    circle: CircleId
    contributor: KeyId
    log_id: int
    rows: Collection["sa.Row[Any]"]

    @property
    def ids(self) -> list[StatementId]:
        """Their names."""
        return [StatementId(row.id) for row in self.rows]


def forget(tx: Transaction, going: Going) -> None:
    """Delete what was kept of these statements. Their own rows are deleted by now."""
    _own_drafts(tx, going.contributor, going.ids)
    _sponsorings(tx, going.contributor, going.ids)
    requests.forget_released(tx, going.contributor, going.ids)
    replies.forget_targets(tx, going.log_id, [row.idx for row in going.rows])
    for seqs in chunks(row.seq for row in going.rows):
        objects = sa.and_(TAXII_OBJECTS.c.circle == going.circle, TAXII_OBJECTS.c.seq.in_(seqs))
        tx.connection.execute(sa.delete(TAXII_OBJECTS).where(objects))
    _claims(tx, going.circle, {(row.subject, row.indicator, row.scope) for row in going.rows if row.indicator})
    _subjects(tx, going.circle, {end for row in going.rows for end in (row.subject, row.object) if end})


def _claims(tx: Transaction, circle: CircleId, claims: Iterable[tuple[str, str, str]]) -> None:
    """What people here have said of a claim that nobody states any more."""
    for subject, indicator, scope in sorted(claims):
        on = {"subject": subject, "indicator": indicator, "scope": scope}
        stated = (
            sa.select(STATEMENTS.c.seq)
            .join(LOGS, LOGS.c.id == STATEMENTS.c.log_id)
            .where(LOGS.c.circle == circle, *(STATEMENTS.c[name] == value for name, value in on.items()))
        )
        if tx.connection.execute(stated.limit(1)).first() is None:
            words = (SETTLEMENTS.c[name] == value for name, value in on.items())
            tx.connection.execute(sa.delete(SETTLEMENTS).where(SETTLEMENTS.c.circle == circle, *words))


def _subjects(tx: Transaction, circle: CircleId, subjects: Iterable[str]) -> None:
    """The identity, in other tools' form, of a subject about which nothing is left."""
    for subject in sorted(subjects):
        stated = (
            sa.select(STATEMENTS.c.seq)
            .join(LOGS, LOGS.c.id == STATEMENTS.c.log_id)
            .where(LOGS.c.circle == circle, sa.or_(STATEMENTS.c.subject == subject, STATEMENTS.c.object == subject))
        )
        if tx.connection.execute(stated.limit(1)).first() is None:
            objects = sa.and_(TAXII_OBJECTS.c.circle == circle, TAXII_OBJECTS.c.ref == subject)
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
