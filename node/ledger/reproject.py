"""Projecting a whole log again: where time has changed how an entry reads."""

from collections.abc import Iterable

from node.domain.ledger import Log
from node.storage import ledger as logs
from node.storage import projection as rows
from node.storage.database import Transaction
from node.storage.statements import decode_stored
from protocol import replica
from protocol.identifiers import KeyId, StatementId
from protocol.keys import PublicKey
from protocol.merkle.hashing import leaf_hash
from protocol.projection import ClaimKey, Projected, interpret
from protocol.replica import AcceptedEntry, Content
from protocol.statements import Timestamp


def reproject(tx: Transaction, log: Log, key: PublicKey, now: Timestamp) -> int:
    """Bring the projection of a log to what its entries say at ``now``; how many statements changed.

    The caller holds the log's lock. Rows that stay keep their place in the feed; what becomes readable gets a new
    one. A statement that was readable only because an earlier entry with its identifier was not yet, goes.
    """
    current = rows.of_log(tx, log)
    entries = [
        AcceptedEntry(index, jws, leaf_hash(jws), _content(jws, key, log, now, known=index in current))
        for index, jws in logs.indexed_entries(tx, log)
    ]
    reading = interpret(entries, {})
    expected = {row.index: row for row in reading.new.values()}
    gone = [row for index, row in current.items() if index not in expected]
    new = [row for index, row in expected.items() if index not in current]
    changed = [row for index, row in expected.items() if index in current and current[index] != row]
    rows.delete(tx, log, [row.index for row in gone])
    rows.update(tx, log, changed, now)
    rows.insert(tx, log, new, now, replaced=reading.replaced)
    rows.replace_unreadable(tx, log, reading.unreadable, now)
    touched = [*gone, *new, *changed, *(current[row.index] for row in changed)]
    claims, answered = _bearing(touched)
    rows.mark_dirty(tx, log.circle, claims | rows.claims_answered(tx, log.circle, answered))
    return len(gone) + len(new) + len(changed)


def _content(jws: bytes, key: PublicKey, log: Log, now: Timestamp, *, known: bool) -> Content:
    """What is projected was verified when it came in; everything else is read again from the beginning."""
    return decode_stored(jws) if known else replica.reread(jws, key, log.circle, now)


def _bearing(touched: Iterable[Projected]) -> tuple[set[ClaimKey], set[tuple[KeyId, StatementId]]]:
    claims: set[ClaimKey] = set()
    answered: set[tuple[KeyId, StatementId]] = set()
    for row in touched:
        if row.claim is not None:
            claims.add(row.claim)
        if row.target_contributor is not None and row.target_id is not None:
            answered.add((row.target_contributor, row.target_id))
    return claims, answered
