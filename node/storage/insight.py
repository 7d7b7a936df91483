"""Rows of signals, and the counts of the home page."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node.domain.insight import Movement, SignalFilter, SignalOrder, SignalPlace, StoredSignal
from node.domain.statements import Claim
from node.storage import statements
from node.storage.database import Transaction
from node.storage.tables.insight import SIGNALS
from node.storage.tables.ledger import LOGS, STATEMENTS
from node.storage.tables.sync import PEERS
from node.storage.upsert import in_values, upsert
from protocol.identifiers import CircleId, KeyId, SubjectId
from protocol.signals import Signal
from protocol.statements import Timestamp

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Signal)
_CLAIM: Final = (SIGNALS.c.circle, SIGNALS.c.subject, SIGNALS.c.indicator, SIGNALS.c.scope)
_VALUES: Final = tuple(column.name for column in SIGNALS.c if not column.primary_key)


_ORDERS: Final[Mapping[SignalOrder, str | None]] = {
    "subject": None,
    "moved-30": "shift_30_ppm",
    "moved-90": "shift_90_ppm",
    "newest": "newest",
    "contributors": "contributors",
}
"""The column that an order is about; the claim follows in each."""


def put_signals(tx: Transaction, signals: Sequence[StoredSignal]) -> None:
    """Store what was computed for these claims."""
    upsert(tx, SIGNALS, [_row(each) for each in signals], replace=_VALUES)


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


def words_on(tx: Transaction, subjects: Sequence[SubjectId]) -> list[tuple[Claim, str]]:
    """What the stored signals on these subjects read, and nothing else of them: one query for hundreds of subjects."""
    found: list[tuple[Claim, str]] = []
    for some in statements.chunks(subjects):
        query = sa.select(*_CLAIM, SIGNALS.c.likelihood).where(in_values(tx, SIGNALS.c.subject, some))
        found += [(Claim(*row[:-1]), row[-1]) for row in tx.connection.execute(query)]
    return found


def list_signals(
    tx: Transaction,
    circle: CircleId,
    filters: SignalFilter,
    order: SignalOrder,
    *,
    limit: int,
    after: SignalPlace | None = None,
) -> list[StoredSignal]:
    """Signals of one circle as last computed, at most ``limit`` behind ``after``: one walk along one index.

    The lists of several circles are one list: ``subject`` goes from circle to circle, ascending; every other order is
    by its value, then by circle and claim, all descending. So ``after`` may be a place in another circle; what was
    there may have changed or gone since.
    """
    name = _ORDERS[order]
    # The claims first, which an index tells alone; then the rows of as many as are wanted.
    query = sa.select(*_CLAIM).where(SIGNALS.c.circle == circle, *_chosen(filters, order))
    claim = _CLAIM[1:]
    if name is None:
        if after is not None and after.claim.circle > circle:
            return []
        if after is not None and after.claim.circle == circle:
            query = query.where(sa.tuple_(*claim) > sa.tuple_(*_place(after.claim)))
        return _listed(tx, query.order_by(*claim).limit(limit), claim)
    column = SIGNALS.c[name]
    if after is not None:
        value = sa.literal(after.value)
        if after.claim.circle == circle:
            query = query.where(sa.tuple_(column, *claim) < sa.tuple_(value, *_place(after.claim)))
        else:
            query = query.where(column <= value if circle < after.claim.circle else column < value)
    in_order = [each.desc() for each in (column, *claim)]
    return _listed(tx, query.order_by(*in_order).limit(limit), in_order)


def _listed(tx: Transaction, chosen: sa.Select[Any], in_order: Sequence[sa.ColumnElement[Any]]) -> list[StoredSignal]:
    keys = chosen.subquery()
    same = sa.and_(*(SIGNALS.c[column.name] == keys.c[column.name] for column in _CLAIM))
    return _stored(tx, sa.select(SIGNALS).join(keys, same).order_by(*in_order))


def place_of(stored: StoredSignal, order: SignalOrder) -> SignalPlace:
    """Where a signal stands in a list of this order."""
    name = _ORDERS[order]
    value = "" if name is None else _row(stored)[name]
    return SignalPlace(value if isinstance(value, int) else str(value), stored.claim)


def signal_bytes(tx: Transaction) -> list[tuple[Claim, bytes]]:
    """Every stored signal: all that its row says, as bytes."""
    query = sa.select(SIGNALS).order_by(*_CLAIM)
    return [
        (Claim(*(row[key] for key in _CLAIM)), _ENCODER.encode([row[name] for name in _VALUES]))
        for row in tx.connection.execute(query).mappings()
    ]


def stale_claims(tx: Transaction, today: date, limit: int) -> list[Claim]:
    """Claims whose signal was computed for another day, those of earlier days first.

    Asked for earlier and later days apart: "another day" would walk past everything that is of today.
    """
    found: list[Claim] = []
    for other in (SIGNALS.c.as_of < today.isoformat(), SIGNALS.c.as_of > today.isoformat()):
        query = sa.select(*_CLAIM).where(other).order_by(SIGNALS.c.as_of, *_CLAIM).limit(limit - len(found))
        found += [Claim(*row) for row in tx.connection.execute(query)]
    return found


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
    return statements.counts(tx)


def last_sync(tx: Transaction) -> Timestamp | None:
    """When a peer was last pulled with success."""
    moment = tx.connection.execute(sa.select(sa.func.max(PEERS.c.last_success))).scalar_one()
    return None if moment is None else Timestamp(int(moment))


def _chosen(filters: SignalFilter, order: SignalOrder) -> list[sa.ColumnElement[bool]]:
    row = SIGNALS.c
    shift = row.shift_90_ppm if order == "moved-90" else row.shift_30_ppm
    least = (
        (row.roots, filters.min_roots),
        (row.contributors, filters.min_contributors),
        (row.conflict_ppm, filters.min_conflict_ppm),
        (shift, filters.min_shift_ppm),
    )
    chosen: list[sa.ColumnElement[bool]] = [column >= value for column, value in least if value > 0]
    if filters.indicators is not None:
        chosen.append(row.indicator.in_(sorted(filters.indicators)))
    if filters.likelihoods is not None:
        chosen.append(row.likelihood.in_(sorted(filters.likelihoods)))
    if filters.scope is not None:
        chosen.append(row.scope == filters.scope)
    return chosen


def _place(claim: Claim) -> tuple[sa.ColumnElement[str], ...]:
    return (sa.literal(claim.subject), sa.literal(claim.indicator), sa.literal(claim.scope))


def _row(stored: StoredSignal) -> dict[str, object]:
    signal, movement = stored.signal, stored.movement
    return _key(stored.claim) | {
        "as_of": stored.as_of.isoformat(),
        "likelihood": signal.likelihood,
        "belief_ppm": signal.belief_ppm,
        "disbelief_ppm": signal.disbelief_ppm,
        "uncertainty_ppm": signal.uncertainty_ppm,
        "conflict_ppm": signal.conflict_ppm,
        "roots": signal.roots,
        "contributors": signal.contributors,
        "largest_share_ppm": signal.largest_share_ppm,
        "newest": None if signal.newest is None else signal.newest.isoformat(),
        "oldest": None if signal.oldest is None else signal.oldest.isoformat(),
        "findings": stored.findings,
        "moved_30_ppm": movement.moved_30_ppm,
        "moved_90_ppm": movement.moved_90_ppm,
        "shift_30_ppm": abs(movement.moved_30_ppm),
        "shift_90_ppm": abs(movement.moved_90_ppm),
        "roots_30": movement.roots_30,
        "roots_90": movement.roots_90,
        "signal": _ENCODER.encode(signal),
    }


def _stored(tx: Transaction, query: sa.Select[Any]) -> list[StoredSignal]:
    return [
        StoredSignal(
            claim=Claim(row.circle, row.subject, row.indicator, row.scope),
            as_of=date.fromisoformat(row.as_of),
            signal=_DECODER.decode(row.signal),
            findings=row.findings,
            movement=Movement(row.moved_30_ppm, row.moved_90_ppm, row.roots_30, row.roots_90),
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
