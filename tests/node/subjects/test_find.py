"""Search in any script, its order, identifiers, and links that are made only where one organisation can be meant."""

import dataclasses
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.subjects import MAX_NORMALISED_CHARACTERS, MAX_SEARCH_CHARACTERS, normalise, parse_identifier
from node.errors import Code, HanseError
from node.storage.database import Database
from node.subjects import get, label_of, mint, resolve_exact, search
from protocol.identifiers import CircleId, SubjectId
from protocol.statements import Subject
from tests.node.subjects.registry import load_records, record, ror_id, subject

CIRCLE = CircleId("A" * 43)
RECORDS = [
    record(1, "Aldermoor University", names=[("AU", "acronym"), ("Universität Aldermoor", "alias")]),
    record(2, "Aldermoor University of the Arts"),
    record(3, "Institute of Tides", names=[("Aldermoor University Press", "alias")]),
    record(4, "Aldermoor University Old", status="withdrawn", successor=1),
    record(
        5,
        "Université du Val d'Esk",
        names=[("埃斯克谷大学", "label"), ("Университет Валь-д\N{RIGHT SINGLE QUOTATION MARK}Эск", "label")],
    ),
    record(6, "Northport College", place="Northport", country="NN"),
    record(7, "Northport College", place="Westhaven", country="MM"),
    record(8, "Øresund Łódź Straße Institute"),
    record(9, "Tides Center", names=[("TIC", "acronym")]),
    record(10, "Harbour Works", status="withdrawn"),
    record(11, "Harbour Works"),
    record(12, "TIC"),
]


@pytest.fixture
def registry(database: Database, tmp_path: Path) -> Database:
    load_records(database, tmp_path, RECORDS)
    return database


def found(database: Database, text: str, limit: int = 20) -> list[SubjectId]:
    with database.read() as tx:
        return [hit.id for hit in search(tx, text, limit)]


def test_exact_comes_before_prefix_display_before_alias_active_before_withdrawn(registry: Database) -> None:
    assert found(registry, "aldermoor university") == [subject(1), subject(2), subject(4), subject(3)]


def test_names_are_found_in_any_script_and_without_accents(registry: Database) -> None:
    for text, number in (
        ("UNIVERSITAT ALDERMOOR", 1),
        ("université du val d\N{RIGHT SINGLE QUOTATION MARK}esk", 5),
        ("Universite du Val dEsk", 5),
        ("埃斯克谷", 5),
        ("университет валь", 5),
        ("oresund lodz strasse", 8),
        ("  Institute   of-Tides ", 3),
        ("tides", 3),
        ("The Institute of Tides", 3),
    ):
        assert subject(number) in found(registry, text), text


def test_every_form_of_an_identifier_finds_its_organisation_alone(registry: Database) -> None:
    for form in ("https://ror.org/{}", "ror.org/{}", "{}", "ror:{}", "HTTPS://ROR.ORG/{}"):
        with registry.read() as tx:
            (hit,) = search(tx, form.format(ror_id(6)))
        assert (hit.id, hit.match) == (subject(6), "identifier"), form


def test_namesakes_come_with_what_tells_them_apart(registry: Database) -> None:
    with registry.read() as tx:
        hits = search(tx, "Northport College")
    assert {(hit.place, hit.match) for hit in hits} == {("Northport", "exact"), ("Westhaven", "exact")}


def test_a_hit_says_under_which_name_it_was_found(registry: Database) -> None:
    with registry.read() as tx:
        (hit,) = search(tx, "universität ald")
        (word,) = search(tx, "lodz")
    assert (hit.matched, hit.kind, hit.match) == ("Universität Aldermoor", "alias", "prefix")
    assert (word.matched, word.match) == ("Øresund Łódź Straße Institute", "word")


def test_later_words_keep_a_share_of_the_answers(registry: Database) -> None:
    assert found(registry, "tides", 2) == [subject(9), subject(3)]
    assert found(registry, "tides", 1) == [subject(9)]


def test_too_long_a_search_is_refused_and_nothing_finds_nothing(registry: Database) -> None:
    with pytest.raises(HanseError) as refusal:
        found(registry, "x" * (MAX_SEARCH_CHARACTERS + 1))
    assert refusal.value.code is Code.INVALID
    assert found(registry, "") == found(registry, " ") == found(registry, "lei:" + "0" * 18 + "00") == []


def test_a_link_without_a_person_needs_one_bearer_of_the_whole_name(registry: Database) -> None:
    def linked(text: str) -> SubjectId | None:
        with registry.read() as tx:
            organisation = resolve_exact(tx, text)
        return organisation.id if organisation else None

    assert linked("aldermoor UNIVERSITY") == subject(1)
    assert linked("Universität Aldermoor") == subject(1)
    assert linked(f"https://ror.org/{ror_id(3)}") == subject(3)
    assert linked("Harbour Works") == subject(11)  # the withdrawn one no longer answers to the name
    assert linked("Northport College") is None  # two of them
    assert linked("AU") is None  # an acronym alone
    assert linked("TIC") is None  # somebody's name and somebody else's acronym
    assert linked("Aldermoor") is None  # a beginning is not a name
    assert linked("") is None


