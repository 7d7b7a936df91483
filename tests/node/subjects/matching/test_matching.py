"""What is linked, what is only suggested, and that garbage is neither a link nor a crash."""

import random
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import Code, HanseError
from node.subjects.matching.index import build
from node.subjects.matching.places import find as find_places
from node.subjects.matching.places import load
from node.subjects.matching.resolve import Matcher, Mode, matcher, matches
from node.subjects.matching.text import MAX_CHARACTERS, MAX_WORDS, canonical, read
from tests.node.subjects.matching.invented import INVENTED, ids, invented

MATCHER = invented()
MODES: tuple[Mode, ...] = ("safe", "balanced")


def _linked(text: str, mode: Mode = "safe", having: Matcher = MATCHER) -> list[str]:
    return [each.subject for each in matches(having, text, mode).links]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Aldermoor University", 1),
        ("aldermoor univ.", 1),
        ("Institut für Wellen, Universität Aldermoor, Niederlande", 1),
        ("Department of Waves, Aldermoor University, Aldermoor, The Netherlands", 1),
        ("Aldermoor University of Tides and Winds, Netherlands", 2),
        ("ALDERMOOR UNIVERSITY OF TIDES & WINDS", 2),
        ("Northport Institute of Lanterns (NILX), Sweden", 3),
        ("東灘波浪大学理学部", 8),
        ("قسم الفيزياء، جامعة الأمواج الكبرى", 9),
        ("Velmora Technical University, Portugal", 11),
    ],
)
def test_a_name_that_stands_in_the_text_is_linked(text: str, number: int) -> None:
    assert _linked(text) == ids(number)


@pytest.mark.parametrize("mode", MODES)
def test_a_longer_name_is_never_taken_for_the_shorter_one_in_it(mode: Mode) -> None:
    for text in (
        "Aldermoor University of Tides and Winds",
        "School of Sails, Aldermoor University of Tides and Winds, Netherlands",
        "Aldermoor University of Tide and Wind",
    ):
        assert ids(1)[0] not in _linked(text, mode)


def test_a_name_that_goes_on_to_one_the_registry_does_not_know_is_not_linked() -> None:
    match = matches(MATCHER, "Aldermoor University of Fire and Embers, Netherlands")
    assert match.links == ()
    assert [each.subject for each in match.suggestions][:1] != []


@pytest.mark.parametrize("mode", MODES)
def test_a_name_of_two_is_suggested_and_the_reason_says_so(mode: Mode) -> None:
    match = matches(MATCHER, "Trinity Harbour College", mode)
    assert match.links == ()
    assert {each.subject for each in match.suggestions[:2]} == set(ids(4, 5))
    assert "2 organisations bear the same name" in match.suggestions[0].why


@pytest.mark.parametrize(
    ("text", "number"),
    [("Trinity Harbour College, Ireland", 4), ("Trinity Harbour College, Canada", 5)],
)
def test_the_country_in_the_text_tells_namesakes_apart(text: str, number: int) -> None:
    first = matches(MATCHER, text).suggestions[0]
    assert first.subject == ids(number)[0]
    assert "the text names its country" in first.why


def test_countries_permuted_in_text_and_registry_change_nothing_else() -> None:
    swapped = [replace(each, country={"IE": "CA", "CA": "IE"}.get(each.country, each.country)) for each in INVENTED]
    other = matcher(build(swapped, load().names))
    here = matches(MATCHER, "Trinity Harbour College, Ireland")
    there = matches(other, "Trinity Harbour College, Canada")
    assert [(each.subject, each.score, each.why) for each in here.suggestions] == [
        (each.subject, each.score, each.why) for each in there.suggestions
    ]


def test_a_campus_is_found_by_its_town() -> None:
    match = matches(MATCHER, "Qorvane State University, Department of Mills, Millbrook, Brazil")
    assert match.links == ()
    assert {each.subject for each in match.suggestions[:2]} == set(ids(6, 7))
    assert any("in two places" in each.why for each in match.suggestions[:2])


def test_the_name_of_a_withdrawn_organisation_leads_to_its_successor() -> None:
    match = matches(MATCHER, "Velmora Polytechnic, Portugal")
    assert match.suggestions[0].subject == ids(11)[0]
    assert "predecessor" in match.suggestions[0].why


