"""A second factor: asked for after the password, good once, and taken off by its owner or an operator alone."""

import re
from html import unescape
from typing import Final

import pyotp
import pytest

from node.accounts.manage import find_account
from node.accounts.second_factor import CODE_SECONDS, DRIFT_STEPS, STEP_SECONDS
from node.accounts.sign_in import ATTEMPT_WINDOW_SECONDS, MAX_ATTEMPTS
from node.domain.accounts import Role
from node.storage.accounts import set_password_hash
from tests.node.web.house import PASSWORD, Browser, House, hidden, text_of

OFF: Final = "Off. With it a password"


@pytest.fixture
def home(fresh_house: House) -> House:
    """A house with an officer and an operator."""
    fresh_house.account("officer", Role.OFFICER, password=True)
    fresh_house.account("operator", Role.OPERATOR)
    return fresh_house


def _set_up(browser: Browser) -> pyotp.TOTP:
    page = browser.get("/account/second-factor")
    found = re.search(r'id="secret">([A-Z2-7 ]+)<', page)
    assert found
    assert "<svg" in page
    return pyotp.TOTP(found[1].replace(" ", ""))


def _turn_on(house: House, browser: Browser) -> pyotp.TOTP:
    totp = _set_up(browser)
    answer = browser.submit("/account/second-factor", {"code": _code(house, totp)})
    assert "The second factor is on" in browser.follow(answer)
    return totp