def test_a_minted_subject_is_found_by_its_name_and_never_linked(registry: Database) -> None:
    with registry.write() as tx:
        minted = mint(tx, CIRCLE, " Laboratory  of Invented Tides ")
    with registry.read() as tx:
        organisation = get(tx, minted)
        assert label_of(tx, minted) == "Laboratory of Invented Tides"
        assert label_of(tx, SubjectId("lei:unknown")) == "lei:unknown"
        assert resolve_exact(tx, "Laboratory of Invented Tides") is None
    assert organisation is not None
    assert (organisation.origin, organisation.circle) == ("minted", CIRCLE)
    assert found(registry, "laboratory of inv") == [minted]


def test_a_minted_name_is_one_that_a_statement_can_carry(registry: Database) -> None:
    for hidden in ("\N{ZERO WIDTH SPACE}", "\N{WORD JOINER}", "\N{RIGHT-TO-LEFT OVERRIDE}", "\x7f"):
        with registry.write() as tx:
            minted = mint(tx, CIRCLE, f"{hidden}Laboratory of {hidden}Invented Tides{hidden}")
            label = label_of(tx, minted)
        assert label == "Laboratory of Invented Tides"
        assert msgspec.convert({"id": minted, "label": label}, Subject).label == label


@pytest.mark.parametrize("label", ["", "  ", "x" * 201, "\N{ZERO WIDTH SPACE}"])
def test_a_minted_subject_has_a_readable_name(shared_registry: Database, label: str) -> None:
    with pytest.raises(HanseError) as refusal, shared_registry.write() as tx:
        mint(tx, CIRCLE, label)
    assert refusal.value.code is Code.INVALID


def test_a_name_with_a_zero_character_finds_nothing_and_breaks_nothing(database: Database) -> None:
    """As a row of an imported file may hold one."""
    for text in ("tid\x00al", "\x00", "?\x00?"):
        with database.read() as tx:
            assert search(tx, text) == []
            assert resolve_exact(tx, text) is None


def test_countries_change_no_answer_and_no_order(database: Database, tmp_path: Path) -> None:
    texts = ("aldermoor", "northport college", "tides", "u", "un", "university", "埃斯克谷大学")
    load_records(database, tmp_path, RECORDS)
    with database.read() as tx:
        before = {text: [dataclasses.replace(hit, country="") for hit in search(tx, text)] for text in texts}
    permuted = []
    for number, each in enumerate(RECORDS):
        country = ("MM", "OO", "NN", "PP")[number % 4]
        location = {
            "geonames_details": {"name": each["locations"][0]["geonames_details"]["name"], "country_code": country}
        }
        permuted.append(each | {"locations": [location]})
    assert load_records(database, tmp_path, permuted).updated
    with database.read() as tx:
        assert {text: [dataclasses.replace(hit, country="") for hit in search(tx, text)] for text in texts} == before


@given(st.text(max_size=300))
def test_normalising_is_bounded_and_a_fixed_point(text: str) -> None:
    once = normalise(text)
    assert len(once) <= MAX_NORMALISED_CHARACTERS
    assert "  " not in once
    assert once == once.strip()
    assert normalise(once) == once


@given(st.text(max_size=60))
def test_reading_an_identifier_never_fails(text: str) -> None:
    assert parse_identifier(text) is None or ":" in str(parse_identifier(text))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=MAX_SEARCH_CHARACTERS))
def test_any_text_can_be_searched(shared_registry: Database, text: str) -> None:
    with shared_registry.read() as tx:
        assert len(search(tx, text, 5)) <= 5
        resolve_exact(tx, text)


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("university aldermoor arts", [2]),
        ("tides inst", [3]),
        ("arts of the aldermoor univ", [2]),
        ("谷大学", [5]),
        ("大学 埃斯克", [5]),
    ],
)
def test_words_are_found_in_any_order_and_the_last_one_while_it_is_typed(
    registry: Database, typed: str, numbers: list[int]
) -> None:
    assert found(registry, typed) == [subject(number) for number in numbers]


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("institut of tydes", 3),
        ("Insitute of Tides", 3),
        ("Nrothport Colege", 6),
        ("aldermoro university of the atrs", 2),
        ("Aldermoor Unviersiyt of the Arts", 2),
        ("oresund lodz strase", 8),
        ("Universität Aldemoor", 1),
        ("северс Университет Валь", None),
        ("Universytt Aldemoor xyzzy", None),
    ],
)
def test_one_or_two_mistakes_in_a_word_are_forgiven(registry: Database, typed: str, number: int | None) -> None:
    with registry.read() as tx:
        hits = search(tx, typed)
    if number is None:
        assert hits == []
        return
    assert hits[0].id == subject(number)
    assert hits[0].match == "spelling"


def test_a_right_word_is_never_read_as_another(registry: Database) -> None:
    with registry.read() as tx:
        assert {hit.match for hit in search(tx, "tides")} <= {"prefix", "word"}
        assert search(tx, "tidez")[0].match == "spelling"
        assert search(tx, "tid") != []
        assert search(tx, "tx") == []
