"""Reading statements: by name, by subject, and as a feed that loses nothing.

Every function takes ``now``, because whether a statement has expired is decided when it is read.

The feed is numbered in the writing transaction from one row that stays locked until the commit
(:mod:`node.storage.projection`), so numbers become visible in ascending order: a reader that has seen number n
will never find a smaller one later. A timestamp or a plain sequence would not give that, since their values are
drawn before the commit.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from node.domain.statements import Byline, Claim, StoredStatement
from node.storage import bylines
from node.storage.database import Transaction
from node.storage.tables.gone import GONE_ENTRIES
from node.storage.tables.ledger import DIRTY_CLAIMS, ENTRIES, LOGS, STATEMENTS, UNREADABLE_ENTRIES
from node.storage.tables.membership import LOG_CUTS, MEMBERSHIP_FACTS
from node.storage.tables.replies import BYLINES
from protocol import envelope, statements
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId, VocabularyCode
from protocol.projection import Cut, live_body, state_at
from protocol.statements import Kind, ReplyBody, ResponseBody, Statement, Timestamp

CHUNK: Final = 500
"""Values in one IN list: far below SQLite's bound on parameters (32,766), large enough to amortise a round trip."""

FINDING_KINDS: Final = ("finding", "sponsored")
"""What is read as a finding: a member's own, and one that it publishes for another."""

_T = TypeVar("_T")
_CORRECTIONS: Final = ENTRIES.alias("corrections")
_ANSWERS: Final = STATEMENTS.alias("answers")


def get(tx: Transaction, contributor: KeyId, statement_id: StatementId, *, now: Timestamp) -> StoredStatement | None:
    """The statement with this name; identifiers are unique only inside one log, so the contributor is part of it."""
    # A member may have brought one key into two circles by a later card: then the first that came here is meant.
    row = tx.connection.execute(_NAMED, {"contributor": contributor, "id": statement_id}).one_or_none()
    return None if row is None else _read(tx, [row], now)[0]


def find_shown(
    tx: Transaction, contributor: KeyId, statement_id: StatementId, *, now: Timestamp
) -> StoredStatement | None:
    """The statement that readers know by this name: what bears its author's name is not found under the author's key.

    For every address and every interface: else whoever tries the key of each pseudonym would learn whose name it is.
    """
    found = get(tx, contributor, statement_id, now=now)
    if found is None:
        behind = tx.connection.execute(_BEHIND, {"handle": contributor, "id": statement_id}).scalars().first()
        found = None if behind is None else get(tx, KeyId(behind), statement_id, now=now)
    return found if found is not None and found.shown == contributor else None


def of_subject(
    tx: Transaction, circle: CircleId, subject: SubjectId, *, now: Timestamp, relations: int | None = None
) -> list[StoredStatement]:
    """Findings about a subject and relations that have it at either end, in any state, in feed order.

    With ``relations``, at most so many of these: the live ones first, of them the oldest. A funder has thousands.
    """
    if relations == 0:
        return of_subjects(tx, circle, [subject], now=now)
    values = {"circle": circle, "subjects": [subject], "subject": subject, "now": now, "relations": relations}
    query = _ABOUT if relations is None else _ABOUT_SOME
    return _read(tx, tx.connection.execute(query, values), now)


def of_subjects(
    tx: Transaction, circle: CircleId, subjects: Collection[SubjectId], *, now: Timestamp
) -> list[StoredStatement]:
    """Findings about any of these subjects, in any state; those about one subject in feed order."""
    found = []
    for some in chunks(subjects):
        rows = tx.connection.execute(_FINDINGS, {"circle": circle, "subjects": some})
        found += _read(tx, rows, now)
    return found


def count_relations(tx: Transaction, circle: CircleId, subjects: Sequence[SubjectId], *, now: Timestamp) -> int:
    """How many live relations have one of these at either end, before what is void is told apart."""
    values = {"circle": circle, "subjects": subjects, "now": now}
    return int(tx.connection.execute(_COUNT_TIES, values).scalar_one())


def of_claim(tx: Transaction, claim: Claim, *, now: Timestamp) -> list[StoredStatement]:
    """Findings whose live body is on this claim, in any state, in feed order."""
    values = {"circle": claim.circle, "subject": claim.subject, "indicator": claim.indicator, "scope": claim.scope}
    return _read(tx, tx.connection.execute(_ON_CLAIM, values), now)


def by_seq(tx: Transaction, numbers: Iterable[int], *, now: Timestamp) -> list[StoredStatement]:
    """The statements at these places of the feed, in feed order."""
    found = []
    for some in chunks(numbers):
        found += _read(tx, tx.connection.execute(_BY_SEQ, {"numbers": some}), now)
    return sorted(found, key=lambda stored: stored.seq)


