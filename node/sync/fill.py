"""Content that was missing and comes after all: asked for again, and taken where its hash is the one in the tree.

A relay can leave content out and say nothing of why. The tree is whole without it, so the log goes on; but what came
without content and was never read here is asked for again, from whoever is asked next (clause 8.15). What comes is put
where it belongs and its log is read again from the beginning, which decides what it means, and takes away again what an
erasure names or what has expired. Since that costs as much as the log is long, nothing is taken that was not asked for,
and what comes is counted against the day's quota of bytes; what is beyond it stays missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final, TypeAlias

from node.domain.circles import Roster
from node.domain.ledger import Log
from node.ledger.membership import recompute
from node.ledger.reproject import read_again
from node.storage import gone, membership
from node.storage import ledger as logs
from node.storage import projection as rows
from node.storage.database import Database, Transaction
from node.sync.accept import allowance_of
from protocol.identifiers import CircleId, KeyId
from protocol.keys import PublicKey
from protocol.membership import facts_of
from protocol.merkle.hashing import Leaf, leaf_hash
from protocol.messages.stream import MAX_HOLE_LOGS, MAX_HOLE_RANGES, Filling
from protocol.replica import AcceptedEntry, reread
from protocol.statements import Timestamp

Holes: TypeAlias = Mapping[KeyId, Sequence[tuple[int, int]]]
"""Ranges of entries, each from its first to before its end, by log."""

ASKED_AT_ONCE: Final = 256
"""Entries asked for again in one request: some kilobytes, and an answer of 6 MB at most. A few rounds ask for all."""


def wanted(tx: Transaction, circle: CircleId) -> dict[KeyId, tuple[tuple[int, int], ...]]:
    """What a request asks for again: ranges of entries, by log."""
    asked: dict[KeyId, list[int]] = {}
    for log, index in gone.to_ask(tx, circle, ASKED_AT_ONCE):
        asked.setdefault(log, []).append(index)
    some = sorted(asked)[:MAX_HOLE_LOGS]
    return {log: _ranges(sorted(asked[log]))[:MAX_HOLE_RANGES] for log in some}


def fill(database: Database, roster: Roster, asked: Holes, fillings: Iterable[Filling], now: Timestamp) -> int:
    """Put content where it is missing; how much of it was that. What is not among ``asked`` changes nothing."""
    by_log: dict[KeyId, dict[int, bytes]] = {}
    for each in fillings:
        if any(first <= each.index < end for first, end in asked.get(each.contributor, ())):
            by_log.setdefault(each.contributor, {})[each.index] = each.entry
    return sum(_fill(database, roster, log, entries, now) for log, entries in sorted(by_log.items()))


def _fill(database: Database, roster: Roster, contributor: KeyId, entries: Mapping[int, bytes], now: Timestamp) -> int:
    line = roster.lines.get(contributor)
    if line is None:
        return 0
    with database.write() as tx:
        log = logs.find_log(tx, roster.circle, contributor)
        if log is None:
            return 0
        log = logs.lock_log(tx, roster.circle, contributor)
        missing = gone.unknown(tx, log, (index for index in entries if index < log.size))
        found = {
            index: entries[index]
            for index in sorted(missing)
            if logs.read_places(tx, log, index, index + 1) == [Leaf(leaf_hash(entries[index]))]
        }
        if contributor not in roster.own_keys:
            found = _spend(tx, roster, log, found, now)
        if found:
            _put(tx, roster, log.contributor, found, line.key, now)
    return len(found)


def _spend(tx: Transaction, roster: Roster, log: Log, found: dict[int, bytes], now: Timestamp) -> dict[int, bytes]:
    """As much as the day's quota has bytes for, which are spent; the entries themselves were counted as they came."""
    left = allowance_of(tx, roster, log.contributor, log, now)
    taken: dict[int, bytes] = {}
    size = 0
    for index, entry in found.items():
        if size + len(entry) > left.bytes:
            break
        taken[index] = entry
        size += len(entry)
    if taken:
        logs.save_allowance(tx, log, replace(left, bytes=left.bytes - size))
    return taken


def _put(
    tx: Transaction, roster: Roster, contributor: KeyId, found: Mapping[int, bytes], key: PublicKey, now: Timestamp
) -> None:
    log = logs.lock_log(tx, roster.circle, contributor)
    rows.lock_feed(tx)
    read = {
        index: AcceptedEntry(index, jws, leaf_hash(jws), reread(jws, key, log.circle, now))
        for index, jws in found.items()
    }
    facts = {fact.index for fact in facts_of(contributor, list(read.values()))}
    gone.put_back(tx, log, found)
    membership.insert(tx, log, [read[index] for index in sorted(facts)])
    claims = read_again(tx, log, key, now).claims
    if facts:
        claims |= recompute(tx, roster.circle, now)
    rows.mark_dirty(tx, roster.circle, claims)


def _ranges(indices: list[int]) -> tuple[tuple[int, int], ...]:
    """Indices as ranges that do not touch."""
    runs = groupby(enumerate(indices), key=lambda pair: pair[1] - pair[0])
    found = ([index for _, index in run] for _, run in runs)
    return tuple((run[0], run[-1] + 1) for run in found)
