"""What somebody tries against people's sessions and pages, from outside and from a page of their own.

Each test is one attack; those on forms and headers walk every door of the application, so a new one is tried too.
Guessing codes of the second factor is in ``test_second_factor``, forged answers of a sign-in service in
``tests/browser/test_openid``, forged requests of members in ``tests/federation/test_access``.
"""

import time
from http.cookies import SimpleCookie
from typing import Final

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from node.accounts.secrets import hash_secret
from node.accounts.sign_in import ATTEMPT_WINDOW_SECONDS, MAX_ATTEMPTS
from node.app import application
from node.domain.accounts import Role
from node.storage.accounts import count_attempt
from node.web.security import CONTENT_SECURITY_POLICY
from tests.node.web.doors import Door, Guard, doors
from tests.node.web.house import PARTNER, PASSWORD, Browser, House, hidden, text_of

EVIL: Final = "evil.example"
KEPT: Final = frozenset(
    {"/api/v1/openapi.json", "/api/reference", "/.well-known/openid-federation", "/federation/v1/node"}
)
"""What a browser or a proxy may keep for a while: public, and the same for everybody."""
SESSION: Final = "hanse-session"
FORM: Final = "hanse-form"


@pytest.fixture(scope="module")
def client(house: House) -> TestClient:
    """The whole application of the house that is only read."""
    app = application(house.node.runtime)
    return TestClient(app, base_url=house.node.url, follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def every_door(client: TestClient) -> list[Door]:
    """All of them."""
    return [door for door in doors(client.app) if door.name != "GET /api/v1/stream"]  # type: ignore[arg-type] # a FastAPI


def _signed_in(client: TestClient, house: House, role: Role) -> TestClient:
    client.cookies.clear()
    client.cookies.set(SESSION, house.session(role.value))
    return client


def _set_cookies(answer: Response) -> dict[str, SimpleCookie]:
    parsed = [SimpleCookie(line) for line in answer.headers.get_list("set-cookie")]
    return {next(iter(cookie)): cookie for cookie in parsed}


def _sign_in(browser: Browser, login: str = "officer") -> Response:
    return browser.submit("/sign-in", {"login": login, "password": PASSWORD})


# Session fixation: somebody plants a cookie in a browser and waits until its owner has signed in.


def test_a_planted_session_is_replaced_when_somebody_signs_in(house: House) -> None:
    planted = house.session("analyst")
    victim = house.browser()
    victim.client.cookies.set(SESSION, planted)

    answer = _sign_in(victim)

    token = _set_cookies(answer)[SESSION][SESSION].value
    assert token != planted
    attacker = house.browser()
    attacker.client.cookies.set(SESSION, planted)
    assert "Analyst" in attacker.get("/account")
    assert "Officer" not in text_of(attacker.get("/account"))


def test_an_invented_session_never_comes_to_life(house: House) -> None:
    planted = "A" * 43
    victim, attacker = house.browser(), house.browser()
    for browser in (victim, attacker):
        browser.client.cookies.set(SESSION, planted)

    _sign_in(victim)

    assert attacker.client.get("/account").status_code == 303


def test_a_planted_form_token_is_worth_nothing_after_the_sign_in(house: House) -> None:
    browser = house.browser()
    planted = hidden(browser.get("/sign-in"), "csrf")
    answer = _sign_in(browser)
    assert not _set_cookies(answer)[FORM][FORM].value

    browser.client.cookies.set(FORM, planted)

    assert browser.client.post("/watch", data={"csrf": planted, "subject": PARTNER}).status_code == 403


def test_every_session_ends_when_its_owner_loses_the_account(fresh_house: House) -> None:
    account = fresh_house.account("officer", Role.OFFICER)
    fresh_house.account("operator", Role.OPERATOR)
    sessions = [fresh_house.browser("officer") for _ in range(2)]
    assert [browser.client.get("/account").status_code for browser in sessions] == [200, 200]

    operator = fresh_house.browser("operator")
    operator.submit(f"/accounts/{account.id}", {"change": "close"}, action=f"/accounts/{account.id}/access")

    assert [browser.client.get("/account").status_code for browser in sessions] == [303, 303]


# Forged requests: a page of strangers makes a browser send something to the node.


def test_no_form_is_accepted_without_the_token_of_its_session(
    house: House, client: TestClient, every_door: list[Door]
) -> None:
    _signed_in(client, house, Role.OFFICER)
    others = hidden(house.browser("officer").get("/account"), "csrf")
    before_signing_in = hidden(house.browser().get("/sign-in"), "csrf")
    posts = [door for door in every_door if door.method == "POST" and door.guard in {Guard.PAGE, Guard.ENTRANCE}]
    for door in posts:
        for token in (None, "", others, before_signing_in):
            answer = client.post(door.path, data={} if token is None else {"csrf": token})
            assert answer.status_code == 403, door.name
            assert "does not belong to this" in answer.text, door.name
    assert len(posts) > 50


def test_the_form_of_a_request_does_not_matter(house: House, client: TestClient) -> None:
    _signed_in(client, house, Role.OFFICER)
    token = hidden(client.get("/account").text, "csrf")
    tried: list[Response] = [
        client.post("/watch", json={"csrf": token, "subject": PARTNER}),
        client.post("/watch", content=f"csrf={token}", headers={"content-type": "text/plain"}),
        client.post(f"/watch?csrf={token}"),
        client.post("/watch", headers={"x-csrf-token": token}),
    ]
    assert {answer.status_code for answer in tried} == {403}


def test_what_changes_something_is_never_a_link(every_door: list[Door]) -> None:
    """A picture on any page makes a browser ask for an address, with its cookies."""
    for door in every_door:
        if door.guard is Guard.PAGE:
            assert door.method in {"GET", "POST"}, door.name
    acts = {
        "approve",
        "discard",
        "submit",
        "withdraw",
        "override",
        "send-back",
        "sign-out",
        "confirm",
        "forget",
        "undo",
    }
    assert not [door.name for door in every_door if door.method == "GET" and door.route.rpartition("/")[2] in acts]


# Frames, sniffing, caches, other hosts: what every answer says to the browser.


@pytest.mark.parametrize("role", [None, Role.OFFICER, Role.OPERATOR])
def test_no_answer_may_be_framed_sniffed_or_kept(
    house: House, client: TestClient, every_door: list[Door], role: Role | None
) -> None:
    client.cookies.clear()
    if role:
        _signed_in(client, house, role)
    for door in every_door:
        answer = client.request(door.method, door.path)
        said = answer.headers
        assert said["x-frame-options"] == "DENY", door.name
        assert said["content-security-policy"] == CONTENT_SECURITY_POLICY, door.name
        assert said["x-content-type-options"] == "nosniff", door.name
        assert said["referrer-policy"] == "no-referrer", door.name
        if door.path not in KEPT:
            assert said["cache-control"] == "no-store", door.name
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY


def test_no_address_leads_to_another_host(house: House, client: TestClient, every_door: list[Door]) -> None:
    """Neither a parameter that names one, nor a ``Host`` header that a proxy lets through."""
    tricks = "&".join(
        f"{name}=https://{EVIL}/" for name in ("next", "target", "url", "return", "redirect", "continue", "notice")
    )
    for role in (None, Role.OFFICER, Role.OPERATOR):
        client.cookies.clear()
        if role:
            _signed_in(client, house, role)
        for door in every_door:
            if door.guard not in {Guard.PAGE, Guard.ENTRANCE} or door.method != "GET":
                continue
            path = door.path.replace("//", "/")
            for answer in (
                client.get(path, headers={"host": EVIL, "x-forwarded-host": EVIL}),
                client.get(f"{path}?{tricks}"),
            ):
                target = answer.headers.get("location", "/")
                assert target.startswith("/"), (door.name, target)
                assert not target.startswith(("//", "/\\")), (door.name, target)
                assert f'href="https://{EVIL}' not in answer.text, door.name
        answer = client.get("/account/tokens", headers={"host": EVIL})
        assert EVIL not in answer.text


def test_a_path_that_a_browser_reads_as_a_host_leads_nowhere(client: TestClient) -> None:
    client.cookies.clear()
    for path in (f"//{EVIL}/", f"/\\{EVIL}/", f"/%2f{EVIL}/", f"/search/%0d%0alocation:%20https://{EVIL}"):
        answer = client.get(path)
        assert "location" not in answer.headers or answer.headers["location"].startswith("/sign-in"), path
        assert EVIL not in answer.headers.get("location", ""), path


def test_every_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House) -> None:
    browser = house.browser()
    answers = [browser.client.get("/sign-in"), _sign_in(browser), browser.submit("/", {}, action="/sign-out")]
    seen = set()
    for answer in answers:
        for name, cookie in _set_cookies(answer).items():
            seen.add(name)
            assert cookie[name]["httponly"], name
            assert cookie[name]["samesite"] == "lax", name
            assert cookie[name]["path"] == "/", name
            assert not cookie[name]["domain"], name
    assert seen == {SESSION, FORM}


