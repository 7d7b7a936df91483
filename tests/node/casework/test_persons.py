"""A person is found in every store, corrected or taken out of what staff wrote, and nobody puts the old words back."""

from dataclasses import replace

import pytest

from node.accounts import persons
from node.casework.assessments import add_answer, change_answer, change_assessment, get_assessment, history
from node.casework.engagements import create_engagement
from node.domain.casework import Edit
from node.domain.engagements import EngagementData
from node.errors import Code, HanseError
from node.storage.person_redaction import UNCHANGED
from node.storage.person_search import SEALED
from protocol.identifiers import VocabularyCode
from tests.node.casework.office import NOW, Office, head, observation

NAME = "Ottoline Vasseur-Krantz"


def filled(office: Office) -> str:
    """An assessment, its history and an engagement that name somebody."""
    found, answer = office.assess(head(purpose=f"With {NAME}."), observation(observation=f"Asked {NAME} twice."))
    with office.database.write() as tx:
        edit = Edit(office.officer, found.version, NOW)
        said = observation(observation=f"{NAME.upper()} answered; see “OTTOLINE\u00a0 Vasseur-Krantz”.")
        change_answer(tx, office.vault, office.vocabulary, found.id, answer.id, said, edit)
        data = EngagementData(title="Tide tables", kind=VocabularyCode("project"), benefit=f"Trust in {NAME}")
        create_engagement(tx, office.vault, office.vocabulary, office.officer, data, NOW)
    return found.id


def found_in(office: Office, name: str = NAME) -> set[str]:
    with office.database.read() as tx:
        return {f"{each.table}.{each.column}" for each in persons.traces(tx, office.vault, name)}


def test_counting_changes_nothing_and_replacing_leaves_the_words_nowhere(office: Office) -> None:
    filled(office)
    everywhere = {"assessments.sealed", "answers.sealed", "case_events.sealed", "engagements.sealed"}
    assert everywhere <= found_in(office)
    with office.database.read() as tx:
        counted = persons.replaceable(tx, office.vault, "ottoline  vasseur-krantz")
    assert {f"{each.table}.{each.column}" for each in counted} >= everywhere
    assert everywhere <= found_in(office)
    with office.database.write() as tx:
        assert persons.replace(tx, office.vault, NAME, "") == counted
    assert found_in(office) == set()
    assert found_in(office, "removed") >= everywhere


def test_what_is_changed_reads_as_before_but_for_the_words(office: Office) -> None:
    wanted = filled(office)
    with office.database.write() as tx:
        persons.replace(tx, office.vault, NAME, "the former dean")
    with office.database.read() as tx:
        found = get_assessment(tx, office.vault, wanted)  # type: ignore[arg-type]
        events = history(tx, office.vault, wanted)  # type: ignore[arg-type]
    assert found.data.purpose == "With the former dean."
    assert found.answers[0].data.observation == "the former dean answered; see “the former dean”."
    assert replace(found.answers[0].data, observation="") == replace(observation(), observation="")
    assert [each.kind for each in events] == ["created", "answered", "answer-changed"]
    assert "Asked the former dean twice." in events[-1].before


def test_who_has_the_old_words_in_a_form_cannot_put_them_back(office: Office) -> None:
    wanted = filled(office)
    with office.database.read() as tx:
        seen = get_assessment(tx, office.vault, wanted)  # type: ignore[arg-type]
    with office.database.write() as tx:
        persons.replace(tx, office.vault, NAME, "")
    edit = Edit(office.officer, seen.version, NOW)
    with office.database.write() as tx, pytest.raises(HanseError) as caught:
        change_assessment(tx, office.vault, office.vocabulary, seen.id, seen.data, edit)
    assert caught.value.code is Code.CONFLICT
    with office.database.read() as tx:
        now = get_assessment(tx, office.vault, seen.id)
    with office.database.write() as tx:
        add_answer(tx, office.vault, office.vocabulary, now.id, observation(), Edit(office.officer, now.version, NOW))


@pytest.mark.parametrize("words", ["", "a", "- -", "x" * 201])
def test_words_too_short_or_too_long_are_refused(office: Office, words: str) -> None:
    with office.database.write() as tx, pytest.raises(HanseError) as caught:
        persons.replace(tx, office.vault, words, "")
    assert caught.value.code is Code.INVALID


def test_words_of_a_pattern_mean_themselves(office: Office) -> None:
    found, _ = office.assess(head(purpose="a.c and abc"), observation())
    with office.database.write() as tx:
        persons.replace(tx, office.vault, "a.c and", r"\1 \g<0>")
        assert get_assessment(tx, office.vault, found.id).data.purpose == r"\1 \g<0> abc"


@pytest.mark.parametrize("words", ["joint-laboratory", "quantum", "2025", "register", "circle", "Quill"])
def test_codes_days_and_parts_of_words_are_not_what_somebody_wrote(office: Office, words: str) -> None:
    found, _ = office.assess(head(purpose="Quillfeather"), observation())
    with office.database.write() as tx:
        persons.replace(tx, office.vault, words, "")
        assert get_assessment(tx, office.vault, found.id).data == found.data
        assert get_assessment(tx, office.vault, found.id).answers[0].data == found.answers[0].data


def test_what_is_left_unchanged_exists_and_says_why() -> None:
    assert UNCHANGED.keys() <= SEALED
    assert all(UNCHANGED.values())
