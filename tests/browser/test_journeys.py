"""The whole way in a browser: a password is chosen, a partner looked at, a finding made, approved and shared.

Beside it the journeys of an officer from a cooperation to a decision, of a draft that is returned and then approved,
and of somebody who watches a partner.
"""

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from node.domain.accounts import Role
from node.insight import catch_up, watch
from node.sync import sync_once
from protocol.identifiers import VocabularyCode
from tests.browser.conftest import DESKTOP, Town, Visitor
from tests.federation.support import InMemory, publish
from tests.node import statements as make
from tests.node.web.house import PARTNER, PARTNER_NAME, PASSWORD

pytestmark = pytest.mark.enable_socket

SUMMARY = "Two of four funders sit behind a trust whose owner no register names."
_NARROW: ViewportSize = {"width": 320, "height": 700}
_CLEARER = "Two of four funders sit behind a trust; its owner stands in no register of 2026."


def test_a_new_person_chooses_a_password_and_signs_in(town: Town) -> None:
    _, link = town.house.setup_link("newcomer", Role.ANALYST)
    visitor = town.visitor()
    page = visitor.open(link)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()

    expect(page.get_by_role("status")).to_have_text("Your password is set. Sign in with it now.")
    visitor.sign_in("newcomer")
    expect(page.get_by_role("heading", level=1)).to_have_text("What is known about a partner?")
    assert visitor.complaints == []


@pytest.mark.parametrize(
    ("javascript", "viewport"), [(True, DESKTOP), (False, _NARROW)], ids=["desktop", "320-pixels-without-javascript"]
)
def test_a_finding_goes_from_the_search_to_what_was_shared(
    town: Town, viewport: ViewportSize, *, javascript: bool
) -> None:
    officer = town.visitor(javascript=javascript, viewport=viewport).arrive("tamsin")
    _find_partner(officer)
    _assess(officer, f"Test stand, {viewport['width']} pixels wide")
    draft = _draft(officer)

    second = town.visitor(javascript=javascript, viewport=viewport).arrive("okoro")
    _approve(second, draft)

    page = officer.open("/shared")
    row = page.get_by_role("row") if viewport == DESKTOP else page.locator("tr")
    expect(row.filter(has_text="Final origin of support cannot be traced").first).to_contain_text("live")
    page = officer.open(f"/subjects/{PARTNER}")
    expect(page.locator("main")).to_contain_text("Final origin of support cannot be traced")
    assert officer.complaints == []
    assert second.complaints == []


def test_an_officer_goes_from_a_cooperation_to_a_decision_and_its_record(town: Town) -> None:
    officer = town.visitor().arrive("tamsin")
    page = officer.open("/engagements/new")
    page.get_by_label("Partner, by identifier or name").fill(PARTNER)
    page.get_by_label("Working title").fill("Tidal laboratory")
    page.get_by_label("Kind of cooperation").select_option("joint-laboratory")
    page.get_by_label("What it is worth to us").fill("Tide tables for the whole coast.")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("The engagement is recorded.")
    engagement = page.url.partition("?")[0]

    page.get_by_role("button", name="Begin the assessment").click()
    page.goto(re.sub(r"/questions/.*", "", page.url.partition("?")[0]) + "#q11")
    page.locator("#q11").get_by_role("link").click()
    _answer(page)
    page.get_by_role("button", name="Record the answer").click()
    expect(page.get_by_role("status")).to_have_text("The answer is recorded.")

    page.goto(engagement)
    page.get_by_role("link", name="Decision, measures, questions").click()
    _ask_the_partner(page)
    _decide(page)
    page.get_by_role("link", name="The record").click()
    record = page.locator("main")
    for words in (
        "Tide tables for the whole coast.",
        "The register shows no owner of the trust.",
        "Who owns the trust?",
        "Vice-President for Research",
        "What the pool knew",
    ):
        expect(record).to_contain_text(words)
    assert officer.complaints == []


def test_a_draft_is_returned_changed_and_then_approved(town: Town) -> None:
    officer = town.visitor().arrive("tamsin")
    _find_partner(officer)
    _assess(officer, "Test stand, looked at twice")
    draft = _draft(officer)

    second = town.visitor().arrive("okoro")
    page = second.open(draft)
    page.get_by_label("Or send it back").fill("Say which year the register is of.")
    page.get_by_role("button", name="Send back to its author").click()
    expect(page.get_by_role("status")).to_have_text("The draft went back to its author.")

    page = officer.open("/")
    page.locator(f'a[href="{draft}"]').click()
    expect(page.locator("main")).to_contain_text("Say which year the register is of.")
    page.locator(f'a[href="{draft}/edit"]').first.click()
    page.get_by_label("Summary").fill(_CLEARER)
    page.get_by_role("button", name="Keep the draft").click()
    page.get_by_role("button", name="Hand over to a second person").click()
    expect(page.get_by_role("button", name="Approve and publish")).to_have_count(0)

    _approve(second, draft, _CLEARER)
    assert officer.complaints == []
    assert second.complaints == []


