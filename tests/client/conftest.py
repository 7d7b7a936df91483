"""A served node with a pool, a client for it, and a wire between them that can be cut."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
import pytest_socket

from hanse_client import Client, Patience
from node import app
from node.domain.accounts import Role
from protocol.identifiers import StatementId
from tests.federation.support import free_port, serving
from tests.node.api.support import token_of
from tests.node.insight.collections import fill
from tests.node.insight.support import Pool, pools_of
from tests.node.subjects.registry import load_records, record


@dataclass
class Wire(httpx2.BaseTransport):
    """Carries requests to the real server, after the faults that a test has put in the way; each happens once."""

    faults: list[Callable[[httpx2.Request], httpx2.Response]] = field(default_factory=list)
    asked: list[httpx2.URL] = field(default_factory=list)
    inner: httpx2.HTTPTransport = field(default_factory=httpx2.HTTPTransport)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """One request."""
        self.asked.append(request.url)
        if self.faults:
            return self.faults.pop(0)(request)
        return self.inner.handle_request(request)

    def close(self) -> None:
        """Give the connections back."""
        self.inner.close()


@dataclass(frozen=True, slots=True)
class Desk:
    """An analyst at a node."""

    pool: Pool
    url: str
    token: str
    wire: Wire
    waited: list[float]
    client: Client
    ids: dict[str, StatementId]

    def another(self, token: str, *, retries: int = 2) -> Client:
        """A client with another token, over the same wire."""
        return Client(
            self.url, token, patience=Patience(retries=retries, pause=self.waited.append), transport=self.wire
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Pool, str, dict[str, StatementId]]]:
    """One node for all tests of a module, with something of every kind in its pool."""
    pytest_socket.enable_socket()
    directory: Path = tmp_path_factory.mktemp("client")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (pool,) = pools_of(directory, f"sqlite:///{directory / 'hanse.db'}", url=url)
    load_records(pool.database, directory, [record(1, "Aldermoor University"), record(2, "Northport College")])
    ids = fill(pool)
    with serving(app.application(pool.node.runtime), port):
        yield pool, url, ids
    pool.database.close()
    pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture
def desk(served: tuple[Pool, str, dict[str, StatementId]], request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A new analyst."""
    pool, url, ids = served
    wire, waited = Wire(), list[float]()
    token = token_of(pool.node.runtime, f"analyst-{abs(hash(request.node.name))}", Role.ANALYST)
    patience = Patience(retries=2, pause=waited.append)
    with Client(url, token, patience=patience, transport=wire) as client:
        yield Desk(pool, url, token, wire, waited, client, ids)
