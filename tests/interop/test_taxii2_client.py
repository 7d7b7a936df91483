"""The TAXII client of OASIS against a node's server, over HTTP: discovery, pages, filters, refusals."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import taxii2client.v21 as taxii2  # type: ignore[import-untyped]

from node import app
from node.domain.accounts import Role
from node.insight.stix.identifiers import collection_uuid
from tests.federation.support import free_port, serving
from tests.node.api.support import token_of
from tests.node.insight.collections import fill
from tests.node.insight.support import Pool, pools_of
from tests.node.subjects.registry import load_records, record

pytestmark = pytest.mark.enable_socket


@dataclass(frozen=True, slots=True)
class Served:
    """A node that is served on loopback, and an analyst's token."""

    pool: Pool
    url: str
    token: str

    def server(self, token: str | None = None) -> taxii2.Server:
        """A new client, which gives the token as a password."""
        return taxii2.Server(f"{self.url}/taxii2/", user="analyst", password=token or self.token)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """With something of every kind in its pool."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (pool,) = pools_of(tmp_path, f"sqlite:///{tmp_path / 'hanse.db'}", url=url)
    load_records(pool.database, tmp_path, [record(1, "Aldermoor University"), record(2, "Northport College")])
    fill(pool)
    token = token_of(pool.node.runtime, "analyst", Role.ANALYST)
    with serving(app.application(pool.node.runtime), port):
        yield Served(pool, url, token)
    pool.database.close()


def test_the_client_reads_a_circle(served: Served) -> None:
    server = served.server()
    root = server.default
    assert root.url == f"{served.url}/taxii2/hanse/"
    (collection,) = root.collections
    assert collection.id == collection_uuid(served.pool.circle)
    whole = collection.get_objects()["objects"]
    assert {"note", "relationship", "opinion", "identity"} <= {each["type"] for each in whole}

    pages = list(taxii2.as_pages(collection.get_objects, per_request=4))
    assert len(pages) > 2
    assert [each for page in pages for each in page.get("objects", [])] == whole
    manifest = collection.get_manifest()["objects"]
    assert [each["id"] for each in manifest] == [each["id"] for each in whole]
    half = manifest[len(manifest) // 2]
    assert collection.get_manifest(added_after=half["date_added"])["objects"] == manifest[len(manifest) // 2 + 1 :]

    note = next(each for each in whole if each["type"] == "note")
    assert collection.get_object(note["id"])["objects"] == [note]
    assert collection.object_versions(note["id"])["versions"] == [note["modified"]]
    assert {each["type"] for each in collection.get_objects(type=["opinion"])["objects"]} == {"opinion"}
    assert collection.get_objects(id=note["id"], version=note["modified"])["objects"] == [note]


def test_the_client_is_refused_as_the_standard_says(served: Served) -> None:
    collection = served.server().default.collections[0]
    with pytest.raises(taxii2.AccessError):
        collection.add_objects({"objects": []})
    for url in (f"{collection.url}objects/note--2ca67c87-e65a-4ab4-befe-8f8ec91f9252/", f"{collection.url}nothing/"):
        with pytest.raises(requests.HTTPError) as refused:
            collection._conn.get(url)  # noqa: SLF001  # the client has no public way to ask for what is not there
        assert _status(refused.value) == 404
    operator = token_of(served.pool.node.runtime, "operator", Role.OPERATOR)
    for token, status in (("wrong", 401), (operator, 403)):
        with pytest.raises(requests.HTTPError) as refused:
            served.server(token).refresh()
        assert _status(refused.value) == status


def _status(error: requests.HTTPError) -> int:
    assert error.response is not None
    return error.response.status_code
