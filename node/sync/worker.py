"""The loop beside the requests: rounds of pulling, hints that are followed at once, news that is told.

Reconciliation, not a queue: each look compares what is with what should be and remembers nothing that it would miss
after a crash. A round asks a few members of each circle (:mod:`node.sync.choose`) and then brings the rest of the node
up to date. Between rounds the loop looks every second at the database, where other processes of this node append to
our log and take pings, and at once when this process was told of something; what has grown it tells others, or brings
it to them where this node cannot be reached.

Pulls run beside the loop, a few at a time. The next one does not wait for one that takes long, so that one slow peer
costs the others nothing; nor do they all start at once, since what the first brings the others need not send again.
"""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from random import Random, SystemRandom
from threading import Event
from typing import Final

import httpx2
import structlog

from node.domain.sync import PullReport, SyncReport
from node.errors import HanseError
from node.ledger.sweep import sweep
from node.storage import peers
from node.storage.database import TRANSIENT_ERRORS
from node.sync import agenda
from node.sync.agenda import Job
from node.sync.choose import jittered, next_in_line
from node.sync.outbound import Outbound
from node.sync.parts import Parts
from node.sync.post import Postman, exchange_all
from node.sync.pull import pull, verifiers
from node.sync.restore import confirm_after_pulls
from node.sync.tell import Teller
from node.sync.transport import Patience
from protocol.errors import ProtocolError

HEARTBEAT: Final = "sync"
WATCH_SECONDS: Final = 1.0
"""Between two looks at the database for what other processes have done, in seconds: two small queries."""
PARALLEL_PULLS: Final = 4
"""Pulls at one moment. More would share the same two processors and the same line."""
HEDGE_SECONDS: Final = 3.0
"""After so many seconds the next pull starts though the one before has not ended."""


def sync_once(
    node: Parts, *, transport: httpx2.BaseTransport | None = None, patience: Patience | None = None
) -> SyncReport:
    """Pull from every member of every circle now, one after the other, whatever happened before."""
    reports: list[PullReport] = []
    random = SystemRandom()
    with Outbound(node, transport=transport, patience=patience) as outbound, verifiers() as executor:
        for job in agenda.everybody(node):
            report = pull(node, outbound, job.roster, job.member, executor)
            _note(node, job, report, random)
            reports.append(report)
        exchange_all(node, outbound)
    confirm_after_pulls(node, reports)
    _tidy(node)
    return SyncReport(tuple(reports))


def run_worker(
    node: Parts,
    stop: Event,
    *,
    after_round: Callable[[], None],
    transport: httpx2.BaseTransport | None = None,
    patience: Patience | None = None,
    gossip: bool = True,
) -> None:
    """Loop until ``stop`` is set; a step that fails is logged and the next one comes all the same.

    ``after_round`` recomputes what depends on new entries. Ends when the requests that are under way have ended.
    Without ``gossip`` nothing is told, brought or followed between rounds.
    """
    with (
        Outbound(node, transport=transport, patience=patience) as outbound,
        verifiers() as executor,
        ThreadPoolExecutor(PARALLEL_PULLS, thread_name_prefix="pull") as pulls,
        Teller(node, transport=transport, patience=patience) as teller,
        Postman(node, transport=transport, patience=patience) as postman,
    ):
        loop = _Loop(node, outbound, executor, pulls, (teller, postman), after_round, stop)
        while not stop.is_set():
            try:
                loop.step(gossip=gossip)
            except (HanseError, ProtocolError) as error:
                _failed(node, error.code.value, error.detail)
            except TRANSIENT_ERRORS as error:
                _failed(node, "database", type(error).__name__)  # its text may quote a statement with values
            else:
                node.wake.wait(loop.seconds_to_wait())
                node.wake.clear()
                continue
            stop.wait(jittered(node.settings.sync_seconds, SystemRandom()))


