"""The whole way in a browser: a password is chosen, a partner looked at, a finding made, approved and shared."""

import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from node.domain.accounts import Role
from tests.browser.conftest import DESKTOP, Town, Visitor
from tests.node.web.house import PARTNER, PARTNER_NAME, PASSWORD

pytestmark = pytest.mark.enable_socket

SUMMARY = "Two of four funders sit behind a trust whose owner no register names."
_NARROW: ViewportSize = {"width": 320, "height": 700}


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


def _approve(second: Visitor, draft: str) -> None:
    page = second.open("/")
    expect(page.locator(f'a[href="{draft}"]')).to_be_visible()
    page.locator(f'a[href="{draft}"]').click()
    expect(page.locator("pre").first).to_contain_text(SUMMARY)
    page.get_by_role("button", name="Approve and publish").click()
    expect(page.get_by_role("heading", name="Published")).to_be_visible()