def subjects_with_findings(tx: Transaction, subjects: Collection[SubjectId]) -> set[SubjectId]:
    """Those of them that a finding is held about, in any state."""
    found: set[SubjectId] = set()
    for some in chunks(subjects):
        query = sa.select(STATEMENTS.c.subject).where(
            STATEMENTS.c.subject.in_(some), STATEMENTS.c.kind.in_(FINDING_KINDS)
        )
        found.update(tx.connection.execute(query.distinct()).scalars())
    return found


def responses_to(
    tx: Transaction, circle: CircleId, targets: Collection[tuple[KeyId, StatementId]], *, now: Timestamp
) -> list[StoredStatement]:
    """Responses in any state to these statements of this circle, in feed order.

    Whether the target still counts is for the caller to say: it holds the target.
    """
    wanted = set(targets)
    found = []
    for names in chunks({statement_id for _, statement_id in wanted}):
        rows = tx.connection.execute(_ANSWERING, {"circle": circle, "names": names})
        found += _read(tx, [row for row in rows if (row.target_contributor, row.target_id) in wanted], now)
    return sorted(found, key=lambda stored: stored.seq)


def feed(
    tx: Transaction,
    *,
    after: int,
    limit: int,
    now: Timestamp,
    circle: CircleId | None = None,
    subject: SubjectId | None = None,
    indicator: VocabularyCode | None = None,
    kinds: Collection[Kind] | None = None,
) -> list[StoredStatement]:
    """Statements numbered above ``after``, ascending, at most ``limit``: a poller sees each exactly once.

    A filter by subject or indicator keeps findings and relations and what corrects or retracts them, a correction
    under what it moves its target from as well as to. It keeps no response: what a response is about is its
    target's to say, which may arrive later, and a feed must not number again what it has passed.
    """
    query = _SELECT.where(STATEMENTS.c.seq > after).order_by(STATEMENTS.c.seq).limit(limit)
    if circle is not None:
        query = query.where(LOGS.c.circle == circle)
    if kinds is not None:
        query = query.where(STATEMENTS.c.kind.in_(tuple(kinds)))
    if subject is not None:
        query = query.where(STATEMENTS.c.seq.in_(_bearing_on(subject)))
    if indicator is not None:
        query = query.where(sa.or_(STATEMENTS.c.indicator == indicator, STATEMENTS.c.was_indicator == indicator))
    return _read(tx, tx.connection.execute(query), now)


def stated_between(
    tx: Transaction, circle: CircleId, begin: Timestamp, end: Timestamp, kinds: Collection[Kind], *, now: Timestamp
) -> list[StoredStatement]:
    """Statements of a circle signed from ``begin`` until before ``end`` that have not expired, in feed order.

    A walk along the whole feed, for what is done once a month. What arrived late is in it. What has expired is counted
    no more (clause 4.7), whether or not its content has left this node yet.
    """
    query = _select().where(
        LOGS.c.circle == circle,
        STATEMENTS.c.kind.in_(tuple(kinds)),
        STATEMENTS.c.iat >= begin,
        STATEMENTS.c.iat < end,
        STATEMENTS.c.exp > now,
    )
    return _read(tx, tx.connection.execute(query.order_by(STATEMENTS.c.seq)), now)


def last_seq(tx: Transaction) -> int:
    """The feed's newest number; 0 in a node that holds nothing."""
    return int(tx.connection.execute(sa.select(sa.func.coalesce(sa.func.max(STATEMENTS.c.seq), 0))).scalar_one())


def count(tx: Transaction) -> int:
    """How many readable statements about subjects there are, in any state."""
    return sum(number for held in counts(tx).values() for number in held.values())


def counts(tx: Transaction) -> dict[CircleId, dict[KeyId, int]]:
    """How many of each contributor, by circle.

    From the sizes of logs, without what cannot be read and what is about membership: nobody walks a million rows to
    say how many they are.
    """
    held: dict[CircleId, dict[KeyId, int]] = {}
    for circle, contributor, number in tx.connection.execute(_COUNTS):
        held.setdefault(circle, {})[contributor] = int(number)
    return held


def take_dirty_claims(tx: Transaction, limit: int) -> list[Claim]:
    """Claims whose signal must be computed again, at most ``limit``; taking them is part of the transaction.

    Two workers never take the same claim at once. A claim that a publisher is touching right now is left for
    the next round: its statements could not be seen yet.
    """
    columns = (DIRTY_CLAIMS.c.circle, DIRTY_CLAIMS.c.subject, DIRTY_CLAIMS.c.indicator, DIRTY_CLAIMS.c.scope)
    query = sa.select(*columns).order_by(*columns).limit(limit).with_for_update(skip_locked=True)
    claims = [Claim(*row) for row in tx.connection.execute(query)]
    if claims:
        delete = sa.delete(DIRTY_CLAIMS).where(*(column == sa.bindparam(f"the_{column.name}") for column in columns))
        keys = [
            {"the_circle": c.circle, "the_subject": c.subject, "the_indicator": c.indicator, "the_scope": c.scope}
            for c in claims
        ]
        tx.connection.execute(delete, keys)
    return claims


