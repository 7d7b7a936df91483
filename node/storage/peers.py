"""What is remembered of peers, of the nonces they used, and of the worker."""

from collections.abc import Mapping

import sqlalchemy as sa

from node.domain.sync import Heartbeat, Hint, HostState, PeerState, PullReport, Pulse
from node.storage.database import Transaction
from node.storage.tables.ledger import LOGS
from node.storage.tables.sync import HEARTBEATS, HINTS, HOSTS, NONCES, PEERS
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


def note_hint(tx: Transaction, circle: CircleId, contributor: KeyId) -> None:
    """Remember that this member says it has news; every process of the node can see it."""
    row = {"circle": circle, "contributor": contributor, "received": 1, "answered": 0}
    upsert(tx, HINTS, [row], increment="received")


def list_hints(tx: Transaction) -> list[Hint]:
    """The members whose news nobody has asked for yet."""
    query = sa.select(HINTS).where(HINTS.c.received > HINTS.c.answered)
    return [Hint(*row) for row in tx.connection.execute(query)]


def answer_hint(tx: Transaction, hint: Hint) -> None:
    """Note that a pull which began after this hint was read has answered it; later hints stay."""
    here = (HINTS.c.circle == hint.circle) & (HINTS.c.contributor == hint.contributor)
    newer = HINTS.c.answered < hint.received
    tx.connection.execute(sa.update(HINTS).where(here, newer).values(answered=hint.received))


def pulse(tx: Transaction) -> Pulse:
    """A glance that costs two sums, for whoever looks every second."""
    entries = sa.select(sa.func.coalesce(sa.func.sum(LOGS.c.covered_size), 0)).scalar_subquery()
    hints = sa.select(sa.func.coalesce(sa.func.sum(HINTS.c.received - HINTS.c.answered), 0)).scalar_subquery()
    row = tx.connection.execute(sa.select(entries, hints)).one()
    return Pulse(int(row[0]), int(row[1]))


def covered_sizes(tx: Transaction) -> dict[tuple[CircleId, KeyId], int]:
    """How many entries of each log a checkpoint covers: what can be passed on."""
    query = sa.select(LOGS.c.circle, LOGS.c.contributor, LOGS.c.covered_size).where(LOGS.c.covered_size > 0)
    return {(circle, contributor): size for circle, contributor, size in tx.connection.execute(query)}


def list_hosts(tx: Transaction) -> dict[str, HostState]:
    """The hosts that have failed since they last answered."""
    query = sa.select(HOSTS.c.host, HOSTS.c.failures, HOSTS.c.not_before)
    return {host: HostState(failures, not_before) for host, failures, not_before in tx.connection.execute(query)}


def save_host(tx: Transaction, host: str, state: HostState | None) -> None:
    """Remember how long to wait for a host; None forgets that it ever failed."""
    if state is None:
        tx.connection.execute(sa.delete(HOSTS).where(HOSTS.c.host == host))
        return
    row: Mapping[str, object] = {"host": host, "failures": state.failures, "not_before": state.not_before}
    upsert(tx, HOSTS, [row], replace=["failures", "not_before"])


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
