"""TAXII collections: one for each circle, with what its pooled statements are as STIX objects.

A collection is a projection of the feed, brought up to date when somebody asks (:func:`catch_up`). Its objects are in
the order in which they came *or changed last*: a corrected or retracted object leaves its old place and stands at the
end, with a new version and a new ``added``. ``added`` is a number of microseconds that this node gives out under a
lock: unique, ascending in the order of commits, and as near to the time of reception as that permits. So it serves as
the cursor of a page and as the date of TAXII alike, and neither a client that follows ``next`` nor one that comes back
with the last date misses anything, whoever was writing meanwhile.

Only the latest version of an object is held: what a correction replaced is not given again. What has expired or is
void is not given at all.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from node.clock import midnight
from node.domain.insight import FindingView, RelationView, ReplyView, ResponseView
from node.domain.statements import StoredStatement
from node.insight.handling import Gate, may_go
from node.insight.misp import Event
from node.insight.replies import replies_of
from node.insight.stix import objects as stix
from node.insight.stix.definitions import MAPPING_DAY, MARKING_DAY, StixObject, definitions
from node.insight.stix.identifiers import (
    STATEMENT_TYPES,
    Milliseconds,
    StatementType,
    contributor_id,
    milliseconds,
    statement_id,
    subject_id,
)
from node.insight.views import view
from node.storage import bylines, statements, subjects
from node.storage import taxii as storage
from node.storage.database import Database, Transaction
from node.storage.taxii import FeedRow, IndexedObject, Position, Wanted
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId
from protocol.statements import DAY_SECONDS, Handling, Timestamp, kind_of
from protocol.vocabulary import Vocabulary

CHUNK: Final = 2_000
"""Places of the feed read in one transaction: some 0.1 s, for which other writers wait."""
MAX_PAGE: Final = 1_000
"""Objects in one page: about a megabyte."""
MAX_WALK: Final = 20_000
"""Objects looked at for one page: more than a page only where thousands in a row have become void."""
_MICROSECONDS: Final = 1_000_000
_PER_MILLISECOND: Final = 1_000
_EVENT_TYPES: Final = ("note", "relationship")
_KINDS: Final[tuple[StatementType, ...]] = ("note", "relationship", "opinion")
_ANSWERABLE: Final[tuple[StatementType, ...]] = ("note", "relationship")
"""What findings and relations have become, which responses and replies are to."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which objects: behind a place (microseconds), at most so many, of these, as of this moment."""

    after: int
    limit: int
    wanted: Wanted
    now: Timestamp


@dataclass(frozen=True, slots=True)
class CollectedObject:
    """One object with its place in the collection."""

    indexed: IndexedObject
    content: StixObject


@dataclass(frozen=True, slots=True)
class CollectionPage:
    """One page of a collection. ``end`` is where the next one begins, in microseconds."""

    objects: tuple[CollectedObject, ...]
    end: int
    more: bool
    left_out: int
    """What the gate did not let through."""


def catch_up(database: Database, circle: CircleId, *, until: Asked | None = None) -> None:
    """Read for a collection what the feed holds by now, or so much of it that a page can be filled and is not the last.

    Takes the lock of the collection for one chunk at a time. What is published meanwhile may be there or not.
    """
    with database.read() as tx:
        last, done = statements.last_seq(tx), storage.position(tx, circle)
    while done.indexed_to < last or not done.last_added:
        if until is not None and done.last_added:
            with database.read() as tx:
                if len(_rows(tx, circle, until)) > until.limit:
                    return
        with database.write() as tx:
            done = _collect(tx, circle, last)


def page(tx: Transaction, vocabulary: Vocabulary, circle: CircleId, asked: Asked) -> CollectionPage:
    """Objects behind a place in the collection, oldest first, for an institution's staff to take away."""
    gate: Gate[_Readable] = Gate("institution", lambda each: each.handling)
    found: list[CollectedObject] = []
    end, walked, more = asked.after, 0, True
    while more and len(found) < asked.limit and walked < MAX_WALK:
        rows = _rows(tx, circle, replace(asked, after=end))
        readable = {each.indexed.id: each for each in gate.let_through(_readable(tx, rows, circle, asked.now))}
        content = _contents(tx, vocabulary, circle, readable)
        more = len(rows) > asked.limit
        for row in rows[: asked.limit]:
            if len(found) == asked.limit:
                more = True
                break
            end, walked = row.added, walked + 1
            if row.id in content:
                found.append(CollectedObject(row, content[row.id]))
    return CollectionPage(tuple(found), end, more, gate.left_out)


