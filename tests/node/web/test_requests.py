"""Asking, answering and sounding on the pages, with the other side at nodes of its own."""

import re

import pytest
from starlette.testclient import TestClient

from node.domain.accounts import Role
from node.domain.publishing import Published
from node.domain.soundings import SoundingState
from node.insight import catch_up
from node.publishing import soundings
from node.publishing.names import draft_attribution
from node.storage import access_log, bylines, circles, statements
from node.storage import soundings as storage
from node.sync import sync_once
from node.sync.outbound import Outbound
from node.sync.post import exchange_all
from protocol.pseudonyms import pseudonym
from protocol.statements import DAY_SECONDS, Subject, Timestamp
from tests.federation.people import BASIS, ENGAGEMENT, NARRATIVE, PURPOSE, Staff, staff
from tests.federation.support import InMemory, circle_of, make_node
from tests.node import statements as make
from tests.node.api.support import application, token_of
from tests.node.web.house import PARTNER, PARTNER_NAME, Browser, House, text_of

WORDS = {"purpose": PURPOSE, "basis": BASIS, "until": "2026-09-20"}


@pytest.fixture
def other(fresh_house: House) -> Staff:
    """Two people at Northport."""
    return staff(fresh_house.others[0])


@pytest.fixture
def network(fresh_house: House) -> InMemory:
    return InMemory([fresh_house.node, *fresh_house.others])


def published(fresh_house: House, other: Staff, network: InMemory) -> Published:
    """A finding of Northport's with fields held back, held at Aldermoor too."""
    made = other.publish(fresh_house.circle, make.finding_body())
    sync_once(fresh_house.node.runtime, transport=network)
    return made


def test_a_request_from_the_finding_to_what_was_held_back(fresh_house: House, other: Staff, network: InMemory) -> None:
    fresh_house.account("officer", Role.OFFICER, name="R. Tamsin")
    made = published(fresh_house, other, network)
    browser = fresh_house.browser("officer")
    path = f"/requests/ask/{made.contributor}/{made.statement}"
    assert path in browser.get(f"/statements/{made.contributor}/{made.statement}")

    page = browser.get(path)
    assert "University of Aldermoor, an officer for research security" in text_of(page)
    assert "Northport" not in text_of(page)
    empty = browser.submit(path, {})
    assert empty.status_code == 422
    assert "Say what the answer is needed for." in text_of(empty.text)
    named = browser.submit(path, {**WORDS, "purpose": "Ask Dr. Ada Lovelace about it.", "fields": "narrative"})
    assert named.status_code == 422
    assert "privacy gate" in text_of(named.text)
    sent = browser.submit(path, {**WORDS, "fields": ["narrative", "engagement"]})
    shown = text_of(browser.follow(sent))
    assert "on its way to the contributor, and to nobody else" in shown
    assert "waits for an answer" in shown
    assert "already" in text_of(browser.get(path))

    sync_once(fresh_house.node.runtime, transport=network)
    (incoming,) = other.incoming()
    assert (incoming.role, incoming.purpose) == ("officer", PURPOSE)
    other.release(incoming.id, "narrative")
    sync_once(fresh_house.node.runtime, transport=network)

    home = text_of(browser.get("/"))
    assert "One request of yours has something new" in home
    where = sent.headers["location"].partition("?")[0]
    shown = text_of(browser.get(where))
    assert NARRATIVE in shown
    assert ENGAGEMENT not in shown
    assert "partly answered" in shown
    assert "Do not pass it on." in shown
    assert "Northport" not in shown
    assert "One request of yours" not in text_of(browser.get("/"))

    said = browser.submit(where, {"text": "Thank you. May we see the engagement too?"}, action=f"{where}/say")
    assert "Thank you." in text_of(browser.follow(said))
    again = browser.submit(where, {}, action=f"{where}/remind")
    assert again.status_code == 422
    withdrawn = browser.submit(where, {}, action=f"{where}/withdraw")
    assert "withdrawn" in text_of(browser.follow(withdrawn))
    assert "partly answered" not in text_of(browser.get("/requests"))


