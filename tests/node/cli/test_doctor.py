"""What the doctor sees in a healthy node, and in ones that are ill."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from node.accounts.manage import create_account
from node.cli.doctor import Diagnosis, Level, examine
from node.cli.main import app
from node.domain.accounts import Role
from node.domain.sync import PullReport, SyncProblem
from node.errors import Code
from node.storage import peers
from node.sync import sync_once
from node.sync.worker import HEARTBEAT
from protocol.statements import Timestamp
from tests.federation.support import InMemory, Node, circle_of, make_node, publish
from tests.node import statements as make


def seen(node: Node) -> dict[str, Diagnosis]:
    return {each.check: each for each in examine(node.runtime)}


@pytest.fixture
def league(tmp_path: Path) -> list[Node]:
    """Two nodes in one circle that have exchanged something."""
    nodes = [make_node(tmp_path, name) for name in ("aldermoor", "northport")]
    circle = circle_of(nodes)
    publish(nodes[1], circle, make.finding(circle))
    sync_once(nodes[0].runtime, transport=InMemory(nodes))
    return nodes


def test_a_node_that_exchanges_is_well(league: list[Node]) -> None:
    node = league[0]
    with node.runtime.database.write() as tx:
        peers.beat(tx, HEARTBEAT, node.clock.now(), "")
        for login, role in (("a", Role.OFFICER), ("b", Role.APPROVER)):
            create_account(
                tx, node.runtime.vault, login=login, display_name=login, roles=frozenset({role}), now=node.clock.now()
            )
    found = seen(node)
    assert not [each for each in found.values() if each.level is Level.WRONG and each.check != "disk"]
    assert found["circle Invented Circle"].words == "1 of 1 members answer."
    assert found["access log"].level is Level.GOOD
    assert found["people"].words == "1 may write drafts, 1 may approve those of others."
    assert found["registry"].level is Level.NOTE


def test_what_is_ill_is_named_with_what_to_do(league: list[Node]) -> None:
    node, other = league
    now = node.clock.now()
    with node.runtime.database.write() as tx:
        peers.beat(tx, HEARTBEAT, Timestamp(now - 10 * node.runtime.settings.sync_seconds), "")
        circle = next(iter(peers.list_peers(tx))).circle
        problem = SyncProblem(Code.PEER_UNREACHABLE, None, "no answer.")
        report = PullReport(circle, other.own(circle), other.name, 0, 0, 0, 0, 1, 0.1, 0, (problem,))
        peers.record_pull(tx, report, now)
    found = seen(node)
    assert found["exchange"].level is Level.WRONG
    assert "hanse serve" in found["exchange"].remedy
    assert "has not answered 1 times" in found[f"member {other.name}"].words
    assert found["people"].level is Level.NOTE


def test_the_command_says_it_in_words_and_for_programs(tmp_path: Path) -> None:
    data, runner = tmp_path / "node", CliRunner()
    made = runner.invoke(app, ["init", "--data", str(data), "--name", "A", "--url", "https://aldermoor.example"])
    assert made.exit_code == 0, made.output
    assert runner.invoke(app, ["persons", "find", "nobody of this name", "--data", str(data)]).exit_code == 0
    said = runner.invoke(app, ["doctor", "--data", str(data)])
    assert "access log:" in said.output
    found = msgspec.json.decode(runner.invoke(app, ["doctor", "--json", "--data", str(data)]).output)
    assert {"check", "level", "words", "remedy"} == found[0].keys()
    with sqlite3.connect(data / "hanse.db") as database:
        database.execute("UPDATE access_log SET action = 'nothing' WHERE seq = (SELECT max(seq) FROM access_log)")
    ill = runner.invoke(app, ["doctor", "--data", str(data)])
    assert ill.exit_code == 2
    assert "lines were changed or removed" in ill.output
