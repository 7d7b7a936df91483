"""A request and its release between processes over HTTP, one of them out of reach; a third member learns nothing."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from node import config
from node.app import build
from node.circles import Terms, card, create, join, sign
from node.cli.operate import create as create_node
from node.clock import SystemClock
from node.runtime import Runtime
from node.storage import statements
from node.storage.tables.letters import LETTERS_IN, LETTERS_OUT
from node.sync import sync_once
from node.sync.restore import confirm_own_log
from protocol.identifiers import CircleId
from tests.federation.people import NARRATIVE, PURPOSE, staff
from tests.federation.support import Node, application, free_port, serving
from tests.node import statements as make
from tests.support import ROOT, SettableClock

_PATIENCE_SECONDS = 240
"""Before the test gives up: a busy machine is not a failure."""


@dataclass(frozen=True)
class Place:
    """One node, made for its own process, and read and written here beside it."""

    node: Node
    data: Path


@pytest.mark.enable_socket
def test_a_request_and_its_release_between_processes(tmp_path: Path) -> None:
    """The asker serves on a port that its address does not name: it can begin connections, and nobody can begin one."""
    ports = [free_port() for _ in range(3)]
    asker = _make(tmp_path / "asker", ports[0], listens=free_port(), reachable=False)
    author, third = _make(tmp_path / "author", ports[1]), _make(tmp_path / "third", ports[2])
    circle = _found([asker, author, third])
    with serving(application(third.node), ports[2]), _serving(asker, author):
        writer, reader = staff(author.node), staff(asker.node)
        confirm_own_log(author.node.runtime, circle)
        made = writer.publish(circle, make.finding_body())
        _until(lambda: _holds(asker, made.contributor, made.statement), "the finding did not come")
        request = reader.ask(made, "narrative")
        began = time.monotonic()
        _until(lambda: bool(writer.incoming()), "the request did not come")
        writer.release(writer.incoming()[0].id, "narrative")
        _until(lambda: bool(reader.given(request)), "the answer did not come")
        seconds = time.monotonic() - began
    assert reader.given(request) == {"narrative": NARRATIVE}
    assert reader.request(request).state.value == "answered"
    assert seconds < _PATIENCE_SECONDS
    sync_once(third.node.runtime)
    _require_nothing(third)
    for place in (asker, author, third):
        stored = b"".join(path.read_bytes() for path in place.data.rglob("*") if path.is_file())
        assert NARRATIVE.encode() not in stored  # sealed where it is, and absent elsewhere
        assert PURPOSE.encode() not in stored


def _require_nothing(place: Place) -> None:
    with place.node.runtime.database.engine.connect() as connection:
        assert connection.execute(LETTERS_IN.select()).all() == []
        assert connection.execute(LETTERS_OUT.select()).all() == []


def _holds(place: Place, contributor: object, statement: object) -> bool:
    with place.node.runtime.database.read() as tx:
        found = statements.feed(tx, after=0, limit=10, now=place.node.clock.now())
    return any((each.contributor, each.statement.id) == (contributor, statement) for each in found)


def _make(data: Path, port: int, *, listens: int = 0, reachable: bool = True) -> Place:
    values: dict[str, config.Value] = {
        "name": f"Invented University {data.name}",
        "base_url": f"http://127.0.0.1:{port}",
        "listen_host": "127.0.0.1",
        "listen_port": listens or port,
        "allow_private_addresses": True,
        "reachable": reachable,
        "sync_seconds": 2,
    }
    clock = SettableClock(SystemClock().now())  # what is signed here is of the day on which the processes run
    return Place(Node(build(create_node(data, values), clock=clock), clock), data)


def _found(places: list[Place]) -> CircleId:
    runtimes: list[Runtime] = [place.node.runtime for place in places]
    terms = Terms(name="Invented circle", purpose="Trying things out.", legal_basis="None is needed.")
    charter = create(runtimes[0].keyring, terms, [card(each.keyring, each.settings) for each in runtimes])
    for each in runtimes[1:]:
        charter = sign(each.keyring, charter)
    for each in runtimes:
        with each.database.write() as tx:
            circle = join(tx, each.keyring, charter, each.clock.now()).circle
    return circle


@contextmanager
def _serving(*places: Place) -> Iterator[None]:
    processes = []
    try:
        for place in places:
            command = [sys.executable, "-m", "node", "serve", "--data", str(place.data)]
            with (place.data / "serve.log").open("wb") as log:
                processes.append(subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log))  # noqa: S603  # our own
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
