"""Over real sockets: clients that hold connections, and members that ask without end."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import StreamingResponse
from starlette.testclient import TestClient

from node.api import federation, problems
from node.api.connections import KEEP_ALIVE_SECONDS, MAX_HEADER_BYTES, BoundedProtocol, Bounds
from node.sync.limits import MEMBER_BURST, MEMBER_CONCURRENT_REQUESTS, Limits
from tests.federation.conftest import MakeNode
from tests.federation.support import circle_of, free_port
from tests.federation.test_access import Asked

MEGABYTES = 30


class Impatient(BoundedProtocol):
    """As a real node's, but for a test's time."""

    bounds: ClassVar[Bounds] = Bounds(
        header_seconds=0.5, content_seconds=0.7, answer_seconds=0.9, connections=6, connections_per_address=4
    )


@contextmanager
def impatient(app: FastAPI) -> Iterator[int]:
    """A node's real server, with a test's patience, on a port of this machine."""
    port = free_port()
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        http=Impatient,
        log_level="critical",
        lifespan="off",
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run, daemon=True)
    thread.start()
    while not serving.started:
        time.sleep(0.01)
    try:
        yield port
    finally:
        serving.should_exit = True
        thread.join(20)


@contextmanager
def server() -> Iterator[int]:
    """A server whose pages are: what was sent, as a length; many bytes; and a stream that takes its time."""
    app = FastAPI(openapi_url=None)

    async def length(request: Request) -> int:
        return len(await request.body())

    async def large() -> StreamingResponse:
        return StreamingResponse(iter([b"x" * 1_000_000] * MEGABYTES))

    def slowly() -> Iterator[bytes]:
        for _ in range(5):
            yield b"tick\n"
            time.sleep(0.4)

    async def events() -> StreamingResponse:
        return StreamingResponse(slowly())

    app.add_api_route("/length", length, methods=["POST"])
    app.add_api_route("/large", large)
    app.add_api_route("/events", events)
    with impatient(app) as port:
        yield port


def nothing(_: socket.socket) -> None:
    pass


def header_by_bytes(connection: socket.socket) -> None:
    for byte in b"GET /large HTTP/1.1\r\nHost: a\r\nX-" + b"y" * 60:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def second_header_by_bytes(connection: socket.socket) -> None:
    connection.sendall(b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    connection.recv(1_000)
    header_by_bytes(connection)


def content_by_bytes(connection: socket.socket) -> None:
    connection.sendall(b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(60):
        connection.sendall(b"a")
        time.sleep(0.05)


def never_reads(connection: socket.socket) -> None:
    connection.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(2)


def long_header(connection: socket.socket) -> None:
    connection.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\nX-Long: " + b"y" * 3 * MAX_HEADER_BYTES)


@dataclass(frozen=True, slots=True)
class Holder:
    """What a client does with its connection, and after how many seconds it must have lost it."""

    name: str
    behave: Callable[[socket.socket], None]
    within: float


HOLDERS = (
    Holder("says nothing", nothing, 0.5),
    Holder("sends its header byte by byte", header_by_bytes, 0.5),
    Holder("sends a second header byte by byte", second_header_by_bytes, 0.6),
    Holder("sends its content byte by byte", content_by_bytes, 0.7),
    Holder("never takes its answer", never_reads, 0.9),
    Holder("sends a header without end", long_header, 0.5),
)


@pytest.mark.enable_socket
@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: holder.name)
def test_a_connection_that_does_not_move_on_ends(holder: Holder) -> None:
    with server() as port, socket.create_connection(("127.0.0.1", port)) as connection:
        began, received = time.monotonic(), 0
        connection.settimeout(20)
        try:
            holder.behave(connection)
            while piece := connection.recv(1_000_000):
                received += len(piece)
        except ConnectionError:
            pass
        taken = time.monotonic() - began
    assert received < MEGABYTES * 1_000_000
    assert taken < holder.within + 8  # of a busy machine; without a bound it would be 20 and an error


@pytest.mark.enable_socket
def test_those_who_move_on_are_served_however_long_it_takes() -> None:
    with server() as port, httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.post("/length", content=b"a" * 100_000).json() == 100_000
        assert client.get("/events").text == "tick\n" * 5  # two seconds, four times as long as any header may take
        assert len(client.get("/large").content) == MEGABYTES * 1_000_000
        for _ in range(20):
            assert client.post("/length", content=b"").json() == 0


@pytest.mark.enable_socket
def test_connections_beyond_the_bound_are_not_let_in_and_places_come_back() -> None:
    def alive(connection: socket.socket) -> bool:
        try:
            connection.sendall(b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
            return connection.recv(1_000).startswith(b"HTTP/1.1 200")
        except ConnectionError:
            return False

    with server() as port:
        connections = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(9)]
        served = [alive(connection) for connection in connections]
        for connection in connections:
            connection.close()
        deadline = time.monotonic() + 20
        while True:
            with socket.create_connection(("127.0.0.1", port), timeout=20) as again:
                if alive(again):
                    break
            assert time.monotonic() < deadline
    # This machine itself is not bound by address, only by what all may hold.
    assert 4 < sum(served) <= 6


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_member_that_asks_without_end_is_told_to_wait(node_of: MakeNode) -> None:
    node, member, other = node_of("aldermoor"), node_of("northport"), node_of("valdesk")
    circle = circle_of([node, member, other])
    app, limits = FastAPI(openapi_url=None), Limits()
    problems.install(app)
    app.include_router(federation.build(node.runtime, limits))
    client = TestClient(app, base_url=node.url, raise_server_exceptions=False)

    def ask(asker: Asked, nonce: int) -> tuple[int, str]:
        asked = replace(asker, nonce=f"{nonce:022}")
        fields = asked.fields()
        headers = {
            "Content-Digest": fields.content_digest,
            "Signature-Input": fields.signature_input,
            "Signature": fields.signature,
        }
        answer = client.post(asked.url, content=asked.body, headers=headers)
        return answer.status_code, answer.text if answer.is_error else ""

    greedy = Asked(node, circle, member.runtime.keyring.request())
    key = member.runtime.keyring.request().public.key_id
    places = [limits.running(key, stream=False) for _ in range(MEMBER_CONCURRENT_REQUESTS)]
    for place in places:
        place.__enter__()
    assert ask(greedy, 0)[0] == 429
    for place in places:
        place.__exit__(None, None, None)
    assert ask(greedy, 1)[0] == 200
    for _ in range(MEMBER_BURST - 2):
        limits.admit_member(key, node.clock.now())
    status, text = ask(greedy, 2)
    assert status == 429
    assert "too-many-requests" in text
    assert "Ask again in" in text
    assert ask(Asked(node, circle, other.runtime.keyring.request()), 3)[0] == 200
    node.clock.advance(2)
    assert ask(greedy, 4)[0] == 200
    # Strangers use up what their address may ask, and nothing of what members may.
    statuses = [client.post(greedy.url, content=b"").status_code for _ in range(400)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