def decode_stored(jws: bytes) -> Statement:
    """The statement in an entry that was readable when it was stored; checks nothing again, as `ledger check` does."""
    return statements.decode_known(envelope.known_payload(jws))


def chunks(values: Iterable[_T]) -> Iterator[Sequence[_T]]:
    """Pieces that fit one IN list."""
    iterator = iter(values)
    while piece := list(islice(iterator, CHUNK)):
        yield piece


def _select() -> sa.Select[Any]:
    correction = sa.and_(_CORRECTIONS.c.log_id == STATEMENTS.c.log_id, _CORRECTIONS.c.idx == STATEMENTS.c.corrected_by)
    bearing = sa.case((STATEMENTS.c.kind.in_(bylines.ACTING_KINDS), STATEMENTS.c.target_id), else_=STATEMENTS.c.id)
    byline = sa.and_(BYLINES.c.log_id == STATEMENTS.c.log_id, BYLINES.c.statement_id == bearing)
    cut = sa.and_(LOG_CUTS.c.circle == LOGS.c.circle, LOG_CUTS.c.contributor == LOGS.c.contributor)
    source = (
        STATEMENTS.join(LOGS, LOGS.c.id == STATEMENTS.c.log_id)
        .join(ENTRIES, sa.and_(ENTRIES.c.log_id == STATEMENTS.c.log_id, ENTRIES.c.idx == STATEMENTS.c.idx))
        .outerjoin(_CORRECTIONS, correction)
        .outerjoin(LOG_CUTS, cut)
        .outerjoin(BYLINES, byline)
    )
    return sa.select(
        LOGS.c.circle,
        LOGS.c.contributor,
        STATEMENTS.c.idx,
        STATEMENTS.c.kind,
        STATEMENTS.c.seq,
        STATEMENTS.c.corrected_by,
        STATEMENTS.c.retracted_by,
        STATEMENTS.c.exp,
        STATEMENTS.c.received,
        STATEMENTS.c.target_contributor,
        STATEMENTS.c.target_id,
        ENTRIES.c.jws,
        _CORRECTIONS.c.jws.label("correction"),
        LOG_CUTS.c.void_from,
        LOG_CUTS.c.closed_from,
        BYLINES.c.handle,
        BYLINES.c.name.label("byline"),
    ).select_from(source)


def _ties() -> sa.Subquery:
    """Relations with one of ``subjects`` at either end, each once and unread."""
    rows = STATEMENTS.alias()
    columns = sa.select(rows.c.seq, rows.c.exp, rows.c.retracted_by).join(LOGS, LOGS.c.id == rows.c.log_id)
    ends = (
        columns.where(LOGS.c.circle == _CIRCLE, rows.c.kind == "relation", end.in_(_SUBJECTS))
        for end in (rows.c.subject, rows.c.object)
    )
    return sa.union(*ends).subquery()


def _about(*, bounded: bool) -> sa.Select[Any]:
    """Statements on ``subject``, ``bounded``: with as many ``relations`` as are wanted, the live ones first.

    By their numbers, from one index each: asked for "this or that", PostgreSQL would rather read the whole table.
    """
    rows, ties = STATEMENTS.alias(), _ties()
    findings = sa.select(rows.c.seq).where(rows.c.kind.in_(FINDING_KINDS), rows.c.subject == sa.bindparam("subject"))
    relations = sa.select(ties.c.seq)
    if bounded:
        dead = sa.or_(ties.c.retracted_by.is_not(None), ties.c.exp <= sa.bindparam("now"))
        first = relations.order_by(dead, ties.c.seq).limit(sa.bindparam("relations")).subquery()
        relations = sa.select(first.c.seq)
    wanted = STATEMENTS.c.seq.in_(sa.union_all(findings, relations))
    return _SELECT.where(LOGS.c.circle == _CIRCLE, wanted).order_by(STATEMENTS.c.seq)


def _bearing_on(subject: SubjectId) -> sa.CompoundSelect[Any]:
    """Index look-ups instead of a walk along the feed."""
    rows = STATEMENTS.alias()
    columns = (rows.c.subject, rows.c.object, rows.c.was_subject, rows.c.was_object)
    return sa.union(*(sa.select(rows.c.seq).where(column == subject) for column in columns))


