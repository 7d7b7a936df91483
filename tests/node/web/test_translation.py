"""The language of pages: which one a visitor gets, that catalogues are in step, and that English stays as it is."""

import re
from datetime import date
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.web import formats
from node.web.locale import extract
from node.web.translation import COOKIE, LANGUAGES, Language, catalogue, chosen, say, speaking
from tests.node.web.house import PARTNER, House, text_of

GERMAN = {"accept-language": "de-CH, de;q=0.9, en;q=0.5"}
OTHERS = extract.translated_languages()


@pytest.mark.parametrize(
    ("choice", "accepted", "expected"),
    [
        ("", "", "en"),
        ("", "de", "de"),
        ("", "DE-at", "de"),
        ("", "fr, de;q=0.8, en;q=0.7", "de"),
        ("", "en;q=0.7, de;q=0.8", "de"),
        ("", "de;q=0, en", "en"),
        ("", "fr", "en"),
        ("", "*", "en"),
        ("", "de;q=much", "en"),
        ("", "x" * 10_000 + ",de", "en"),
        ("en", "de", "en"),
        ("de", "", "de"),
        ("fr", "de", "de"),
    ],
)
def test_a_choice_outweighs_the_browser_and_english_is_the_rest(choice: str, accepted: str, expected: str) -> None:
    assert chosen(choice, accepted) == expected


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_a_browser_says_it_gets_a_language_that_we_speak(choice: str, accepted: str) -> None:
    assert chosen(choice, accepted) in LANGUAGES


@pytest.mark.parametrize("spoken", OTHERS)
def test_the_catalogue_is_in_step_with_the_texts(spoken: Language) -> None:
    assert extract.path_of(spoken).read_bytes() == extract.in_step(spoken), "run: python -m node.web.locale"


@pytest.mark.parametrize("spoken", OTHERS)
def test_a_translation_has_the_places_and_the_tags_of_its_text(spoken: Language) -> None:
    for entry in extract.read(spoken):
        texts = [entry.id] if isinstance(entry.id, str) else list(entry.id)
        said = [entry.string] if isinstance(entry.string, str) else list(entry.string or ())
        if not texts[0] or not any(said):
            continue
        places = set(re.findall(r"%\((\w+)\)s", texts[-1]))
        tags = sorted(re.findall(r"</?\w+", texts[-1]))
        assert set(re.findall(r"%\((\w+)\)s", said[-1])) == places, texts
        assert sorted(re.findall(r"</?\w+", said[-1])) == tags, texts
        assert not entry.fuzzy
        assert [field for _, field, _, _ in Formatter().parse(said[0].replace("{", "{{")) if field] == []


def test_the_frame_of_every_page_is_translated() -> None:
    lacking = set(extract.missing(Language.DE))
    frame = [
        text for text, place in extract.messages().items() if place in {"templates/base.html", "templates/error.html"}
    ]
    frame += [text for text, place in extract.messages().items() if place.endswith((":_TITLES", ":GROUPS"))]
    assert len(frame) > 25
    assert len({str(text) for text in frame} & lacking) <= 3, "a new section may wait for its translation, not many"


def test_days_and_numbers_are_written_as_the_language_does() -> None:
    assert (formats.day(date(2026, 9, 4)), formats.number(3), formats.number(12_345)) == (
        "4\u00a0Sep\u00a02026",
        "three",
        "12\u2009345",
    )
    assert formats.counted(0, "statement") == "no statements"
    with speaking(Language.DE, "/search"):
        assert formats.day(date(2026, 9, 4)) == "04.09.2026"
        assert formats.number(12_345) == "12.345"
        assert formats.counted(1, "minute") == "1 Minute"
        assert formats.counted(2, "minute") == "2 Minuten"
        assert formats.listed(["a", "b", "c"]) == "a, b und c"
    with speaking(Language.DE, "/peers"):
        assert say("Sign in") == "Sign in"


def test_a_page_that_is_translated_says_so_and_one_that_is_not_says_that_its_content_is_english(house: House) -> None:
    browser = house.browser("officer")
    dossier = browser.client.get(f"/subjects/{PARTNER}", headers=GERMAN)
    other = browser.client.get("/shared", headers=GERMAN)

    assert dossier.headers["content-language"] == "de"
    assert "accept-language" in dossier.headers["vary"].lower()
    assert '<html lang="de">' in dossier.text
    assert 'tabindex="-1">' in dossier.text
    words = text_of(dossier.text)
    assert "Gute Erfahrungen" in words
    assert "Die letzte Herkunft der Mittel ist nicht nachvollziehbar" in words
    assert "Keine Entscheidung" in words
    assert '<main id="content" class="frame" tabindex="-1" lang="en">' in other.text
    assert "Zugriffsprotokoll" not in other.text  # a section that an officer has not
    assert "Geteilt" in text_of(other.text)


@pytest.mark.parametrize("path", ["/search?q=tidal", f"/subjects/{PARTNER}", "/account"])
def test_no_english_sentence_is_left_on_a_page_that_is_translated(house: House, path: str) -> None:
    """By words that no German sentence has; what others wrote stays as it is, what is English still says so itself."""
    answer = house.browser("officer").client.get(path, headers=GERMAN)
    words = re.sub(r"<blockquote.*?</blockquote>|<(\w+)[^>]* lang=\"en\".*?</\1>", " ", answer.text, flags=re.DOTALL)
    words = text_of(words.partition("<main")[2].partition("</main>")[0])
    found = re.findall(r"[^.]*\b(?:the|and|of|with|not|your|which)\b[^.]*", words)
    assert [each for each in found if "Institute of" not in each and "Institute for" not in each] == []


def test_the_choice_of_an_account_is_kept_in_this_browser_and_can_be_taken_back(house: House) -> None:
    browser = house.browser("officer")
    page = browser.follow(browser.submit("/account", {"language": "de"}, action="/account/language"))
    assert "Was Sie hier sind" in page
    assert browser.client.cookies[COOKIE] == "de"
    page = browser.follow(browser.submit("/account", {"language": ""}, action="/account/language"))
    assert "What you are here" in page
    page = browser.follow(browser.submit("/account", {"language": "<x>"}, action="/account/language"))
    assert "What you are here" in page


def test_a_refused_sign_in_is_said_in_the_language_of_the_browser(house: House) -> None:
    browser = house.browser()
    browser.client.headers.update(GERMAN)
    answer = browser.submit("/sign-in", {"login": "nobody", "password": "x"})
    assert "Anmeldename und Passwort passen zu keinem Konto dieses Knotens." in answer.text


def test_english_is_what_the_code_says() -> None:
    assert catalogue(Language.EN).gettext("Sign in") == "Sign in"
    assert say("") == ""