def _rows(tx: Transaction, circle: CircleId, asked: Asked) -> Sequence[IndexedObject]:
    """One more than was asked for, where there is one."""
    return storage.page(tx, circle, after=asked.after, limit=asked.limit + 1, wanted=asked.wanted, now=asked.now)


@dataclass(frozen=True, slots=True)
class EventPage:
    """Statements for a MISP feed, those that came or changed last first."""

    events: tuple[Event, ...]
    left_out: int


def events(tx: Transaction, circle: CircleId, now: Timestamp, *, limit: int, uuid: str = "") -> EventPage:
    """Findings and relations of a collection that was brought up to date, with the responses that count.

    With ``uuid``, only the one that has it.
    """
    if uuid:
        rows = list(storage.find(tx, circle, [f"{kind}--{uuid}" for kind in _EVENT_TYPES]).values())
    else:
        rows = storage.newest(tx, circle, _EVENT_TYPES, limit, now)
    gate: Gate[_Readable] = Gate("institution", lambda each: each.handling)
    kept = [(each, each.stored) for each in gate.let_through(_readable(tx, rows, circle, now)) if each.stored]
    replies = replies_of(tx, [stored for _, stored in kept], now)
    responses: dict[tuple[KeyId, StatementId], list[ResponseView]] = {}
    stamps: dict[tuple[KeyId, StatementId], list[Timestamp]] = {}
    names = [(stored.contributor, stored.statement.id) for _, stored in kept]
    for answer in statements.responses_to(tx, circle, names, now=now):
        shown = view(answer)
        if isinstance(shown, ResponseView) and answer.counts and may_go(shown.observation.handling, "institution"):
            target = (shown.target_contributor, shown.target)
            responses.setdefault(target, []).append(shown)
            stamps.setdefault(target, []).append(answer.received)
    found = []
    for each, stored in kept:
        shown = view(stored)
        if isinstance(shown, FindingView | RelationView):
            said = tuple(each for each in replies.get(stored.name, ()) if may_go(each.handling, "institution"))
            stamps_of = stamps.get(stored.shown_name, [])
            stamps_of = [*stamps_of, *(_start(reply.provenance.received) for reply in said)]
            answers = tuple(responses.get(stored.shown_name, ()))
            found.append(Event(shown, answers, _changed(each.indexed, stamps_of), said))
    return EventPage(tuple(found), gate.left_out)


def _start(day: date) -> Timestamp:
    """The first second of a day."""
    return Timestamp((day - date(1970, 1, 1)).days * DAY_SECONDS)


def _changed(indexed: IndexedObject, answered: Sequence[Timestamp]) -> int:
    """The day of the last change, and so many seconds as there are answers.

    A platform takes an event again when this is greater. The hour at which an answer came would tell the hours of work
    of who gave it.
    """
    changed = indexed.modified // 1_000
    if not answered:
        return changed
    return max(changed, midnight(max(answered))) + len(answered)


@dataclass(frozen=True, slots=True)
class _Readable:
    """An object that may be written out: a statement that has not ended, or what is no statement."""

    indexed: IndexedObject
    stored: StoredStatement | None

    @property
    def handling(self) -> Handling:
        """Who is registered as what, and a pseudonym, say nothing that a handling would protect."""
        if self.stored is None:
            return "TLP:CLEAR"
        shown = view(self.stored)
        if isinstance(shown, ReplyView):
            return shown.handling
        return shown.observation.handling if isinstance(shown, _Shown) else "TLP:AMBER+STRICT"


_Shown: Final = (FindingView, RelationView, ResponseView)


def _readable(tx: Transaction, rows: Sequence[IndexedObject], circle: CircleId, now: Timestamp) -> Iterable[_Readable]:
    held = {each.seq: each for each in statements.by_seq(tx, [row.seq for row in rows if row.seq], now=now)}
    for row in rows:
        if row.seq is None:
            yield _Readable(row, None)
            continue
        stored = held.get(row.seq)
        if stored is None or stored.circle != circle or stored.state in {"expired", "void"}:
            continue
        # Changed since the collection was brought up to date: it comes in its new place, with its new version.
        if stored.state in {"corrected", "retracted"} and row.modified == milliseconds(stored.statement.iat):
            continue
        # Its author has signed its name to it since: it comes under that, and not under what it was before.
        kind = STATEMENT_TYPES.get(kind_of(stored.statement))
        if kind is None or row.id != statement_id(kind, circle, *stored.shown_name):
            continue
        yield _Readable(row, stored)


