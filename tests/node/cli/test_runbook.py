"""Every command of docs/runbook-breach.md is run, in the order of the page, on a node that has shared something."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from node import config
from node.app import build
from node.cli.main import app
from node.ledger.append import append
from node.storage import circles
from tests.federation import members as at
from tests.federation.support import Node
from tests.node import statements as make
from tests.support import ROOT, SettableClock

PAGE: Final = (ROOT / "docs" / "runbook-breach.md").read_text("utf-8")
COMMANDS: Final = [
    line.strip()
    for block in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]


def _run(data: Path, *words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--data", str(data)])
    assert done.exit_code == 0, (words, done.output, done.exception)
    return done.output


@pytest.fixture
def stage(tmp_path: Path) -> tuple[Path, Mapping[str, str]]:
    """A node with another member that cannot be reached, and a finding in its log; and what the names stand for."""
    data, other = tmp_path / "aldermoor", tmp_path / "northport"
    _run(data, "init", "--name", "Aldermoor", "--url", "https://aldermoor.example")
    _run(other, "init", "--name", "Northport", "--url", "https://127.0.0.1:9")
    card, charter = tmp_path / "card", tmp_path / "charter"
    card.write_text(_run(data, "circle", "card"), "ascii")
    terms = ("--name", "Circle", "--purpose", "Together", "--legal-basis", "Public task")
    charter.write_text(_run(data, "circle", "create", str(card), *terms), "utf-8")
    _run(data, "circle", "join", str(charter))
    _run(data, "accounts", "add", "ada", "--role", "approver")
    runtime = build(config.load(data))
    with runtime.database.read() as tx:
        (roster,) = circles.list_rosters(tx)
    card.write_text(_run(other, "circle", "card", "--circle", roster.circle), "ascii")
    at.pin(Node(runtime, SettableClock(runtime.clock.now())), card.read_bytes().strip())
    runtime.keyring.confirm_log(roster.own, 0)
    now = runtime.clock.now()
    finding = make.finding(roster.circle, iat=now - now % 86_400)
    with runtime.database.write() as tx:
        append(tx, runtime.keyring, roster.circle, [finding], now)
    runtime.database.close()
    _run(data, "circle", "endorse", roster.circle, str(card), "--yes")
    runtime = build(config.load(data))
    with runtime.database.read() as tx:
        (neighbour,) = circles.get_roster(tx, roster.circle).others
    runtime.database.close()
    fresh = tmp_path / "fresh.card"
    fresh.write_text(_run(data, "circle", "card", "--circle", roster.circle), "ascii")
    names = {
        "CIRCLE": roster.circle,
        "CHARTER": str(charter),
        "CARD": str(fresh),
        "STATEMENT": finding.id,
        "LOGIN": "ada",
        "MEMBER": neighbour.contributor,
        "REASON": "A call on a known number.",
        "N": "0",
        "NAME": "Zenobie Quarrelwick",
    }
    return data, names


def test_the_page_holds_commands() -> None:
    assert len(COMMANDS) >= 15
    assert all(command.startswith("hanse ") for command in COMMANDS)


@pytest.mark.enable_socket  # to learn that the other member cannot be reached
def test_every_command_of_the_page_does_what_it_says(stage: tuple[Path, Mapping[str, str]]) -> None:
    data, names = stage
    said = {}
    # A member that asks under a fresh card signs nothing more: that comes last.
    for command in sorted(COMMANDS, key=lambda each: "--again" in each):
        words = [names.get(word, word) for word in shlex.split(command)[1:]]
        if "--yes" in words:  # it signs, and the only other member cannot be asked
            _run(data, "ledger", "confirm", "--circle", names["CIRCLE"], "--nobody-else-answers")
        said[command] = _run(data, *words)
    received = said["hanse privacy receivers CIRCLE STATEMENT"]
    assert "Northport" in received
    assert "1 in all" in received
    assert "- *To be agreed" in said["hanse privacy arrangement"].splitlines()[-2][:15]
    assert "removed" in said["hanse circle why CIRCLE MEMBER"]