def _code(house: House, totp: pyotp.TOTP, steps: int = 0) -> str:
    return totp.generate_otp(house.node.clock.now() // STEP_SECONDS + steps)


def _later(house: House, seconds: int = STEP_SECONDS) -> None:
    house.node.clock.advance(seconds)


def _password(browser: Browser, login: str = "officer") -> str:
    answer = browser.submit("/sign-in", {"login": login, "password": PASSWORD, "next": "/search"})
    assert answer.status_code == 200, text_of(answer.text)
    assert "hanse-session" not in answer.cookies
    return answer.text


def _enter(browser: Browser, page: str, code: str) -> tuple[int, str]:
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token
    data = {"csrf": unescape(token[1]), "note": hidden(page, "note"), "next": hidden(page, "next"), "code": code}
    answer = browser.client.post("/sign-in/code", data=data)
    return answer.status_code, answer.headers.get("location", "") or text_of(answer.text)


def test_the_way_from_setting_it_up_to_turning_it_off(home: House) -> None:
    house, browser = home, home.browser("officer")
    assert OFF in browser.get("/account")
    totp = _turn_on(house, browser)

    other = house.browser()
    page = _password(other)
    assert _enter(other, page, _code(house, totp))[0] == 422  # the code that turned it on is used up
    _later(house)
    assert _enter(other, page, " ".join(_code(house, totp))) == (303, "/search")
    assert "What is known about a partner?" in other.get("/")

    refused = browser.submit("/account", {"code": "000000"}, action="/account/second-factor/off")
    assert refused.status_code == 422
    _later(house)
    answer = browser.submit("/account", {"code": _code(house, totp)}, action="/account/second-factor/off")
    assert "The second factor is off" in browser.follow(answer)
    last = house.browser()
    last.follow(last.submit("/sign-in", {"login": "officer", "password": PASSWORD}))


def test_the_secret_counts_only_after_a_code_and_is_not_shown_again(home: House) -> None:
    browser = home.browser("officer")
    totp = _set_up(browser)
    assert _set_up(browser).secret == totp.secret
    wrong = browser.submit("/account/second-factor", {"code": "000000"})
    assert wrong.status_code == 422
    assert "not the code" in text_of(wrong.text)
    other = home.browser()
    other.follow(other.submit("/sign-in", {"login": "officer", "password": PASSWORD}))
    browser.submit("/account/second-factor", {"code": _code(home, totp)})
    assert totp.secret[:4] not in browser.get("/account/second-factor", 409)


def test_a_clock_may_differ_by_one_step(home: House) -> None:
    totp = _turn_on(home, home.browser("officer"))
    other = home.browser()
    for steps in (-DRIFT_STEPS - 1, DRIFT_STEPS + 1, -DRIFT_STEPS, DRIFT_STEPS):
        _later(home, 4 * STEP_SECONDS)
        status, _ = _enter(other, _password(other), _code(home, totp, steps))
        assert status == (303 if abs(steps) <= DRIFT_STEPS else 422), steps


def test_no_code_of_an_earlier_step_is_taken_after_a_later_one(home: House) -> None:
    totp = _turn_on(home, home.browser("officer"))
    _later(home, 4 * STEP_SECONDS)
    first, second = home.browser(), home.browser()
    assert _enter(first, _password(first), _code(home, totp))[0] == 303
    assert _enter(second, _password(second), _code(home, totp))[0] == 422
    assert _enter(second, _password(second), _code(home, totp, -1))[0] == 422
    assert _enter(second, _password(second), _code(home, totp, 1))[0] == 303


def test_what_is_no_code_is_refused_without_a_fault(home: House) -> None:
    _turn_on(home, home.browser("officer"))
    other = home.browser()
    page = _password(other)
    for code in ("", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666", "1" * 400):
        assert _enter(other, page, code)[0] == 422, code


def test_the_note_between_password_and_code_is_bound_to_browser_time_and_password(home: House) -> None:
    house = home
    totp = _turn_on(house, house.browser("officer"))
    victim, thief = house.browser(), house.browser()
    page = _password(victim)
    thief_page = thief.get("/sign-in")
    token = re.search(r'name="csrf" value="([^"]+)"', thief_page)
    assert token
    _later(house)
    data = {"csrf": unescape(token[1]), "note": hidden(page, "note"), "next": "/", "code": _code(house, totp)}
    assert "Begin again with your password" in thief.client.post("/sign-in/code", data=data).text
    for note in ("", "AAAA", "x" * 2_000):
        assert "Begin again" in thief.client.post("/sign-in/code", data=data | {"note": note}).text

    with house.node.runtime.database.write() as tx:
        account = find_account(tx, house.node.runtime.vault, "officer")
        assert account is not None
        set_password_hash(tx, account.id, "another password's hash")
    assert "Begin again" in _enter(victim, page, _code(house, totp))[1]


def test_the_note_ends(home: House) -> None:
    totp = _turn_on(home, home.browser("officer"))
    other = home.browser()
    page = _password(other)
    _later(home, CODE_SECONDS + STEP_SECONDS)
    assert "Begin again" in _enter(other, page, _code(home, totp))[1]


def test_guesses_are_counted_for_the_account_whatever_browser_they_come_from(home: House) -> None:
    house = home
    totp = _turn_on(house, house.browser("officer"))
    _later(house)
    for other in (house.browser(), house.browser()):
        page = _password(other)
        for _ in range(MAX_ATTEMPTS // 2):
            assert _enter(other, page, "000000")[0] == 422
    other = house.browser()
    page = _password(other)
    status, words = _enter(other, page, _code(house, totp))
    assert (status, "Too many attempts" in words) == (429, True)
    _later(house, ATTEMPT_WINDOW_SECONDS + 1)
    assert _enter(other, _password(other), _code(house, totp))[0] == 303


def test_who_finds_a_browser_open_cannot_guess_it_off(home: House) -> None:
    house = home
    browser = house.browser("officer")
    totp = _turn_on(house, browser)
    _later(house)
    off = "/account/second-factor/off"
    for _ in range(MAX_ATTEMPTS):
        assert "not the code" in browser.submit("/account", {"code": "000000"}, action=off).text
    refused = browser.submit("/account", {"code": _code(house, totp)}, action=off)
    assert "Too many codes were tried" in text_of(refused.text)
    other = house.browser()
    assert _enter(other, _password(other), _code(house, totp))[0] == 303  # its owner is not locked out
    _later(house, ATTEMPT_WINDOW_SECONDS + STEP_SECONDS)
    answer = browser.submit("/account", {"code": _code(house, totp)}, action=off)
    assert "The second factor is off" in browser.follow(answer)


def test_an_operator_takes_it_off_for_somebody_who_lost_the_authenticator(home: House) -> None:
    house = home
    officer, operator = house.browser("officer"), house.browser("operator")
    _turn_on(house, officer)
    with house.node.runtime.database.read() as tx:
        account = find_account(tx, house.node.runtime.vault, "officer")
    assert account is not None
    path = f"/accounts/{account.id}"
    assert "Take the second factor off" in operator.get(path)
    operator.follow(operator.submit(path, {"change": "second-factor"}, action=f"{path}/access"))
    assert officer.client.get("/").status_code == 303
    other = house.browser()
    other.follow(other.submit("/sign-in", {"login": "officer", "password": PASSWORD}))
    assert "Take the second factor off" not in operator.get(path)


def test_everybody_has_an_account_page(house: House) -> None:
    for role in Role:
        assert "Second factor" in house.browser(role.value).get("/account")
