"""Rounds: pull from every peer that is due, then bring the rest of the node up to date.

Reconciliation, not a queue: a round compares what is with what should be and remembers nothing that it would
miss after a crash. A peer that fails is asked less often, each time half as often down to one hour, and asked
last, so that it costs the others nothing.
"""

import secrets
from collections.abc import Callable
from threading import Event
from typing import Final

import httpx2
import structlog

from node.domain.circles import Member, Roster
from node.domain.sync import PeerState, PullReport, SyncReport
from node.errors import HanseError
from node.ledger.sweep import sweep
from node.storage import circles, peers
from node.storage.database import TRANSIENT_ERRORS
from node.sync.outbound import Outbound
from node.sync.parts import Parts
from node.sync.pull import pull, verifiers
from node.sync.transport import Patience
from protocol.errors import ProtocolError
from protocol.statements import Timestamp

HEARTBEAT: Final = "sync"
MAX_PAUSE_SECONDS: Final = 3_600
"""A peer that was away for days is found within the hour."""
_MAX_DOUBLINGS: Final = 12
_JITTER_PERCENT: Final = 20
"""Rounds of nodes that were started together drift apart, so that peers are not asked by all at once."""


def sync_once(
    node: Parts, *, transport: httpx2.BaseTransport | None = None, patience: Patience | None = None
) -> SyncReport:
    """Pull from every member of every circle now, whatever happened before."""
    return _round(node, transport, patience, due_only=False)


def run_worker(
    node: Parts,
    stop: Event,
    *,
    after_round: Callable[[], None],
    transport: httpx2.BaseTransport | None = None,
    patience: Patience | None = None,
) -> None:
    """Rounds until ``stop`` is set; a round that fails is logged and the next one comes all the same.

    ``after_round`` recomputes what depends on new entries. Stops between two peers at the latest.
    """
    while not stop.is_set():
        note = "failed"
        try:
            report = _round(node, transport, patience, due_only=True, stop=stop)
            after_round()
            note = f"{report.entries} entries from {len(report.pulls)} peers, {len(report.problems)} problems"
        except (HanseError, ProtocolError) as error:
            _failed(error.code.value, error.detail)
        except TRANSIENT_ERRORS as error:
            _failed("database", type(error).__name__)  # its text may quote a statement with values
        _beat(node, note)
        stop.wait(_jittered(node.settings.sync_seconds))


def _round(
    node: Parts,
    transport: httpx2.BaseTransport | None,
    patience: Patience | None,
    *,
    due_only: bool,
    stop: Event | None = None,
) -> SyncReport:
    reports: list[PullReport] = []
    with Outbound(node, transport=transport, patience=patience) as outbound, verifiers() as executor:
        for roster, member in _peers(node, due_only=due_only):
            if stop is not None and stop.is_set():
                break
            report = pull(node, outbound, roster, member, executor)
            with node.database.write() as tx:
                peers.record_pull(tx, report, node.clock.now())
            _log(report)
            reports.append(report)
    sweep(node.database, node.clock.now())
    with node.database.write() as tx:
        peers.prune_nonces(tx, node.clock.now())
    return SyncReport(tuple(reports))


def _peers(node: Parts, *, due_only: bool) -> list[tuple[Roster, Member]]:
    """Whom to ask, those that answered last time first."""
    with node.database.read() as tx:
        rosters = circles.list_rosters(tx)
        known = {(state.circle, state.contributor): state for state in peers.list_peers(tx)}
    now = node.clock.now()
    found = [
        (0 if state is None else state.failures, roster, member)
        for roster in rosters
        for member in roster.others
        for state in (known.get((roster.circle, member.contributor)),)
        if not due_only or state is None or now >= next_attempt(state, node.settings.sync_seconds)
    ]
    return [(roster, member) for _, roster, member in sorted(found, key=lambda each: each[0])]


def next_attempt(state: PeerState, sync_seconds: int) -> Timestamp:
    """When a peer is asked again. One that answers is asked in every round."""
    if not state.failures:
        return state.last_attempt
    pause = min(MAX_PAUSE_SECONDS, sync_seconds * 2 ** min(state.failures, _MAX_DOUBLINGS))
    return Timestamp(state.last_attempt + pause)


def _beat(node: Parts, note: str) -> None:
    try:
        with node.database.write() as tx:
            peers.beat(tx, HEARTBEAT, node.clock.now(), note)
    except TRANSIENT_ERRORS as error:
        _failed("database", type(error).__name__)


def _failed(code: str, detail: str) -> None:
    structlog.get_logger().error("sync-round-failed", code=code, detail=detail)


def _log(report: PullReport) -> None:
    """Pseudonyms and numbers; the words with names of institutions are in the database, for the operator's page."""
    logger = structlog.get_logger().bind(circle=report.circle, contributor=report.contributor)
    if report.entries:
        logger.info("pulled", entries=report.entries, unreadable=report.unreadable, bytes=report.bytes)
    for problem in report.problems:
        logger.warning("sync-problem", code=problem.code.value, log=problem.log)


def _jittered(seconds: int) -> float:
    spread = secrets.randbelow(2 * _JITTER_PERCENT + 1) - _JITTER_PERCENT
    return seconds * (100 + spread) / 100
