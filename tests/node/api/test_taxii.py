"""TAXII 2.1 in memory, on both databases: resources, filters, pages, refusals; and a poller that loses nothing."""

import base64
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from node.accounts.access_log import read_access_log
from node.accounts.rate import Rates
from node.api import problems, taxii
from node.api.taxii.messages import VERSION, microseconds_of, time_of
from node.api.taxii.routes import ROOT
from node.domain.accounts import Role
from node.errors import HanseError
from node.insight.stix.identifiers import collection_uuid, statement_id
from node.ledger.projection import project
from node.ledger.sweep import sweep
from node.storage import ledger as logs
from protocol import envelope, statements
from protocol.errors import Code
from protocol.merkle import tiles
from protocol.merkle.hashing import leaf_hash
from protocol.replica import AcceptedEntry, Unreadable
from protocol.statements import DAY_SECONDS, Timestamp
from tests.node import statements as make
from tests.node.api.support import token_of
from tests.node.insight.collections import fill
from tests.node.insight.support import Pool, pools_of
from tests.node.subjects.registry import load_records, record

WRITERS = 4
EACH = 25


@dataclass(frozen=True, slots=True)
class Server:
    """A TAXII server, and a client with a token."""

    pool: Pool
    client: TestClient
    token: str

    @property
    def collection(self) -> str:
        """The path of the only collection."""
        return f"{ROOT}collections/{collection_uuid(self.pool.circle)}/"

    def ask(self, path: str, status: int = 200, **headers: str) -> dict[str, Any]:
        """The decoded answer, which must have this status and the media type of TAXII."""
        sent = {"Authorization": f"Bearer {self.token}", "Accept": VERSION} | headers
        response = self.client.get(path, headers=sent)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == VERSION
        decoded: dict[str, Any] = response.json()
        return decoded


def serve(pool: Pool) -> Iterator[Server]:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(taxii.build(pool.node.runtime))
    problems.install(app, taxii.renderer())
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Server(pool, client, token_of(pool.node.runtime, "analyst", Role.ANALYST))
    pool.database.close()


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    """On each database."""
    (pool,) = pools_of(tmp_path, database_url)
    load_records(pool.database, tmp_path, [record(1, "Aldermoor University"), record(2, "Northport College")])
    yield from serve(pool)


@pytest.fixture
def quick_server(tmp_path: Path) -> Iterator[Server]:
    """On SQLite alone."""
    (pool,) = pools_of(tmp_path, f"sqlite:///{tmp_path / 'hanse.db'}")
    yield from serve(pool)


def test_a_client_finds_its_way_from_discovery_to_objects(server: Server) -> None:
    fill(server.pool)
    discovery = server.ask("/taxii2/")
    assert discovery["default"] == discovery["api_roots"][0]
    assert discovery["default"].endswith(ROOT)
    assert server.ask(ROOT)["versions"] == [VERSION]
    (collection,) = server.ask(f"{ROOT}collections/")["collections"]
    assert (collection["can_read"], collection["can_write"]) == (True, False)
    assert server.ask(server.collection) == collection
    objects = server.ask(f"{server.collection}objects/")
    assert objects["more"] is False
    manifest = server.ask(f"{server.collection}manifest/")["objects"]
    assert [each["id"] for each in manifest] == [each["id"] for each in objects["objects"]]
    dates = [each["date_added"] for each in manifest]
    assert dates == sorted(set(dates))
    for record_, content in zip(manifest, objects["objects"], strict=True):
        assert record_["version"] == content.get("modified", content["created"])
        one = server.ask(f"{server.collection}objects/{content['id']}/")
        assert one["objects"] == [content]
        assert server.ask(f"{server.collection}objects/{content['id']}/versions/")["versions"] == [record_["version"]]


def test_pages_by_next_and_by_date_give_the_same(server: Server) -> None:
    fill(server.pool)
    whole = [each["id"] for each in server.ask(f"{server.collection}objects/")["objects"]]
    for follow in ("next", "added_after"):
        found, place, more = [], "", True
        while more:
            response = server.client.get(
                f"{server.collection}objects/?limit=3{place}", headers={"Authorization": f"Bearer {server.token}"}
            )
            page = response.json()
            found += [each["id"] for each in page.get("objects", [])]
            more = page["more"]
            last = response.headers["x-taxii-date-added-last"]
            place = f"&next={page.get('next')}" if follow == "next" else f"&added_after={last}"
        assert found == whole
        assert server.ask(f"{server.collection}objects/?added_after={last}") == {"more": False}


