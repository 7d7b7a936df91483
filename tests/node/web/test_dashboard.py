"""Dashboards and briefings as pages: what they show, to whom, and what they never show."""

import re
import zlib

import pytest

from node import insight
from node.domain.accounts import Role
from node.insight.dashboard import CONTESTED_PPM, MIN_SHIFT_PPM
from node.web.dashboard import read_filter
from protocol.vocabulary import Vocabulary
from tests.node.web.house import PARTNER, PARTNER_NAME, House, text_of

_FORGED = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def counted(house: House) -> House:
    """The house, with its signals and counts computed."""
    runtime = house.node.runtime
    insight.catch_up(runtime.database, runtime.vocabulary, runtime.clock.now())
    return house


@pytest.fixture(scope="module")
def page(counted: House) -> str:
    return counted.browser("coordinator").get(f"/circles/{counted.circle}/dashboard")


def test_assurances_have_as_much_room_as_concerns(page: str) -> None:
    titles = re.findall(r'<h3 class="polarity">([^<]+)</h3>', page)
    assert titles[:2] == ["Assurances", "Concerns"]
    text = text_of(page)
    assert "One partner with live findings: one with an assurance, one with a concern, no with context" in text
    assert "new, at 83 of 100 two new independent sources very likely" in text


def test_contributors_are_pseudonyms_and_no_country_is_anywhere(counted: House, page: str) -> None:
    text = text_of(page)
    for name in ("Northport", "Val d", "Verania"):
        assert name not in text
    assert len(set(re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", page))) == 3
    assert "countr" not in text.lower()
    assert counted.node.runtime.settings.name in text


def test_what_nobody_stated_is_unknown_and_not_zero(page: str) -> None:
    live = page[page.index('aria-label="Findings that count today: the table"') :]
    live = live[: live.index("</table>")]
    talent = re.search(r'<th scope="row">Talent recruitment.*?</tr>', live, re.DOTALL)
    conduct = re.search(r'<th scope="row">Conduct of the collaboration.*?</tr>', live, re.DOTALL)
    assert talent
    assert conduct
    assert text_of(talent[0]).count("unknown") == 12
    assert text_of(conduct[0]).startswith("Conduct of the collaboration 0 (1 no longer count)")


def test_a_contested_reading_is_named_with_its_conflict(page: str) -> None:
    text = text_of(page)
    contested = text[text.index("One question, contested") :]
    assert "Final origin of support cannot be traced" in contested[:400]
    assert "marked conflict" in contested[:400]
    assert CONTESTED_PPM < 1_000_000
    assert MIN_SHIFT_PPM > 0


def test_the_filter_is_in_the_address_and_on_paper(counted: House) -> None:
    browser = counted.browser("coordinator")
    path = f"/circles/{counted.circle}/dashboard"
    narrowed = text_of(browser.get(f"{path}?days=90&group=gov&polarity=assurance"))
    assert "Governance and legal standing of the organisation assurances only" in narrowed
    assert "In 90 days" in narrowed
    assert "Final origin of support" not in narrowed[narrowed.index("What moved") :]
    nothing = text_of(browser.get(f"{path}?group=talent"))
    assert "That is unknown, and it says nothing good or bad about any partner." in nothing
    for wrong in ("days=31", "group=nobody", "domain=elsewhere", "polarity=worst", f"group={_FORGED}"):
        assert _FORGED not in browser.get(f"{path}?{wrong}", 422)


def test_every_choice_that_is_offered_is_understood(page: str, vocabulary: Vocabulary) -> None:
    form = page[page.index('class="board-filter"') :]
    form = form[: form.index("</form>")]
    for name, key in (("days", "days"), ("group", "group"), ("domain", "domain"), ("polarity", "polarity")):
        select = form[form.index(f'<select id="{name}"') :]
        for value in re.findall(r'<option value="([^"]*)"', select[: select.index("</select>")]):
            asked = {"days": "", "group": "", "domain": "", "polarity": ""} | {key: value}
            read_filter(vocabulary, **asked)


@pytest.mark.parametrize("role", list(Role))
def test_whoever_may_not_read_the_pool_sees_no_dashboard(counted: House, role: Role) -> None:
    may = role in {Role.OFFICER, Role.APPROVER, Role.COORDINATOR, Role.ANALYST}
    browser = counted.browser(role.value)
    for path in (f"/circles/{counted.circle}/dashboard", f"/circles/{counted.circle}/briefing"):
        browser.get(path, 200 if may else 403)
    taken = browser.client.get(f"/circles/{counted.circle}/briefing.pdf")
    assert taken.status_code == (200 if role in {Role.COORDINATOR, Role.ANALYST} else 403)


def test_the_only_circle_is_opened_at_once(counted: House) -> None:
    answer = counted.browser("analyst").client.get("/dashboards")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/circles/{counted.circle}/dashboard")


def test_an_empty_circle_says_how_a_dashboard_fills(fresh_house: House) -> None:
    fresh_house.account("cora", Role.COORDINATOR)
    page = text_of(fresh_house.browser("cora").get(f"/circles/{fresh_house.circle}/dashboard"))
    assert "an officer drafts a finding from it, a second person approves exactly what leaves" in page


def test_a_briefing_names_its_state_and_is_the_same_again(counted: House) -> None:
    browser = counted.browser("coordinator")
    path = f"/circles/{counted.circle}/briefing"
    first = browser.get(path)
    state = re.search(r"--as-of (\S+?)</dd>", first)
    assert state
    assert "TLP:AMBER+STRICT" in first
    again = browser.get(f"{path}?as_of={state[1]}")
    assert re.findall(r'<dd class="mono">(.*?)</dd>', again) == re.findall(r'<dd class="mono">(.*?)</dd>', first)
    partners = text_of(browser.get(f"{path}?audience=partners"))
    assert "TLP:AMBER: stays" in partners
    assert "statements left out: their handling does not permit it." in partners
    for wrong in ("as_of=x", "month=2026-13", "audience=public", "as_of=999999.2026-01-01"):
        browser.get(f"{path}?{wrong}", 422)


def test_a_briefing_on_a_partner_has_both_sides(counted: House) -> None:
    browser = counted.browser("analyst")
    text = text_of(browser.get(f"/subjects/{PARTNER}/briefing"))
    assert PARTNER_NAME in text
    assert "Assurances in Estuary Circle" in text
    assert "Concerns in Estuary Circle" in text
    answer = browser.client.get(f"/subjects/{PARTNER}/briefing.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert zlib.crc32(browser.client.get(f"/subjects/{PARTNER}/briefing.pdf").content) == zlib.crc32(answer.content)


def test_what_waits_for_members_is_counted_for_those_who_may_see_the_roster(counted: House) -> None:
    path = f"/circles/{counted.circle}/dashboard"
    assert "Open requests None: no candidate waits" in text_of(counted.browser("coordinator").get(path))
    assert "Open requests" not in counted.browser("analyst").get(path)
