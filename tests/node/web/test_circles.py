"""Founding a circle in the pages, and the roster as each role sees it; every step is shown before it is signed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Response

from node import circles
from node.circles import peering
from node.domain.accounts import Role
from node.domain.peering import Introduction
from node.storage import forks
from node.storage.ledger import find_log
from node.sync import sync_once
from protocol.circles import decode_signed_charter
from protocol.identifiers import decode_bytes
from protocol.messages.card import open_card
from protocol.statements import Endorsement, Leave, Removal, decode
from tests.federation.members import leave
from tests.federation.support import InMemory, Node, make_node
from tests.node.web.house import Browser, House, hidden, text_of
from tests.node.web.test_peers import whole

TERMS = {
    "name": "Two Harbours",
    "purpose": "A bilateral exchange.\nNothing else.",
    "legal_basis": "Public task",
    "ours": "make",
    "small_number_threshold": "2",
    "retention_days": "1095",
    "quota_entries_per_day": "10000",
    "quota_megabytes_per_day": "33",
    "attribution": "named",
}


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[tuple[House, House]]:
    """Two nodes with pages and an operator each, in no circle."""
    made = []
    for name in ("aldermoor", "northport"):
        node = make_node(tmp_path, name)
        house = House(node, (), "", whole(node))  # type: ignore[arg-type] # in no circle
        house.account("ops", Role.OPERATOR)
        made.append(house)
    yield made[0], made[1]
    for house in made:
        house.node.runtime.database.close()


def _card(browser: Browser) -> str:
    answer = browser.submit("/circles", {}, action="/circles/card")
    assert answer.headers["content-disposition"] == 'attachment; filename="our-card.txt"'
    open_card(answer.content.strip())
    return answer.text.strip()


def _draft(browser: Browser, **terms: str) -> Response:
    return browser.submit("/circles/new", {**TERMS, **terms})


def _upload(browser: Browser, content: bytes) -> Response:
    token = hidden(browser.get("/circles"), "csrf")
    return browser.client.post("/circles/upload", data={"csrf": token}, files={"file": ("c.charter", content)})


def test_a_charter_is_written_goes_round_and_founds_a_circle(offices: tuple[House, House]) -> None:
    ours, theirs = (house.browser("ops") for house in offices)
    path = str(_draft(ours, cards=_card(theirs)).headers["location"].partition("?")[0])
    page = text_of(ours.get(path))
    assert "One of two founders has signed" in page
    assert "not confirmed: compare its fingerprint" in page
    file = ours.client.get(f"{path}/file").content

    theirs.follow(_upload(theirs, file))
    assert "Sign the charter" in theirs.get(path)
    theirs.follow(theirs.submit(path, {}, action=f"{path}/sign"))
    signed = theirs.client.get(f"{path}/file").content
    assert len(decode_signed_charter(signed.strip()).signatures) == 2

    ours.follow(_upload(ours, signed))
    for browser in (ours, theirs):
        roster = browser.follow(browser.submit(path, {}, action=f"{path}/join"))
        assert "A founder: its key stands in the charter" in text_of(roster)
    assert "None yet" not in text_of(ours.get("/circles"))
    assert "Going round" not in ours.get("/circles")


def test_the_editor_says_what_is_wrong_where_and_keeps_what_was_typed(offices: tuple[House, House]) -> None:
    browser = offices[0].browser("ops")
    answer = _draft(browser, name=" ", retention_days="many", cards="no card", attribution="loud", removal_quorum="-1")
    assert answer.status_code == 422
    for field in ("name", "retention_days", "cards", "attribution", "removal_quorum"):
        assert f'id="{field}-wrong"' in answer.text, field
    assert "A bilateral exchange." in answer.text
    assert "line 1 is not a card" in text_of(answer.text).lower()
    large = _draft(browser, endorsement_quorum="7")
    assert large.status_code == 422
    assert "quorum is larger than the number of founders" in text_of(large.text)


def test_a_file_that_is_no_charter_is_refused_in_words(offices: tuple[House, House]) -> None:
    browser = offices[0].browser("ops")
    answer = _upload(browser, b'{"charter": 1}')
    assert answer.status_code == 422
    assert 'id="file-wrong"' in answer.text


def test_without_the_identity_key_no_card_is_made_and_the_page_says_why(offices: tuple[House, House]) -> None:
    house = offices[0]
    browser = house.browser("ops")
    (house.node.runtime.settings.keys / "identity.key").unlink()
    answer = browser.submit("/circles", {}, action="/circles/card")
    assert answer.status_code == 422
    assert "private half is not on this machine" in text_of(answer.text)
    assert str(house.node.runtime.settings.data) not in answer.text
    assert "kept offline; only its public half is here" in text_of(browser.get("/peers"))


def test_who_sees_names_sees_no_pseudonym_unless_they_act_for_us(house: House) -> None:
    path = f"/circles/{house.circle}"
    for role, names, pseudonyms in (
        (Role.OFFICER, True, True),
        (Role.APPROVER, True, True),
        (Role.OPERATOR, True, True),
        (Role.AUDITOR, True, True),
        (Role.COORDINATOR, True, False),
        (Role.ANALYST, False, True),
    ):
        page = house.browser(role.value).get(path)
        text = text_of(page)
        assert ("Northport Institute of Technology" in text) is names, role
        assert ("northport.example" in page) is names, role
        assert bool(re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", text)) is pseudonyms, role
        assert ("/members/" in page) is (names and pseudonyms), role
        assert ("entries" in text) is pseudonyms, role  # how much is in a log would tell whose it is


def test_where_a_log_is_void_is_not_said_beside_a_name(fresh_house: House) -> None:
    """Whoever reads statements under pseudonyms sees which of them are void, and from which entry on."""
    for role in (Role.OFFICER, Role.COORDINATOR):
        fresh_house.account(role.value, role)
    leave(fresh_house.others[0], fresh_house.circle)
    sync_once(fresh_house.node.runtime, transport=InMemory([fresh_house.node, *fresh_house.others]))
    pages = [fresh_house.browser(role).get(f"/circles/{fresh_house.circle}") for role in ("officer", "coordinator")]
    assert ["It has left the circle." in text_of(page) for page in pages] == [True, True]
    assert ["on are void" in text_of(page) for page in pages] == [True, False]


def test_pseudonyms_do_not_stand_in_the_order_of_names(house: House) -> None:
    page = text_of(house.browser("analyst").get(f"/circles/{house.circle}"))
    found = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}", page)
    assert len(found) == 3
    assert found == sorted(found)


def test_a_line_of_the_roster_is_for_those_who_act_for_us(house: House) -> None:
    path = f"/circles/{house.circle}/members/{house.others[0].own(house.circle)}"
    assert "Northport Institute of Technology" in house.browser("officer").get(path)
    assert house.browser("coordinator").client.get(path).status_code == 403
    assert house.browser("analyst").client.get(path).status_code == 403
    assert "Vote to remove it" not in house.browser("officer").get(path)
    assert "Vote to remove it" in house.browser("operator").get(path)


def test_a_decision_on_trust_is_recorded_with_its_reason(fresh_house: House) -> None:
    fresh_house.account("ops", Role.OPERATOR)
    browser = fresh_house.browser("ops")
    path = f"/circles/{fresh_house.circle}/members/{fresh_house.others[0].own(fresh_house.circle)}"
    wrong = browser.submit(path, {"state": "muted", "weight": "many", "reason_trust": " "}, action=f"{path}/trust")
    assert 'id="weight-wrong"' in wrong.text
    assert 'id="reason_trust-wrong"' in wrong.text
    good = {"state": "normal", "weight": "40", "reason_trust": "Rests on press <alone>."}
    page = browser.follow(browser.submit(path, good, action=f"{path}/trust"))
    assert "Now: weight 40 of 100." in text_of(page)
    assert "Rests on press &lt;alone&gt;." in page
    browser.follow(browser.submit(path, {**good, "state": "quarantined"}, action=f"{path}/trust"))
    page = text_of(browser.get(path))
    assert "Now: quarantined: nothing new is taken." in page
    assert "weight 40 of 100" in page
    own = f"/circles/{fresh_house.circle}/members/{fresh_house.node.own(fresh_house.circle)}"
    assert "How far we believe it" not in browser.get(own)


def _introduced(node: Node, to: Node) -> None:
    """As after the ceremony: its key is confirmed there."""
    keyring = node.runtime.keyring
    met = Introduction(
        url=node.url,
        name=node.name,
        identity_key=keyring.identity_public(),
        request_key=keyring.request().public,
        until=node.clock.now(),
        at=node.clock.now(),
    )
    with to.runtime.database.write() as tx:
        peering.pin(tx, met, "fingerprint", by="", now=to.clock.now())


def test_an_endorsement_is_shown_byte_for_byte_before_it_is_signed(fresh_house: House, tmp_path: Path) -> None:
    fresh_house.account("ops", Role.OPERATOR)
    browser = fresh_house.browser("ops")
    newcomer = make_node(tmp_path, "quayside")
    card = circles.card(newcomer.runtime.keyring, newcomer.runtime.settings, fresh_house.circle).decode("ascii")
    newcomer.runtime.database.close()
    path = f"/circles/{fresh_house.circle}"
    refused = browser.submit(f"{path}/endorse", {"card": card})
    assert refused.status_code == 422
    assert "Nobody here has confirmed the identity key" in text_of(refused.text)

    _introduced(newcomer, fresh_house.node)
    preview = browser.submit(f"{path}/endorse", {"card": card})
    assert preview.status_code == 200, text_of(preview.text)[:800]
    payload = decode_bytes(hidden(preview.text, "payload"))
    shown = decode(payload)
    assert isinstance(shown, Endorsement)
    assert shown.body.card == card
    assert "Northport Institute of Technology" in preview.text
    assert "Candidates" not in browser.get(path)  # nothing is signed by looking

    page = text_of(
        browser.follow(browser.submit(path, {"payload": hidden(preview.text, "payload")}, action=f"{path}/sign"))
    )
    assert "The endorsement is in the log" in page
    assert "Endorsed by University of Aldermoor; one more is needed." in page


def test_votes_and_leaving_are_prepared_shown_and_signed(fresh_house: House) -> None:
    fresh_house.account("ops", Role.OPERATOR)
    browser = fresh_house.browser("ops")
    target = fresh_house.others[1].own(fresh_house.circle)
    path = f"/circles/{fresh_house.circle}"
    member = f"{path}/members/{target}"
    for form in ({"from_index": "x", "reason": "key-lost"}, {"from_index": "0", "reason": "because"}):
        assert browser.submit(member, form, action=f"{member}/remove").status_code == 422
    preview = browser.submit(member, {"from_index": "1", "reason": "key-compromised"}, action=f"{member}/remove")
    shown = decode(decode_bytes(hidden(preview.text, "payload")))
    assert isinstance(shown, Removal)
    assert (shown.body.target, shown.body.from_index) == (target, 1)
    browser.follow(browser.submit(path, {"payload": hidden(preview.text, "payload")}, action=f"{path}/sign"))
    assert "by University of Aldermoor, from entry 1" in text_of(browser.get(member))

    preview = browser.submit(path, {}, action=f"{path}/leave")
    assert isinstance(decode(decode_bytes(hidden(preview.text, "payload"))), Leave)
    page = browser.follow(browser.submit(path, {"payload": hidden(preview.text, "payload")}, action=f"{path}/sign"))
    assert "This node has left this circle" in text_of(page)
    assert "Our membership" not in page

    page = browser.follow(browser.submit(path, {}, action=f"{path}/return"))
    assert "This node is a candidate" in text_of(page)
    card = browser.client.get(f"{path}/card").content.strip()
    assert open_card(card).identity_key == fresh_house.node.runtime.keyring.identity_public().encode()


def test_only_statements_about_members_are_signed_by_this_door(fresh_house: House) -> None:
    fresh_house.account("ops", Role.OPERATOR)
    browser = fresh_house.browser("ops")
    path = f"/circles/{fresh_house.circle}"
    assert browser.submit(path, {"payload": "!"}, action=f"{path}/sign").status_code == 422
    assert browser.submit(path, {"payload": "e30"}, action=f"{path}/sign").status_code == 422


def test_an_unknown_circle_member_or_fork_leads_nowhere(house: House) -> None:
    browser = house.browser("operator")
    nobody = "A" * 43
    for path in (
        f"/circles/{nobody}",
        f"/circles/{house.circle}/members/{nobody}",
        f"/circles/{house.circle}/forks/{nobody}",
        f"/circles/{house.circle}/forks/{nobody}/proof",
        f"/circles/proposals/{nobody}",
        f"/circles/{house.circle}/card",
        "/circles/short",
    ):
        assert browser.client.get(path).status_code == 404, path


def test_a_fork_is_explained_and_its_proof_can_be_taken_along(fresh_house: House) -> None:
    for role in (Role.OPERATOR, Role.ANALYST):
        fresh_house.account(role.value, role)
    circle, forker = fresh_house.circle, fresh_house.others[0].own(fresh_house.circle)
    with fresh_house.node.runtime.database.write() as tx:
        log = find_log(tx, circle, forker)
        assert log is not None
        forks.declare(tx, log, index=2, evidence=b'{"v":1}', problem="two roots", now=fresh_house.node.clock.now())
    path = f"/circles/{circle}/forks/{forker}"
    operator, analyst = fresh_house.browser("operator"), fresh_house.browser("analyst")

    assert f'href="{path}"' in operator.get(f"/circles/{circle}")
    assert f'href="{path}"' in operator.get("/node")
    assert f'href="{path}"' in analyst.get(f"/circles/{circle}")
    page = text_of(operator.get(path))
    assert "the same up to entry 2, and differ there" in page
    assert "Northport Institute of Technology" in page
    assert "Northport Institute of Technology" not in analyst.get(path)
    proof = operator.client.get(f"{path}/proof")
    assert proof.content == b'{"v":1}\n'
    assert proof.headers["content-disposition"].startswith("attachment")
