"""Projecting a whole log again: where time or a moved cut has changed how an entry reads."""

from collections.abc import Iterable
from dataclasses import dataclass

from node.domain.ledger import Log
from node.ledger import erase
from node.storage import bylines, gone, membership, replies
from node.storage import ledger as logs
from node.storage import projection as rows
from node.storage.database import Transaction
from node.storage.statements import decode_stored
from protocol import replica
from protocol.identifiers import KeyId, StatementId
from protocol.keys import PublicKey
from protocol.merkle.hashing import Entry, Leaf, entry_hash
from protocol.projection import ClaimKey, Projected, interpret
from protocol.replica import AcceptedEntry, Content, Erased
from protocol.statements import Timestamp


@dataclass(frozen=True, slots=True)
class Reread:
    """What reading a log again has changed."""

    statements: int
    claims: set[ClaimKey]
    """To be marked by the caller."""


def read_again(tx: Transaction, log: Log, key: PublicKey, now: Timestamp) -> Reread:
    """Bring the projection of a log to what its entries say at ``now`` and with the cut that it now has.

    Who is a member does not change by it (clause 6.10). Nobody else projects meanwhile: the feed is locked, and whoever
    has entries of this log to add waits for it before reading what is stored. Rows that stay keep their place in the
    feed; what becomes readable gets a new one. A statement that was readable only because an earlier entry with its
    identifier was not yet, goes.
    """
    rows.lock_feed(tx)
    cut = membership.cut_of(tx, log.circle, log.contributor)
    current = rows.of_log(tx, log, cut)
    entries = [
        as_accepted(index, entry, _content(entry, key, log, now, known=index in current))
        for index, entry in logs.indexed_entries(tx, log)
    ]
    reading = interpret(entries, {}, cut, remembered=gone.of_log(tx, log, cut))
    expected = {row.index: row for row in reading.new.values() if not row.gone}
    lost = [row for index, row in current.items() if index not in expected]
    new = [row for index, row in expected.items() if index not in current]
    changed = [row for index, row in expected.items() if index in current and current[index] != row]
    rows.delete(tx, log, [row.index for row in lost])
    rows.update(tx, log, changed, now)
    rows.mark_unindexed(tx, log, [row.index for row in changed])
    rows.insert(tx, log, new, now, replaced=reading.replaced)
    bylines.replace(tx, log, expected.values())
    replies.note_targets(tx, log, new)
    rows.replace_unreadable(tx, log, reading.unreadable, now)
    gone.note_acts(tx, log, [row for row in reading.new.values() if row.gone])
    touched = [*lost, *new, *changed, *(current[row.index] for row in changed)]
    claims, answered = _bearing(touched)
    claims |= rows.claims_answered(tx, log.circle, answered)
    # What had been missing and has come, and what an erasure takes away that counts again.
    claims |= erase.take_away(tx, log, erase.erasures(entries, reading), reading, now)
    return Reread(len(lost) + len(new) + len(changed), claims)


def as_accepted(index: int, entry: Entry, content: Content) -> AcceptedEntry:
    """A stored entry as it came in."""
    return AcceptedEntry(index, b"" if isinstance(entry, Leaf) else entry, entry_hash(entry), content)


def _content(entry: Entry, key: PublicKey, log: Log, now: Timestamp, *, known: bool) -> Content:
    """What is projected was verified when it came in; everything else is read again from the beginning."""
    if isinstance(entry, Leaf):
        return Erased()
    return decode_stored(entry) if known else replica.reread(entry, key, log.circle, now)


def _bearing(touched: Iterable[Projected]) -> tuple[set[ClaimKey], set[tuple[KeyId, StatementId]]]:
    claims: set[ClaimKey] = set()
    answered: set[tuple[KeyId, StatementId]] = set()
    for row in touched:
        if row.claim is not None:
            claims.add(row.claim)
        if row.target_contributor is not None and row.target_id is not None:
            answered.add((row.target_contributor, row.target_id))
    return claims, answered
