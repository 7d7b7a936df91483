"""Finding statements by what they say: candidates from the index, then a second look at each statement itself.

The index (:mod:`node.insight.index`) gives a superset of what fits, so the answer is exact whatever it lacks: each
candidate is decoded and compared with the filter, as it stands or as it stood. Statements that are not indexed yet are
all candidates, and so are the targets of corrections that are not. So a question has one answer, however far behind
the index is; it only takes longer.

A page may hold fewer items than were asked for and still say that there is more: what is looked at for one page is
bounded (:data:`MAX_EXAMINED`, :data:`MAX_BLOCKS`), and the cursor says where the search stopped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_
from typing import Final

from node.clock import day_of
from node.domain.bitmaps import BLOCK, FULL, above, from_day, places, unpack, unpack_days, until_day
from node.domain.queries import DateField, StatementFilter
from node.domain.statements import StoredStatement
from node.insight.fit import as_it_stood, fits, needs_bodies
from node.insight.index import CORRECTED, RETRACTED, SEVERAL_BODIES, bodies_of, contributor_term, day_term
from node.storage import bylines, statements
from node.storage import statement_index as index
from node.storage.database import Transaction
from protocol.identifiers import CircleId, KeyId
from protocol.statements import Timestamp, kind_of

MAX_EXAMINED: Final = 2_000
"""Statements decoded for one page: about a tenth of a second at most, where next to nothing of them fits."""
MAX_BLOCKS: Final = 1_024
"""Blocks of the index that are read for one page: four million statements."""
MAX_LISTED: Final = 20_000
"""Statements of one subject that are taken from its own index for one page."""
_FEW: Final = 500
"""Statements of a subject that are decoded at once, without asking the index what else they say."""
_WINDOWS: Final = (2, 8, 32)
"""Blocks read at once: few at first, because a common term fills its page in the first."""
_PIECE: Final = 512
"""Places of a block that are listed at once."""
_CHUNK: Final = 200
"""Candidates decoded at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """Statements that fit, in feed order, and how far the feed has been searched."""

    items: tuple[StoredStatement, ...]
    searched_to: int
    more: bool


@dataclass(frozen=True, slots=True)
class _Batch:
    """Candidates, ascending; behind them nothing else fits up to ``searched_to``."""

    seqs: Sequence[int]
    searched_to: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """A filter in terms of the index: one of each group's terms, none of ``without``, every range of days."""

    groups: tuple[tuple[str, ...], ...]
    without: tuple[str, ...]
    days: tuple[tuple[DateField, date | None, date | None], ...]

    @property
    def terms(self) -> set[str]:
        """Everything to be read of a block."""
        ranged = {SEVERAL_BODIES, *(day_term(name) for name, _, _ in self.days)} if self.days else set[str]()
        return {term for group in self.groups for term in group} | set(self.without) | ranged

    def candidates(self, rows: Mapping[tuple[str, int], bytes], block: int) -> int:
        """The places of one block that may fit."""

        def read(term: str) -> bytes | None:
            return rows.get((term, block))

        bits = FULL
        for group in self.groups:
            bits &= reduce(or_, (_unpacked(read(term)) for term in group), 0)
            if not bits:
                return 0
        for term in self.without:
            bits &= ~_unpacked(read(term))
        several = _unpacked(read(SEVERAL_BODIES)) if self.days else 0
        for name, first, last in self.days:
            sliced = unpack_days(read(day_term(name)) or b"")
            bits &= (FULL if first is None else from_day(sliced, first)) | several
            bits &= (FULL if last is None else until_day(sliced, last)) | several
        return bits


