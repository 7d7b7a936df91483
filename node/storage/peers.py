"""What is remembered of peers, of the nonces they used, and of the worker."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from node.domain.sync import Heartbeat, Hint, HostState, PeerState, PullReport
from node.storage.database import Transaction
from node.storage.tables.ledger import LOGS
from node.storage.tables.sync import HEARTBEATS, HINTS, HOSTS, NONCES, PEERS
from node.storage.upsert import insert_new, upsert
from protocol.identifiers import CircleId, KeyId
from protocol.statements import Timestamp


def record_pull(tx: Transaction, report: PullReport, now: Timestamp) -> bool:
    """Remember how a pull went; whether the peer was reached.

    Problems with single logs do not make the peer itself unreachable. A pull has failed if it brought nothing and the
    exchange itself had a problem, in whatever order they came; such a problem is the one to be shown.
    """
    known = find_peer(tx, report.circle, report.contributor)
    exchange = next((problem for problem in report.problems if problem.log is None), None)
    problem = exchange or next(iter(report.problems), None)
    reached = exchange is None or report.entries > 0
    row = {
        "circle": report.circle,
        "contributor": report.contributor,
        "last_attempt": now,
        "last_success": now if reached else (known.last_success if known else None),
        "error_code": problem.code.value if problem else "",
        "error_detail": problem.detail if problem else "",
        "failures": 0 if reached else (known.failures if known else 0) + 1,
        "lag": report.lag,
        "last_push": known.last_push if known else None,
    }
    upsert(tx, PEERS, [row], replace=[name for name in row if name not in {"circle", "contributor"}])
    return reached


def note_push(tx: Transaction, circle: CircleId, contributor: KeyId, now: Timestamp) -> None:
    """Remember that a member has come to us with entries: a sign of life of one that may not be reachable."""
    known = find_peer(tx, circle, contributor)
    if known is None:
        row = {
            "circle": circle,
            "contributor": contributor,
            "last_attempt": 0,
            "last_success": None,
            "error_code": "",
            "error_detail": "",
            "failures": 0,
            "lag": 0,
            "last_push": now,
        }
        upsert(tx, PEERS, [row], replace=["last_push"])
        return
    here = (PEERS.c.circle == circle) & (PEERS.c.contributor == contributor)
    tx.connection.execute(sa.update(PEERS).where(here).values(last_push=now))


def find_peer(tx: Transaction, circle: CircleId, contributor: KeyId) -> PeerState | None:
    """What is known of a peer, if it was ever asked."""
    query = sa.select(PEERS).where(PEERS.c.circle == circle, PEERS.c.contributor == contributor)
    row = tx.connection.execute(query).one_or_none()
    return None if row is None else PeerState(*row)


def list_peers(tx: Transaction) -> list[PeerState]:
    """Every peer that was ever asked."""
    query = sa.select(PEERS).order_by(PEERS.c.circle, PEERS.c.contributor)
    return [PeerState(*row) for row in tx.connection.execute(query)]


def note_hints(tx: Transaction, circle: CircleId, contributor: KeyId, sizes: Mapping[KeyId, int]) -> None:
    """Remember what this member says it holds; every process of the node can see it."""
    rows = [
        {"circle": circle, "contributor": contributor, "log": log, "size": size} for log, size in sorted(sizes.items())
    ]
    upsert(tx, HINTS, rows, replace=["size"])


def list_hints(tx: Transaction) -> list[Hint]:
    """What was announced and has not been asked for, whether it has come by another way or not."""
    query = sa.select(HINTS).order_by(HINTS.c.circle, HINTS.c.contributor, HINTS.c.log)
    return [Hint(*row) for row in tx.connection.execute(query)]


def has_hints(tx: Transaction) -> bool:
    """Whether anything was announced that nobody has asked for yet."""
    return tx.connection.execute(sa.select(HINTS.c.log).limit(1)).first() is not None


def forget_hints(tx: Transaction, hints: Iterable[Hint]) -> None:
    """Drop announcements that were followed; a larger one for the same log, made since, stays."""
    for hint in hints:
        here = (HINTS.c.circle == hint.circle) & (HINTS.c.contributor == hint.contributor) & (HINTS.c.log == hint.log)
        tx.connection.execute(sa.delete(HINTS).where(here, HINTS.c.size <= hint.size))


def total_covered(tx: Transaction) -> int:
    """The entries of all logs together, as far as checkpoints cover them: a glance that shows whether any came."""
    query = sa.select(sa.func.coalesce(sa.func.sum(LOGS.c.covered_size), 0))
    return int(tx.connection.execute(query).scalar_one())


def covered_sizes(tx: Transaction, circle: CircleId) -> dict[KeyId, int]:
    """How many entries of each log a checkpoint covers: what can be passed on."""
    query = sa.select(LOGS.c.contributor, LOGS.c.covered_size).where(LOGS.c.circle == circle, LOGS.c.covered_size > 0)
    return {row.contributor: row[1] for row in tx.connection.execute(query)}


def held_sizes(tx: Transaction, circle: CircleId) -> dict[KeyId, int]:
    """How many entries of each log we hold, covered or not."""
    query = sa.select(LOGS.c.contributor, LOGS.c.size).where(LOGS.c.circle == circle)
    return {row.contributor: row[1] for row in tx.connection.execute(query)}


def list_hosts(tx: Transaction) -> dict[str, HostState]:
    """The hosts that have failed since they last answered."""
    query = sa.select(HOSTS.c.host, HOSTS.c.failures, HOSTS.c.not_before, HOSTS.c.roused_at)
    return {host: HostState(*state) for host, *state in tx.connection.execute(query)}


def save_host(tx: Transaction, host: str, state: HostState | None) -> None:
    """Remember how long to wait for a host; None forgets that it ever failed."""
    if state is None:
        tx.connection.execute(sa.delete(HOSTS).where(HOSTS.c.host == host))
        return
    row: Mapping[str, object] = {
        "host": host,
        "failures": state.failures,
        "not_before": state.not_before,
        "roused_at": state.roused_at,
    }
    upsert(tx, HOSTS, [row], replace=["failures", "not_before", "roused_at"])


def remember_nonce(tx: Transaction, key_id: KeyId, nonce: str, expires: Timestamp) -> bool:
    """Whether this key uses this nonce for the first time; from the commit on nobody can use it again."""
    return insert_new(tx, NONCES, {"key_id": key_id, "nonce": nonce, "expires": expires})


def prune_nonces(tx: Transaction, now: Timestamp) -> int:
    """Forget nonces whose signatures are no longer fresh; how many."""
    return tx.connection.execute(sa.delete(NONCES).where(NONCES.c.expires < now)).rowcount


def beat(tx: Transaction, name: str, now: Timestamp, note: str) -> None:
    """Leave a sign of life."""
    upsert(tx, HEARTBEATS, [{"name": name, "at": now, "note": note}], replace=["at", "note"])


def last_beat(tx: Transaction, name: str) -> Timestamp | None:
    """When a part last left a sign of life."""
    query = sa.select(HEARTBEATS.c.at).where(HEARTBEATS.c.name == name)
    at: Timestamp | None = tx.connection.execute(query).scalar_one_or_none()
    return at


def list_heartbeats(tx: Transaction) -> list[Heartbeat]:
    """Every part that ever left a sign of life."""
    return [Heartbeat(*row) for row in tx.connection.execute(sa.select(HEARTBEATS).order_by(HEARTBEATS.c.name))]