def _contents(
    tx: Transaction, vocabulary: Vocabulary, circle: CircleId, readable: dict[str, _Readable]
) -> dict[str, StixObject]:
    """What is written for each of them."""
    fixed: dict[str, StixObject] = dict(definitions().items())
    refs = [
        each.indexed.ref for each in readable.values() if each.indexed.type == "identity" and ":" in each.indexed.ref
    ]
    names = subjects.labels(tx, [SubjectId(ref) for ref in refs])
    written: dict[str, StixObject] = {}
    signed = bylines.names_in(tx, circle)
    answered = _answered(tx, circle, readable.values())
    for identifier, each in readable.items():
        row = each.indexed
        if each.stored is not None:
            content = _statement(each.stored, vocabulary, row, answered)
            written.update(() if content is None else ((identifier, content),))
        elif identifier in fixed:
            written[identifier] = fixed[identifier]
        elif ":" in row.ref:
            subject = SubjectId(row.ref)
            written[identifier] = stix.subject(circle, subject, names.get(subject, subject))
        else:
            written[identifier] = stix.contributor(circle, KeyId(row.ref), signed.get(KeyId(row.ref), ""))
    return written


def _answered(tx: Transaction, circle: CircleId, readable: Iterable[_Readable]) -> dict[str, IndexedObject]:
    """What the replies among these answer, as far as the collection has it."""
    shown = [view(each.stored) for each in readable if each.stored is not None]
    ids = {
        statement_id(kind, circle, *target)
        for reply in shown
        if isinstance(reply, ReplyView)
        for target in reply.targets
        for kind in _ANSWERABLE
    }
    return storage.find(tx, circle, ids) if ids else {}


def _statement(
    stored: StoredStatement, vocabulary: Vocabulary, row: IndexedObject, answered: Collection[str]
) -> StixObject | None:
    modified = Milliseconds(row.modified)
    shown = view(stored)
    if isinstance(shown, FindingView):
        return stix.note(shown, vocabulary, modified)
    if isinstance(shown, RelationView):
        return stix.relationship(shown, vocabulary, modified)
    if isinstance(shown, ResponseView):
        kind = next(each for each in _ANSWERABLE if row.ref.startswith(each))
        target = statement_id(kind, stored.circle, shown.target_contributor, shown.target)
        return stix.opinion(shown, vocabulary, modified, target)
    if isinstance(shown, ReplyView):
        ids = (statement_id(kind, stored.circle, *target) for target in shown.targets for kind in _ANSWERABLE)
        return stix.reply(shown, modified, [each for each in ids if each in answered])
    return None


def _collect(tx: Transaction, circle: CircleId, last: int) -> Position:
    """One chunk of the feed into the collection; how far it has got."""
    before = storage.lock(tx, circle)
    end = max(before.indexed_to, min(before.indexed_to + CHUNK, last))  # somebody else may have gone further
    rows = storage.feed_between(tx, circle, before.indexed_to, end)
    named = {(row.contributor, row.id) for row in rows if row.kind in {"finding", "relation", "sponsored"}}
    waiting = storage.answers_to(tx, circle, named, before.indexed_to)
    known = storage.find(tx, circle, _may_touch(circle, [*rows, *waiting]))
    gathering = _Gathering(circle, dict(known), before.last_added)
    if not before.last_added:
        gathering.begin(rows[0].received if rows else Timestamp(0))
    # Responses that came before what they answer, in an earlier chunk or in this one, follow it.
    for row in (*rows, *waiting, *(row for row in rows if row.kind == "response")):
        gathering.take(row)
    storage.drop(tx, circle, gathering.dropped)
    storage.put(tx, circle, gathering.changed, known.keys())
    after = Position(end, gathering.last)
    storage.advance(tx, circle, after)
    return after


