"""A trust anchor asked from the page of a peer: an anchor, two nodes, real HTTP between them on loopback."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from node.accounts.access_log import read_access_log
from node.domain.accounts import Role
from node.storage import pins
from tests.federation.support import Node, free_port, make_node, serving
from tests.node import statements as make
from tests.node.circles.anchor import WRONG, Anchor
from tests.node.web.house import Browser, House, text_of
from tests.node.web.test_peers import whole

pytestmark = pytest.mark.enable_socket


@dataclass(frozen=True, slots=True)
class Scene:
    """Our operator at the page of a peer that nobody has confirmed, and the anchor of our settings."""

    ours: Node
    theirs: Node
    browser: Browser
    anchor: Anchor
    path: str

    @property
    def confirmed(self) -> bool:
        """Whether the peer's key is pinned here."""
        with self.ours.runtime.database.read() as tx:
            return pins.is_confirmed(tx, self.theirs.runtime.keyring.identity_public().key_id)

    def ask(self, name: str) -> tuple[int, str]:
        """Press the button of an anchor: the status, and what the page that follows says."""
        answer = self.browser.submit(self.path, {"anchor": name}, action=f"{self.path}/vouch")
        return answer.status_code, text_of(self.browser.follow(answer) if answer.status_code == 303 else answer.text)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Two nodes and an anchor, all on loopback."""
    with ExitStack() as stack:
        made: list[Node] = []
        ports = [free_port() for _ in range(3)]
        anchor = Anchor(f"http://127.0.0.1:{ports[2]}", lambda: make.IAT)
        for name, port in zip(("aldermoor", "northport"), ports, strict=False):
            node = make_node(tmp_path, name, url=f"http://127.0.0.1:{port}")
            settings = replace(node.runtime.settings, trust_anchors=anchor.write(tmp_path / f"{name}.json"))
            made.append(Node(replace(node.runtime, settings=settings), node.clock))
            stack.callback(node.runtime.database.close)
            stack.enter_context(serving(whole(made[-1]), port))
        stack.enter_context(serving(anchor.app(), ports[2]))
        ours, theirs = made
        anchor.subjects[theirs.url] = theirs.runtime.keyring.identity_public()
        house = House(ours, (), "", whole(ours))  # type: ignore[arg-type] # in no circle
        house.account("ops", Role.OPERATOR)
        browser = house.browser("ops")
        met = browser.submit("/peers", {"url": theirs.url})
        path = str(met.headers["location"].partition("?")[0])
        yield Scene(ours, theirs, browser, anchor, path)


def test_the_word_of_an_anchor_stands_in_for_the_call(scene: Scene) -> None:
    assert f"Ask {scene.anchor.url}" in text_of(scene.browser.get(scene.path))
    assert not scene.confirmed

    status, page = scene.ask(scene.anchor.url)

    assert status == 303
    assert scene.anchor.asked == [scene.theirs.url]
    assert scene.confirmed
    assert "by ops: a trust anchor of this node vouches for it" in page
    assert "has not confirmed yours yet" in page  # they were told, and have not asked anybody about us
    assert f"Ask {scene.anchor.url}" not in text_of(scene.browser.get(scene.path))
    with scene.ours.runtime.database.read() as tx:
        actions = [entry.action for entry in read_access_log(tx)]
    assert "peer-vouched" in actions


def test_nothing_else_that_an_anchor_says_confirms_anybody(scene: Scene) -> None:
    good = replace(scene.anchor)
    for wrong in WRONG:
        wrong.make(scene.anchor)
        status, page = scene.ask(scene.anchor.url)
        assert (status, wrong.words in page) == (422, True), (wrong.name, page[:2_000])
        assert not scene.confirmed, wrong.name
        for name in Anchor.__slots__:
            setattr(scene.anchor, name, getattr(good, name))
        scene.anchor.subjects[scene.theirs.url] = scene.theirs.runtime.keyring.identity_public()

    status, page = scene.ask("https://anchor.example")
    assert (status, "no such trust anchor" in page) == (422, True)
    assert not scene.confirmed
    assert scene.ask(scene.anchor.url)[0] == 303
    assert scene.confirmed
