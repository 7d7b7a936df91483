"""Nodes for tests: real databases and key files, one application each, in one process.

``make_node`` builds one; ``circle_of`` founds a circle among several through their own cards and signatures.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from node import circles
from node.api import federation, problems
from node.domain.ledger import Appended
from node.domain.settings import Settings
from node.ledger.append import append
from node.ledger.keyring import Keyring, write_secret
from node.runtime import Runtime
from node.storage.database import Database
from node.storage.ledger import find_log
from node.storage.vault import KEY_BYTES, Vault
from node.subjects.matching import Names
from protocol.circles import Attribution, add_signatures
from protocol.identifiers import CircleId, KeyId
from protocol.statements import Statement
from protocol.vocabulary import Vocabulary
from tests.node.statements import IAT
from tests.support import VOCABULARY_FILE, SettableClock
from tests.tables import create_tables

_START_SECONDS: Final = 10
_VOCABULARY: Final = Vocabulary.parse(VOCABULARY_FILE.read_bytes())


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a test, and the clock that the test sets."""

    runtime: Runtime
    clock: SettableClock

    @property
    def name(self) -> str:
        """The institution's invented name."""
        return self.runtime.settings.name

    @property
    def url(self) -> str:
        """Where its peers reach it."""
        return self.runtime.settings.base_url

    def own(self, circle: CircleId) -> KeyId:
        """Its contributor key in a circle."""
        with self.runtime.database.read() as tx:
            return circles.roster(tx, circle).own


def make_node(
    tmp_path: Path,
    name: str,
    *,
    url: str = "",
    database_url: str = "",
    sync_seconds: int = 1,
    allow_private_addresses: bool = True,
) -> Node:
    """A node with new keys below ``tmp_path / name`` and the current tables in its database.

    The default URL cannot be reached, which is enough for the in-memory transport; the default database is a
    SQLite file beside the keys.
    """
    settings = _settings(tmp_path, name, url, database_url, sync_seconds, private=allow_private_addresses)
    Keyring(settings.keys).create()
    write_secret(settings.data_key, os.urandom(KEY_BYTES))
    node = _open(settings)
    create_tables(node.runtime.database)
    return node


def open_node(tmp_path: Path, name: str, *, url: str = "", database_url: str = "") -> Node:
    """A node that was made before, with its keys and its database: after a crash, or in another process."""
    return _open(_settings(tmp_path, name, url, database_url, 1, private=True))


def _settings(tmp_path: Path, name: str, url: str, database_url: str, sync_seconds: int, *, private: bool) -> Settings:
    data = tmp_path / name
    return Settings(
        name=name,
        base_url=url or f"http://{name}.example",
        data=data,
        database_url=database_url or f"sqlite:///{data / 'hanse.db'}",
        allow_private_addresses=private,
        sync_seconds=sync_seconds,
    )


def _open(settings: Settings) -> Node:
    clock = SettableClock(IAT)
    database = Database(settings.database_url)
    runtime = Runtime(
        settings=settings,
        database=database,
        clock=clock,
        vault=Vault.from_file(settings.data_key),
        keyring=Keyring(settings.keys),
        vocabulary=_VOCABULARY,
        names=Names(database, settings.data),
    )
    return Node(runtime, clock)


def circle_of(
    nodes: Sequence[Node],
    *,
    name: str = "Invented Circle",
    k: int = 3,
    attribution: Attribution = "pseudonymous",
    quota_entries: int = 10_000,
    quota_bytes: int = 33_554_432,
    operators: Sequence[Node] = (),
) -> CircleId:
    """Found a circle as people would: cards, a draft, every signature, and every node joins."""
    cards = [circles.card(node.runtime.keyring, node.runtime.settings) for node in nodes]
    terms = circles.Terms(
        name=name,
        purpose="Trying things out.",
        legal_basis="None is needed.",
        small_number_threshold=k,
        attribution=attribution,
        token_operators=tuple(node.url for node in operators),
        quota_entries_per_day=quota_entries,
        quota_bytes_per_day=quota_bytes,
    )
    draft = circles.create(nodes[0].runtime.keyring, terms, cards)
    signed = draft
    for node in nodes:
        signed = add_signatures(signed, circles.sign(node.runtime.keyring, draft))
    for node in nodes:
        with node.runtime.database.write() as tx:
            circle = circles.join(tx, node.runtime.keyring, signed, node.clock.now()).circle
    return circle


def application(node: Node) -> FastAPI:
    """What a node serves to other nodes, and nothing else."""
    app = FastAPI(openapi_url=None)
    problems.install(app)
    app.include_router(federation.build(node.runtime))
    return app


class InMemory(httpx2.BaseTransport):
    """Delivers requests to applications in this process, by base URL; an unknown one cannot be reached."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._clients: dict[str, TestClient] = {}
        for node in nodes:
            self.connect(node.url, application(node))

    def connect(self, url: str, app: FastAPI) -> None:
        """From now on this application answers for the URL, whoever did before."""
        self._clients[url] = TestClient(app, base_url=url, raise_server_exceptions=False, follow_redirects=False)

    def disconnect(self, url: str) -> None:
        """From now on nobody answers for the URL."""
        del self._clients[url]

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One exchange; the clients below keep no cookies or connections that matter."""
        client = self._clients.get(f"{request.url.scheme}://{request.url.netloc.decode()}")
        if client is None:
            raise httpx2.ConnectError("nobody answers", request=request)
        answer = client.request(
            request.method, str(request.url), content=request.read(), headers=dict(request.headers.items())
        )
        stream = httpx2.ByteStream(answer.content)
        return httpx2.Response(answer.status_code, headers=dict(answer.headers.items()), stream=stream)


@contextmanager
def serving(app: FastAPI, port: int) -> Iterator[None]:
    """A real server on a loopback port, in a thread of its own, until the block ends."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def publish(node: Node, circle: CircleId, *statements: Statement) -> list[Appended]:
    """Append to a node's log as publishing does, without its gate and its second person."""
    with node.runtime.database.write() as tx:
        return append(tx, node.runtime.keyring, circle, statements, node.clock.now())


def confirm_logs(node: Node, circle: CircleId) -> None:
    """Let a node that was opened again sign on its logs, as if members had been asked and held no more of them."""
    with node.runtime.database.read() as tx:
        roster = circles.roster(tx, circle)
        for key in roster.own_keys:
            log = find_log(tx, circle, key)
            node.runtime.keyring.confirm_log(key, 0 if log is None else log.size)