# Guessing: which accounts there are, and what opens them.


def test_a_guess_costs_the_same_work_whether_or_not_the_account_exists(house: House) -> None:
    """In the processor's time, which does not hang on what else the machine does."""

    def spent(login: str) -> float:
        browser = house.browser()
        before = time.process_time()
        answer = browser.submit("/sign-in", {"login": login, "password": "not this one at all"})
        assert answer.status_code == 422
        return time.process_time() - before

    spent("coordinator")  # whatever is made at the first time
    known, unset, unknown = (min(spent(login) for _ in range(2)) for login in ("officer", "approver", "nobody"))
    assert max(known, unset, unknown) < 2 * min(known, unset, unknown)


def test_a_refused_guess_says_the_same_for_every_account(fresh_house: House) -> None:
    house = fresh_house
    house.account("officer", Role.OFFICER, password=True)
    house.account("unset", Role.OFFICER)
    gone = house.account("gone", Role.OFFICER, password=True)
    house.account("operator", Role.OPERATOR)
    operator = house.browser("operator")
    operator.submit(f"/accounts/{gone.id}", {"change": "close"}, action=f"/accounts/{gone.id}/access")
    said = set()
    for login, password in (("officer", "wrong"), ("unset", PASSWORD), ("gone", PASSWORD), ("nobody", "wrong")):
        answer = house.browser().submit("/sign-in", {"login": login, "password": password})
        assert not _set_cookies(answer).keys() & {SESSION}
        said.add((answer.status_code, text_of(answer.text)))
    assert len(said) == 1


