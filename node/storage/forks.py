"""Logs whose contributors signed two histories, and the proof of it."""

import sqlalchemy as sa

from node.domain.ledger import Log
from node.storage.database import Transaction
from node.storage.ledger import find_log
from node.storage.tables.ledger import LOGS
from protocol.identifiers import CircleId
from protocol.statements import Timestamp


def declare(
    tx: Transaction, log: Log, *, index: int | None, evidence: bytes | None, problem: str, now: Timestamp
) -> bool:
    """Remember a fork; the caller holds the log's lock. Whether anything changed by it.

    What says more replaces what says less: a proof a mere suspicion, a located fork one that is not, and an earlier
    fork a later one. So members that have seen the same proofs, in whatever order, agree on where a log ends.
    """
    if not is_news(log, index=index, evidence=evidence):
        return False
    values = {"status": "forked", "problem": problem, "evidence": evidence, "fork_index": index}
    first_heard = now if log.forked_at is None else log.forked_at
    tx.connection.execute(sa.update(LOGS).where(LOGS.c.id == log.id).values(values | {"forked_at": first_heard}))
    return True


def is_news(log: Log, *, index: int | None, evidence: bytes | None) -> bool:
    """Whether this says more about a log than what is held of it."""
    return log.status == "good" or _weight(evidence, index) > _weight(log.evidence, log.fork_index)


def list_forks(tx: Transaction, circle: CircleId) -> list[Log]:
    """The forked logs of a circle, by contributor."""
    query = sa.select(LOGS.c.contributor).where(LOGS.c.circle == circle, LOGS.c.status == "forked")
    names = tx.connection.execute(query.order_by(LOGS.c.contributor)).scalars().all()
    return [log for log in (find_log(tx, circle, name) for name in names) if log is not None]


def _weight(evidence: bytes | None, index: int | None) -> tuple[bool, bool, int]:
    return evidence is not None, index is not None, -(index or 0)