def test_filters_say_what_is_wanted(server: Server) -> None:
    ids = fill(server.pool)
    note = statement_id("note", server.pool.circle, server.pool.contributor(1), ids["kept"])

    def types(query: str) -> set[str]:
        found = server.ask(f"{server.collection}objects/?{query}").get("objects", [])
        return {each["type"] for each in found}

    assert types("match[type]=opinion") == {"opinion"}
    assert types("match[type]=opinion,note") == {"opinion", "note"}
    assert types(f"match[id]={note}") == {"note"}
    assert types(f"match[id]={note}&match[type]=opinion") == set()
    assert types("match[spec_version]=2.0") == set()
    assert "note" in types("match[spec_version]=2.1&match[version]=all")
    (found,) = server.ask(f"{server.collection}objects/?match[id]={note}")["objects"]
    assert types(f"match[id]={note}&match[version]={found['modified']}") == {"note"}
    assert types(f"match[id]={note}&match[version]=2020-01-01T00:00:00.000Z") == set()
    assert server.ask(f"{server.collection}objects/{note}/?match[version]=2020-01-01T00:00:00Z") == {"more": False}


def test_what_changes_comes_again_behind_what_was_read(server: Server) -> None:
    finding = make.finding(server.pool.circle)
    server.pool.say(1, finding)
    before = server.ask(f"{server.collection}manifest/")["objects"]
    server.pool.say(1, make.correction(server.pool.circle, finding.id, make.finding_body(strength=1)))
    after = before[-1]["date_added"]
    (changed,) = server.ask(f"{server.collection}manifest/?added_after={after}")["objects"]
    note = statement_id("note", server.pool.circle, server.pool.contributor(1), finding.id)
    assert changed["id"] == note
    server.pool.say(1, make.retraction(server.pool.circle, finding.id))
    (revoked,) = server.ask(f"{server.collection}objects/?added_after={changed['date_added']}")["objects"]
    assert (revoked["id"], revoked["revoked"]) == (note, True)
    everything = [each["id"] for each in server.ask(f"{server.collection}manifest/")["objects"]]
    assert everything.count(note) == 1


def test_a_poller_by_date_misses_nothing_while_others_write(server: Server) -> None:
    """The clock stands still meanwhile: every statement is received in the same second."""
    done = threading.Event()
    expected = [[make.finding(server.pool.circle) for _ in range(EACH)] for _ in range(WRITERS)]

    def write(author: int) -> None:
        for finding in expected[author]:
            server.pool.say(author, finding)

    writers = [threading.Thread(target=write, args=(author,)) for author in range(WRITERS)]
    seen: list[str] = []

    def poll() -> None:
        place, last_round = "", False
        while not last_round:
            last_round = done.is_set()
            more = True
            while more:
                response = server.client.get(
                    f"{server.collection}objects/?limit=7{place}",
                    headers={"Authorization": f"Bearer {server.token}"},
                )
                page = response.json()
                seen.extend(each["id"] for each in page.get("objects", []))
                place = f"&added_after={response.headers.get('x-taxii-date-added-last', place[13:])}"
                more = page["more"]

    poller = threading.Thread(target=poll)
    for each in (*writers, poller):
        each.start()
    for each in writers:
        each.join()
    done.set()
    poller.join()
    notes = [each for each in seen if each.startswith("note--")]
    wanted = {
        statement_id("note", server.pool.circle, server.pool.contributor(author), finding.id)
        for author in range(WRITERS)
        for finding in expected[author]
    }
    assert (len(notes), set(notes)) == (WRITERS * EACH, wanted)
    assert len(seen) == len(set(seen))


def test_the_token_may_come_as_a_password(quick_server: Server) -> None:
    basic = base64.b64encode(f"anybody:{quick_server.token}".encode()).decode()
    assert "collections" in quick_server.ask(f"{ROOT}collections/", Authorization=f"Basic {basic}")
    for wrong in ("Basic eDp5", "Basic ???", "Bearer x", ""):
        error = quick_server.ask("/taxii2/", 401, Authorization=wrong)
        assert error["http_status"] == "401"


def test_only_who_may_export_gets_in(quick_server: Server) -> None:
    for role in Role:
        token = token_of(quick_server.pool.node.runtime, f"as-{role.value}", role)
        status = 200 if role in {Role.ANALYST, Role.COORDINATOR} else 403
        quick_server.ask("/taxii2/", status, Authorization=f"Bearer {token}")


