"""What a request says that we hold: the truth, except for logs of which we want nothing now.

Those are claimed to be held in full, so that the peer does not send them (clause 9.7).
"""

from collections.abc import Set as AbstractSet

from node.domain.circles import Roster
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
    held = logs.list_logs(tx, roster.circle)
    sizes = {log.contributor: log.size for log in held}
    unwanted = set(left_out) | quarantined_logs(tx, roster)
    for log in held:
        done = log.fork_index is not None and log.is_complete
        spent = log.contributor not in roster.own_keys and quota.is_exhausted(roster.charter, log.allowance, now)
        if done or spent:
            unwanted.add(log.contributor)
    return sizes | dict.fromkeys(unwanted - roster.own_keys, MAX_LOG_SIZE)