def test_a_request_of_another_institution_is_answered_field_by_field(
    fresh_house: House, other: Staff, network: InMemory
) -> None:
    own = staff(fresh_house.node)
    made = own.publish(fresh_house.circle, make.finding_body())
    sync_once(other.node.runtime, transport=network)
    asked = other.ask(made, "narrative", "contact")
    sync_once(other.node.runtime, transport=network)
    (incoming,) = own.incoming()
    browser = fresh_house.browser("officer")

    home = text_of(browser.get("/"))
    assert "One request of other institutions waits for an answer" in home
    path = f"/requests/{incoming.id}"
    shown = text_of(browser.get(path))
    assert "Northport Institute of Technology asks, an officer for research security" in shown
    assert NARRATIVE in shown
    given = browser.submit(path, {"field": "narrative"}, action=f"{path}/release")
    assert "on its way to the asker" in text_of(browser.follow(given))
    twice = browser.submit(path, {"field": "narrative"}, action=f"{path}/release")
    assert twice.status_code == 422
    unsaid = browser.submit(path, {"words": "No."}, action=f"{path}/decline")
    assert unsaid.status_code == 422
    words = {"reason": "purpose", "words": "We are the University of Aldermoor."}
    ours = browser.submit(path, words, action=f"{path}/decline")
    assert "our own institution" in text_of(ours.text)
    words = {"reason": "confidential", "words": "The office asked us not to."}
    declined = browser.submit(path, words, action=f"{path}/decline")
    assert "declined" in text_of(browser.follow(declined))

    sync_once(other.node.runtime, transport=network)
    assert other.given(asked) == {"narrative": NARRATIVE}
    assert other.request(asked).state.value == "declined"
    with fresh_house.node.runtime.database.read() as tx:
        actions = {entry.action for entry in access_log.entries(tx)}
    assert {"request-read", "request-narrative-released", "request-declined"} <= actions


def test_who_may_not_answer_does_not_learn_who_asks(fresh_house: House, other: Staff, network: InMemory) -> None:
    own = staff(fresh_house.node)
    fresh_house.account("analyst", Role.ANALYST)
    fresh_house.account("coordinator", Role.COORDINATOR)
    made = own.publish(fresh_house.circle, make.finding_body())
    sync_once(other.node.runtime, transport=network)
    other.ask(made, "narrative")
    sync_once(other.node.runtime, transport=network)
    (incoming,) = own.incoming()
    analyst = fresh_house.browser("analyst")
    assert "Northport" not in text_of(analyst.get("/requests"))
    analyst.get(f"/requests/{incoming.id}", 404)
    fresh_house.browser("coordinator").get("/requests", 403)
    assert "Northport" not in text_of(analyst.get("/"))


