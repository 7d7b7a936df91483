"""Searching a partner, and naming one that no registry lists."""

import pytest

from node.accounts.access_log import read_access_log
from node.domain.accounts import Role
from tests.node.web.house import PARTNER, PARTNER_NAME, House, text_of


def test_a_search_shows_what_tells_namesakes_apart_and_why_each_was_found(house: House) -> None:
    page = text_of(house.browser("officer").get("/search?q=Gezeitenmechanik"))

    assert "One organisation" in page
    assert PARTNER_NAME in page
    assert "Education. Aldermoor, NN ROR 0hans0111" in page
    assert "Found by the words of another name: \u201cInstitut f\u00fcr Gezeitenmechanik\u201d" in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("ROR 0hans0111", "Found by the identifier ROR 0hans0111"),
        ("0hans0111", "Found by the identifier ROR 0hans0111"),
        ("https://ror.org/0hans0111", "Found by the identifier ROR 0hans0111"),
        ("IATM", "Found by an acronym, exactly"),
        ("zz-nothing", "Not in any registry?"),
        ("0hanszz15", "No organisation has these words in its names"),
        ("x", "Type at least two characters"),
        ("x" * 201, "A search has at most 200 characters."),
        ("", "A name in any language or script"),
    ],
)
def test_every_answer_of_the_search_says_what_it_is(house: House, query: str, words: str) -> None:
    page = house.browser("officer").client.get("/search", params={"q": query})

    assert page.status_code == 200
    assert words in text_of(page.text)


def test_what_was_typed_is_shown_as_text(house: House) -> None:
    page = house.browser("officer").client.get("/search", params={"q": '"><script>alert(1)</script>'}).text

    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_an_analyst_is_not_offered_to_name_an_organisation(house: House) -> None:
    assert "Name an organisation" not in house.browser("analyst").get("/search?q=zz-nothing")


def test_an_organisation_without_identifier_gets_one_for_a_circle(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    browser = fresh_house.browser("officer")
    empty = browser.submit("/subjects/new", {"name": "A New Laboratory", "circle": ""})
    long = browser.submit("/subjects/new", {"name": " ", "circle": fresh_house.circle})
    assert "Choose the circle in which this name is used." in empty.text
    assert 'value="A New Laboratory"' in empty.text
    assert 'id="name-wrong"' in long.text

    page = browser.follow(browser.submit("/subjects/new", {"name": "A New Laboratory", "circle": fresh_house.circle}))

    assert "<h1>A New Laboratory</h1>" in page
    assert "Named by this node for one circle" in page
    assert "circle id" in page
    assert "A New Laboratory" in browser.get("/search?q=new+laboratory")


def test_a_name_that_is_borne_already_is_shown_before_a_second_identifier_is_made(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    browser = fresh_house.browser("officer")
    asked = browser.submit("/subjects/new", {"name": PARTNER_NAME, "circle": fresh_house.circle})
    assert "One subject bears this name already" in text_of(asked.text)
    assert f'href="/subjects/{PARTNER}"' in asked.text

    made = browser.submit("/subjects/new", {"name": PARTNER_NAME, "circle": fresh_house.circle, "another": "yes"})
    assert made.headers["location"].startswith("/subjects/circle:")


def test_reading_is_in_the_access_log_without_what_was_searched(fresh_house: House) -> None:
    account = fresh_house.account("officer", Role.OFFICER)
    browser = fresh_house.browser("officer")
    browser.get("/search?q=tidal")
    browser.get(f"/subjects/{PARTNER}")

    with fresh_house.node.runtime.database.read() as tx:
        entries = read_access_log(tx)

    assert [(entry.account, entry.action, entry.record) for entry in entries] == [
        (account.id, "dossier-read", PARTNER),
        (account.id, "subjects-searched", ""),
    ]
