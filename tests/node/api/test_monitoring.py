"""Health, readiness and metrics: who may ask, what is said, and that no name stands beside a pseudonym."""

import re
from pathlib import Path

import pytest
from alembic import command
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from node.app import application
from node.domain.accounts import Permission, Role
from node.storage import peers
from node.storage.migrations import configuration
from node.sync import sync_once
from node.sync.worker import HEARTBEAT
from protocol.pseudonyms import pseudonym
from protocol.statements import Timestamp
from tests.federation.support import InMemory, Node, circle_of, make_node, publish
from tests.node import statements as make
from tests.node.api.support import token_of
from tests.support import ROOT


@pytest.fixture
def league(tmp_path: Path) -> list[Node]:
    """Two nodes in one circle that have exchanged something."""
    nodes = [make_node(tmp_path, name) for name in ("aldermoor", "northport")]
    circle = circle_of(nodes)
    publish(nodes[1], circle, make.finding(circle))
    sync_once(nodes[0].runtime, transport=InMemory(nodes))
    with nodes[0].runtime.database.write() as tx:
        command.stamp(configuration(tx.connection), "head")  # these tables were not made by migrating
    return nodes


def client(node: Node) -> TestClient:
    return TestClient(application(node.runtime), base_url=node.url)


def samples(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def test_alive_and_ready_are_open_and_say_nothing_more(league: list[Node]) -> None:
    ask = client(league[0])
    assert ask.get("/healthz").text == "alive\n"
    ready = ask.get("/readyz")
    assert (ready.status_code, ready.json()) == (
        200,
        {"ready": True, "checks": {"database": True, "tables": True, "keys": True, "worker": True}},
    )


def test_a_worker_that_has_fallen_silent_is_not_ready(league: list[Node]) -> None:
    node = league[0]
    now = node.clock.now()
    with node.runtime.database.write() as tx:
        peers.beat(tx, HEARTBEAT, Timestamp(now - 6 * node.runtime.settings.sync_seconds), "")
    answer = client(node).get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["worker"]) == (503, False)
    with node.runtime.database.write() as tx:
        peers.beat(tx, HEARTBEAT, now, "")
    assert client(node).get("/readyz").status_code == 200


def test_tables_that_nobody_has_brought_to_this_version_are_not_ready(league: list[Node]) -> None:
    answer = client(league[1]).get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["tables"]) == (503, False)


def test_every_alert_and_panel_asks_for_a_metric_that_there_is(league: list[Node]) -> None:
    node = league[0]
    ask = client(node)
    ask.get("/healthz")
    token = token_of(node.runtime, "operator", Role.OPERATOR, frozenset({Permission.OPERATIONS_READ}))
    known = set(samples(ask.get("/metrics", headers={"Authorization": f"Bearer {token}"}).text))
    known |= {"hanse_entity_configuration_expiry_timestamp_seconds", "up"}
    for name in ("alerts.yml", "dashboard.json"):
        asked = set(re.findall(r"\b(?:hanse|process)_[a-z_]+", (ROOT / "deploy" / "monitoring" / name).read_text()))
        assert asked
        assert asked <= known, name


def test_metrics_need_the_permission_and_are_in_the_access_log(league: list[Node]) -> None:
    node = league[0]
    ask = client(node)
    assert ask.get("/metrics").status_code == 401
    analyst = token_of(node.runtime, "analyst", Role.ANALYST)
    assert ask.get("/metrics", headers={"Authorization": f"Bearer {analyst}"}).status_code == 403


def test_metrics_say_how_the_node_stands(league: list[Node]) -> None:
    node = league[0]
    ask = client(node)
    ask.get("/healthz")
    token = token_of(node.runtime, "operator", Role.OPERATOR, frozenset({Permission.OPERATIONS_READ}))
    answer = ask.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.text)
    assert found["hanse_up"] == [({}, 1.0)]
    (entries,) = found["hanse_entries"]
    assert entries[1] == 1
    ((peer, lag),) = found["hanse_peer_lag_entries"]
    assert (peer["peer"], lag) == (league[1].url.partition("://")[2], 0)
    assert found["hanse_database_bytes"][0][1] > 0
    counted = {labels["route"]: value for labels, value in found["hanse_http_requests_total"]}
    assert counted["/healthz"] == 1
    assert "process_resident_memory_bytes" in found
    circle = entries[0]["circle"]
    keys = [each.own(circle) for each in league]  # type: ignore[arg-type]
    assert not any(pseudonym(circle, key) in answer.text or key in answer.text for key in keys)  # type: ignore[arg-type]
