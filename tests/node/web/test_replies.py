"""Replies on pages: the public form, which tells nothing, the letters that officers read, and signing one's name."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI

from node import web
from node.accounts.rate import LETTERS_PER_WINDOW
from node.api import problems
from node.domain.accounts import Role
from node.domain.replies import KEPT_DAYS, MAX_WAITING, Letter
from node.errors import Code, HanseError
from node.publishing import reply_intake
from node.storage.tables.base import METADATA
from protocol.statements import DAY_SECONDS
from tests.federation.support import Node, publish
from tests.node import statements as make
from tests.node.web.house import PARTNER, PARTNER_NAME, House, hidden, make_house, text_of

LETTER = {
    "organisation": "Institute for Applied Tidal Mechanics",
    "identifier": "",
    "mailbox": "board@tidal.example",
    "text": "Both registers were put right in March: the cormorant clause has ended.",
}


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[House]:
    """A node that takes letters, with an officer and an approver."""
    made = make_house(tmp_path)
    settings = replace(made.node.runtime.settings, replies_intake=True)
    node = Node(replace(made.node.runtime, settings=settings), made.node.clock)
    app = FastAPI(openapi_url=None)
    problems.install(app, web.install(app, node.runtime))
    house = House(node, made.others, made.circle, app)
    for role in (Role.OFFICER, Role.APPROVER, Role.ANALYST):
        house.account(role.value, role)
    yield house
    for each in (node, *made.others):
        each.runtime.database.close()


def in_clear(house: House) -> bytes:
    """Every value in the database, as it is stored."""
    found: list[bytes] = []
    with house.node.runtime.database.engine.connect() as connection:
        for table in METADATA.sorted_tables:
            for row in connection.execute(table.select()):
                found += [each if isinstance(each, bytes) else str(each).encode() for each in row]
    return b"\n".join(found)


def test_a_node_that_does_not_offer_the_form_has_no_such_page(house: House) -> None:
    assert "leads to nothing" in house.browser().get("/reply", status=404)
    assert "/reply" not in house.browser().get("/sign-in")


def test_the_form_says_the_same_whatever_is_held(open_house: House) -> None:
    answers = set()
    for organisation in (PARTNER_NAME, "Nobody's Institute of Nothing"):
        browser = open_house.browser()
        answer = browser.submit("/reply", {**LETTER, "organisation": organisation})
        assert answer.status_code == 200
        answers.add(answer.text)
    assert len(answers) == 1
    (said,) = answers
    assert "says nothing about whether anything is held" in text_of(said)
    assert b"testclient" not in in_clear(open_house)


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(open_house: House) -> None:
    browser = open_house.browser()
    answer = browser.submit("/reply", {**LETTER, "mailbox": "no address"})
    assert answer.status_code == 422
    assert "Give one e-mail address" in answer.text
    assert "cormorant" in answer.text
    assert browser.submit("/reply", {**LETTER, "text": ""}).status_code == 422
    assert browser.submit("/reply", {**LETTER, "text": "x" * 9_000}).status_code == 422


def test_one_network_writes_a_few_letters_an_hour(open_house: House) -> None:
    browser = open_house.browser()
    statuses = [browser.submit("/reply", LETTER).status_code for _ in range(LETTERS_PER_WINDOW + 1)]
    assert statuses == [200] * LETTERS_PER_WINDOW + [429]
    open_house.node.clock.advance(3_600)
    assert browser.submit("/reply", LETTER).status_code == 200


def test_the_queue_is_bounded_and_forgets(open_house: House) -> None:
    runtime, now = open_house.node.runtime, open_house.node.clock.now()
    letter = Letter("An Institute", "", "office@institute.example", "We disagree.")
    with runtime.database.write() as tx:
        for _ in range(MAX_WAITING):
            reply_intake.receive(tx, runtime.vault, letter, now)
        with pytest.raises(HanseError) as full:
            reply_intake.receive(tx, runtime.vault, letter, now)
    assert full.value.code is Code.TOO_MANY_REQUESTS
    open_house.node.clock.advance((KEPT_DAYS + 1) * DAY_SECONDS)
    with runtime.database.write() as tx:
        reply_intake.receive(tx, runtime.vault, letter, open_house.node.clock.now())
        assert len(reply_intake.in_hand(tx, runtime.vault)) == 1


def test_a_letter_is_sealed_verified_and_becomes_a_draft(open_house: House) -> None:
    open_house.browser().submit("/reply", LETTER)
    stored = in_clear(open_house)
    for word in (b"cormorant", b"board@tidal.example", b"herons agreed"):
        assert word not in stored
    officer = open_house.browser("officer")
    assert PARTNER_NAME in officer.get("/replies")
    assert "letter of an organisation waits" in text_of(officer.get("/"))
    path = officer.pages[-2].partition('href="/replies/letter/')[2].partition('"')[0]
    letter = f"/replies/letter/{path}"
    assert "cormorant" in officer.get(letter)
    # Nobody takes up what nobody has verified.
    place = f"/replies/new/{open_house.circle}/{PARTNER}?letter={path}"
    verified = {"verified": "official-letter", "note": "The herons agreed by post."}
    assert officer.submit(letter, {**verified, "note": ""}, action=f"{letter}/verify").status_code == 422
    officer.follow(officer.submit(letter, verified, action=f"{letter}/verify"))
    chosen = officer.submit(
        letter, {"letter": path, "partner": PARTNER, "circle": open_house.circle}, action="/replies"
    )
    assert chosen.headers["location"] == place

    form = officer.get(place)
    assert "cormorant" in form
    target = form.partition('name="targets" value="')[2].partition('"')[0]
    values = {
        "targets": target,
        "text": LETTER["text"],
        "replied": hidden_date(form, "replied"),
        "expires": hidden_date(form, "expires"),
        "handling": "TLP:AMBER",
        **verified,
    }
    draft = officer.follow(officer.submit(place, values))
    assert "Reply of" in draft
    assert "herons agreed" in draft
    assert "herons agreed" not in draft.partition("Set out for reading")[2].partition("</pre>")[0]
    where = officer.submit(letter, {}, action=f"{letter}/set-aside")
    assert where.status_code in {303, 404}
    assert b"herons agreed" not in in_clear(open_house)


def hidden_date(form: str, name: str) -> str:
    """The value of a date field."""
    return form.partition(f'name="{name}" value="')[2].partition('"')[0]


def test_letters_are_for_officers(open_house: House) -> None:
    for login in ("analyst", "approver"):
        open_house.browser(login).get("/replies", status=403)


def test_the_page_says_what_a_signature_gives_away_before_anybody_signs(open_house: House) -> None:
    officer = open_house.browser("officer")
    runtime, now = open_house.node.runtime, open_house.node.clock.now()

    finding = make.finding(open_house.circle, make.finding_body(PARTNER))
    publish(open_house.node, open_house.circle, finding, make.finding(open_house.circle))
    assert now == runtime.clock.now()
    statement = f"/statements/{open_house.node.own(open_house.circle)}/{finding.id}"
    page = f"/names/{open_house.circle}/{finding.id}"
    assert page in officer.get(statement)
    said = text_of(officer.get(page))
    assert "see one key under everything in it" in said
    assert "one further statement that stays under" in said
    assert "Has seen it under" in said
    assert "Change our key in this circle first" in said
    refused = officer.submit(page, {})
    assert refused.status_code == 422
    draft = officer.follow(officer.submit(page, {"understood": "yes"}))
    assert "Our name under a statement" in draft
    assert hidden(draft, "digest")
