"""What logs say about membership, and where that leaves logs void."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import sqlalchemy as sa

from node.domain.ledger import Log
from node.storage.database import Transaction
from node.storage.statements import decode_stored
from node.storage.tables.ledger import ENTRIES, LOGS
from node.storage.tables.membership import LOG_CUTS, MEMBERSHIP_FACTS
from node.storage.upsert import upsert
from protocol.identifiers import CircleId, KeyId
from protocol.limits import MAX_FACTS
from protocol.projection import WHOLE, Cut
from protocol.replica import AcceptedEntry, Erased, Unreadable
from protocol.statements import Statement, kind_of

_REMEMBERED: Final = 16_384
"""Statements about membership kept decoded: a thousand members with sixteen each, about 1.5 kB a piece."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement about membership, and where it stands."""

    contributor: KeyId
    index: int
    statement: Statement


def insert(tx: Transaction, log: Log, entries: Collection[AcceptedEntry]) -> None:
    """Remember that these entries are about membership; :mod:`node.storage.projection` says which are listed."""
    rows = [
        {
            "log_id": log.id,
            "idx": entry.index,
            "id": entry.content.id,
            "kind": kind_of(entry.content),
            "iat": entry.content.iat,
            "exp": entry.content.exp,
            "listed": False,
        }
        for entry in entries
        if not isinstance(entry.content, Unreadable | Erased)
    ]
    if rows:
        tx.connection.execute(sa.insert(MEMBERSHIP_FACTS), rows)


def indices(tx: Transaction, log: Log) -> list[int]:
    """Where a log says something about membership, ascending."""
    query = sa.select(MEMBERSHIP_FACTS.c.idx).where(MEMBERSHIP_FACTS.c.log_id == log.id)
    return list(tx.connection.execute(query.order_by(MEMBERSHIP_FACTS.c.idx)).scalars())


def facts(tx: Transaction, circle: CircleId) -> list[Fact]:
    """What logs of this circle say about membership and counts, in the order of logs and indices."""
    place = sa.func.row_number().over(partition_by=MEMBERSHIP_FACTS.c.log_id, order_by=MEMBERSHIP_FACTS.c.idx)
    said = (
        sa.select(MEMBERSHIP_FACTS.c.log_id, MEMBERSHIP_FACTS.c.idx, LOGS.c.contributor, place.label("place"))
        .select_from(MEMBERSHIP_FACTS.join(LOGS, LOGS.c.id == MEMBERSHIP_FACTS.c.log_id))
        .where(LOGS.c.circle == circle)
        .subquery()
    )
    query = (
        sa.select(said.c.contributor, said.c.idx, ENTRIES.c.jws)
        .select_from(said.join(ENTRIES, sa.and_(ENTRIES.c.log_id == said.c.log_id, ENTRIES.c.idx == said.c.idx)))
        .where(said.c.place <= MAX_FACTS)
        .order_by(said.c.contributor, said.c.idx)
    )
    return [Fact(row.contributor, row.idx, _read(row.jws)) for row in tx.connection.execute(query)]


def has_all(tx: Transaction, log: Log) -> bool:
    """Whether a log has said as much about membership as counts, so that nothing further changes the roster."""
    query = sa.select(sa.func.count()).where(MEMBERSHIP_FACTS.c.log_id == log.id)
    return int(tx.connection.execute(query).scalar_one()) >= MAX_FACTS


def fork_points(tx: Transaction, circle: CircleId) -> dict[KeyId, int]:
    """The index from which on a log has two signed histories, for every log where that has been shown."""
    query = sa.select(LOGS.c.contributor, LOGS.c.fork_index).where(
        LOGS.c.circle == circle, LOGS.c.fork_index.is_not(None)
    )
    return {row.contributor: row.fork_index for row in tx.connection.execute(query)}


def cut_of(tx: Transaction, circle: CircleId, contributor: KeyId) -> Cut:
    """Where one log is void."""
    query = sa.select(LOG_CUTS).where(LOG_CUTS.c.circle == circle, LOG_CUTS.c.contributor == contributor)
    row = tx.connection.execute(query).one_or_none()
    return WHOLE if row is None else Cut(row.void_from, row.closed_from)


def cuts(tx: Transaction, circle: CircleId) -> dict[KeyId, Cut]:
    """The logs of a circle that are void somewhere."""
    query = sa.select(LOG_CUTS).where(LOG_CUTS.c.circle == circle)
    return {row.contributor: Cut(row.void_from, row.closed_from) for row in tx.connection.execute(query)}


def put_cuts(tx: Transaction, circle: CircleId, moved: Mapping[KeyId, Cut]) -> None:
    """Move cuts; :data:`WHOLE` takes one away. The caller holds the circle's lock."""
    gone = [contributor for contributor, cut in moved.items() if cut == WHOLE]
    if gone:
        tx.connection.execute(sa.delete(LOG_CUTS).where(LOG_CUTS.c.circle == circle, LOG_CUTS.c.contributor.in_(gone)))
    rows = [
        {"circle": circle, "contributor": key, "void_from": cut.void_from, "closed_from": cut.closed_from}
        for key, cut in moved.items()
        if cut != WHOLE
    ]
    upsert(tx, LOG_CUTS, rows, replace=("void_from", "closed_from"))


@lru_cache(maxsize=_REMEMBERED)
def _read(jws: bytes) -> Statement:
    return decode_stored(jws)