class _Loop:
    """What one worker has in hand."""

    def __init__(
        self,
        node: Parts,
        outbound: Outbound,
        verify: Executor,
        pulls: Executor,
        beside: tuple[Teller, Postman],
        after_round: Callable[[], None],
        stop: Event,
    ) -> None:
        self._node = node
        self._outbound = outbound
        self._verify = verify
        self._pulls = pulls
        self._teller, self._postman = beside
        self._after_round = after_round
        self._stop = stop
        self._random: Random = SystemRandom()
        self._waiting: deque[Job] = deque()
        self._running: dict[Future[PullReport], Job] = {}
        self._reports: list[PullReport] | None = None
        """Of the round that is going on, if one is."""
        self._full: list[PullReport] = []
        """Those of them that were about every log."""
        self._next_round = time.monotonic()
        self._last_start = 0.0
        self._hint_was_last = False
        self._seen = -1
        """Entries at the last look."""

    def step(self, *, gossip: bool) -> None:
        """Take what has ended, begin what is due, tell what is new."""
        self._collect()
        if self._reports is None and time.monotonic() >= self._next_round:
            self._begin_round()
        if gossip:
            self._follow_hints()
        self._start()
        if self._reports is not None and not self._in_hand(full=True):
            self._end_round()
        self._notice(gossip=gossip)
        if gossip:
            self._postman.turn()

    def seconds_to_wait(self) -> float:
        """Until the next step, unless something wakes the loop."""
        until_round = self._next_round - time.monotonic() if self._reports is None else WATCH_SECONDS
        return max(0.0, min(WATCH_SECONDS, until_round))

    def _begin_round(self) -> None:
        # Set first: a round that cannot begin comes again after its pause and not at once.
        self._next_round = time.monotonic() + jittered(self._node.settings.sync_seconds, self._random)
        jobs = agenda.of_round(self._node, self._random)
        busy = {job.key for job in self._in_hand()}
        self._waiting.extend(job for job in jobs if job.key not in busy)
        self._reports = []

    def _follow_hints(self) -> None:
        busy = {hint.log for job in self._in_hand() for hint in job.hints}
        known = {job.key for job in self._in_hand()}
        jobs = agenda.of_hints(self._node, busy, self._random)
        self._waiting.extendleft(job for job in jobs if job.key not in known)

    def _start(self) -> None:
        """Begin a pull if none is running, or if the last one takes long."""
        patient = time.monotonic() - self._last_start < HEDGE_SECONDS
        if not self._waiting or len(self._running) >= PARALLEL_PULLS or (self._running and patient):
            return
        place = next_in_line([each.full for each in self._waiting], hint_was_last=self._hint_was_last)
        job = self._waiting[place]
        del self._waiting[place]
        self._hint_was_last = not job.full
        self._last_start = time.monotonic()
        future = self._pulls.submit(
            pull, self._node, self._outbound, job.roster, job.member, self._verify, only=job.only, stop=self._stop
        )
        self._running[future] = job
        future.add_done_callback(lambda _: self._node.wake.set())

    def _collect(self) -> None:
        for future in [each for each in self._running if each.done()]:
            job = self._running.pop(future)
            report = future.result()
            _note(self._node, job, report, self._random)
            if self._reports is not None:
                self._reports.append(report)
                self._full += [report] if job.full else []

    def _end_round(self) -> None:
        reports, self._reports = self._reports or [], None
        confirm_after_pulls(self._node, self._full)
        self._full = []
        _tidy(self._node)
        self._after_round()
        report = SyncReport(tuple(reports))
        _beat(self._node, f"{report.entries} entries from {len(report.pulls)} peers, {len(report.problems)} problems")
        self._teller.after_round(self._random)
        self._postman.after_round(self._random)

    def _notice(self, *, gossip: bool) -> None:
        """Whether logs have grown, by a pull, a push, or an append in this process or another."""
        with self._node.database.read() as tx:
            total = peers.total_covered(tx)
        if total != self._seen:
            known, self._seen = self._seen, total
            if known >= 0 and self._reports is None:
                self._after_round()
        if gossip:
            self._teller.tell(total, self._random)

    def _in_hand(self, *, full: bool | None = None) -> list[Job]:
        jobs = [*self._waiting, *self._running.values()]
        return jobs if full is None else [job for job in jobs if job.full is full]


def _note(node: Parts, job: Job, report: PullReport, random: Random) -> None:
    agenda.note_pull(node, job, report, random)
    _log(report)


def _tidy(node: Parts) -> None:
    sweep(node.database, node.clock.now())
    with node.database.write() as tx:
        peers.prune_nonces(tx, node.clock.now())


def _beat(node: Parts, note: str) -> None:
    try:
        with node.database.write() as tx:
            peers.beat(tx, HEARTBEAT, node.clock.now(), note)
    except TRANSIENT_ERRORS as error:
        structlog.get_logger().error("heartbeat-failed", detail=type(error).__name__)


def _failed(node: Parts, code: str, detail: str) -> None:
    structlog.get_logger().error("sync-round-failed", code=code, detail=detail)
    _beat(node, "failed")


def _log(report: PullReport) -> None:
    """Pseudonyms and numbers; the words with names of institutions are in the database, for the operator's page."""
    logger = structlog.get_logger().bind(circle=report.circle, contributor=report.contributor)
    if report.entries:
        logger.info("pulled", entries=report.entries, unreadable=report.unreadable, bytes=report.bytes)
    for problem in report.problems:
        logger.warning("sync-problem", code=problem.code.value, log=problem.log)