def test_a_sounding_is_put_answered_and_counted(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    fresh_house.account("approver", Role.APPROVER)
    directory = fresh_house.node.runtime.settings.data.parent
    more = [make_node(directory, name) for name in ("southmere", "eastholt")]
    everybody = [fresh_house.node, *fresh_house.others, *more]
    circle = circle_of(everybody, name="League of Five")
    network = InMemory(everybody)
    others = [staff(node) for node in everybody[1:]]
    browser = fresh_house.browser("officer")

    page = text_of(browser.get("/soundings/new"))
    assert "League of Five" in page
    assert "Estuary Circle" not in page  # three members are too few
    words = {"circle": circle, "partner": PARTNER, "purpose": PURPOSE, "days": "1", "contact": "yes"}
    for name in ("circle", "partner", "purpose", "days"):
        assert browser.submit("/soundings/new", {**words, name: ""}).status_code == 422
    put = browser.submit("/soundings/new", words)
    assert "on its way to every member" in text_of(browser.follow(put))
    assert "less than 90 days ago" in text_of(browser.submit("/soundings/new", words).text)
    path = put.headers["location"].partition("?")[0]

    def rounds(count: int) -> None:
        for _ in range(count):
            for node in everybody:
                with Outbound(node.runtime, transport=network) as outbound:
                    exchange_all(node.runtime, outbound)

    rounds(1)
    for who in others[:3]:
        with who.node.runtime.database.write() as tx:
            (found,) = storage.in_state(tx, who.node.runtime.vault, "in", SoundingState.OPEN)
            soundings.decide(tx, who.desk, who.officer, found.id, "yes")
    for node in everybody:
        node.clock.advance(DAY_SECONDS + 1)
    rounds(3)
    assert "One sounding of yours has an answer" in text_of(house_browser(fresh_house).get("/"))
    shown = text_of(house_browser(fresh_house).get(path))
    assert "At least three members have experience." in shown
    assert not any(name in shown for name in ("Northport", "southmere", "eastholt"))


def house_browser(fresh_house: House) -> Browser:
    """The officer, signed in a day later."""
    return fresh_house.browser("officer")


def test_a_sounding_that_is_put_to_us_is_decided_and_answered_by_name_if_we_like(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    fresh_house.account("approver", Role.APPROVER)
    directory = fresh_house.node.runtime.settings.data.parent
    more = [make_node(directory, name) for name in ("southmere", "eastholt")]
    everybody = [fresh_house.node, *fresh_house.others, *more]
    circle = circle_of(everybody, name="League of Five")
    network = InMemory(everybody)
    asker = staff(everybody[1])
    with asker.node.runtime.database.write() as tx:
        now = asker.node.clock.now()
        partner = Subject(id=PARTNER, label=PARTNER_NAME)
        closes = Timestamp(now + DAY_SECONDS)
        roster = circles.get_roster(tx, circle)
        asked = soundings.compose(roster, partner, purpose=PURPOSE, wants_contact=True, now=now, closes=closes)
        sounding = soundings.sound(tx, asker.desk, circle, asked, asker.officer)
    sync_once(asker.node.runtime, transport=network)

    browser = fresh_house.browser("officer")
    assert "One sounding of circles waits for your word" in text_of(browser.get("/"))
    listed = browser.get("/soundings")
    found = re.search(r"/soundings/([A-Za-z0-9_-]{22})", listed)
    assert found
    path = found[0]
    shown = text_of(browser.get(path))
    assert "Northport Institute of Technology asks" in shown
    assert "as things stand this institution counts as not yes" in shown
    decided = browser.submit(path, {"decision": "yes"}, action=f"{path}/decide")
    assert "counts as yes" in text_of(browser.follow(decided))
    person = {"text": "We have worked with them.", "mailbox": "ada.lovelace@aldermoor.example"}
    assert browser.submit(path, person, action=f"{path}/forward").status_code == 422
    office = {**person, "mailbox": "research-security@aldermoor.example"}
    assert "on its way to the asker" in text_of(browser.follow(browser.submit(path, office, action=f"{path}/forward")))
    sync_once(fresh_house.node.runtime, transport=network)
    with asker.node.runtime.database.read() as tx:
        (forward,) = storage.forwards(tx, asker.node.runtime.vault, sounding)
    assert forward.contact == office["mailbox"]

    approver = fresh_house.browser("approver")
    assert browser.submit("/soundings", {"mode": "auto"}, action=f"/soundings/policy/{circle}").status_code == 403
    policy = approver.submit("/soundings", {"mode": "never"}, action=f"/soundings/policy/{circle}")
    assert "answered from now on" in text_of(approver.follow(policy))
    assert "counts as not yes" in text_of(browser.get(path))


def test_who_asked_about_a_name_does_not_learn_its_pseudonym_when_the_statement_is_gone(
    fresh_house: House, other: Staff, network: InMemory
) -> None:
    fresh_house.account("officer", Role.OFFICER)
    made = published(fresh_house, other, network)
    theirs, ours = other.node.runtime, fresh_house.node
    with theirs.database.write() as tx:
        now = other.node.clock.now()
        signing = draft_attribution(tx, theirs.vault, other.officer, fresh_house.circle, made.statement, now)
    other.leave(signing)
    sync_once(ours.runtime, transport=network)
    with ours.runtime.database.read() as tx:
        ((handle, name),) = bylines.names_in(tx, fresh_house.circle).items()
    browser = fresh_house.browser("officer")
    sent = browser.submit(f"/requests/ask/{handle}/{made.statement}", {**WORDS, "fields": "narrative"})
    where = sent.headers["location"].partition("?")[0]

    ours.clock.advance(366 * DAY_SECONDS)
    catch_up(ours.runtime.database, ours.runtime.vocabulary, ours.clock.now())
    with ours.runtime.database.read() as tx:
        assert statements.get(tx, made.contributor, made.statement, now=ours.clock.now()) is None
    browser = fresh_house.browser("officer")
    token = token_of(ours.runtime, "desk", Role.OFFICER)
    with TestClient(application(ours.runtime)) as client:
        listed = client.get("/api/v1/requests", headers={"Authorization": f"Bearer {token}"})
    for shown in (browser.get(where), browser.get("/requests"), listed.text):
        assert name in shown
        assert made.contributor not in shown
        assert pseudonym(fresh_house.circle, made.contributor) not in shown
    assert listed.json()["items"][0]["contributor"] == handle
