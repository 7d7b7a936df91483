"""Over real sockets: a whole hop through a real server, and peers that waste time or bytes."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from node.errors import Code
from node.storage import ledger as logs
from node.sync import sync_once
from node.sync.transport import Patience
from protocol.messages.stream import MIN_STREAM_BYTES
from tests.federation.conftest import MakeNode
from tests.federation.support import application, circle_of, free_port, publish, serving
from tests.node import statements as make

PATIENCE = Patience(connect_seconds=2, idle_seconds=0.4, total_seconds=1, max_bytes=MIN_STREAM_BYTES)
"""As a real node's, but for a test's time."""
HEADER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@pytest.mark.enable_socket
def test_a_hop_over_http(node_of: MakeNode) -> None:
    ports = free_port(), free_port()
    author = node_of("author", url=f"http://127.0.0.1:{ports[0]}")
    reader = node_of("reader", url=f"http://127.0.0.1:{ports[1]}")
    circle = circle_of([author, reader])
    publish(author, circle, *make.findings(circle, 120))

    with serving(application(author), ports[0]):
        (pull,) = sync_once(reader.runtime, patience=Patience(max_bytes=100_000)).pulls
        again = sync_once(reader.runtime)
    gone = sync_once(reader.runtime)

    assert (pull.entries, pull.unreadable, pull.problems) == (120, 0, ())
    assert pull.requests > 1
    assert (again.entries, again.problems) == (0, ())
    (problem,) = gone.problems
    assert problem.code is Code.PEER_UNREACHABLE
    with reader.runtime.database.read() as tx:
        log = logs.find_log(tx, circle, author.own(circle))
    assert log is not None
    assert log.size == 120


def silent(_: socket.socket) -> None:
    time.sleep(3)


def drips_header(connection: socket.socket) -> None:
    for byte in HEADER * 3:
        connection.sendall(bytes([byte]))
        time.sleep(0.1)


def drips_body(connection: socket.socket) -> None:
    connection.sendall(HEADER + b"\r\n")
    for _ in range(40):
        connection.sendall(b"a")
        time.sleep(0.1)


def gigabytes(connection: socket.socket) -> None:
    connection.sendall(HEADER + b"Content-Length: 4000000000\r\n\r\n")
    block = b"a" * 65_536
    for _ in range(4_000_000_000 // len(block)):
        connection.sendall(block)


def endless_header(connection: socket.socket) -> None:
    connection.sendall(HEADER)
    for _ in range(1_000):
        connection.sendall(b"X-More: " + b"a" * 8_000 + b"\r\n")


def hangs_up(connection: socket.socket) -> None:
    connection.sendall(HEADER + b"Content-Length: 1000\r\n\r\nshort")


def not_http(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example ESMTP\r\n")


@dataclass(frozen=True, slots=True)
class Waster:
    """What a peer's socket does once the request has arrived, and the code of the problem."""

    name: str
    behave: Callable[[socket.socket], None]
    code: Code


WASTERS = (
    Waster("says nothing", silent, Code.PEER_UNREACHABLE),
    Waster("drips its header", drips_header, Code.PEER_UNREACHABLE),
    Waster("drips its body", drips_body, Code.PEER_UNREACHABLE),
    Waster("serves gigabytes", gigabytes, Code.PEER_MISBEHAVED),
    Waster("sends a header without end", endless_header, Code.PEER_UNREACHABLE),
    Waster("hangs up in the middle", hangs_up, Code.PEER_UNREACHABLE),
    Waster("speaks another protocol", not_http, Code.PEER_UNREACHABLE),
)


@contextmanager
def listening(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server socket that reads a request and then does what it is told."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                behave(connection)
        except OSError:
            pass  # the other side has had enough, which is the point

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(server.getsockname()[1])
    finally:
        server.close()


@pytest.mark.enable_socket
@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
@pytest.mark.parametrize("case", WASTERS, ids=lambda case: case.name)
def test_a_peer_costs_no_more_than_our_patience(node_of: MakeNode, case: Waster) -> None:
    with listening(case.behave) as port:
        waster = node_of("waster", url=f"http://127.0.0.1:{port}")
        reader = node_of("reader")
        circle_of([waster, reader])
        (pull,) = sync_once(reader.runtime, patience=PATIENCE).pulls

    (problem,) = pull.problems
    assert problem.code is case.code
    assert "waster" in problem.detail or "127.0.0.1" in problem.detail
    assert pull.seconds < 2.5
    assert pull.bytes <= PATIENCE.max_bytes
