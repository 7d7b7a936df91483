"""Telling others what has grown here, by pings; or bringing it to them, where nobody can fetch it.

Both run beside the worker's loop, which never waits for a member. What is told is remembered in memory alone: after a
restart nothing is told that was there before, and the rounds of others find it.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from types import TracebackType
from typing import Final, Self

import httpx2
import structlog

from node.errors import HanseError
from node.storage import circles, peers
from node.storage.database import TRANSIENT_ERRORS
from node.sync import agenda, ping
from node.sync.agenda import Job
from node.sync.choose import PING_FANOUT
from node.sync.outbound import Outbound
from node.sync.parts import Parts
from node.sync.push import push
from node.sync.sizes import covered_sizes
from node.sync.transport import Patience
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, KeyId

TELL_PAUSE_SECONDS: Final = 1.0
"""Between two times that news is told: a node that takes in a long log tells of its progress no more often."""
MAX_WAITING: Final = 32
"""Pings and pushes that wait for their turn; more news is not told while members are this slow to hear it."""
PING_PATIENCE: Final = Patience(connect_seconds=3, idle_seconds=5, total_seconds=8, max_bytes=65_536)
"""A ping that takes longer is of no use any more."""
PUSH_HEARTBEAT: Final = "push"


class Teller:
    """Tells what has grown since it was made. Close it, or use it in a ``with``."""

    def __init__(
        self, node: Parts, *, transport: httpx2.BaseTransport | None = None, patience: Patience | None = None
    ) -> None:
        self._node = node
        self._outbound = Outbound(node, transport=transport, patience=patience or PING_PATIENCE)
        self._bringing = Outbound(node, transport=transport, patience=patience)
        self._threads = ThreadPoolExecutor(PING_FANOUT, thread_name_prefix="tell")
        self._tasks: dict[Future[None], Job] = {}
        self._told: dict[CircleId, dict[KeyId, int]] | None = None
        self._total = -1
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._outbound.close()
        self._bringing.close()

    def tell(self, total: int, random: Random) -> None:
        """Tell a few members of each circle in which logs have grown; ``total`` is all logs' entries as they are now.

        Returns at once. What was there at the first call is not news.
        """
        if total == self._total or time.monotonic() < self._last + TELL_PAUSE_SECONDS:
            return
        before, self._told = self._told, self._sizes()
        self._total = total
        if before is None:
            return
        self._last = time.monotonic()
        for circle, sizes in self._told.items():
            known = before.get(circle, {})
            grown = {log: size for log, size in sizes.items() if size > known.get(log, 0)}
            if grown:
                self._tell_circle(circle, grown, random)

    def after_round(self, random: Random) -> None:
        """Where nobody can fetch it, bring a few members what they lack, told of it or not."""
        if not self._node.settings.reachable:
            for circle in self._sizes():
                self._tell_circle(circle, {}, random)

    def _tell_circle(self, circle: CircleId, grown: dict[KeyId, int], random: Random) -> None:
        self._tasks = {task: job for task, job in self._tasks.items() if not task.done()}
        busy = {job.key for job in self._tasks.values()}
        for job in agenda.to_tell(self._node, circle, random):
            if len(self._tasks) >= MAX_WAITING:
                return
            if self._node.settings.reachable:
                task = self._threads.submit(ping.tell, self._outbound, job.roster, job.member, grown)
            elif job.key not in busy:
                task = self._threads.submit(self._bring, job, random)
            else:
                continue
            self._tasks[task] = job

    def _bring(self, job: Job, random: Random) -> None:
        try:
            report = push(self._node, self._bringing, job.roster, job.member)
            note, code = f"{report.entries} entries brought to a member", ""
        except (HanseError, ProtocolError) as error:
            note, code = f"a member did not take what was brought: {error.code}", error.code.value
        except TRANSIENT_ERRORS:
            return
        try:
            with self._node.database.write() as tx:
                agenda.note_host(tx, self._node, job.member, reached=code != "peer-unreachable", random=random)
                peers.beat(tx, PUSH_HEARTBEAT, self._node.clock.now(), note)
        except TRANSIENT_ERRORS as error:
            structlog.get_logger().error("push-not-recorded", detail=type(error).__name__)
        if code:
            structlog.get_logger().warning(
                "push-failed", circle=job.roster.circle, contributor=job.member.contributor, code=code
            )

    def _sizes(self) -> dict[CircleId, dict[KeyId, int]]:
        with self._node.database.read() as tx:
            return {roster.circle: covered_sizes(tx, roster) for roster in circles.list_rosters(tx)}