def test_an_abbreviation_or_an_address_alone_is_only_suggested() -> None:
    for text in ("NILX", "someone@mail.lantern.example", "see https://www.lantern.example/people"):
        match = matches(MATCHER, text)
        assert match.links == ()
        assert [each.subject for each in match.suggestions] == ids(3)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Ostrel State Medical University, Sweden", 13),  # without the person it honours
        ("UNIHALDEMAR", 15),  # capitals inside the name are no capitals in the text
        ("Pellworth Lanthanum Research, UK", 16),  # without its legal form
        ("Sing Waa University, Sweden", 17),  # who bears the name is in another country
        ("Zemblan Quar. Accel. Lab., UK", 19),  # abbreviated word by word
        ("Quarry Dept., Zemblan Accelerator Laboratory, UK", 19),  # its words stand in two parts of the text
    ],
)
def test_a_name_that_is_written_otherwise_is_suggested(text: str, number: int) -> None:
    assert ids(number)[0] in [each.subject for each in matches(MATCHER, text).suggestions]


def test_the_first_letters_of_a_name_are_a_suggestion_at_best() -> None:
    match = matches(MATCHER, "ZQAL")
    assert match.links == ()
    assert [each.subject for each in match.suggestions] == ids(19)
    assert "the first letters of its name" in match.suggestions[0].why


def test_first_letters_are_taken_only_where_the_registry_has_no_abbreviation() -> None:
    assert ids(3)[0] not in {each.subject for each in matches(MATCHER, "NIL").suggestions}


def test_the_name_without_a_word_that_tells_it_from_another_is_not_linked_to_that_other() -> None:
    assert _linked("Ostrel State Medical University, Sweden", "balanced") != ids(14)
    assert _linked("Ostrel State University, Sweden") == ids(14)


def test_of_two_addresses_joined_by_and_each_names_its_country() -> None:
    gazetteer = load()
    text = read("Trinity Harbour College, Eastquay, Canada and Aldermoor University, Netherlands")
    evidence = find_places(text, gazetteer, {})
    assert evidence.named == {"CA", "NL"}
    assert [evidence.after(number) for number in (0, 5)] == ["CA", "NL"]
    assert evidence.after(len(text)) == ""


def test_combining_characters_and_directions_make_no_difference() -> None:
    for text in ("Universität Aldermoor", "Université Aldermoor"):
        assert canonical(unicodedata.normalize("NFD", text)) == canonical(unicodedata.normalize("NFC", text))
    plain = "جامعة الأمواج الكبرى"
    dressed = "\u200f" + "\u064e".join(plain) + "\u200f"
    assert _linked(dressed) == _linked(plain) == ids(9)


@pytest.mark.parametrize("text", ["", " ", ",,,;;()[]", "\x00", "42", "🜁🜂", "\u200f", "a" * MAX_CHARACTERS, "; " * 999])
def test_texts_without_a_name_link_nobody(text: str) -> None:
    match = matches(MATCHER, text)
    assert match.links == ()


def test_a_text_that_is_too_long_is_refused_at_once() -> None:
    with pytest.raises(HanseError) as caught:
        matches(MATCHER, "Aldermoor " * 1_000_000)
    assert caught.value.code is Code.INVALID
    assert "4,000 characters" in caught.value.detail


def test_the_work_for_one_text_is_bounded() -> None:
    assert len(read("wave " * MAX_CHARACTERS)) == MAX_WORDS


@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    for mode in MODES:
        match = matches(MATCHER, text, mode)
        suggested = [each.subject for each in match.suggestions]
        assert len(set(suggested)) == len(suggested)
        assert {each.subject for each in match.links} <= set(suggested)
        assert all(0 <= each.score <= 1 and each.why for each in match.suggestions)


def test_the_order_of_the_registry_changes_nothing() -> None:
    shuffled = list(INVENTED)
    random.Random(5).shuffle(shuffled)  # noqa: S311
    other = matcher(build(shuffled, load().names))
    for text in ("Aldermoor University", "Trinity Harbour College, Canada", "Northport Inst. of Lantern"):
        assert matches(other, text) == matches(MATCHER, text)
