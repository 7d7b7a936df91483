"""A network between nodes in one process that loses, repeats, delays, reorders and cuts, as its weather says.

One exchange is one request and its answer, as for the real transport. What happens to it is drawn from a source that
depends on nothing but the seed, the two nodes and how often the one has asked the other. A delayed request is
delivered in front of a later one, or long after.

Two evils live here as well, because they are a matter of who answers: a second machine with the same keys, which some
of the requests to an address reach instead of the first; and a member that lies in its answers
(:mod:`tests.federation.simulation.liar`).
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from threading import RLock
from typing import Final

import httpx2
from starlette.testclient import TestClient

from tests.federation.simulation.liar import lie
from tests.federation.support import Node, application

MAX_LATE: Final = 20
"""Requests that are kept for a later delivery; the oldest is lost when there are more."""
_LIES_PERCENT: Final = 60
_IMPOSTOR_PERCENT: Final = 50


@dataclass(frozen=True, slots=True)
class Weather:
    """In percent of all exchanges, to how many each of these happens."""

    lost_request: int = 0
    lost_answer: int = 0
    repeated: int = 0
    delayed: int = 0
    overtaken: int = 0
    """A delayed request arrives just before this one."""


CALM: Final = Weather()


@dataclass(slots=True)
class Network:
    """Who can be reached by whom. ``cut`` holds the URLs of one side of a partition."""

    seed: int
    counts: Counter[str]
    weather: Weather = CALM
    cut: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    """URLs to which nobody can connect; they connect to others."""
    liars: frozenset[str] = frozenset()
    _nodes: dict[str, Node] = field(default_factory=dict)
    _clients: dict[str, TestClient] = field(default_factory=dict)
    _impostors: dict[str, TestClient] = field(default_factory=dict)
    _late: list[httpx2.Request] = field(default_factory=list)
    _asked: dict[tuple[str, str], int] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)
    """One exchange at a time: what is simulated is the network, not the threads of one process."""

    def connect(self, node: Node) -> None:
        """From now on this node answers for its URL, with the state that it has now."""
        self._nodes[node.url] = node
        self._clients[node.url] = _client(node)

    def let_in(self, impostor: Node) -> None:
        """From now on some of the requests to its URL reach this node."""
        self._impostors[impostor.url] = _client(impostor)

    def shut_out_impostors(self) -> None:
        """Whoever is asked is who answers."""
        self._impostors.clear()

    def of(self, node: Node) -> "Link":
        """The transport of one node: the network as seen from there."""
        return Link(self, node.url)

    def exchange(self, sender: str, request: httpx2.Request) -> httpx2.Response:
        """One request; raises as a real transport does where no answer comes back."""
        with self._lock:
            receiver = _receiver(request)
            chance = self._chance(sender, receiver)
            if not self._reaches(sender, receiver) or chance(self.weather.lost_request):
                self.counts["network: lost"] += 1
                raise httpx2.ConnectError("nobody answers", request=request)
            if chance(self.weather.delayed):
                self._late = [*self._late[-MAX_LATE + 1 :], request]
                raise httpx2.ReadTimeout("no answer yet", request=request)
            if self._late and chance(self.weather.overtaken):
                self._deliver_late(self._late.pop(chance.below(len(self._late))), chance)
            answer = self._deliver(receiver, request, chance)
            if chance(self.weather.repeated):
                self.counts["network: repeated"] += 1
                self._deliver(receiver, request, chance)
            if chance(self.weather.lost_answer):
                self.counts["network: answer lost"] += 1
                raise httpx2.ReadTimeout("the answer was lost", request=request)
            return answer

    def deliver_late(self) -> None:
        """Deliver what was delayed, the latest first; nobody waits for the answers any more."""
        with self._lock:
            late, self._late = self._late, []
            for request in reversed(late):
                self._deliver_late(request, self._chance("", _receiver(request)))

    def forget_late(self) -> None:
        """What was on its way is lost."""
        self._late = []

    def _deliver_late(self, request: httpx2.Request, chance: "Chance") -> None:
        receiver = _receiver(request)
        if receiver in self._clients:
            self.counts["network: late"] += 1
            self._deliver(receiver, request, chance)

    def _reaches(self, sender: str, receiver: str) -> bool:
        known = receiver in self._clients and receiver not in self.hidden
        return known and (sender in self.cut) == (receiver in self.cut)

    def _chance(self, sender: str, receiver: str) -> "Chance":
        count = self._asked[sender, receiver] = self._asked.get((sender, receiver), 0) + 1
        return Chance(Random(f"{self.seed} {sender} {receiver} {count}"))  # noqa: S311 - a repeatable run, no secret

    def _deliver(self, receiver: str, request: httpx2.Request, chance: "Chance") -> httpx2.Response:
        self.counts["network: exchanges"] += 1
        client = self._clients[receiver]
        if receiver in self._impostors and chance(_IMPOSTOR_PERCENT):
            self.counts["network: reached an impostor"] += 1
            client = self._impostors[receiver]
        answer = client.request(
            request.method, str(request.url), content=request.read(), headers=dict(request.headers.items())
        )
        content, headers = answer.content, dict(answer.headers.items())
        if receiver in self.liars and chance(_LIES_PERCENT):
            lied = lie(self._nodes[receiver], request, content, chance.random)
            self.counts["network: lies"] += lied is not None
            content, headers = lied or (content, headers)
        return httpx2.Response(answer.status_code, headers=headers, stream=httpx2.ByteStream(content))


class Chance:
    """Whether something happens, so often in a hundred times."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def __call__(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def below(self, end: int) -> int:
        """A number from 0 to before ``end``."""
        return self.random.randrange(end)


class Link(httpx2.BaseTransport):
    """One node's end of the network."""

    def __init__(self, network: Network, sender: str) -> None:
        self._network = network
        self._sender = sender

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One exchange, as the network lets it pass."""
        return self._network.exchange(self._sender, request)


def _client(node: Node) -> TestClient:
    return TestClient(application(node), base_url=node.url, raise_server_exceptions=False, follow_redirects=False)


def _receiver(request: httpx2.Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc.decode()}"
