"""A network between nodes in one process that loses, repeats, delays and cuts, as its weather says.

One exchange is one request and its answer, as for the real transport. What happens to it is drawn from a source that
depends on nothing but the seed, the two nodes and how often the one has asked the other; so a failing run can be
repeated, although nodes ask several others at once. A delayed request is delivered after later ones.
"""

from dataclasses import dataclass, field
from random import Random
from threading import RLock
from typing import Final

import httpx2
from starlette.testclient import TestClient

from tests.federation.support import Node, application

MAX_LATE: Final = 20
"""Requests that are kept for a later delivery; the oldest is lost when there are more."""


@dataclass(frozen=True, slots=True)
class Weather:
    """In percent of all exchanges, to how many each of these happens."""

    lost_request: int = 0
    lost_answer: int = 0
    repeated: int = 0
    delayed: int = 0


CALM: Final = Weather()


@dataclass(slots=True)
class Network:
    """Who can be reached by whom. ``cut`` holds the URLs of one side of a partition."""

    seed: int
    weather: Weather = CALM
    cut: frozenset[str] = frozenset()
    exchanges: int = 0
    _clients: dict[str, TestClient] = field(default_factory=dict)
    _late: list[httpx2.Request] = field(default_factory=list)
    _asked: dict[tuple[str, str], int] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)
    """One exchange at a time: what is simulated is the network, not the threads of one process."""

    def connect(self, node: Node) -> None:
        """From now on this node answers for its URL, with the state that it has now."""
        self._clients[node.url] = TestClient(
            application(node), base_url=node.url, raise_server_exceptions=False, follow_redirects=False
        )

    def of(self, node: Node) -> "Link":
        """The transport of one node: the network as seen from there."""
        return Link(self, node.url)

    def exchange(self, sender: str, request: httpx2.Request) -> httpx2.Response:
        """One request; raises as a real transport does where no answer comes back."""
        with self._lock:
            receiver = _receiver(request)
            chance = self._chance(sender, receiver)
            if not self._reaches(sender, receiver) or chance(self.weather.lost_request):
                raise httpx2.ConnectError("nobody answers", request=request)
            if chance(self.weather.delayed):
                self._late = [*self._late[-MAX_LATE + 1 :], request]
                raise httpx2.ReadTimeout("no answer yet", request=request)
            answer = self._deliver(receiver, request)
            if chance(self.weather.repeated):
                self._deliver(receiver, request)
            if chance(self.weather.lost_answer):
                raise httpx2.ReadTimeout("the answer was lost", request=request)
            return answer

    def deliver_late(self) -> None:
        """Deliver what was delayed, the latest first; nobody waits for the answers any more."""
        with self._lock:
            late, self._late = self._late, []
            for request in reversed(late):
                if _receiver(request) in self._clients:
                    self._deliver(_receiver(request), request)

    def forget_late(self) -> None:
        """What was on its way is lost."""
        self._late = []

    def _reaches(self, sender: str, receiver: str) -> bool:
        return receiver in self._clients and (sender in self.cut) == (receiver in self.cut)

    def _chance(self, sender: str, receiver: str) -> "Chance":
        self.exchanges += 1
        count = self._asked[sender, receiver] = self._asked.get((sender, receiver), 0) + 1
        return Chance(Random(f"{self.seed} {sender} {receiver} {count}"))  # noqa: S311 - a repeatable run, no secret

    def _deliver(self, receiver: str, request: httpx2.Request) -> httpx2.Response:
        answer = self._clients[receiver].request(
            request.method, str(request.url), content=request.read(), headers=dict(request.headers.items())
        )
        stream = httpx2.ByteStream(answer.content)
        return httpx2.Response(answer.status_code, headers=dict(answer.headers.items()), stream=stream)


class Chance:
    """Whether something happens, so often in a hundred times."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def __call__(self, percent: int) -> bool:
        return self._random.randrange(100) < percent


class Link(httpx2.BaseTransport):
    """One node's end of the network."""

    def __init__(self, network: Network, sender: str) -> None:
        self._network = network
        self._sender = sender

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One exchange, as the network lets it pass."""
        return self._network.exchange(self._sender, request)


def _receiver(request: httpx2.Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc.decode()}"
