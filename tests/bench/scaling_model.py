"""A circle of thousands in simulated time: the rules of :mod:`node.sync.choose`, and a model of everything below them.

What is real: whom a node asks, tells and waits for, and how long each message is
(:mod:`tests.bench.scaling_costs`). What is a model: the network (a delay drawn for each exchange, a share that is
lost), a member's worker (one exchange at a time, as the real one), and members that are down all the time.

A member holds a set of findings; everything older than the run is held by all. Time is in seconds.
"""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf
from random import Random
from typing import Final

from node.domain.sync import HostState
from node.sync import choose
from node.sync.choose import Candidate
from protocol.identifiers import KeyId
from protocol.statements import Timestamp
from tests.bench.scaling_costs import Costs

BASE: Final = 1_000_000
"""The run begins here: a time of zero would look like one that was never set."""
REACHED: Final = 0.99


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is not measured here. Change them and run again."""

    median_delay: float = 0.08
    """Seconds of an exchange on the network, there and back: universities of one continent."""
    delay_spread: float = 0.6
    """Sigma of the log-normal delay."""
    service: float = 0.03
    """Seconds to answer and to store: the idle exchange of a real node, doubled."""
    lost: float = 0.01
    down: float = 0.05
    sync_seconds: int = 60
    pings: bool = True


@dataclass(slots=True)
class _Member:
    """One node's worker and what it holds."""

    name: str
    down: bool
    held: set[int] = field(default_factory=set)
    hosts: dict[str, HostState] = field(default_factory=dict)
    asked: dict[int, Timestamp] = field(default_factory=dict)
    queue: deque[tuple[int, frozenset[int]]] = field(default_factory=deque)
    """Members to pull from, and the findings that a ping named; none for a poll."""
    busy: bool = False
    requests: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Spread:
    """How one finding went round: seconds after it was published, for each member that has it, ascending."""

    published: float
    seconds: list[float] = field(default_factory=list)
    hops: dict[int, int] = field(default_factory=dict)

    def until(self, share: float, members: int) -> float:
        """Seconds until that share of all members that are up had it; infinite if it never came to that."""
        needed = max(1, round(share * members))
        return self.seconds[needed - 1] if len(self.seconds) >= needed else inf

    def hops_until(self, share: float, members: int) -> int:
        """The longest way, in members that passed it on, among the first that share of all."""
        needed = max(1, round(share * members))
        return max(list(self.hops.values())[:needed])


