"""The dossier, a signal and a statement: what is shown, and what is not."""

import re

import pytest

from tests.node.web.house import PARTNER, UNKNOWN_PARTNER, House, text_of


@pytest.fixture(scope="module")
def dossier(house: House) -> str:
    return house.browser("analyst").get(f"/subjects/{PARTNER}")


def test_assurances_and_concerns_stand_side_by_side(dossier: str) -> None:
    columns = re.search(r'<div class="columns ruled">(.*?)</section>', dossier, re.DOTALL)
    assert columns
    titles = re.findall(r'<div class="polarity"><h3>(\w+)</h3><span class="figure">([\w ]+)</span>', columns[1])

    assert titles == [("Assurances", "two readings"), ("Concerns", "two readings")]


def test_a_signal_is_said_in_words_and_numbers(dossier: str) -> None:
    text = text_of(dossier)

    assert (
        "Governance is published and matches the registers Very likely (80 to 95 %), with moderate confidence" in text
    )
    assert "for 67 open 33 against 0 of 100 two independent sources two contributors" in text
    assert "Final origin of support cannot be traced Likely (55 to 80 %)" in text
    assert "marked conflict" in text


def test_the_drawing_has_the_same_shares_as_the_words(dossier: str) -> None:
    drawings = re.findall(r'<svg class="measure" viewBox="0 0 301.*?</svg>', dossier, re.DOTALL)
    words = re.findall(r"for <b>(\d+)</b></span><span>open <b>(\d+)</b></span><span>against <b>(\d+)</b>", dossier)

    assert len(drawings) == len(words) == 3
    for drawing, (for_, open_, against) in zip(drawings, words, strict=True):
        assert f'class="for" x="0.5" y="1.5" width="{int(for_) * 3}"' in drawing
        assert f'width="{int(against) * 3}"' in drawing
        assert int(for_) + int(open_) + int(against) == 100
        assert 'aria-hidden="true"' in drawing


def test_disputes_corrections_and_retractions_are_visible(dossier: str) -> None:
    text = text_of(dossier)

    assert "disputes grade C3" in text
    assert "Samples were exchanged as agreed; staff only in the second year." in text
    assert "Samples and staff were exchanged" not in text
    assert "corrected Samples" in text
    assert "retracted What it said is no longer shown." in text
    assert "Access to further data" not in text


def test_what_nobody_has_stated_is_unknown(house: House, dossier: str) -> None:
    nothing = text_of(house.browser("analyst").get(f"/subjects/{UNKNOWN_PARTNER}"))

    assert "Unknown: 41 indicators about which nobody has stated anything" in text_of(dossier)
    assert "Unknown. No member of this circle has shared anything" in nothing
    assert "That is not the same as safe" in nothing


def test_it_is_not_a_decision_and_has_no_sum(dossier: str) -> None:
    text = text_of(dossier)

    assert "Not a decision" in text
    assert not re.search(r"\b(score|rating|overall|total)\b", text, re.IGNORECASE)


def test_pooled_ties_and_those_of_the_registry_are_apart(dossier: str) -> None:
    text = text_of(dossier)

    assert "Observed by members one tie runs a joint laboratory with Calder Composite Works" in text
    assert "In the registry no ties The registry names none." in text


def test_no_institution_is_named_as_a_contributor(house: House, dossier: str) -> None:
    browser = house.browser("analyst")
    signal = browser.get(re.findall(r'href="(/signals/[^"]+)"', dossier)[0])
    statement = browser.get(re.findall(r'href="(/statements/[^"]+)"', dossier)[0])

    for page in (dossier, signal, statement, browser.get("/"), browser.get("/node")):
        for node in house.others:
            assert node.name not in page
            assert node.url not in page
    assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", dossier)


def test_every_number_leads_to_its_statements_and_to_how_it_came_about(house: House, dossier: str) -> None:
    browser = house.browser("analyst")
    paths = re.findall(r'href="(/signals/[^"]+)"', dossier)

    assert len(paths) == 4
    text = text_of(browser.get(paths[0]))
    assert "Statutes, ownership, leadership and decision bodies are published" in text
    assert "A mass halves every 24 months." in text
    assert "No contributor supplies more than one part in three of the whole." in text
    assert "supports grade A2, 66 days old 6.000" in text
    assert "2.000" in text


def test_a_retracted_opinion_is_explained_and_counts_nothing(house: House, dossier: str) -> None:
    path = next(path for path in re.findall(r'href="(/signals/[^"]+)"', dossier) if "scope-drift" in path)

    text = text_of(house.browser("analyst").get(path))

    assert "Unknown:" in text
    assert "for 0 open 100 against 0" in text


def test_a_statement_shows_its_log_its_bytes_and_what_was_verified(house: House, dossier: str) -> None:
    browser = house.browser("analyst")
    for path in sorted(set(re.findall(r'href="(/statements/[^"]+)"', dossier))):
        page = browser.get(path)
        text = text_of(page)
        assert re.search(r"In the log no\. \d, of (four|six) entries held", text)
        assert "The signature is that of the contributor" in text
        shown = bool(re.search(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+", text))
        assert shown is ("What it said is no longer shown." not in text)
        assert "/1\n" not in text


def test_corrections_and_retractions_have_pages_of_their_own(house: House) -> None:
    browser = house.browser("officer")
    home = browser.get("/")
    paths = re.findall(r'(?:corrected|retracted) by <a class="figure" href="([^"]+)"', home)

    texts = [text_of(browser.get(path)) for path in paths]

    assert len(texts) == 2
    assert any("It gives a new body to an earlier statement" in text for text in texts)
    assert any("It withdraws an earlier statement" in text for text in texts)


@pytest.mark.parametrize(
    "path",
    [
        "/subjects/ror:0hans0112",
        "/subjects/nonsense",
        "/subjects/circle:AAAAAAAAAAAAAAAAAAAAAA",
        "/statements/x/y",
        f"/statements/{'A' * 43}/{'A' * 22}",
        f"/signals/x/{PARTNER}/gov-opaque-control/whole",
    ],
)
def test_what_is_not_there_is_not_found(house: House, path: str) -> None:
    assert "Nothing is kept under this address" in house.browser("analyst").get(path, 404)
