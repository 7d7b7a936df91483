"""Storing what a log's entries mean.

What they mean is decided in :mod:`protocol.projection`, so that every node reads a log alike; here it becomes rows,
numbers in the feed, and claims to compute again.
"""

from collections.abc import Sequence

from node.ledger import erase
from node.ledger.membership import recompute
from node.storage import bylines, gone, membership, person_tokens, replies
from node.storage import ledger as logs
from node.storage import projection as rows
from node.storage.database import Transaction
from protocol.identifiers import CircleId, KeyId
from protocol.membership import facts_of
from protocol.projection import Reading, interpret, named
from protocol.replica import AcceptedEntry
from protocol.statements import Timestamp


def project(
    tx: Transaction,
    circle: CircleId,
    contributor: KeyId,
    entries: Sequence[AcceptedEntry],
    now: Timestamp,
    *,
    vouched: bool = False,
) -> Reading:
    """Store what ``entries`` mean, number them in the feed and mark the touched claims dirty.

    ``entries`` follow those projected before, without a hole; the caller has stored them in the same transaction
    and holds the lock of the log. Where they say who is a member, the roster is computed anew here as well, so that
    no reader ever sees one without the other. What an erasure among them takes away is taken away here.

    ``vouched``: where entries have no content, their author's own node says so.
    """
    log = logs.lock_log(tx, circle, contributor)
    if not entries:
        return Reading()
    rows.lock_feed(tx)
    cut = membership.cut_of(tx, circle, contributor)
    never_here = gone.unknown(tx, log, erase.named_by(entries)) | gone.unknown(tx, log)
    erase.note_missing(tx, log, entries, now, vouched=vouched)
    reading = interpret(entries, rows.by_id(tx, log, named(entries), cut), cut, never_here)
    facts = {fact.index for fact in facts_of(contributor, entries)}
    counted = bool(facts) and not membership.has_all(tx, log)
    membership.insert(tx, log, [entry for entry in entries if entry.index in facts])
    person_tokens.insert_keys(tx, log, entries)
    rows.insert(tx, log, list(reading.new.values()), now, replaced=reading.replaced)
    rows.update(tx, log, [row for row in reading.changed.values() if not row.gone], now)
    gone.note_acts(tx, log, [row for row in reading.changed.values() if row.gone])
    rows.insert_unreadable(tx, log, reading.unreadable, now)
    bylines.note(tx, log, reading.new.values())
    replies.note_targets(tx, log, reading.new.values())
    signed = {
        (contributor, row.target_id)
        for row in reading.new.values()
        if row.kind == "attribution" and row.target_id is not None
    }
    claims = reading.claims | rows.claims_answered(tx, circle, reading.answered | signed)
    claims |= erase.take_away(tx, log, erase.erasures(entries, reading), reading, now)
    if counted:
        claims |= recompute(tx, circle, now)
    rows.mark_dirty(tx, circle, claims)
    return reading
