"""Signing in and out, the one-time link, and where a sign-in may lead."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.accounts.secrets import hash_secret
from node.accounts.sign_in import ATTEMPT_WINDOW_SECONDS, MAX_ATTEMPTS
from node.domain.accounts import Role
from node.storage.accounts import count_attempt
from node.web.security import safe_next
from tests.node.web.house import PASSWORD, House, make_house, text_of


def test_somebody_signs_in_and_out(house: House) -> None:
    browser = house.browser()
    browser.follow(browser.submit("/sign-in", {"login": "officer", "password": PASSWORD}))
    assert "What is known about a partner?" in browser.get("/")

    page = browser.follow(browser.submit("/", {}, action="/sign-out"))

    assert "You are signed out." in page
    assert browser.client.get("/").headers["location"] == "/sign-in"


def test_signing_out_ends_the_session_itself_not_just_the_cookie(house: House) -> None:
    browser = house.browser("officer")
    kept = dict(browser.client.cookies)
    browser.submit("/", {}, action="/sign-out")
    browser.client.cookies.update(kept)

    assert browser.client.get("/").status_code == 303


def test_a_wrong_password_and_an_unknown_login_look_the_same(house: House) -> None:
    pages = []
    for login in ("analyst", "nobody"):
        answer = house.browser().submit("/sign-in", {"login": login, "password": "not this one at all"})
        assert answer.status_code == 422
        assert "do not match an account" in answer.text
        assert f'value="{login}"' in answer.text
        assert "not this one at all" not in answer.text
        pages.append(text_of(answer.text))
    assert pages[0] == pages[1]


def test_too_many_attempts_are_stopped_with_the_time_to_wait(fresh_house: House) -> None:
    runtime, browser = fresh_house.node.runtime, fresh_house.browser()
    with runtime.database.write() as tx:
        for _ in range(MAX_ATTEMPTS):
            count_attempt(tx, hash_secret("x"), runtime.clock.now(), ATTEMPT_WINDOW_SECONDS)

    answer = browser.submit("/sign-in", {"login": "x", "password": "y"})

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "Too many attempts" in answer.text


def test_a_setup_link_works_once(fresh_house: House) -> None:
    _, link = fresh_house.setup_link("newcomer", Role.ANALYST)
    browser = fresh_house.browser()
    differing = browser.submit(link, {"password": PASSWORD, "repeated": PASSWORD + "?"})
    weak = browser.submit(link, {"password": "short", "repeated": "short"})
    assert (differing.status_code, weak.status_code) == (422, 422)
    assert "The two passwords differ." in differing.text
    assert 'id="password-wrong"' in weak.text

    page = browser.follow(browser.submit(link, {"password": PASSWORD, "repeated": PASSWORD}))

    assert "Your password is set" in page
    assert browser.client.get(link).status_code == 404
    assert browser.submit("/sign-in", {"login": "newcomer", "password": PASSWORD}).status_code == 303


def test_a_session_ends_after_its_time(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    browser = fresh_house.browser("officer")
    fresh_house.node.clock.advance(10 * 3_600 + 1)

    assert browser.client.get("/").status_code == 303


@pytest.mark.parametrize(
    ("url", "prefix", "secure"), [("http://a.example", "", False), ("https://a.example", "__Host-", True)]
)
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    tmp_path: Path, url: str, prefix: str, *, secure: bool
) -> None:
    house = make_house(tmp_path, url)
    house.account("officer", Role.OFFICER, password=True)

    answer = house.browser().submit("/sign-in", {"login": "officer", "password": PASSWORD})

    (session,) = [line for line in answer.headers.get_list("set-cookie") if "hanse-session=" in line]
    assert session.startswith(f"{prefix}hanse-session=")
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert "Path=/" in session
    assert "Domain" not in session
    assert ("Secure" in session) is secure


def test_sign_in_leads_back_to_the_page_that_was_asked_for(house: House) -> None:
    browser = house.browser()
    answer = browser.client.get("/search?q=tidal")
    sign_in = answer.headers["location"]

    done = browser.submit(
        sign_in, {"login": "officer", "password": PASSWORD, "next": "/search?q=tidal"}, action="/sign-in"
    )

    assert sign_in == "/sign-in?next=%2Fsearch%3Fq%3Dtidal"
    assert 'value="/search?q=tidal"' in browser.client.get(sign_in).text
    assert done.headers["location"] == "/search?q=tidal"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:x",
        "",
        "/\n/evil.example",
        "/caf\u00e9",
        "/" + "a" * 3_000,
    ],
)
def test_sign_in_leads_nowhere_else(house: House, target: str) -> None:
    assert safe_next(target) == "/"
    assert 'name="next" value="/"' in house.browser().client.get("/sign-in", params={"next": target}).text


@given(st.text(max_size=60))
def test_whatever_next_says_it_is_a_path_of_this_node(target: str) -> None:
    result = safe_next(target)

    assert result.startswith("/")
    assert not result.startswith("//")
    assert "\\" not in result
    assert result.isprintable()
