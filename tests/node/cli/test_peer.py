"""``hanse peer`` and ``hanse identity`` as an operator uses them, against a second node on loopback."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from node import config
from node.app import application, build
from node.circles.identity import FILE_NAME
from node.cli.main import app
from node.errors import Code, HanseError
from tests.federation.support import free_port, serving

pytestmark = pytest.mark.enable_socket


def run(data: Path, *words: str) -> Result:
    """One command of this node."""
    return CliRunner().invoke(app, [*words, "--data", str(data)], catch_exceptions=True)


def said(data: Path, *words: str) -> str:
    """What a command that succeeds says, on one line."""
    done = run(data, *words)
    assert done.exit_code == 0, (done.output, done.exception)
    return " ".join(done.output.split())


def refusal(data: Path, *words: str) -> HanseError:
    """The error with which a command ends."""
    done = run(data, *words)
    assert isinstance(done.exception, HanseError), done.output
    return done.exception


def _fingerprint(data: Path) -> str:
    return said(data, "identity", "show", "--fingerprint")


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two nodes; both are served on loopback."""
    ports = [free_port(), free_port()]
    made = [tmp_path / name for name in ("aldermoor", "northport")]
    for data, port in zip(made, ports, strict=True):
        url = ("--url", f"http://127.0.0.1:{port}", "--allow-private-addresses")
        assert run(data, "init", "--name", data.name.title(), *url).exit_code == 0
    runtimes = [build(config.load(data)) for data in made]
    with (
        serving(application(runtimes[0]), ports[0]),
        serving(application(runtimes[1]), ports[1]),
    ):
        yield made[0], made[1]
    for runtime in runtimes:
        runtime.database.close()


def test_two_operators_confirm_each_other_on_the_command_line(folders: tuple[Path, Path]) -> None:
    ours, theirs = folders
    address = config.load(theirs).base_url
    met = said(ours, "peer", "add", address)
    assert _fingerprint(theirs) in met
    assert "our side: not confirmed" in met
    assert refusal(ours, "peer", "ask", address).code is Code.NOT_FOUND
    assert refusal(ours, "peer", "confirm", address).code is Code.INVALID
    assert "group" in refusal(ours, "peer", "confirm", address, "--fingerprint", _fingerprint(ours)).detail

    done = said(ours, "peer", "confirm", address, "--fingerprint", _fingerprint(theirs))
    assert "The other side has not confirmed us yet." in done
    back = config.load(ours).base_url
    said(theirs, "peer", "add", back)
    assert "The other side has confirmed us." in said(
        theirs, "peer", "confirm", back, "--fingerprint", _fingerprint(ours)
    )
    assert "confirmed (fingerprint) confirmed" in said(ours, "peer", "show")
    assert "The other side has confirmed us." in said(ours, "peer", "ask", address)
    assert "forgotten" in said(ours, "peer", "forget", address)
    assert "nothing was known" in said(ours, "peer", "forget", address)


def test_an_address_that_nobody_asked_cannot_be_confirmed(folders: tuple[Path, Path]) -> None:
    ours, theirs = folders
    refused = refusal(ours, "peer", "confirm", config.load(theirs).base_url, "--fingerprint", "1" * 60)
    assert refused.code is Code.NOT_FOUND
    assert "hanse peer add" in refused.remedy
    assert refusal(ours, "peer", "confirm", "https://x y").code is Code.INVALID


def test_the_identity_key_is_taken_away_and_brought_back(tmp_path: Path) -> None:
    data = tmp_path / "aldermoor"
    assert run(data, "init", "--name", "Aldermoor", "--url", "https://aldermoor.example").exit_code == 0
    digits = _fingerprint(data)
    assert re.fullmatch(r"(\d{5} ){11}\d{5}", digits)
    assert "none that still holds" in said(data, "identity", "show")

    assert "delete it here" in said(data, "identity", "offline")
    key = data / "keys" / "identity.key"
    elsewhere = tmp_path / "safe.key"
    key.rename(elsewhere)
    assert _fingerprint(data) == digits
    shown = said(data, "identity", "show")
    assert "kept offline" in shown
    assert "holds until" in shown
    assert refusal(data, "identity", "publish").code is Code.IDENTITY_OFFLINE
    assert refusal(data, "circle", "card").code is Code.IDENTITY_OFFLINE

    elsewhere.rename(key)
    before = (data / FILE_NAME).read_bytes()
    assert "holds until" in said(data, "identity", "publish")
    assert len((data / FILE_NAME).read_bytes()) == len(before)
    assert run(data, "circle", "card").exit_code == 0


def test_a_file_of_anchors_that_cannot_be_used_is_named_at_the_start(tmp_path: Path) -> None:
    data = tmp_path / "aldermoor"
    assert run(data, "init", "--name", "Aldermoor", "--url", "https://aldermoor.example").exit_code == 0
    settings = data / config.FILE_NAME
    settings.write_text(settings.read_text("utf-8") + 'trust_anchors = "anchors.json"\n', "utf-8")
    refused = refusal(data, "peer", "show")
    assert refused.code is Code.BAD_CONFIGURATION
    assert "anchors.json" in refused.detail
    (data / "anchors.json").write_text("[]", "utf-8")
    assert "institution" in said(data, "peer", "show")
