"""Rows of the counts for coordinators: what claims give to them, the sums, and what a dashboard reads of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from operator import attrgetter
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from node.domain.briefing import Reading
from node.domain.dashboard import (
    ALL,
    Contribution,
    Counts,
    Covered,
    Month,
    Side,
    SubjectCounts,
    Tally,
    Tension,
)
from node.domain.statements import Claim
from node.storage.database import Transaction
from node.storage.tables.dashboard import (
    CLAIM_TALLIES,
    CONTRIBUTION_COUNTS,
    COVERAGE_COUNTS,
    SUBJECT_COUNTS,
    TENSIONS,
)
from node.storage.tables.insight import SIGNALS
from node.storage.tables.ledger import DIRTY_CLAIMS, LOGS, UNREADABLE_ENTRIES
from node.storage.upsert import in_values, upsert
from protocol.identifiers import CircleId, SubjectId, VocabularyCode

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Tally)
_CLAIM: Final = ("circle", "subject", "indicator", "scope")
_TENSION: Final = ("circle", "subject", "grp", "scope")
_TABLES: Final = (CLAIM_TALLIES, CONTRIBUTION_COUNTS, COVERAGE_COUNTS, SUBJECT_COUNTS, TENSIONS)


def lock(tx: Transaction, circle: CircleId) -> None:
    """Nobody else changes the counts of this circle until the transaction ends.

    Taken after claims were taken and their signals stored, and by nobody who then waits for a claim.
    """
    row = SUBJECT_COUNTS.c
    nothing = {"any": 0, "concerns": 0, "assurances": 0, "context": 0}
    upsert(tx, SUBJECT_COUNTS, [{"circle": circle, "scope": ALL, "grp": ALL, **nothing}], replace=("circle",))
    chosen = sa.select(row.any).where(row.circle == circle, row.scope == ALL, row.grp == ALL)
    tx.connection.execute(chosen.with_for_update())


def tallies_of(tx: Transaction, circle: CircleId, subjects: Sequence[SubjectId]) -> dict[Claim, Tally]:
    """What the claims on these subjects give to the counts, in the order of claims."""
    row = CLAIM_TALLIES.c
    query = (
        sa.select(CLAIM_TALLIES)
        .where(row.circle == circle, in_values(tx, row.subject, subjects))
        .order_by(*(row[name] for name in _CLAIM))
    )
    return {
        Claim(each.circle, each.subject, each.indicator, each.scope): _DECODER.decode(each.tally)
        for each in tx.connection.execute(query)
    }


def put_tallies(tx: Transaction, tallies: Mapping[Claim, Tally]) -> None:
    """Store what these claims give."""
    rows = [_key(claim) | {"tally": _ENCODER.encode(tallies[claim])} for claim in sorted(tallies)]
    upsert(tx, CLAIM_TALLIES, rows, replace=("tally",))


def drop_tallies(tx: Transaction, claims: Iterable[Claim]) -> None:
    """Forget what these claims gave: they give nothing any more."""
    _drop(tx, CLAIM_TALLIES, _CLAIM, [_key(claim) for claim in sorted(claims)])


def add(tx: Transaction, change: Counts) -> None:
    """Add to the counts; a row that comes to nothing goes."""
    _add(
        tx,
        CONTRIBUTION_COUNTS,
        [
            dict(zip(("circle", "scope", "month", "contributor", "grp", "side"), key, strict=True))
            | {"stated": stated, "live": live}
            for key, (stated, live) in sorted(change.contributions.items())
        ],
    )
    _add(
        tx,
        COVERAGE_COUNTS,
        [
            dict(zip(("circle", "scope", "grp", "side", "seen"), covered, strict=True))
            | {"stated": stated, "live": live}
            for covered, (stated, live) in sorted(change.coverage.items())
        ],
    )
    _add(
        tx,
        SUBJECT_COUNTS,
        [
            dict(zip(("circle", "scope", "grp"), place, strict=True))
            | dict(zip(("any", "concerns", "assurances", "context"), numbers, strict=True))
            for place, numbers in sorted(change.subjects.items())
        ],
    )


def forget(tx: Transaction) -> None:
    """Empty every table of counts."""
    for table in _TABLES:
        tx.connection.execute(sa.delete(table))


def every_row(tx: Transaction) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables of counts, in order: what a rebuild must give again."""
    return {
        table.name: [tuple(row) for row in tx.connection.execute(sa.select(table).order_by(*table.primary_key.columns))]
        for table in _TABLES
    }


def expected_of(tx: Transaction, circle: CircleId, subjects: Sequence[SubjectId], *, at_least: int) -> dict[Claim, int]:
    """Expected probabilities of the signals on these subjects, in millionths, from ``at_least`` on."""
    row = SIGNALS.c
    expected = row.belief_ppm + row.uncertainty_ppm / 2
    query = sa.select(*(row[name] for name in _CLAIM), row.belief_ppm, row.uncertainty_ppm).where(
        row.circle == circle,
        in_values(tx, row.subject, subjects),
        row.likelihood != "unknown",
        expected >= at_least,
    )
    return {
        Claim(each.circle, each.subject, each.indicator, each.scope): each.belief_ppm + each.uncertainty_ppm // 2
        for each in tx.connection.execute(query)
    }


