"""``hanse peer confirm --anchor``: an anchor file, a second node, and the anchor itself, all over HTTP on loopback."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from node import config
from node.app import application, build
from node.clock import SystemClock
from node.errors import Code
from tests.federation.support import free_port, serving
from tests.node.circles.anchor import WRONG, Anchor
from tests.node.cli.test_peer import refusal, run, said

pytestmark = pytest.mark.enable_socket


@dataclass(frozen=True, slots=True)
class Scene:
    """Our node's folder, the address of another node, and the anchor of our settings."""

    ours: Path
    address: str
    anchor: Anchor


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Two nodes that were set up by the command, one of them served, and an anchor beside them."""
    ports = [free_port() for _ in range(3)]
    ours, theirs = (tmp_path / name for name in ("aldermoor", "northport"))
    for data, port in ((ours, ports[0]), (theirs, ports[1])):
        url = ("--url", f"http://127.0.0.1:{port}", "--allow-private-addresses")
        assert run(data, "init", "--name", data.name.title(), *url).exit_code == 0
    anchor = Anchor(f"http://127.0.0.1:{ports[2]}", SystemClock().now)
    anchor.write(ours / "anchors.json")
    settings = ours / config.FILE_NAME
    settings.write_text(settings.read_text("utf-8") + 'trust_anchors = "anchors.json"\n', "utf-8")
    runtime = build(config.load(theirs))
    address = runtime.settings.base_url
    anchor.subjects[address] = runtime.keyring.identity_public()
    with serving(application(runtime), ports[1]), serving(anchor.app(), ports[2]):
        yield Scene(ours, address, anchor)
    runtime.database.close()


def test_an_anchor_confirms_a_peer_on_the_command_line(scene: Scene) -> None:
    ours, address, anchor = scene.ours, scene.address, scene.anchor
    assert refusal(ours, "peer", "confirm", address, "--anchor", anchor.url).code is Code.NOT_FOUND
    assert anchor.asked == []  # an address that nobody has asked is not the anchor's business
    assert "our side: not confirmed" in said(ours, "peer", "add", address)

    done = said(ours, "peer", "confirm", address, "--anchor", anchor.url)

    assert "confirmed: Northport" in done
    assert "The other side has not confirmed us yet." in done
    assert "our side: confirmed (anchor)" in said(ours, "peer", "show", address)
    assert anchor.asked == [address]


def test_an_anchor_that_is_wrong_in_anything_confirms_nobody(scene: Scene) -> None:
    ours, address, anchor = scene.ours, scene.address, scene.anchor
    said(ours, "peer", "add", address)
    key, good = anchor.subjects[address], replace(anchor)
    for wrong in WRONG:
        wrong.make(anchor)
        assert wrong.words in refusal(ours, "peer", "confirm", address, "--anchor", anchor.url).detail, wrong.name
        for name in Anchor.__slots__:
            setattr(anchor, name, getattr(good, name))
        anchor.subjects[address] = key
    assert refusal(ours, "peer", "confirm", address, "--anchor", "https://anchor.example").code is Code.INVALID
    assert "our side: not confirmed" in said(ours, "peer", "show", address)
    settings = ours / config.FILE_NAME
    closed = settings.read_text("utf-8").replace("allow_private_addresses = true", "allow_private_addresses = false")
    closed = closed.replace('base_url = "http:', 'base_url = "https:')
    settings.write_text(closed, "utf-8")
    assert refusal(ours, "peer", "confirm", address, "--anchor", anchor.url).code is Code.INVALID  # not without TLS
