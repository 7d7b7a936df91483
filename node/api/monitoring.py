"""For those who watch the machines: is the process there, can it answer, and how does it stand in numbers.

``/healthz`` asks nothing of anybody; ``/readyz`` asks the database; both are open, and say no more than that and which
check failed. ``/metrics`` (Prometheus text format) needs a token with ``operations:read``. Members appear by the host
under which they are asked, and never beside a pseudonym: a monitoring system is no member of the circle.
"""

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node.api.authentication import Caller, Needs
from node.circles import identity
from node.domain.accounts import Permission
from node.domain.monitoring import SILENT_ROUNDS, NodeState, PeerHealth
from node.errors import HanseError
from node.runtime import Runtime
from node.storage import circles, monitoring
from node.storage.database import TRANSIENT_ERRORS, Transaction
from node.storage.migrations import require_current
from node.storage.peers import last_beat, list_peers
from node.sync.worker import HEARTBEAT
from protocol.statements import Timestamp

_UNKNOWN_ROUTE: Final = "none"
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Requests:
    """Counts what one application answers, by route and status. A route is named by its pattern, not by addresses."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("method", "route")
        self._count = Counter("hanse_http_requests", "Requests answered.", (*labels, "status"), registry=registry)
        self._seconds = Histogram(
            "hanse_http_request_seconds", "Until the answer began.", labels, registry=registry, buckets=_SECONDS
        )

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answer."""
        self._count.labels(method, route, f"{status // 100}xx").inc()
        self._seconds.labels(method, route).observe(seconds)


class CountRequests:
    """The layer that does it; outermost, so that what others refuse is counted too."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", _UNKNOWN_ROUTE)
                self._requests.note(scope["method"], route, message["status"], time.monotonic() - began)
            await send(message)

        await self._app(scope, receive, answer)


class NodeCollector(Collector):
    """The node's own state, read from the database when it is asked for."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def collect(self) -> Iterable[Metric]:
        """Every gauge, of one moment."""
        runtime = self._runtime
        with runtime.database.read() as tx:
            state = monitoring.state(tx)
            peers = _peers(tx)
        yield _gauge("hanse_up", "1 where the database has answered.", [((), 1)])
        yield from _circle_gauges(state)
        yield from _peer_gauges(peers)
        yield _gauge("hanse_heartbeat_timestamp_seconds", "Last sign of life of a part.", _rows(state.beats), ("part",))
        yield _gauge("hanse_feed_position", "Statements that have come.", [((), state.feed)])
        yield _gauge("hanse_index_position", "Of them, those that can be found.", [((), state.indexed)])
        yield _gauge("hanse_dirty_claims", "Readings that wait to be computed again.", [((), state.dirty)])
        yield _gauge("hanse_letters_waiting", "Letters to members that wait.", [((), state.letters)])
        yield _gauge("hanse_database_bytes", "Size of the database.", [((), state.database_bytes)])
        until = identity.standing(runtime.keyring, runtime.settings, runtime.clock.now()).until
        if until is not None:
            yield _gauge("hanse_entity_configuration_expiry_timestamp_seconds", "When it ends.", [((), until)])


def build(runtime: Runtime, registry: CollectorRegistry) -> APIRouter:
    """The three routes."""
    router = APIRouter(include_in_schema=False)
    may = Depends(Needs(runtime, Permission.OPERATIONS_READ))

    @router.get("/healthz")
    def is_alive() -> Response:
        return Response("alive\n", media_type="text/plain")

    @router.get("/readyz")
    def is_ready() -> Response:
        checks = readiness(runtime)
        ready = all(checks.values())
        body = msgspec.json.encode({"ready": ready, "checks": checks})
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return Response(body, status, media_type="application/json", headers={"Cache-Control": "no-store"})

    @router.get("/metrics")
    def metrics(caller: Annotated[Caller, may]) -> Response:
        with caller.reading("metrics-read"):
            text = generate_latest(registry)
        return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"})

    return router


def install(app: FastAPI, runtime: Runtime) -> None:
    """Routes, collectors and the layer that counts, for one application."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(NodeCollector(runtime))
    app.include_router(build(runtime, registry))
    app.add_middleware(CountRequests, requests=Requests(registry))


def readiness(runtime: Runtime) -> dict[str, bool]:
    """Whether the node can answer: each check by name."""
    return {
        "database": _holds(lambda: _asked(runtime)),
        "tables": _holds(lambda: require_current(runtime.database)),
        "keys": _holds(runtime.keyring.identity_public),
        "worker": _holds(lambda: _require_worker(runtime)),
    }


def _asked(runtime: Runtime) -> None:
    with runtime.database.read() as tx:
        monitoring.answers(tx)


def _require_worker(runtime: Runtime) -> None:
    """A node in no circle with others has nothing to exchange; else somebody must be doing it."""
    with runtime.database.read() as tx:
        exchanged = any(roster.others for roster in circles.list_rosters(tx))
        beat = last_beat(tx, HEARTBEAT)
    allowed = SILENT_ROUNDS * runtime.settings.sync_seconds
    if exchanged and beat is not None and runtime.clock.now() - beat > allowed:
        raise TimeoutError


def _holds(check: Callable[[], object]) -> bool:
    try:
        check()
    except (HanseError, TimeoutError, *TRANSIENT_ERRORS):
        return False
    return True


def _peers(tx: Transaction) -> list[PeerHealth]:
    hosts = {
        (roster.circle, member.contributor): member.url.partition("://")[2]
        for roster in circles.list_rosters(tx)
        for member in roster.others
    }
    return [
        PeerHealth(peer.circle, hosts[peer.circle, peer.contributor], peer.last_success, peer.failures, peer.lag)
        for peer in list_peers(tx)
        if (peer.circle, peer.contributor) in hosts
    ]


def _circle_gauges(state: NodeState) -> Iterable[Metric]:
    labels = ("circle",)
    for name, about, field in (
        ("hanse_entries", "Entries held, of all logs of the circle.", "entries"),
        ("hanse_entries_uncovered", "Of them, those that no checkpoint of ours covers yet.", "uncovered"),
        ("hanse_unreadable_entries", "Entries that nobody here could read.", "unreadable"),
        ("hanse_forked_logs", "Logs whose author has signed two histories.", "forked"),
    ):
        yield _gauge(name, about, [((each.circle,), getattr(each, field)) for each in state.circles], labels)


def _peer_gauges(peers: Iterable[PeerHealth]) -> Iterable[Metric]:
    known = list(peers)
    labels = ("circle", "peer")
    answered = [((each.circle, each.host), each.last_success) for each in known if each.last_success is not None]
    yield _gauge("hanse_peer_last_success_timestamp_seconds", "When a member last answered.", answered, labels)
    failures = [((each.circle, each.host), each.failures) for each in known]
    yield _gauge("hanse_peer_failures", "Attempts in vain since then.", failures, labels)
    lag = [((each.circle, each.host), each.lag) for each in known]
    yield _gauge("hanse_peer_lag_entries", "Entries that it has announced and we do not hold.", lag, labels)


def _rows(values: dict[str, Timestamp]) -> list[tuple[tuple[str, ...], int]]:
    return [((name,), at) for name, at in sorted(values.items())]


def _gauge(
    name: str, about: str, rows: Iterable[tuple[tuple[str, ...], int]], labels: tuple[str, ...] = ()
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family