def search(
    tx: Transaction,
    wanted: StatementFilter,
    *,
    after: int,
    limit: int,
    now: Timestamp,
    as_of: int | None = None,
    examine: int = MAX_EXAMINED,
    listed: int = MAX_LISTED,
) -> Found:
    """Statements behind ``after`` that fit, at most ``limit``, as they stand or as they stood at ``as_of``.

    Ends when ``examine`` candidates were looked at, give or take a chunk; of one subject ``listed`` are looked for.
    """
    # Read before anything else: what is numbered up to here is visible to the next query, whatever commits between.
    newest = statements.last_seq(tx)
    last = newest if as_of is None else min(as_of, newest)
    as_of = None if as_of is None or as_of >= newest else as_of  # nothing has come since: then is now
    found: list[StoredStatement] = []
    reached, examined = min(after, last), 0
    present = as_of is None
    candidates = _candidates(tx, wanted, after, last, now, present=present, examine=examine, listed=listed)
    for batch in _gathered(candidates, min(_CHUNK, limit + 1)):
        start = 0
        while start < len(batch.seqs):
            chunk = batch.seqs[start : start + min(_CHUNK, limit + 1 - len(found))]
            for stored in _examined(tx, wanted, chunk, now, as_of):
                if len(found) == limit:
                    return Found(tuple(found), found[-1].seq, more=True)
                found.append(stored)
            start, examined, reached = start + len(chunk), examined + len(chunk), chunk[-1]
            if examined >= examine:
                return Found(tuple(found), reached, more=reached < last)
        reached = batch.searched_to
    return Found(tuple(found), max(reached, after), more=reached < last)


def _gathered(batches: Iterable[_Batch], enough: int) -> Iterator[_Batch]:
    """The same candidates, several batches as one where they hold few: each is read with a query of its own."""
    seqs: list[int] = []
    searched_to: int | None = None
    for batch in batches:
        seqs.extend(batch.seqs)
        searched_to = batch.searched_to
        if len(seqs) >= enough:
            yield _Batch(seqs, searched_to)
            seqs, searched_to = [], None
    if searched_to is not None:
        yield _Batch(seqs, searched_to)


def _candidates(
    tx: Transaction,
    wanted: StatementFilter,
    after: int,
    last: int,
    now: Timestamp,
    *,
    present: bool,
    examine: int,
    listed: int,
) -> Iterator[_Batch]:
    plan = _plan(wanted, now, _logs_behind(tx, wanted), present=present)
    own = None
    if wanted.subjects is not None or wanted.objects is not None:
        own, last = _of_subjects(tx, wanted, after, last, listed)
        if len(own) <= _FEW:
            yield _Batch(own, last)
            return
    known = None if own is None else set(own)
    indexed = min(index.indexed_to(tx), last)
    reached = after
    for batch in _indexed(tx, plan, after, indexed, last, examine) if plan.terms else ():
        reached = batch.searched_to
        yield batch if known is None else _Batch([seq for seq in batch.seqs if seq in known], reached)
    if plan.terms and reached < indexed:
        return  # the bound on blocks
    while reached < last:
        end = min(reached + _CHUNK, last)
        seqs = [seq for seq in range(max(reached, after) + 1, end + 1) if known is None or seq in known]
        reached = end
        yield _Batch(seqs, reached)


def _indexed(
    tx: Transaction, plan: _Plan, after: int, indexed: int, last: int, unsure_at_once: int
) -> Iterator[_Batch]:
    """Block by block through what is indexed; what the index has wrong because it lags behind is a candidate too."""
    terms = plan.terms
    unsure = index.unindexed_targets(tx, after, indexed, last, unsure_at_once)
    if len(unsure) == unsure_at_once:
        indexed = unsure[-1]  # behind it there may be more: the page ends here
    block, blocks, window = (after + 1) // BLOCK, 0, 0
    while block * BLOCK <= indexed and blocks < MAX_BLOCKS:
        end = block + _WINDOWS[min(window, len(_WINDOWS) - 1)]
        window += 1
        rows = index.read_blocks(tx, terms, block, end - 1)
        for number in range(block, end):
            if number * BLOCK > indexed:
                break
            first = number * BLOCK
            bits = plan.candidates(rows, number)
            for seq in unsure:
                bits |= 1 << seq - first if seq // BLOCK == number else 0
            if first <= after:
                bits &= above(after + 1 - first)
            yield from _pieces(bits, first, indexed)
        blocks += end - block
        block = end


def _pieces(bits: int, first: int, indexed: int) -> Iterator[_Batch]:
    """The places of one block in a few steps: whoever has a page after the first does not list the others."""
    mask = (1 << _PIECE) - 1
    for start in range(first, first + BLOCK, _PIECE):
        if start <= indexed:
            seqs = [start + place for place in places(bits >> start - first & mask) if start + place <= indexed]
            yield _Batch(seqs, min(start + _PIECE - 1, indexed))