def tensions_of(tx: Transaction, circle: CircleId, subjects: Sequence[SubjectId]) -> list[Tension]:
    """The stored tensions of these subjects."""
    query = sa.select(TENSIONS).where(TENSIONS.c.circle == circle, in_values(tx, TENSIONS.c.subject, subjects))
    return [_tension(row) for row in tx.connection.execute(query)]


def put_tensions(tx: Transaction, tensions: Collection[Tension]) -> None:
    """Store tensions."""
    rows = [
        {
            "circle": each.circle,
            "subject": each.subject,
            "grp": each.group,
            "scope": each.scope,
            "concern": each.concern,
            "concern_ppm": each.concern_ppm,
            "assurance": each.assurance,
            "assurance_ppm": each.assurance_ppm,
            "tension_ppm": each.tension_ppm,
        }
        for each in sorted(tensions, key=_place)
    ]
    upsert(
        tx,
        TENSIONS,
        rows,
        replace=("concern", "concern_ppm", "assurance", "assurance_ppm", "tension_ppm"),
    )


def drop_tensions(tx: Transaction, tensions: Collection[Tension]) -> None:
    """Forget tensions that are none any more."""
    keys = [dict(zip(_TENSION, _place(each), strict=True)) for each in sorted(tensions, key=_place)]
    _drop(tx, TENSIONS, _TENSION, keys)


def strongest_tensions(
    tx: Transaction,
    circle: CircleId,
    *,
    limit: int,
    group: VocabularyCode | None = None,
    scope: VocabularyCode | None = None,
) -> list[Tension]:
    """The strongest first, along one index."""
    row = TENSIONS.c
    query = sa.select(TENSIONS).where(row.circle == circle)
    if group is not None:
        query = query.where(row.grp == group)
    if scope is not None:
        query = query.where(row.scope == scope)
    order = _in_order(tx, row.tension_ppm, row.subject, row.grp, row.scope)
    return [_tension(each) for each in tx.connection.execute(query.order_by(*order).limit(limit))]


def most_moved(
    tx: Transaction, circle: CircleId, indicators: Collection[VocabularyCode], *, at_least: int, limit: int
) -> list[Reading]:
    """Readings that moved most in 30 days, the most first; those that moved alike by their claim, descending."""
    row = SIGNALS.c
    query = (
        sa.select(
            row.subject,
            row.indicator,
            row.scope,
            row.likelihood,
            row.belief_ppm,
            row.uncertainty_ppm,
            row.moved_30_ppm,
            row.roots_30,
            row.roots,
            row.contributors,
            row.conflict_ppm,
        )
        .where(row.circle == circle, row.indicator.in_(sorted(indicators)), row.shift_30_ppm >= at_least)
        .order_by(*_in_order(tx, row.shift_30_ppm, row.subject, row.indicator, row.scope))
        .limit(limit)
    )
    return [Reading(*each) for each in tx.connection.execute(query)]


def is_current(tx: Transaction, circle: CircleId, today: date) -> bool:
    """Whether signals and counts of a circle tell of every statement that is held, and all signals of this day."""
    one, row, day = sa.select(sa.literal(1)), SIGNALS.c, today.isoformat()
    dirty = one.where(DIRTY_CLAIMS.c.circle == circle)
    # Two ranges of the index on days, of all circles: anything else would be a walk along every signal of this one.
    aged = (one.where(each) for each in (row.as_of < day, row.as_of > day))
    return all(tx.connection.execute(query.limit(1)).first() is None for query in (dirty, *aged))


def has_more_claims(tx: Transaction, circle: CircleId, most: int) -> bool:
    """Whether a circle has more claims than ``most``."""
    query = sa.select(sa.literal(1)).where(CLAIM_TALLIES.c.circle == circle).offset(most).limit(1)
    return tx.connection.execute(query).first() is not None


def contributions(
    tx: Transaction,
    circle: CircleId,
    *,
    since: Month,
    scope: VocabularyCode = ALL,
    group: VocabularyCode | None = None,
    side: Side | None = None,
) -> list[Contribution]:
    """What was issued from the month ``since`` on, by contributor, month and side, in this order."""
    row = CONTRIBUTION_COUNTS.c
    places = (row.contributor, row.month, row.side)
    query = (
        sa.select(*places, sa.func.sum(row.stated), sa.func.sum(row.live))
        .where(row.circle == circle, row.scope == scope, row.month >= since)
        .group_by(*places)
        .order_by(*places)
    )
    if group is not None:
        query = query.where(row.grp == group)
    if side is not None:
        query = query.where(row.side == side)
    return [
        Contribution(contributor, Month(month), of_side, int(stated), int(live))
        for contributor, month, of_side, stated, live in tx.connection.execute(query).all()
    ]


