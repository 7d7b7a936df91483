"""The pages of the ceremony, against a second node that answers over HTTP on loopback."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI

from node import web
from node.api import federation, problems, well_known
from node.domain.accounts import Role
from node.storage import pins
from protocol.messages.card import fingerprint
from tests.federation.support import Node, free_port, make_node, serving
from tests.node.web.house import Browser, House, text_of

pytestmark = pytest.mark.enable_socket


def whole(node: Node) -> FastAPI:
    """Everything that a node serves to people and to other nodes."""
    app = FastAPI(openapi_url=None)
    app.include_router(federation.build(node.runtime))
    app.include_router(well_known.build(node.runtime))
    problems.install(app, web.install(app, node.runtime))
    return app


@dataclass(frozen=True, slots=True)
class Side:
    """One node, and its operator's browser."""

    node: Node
    browser: Browser
    house: House

    @property
    def digits(self) -> str:
        """The fingerprint that this side's own page shows."""
        return " ".join(digits(self.browser.get("/peers")))


def digits(page: str) -> list[str]:
    """The first fingerprint on a page."""
    return re.findall(r"<li>(\d{5})</li>", page)[:12]


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    """Two nodes on loopback that do not know each other."""
    with ExitStack() as stack:
        made = []
        for name in ("aldermoor", "northport"):
            port = free_port()
            node = make_node(tmp_path, name, url=f"http://127.0.0.1:{port}")
            stack.callback(node.runtime.database.close)
            app = whole(node)
            stack.enter_context(serving(app, port))
            house = House(node, (), "", app)  # type: ignore[arg-type] # in no circle
            house.account("ops", Role.OPERATOR)
            made.append(Side(node, house.browser("ops"), house))
        yield made[0], made[1]


def _meet(ours: Side, theirs: Side) -> str:
    """Ask the other side's address; the path of its page."""
    answer = ours.browser.submit("/peers", {"url": theirs.node.url})
    page = ours.browser.follow(answer)
    assert "Nobody here has confirmed it" in text_of(page)
    return str(answer.headers["location"].partition("?")[0])


def _confirm(ours: Side, path: str, typed: str) -> str:
    answer = ours.browser.submit(path, {"typed": typed, "channel": "trusted"}, action=f"{path}/confirm")
    return text_of(ours.browser.follow(answer))


def test_two_operators_confirm_each_other_in_their_pages(sides: tuple[Side, Side]) -> None:
    ours, theirs = sides
    path = _meet(ours, theirs)
    page = ours.browser.get(path)
    assert digits(page) == theirs.digits.split()
    assert "199 bits" in text_of(page)

    assert "has not confirmed yours yet" in _confirm(ours, path, theirs.digits)
    back = _meet(theirs, ours)
    assert "Both sides have confirmed" in _confirm(theirs, back, ours.digits)

    assert "Their side confirmed, it said less than a minute ago" in text_of(ours.browser.get(path))
    listed = text_of(ours.browser.get("/peers"))
    assert "northport http://127.0.0.1" in listed
    assert "by ops: two people compared the fingerprint" in text_of(ours.browser.get(path))
    with ours.node.runtime.database.read() as tx:
        assert pins.is_confirmed(tx, theirs.node.runtime.keyring.identity_public().key_id)


def test_a_wrong_fingerprint_is_said_at_the_field_and_confirms_nothing(sides: tuple[Side, Side]) -> None:
    ours, theirs = sides
    path = _meet(ours, theirs)
    wrong = ours.browser.submit(path, {"typed": ours.digits, "channel": "trusted"}, action=f"{path}/confirm")
    assert wrong.status_code == 422
    assert "Group 1 differs" in text_of(wrong.text)
    assert 'id="typed-wrong"' in wrong.text
    alone = ours.browser.submit(path, {"typed": theirs.digits}, action=f"{path}/confirm")
    assert 'id="channel-wrong"' in alone.text
    with ours.node.runtime.database.read() as tx:
        assert pins.list_pins(tx) == []


def test_an_address_that_does_not_answer_is_said_at_the_field(sides: tuple[Side, Side]) -> None:
    ours, _ = sides
    for typed in (f"http://127.0.0.1:{free_port()}", "https://a b", ours.node.url):
        answer = ours.browser.submit("/peers", {"url": typed})
        assert answer.status_code == 422
        assert 'id="url-wrong"' in answer.text


def test_a_confirmation_can_be_taken_back(sides: tuple[Side, Side]) -> None:
    ours, theirs = sides
    path = _meet(ours, theirs)
    _confirm(ours, path, theirs.digits)
    page = ours.browser.follow(ours.browser.submit(path, {}, action=f"{path}/forget"))
    assert "None yet" in text_of(page)
    assert ours.browser.client.get(path).status_code == 404


def test_what_a_peer_calls_itself_is_text_and_nothing_else(sides: tuple[Side, Side]) -> None:
    ours, theirs = sides
    key = theirs.node.runtime.keyring.identity_public()
    path = _meet(ours, theirs)
    with ours.node.runtime.database.write() as tx:
        met = pins.find_introduction(tx, theirs.node.url)
        assert met is not None
        pins.introduce(tx, type(met)(met.url, "<b>Not</b> an element", key, met.request_key, met.until, met.at))
    assert "<b>Not</b>" not in ours.browser.get(path)
    assert fingerprint(key).split() == digits(ours.browser.get(path))


def test_peers_are_for_the_operator(house: House) -> None:
    for role in Role:
        status = house.browser(role.value).client.get("/peers").status_code
        assert (status == 200) is (role is Role.OPERATOR), role
