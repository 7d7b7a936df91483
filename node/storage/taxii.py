"""Rows of TAXII collections: which STIX objects there are, and what of the feed has not been read for them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from node.storage.bylines import ACTING_KINDS
from node.storage.database import Transaction
from node.storage.tables.ledger import LOGS, STATEMENTS
from node.storage.tables.replies import BYLINES
from node.storage.tables.taxii import TAXII_COLLECTIONS, TAXII_OBJECTS
from node.storage.upsert import Row, bulk_insert, in_values, insert_new
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId
from protocol.statements import Kind, Timestamp

_ANSWERED: Final = BYLINES.alias("answered")
_FEED: Final = (
    STATEMENTS.c.seq,
    sa.func.coalesce(BYLINES.c.handle, LOGS.c.contributor).label("contributor"),
    STATEMENTS.c.id,
    STATEMENTS.c.kind,
    STATEMENTS.c.subject,
    STATEMENTS.c.object,
    sa.func.coalesce(_ANSWERED.c.handle, STATEMENTS.c.target_contributor).label("target_contributor"),
    STATEMENTS.c.target_id,
    STATEMENTS.c.iat,
    STATEMENTS.c.received,
    LOGS.c.contributor.label("key"),
)
_COLUMNS: Final = ("added", "id", "type", "seq", "ref", "modified")
_OBJECT: Final = tuple(TAXII_OBJECTS.c[name] for name in _COLUMNS)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a collection has got: in the feed, and in what it has given out (microseconds since 1970)."""

    indexed_to: int
    last_added: int


@dataclass(frozen=True, slots=True)
class FeedRow:
    """What a collection needs of one statement in the feed."""

    seq: int
    contributor: KeyId
    """As readers see it: what stands in place of the key, where its author has signed its name."""
    id: StatementId
    kind: Kind
    subject: SubjectId | None
    object: SubjectId | None
    target_contributor: KeyId | None
    target_id: StatementId | None
    iat: Timestamp
    received: Timestamp
    key: KeyId
    """Under which it was signed, whatever readers see."""