def coverage(
    tx: Transaction,
    circle: CircleId,
    *,
    fresh_since: Month,
    scope: VocabularyCode | None = None,
    group: VocabularyCode | None = None,
    side: Side | None = None,
) -> list[Covered]:
    """What is known by scope, group and side, in this order; what nobody ever stated anything about is not there."""
    row = COVERAGE_COUNTS.c
    places = (row.scope, row.grp, row.side)
    fresh = sa.func.sum(sa.case((row.seen >= fresh_since, row.live), else_=0))
    newest = sa.func.max(sa.case((row.live > 0, row.seen), else_=None))
    query = (
        sa.select(*places, sa.func.sum(row.stated), sa.func.sum(row.live), fresh, newest)
        .where(row.circle == circle)
        .group_by(*places)
        .order_by(*places)
    )
    if scope is not None:
        query = query.where(row.scope == scope)
    if group is not None:
        query = query.where(row.grp == group)
    if side is not None:
        query = query.where(row.side == side)
    return [
        Covered(
            scope=of_scope,
            group=of_group,
            side=of_side,
            stated=int(stated),
            live=int(live),
            fresh=int(recent),
            newest=None if latest is None else Month(int(latest)),
        )
        for of_scope, of_group, of_side, stated, live, recent, latest in tx.connection.execute(query).all()
    ]


def subject_counts(
    tx: Transaction, circle: CircleId, *, scope: VocabularyCode = ALL, group: VocabularyCode = ALL
) -> SubjectCounts:
    """How many subjects have a live finding here."""
    row = SUBJECT_COUNTS.c
    query = sa.select(SUBJECT_COUNTS).where(row.circle == circle, row.scope == scope, row.grp == group)
    found = tx.connection.execute(query).one_or_none()
    if found is None:
        return SubjectCounts()
    return SubjectCounts(found.any, found.concerns, found.assurances, found.context)


def subjects_by_group(tx: Transaction, circle: CircleId, *, scope: VocabularyCode = ALL) -> dict[str, SubjectCounts]:
    """How many subjects have a live finding in each group."""
    row = SUBJECT_COUNTS.c
    query = sa.select(SUBJECT_COUNTS).where(row.circle == circle, row.scope == scope, row.grp != ALL)
    return {
        each.grp: SubjectCounts(each.any, each.concerns, each.assurances, each.context)
        for each in tx.connection.execute(query)
    }


def unreadable(tx: Transaction, circle: CircleId) -> list[tuple[str, int]]:
    """How many entries of a circle cannot be read, by the code of the reason."""
    code = UNREADABLE_ENTRIES.c.code
    query = (
        sa.select(code, sa.func.count())
        .select_from(UNREADABLE_ENTRIES.join(LOGS))
        .where(LOGS.c.circle == circle)
        .group_by(code)
        .order_by(code)
    )
    return [(row[0], int(row[1])) for row in tx.connection.execute(query)]


def _in_order(
    tx: Transaction, value: sa.ColumnElement[int], *codes: sa.ColumnElement[str]
) -> list[sa.UnaryExpression[Any]]:
    """Descending; text by its bytes on both databases, whatever language PostgreSQL was set up for."""
    by_bytes = [code.collate("C") if tx.is_postgresql else code for code in codes]
    return [value.desc(), *(code.desc() for code in by_bytes)]


def _add(tx: Transaction, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Add to each row, in the order given, which is the order of the key; then remove those that hold nothing."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    sums = [column.name for column in table.c if not column.primary_key]
    statement = postgresql.insert(table) if tx.is_postgresql else sqlite.insert(table)
    changes = {name: table.c[name] + statement.excluded[name] for name in sums}
    tx.connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), list(rows))
    if any(value < 0 for row in rows for value in row.values() if isinstance(value, int)):
        empty = [table.c[name] == 0 for name in sums]
        if table is SUBJECT_COUNTS:
            empty.append(sa.or_(table.c.scope != ALL, table.c.grp != ALL))  # the row of everything is what lock() locks
        _drop(tx, table, keys, [{name: row[name] for name in keys} for row in rows], *empty)


def _drop(
    tx: Transaction,
    table: sa.Table,
    names: Sequence[str],
    keys: Sequence[Mapping[str, object]],
    *conditions: sa.ColumnElement[bool],
) -> None:
    if keys:
        chosen = (table.c[name] == sa.bindparam(f"the_{name}") for name in names)
        statement = sa.delete(table).where(*chosen, *conditions)
        tx.connection.execute(statement, [{f"the_{name}": value for name, value in key.items()} for key in keys])


def _key(claim: Claim) -> dict[str, object]:
    return dict(zip(_CLAIM, (claim.circle, claim.subject, claim.indicator, claim.scope), strict=True))


def _tension(row: sa.Row[Any]) -> Tension:
    return Tension(
        circle=row.circle,
        subject=row.subject,
        group=row.grp,
        scope=row.scope,
        concern=row.concern,
        concern_ppm=row.concern_ppm,
        assurance=row.assurance,
        assurance_ppm=row.assurance_ppm,
    )


_place: Final = attrgetter("circle", "subject", "group", "scope")