def test_who_watches_a_partner_is_alerted_and_opens_the_dossier(town: Town) -> None:
    watcher = town.visitor().arrive("okoro")
    _look_at_the_pool(town)
    page = watcher.open(f"/subjects/{PARTNER}")
    page.get_by_role("button", name="Watch this alone").click()
    expect(page.get_by_role("status")).to_contain_text("You watch this organisation from now on.")

    house = town.house
    body = make.finding_body(PARTNER, VocabularyCode("contract-balanced-terms"))
    publish(house.others[0], house.circle, make.finding(house.circle, body))
    sync_once(house.node.runtime, transport=InMemory([house.node, *house.others]))
    _look_at_the_pool(town)

    page = watcher.open("/")
    page.get_by_role("link", name="One signal reads differently").click()
    fresh = page.get_by_role("region", name="Since you last looked")
    fresh.get_by_role("link", name=PARTNER_NAME).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PARTNER_NAME)
    expect(page.locator("main")).to_contain_text("Terms are balanced and legally reviewed")
    expect(watcher.open("/").get_by_role("link", name="One signal reads differently")).to_have_count(0)
    assert watcher.complaints == []


def test_a_form_with_something_wrong_leads_to_the_field(town: Town) -> None:
    visitor = town.visitor().arrive("tamsin")
    page = visitor.open("/assessments/new")
    page.get_by_label("Working title").fill("Kept")
    page.get_by_label("Partner, by identifier").fill("Nobody at all")
    page.get_by_label("Kind of cooperation").select_option("project")
    page.get_by_role("button", name="Begin").click()

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("One thing needs another look")
    alert.get_by_role("link").click()
    partner = page.get_by_label("Partner, by identifier")
    expect(partner).to_be_in_viewport()
    expect(partner).to_have_accessible_description(re.compile("No organisation of this name is in the registry"))
    assert partner.get_attribute("aria-invalid") == "true"
    assert page.get_by_label("Working title").input_value() == "Kept"


def _find_partner(officer: Visitor) -> None:
    page = officer.open("/")
    page.get_by_label("Name or identifier of an organisation").fill("Tidal Mech")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=PARTNER_NAME).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PARTNER_NAME)
    page.locator("summary").first.click()
    expect(page.get_by_text("How this reading is computed").first).to_be_visible()


def _assess(officer: Visitor, title: str) -> None:
    page = officer.page
    page.get_by_role("link", name="Begin an assessment").click()
    page.get_by_label("Working title").fill(title)
    page.get_by_label("Kind of cooperation").select_option("project")
    page.get_by_role("button", name="Begin").click()
    page.locator("#q11").get_by_role("link").click()
    _answer(page)
    page.get_by_role("button", name="Record the answer").click()
    expect(page.get_by_role("status")).to_have_text("The answer is recorded.")


def _answer(page: Page) -> None:
    page.get_by_label("Final origin of support cannot be traced").check()
    page.get_by_label("In your own words").fill("The register shows no owner of the trust.")
    page.get_by_label("First day observed").fill("2025-03-01")
    page.get_by_label("Last day observed").fill("2026-05-12")
    page.get_by_label("Some", exact=True).check()
    page.get_by_label("Reliability of the source").select_option("B")
    page.get_by_label("Credibility of the information").select_option("2")
    page.get_by_label("Accounts, ownership filings").check()
    page.get_by_label("Sources").fill("https://register.example/55")


def _draft(officer: Visitor) -> str:
    """From the answer to a draft that waits; its path."""
    page = officer.page
    page.get_by_role("link", name="Draft a finding").click()
    page.get_by_label("Summary").fill(SUMMARY)
    page.get_by_role("button", name="Keep the draft").click()
    expect(page.locator("main")).to_contain_text("Northport Institute of Technology")
    expect(page.locator("#leaves")).to_be_visible()
    expect(page.locator("pre").first).to_contain_text(SUMMARY)
    page.get_by_role("button", name="Hand over to a second person").click()
    expect(page.get_by_role("status")).to_have_text("The draft now waits for a second person.")
    return page.url.removeprefix(officer.url).partition("?")[0]


def _ask_the_partner(page: Page) -> None:
    page.get_by_role("link", name="Write a question").click()
    page.get_by_label("The question").fill("Who owns the trust?")
    page.get_by_label("Sent on").fill("2026-08-03")
    page.get_by_label("The answer", exact=False).first.fill("It will be named before signature.")
    page.get_by_label("Received on").fill("2026-08-20")
    page.get_by_label("In good faith").first.check()
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("The question is recorded.")


def _decide(page: Page) -> None:
    page.get_by_role("link", name="Record a decision").click()
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    page.get_by_label("Proceed with mitigations").check()
    page.get_by_label("Decided by").fill("Vice-President for Research")
    page.get_by_label("On", exact=True).fill("2026-09-03")
    page.get_by_label("Reasons").fill("The benefit is large, and the owner will be named.")
    measure = page.get_by_role("group", name="Measure 1")
    measure.get_by_role("combobox").select_option("m-structure-disclosure")
    measure.get_by_label("Who sees to it").fill("Legal office")
    measure.get_by_label("Until").fill("2026-10-01")
    page.get_by_label("Review on").fill("2027-03-01")
    page.get_by_role("button", name="Record this decision").click()
    expect(page.get_by_role("status")).to_contain_text("The decision is recorded")


def _look_at_the_pool(town: Town) -> None:
    """What the worker does after each round of the exchange."""
    runtime = town.house.node.runtime
    catch_up(runtime.database, runtime.vocabulary, runtime.clock.now())
    watch.look(runtime.database, runtime.vault, runtime.clock.now())


def _approve(second: Visitor, draft: str, summary: str = SUMMARY) -> None:
    page = second.open("/")
    expect(page.locator(f'a[href="{draft}"]')).to_be_visible()
    page.locator(f'a[href="{draft}"]').click()
    expect(page.locator("pre").first).to_contain_text(summary)
    page.get_by_role("button", name="Approve and publish").click()
    expect(page.get_by_role("heading", name="Published")).to_be_visible()
