"""The list of readings, one reading explained, what has turned out, and what that suggests about members."""

import re

from node import circles, insight
from node.domain.accounts import Role
from node.sync import sync_once
from protocol.identifiers import SubjectId
from tests.federation.support import InMemory, publish
from tests.node import statements as make
from tests.node.web.house import PARTNER, House, hidden, text_of

READING = re.compile(r'<a href="(/signals/[^"]+)">([^<]+)</a>')


def refreshed(house: House) -> None:
    runtime = house.node.runtime
    insight.catch_up(runtime.database, runtime.vocabulary, runtime.clock.now())


def test_concerns_and_assurances_are_lines_of_one_list(house: House) -> None:
    refreshed(house)
    page = house.browser("analyst").get("/signals")
    text = text_of(page)
    assert len(READING.findall(page)) == 3
    assert text.count(" assurance") >= 2
    assert text.count(" concern") >= 1
    assert "what moved most in 30 days" in text.lower()


def test_the_list_is_filtered_and_ordered_by_its_address(house: House) -> None:
    refreshed(house)
    browser = house.browser("officer")
    assurances = browser.get("/signals?polarity=assurance&order=contributors")
    assert len(READING.findall(assurances)) == 2
    assert "No reading fits" in text_of(browser.get("/signals?likelihood=almost-no-chance"))
    for wrong in ("order=worst", "polarity=danger", "group=x", "after=x", "min_roots=-1", "domain=x", "likelihood=bad"):
        browser.get(f"/signals?{wrong}", 422)
    browser.get("/signals?circle=nowhere", 404)


def test_a_reading_says_what_would_change_it_and_what_others_answer(house: House) -> None:
    refreshed(house)
    browser = house.browser("analyst")
    (path,) = [path for path, words in READING.findall(browser.get("/signals")) if "cannot be traced" in words]
    text = text_of(browser.get(path))
    assert text.index("What others answer") < text.index("The sum")
    assert "disputes" in text
    assert "The word changes without one contributor" in text
    assert "another word" in text
    assert "One more for it" in text
    assert "If nothing comes" in text
    assert "alone: nobody else names any of its public sources" in text
    assert "Record it" not in text


def test_an_officer_says_how_a_claim_has_turned_out_and_no_reading_changes(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    refreshed(fresh_house)
    browser = fresh_house.browser("officer")
    (path, _), *_ = READING.findall(browser.get("/signals"))
    before = text_of(browser.get(path))
    refused = browser.submit(path, {"settled": "so"}, action=f"{path}/settle")
    assert refused.status_code == 422
    assert "Say how it is known" in text_of(refused.text)
    done = browser.submit(
        path, {"settled": "not-so", "reason_settled": "The register was wrong."}, action=f"{path}/settle"
    )
    after = text_of(browser.follow(done))
    assert "It was not so, as is known here." in after
    assert "The register was wrong." in after
    reading = before[before.index("The reading") : before.index("Has it turned out")]
    assert reading in after


def test_only_those_who_record_assessments_settle(fresh_house: House) -> None:
    fresh_house.account("analyst", Role.ANALYST)
    refreshed(fresh_house)
    browser = fresh_house.browser("analyst")
    (path, _), *_ = READING.findall(browser.get("/signals"))
    answer = browser.submit("/account", {"settled": "so", "reason_settled": "I think so."}, action=f"{path}/settle")
    assert answer.status_code == 403


def test_an_operator_accepts_a_suggestion_as_it_was_shown(fresh_house: House) -> None:
    house, runtime = fresh_house, fresh_house.node.runtime
    house.account("operator", Role.OPERATOR)
    north = house.others[0]
    for _ in range(6):
        about = SubjectId(f"circle:{make.new_id()}")
        finding = make.finding(house.circle, make.finding_body(about))
        publish(north, house.circle, finding)
        publish(house.node, house.circle, make.response(house.circle, north.own(house.circle), finding.id, "disputes"))
    sync_once(runtime, transport=InMemory([house.node, *house.others]))
    browser = house.browser("operator")
    path = f"/circles/{house.circle}/trust"
    page = browser.get(path)
    text = text_of(page)
    assert "between" in text
    assert "nothing yet: too few claims" in text
    voice, weight = hidden(page, "voice"), hidden(page, "weight")
    assert 0 <= int(weight) < 60
    stale = browser.submit(path, {"voice": voice, "weight": "99"})
    assert stale.status_code == 409
    assert f"{weight}, as it is" in text_of(browser.follow(browser.submit(path, {"voice": voice, "weight": weight})))
    with runtime.database.read() as tx:
        view = circles.members_view(tx, runtime.vault, house.circle)
    (decided,) = [line.trust for line in view.lines if line.trust is not None]
    assert (decided.weight_ppm, decided.state) == (int(weight) * 10_000, "normal")
    assert "7 settled claims" in decided.reason


def test_those_who_manage_no_circle_read_no_suggestion(house: House) -> None:
    house.browser("analyst").get(f"/circles/{house.circle}/trust", 403)
    assert PARTNER not in house.browser("operator").get(f"/circles/{house.circle}/trust")