def test_refusals_are_as_the_standard_says(quick_server: Server) -> None:
    fill(quick_server.pool)
    missing = "note--2ca67c87-e65a-4ab4-befe-8f8ec91f9252"
    for path, status in (
        (f"{quick_server.collection}objects/{missing}/", 404),
        (f"{quick_server.collection}objects/{missing}/versions/", 404),
        (f"{ROOT}collections/2ca67c87-e65a-4ab4-befe-8f8ec91f9252/objects/", 404),
        (f"{ROOT}status/2ca67c87-e65a-4ab4-befe-8f8ec91f9252/", 404),
        ("/taxii2/other/", 404),
        (f"{quick_server.collection}objects/?limit=0", 400),
        (f"{quick_server.collection}objects/?limit=x", 400),
        (f"{quick_server.collection}objects/?added_after=yesterday", 400),
        (f"{quick_server.collection}objects/?added_after=2026-13-01T00:00:00Z", 400),
        (f"{quick_server.collection}objects/?next=zzz", 400),
        (f"{quick_server.collection}objects/?match[version]=newest", 400),
    ):
        error = quick_server.ask(path, status)
        assert error["http_status"] == str(status), path
        assert error["title"]
    for accept in ("application/json", "application/taxii+json;version=2.0", "text/html", "application/taxii+json;q=0"):
        quick_server.ask("/taxii2/", 406, Accept=accept)
    for accept in ("*/*", "application/*", "application/taxii+json", "text/html, application/taxii+json; version=2.1"):
        quick_server.ask("/taxii2/", Accept=accept)
    headers = {"Authorization": f"Bearer {quick_server.token}"}
    assert quick_server.client.post(f"{quick_server.collection}objects/", headers=headers).status_code == 403
    assert (
        quick_server.client.delete(f"{quick_server.collection}objects/{missing}/", headers=headers).status_code == 403
    )


def test_each_read_has_its_line_in_the_access_log(quick_server: Server) -> None:
    quick_server.ask(f"{quick_server.collection}objects/")
    quick_server.ask(f"{quick_server.collection}manifest/")
    with quick_server.pool.database.read() as tx:
        entries = [(entry.action, entry.record) for entry in reversed(read_access_log(tx))]
    circle = quick_server.pool.circle
    assert entries == [("taxii-objects-read", circle), ("taxii-manifest-read", circle)]


def test_requests_count_against_the_rate_of_the_token(tmp_path: Path) -> None:
    (pool,) = pools_of(tmp_path, f"sqlite:///{tmp_path / 'hanse.db'}")
    node = replace(pool.node, runtime=replace(pool.node.runtime, rates=Rates(requests=2)))
    for server in serve(replace(pool, node=node)):
        for _ in range(2):
            server.ask("/taxii2/")
        assert server.ask("/taxii2/", 429)["error_code"] == "too-many-requests"
        refused = server.client.get("/taxii2/", headers={"Authorization": f"Bearer {server.token}"})
        assert int(refused.headers["retry-after"]) > 0


def test_an_empty_circle_has_a_collection_without_statements(quick_server: Server) -> None:
    found = quick_server.ask(f"{quick_server.collection}objects/")["objects"]
    assert {each["type"] for each in found} == {"identity", "extension-definition", "marking-definition"}


@given(st.integers(min_value=0, max_value=253_402_300_799_999_999))
def test_times_survive_being_written(microseconds: int) -> None:
    assert microseconds_of(time_of(microseconds)) == microseconds


@given(st.text(max_size=40))
def test_what_is_no_time_is_refused_and_nothing_else_happens(text: str) -> None:
    with contextlib.suppress(HanseError):
        assert microseconds_of(text) >= 0


def test_a_statement_whose_name_an_earlier_entry_takes_is_given_as_that_one_says(server: Server) -> None:
    """An entry dated in the future is read when its day has come, and then it is the first of its name."""
    pool = server.pool
    later = Timestamp(make.IAT + 2 * DAY_SECONDS)
    name = make.new_id()
    early = make.finding(pool.circle, make.finding_body(strength=4), iat=later, statement_id=name)
    late = make.finding(pool.circle, make.finding_body(strength=1), statement_id=name)
    entries = []
    for index, statement in enumerate((early, late)):
        jws = envelope.sign(statements.encode(statement), pool.keys[1])
        content = Unreadable(Code.FUTURE_DATED, "its day has not come") if index == 0 else statement
        entries.append(AcceptedEntry(index, jws, leaf_hash(jws), content))
    with pool.database.write() as tx:
        log = logs.lock_log(tx, pool.circle, pool.contributor(1))
        hashes = [entry.leaf_hash for entry in entries]
        grown = tiles.grow(0, hashes, logs.tile_fetch(tx, log))
        logs.extend(tx, log, log.frontier.extend(hashes), [entry.jws for entry in entries], grown)
        project(tx, pool.circle, pool.contributor(1), entries, make.IAT)

    def strengths() -> list[int]:
        objects = server.ask(server.collection + "objects/")["objects"]
        return [next(iter(each["extensions"].values()))["strength"] for each in objects if each["type"] == "note"]

    assert strengths() == [1]
    pool.node.clock.advance(later - pool.node.clock.now())
    sweep(pool.database, later)
    assert strengths() == [4]
