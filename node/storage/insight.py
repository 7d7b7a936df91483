"""Rows of signals, and the counts of the home page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node.domain.statements import Claim
from node.storage.database import Transaction
from node.storage.tables.insight import SIGNALS
from node.storage.tables.ledger import LOGS, STATEMENTS
from node.storage.tables.sync import PEERS
from node.storage.upsert import upsert
from protocol.identifiers import CircleId, KeyId, SubjectId
from protocol.signals import Signal
from protocol.statements import Timestamp

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Signal)
_CLAIM: Final = (SIGNALS.c.circle, SIGNALS.c.subject, SIGNALS.c.indicator, SIGNALS.c.scope)


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """One signal and the day for which it was computed."""

    claim: Claim
    as_of: date
    signal: Signal


def put_signals(tx: Transaction, signals: Mapping[Claim, Signal], as_of: date) -> None:
    """Store what was computed for these claims."""
    rows = [_key(claim) | {"as_of": as_of.isoformat(), "signal": _ENCODER.encode(signals[claim])} for claim in signals]
    upsert(tx, SIGNALS, rows, replace=("as_of", "signal"))


def drop_signals(tx: Transaction, claims: Sequence[Claim]) -> None:
    """Forget the signals of claims that have no opinion any more."""
    if claims:
        statement = sa.delete(SIGNALS).where(*(column == sa.bindparam(f"the_{column.name}") for column in _CLAIM))
        keys = [{f"the_{name}": value for name, value in _key(claim).items()} for claim in claims]
        tx.connection.execute(statement, keys)


def drop_all_signals(tx: Transaction) -> None:
    """Forget every signal: all of them can be computed again."""
    tx.connection.execute(sa.delete(SIGNALS))


def signals_of(tx: Transaction, subject: SubjectId) -> list[StoredSignal]:
    """The stored signals on one subject, in the order of their claims."""
    return _stored(tx, sa.select(SIGNALS).where(SIGNALS.c.subject == subject).order_by(*_CLAIM))


def signal_bytes(tx: Transaction) -> list[tuple[Claim, bytes]]:
    """Every stored signal as the bytes in its row."""
    query = sa.select(*_CLAIM, SIGNALS.c.signal).order_by(*_CLAIM)
    return [
        (Claim(row.circle, row.subject, row.indicator, row.scope), bytes(row.signal))
        for row in tx.connection.execute(query)
    ]


def stale_claims(tx: Transaction, today: date, limit: int) -> list[Claim]:
    """Claims whose signal was computed for another day, the longest ago first."""
    query = sa.select(*_CLAIM).where(SIGNALS.c.as_of != today.isoformat()).order_by(SIGNALS.c.as_of, *_CLAIM)
    return [Claim(*row) for row in tx.connection.execute(query.limit(limit))]


def all_claims(tx: Transaction) -> list[Claim]:
    """Every claim on which a finding is held, in any state."""
    columns = (LOGS.c.circle, STATEMENTS.c.subject, STATEMENTS.c.indicator, STATEMENTS.c.scope)
    query = (
        sa.select(*columns)
        .select_from(STATEMENTS.join(LOGS))
        .where(STATEMENTS.c.kind == "finding")
        .distinct()
        .order_by(*columns)
    )
    return [Claim(*row) for row in tx.connection.execute(query)]


def count_signals(tx: Transaction) -> int:
    """How many claims have a signal."""
    return _number(tx, sa.select(sa.func.count()).select_from(SIGNALS))


def count_assessed_subjects(tx: Transaction) -> int:
    """How many subjects a held finding or relation is about."""
    query = sa.select(sa.func.count(sa.distinct(STATEMENTS.c.subject))).where(
        STATEMENTS.c.kind.in_(("finding", "relation"))
    )
    return _number(tx, query)


def count_statements(tx: Transaction) -> dict[CircleId, dict[KeyId, int]]:
    """How many statements of each contributor are held, by circle."""
    query = (
        sa.select(LOGS.c.circle, LOGS.c.contributor, sa.func.count())
        .select_from(STATEMENTS.join(LOGS))
        .group_by(LOGS.c.circle, LOGS.c.contributor)
    )
    counts: dict[CircleId, dict[KeyId, int]] = {}
    for circle, contributor, number in tx.connection.execute(query):
        counts.setdefault(circle, {})[contributor] = int(number)
    return counts


def last_sync(tx: Transaction) -> Timestamp | None:
    """When a peer was last pulled with success."""
    moment = tx.connection.execute(sa.select(sa.func.max(PEERS.c.last_success))).scalar_one()
    return None if moment is None else Timestamp(int(moment))


def _stored(tx: Transaction, query: sa.Select[Any]) -> list[StoredSignal]:
    return [
        StoredSignal(
            Claim(row.circle, row.subject, row.indicator, row.scope),
            date.fromisoformat(row.as_of),
            _DECODER.decode(row.signal),
        )
        for row in tx.connection.execute(query)
    ]


def _number(tx: Transaction, query: sa.Select[Any]) -> int:
    return int(tx.connection.execute(query).scalar_one())


def _key(claim: Claim) -> dict[str, object]:
    return {
        "circle": claim.circle,
        "subject": claim.subject,
        "indicator": claim.indicator,
        "scope": claim.scope,
    }