class Model:
    """One run."""

    def __init__(self, members: int, costs: Costs, assumptions: Assumptions, random: Random) -> None:
        self.costs = costs
        self.assume = assumptions
        self.random = random
        self.now = float(BASE)
        self.members = [_Member(f"member{n}.example", random.random() < assumptions.down) for n in range(members)]
        self.up = [n for n, member in enumerate(self.members) if not member.down]
        self.spreads: list[Spread] = []
        self._base = [
            Candidate(KeyId(str(n)), m.name, None, hinted=False, behind=False) for n, m in enumerate(self.members)
        ]
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        for number in self.up:
            self._at(random.uniform(0, assumptions.sync_seconds), self._round, number)

    def publish(self) -> Spread:
        """A member drawn by lot publishes one finding now."""
        author = self.random.choice(self.up)
        self.spreads.append(Spread(self.now))
        self._receive(author, {len(self.spreads) - 1}, None)
        return self.spreads[-1]

    def run(self, until: Callable[[], bool], most: float) -> None:
        """Let time pass until something is so, or for so many seconds."""
        end = self.now + most
        while self._events and not until() and self.now < end:
            self.now, _, event = heapq.heappop(self._events)
            event()

    def reached(self, spread: Spread) -> bool:
        """Whether nearly all members that are up have it."""
        return len(spread.seconds) >= REACHED * len(self.up)

    def _at(self, after: float, act: Callable[..., None], *arguments: object) -> None:
        self._count += 1
        heapq.heappush(self._events, (self.now + after, self._count, lambda: act(*arguments)))

    def _round(self, number: int) -> None:
        member = self.members[number]
        now = Timestamp(int(self.now))
        candidates = self._base.copy()
        for peer, at in member.asked.items():
            candidates[peer] = replace(candidates[peer], last_attempt=at)
        del candidates[number]
        due = choose.due(candidates, member.hosts, now, self.assume.sync_seconds) if member.hosts else candidates
        member.queue.extend((int(each.contributor), frozenset()) for each in choose.whom_to_pull(due, self.random))
        self._work(number)
        self._at(choose.jittered(self.assume.sync_seconds, self.random), self._round, number)

    def _work(self, number: int) -> None:
        """The next exchange of a member's worker, if it is free and has one to make."""
        member = self.members[number]
        while member.queue and not member.busy:
            peer, named = member.queue.popleft()
            if named and named <= member.held:
                continue  # somebody else has brought it meanwhile
            member.busy = True
            member.asked[peer] = Timestamp(int(self.now))
            self._exchange(number, peer, named)

    def _exchange(self, number: int, peer: int, named: frozenset[int]) -> None:
        member, other = self.members[number], self.members[peer]
        if other.down or self.random.random() < self.assume.lost:
            self._charge(number, peer, self.costs.failed)
            self._at(self._delay(), self._failed, number, peer)
            return
        # what is seen of the other is what it holds when the request arrives, half-way through
        self._at(self._delay() / 2, self._answer, number, peer, named)
        if not member.busy:
            raise AssertionError(number)

    def _answer(self, number: int, peer: int, named: frozenset[int]) -> None:
        member, other = self.members[number], self.members[peer]
        news = {finding for finding in other.held - member.held if not named or finding in named}
        if named:
            exchanges, size = 1, self.costs.asked_for + self.costs.finding * len(news)
        elif news:
            exchanges, size = self.costs.poll_with_news, self.costs.differing + self.costs.finding * len(news)
        else:
            exchanges, size = 1, self.costs.same if other.held == member.held else self.costs.differing
        self._charge(number, peer, size, exchanges)
        seconds = exchanges * self.assume.service + (exchanges - 1) * self._delay() + self._delay() / 2
        self._at(seconds, self._done, number, peer, news)

    def _done(self, number: int, peer: int, news: set[int]) -> None:
        self.members[number].busy = False
        self.members[number].hosts.pop(self.members[peer].name, None)
        self._receive(number, news - self.members[number].held, peer)
        self._work(number)

    def _failed(self, number: int, peer: int) -> None:
        member, host = self.members[number], self.members[peer].name
        member.busy = False
        known = member.hosts.get(host)
        member.hosts[host] = choose.after_failure(
            known, Timestamp(int(self.now)), self.assume.sync_seconds, self.random
        )
        self._work(number)

    def _receive(self, number: int, news: set[int], source: int | None) -> None:
        if not news:
            return
        self.members[number].held |= news
        for finding in news:
            spread = self.spreads[finding]
            spread.seconds.append(self.now - spread.published)
            spread.hops[number] = 0 if source is None else spread.hops[source] + 1
        if self.assume.pings:
            others = [each for each in self._base if int(each.contributor) not in {number, source}]
            for each in choose.whom_to_tell(others, self.random):
                self._charge(number, int(each.contributor), self.costs.ping)
                if self.random.random() >= self.assume.lost:
                    self._at(self._delay() / 2, self._ping, int(each.contributor), number, frozenset(news))

    def _ping(self, number: int, source: int, named: frozenset[int]) -> None:
        member = self.members[number]
        if not member.down and not named <= member.held:
            member.queue.appendleft((source, named))
            self._work(number)

    def _charge(self, number: int, peer: int, size: int, requests: int = 1) -> None:
        """Bytes count on both sides, requests on the side that makes them."""
        self.members[number].requests += requests
        self.members[number].bytes += size
        self.members[peer].bytes += size

    def _delay(self) -> float:
        return self.assume.median_delay * self.random.lognormvariate(0, self.assume.delay_spread)