def _read(tx: Transaction, rows: Iterable[sa.Row[Any]], now: Timestamp) -> list[StoredStatement]:
    """What rows hold, and how readers see what responses and replies among them name."""
    found = [_stored(row, now) for row in rows]
    targets: dict[CircleId, set[tuple[KeyId, StatementId]]] = {}
    for each in found:
        named = _answered(each)
        if named:
            targets.setdefault(each.circle, set()).update(named)
    shown = {
        circle: {name: byline.handle for name, byline in bylines.of(tx, circle, names).items()}
        for circle, names in targets.items()
    }
    if not any(shown.values()):
        return found
    return [replace(each, named_targets=shown[each.circle]) if _answered(each) else each for each in found]


def _answered(stored: StoredStatement) -> tuple[tuple[KeyId, StatementId], ...]:
    """The statements of other logs that this one names."""
    body = stored.body
    if isinstance(body, ResponseBody):
        return ((body.target.contributor, body.target.id),)
    if isinstance(body, ReplyBody):
        return tuple((target.contributor, target.id) for target in body.targets)
    return ()


def _stored(row: sa.Row[Any], now: Timestamp) -> StoredStatement:
    statement = decode_stored(row.jws)
    return StoredStatement(
        circle=row.circle,
        contributor=row.contributor,
        index=row.idx,
        seq=row.seq,
        statement=statement,
        body=live_body(statement, None if row.correction is None else decode_stored(row.correction)),
        state=state_at(
            now,
            exp=row.exp,
            corrected_by=row.corrected_by,
            retracted_by=row.retracted_by,
            void=Cut(row.void_from, row.closed_from).voids(row.kind, row.idx),
        ),
        received=row.received,
        jws=row.jws,
        byline=None if row.handle is None else Byline(KeyId(row.handle), row.byline),
    )


# Made once in a process: to put one of these together takes longer than to run it.
_CIRCLE: Final[sa.BindParameter[Any]] = sa.bindparam("circle")
_SUBJECTS: Final[sa.BindParameter[Any]] = sa.bindparam("subjects", expanding=True)
_SELECT: Final = _select()
_FINDING: Final = sa.and_(LOGS.c.circle == _CIRCLE, STATEMENTS.c.kind.in_(FINDING_KINDS))
_BEHIND: Final = (
    sa.select(LOGS.c.contributor)
    .select_from(STATEMENTS.join(LOGS, LOGS.c.id == STATEMENTS.c.log_id).join(BYLINES, BYLINES.c.log_id == LOGS.c.id))
    .where(STATEMENTS.c.id == sa.bindparam("id"), BYLINES.c.handle == sa.bindparam("handle"))
    .limit(1)
)
_NAMED: Final = (
    _SELECT.where(LOGS.c.contributor == sa.bindparam("contributor"), STATEMENTS.c.id == sa.bindparam("id"))
    .order_by(STATEMENTS.c.seq)
    .limit(1)
)
_BY_SEQ: Final = _SELECT.where(STATEMENTS.c.seq.in_(sa.bindparam("numbers", expanding=True)))
_ON_CLAIM: Final = _SELECT.where(
    _FINDING,
    *(STATEMENTS.c[name] == sa.bindparam(name) for name in ("subject", "indicator", "scope")),
).order_by(STATEMENTS.c.seq)
_FINDINGS: Final = _SELECT.where(_FINDING, STATEMENTS.c.subject.in_(_SUBJECTS)).order_by(STATEMENTS.c.seq)
_ABOUT: Final = _about(bounded=False)
_ABOUT_SOME: Final = _about(bounded=True)
_COUNTED_TIES: Final = _ties()
_COUNT_TIES: Final = (
    sa.select(sa.func.count())
    .select_from(_COUNTED_TIES)
    .where(_COUNTED_TIES.c.retracted_by.is_(None), _COUNTED_TIES.c.exp > sa.bindparam("now"))
)
# By seq from the index on targets: given many names, SQLite would rather walk every log of the circle.
_ANSWERING: Final = _SELECT.where(
    LOGS.c.circle == _CIRCLE,
    STATEMENTS.c.seq.in_(
        sa.select(_ANSWERS.c.seq).where(
            _ANSWERS.c.target_id.in_(sa.bindparam("names", expanding=True)), _ANSWERS.c.kind == "response"
        )
    ),
)
_COUNTS: Final = sa.select(
    LOGS.c.circle,
    LOGS.c.contributor,
    LOGS.c.size
    - sa.select(sa.func.count()).where(UNREADABLE_ENTRIES.c.log_id == LOGS.c.id).scalar_subquery()
    - sa.select(sa.func.count())
    .where(MEMBERSHIP_FACTS.c.log_id == LOGS.c.id, MEMBERSHIP_FACTS.c.listed)
    .scalar_subquery()
    - sa.select(sa.func.count()).where(GONE_ENTRIES.c.log_id == LOGS.c.id).scalar_subquery(),
)