def _may_touch(circle: CircleId, rows: Iterable[FeedRow]) -> set[str]:
    """Identifiers of every object that these rows may add, change or refer to."""
    ids: set[str] = set()
    for row in rows:
        ids.add(contributor_id(circle, row.contributor))
        ids.update(subject_id(circle, each) for each in (row.subject, row.object) if each)
        if row.kind in STATEMENT_TYPES:
            ids.add(statement_id(STATEMENT_TYPES[row.kind], circle, row.contributor, row.id))
        if row.target_id:
            ids.update(statement_id(kind, circle, _author_of_target(row), row.target_id) for kind in _KINDS)
        if row.kind == "attribution" and row.target_id:
            ids.update(statement_id(kind, circle, row.key, row.target_id) for kind in _KINDS)
    return ids


def _author_of_target(row: FeedRow) -> KeyId:
    """A response names a statement in any log; a correction and a retraction, one in their own."""
    return row.target_contributor if row.kind == "response" and row.target_contributor else row.contributor


@dataclass(slots=True)
class _Gathering:
    """What a chunk of the feed adds to a collection, and what it changes there."""

    circle: CircleId
    known: dict[str, IndexedObject]
    last: int
    changed: dict[str, IndexedObject] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)

    def begin(self, received: Timestamp) -> None:
        """The objects that every collection has, before anything else."""
        for identifier in definitions():
            kind = identifier.partition("--")[0]
            version = MARKING_DAY if kind == "marking-definition" else MAPPING_DAY
            self._add(IndexedObject(0, identifier, kind, None, "", version), received)

    def take(self, row: FeedRow) -> None:
        """One statement."""
        match row.kind:
            case "finding" | "relation" | "sponsored":
                self._identities(row)
                self._new(row, "")
            case "response":
                target = self._target(row, ("note", "relationship"))
                if target is not None:
                    self._identities(row)
                    self._new(row, target.id)
            case "correction" | "retraction" | "erasure":
                target = self._target(row, _KINDS)
                if target is not None:
                    self._identities(row)
                    version = max(target.modified + 1, milliseconds(row.iat))
                    self._add(replace(target, modified=version), row.received)
            case "reply":
                self._identities(row)
                self._new(row, "")
            case "attribution":
                self._name(row)
            case "token":
                pass
            case "endorsement" | "removal" | "leave" | "key" | "token-key":
                pass  # about the circle, for members alone; the feed has none

    def _name(self, row: FeedRow) -> None:
        """What its author signs its name to leaves its place and stands under that name, as if it had come so."""
        if row.target_id is None:
            return
        self._identities(row)
        for kind in _KINDS:
            old = self.known.pop(statement_id(kind, self.circle, row.key, row.target_id), None)
            named = statement_id(kind, self.circle, row.contributor, row.target_id)
            if old is not None and old.id != named and named not in self.known:
                self.dropped.add(old.id)
                self.changed.pop(old.id, None)
                self._add(replace(old, id=named, modified=old.modified + 1), row.received)

    def _new(self, row: FeedRow, ref: str) -> None:
        kind = STATEMENT_TYPES[row.kind]
        identifier = statement_id(kind, self.circle, row.contributor, row.id)
        known = self.known.get(identifier)
        if known is None:
            self._add(IndexedObject(0, identifier, kind, row.seq, ref, milliseconds(row.iat)), row.received)
        elif known.seq is not None and known.seq < row.seq:
            # Another entry of its log has the name now (clause 4.18): what an earlier one says counts once it is read.
            version = max(known.modified + 1, milliseconds(row.iat))
            self._add(replace(known, seq=row.seq, ref=ref, modified=version), row.received)

    def _identities(self, row: FeedRow) -> None:
        named = [(contributor_id(self.circle, row.contributor), str(row.contributor))]
        named += [(subject_id(self.circle, each), str(each)) for each in (row.subject, row.object) if each]
        for identifier, ref in named:
            if identifier not in self.known:
                self._add(IndexedObject(0, identifier, "identity", None, ref, MAPPING_DAY), row.received)

    def _target(self, row: FeedRow, kinds: Iterable[StatementType]) -> IndexedObject | None:
        if row.target_id is None:
            return None
        ids = (statement_id(kind, self.circle, _author_of_target(row), row.target_id) for kind in kinds)
        return next((self.known[each] for each in ids if each in self.known), None)

    def _add(self, new: IndexedObject, received: Timestamp) -> None:
        self.last = max(self.last + 1, received * _MICROSECONDS)
        placed = replace(new, added=self.last)
        self.known[new.id] = self.changed[new.id] = placed
