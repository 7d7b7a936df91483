"""The node's status, accounts for the operator, the access log for the auditor."""

import re

from node.domain.accounts import Role
from node.sync import sync_once
from tests.federation.support import InMemory
from tests.node.web.house import PASSWORD, House, text_of


def test_names_are_for_those_who_act_as_a_member(house: House) -> None:
    for role, sees in ((Role.OFFICER, True), (Role.APPROVER, True), (Role.OPERATOR, True), (Role.ANALYST, False),
                       (Role.COORDINATOR, False)):  # fmt: skip
        page = house.browser(role.value).get("/node")
        assert ("Northport Institute of Technology" in text_of(page)) is sees, role
        assert ("northport.example" in page) is sees, role
        assert len(re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}", text_of(page))) == 3


def test_a_member_that_does_not_answer_is_said_in_words(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    network = InMemory([fresh_house.node, *fresh_house.others])
    network.disconnect(fresh_house.others[0].url)
    for node in (fresh_house.node, *fresh_house.others):
        node.clock.advance(3_600)
    sync_once(fresh_house.node.runtime, transport=network)

    text = text_of(fresh_house.browser("officer").get("/node"))

    assert "One member of two did not answer lately." in text
    assert "last answered one hour ago; tried one time since." in text
    assert "Answered less than a minute ago." in text

    fresh_house.account("analyst", Role.ANALYST)
    for page in ("/node", f"/circles/{fresh_house.circle}"):
        seen = text_of(fresh_house.browser("analyst").get(page))
        assert len(re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}", seen)) == 3
        assert "nswered" not in seen.replace("One member of two did not answer lately.", "")


def test_an_operator_makes_an_account_and_hands_out_its_link(fresh_house: House) -> None:
    fresh_house.account("ops", Role.OPERATOR, password=True)
    browser = fresh_house.browser("ops")
    answer = browser.submit(
        "/accounts/new", {"login": "newcomer", "display_name": "A. Newcomer", "roles": ["officer", "approver"]}
    )
    assert answer.status_code == 200
    link = re.search(r"http://aldermoor\.example(/setup/[\w-]+)", answer.text)
    assert link

    page = browser.get("/accounts")
    assert "A. Newcomer" in page
    assert "approver, officer" in page
    assert "link not yet used" in page
    assert link[1] not in page
    fresh_house.browser().submit(link[1], {"password": PASSWORD, "repeated": PASSWORD})
    assert "link not yet used" not in browser.get("/accounts")


def test_forms_of_accounts_say_what_is_wrong_where(house: House) -> None:
    browser = house.browser("operator")
    taken = browser.submit("/accounts/new", {"login": "officer", "display_name": "X", "roles": "analyst"})
    odd = browser.submit("/accounts/new", {"login": "A B", "display_name": "X", "roles": "analyst"})
    nameless = browser.submit("/accounts/new", {"login": "ab", "display_name": " ", "roles": "analyst"})
    roleless = browser.submit("/accounts/new", {"login": "ab", "display_name": "Kept Name"})

    assert 'id="login-wrong">This login is taken' in taken.text
    assert 'id="login-wrong"' in odd.text
    assert 'id="display_name-wrong"' in nameless.text
    assert 'id="roles-wrong"' in roleless.text
    assert 'value="Kept Name"' in roleless.text


def test_roles_and_access_are_changed_but_the_last_operator_stays(fresh_house: House) -> None:
    ops = fresh_house.account("ops", Role.OPERATOR)
    person = fresh_house.account("person", Role.OFFICER)
    browser, theirs = fresh_house.browser("ops"), fresh_house.browser("person")
    path = f"/accounts/{person.id}"

    browser.follow(browser.submit(path, {"roles": ["analyst"]}, action=f"{path}/roles"))
    assert theirs.client.get("/assessments").status_code == 403
    browser.follow(browser.submit(path, {"change": "sign-out"}, action=f"{path}/access"))
    assert theirs.client.get("/").status_code == 303
    browser.follow(browser.submit(path, {"change": "close"}, action=f"{path}/access"))
    assert "Open the account again" in browser.get(path)
    browser.follow(browser.submit(path, {"change": "open"}, action=f"{path}/access"))
    assert "/setup/" in browser.submit(path, {}, action=f"{path}/link").text
    own = f"/accounts/{ops.id}"
    for form, action in (({"roles": "analyst"}, "roles"), ({"change": "close"}, "access")):
        answer = browser.submit(own, form, action=f"{own}/{action}")
        assert answer.status_code == 422
        assert "This is the last operator of the node." in answer.text


def test_the_auditor_reads_who_read_what_and_that_the_record_is_whole(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    fresh_house.account("auditor", Role.AUDITOR)
    fresh_house.browser("officer").get("/search?q=tidal")

    text = text_of(fresh_house.browser("auditor").get("/access"))

    assert "The chain of two entries was recomputed just now and is whole." in text
    assert "officer subjects-searched" in text
