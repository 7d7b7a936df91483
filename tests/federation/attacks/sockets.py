"""What is done on the wire: connections that are held, headers and bodies that never end, from either side."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Final, TypeAlias

import httpx2

from node.api.connections import MAX_HEADER_BYTES
from node.errors import Code
from node.sync import sync_once
from node.sync.transport import PinnedTransport
from tests.federation.attacks.stage import Stage, codes
from tests.federation.support import InMemory, application
from tests.federation.test_limits import impatient
from tests.federation.test_loopback import HEADER, PATIENCE, listening

Wastes: TypeAlias = Callable[[socket.socket], None]
"""What a peer's server does once the request has come."""
Holds: TypeAlias = Callable[[socket.socket, str], None]
"""What a client does with its connection, given a path that takes content."""

_BUSY: Final = 8
"""Seconds that a busy machine may take beyond any bound; without a bound it would be many more."""
_DRIPS: Final = 40
"""Bytes sent one by one, a tenth of a second apart: four times as long as the victim's patience in these tests."""


class Rerouted(httpx2.BaseTransport):
    """The hostile member's name leads to a real socket on this machine, as a node's own way out reaches it."""

    def __init__(self, network: InMemory, host: str, port: int) -> None:
        self._network, self._host, self._port = network, host, port
        self._wire = PinnedTransport(PATIENCE, allow_private_addresses=True)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host != self._host:
            return self._network.handle_request(request)
        request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        return self._wire.handle_request(request)


def answer_by(behave: Wastes, code: Code) -> Callable[[Stage], None]:
    """A server that treats the victim's request so costs it no more than its patience."""

    def run(stage: Stage) -> None:
        with listening(behave) as port:
            transport = Rerouted(stage.network, stage.hostile.url.removeprefix("http://"), port)
            began = time.monotonic()
            report = sync_once(stage.victim.runtime, transport=transport)
        pull = next(each for each in report.pulls if each.contributor == stage.hostile_key)
        assert codes(pull) == [code]
        assert time.monotonic() - began < PATIENCE.total_seconds + _BUSY
        assert pull.bytes <= 2 * PATIENCE.max_bytes or code is Code.PEER_MISBEHAVED

    return run


def informs_for_ever(connection: socket.socket) -> None:
    """Answers that only announce an answer, one after the other."""
    for _ in range(_DRIPS):
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        time.sleep(0.1)


def chunks_by_bytes(connection: socket.socket) -> None:
    """A chunked body in chunks of one byte."""
    connection.sendall(HEADER + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(_DRIPS):
        connection.sendall(b"1\r\na\r\n")
        time.sleep(0.1)


def ask_by(behave: Holds) -> Callable[[Stage], None]:
    """A client that holds its connection so loses it, and others are served while it has it."""

    def run(stage: Stage) -> None:
        path = f"/federation/v1/circles/{stage.circle}/entries"
        app = application(stage.victim)
        with impatient(app) as port, socket.create_connection(("127.0.0.1", port)) as connection:
            connection.settimeout(20)
            began = time.monotonic()
            holder = threading.Thread(target=_hold, args=(connection, path, behave), daemon=True)
            holder.start()
            assert httpx2.get(f"http://127.0.0.1:{port}/federation/v1/node").status_code == 200
            holder.join(20)
            assert not holder.is_alive()
            assert time.monotonic() - began < 1 + _BUSY

    return run


def _hold(connection: socket.socket, path: str, behave: Holds) -> None:
    try:
        behave(connection, path)
        while connection.recv(65_536):
            pass
    except ConnectionError:
        pass  # cut off, which is the point


def says_nothing(_connection: socket.socket, _path: str) -> None:
    """Connects, and that is all."""


def header_by_bytes(connection: socket.socket, path: str) -> None:
    """A header, byte by byte."""
    for byte in f"POST {path} HTTP/1.1\r\nHost: a\r\nX-{'y' * 200}".encode():
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def content_by_bytes(connection: socket.socket, path: str) -> None:
    """Content, byte by byte."""
    connection.sendall(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n".encode())
    for _ in range(200):
        connection.sendall(b"a")
        time.sleep(0.05)


def header_without_end(connection: socket.socket, path: str) -> None:
    """A header longer than any of ours."""
    connection.sendall(f"POST {path} HTTP/1.1\r\nHost: a\r\nX-Long: ".encode() + b"y" * 3 * MAX_HEADER_BYTES)
