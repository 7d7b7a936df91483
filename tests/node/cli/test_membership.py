"""``hanse circle``: members, endorsement, a new key, trust, leaving, as an operator types them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from node import config
from node.accounts.access_log import read_access_log
from node.app import build
from node.cli.main import app
from node.domain.circles import Roster
from node.errors import Code, HanseError
from node.storage import circles
from tests.federation import members as at
from tests.federation.support import Node
from tests.support import SettableClock


def _run(data: Path, *words: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)], input=answer, catch_exceptions=True)


def _said(data: Path, *words: str, answer: str | None = None) -> str:
    done = _run(data, *words, answer=answer)
    assert done.exit_code == 0, (done.output, done.exception)
    return " ".join(done.output.split())


def _refusal(data: Path, *words: str) -> HanseError:
    done = _run(data, *words)
    assert isinstance(done.exception, HanseError), done.output
    return done.exception


def _roster(data: Path) -> Roster:
    runtime = build(config.load(data))
    with runtime.database.read() as tx:
        (roster,) = circles.list_rosters(tx)
    runtime.database.close()
    return roster


def _actions(data: Path) -> list[str]:
    runtime = build(config.load(data))
    with runtime.database.read() as tx:
        actions = [entry.action for entry in read_access_log(tx)]
    runtime.database.close()
    return actions


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A node that is alone in its circle, so that it asks nobody before it signs; and the charter."""
    folder = tmp_path / "aldermoor"
    _said(folder, "init", "--name", "Aldermoor", "--url", "https://aldermoor.example")
    card = tmp_path / "own.card"
    card.write_text(_run(folder, "circle", "card").output, "ascii")
    terms = ("--name", "Circle", "--purpose", "Together", "--legal-basis", "Public task")
    charter = tmp_path / "circle.charter"
    charter.write_text(_run(folder, "circle", "create", str(card), *terms).output, "utf-8")
    _said(folder, "circle", "join", str(charter))
    return folder


def test_a_new_key_is_shown_asked_for_and_kept(data: Path) -> None:
    before = _roster(data)
    refused = _run(data, "circle", "rotate", before.circle, answer="n\n")
    assert refused.exit_code == 1
    assert _roster(data).own == before.own
    said = _said(data, "circle", "rotate", before.circle, answer="y\n")
    assert "Exactly this will be signed" in said
    after = _roster(data)
    assert after.own != before.own
    assert after.lines[before.own].status == "former"
    assert "former key" in _said(data, "circle", "why", after.circle, before.own)
    listed = _said(data, "circle", "members", after.circle)
    assert "former" in listed
    assert "current" in listed
    assert _actions(data) == ["key-rotated"]


def test_a_candidate_is_endorsed_after_its_key_was_confirmed(data: Path, tmp_path: Path) -> None:
    other, charter = tmp_path / "northport", tmp_path / "circle.charter"
    _said(other, "init", "--name", "Northport", "--url", "https://northport.example")
    circle = _roster(data).circle
    card = tmp_path / "northport.card"
    card.write_text(_run(other, "circle", "card").output, "ascii")
    assert _refusal(other, "circle", "join", str(charter), "--card", str(card)).code is Code.INVALID
    card.write_text(_run(other, "circle", "card", "--circle", circle).output, "ascii")
    waiting = _said(other, "circle", "join", str(charter), "--card", str(card))
    assert "candidate of Circle" in waiting
    assert "endorsement of one member:" in waiting
    assert _refusal(data, "circle", "endorse", circle, str(card), "--yes").code is Code.NOT_CONFIRMED
    runtime = build(config.load(data))
    at.pin(Node(runtime, SettableClock(runtime.clock.now())), card.read_bytes().strip())
    runtime.database.close()
    assert "vouch" in _said(data, "circle", "endorse", circle, str(card), "--yes")
    assert "Endorsed by Aldermoor" in _said(data, "circle", "why", circle, _roster(other).own)

    pseudonym = _roster(data).members[_roster(other).own].pseudonym
    decided = _said(data, "circle", "trust", circle, pseudonym, "--state", "muted", "--reason", "It repeats others.")
    assert "Northport: muted, weight 0 %" in decided
    assert "It repeats others." in _said(data, "circle", "why", circle, pseudonym)
    assert _refusal(data, "circle", "trust", circle, pseudonym, "--state", "shut", "--reason", "x").code is Code.INVALID
    assert _refusal(data, "circle", "why", circle, "nobody").code is Code.NO_SUCH_MEMBER
    assert _actions(data) == ["trust-changed", "member-endorsed"]


def test_a_circle_is_left(data: Path) -> None:
    circle = _roster(data).circle
    assert "We leave Circle" in _said(data, "circle", "leave", circle, "--yes")
    assert _roster(data).status == "left"
    assert _refusal(data, "circle", "leave", circle, "--yes").code is Code.NO_SUCH_MEMBER