def _of_subjects(tx: Transaction, wanted: StatementFilter, after: int, last: int, listed: int) -> tuple[list[int], int]:
    """Where statements on the subjects stand, from the index that ``statements`` has on them; and how far that goes."""
    found: list[set[int]] = []
    for subjects, objects_only in ((wanted.subjects, False), (wanted.objects, True)):
        if subjects is not None:
            seqs = index.bearing_on(tx, subjects, after=after, limit=listed, objects_only=objects_only)
            if len(seqs) >= listed:
                last = min(last, seqs[-1])
            found.append(set(seqs))
    return sorted(seq for seq in set.intersection(*found) if seq <= last), last


def _examined(
    tx: Transaction, wanted: StatementFilter, seqs: Sequence[int], now: Timestamp, as_of: int | None
) -> list[StoredStatement]:
    """Those of the candidates that fit, as they stand or stood."""
    held = statements.by_seq(tx, seqs, now=now)
    acting = [each.seq for each in held if kind_of(each.statement) in {"correction", "retraction"}]
    recorded = {}
    looks = needs_bodies(wanted)
    if as_of is not None or (acting and looks):
        recorded = {each.place.seq: each for each in index.recorded(tx, seqs if as_of is not None else acting)}
    fitting = []
    for stored in held:
        record = recorded.get(stored.seq)
        shown = stored if as_of is None or record is None else as_it_stood(stored, record, as_of, now)
        bodies = bodies_of(record) if record is not None and stored.seq in acting else (shown.body,)
        if fits(shown, bodies, wanted, looks=looks):
            fitting.append(shown)
    return fitting


def _logs_behind(tx: Transaction, wanted: StatementFilter) -> tuple[tuple[CircleId, KeyId], ...] | None:
    """The logs in which what these contributors have said stands: an institution's name stands behind several keys."""
    if wanted.contributors is None:
        return None
    return tuple(
        (circle, log)
        for circle, shown in wanted.contributors
        for log in (*bylines.logs_behind(tx, circle, shown), shown)
    )


def _plan(
    wanted: StatementFilter, now: Timestamp, logs: Sequence[tuple[CircleId, KeyId]] | None, *, present: bool
) -> _Plan:
    """The terms of a filter. What became of statements is a term only of the present."""
    coded = (
        ("k", wanted.kinds),
        ("c", wanted.circles),
        ("i", wanted.indicators),
        ("s", wanted.scopes),
        ("t", wanted.technology_domains),
        ("e", wanted.engagement_kinds),
        ("m", wanted.mitigations),
        ("v", wanted.evidence_kinds),
        ("r", wanted.reliabilities),
        ("q", wanted.credibilities),
        ("x", wanted.strengths),
        ("h", wanted.handlings),
        ("n", wanted.relations),
        ("a", wanted.stances),
    )
    groups = [tuple(f"{letter}:{value}" for value in values) for letter, values in coded if values is not None]
    if logs is not None:
        groups.append(tuple(contributor_term(*each) for each in logs))
    groups += [(f"w:{word}",) for word in wanted.words]
    days: list[tuple[DateField, date | None, date | None]] = [
        ("observed_until", wanted.observed_after, None),
        ("observed_from", None, wanted.observed_before),
        ("issued", wanted.issued_after, wanted.issued_before),
        ("expires", wanted.expires_after, wanted.expires_before),
    ]
    without: tuple[str, ...] = ()
    states = set(wanted.states or ())
    if present and states:
        if states <= {"retracted", "corrected"}:
            groups.append(tuple(f"z:{state}" for state in sorted(states)))
        if states <= {"live", "corrected"}:
            days.append(("expires", day_of(now), None))
            without = (RETRACTED,) if "corrected" in states else (RETRACTED, CORRECTED)
        if states == {"expired"}:
            days.append(("expires", None, day_of(now)))
    ranges = tuple(each for each in days if each[1] is not None or each[2] is not None)
    return _Plan(tuple(groups), without, ranges)


def _unpacked(data: bytes | None) -> int:
    return 0 if data is None else unpack(data)
