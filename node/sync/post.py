"""The worker's part in letters: who is brought some now, and who is asked for some.

Brought at once, since somebody waits for them; a member that cannot be reached is tried again after a pause that
doubles, up to an hour, while it may fetch them at any time. Asked is by round: a node that nobody can connect to asks a
few members each round and, for a while after it has written to one, that one every few seconds; any other node
asks seldom, for the case that a member cannot reach it after all.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from types import MappingProxyType, TracebackType
from typing import Final, Self, TypeAlias

import httpx2
import structlog

from node.domain.circles import Member, Roster
from node.errors import HanseError
from node.publishing import person_tokens, receipts, requests, soundings, sponsor
from node.publishing.letters import Desk, current_line
from node.storage import circles, peers, wipe
from node.storage import letters as storage
from node.storage.database import TRANSIENT_ERRORS, Transaction
from node.sync import choose, letters
from node.sync.outbound import Outbound
from node.sync.parts import Parts
from node.sync.transport import Patience
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, KeyId
from protocol.statements import Timestamp

PARALLEL_EXCHANGES: Final = 4
"""Members with whom letters are exchanged at one moment."""
MAX_EXCHANGES_WAITING: Final = 64
"""Members that wait for their turn; others are looked at a second later."""
FETCH_FANOUT: Final = 8
"""Members that a node which nobody can reach asks for letters in one round; those asked longest ago come first."""
FETCH_SECONDS: Final = 600
"""How often another node asks a member for letters, in seconds: they are brought to it, if nothing is in the way."""
EXPECTING_SECONDS: Final = 120
"""For how long after writing to a member a node that nobody can reach asks it for an answer, in seconds."""
EXPECTING_PAUSE_SECONDS: Final = 5.0
"""The pause between two such questions, in seconds."""

_Key: TypeAlias = tuple[CircleId, KeyId]
"""A circle, and the identity of a member of it."""


class Postman:
    """Exchanges letters beside the worker's loop. Close it, or use it in a ``with``."""

    def __init__(
        self, node: Parts, *, transport: httpx2.BaseTransport | None = None, patience: Patience | None = None
    ) -> None:
        self._node = node
        self._outbound = Outbound(node, transport=transport, patience=patience)
        self._threads = ThreadPoolExecutor(PARALLEL_EXCHANGES, thread_name_prefix="letters")
        self._tasks: dict[Future[None], _Key] = {}
        self._asked: dict[_Key, float] = {}
        """When a member was last asked for letters, by the machine's own clock."""
        self._expecting: dict[_Key, float] = {}
        """Until when an answer is looked out for."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
        self._outbound.close()

    def turn(self) -> None:
        """Begin what is due: bring what waits, and look out for answers. Returns at once."""
        with self._node.database.read() as tx:
            due = storage.receivers(tx, self._node.clock.now())
        moment = time.monotonic()
        self._expecting = {key: until for key, until in self._expecting.items() if until > moment}
        if not self._node.settings.reachable:
            pause = moment - EXPECTING_PAUSE_SECONDS
            due += [key for key in self._expecting if self._asked.get(key, 0.0) < pause]
        self._begin(due)

    def after_round(self, random: Random) -> None:
        """Reconcile what letters are about, then ask a few members whether they have some."""
        tidy(self._node)
        with self._node.database.read() as tx:
            everybody = [
                (roster.circle, each.identity) for roster in circles.list_rosters(tx) for each in roster.others
            ]
        moment = time.monotonic()
        if self._node.settings.reachable:
            everybody = [
                key for key in everybody if moment - self._asked.get(key, moment - FETCH_SECONDS) >= FETCH_SECONDS
            ]
        random.shuffle(everybody)
        everybody.sort(key=lambda key: self._asked.get(key, 0.0))
        self._begin(everybody[:FETCH_FANOUT])

    def _begin(self, keys: list[_Key]) -> None:
        self._tasks = {task: key for task, key in self._tasks.items() if not task.done()}
        busy = set(self._tasks.values())
        for key in dict.fromkeys(keys):
            if key in busy or len(self._tasks) >= MAX_EXCHANGES_WAITING:
                continue
            self._tasks[self._threads.submit(self._exchange, key)] = key

    def _exchange(self, key: _Key) -> None:
        circle, identity = key
        try:
            with self._node.database.read() as tx:
                roster = circles.find_roster(tx, circle)
                known = peers.list_hosts(tx)
            member = None if roster is None else current_line(roster, identity)
            if roster is None or member is None or roster.own not in roster.members:
                self._put_off(key, "no-such-member")
                return
            host = known.get(choose.host_of(member.url))
            if host is not None and self._node.clock.now() < host.not_before and key not in self._expecting:
                self._put_off(key, "peer-unreachable")
                return
            self._with(key, roster, member)
        except TRANSIENT_ERRORS as error:
            structlog.get_logger().error("letters-not-exchanged", detail=type(error).__name__)

    def _with(self, key: _Key, roster: Roster, member: Member) -> None:
        self._asked[key] = time.monotonic()
        try:
            done = letters.exchange(self._node, self._outbound, roster, member)
        except (HanseError, ProtocolError) as error:
            self._put_off(key, error.code.value)
            structlog.get_logger().info(
                "letters-not-exchanged", circle=roster.circle, contributor=member.contributor, code=error.code.value
            )
            return
        if done.brought:
            self._expecting[key] = time.monotonic() + EXPECTING_SECONDS
        if done.fetched:
            self._node.wake.set()  # what was fetched may have been answered already

    def _put_off(self, key: _Key, code: str) -> None:
        circle, identity = key
        now, pause = self._node.clock.now(), self._node.settings.sync_seconds
        with self._node.database.write() as tx:
            wait = choose.pause_after(storage.attempts(tx, circle, identity), pause)
            storage.put_off(tx, circle, identity, code, Timestamp(now + wait))


def exchange_all(node: Parts, outbound: Outbound) -> None:
    """Exchange letters with every member of every circle now, one after the other, if it can be reached."""
    tidy(node)
    with node.database.read() as tx:
        rosters = circles.list_rosters(tx)
    for roster in rosters:
        for member in roster.others if roster.own in roster.members else ():
            try:
                letters.exchange(node, outbound, roster, member)
            except (HanseError, ProtocolError) as error:
                structlog.get_logger().info(
                    "letters-not-exchanged", circle=roster.circle, contributor=member.contributor, code=error.code.value
                )
    tidy(node)


def tidy(node: Parts) -> None:
    """What time alone brings about: letters that run out, requests whose finding is gone, soundings that close.

    Each part stands alone: what keeps one from being done is logged, and the others are done all the same.
    """
    for name, part in _PARTS.items():
        try:
            part(node)
        except (HanseError, ProtocolError) as error:
            structlog.get_logger().error("letters-not-tidied", part=name, code=error.code.value)
        except TRANSIENT_ERRORS as error:
            structlog.get_logger().error("letters-not-tidied", part=name, detail=type(error).__name__)


def _alone(part: Callable[[Transaction, Desk], object]) -> Callable[[Parts], None]:
    """A part in a transaction of its own."""

    def run(node: Parts) -> None:
        with node.database.write() as tx:
            part(tx, letters.desk(node))

    return run


def _sweep(tx: Transaction, desk: Desk) -> None:
    storage.sweep(tx, desk.now)


def _acknowledge(node: Parts) -> None:
    """Once all that follows from the logs is done: have what was erased leave the files, and tell the logs' authors."""
    with node.database.read() as tx:
        ready = receipts.is_computed(tx)
    if ready and wipe.wipe(node.database, node.clock.now()):
        with node.database.write() as tx:
            receipts.write_due(tx, letters.desk(node))


_PARTS: Final[Mapping[str, Callable[[Parts], None]]] = MappingProxyType(
    {
        "letters": _alone(_sweep),
        "requests": _alone(requests.sweep),
        "soundings": _alone(soundings.advance),
        "person-tokens": _alone(person_tokens.sweep),
        "sponsors": _alone(sponsor.dispatch),
        "receipts": _acknowledge,
    }
)
"""What is tidied, in this order: what has run out makes room first."""
