"""Storing what a log's entries mean.

What they mean is decided in :mod:`protocol.projection`, so that every node reads a log alike; here it becomes rows,
numbers in the feed, and claims to compute again.
"""

from collections.abc import Sequence

from node.storage import ledger as logs
from node.storage import projection as rows
from node.storage.database import Transaction
from protocol.identifiers import CircleId, KeyId
from protocol.projection import Reading, interpret, named
from protocol.replica import AcceptedEntry
from protocol.statements import Timestamp


def project(
    tx: Transaction, circle: CircleId, contributor: KeyId, entries: Sequence[AcceptedEntry], now: Timestamp
) -> Reading:
    """Store what ``entries`` mean, number them in the feed and mark the touched claims dirty.

    ``entries`` follow those projected before, without a hole; the caller has stored them in the same transaction
    and holds the lock of the log.
    """
    log = logs.lock_log(tx, circle, contributor)
    reading = interpret(entries, rows.by_id(tx, log, named(entries)))
    rows.insert(tx, log, list(reading.new.values()), now, replaced=reading.replaced)
    rows.update(tx, log, list(reading.changed.values()), now)
    rows.insert_unreadable(tx, log, reading.unreadable, now)
    rows.mark_dirty(tx, circle, reading.claims | rows.claims_answered(tx, circle, reading.answered))
    return reading
