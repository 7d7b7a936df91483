"""Storing what a log's entries mean.

What they mean is decided in :mod:`protocol.projection`, so that every node reads a log alike; here it becomes rows,
numbers in the feed, and claims to compute again.
"""

from collections.abc import Sequence

from node.ledger.membership import recompute
from node.storage import ledger as logs
from node.storage import membership
from node.storage import projection as rows
from node.storage.database import Transaction
from protocol.identifiers import CircleId, KeyId
from protocol.membership import facts_of
from protocol.projection import Reading, interpret, named
from protocol.replica import AcceptedEntry
from protocol.statements import Timestamp


def project(
    tx: Transaction, circle: CircleId, contributor: KeyId, entries: Sequence[AcceptedEntry], now: Timestamp
) -> Reading:
    """Store what ``entries`` mean, number them in the feed and mark the touched claims dirty.

    ``entries`` follow those projected before, without a hole; the caller has stored them in the same transaction
    and holds the lock of the log. Where they say who is a member, the roster is computed anew here as well, so that
    no reader ever sees one without the other.
    """
    log = logs.lock_log(tx, circle, contributor)
    if not entries:
        return Reading()
    rows.lock_feed(tx)
    cut = membership.cut_of(tx, circle, contributor)
    reading = interpret(entries, rows.by_id(tx, log, named(entries), cut), cut)
    facts = {fact.index for fact in facts_of(contributor, entries)}
    counted = bool(facts) and not membership.has_all(tx, log)
    membership.insert(tx, log, [entry for entry in entries if entry.index in facts])
    rows.insert(tx, log, list(reading.new.values()), now, replaced=reading.replaced)
    rows.update(tx, log, list(reading.changed.values()), now)
    rows.insert_unreadable(tx, log, reading.unreadable, now)
    claims = reading.claims | rows.claims_answered(tx, circle, reading.answered)
    if counted:
        claims |= recompute(tx, circle, now)
    rows.mark_dirty(tx, circle, claims)
    return reading