def test_after_ten_guesses_the_right_password_waits_too(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER, password=True)
    runtime = fresh_house.node.runtime
    with runtime.database.write() as tx:
        for _ in range(MAX_ATTEMPTS):
            count_attempt(tx, hash_secret("officer"), runtime.clock.now(), ATTEMPT_WINDOW_SECONDS)

    answer = _sign_in(fresh_house.browser())

    assert answer.status_code == 429
    assert SESSION not in _set_cookies(answer)
    fresh_house.node.clock.advance(ATTEMPT_WINDOW_SECONDS + 1)
    assert SESSION in _set_cookies(_sign_in(fresh_house.browser()))


def test_an_address_tells_nobody_which_records_exist(house: House, client: TestClient, every_door: list[Door]) -> None:
    """Who may not read casework gets one answer for a record that is there and for one that is not."""
    _signed_in(client, house, Role.ANALYST)
    for door in every_door:
        if door.guard is Guard.PAGE and door.method == "GET" and not door.opens_to(Role.ANALYST):
            paths = (door.path, door.path.replace("A" * 22, "B" * 22))
            answers = [client.get(path) for path in paths]
            assert {answer.status_code for answer in answers} == {403}, door.name
            assert len({text_of(answer.text) for answer in answers}) == 1, door.name
