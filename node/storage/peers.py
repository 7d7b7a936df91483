"""What is remembered of peers, of the nonces they used, and of the worker."""

import sqlalchemy as sa

from node.domain.sync import Heartbeat, PeerState, PullReport
from node.storage.database import Transaction
from node.storage.tables.sync import HEARTBEATS, NONCES, PEERS
from node.storage.upsert import insert_new, upsert
from protocol.identifiers import CircleId, KeyId
from protocol.statements import Timestamp


def record_pull(tx: Transaction, report: PullReport, now: Timestamp) -> None:
    """Remember how a pull went.

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
    }
    upsert(tx, PEERS, [row], replace=[name for name in row if name not in {"circle", "contributor"}])


def find_peer(tx: Transaction, circle: CircleId, contributor: KeyId) -> PeerState | None:
    """What is known of a peer, if it was ever asked."""
    query = sa.select(PEERS).where(PEERS.c.circle == circle, PEERS.c.contributor == contributor)
    row = tx.connection.execute(query).one_or_none()
    return None if row is None else PeerState(*row)


def list_peers(tx: Transaction) -> list[PeerState]:
    """Every peer that was ever asked."""
    query = sa.select(PEERS).order_by(PEERS.c.circle, PEERS.c.contributor)
    return [PeerState(*row) for row in tx.connection.execute(query)]


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
