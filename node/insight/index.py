"""Keeping the index over pooled statements true: by what terms a statement is found.

A term is a letter for the field and a value: ``i:gov-opaque-control``. Codes, keys and words of summaries are terms
alike, so one structure answers filters and full text, and answers them alike on every database.

Two kinds of terms are kept apart. *Codes* of a place are those of every body that its statement has ever had, because
a question about an earlier moment (``as_of``) must find what stood then; whoever asks decodes what it finds and looks
once more (:mod:`node.insight.search`). *Words* are those of the present body alone, and none where the statement was
retracted or has ended: of what was taken back, no word stays in the index.

Reconciliation: a pass takes the feed from where the last one ended, and places that were marked because something
else has changed them. It is one transaction; a crash leaves the index as it was, and the next pass does it.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from node.clock import day_of
from node.domain.queries import DateField, words_of
from node.storage import statement_index as storage
from node.storage import statements
from node.storage.database import Database, Transaction
from node.storage.statement_index import Changes, Recorded
from protocol.identifiers import CircleId, KeyId
from protocol.projection import live_body
from protocol.statements import (
    Body,
    Correction,
    FindingBody,
    RelationBody,
    ReplyBody,
    ResponseBody,
    Retraction,
    Statement,
    Timestamp,
    kind_of,
)

BATCH: Final = 2_000
"""Statements indexed in one transaction: a third of a second, during which SQLite has no other writer."""

CORRECTED: Final = "z:corrected"
RETRACTED: Final = "z:retracted"
SEVERAL_BODIES: Final = "z:bodies"
"""The days that are kept of such a place are those of one body: a question about days takes all of these places."""


def catch_up(database: Database, now: Timestamp) -> int:
    """Index whatever is not indexed yet, in transactions of its own; how many statements that were."""
    total = 0
    while True:
        with database.read() as tx:
            if storage.indexed_to(tx) >= statements.last_seq(tx) and not storage.is_stale(tx):
                return total
        with database.write() as tx:
            total += advance(tx, now)


def advance(tx: Transaction, now: Timestamp, *, limit: int = BATCH) -> int:
    """Index at most ``limit`` further statements, and as many that were marked; how many that were."""
    start = storage.lock(tx)
    # Marks before statements: whatever marks later is still there for the next pass.
    marked = [place for place in storage.take_stale(tx, limit) if place.seq <= start]
    new = storage.recorded_after(tx, start, limit)
    again = {place.seq for place in marked}
    again |= {each.target.place.seq for each in new if each.target is not None and each.target.place.seq <= start}
    known = storage.recorded(tx, again)
    changes = Changes()
    there = {each.place.seq for each in known}
    storage.purge(tx, [place.seq for place in marked if place.gone])
    for place, statement in storage.gone(tx, (place for place in marked if place.seq not in there)):
        _forget(tx, changes, place.seq, place.log_id, statement)
    for each in known:
        _index(changes, each, now, known=True)
    for each in new:
        _index(changes, each, now, known=False)
    storage.change(tx, changes)
    if new:
        storage.advance_to(tx, new[-1].place.seq)
    return len(new) + len(again)


def rebuild(database: Database, now: Timestamp) -> int:
    """Forget the index and make it anew; how many statements it holds."""
    with database.write() as tx:
        storage.clear(tx)
    return catch_up(database, now)


def bodies_of(recorded: Recorded) -> tuple[Body, ...]:
    """Every body under which a place of the feed is found.

    A finding's or relation's are all it ever had; a correction's are what it replaced and what it put there; a
    retraction's are those of what it took back.
    """
    statement = recorded.statement
    if isinstance(statement, Correction):
        own = live_body(statement, statement)
        return (own,) if recorded.target is None else (body_before(recorded.target, recorded.place.index), own)
    if isinstance(statement, Retraction):
        return () if recorded.target is None else bodies_of(recorded.target)
    return (live_body(statement, None), *(live_body(statement, each) for _, each in recorded.corrections))


def body_before(recorded: Recorded, index: int) -> Body:
    """What a finding or relation said before the entry at this index of its log."""
    body = live_body(recorded.statement, None)
    for place, correction in recorded.corrections:
        if place.index < index:
            body = live_body(recorded.statement, correction)
    return body


def contributor_term(circle: CircleId, contributor: KeyId) -> str:
    """A key may write in two circles, as two contributors."""
    return f"b:{contributor}:{circle[:8]}"


def word_terms(body: Body) -> set[str]:
    """The words of a summary or a reply, as terms."""
    return {f"w:{word}" for word in words_of(said(body))}


def said(body: Body) -> str:
    """What a body says in words; empty where it says nothing in words."""
    if isinstance(body, FindingBody | RelationBody | ResponseBody):
        return body.summary
    return body.text if isinstance(body, ReplyBody) else ""


def body_terms(body: Body) -> Iterator[str]:
    """What is found of one body, but for its words, its days, and the subjects, which have an index of their own."""
    if isinstance(body, ReplyBody):
        yield f"h:{body.handling}"
    if not isinstance(body, FindingBody | RelationBody | ResponseBody):
        return
    yield f"r:{body.grade.reliability}"
    yield f"q:{body.grade.credibility}"
    yield f"h:{body.handling}"
    yield from (f"v:{code}" for code in body.evidence_kinds)
    match body:
        case FindingBody():
            yield f"i:{body.indicator}"
            yield f"s:{body.scope}"
            yield f"x:{body.strength}"
            yield f"e:{body.engagement_kind}"
            yield from (f"t:{code}" for code in body.technology_domains)
            yield from (f"m:{code}" for code in body.mitigations)
        case RelationBody():
            yield f"n:{body.relation}"
        case ResponseBody():
            yield f"a:{body.stance}"


def _index(changes: Changes, each: Recorded, now: Timestamp, *, known: bool) -> None:
    seq, bodies = each.place.seq, bodies_of(each)
    kind = kind_of(each.statement)
    terms = {f"k:{kind}", f"c:{each.circle}", contributor_term(each.circle, each.contributor)}
    for body in bodies:
        terms.update(body_terms(body))
    flags = set()
    if each.retracted_at is not None:
        flags.add(RETRACTED)
    if each.corrected_by is not None:
        flags.add(CORRECTED)
    if len(bodies) > 1:
        flags.add(SEVERAL_BODIES)
    said = set[str]()
    if kind in {"finding", "relation", "response", "reply", "sponsored"}:
        said = word_terms(_current(each)) if each.retracted_at is None and each.exp > now else said
        if known:
            _remove(changes, {RETRACTED, CORRECTED}.union(*(word_terms(body) for body in bodies)), seq)
    for term in terms | flags | said:
        changes.added.setdefault(term, set()).add(seq)
    _put_days(changes, each, bodies)


def _put_days(changes: Changes, each: Recorded, bodies: tuple[Body, ...]) -> None:
    issued = day_of(each.statement.iat)
    days: dict[DateField, date] = {"issued": issued, "expires": day_of(each.exp)}
    observed = [body.observed for body in bodies if isinstance(body, FindingBody | RelationBody | ResponseBody)]
    days["observed_from"] = observed[-1].start if observed else issued
    days["observed_until"] = observed[-1].end if observed else issued
    for name, day in days.items():
        changes.days.setdefault(day_term(name), {})[each.place.seq] = day


def day_term(name: DateField) -> str:
    """Under which the days of a field are kept."""
    return f"d:{name}"


def _current(each: Recorded) -> Body:
    for place, correction in each.corrections:
        if place.index == each.corrected_by:
            return live_body(each.statement, correction)
    return live_body(each.statement, None)


def _forget(tx: Transaction, changes: Changes, seq: int, log_id: int, statement: Statement) -> None:
    """Take the words away of what no longer reads as a statement; a code that stays costs a look and no more."""
    if isinstance(statement, Correction):
        words = word_terms(live_body(statement, statement))
        for target in storage.seqs_named(tx, log_id, [statement.body.target]):
            _remove(changes, words, target)
    else:
        _remove(changes, word_terms(live_body(statement, None)), seq)


def _remove(changes: Changes, terms: Iterable[str], seq: int) -> None:
    for term in terms:
        changes.removed.setdefault(term, set()).add(seq)
