"""Logs whose contributors signed two histories, and the proof of it.

Every proof that moves the place of a fork makes a node compute anew who is a member and what is void. A contributor can
sign as many histories as it likes, and show them one by one at falling places, so there is a bound on how often a log
is followed down. A proof that comes too early is left with whoever holds it, who offers it again: the earliest fork
that anybody holds is everybody's in the end.
"""

from typing import Final

import sqlalchemy as sa

from node.domain.ledger import Log
from node.storage.database import Transaction
from node.storage.ledger import find_log
from node.storage.tables.ledger import LOGS
from protocol.identifiers import CircleId
from protocol.statements import Timestamp

LOWERED_AT_ONCE: Final = 16
"""Proofs of ever earlier forks of one log that are followed one after the other: a key with this many real histories is
a key that many hold."""
LOWERED_SECONDS: Final = 60
"""From then on one in a minute, seconds apart: 1,440 recomputations a day, as often as a node asks its peers."""


def declare(
    tx: Transaction, log: Log, *, index: int | None, evidence: bytes | None, problem: str, now: Timestamp
) -> bool:
    """Remember a fork; the caller holds the log's lock. Whether anything changed by it.

    What says more replaces what says less: a proof a mere suspicion, a located fork one that is not, and an earlier
    fork a later one. So members that have seen the same proofs, in whatever order, agree on where a log ends.
    """
    if not is_news(log, index=index, evidence=evidence, now=now):
        return False
    lowered_until = None if log.fork_index is None else _room_from(log, now) + LOWERED_SECONDS
    values = {
        "lowered_until": lowered_until,
        "status": "forked",
        "problem": problem,
        "evidence": evidence,
        "fork_index": index,
    }
    first_heard = now if log.forked_at is None else log.forked_at
    tx.connection.execute(sa.update(LOGS).where(LOGS.c.id == log.id).values(values | {"forked_at": first_heard}))
    return True


def is_news(log: Log, *, index: int | None, evidence: bytes | None, now: Timestamp) -> bool:
    """Whether this says more about a log than what is held of it, and there is room to follow it down once more."""
    if log.status == "good":
        return True
    if _weight(evidence, index) <= _weight(log.evidence, log.fork_index):
        return False
    return log.fork_index is None or _room_from(log, now) <= now + (LOWERED_AT_ONCE - 1) * LOWERED_SECONDS


def _room_from(log: Log, now: Timestamp) -> int:
    """When the room that is taken up ends; what a clock that was ahead has noted is none."""
    until = log.lowered_until or now
    return until if now < until <= now + LOWERED_AT_ONCE * LOWERED_SECONDS else now


def list_forks(tx: Transaction, circle: CircleId) -> list[Log]:
    """The forked logs of a circle, by contributor."""
    query = sa.select(LOGS.c.contributor).where(LOGS.c.circle == circle, LOGS.c.status == "forked")
    names = tx.connection.execute(query.order_by(LOGS.c.contributor)).scalars().all()
    return [log for log in (find_log(tx, circle, name) for name in names) if log is not None]


def _weight(evidence: bytes | None, index: int | None) -> tuple[bool, bool, int]:
    return evidence is not None, index is not None, -(index or 0)
