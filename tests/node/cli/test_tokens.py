"""``hanse tokens``: the keys of an operator, as it types them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from node.cli.main import app
from node.errors import Code, HanseError
from protocol.circles import circle_id, decode_signed_charter, encode_charter
from tests.federation.support import free_port

pytestmark = pytest.mark.enable_socket
"""Members are asked before the first signature; at their addresses nobody listens."""


@pytest.fixture(autouse=True)
def _closed_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANSE_ALLOW_PRIVATE_ADDRESSES", "true")


def _run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)], catch_exceptions=True)


def _said(data: Path, *words: str) -> str:
    done = _run(data, *words)
    assert done.exit_code == 0, (done.output, done.exception)
    return " ".join(done.output.split())


def _circle(tmp_path: Path, *operators: str) -> tuple[list[Path], str]:
    """Two institutions, and a circle of theirs that both have joined; its identifier."""
    folders = [tmp_path / "aldermoor", tmp_path / "northport"]
    urls = {folder.name: f"http://127.0.0.1:{free_port()}" for folder in folders}
    cards = []
    for folder in folders:
        _said(folder, "init", "--name", folder.name.title(), "--url", urls[folder.name])
        cards.append(tmp_path / f"{folder.name}.card")
        cards[-1].write_text(_run(folder, "circle", "card").output, "ascii")
    terms = ("--name", "Circle", "--purpose", "Together", "--legal-basis", "Public task")
    named = [word for name in operators for word in ("--operator", urls.get(name, "https://elsewhere.example"))]
    done = _run(folders[0], "circle", "create", *map(str, cards), *terms, *named)
    if done.exception is not None:
        raise done.exception
    charter = tmp_path / "circle.charter"
    charter.write_text(done.output, "utf-8")
    _said(folders[1], "circle", "sign", str(charter))
    return folders, str(charter)


def test_an_operator_begins_an_epoch(tmp_path: Path) -> None:
    folders, charter = _circle(tmp_path, "aldermoor", "northport")
    _said(folders[0], "circle", "join", charter)
    circle = circle_id(encode_charter(decode_signed_charter(Path(charter).read_bytes().strip()).charter))
    assert "No token can be made yet." in _said(folders[0], "tokens", "keys", circle)
    _said(folders[0], "ledger", "confirm", "--circle", circle, "--nobody-else-answers")
    assert "entry 0" in _said(folders[0], "tokens", "new-key", circle)
    assert (folders[0] / "keys" / "operators" / f"{circle}-1.key").stat().st_mode & 0o077 == 0
    shown = _said(folders[0], "tokens", "keys", circle)
    assert "Aldermoor 1 1" in shown
    assert "Northport none" in shown


def test_operators_are_founders_and_more_than_one(tmp_path: Path) -> None:
    with pytest.raises(HanseError) as refused:
        _circle(tmp_path, "aldermoor", "elsewhere")
    assert refused.value.code is Code.INVALID
