"""What a request says that we hold: the truth, except for logs of which we want nothing now.

Those are claimed to be held in full, so that the peer does not send them (clause 9.7).
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from node.domain.circles import Roster
from node.domain.ledger import Log
from node.storage import ledger as logs
from node.storage.database import Transaction
from node.storage.trust import quarantined_logs
from node.sync import quota
from protocol.identifiers import KeyId
from protocol.limits import MAX_LOG_SIZE
from protocol.statements import Timestamp

_NOTHING: AbstractSet[KeyId] = frozenset()


def have(tx: Transaction, roster: Roster, now: Timestamp, left_out: AbstractSet[KeyId] = _NOTHING) -> dict[KeyId, int]:
    """Sizes by log.

    Left out, beside ``left_out``: forked logs of which we hold all that counts, logs whose quota is used up for today,
    and logs under quarantine.
    A forked log whose fork nobody has located is asked for as it is: what comes may show where it forks.
    """
    held = {log.contributor: log for log in logs.list_logs(tx, roster.circle)}
    sizes = {contributor: log.size for contributor, log in held.items()}
    done = {log.contributor for log in held.values() if log.is_complete}
    unwanted = left_out | quarantined_logs(tx, roster) | done | _spent(roster, held, now)
    return sizes | dict.fromkeys(unwanted - roster.own_keys, MAX_LOG_SIZE)


def _spent(roster: Roster, held: Mapping[KeyId, Log], now: Timestamp) -> set[KeyId]:
    """The logs, also those of which we hold nothing yet, whose quota is used up."""
    spent: set[KeyId] = set()
    seen: set[KeyId] = set()
    for key in roster.lines.keys() | held.keys():
        if key in seen:
            continue
        logs_of = quota.sharing(roster, key)
        seen |= logs_of
        known = (held[each].allowance for each in logs_of if each in held)
        left = quota.least(roster.charter, (each for each in known if each is not None), now)
        if quota.is_exhausted(roster.charter, left, now):
            spent |= logs_of
    return spent