@dataclass(frozen=True, slots=True)
class IndexedObject:
    """One object of a collection in its latest version, without its content: a row of ``taxii_objects``."""

    added: int
    id: str
    type: str
    seq: int | None
    ref: str
    modified: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which objects of a collection to find; empty is no restriction."""

    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    versions: tuple[int, ...] = ()
    """Milliseconds since 1970."""


def position(tx: Transaction, circle: CircleId) -> Position:
    """How far the collection of a circle has got; the beginning, where it has not been made."""
    row = tx.connection.execute(_position(circle)).one_or_none()
    return Position(0, 0) if row is None else Position(row.indexed_to, row.last_added)


def lock(tx: Transaction, circle: CircleId) -> Position:
    """The same, made where it is new, and locked: until the commit nobody else adds to this collection."""
    insert_new(tx, TAXII_COLLECTIONS, {"circle": circle, "indexed_to": 0, "last_added": 0})
    row = tx.connection.execute(_position(circle).with_for_update()).one()
    return Position(row.indexed_to, row.last_added)


def advance(tx: Transaction, circle: CircleId, to: Position) -> None:
    """Note how far it has got now; by the holder of the lock."""
    tx.connection.execute(
        sa.update(TAXII_COLLECTIONS)
        .where(TAXII_COLLECTIONS.c.circle == circle)
        .values(indexed_to=to.indexed_to, last_added=to.last_added)
    )


def feed_between(tx: Transaction, circle: CircleId, after: int, up_to: int) -> list[FeedRow]:
    """The statements of one circle numbered above ``after``, up to ``up_to``, in feed order.

    By numbers and not by count: a range of the feed is read in its own order, whatever the database thinks of circles.
    """
    query = _feed(circle).where(STATEMENTS.c.seq > after, STATEMENTS.c.seq <= up_to).order_by(STATEMENTS.c.seq)
    return [FeedRow(*row) for row in tx.connection.execute(query)]


def answers_to(
    tx: Transaction, circle: CircleId, targets: Collection[tuple[KeyId, StatementId]], up_to: int
) -> list[FeedRow]:
    """Responses to these statements among what is numbered up to ``up_to``, in feed order."""
    wanted = set(targets)
    names = sorted({statement for _, statement in wanted})
    query = _feed(circle).where(
        STATEMENTS.c.target_id.is_not(None),
        in_values(tx, STATEMENTS.c.target_id, names),
        STATEMENTS.c.kind == "response",
        STATEMENTS.c.seq <= up_to,
    )
    rows = [FeedRow(*row) for row in tx.connection.execute(query)] if names else []
    return sorted((row for row in rows if (row.target_contributor, row.target_id) in wanted), key=lambda row: row.seq)


def find(tx: Transaction, circle: CircleId, ids: Iterable[str]) -> dict[str, IndexedObject]:
    """Those of the objects that the collection has."""
    query = sa.select(*_OBJECT).where(TAXII_OBJECTS.c.circle == circle, in_values(tx, TAXII_OBJECTS.c.id, list(ids)))
    return {row.id: IndexedObject(*row) for row in tx.connection.execute(query)}


def drop(tx: Transaction, circle: CircleId, ids: Collection[str]) -> None:
    """Forget objects that have got another identifier."""
    if ids:
        here = sa.and_(TAXII_OBJECTS.c.circle == circle, in_values(tx, TAXII_OBJECTS.c.id, sorted(ids)))
        tx.connection.execute(sa.delete(TAXII_OBJECTS).where(here))


def put(tx: Transaction, circle: CircleId, objects: Mapping[str, IndexedObject], known: Collection[str]) -> None:
    """Add objects, and put the new version of those that are ``known`` in the place of the old one."""
    old = sorted(set(known) & objects.keys())
    if old:
        mine = TAXII_OBJECTS.c.circle == circle
        tx.connection.execute(sa.delete(TAXII_OBJECTS).where(mine, in_values(tx, TAXII_OBJECTS.c.id, old)))
    rows: list[Row] = [(circle, *(getattr(each, name) for name in _COLUMNS)) for each in objects.values()]
    bulk_insert(tx, TAXII_OBJECTS, ("circle", *_COLUMNS), rows, fresh=True)


def page(
    tx: Transaction, circle: CircleId, *, after: int, limit: int, wanted: Wanted, now: Timestamp
) -> Sequence[IndexedObject]:
    """Objects added behind ``after``, oldest first, without those of statements that have expired."""
    source = TAXII_OBJECTS.outerjoin(STATEMENTS, STATEMENTS.c.seq == TAXII_OBJECTS.c.seq)
    query = (
        sa.select(*_OBJECT)
        .select_from(source)
        .where(
            TAXII_OBJECTS.c.circle == circle,
            TAXII_OBJECTS.c.added > after,
            sa.or_(TAXII_OBJECTS.c.seq.is_(None), STATEMENTS.c.exp > now),
        )
        .order_by(TAXII_OBJECTS.c.added)
        .limit(limit)
    )
    for column, values in ((TAXII_OBJECTS.c.id, wanted.ids), (TAXII_OBJECTS.c.type, wanted.types)):
        if values:
            query = query.where(column.in_(values))
    if wanted.versions:
        query = query.where(TAXII_OBJECTS.c.modified.in_(wanted.versions))
    return [IndexedObject(*row) for row in tx.connection.execute(query)]


def newest(tx: Transaction, circle: CircleId, types: Sequence[str], limit: int, now: Timestamp) -> list[IndexedObject]:
    """The objects of these types that came or changed last, newest first, without those that have expired."""
    source = TAXII_OBJECTS.join(STATEMENTS, STATEMENTS.c.seq == TAXII_OBJECTS.c.seq)
    query = (
        sa.select(*_OBJECT)
        .select_from(source)
        .where(TAXII_OBJECTS.c.circle == circle, TAXII_OBJECTS.c.type.in_(types), STATEMENTS.c.exp > now)
        .order_by(TAXII_OBJECTS.c.added.desc())
        .limit(limit)
    )
    return [IndexedObject(*row) for row in tx.connection.execute(query)]


def _feed(circle: CircleId) -> sa.Select[Any]:
    bearing = sa.case((STATEMENTS.c.kind.in_(ACTING_KINDS), STATEMENTS.c.target_id), else_=STATEMENTS.c.id)
    answered = sa.and_(
        _ANSWERED.c.circle == LOGS.c.circle,
        _ANSWERED.c.contributor == STATEMENTS.c.target_contributor,
        _ANSWERED.c.statement_id == STATEMENTS.c.target_id,
    )
    source = (
        STATEMENTS.join(LOGS, LOGS.c.id == STATEMENTS.c.log_id)
        .outerjoin(BYLINES, sa.and_(BYLINES.c.log_id == STATEMENTS.c.log_id, BYLINES.c.statement_id == bearing))
        .outerjoin(_ANSWERED, answered)
    )
    return sa.select(*_FEED).select_from(source).where(LOGS.c.circle == circle)


def _position(circle: CircleId) -> sa.Select[tuple[int, int]]:
    columns = TAXII_COLLECTIONS.c
    return sa.select(columns.indexed_to, columns.last_added).where(columns.circle == circle)
