"""What changes by the passing of time alone: statements expire, and entries dated in the future come of age.

What has expired loses its content here, as what was erased does (clause 8.14). Only what acts on other statements and
holds nothing but an identifier and a code stays, or its log would read differently without it.

Both are rare and cheap to look for, so every round of the worker looks, and nothing needs to be scheduled. For
entries from the future one look a day is enough, since statements are dated by days; more would let a member that
writes many of them cost every peer a signature check each and every minute.
"""

from typing import Final

from node.ledger.reproject import read_again
from node.storage import circles, peers, projection
from node.storage import ledger as logs
from node.storage.database import Database
from protocol import replica
from protocol.errors import Code
from protocol.limits import MAX_CLOCK_SKEW_SECONDS
from protocol.statements import DAY_SECONDS, Timestamp

HEARTBEAT: Final = "sweep"


def sweep(database: Database, now: Timestamp) -> int:
    """Mark the claims whose statements have expired, take these away, and read again what waited for its day.

    Returns how many statements that concerned. Each part is a transaction of its own; stopping between them loses
    nothing.
    """
    touched = 0
    while True:
        with database.write() as tx:
            swept = projection.sweep_expired(tx, now)
        touched += swept
        if not swept:
            break
    return touched + _come_of_age(database, now)


def _come_of_age(database: Database, now: Timestamp) -> int:
    """Clause 8.7: an entry from the future is what it says once its day has come, for everybody alike."""
    with database.read() as tx:
        looked = peers.last_beat(tx, HEARTBEAT)
        if looked is not None and _statement_day(looked) == _statement_day(now):
            return 0
        waiting = [
            (log, [entry.index for entry in logs.list_unreadable(tx, log, code=Code.FUTURE_DATED)])
            for log in logs.list_logs(tx)
        ]
        rosters = {roster.circle: roster for roster in circles.list_rosters(tx)}
        due = []
        for log, indices in waiting:
            line = rosters[log.circle].lines.get(log.contributor) if indices else None
            if line is not None and any(
                not isinstance(replica.reread(jws, line.key, log.circle, now), replica.Unreadable)
                for index in indices
                for _, jws in logs.read_content(tx, log, index, index + 1)
            ):
                due.append((log, line.key))
    touched = 0
    for log, key in due:
        with database.write() as tx:
            found = read_again(tx, logs.lock_log(tx, log.circle, log.contributor), key, now)
            projection.mark_dirty(tx, log.circle, found.claims)
        touched += found.statements
    with database.write() as tx:
        peers.beat(tx, HEARTBEAT, now, f"{touched} statements changed by the new day")
    return touched


def _statement_day(now: Timestamp) -> int:
    """The latest day with which a statement may be dated now (clause 4.5)."""
    return (now + MAX_CLOCK_SKEW_SECONDS) // DAY_SECONDS
