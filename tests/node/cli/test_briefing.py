"""``hanse briefing``: what it prints, that it comes out the same again, and what it refuses."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from node import config
from node.app import build
from node.circles import list_circles
from node.cli.main import app
from node.errors import Code, HanseError
from node.ledger.append import append
from node.sync import confirm_own_log
from protocol.identifiers import CircleId
from tests.node import statements as make


def _run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)], catch_exceptions=True)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A node that is the only member of a circle."""
    folder = tmp_path / "aldermoor"
    assert _run(folder, "init", "--name", "Aldermoor", "--url", "https://aldermoor.example").exit_code == 0
    card, charter = tmp_path / "card", tmp_path / "charter"
    card.write_text(_run(folder, "circle", "card").output, "ascii")
    terms = ("--name", "Estuary Circle", "--purpose", "Together", "--legal-basis", "Public task")
    charter.write_text(_run(folder, "circle", "create", str(card), *terms).output, "utf-8")
    assert _run(folder, "circle", "join", str(charter)).exit_code == 0
    return folder


def _circle(data: Path) -> CircleId:
    runtime = build(config.load(data))
    with runtime.database.read() as tx:
        (circle,) = list_circles(tx)
    runtime.database.close()
    return circle.id


def _share(folder: Path) -> None:
    runtime = build(config.load(folder))
    circle, now = _circle(folder), runtime.clock.now()
    day = now - now % 86_400
    confirm_own_log(runtime, circle)
    with runtime.database.write() as tx:
        append(tx, runtime.keyring, circle, [make.finding(circle, iat=day - 86_400)], now)
    runtime.database.close()


def test_a_briefing_is_printed_and_comes_out_the_same_again(data: Path, tmp_path: Path) -> None:
    circle = _circle(data)
    _share(data)
    first = _run(data, "briefing", circle)
    assert first.exit_code == 0, first.output
    assert "Briefing: Estuary Circle" in first.output
    assert "Findings that count today: 1 of 1 stated, by 1 of 1 members" in first.output
    again = re.search(r"Again with: hanse (.*)", first.output)
    assert again
    command = again[1].split()
    figures = _run(data, *command, "--figures").output
    _share(data)
    assert _run(data, *command, "--figures").output == figures
    assert _run(data, "briefing", circle, "--figures").output != figures
    paper = tmp_path / "briefing.pdf"
    assert _run(data, *command, "--pdf", str(paper)).exit_code == 0
    assert paper.read_bytes().startswith(b"%PDF-")


def test_a_subject_has_a_briefing_and_partners_get_less(data: Path) -> None:
    _share(data)
    both = _run(data, "briefing", make.SUBJECT)
    assert "Concerns in Estuary Circle" in both.output
    less = _run(data, "briefing", make.SUBJECT, "--partners")
    assert "1 statement left out: their handling does not permit it." in less.output
    assert "TLP:AMBER:" in less.output


def test_what_is_no_briefing_is_refused_in_words(data: Path) -> None:
    for words in (
        ("nowhere",),
        ("ror:nothing",),
        (make.SUBJECT, "--month", "2026-09"),
        (make.SUBJECT, "--as-of", "soon"),
        (make.SUBJECT, "--as-of", "999.2026-01-01"),
    ):
        done = _run(data, "briefing", *words)
        assert isinstance(done.exception, HanseError), words
        assert done.exception.code is Code.INVALID
        assert done.exception.remedy
