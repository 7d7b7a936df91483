"""Asking the partner: what is asked, when it came back, and what an answer of the checklist may start with."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from typing import Final

import pytest

from node.casework.case_files import case_file, case_of, history
from node.casework.checks import FieldError
from node.casework.questions import ASKED, RESPONSIVE, ask, change_question, checked_question, prefill
from node.domain.accounts import AccountId
from node.domain.casework import AssessmentId
from node.domain.decisions import CaseKind, PartnerQuestionId, QuestionData, Responsiveness
from node.domain.evidence import EvidenceId
from node.errors import Code, HanseError
from protocol.identifiers import VocabularyCode
from protocol.statements import Period
from protocol.vocabulary import Vocabulary
from tests.node.casework.deciding import TODAY, edit, new_case
from tests.node.casework.office import Office

_SENT: Final = date(2026, 8, 1)
_CAME: Final = date(2026, 8, 20)


def question(**changes: object) -> QuestionData:
    """A question that was sent and answered."""
    values: dict[str, object] = {
        "about": VocabularyCode("gov-opaque-control"),
        "question": "Who owns the laboratory?",
        "sent": _SENT,
        "answer": "A foundation.",
        "received": _CAME,
        "responsive": Responsiveness.YES,
    }
    return QuestionData(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"question": " \n"}, "question"),
        ({"about": "gov-none"}, "about"),
        ({"sent": date(2026, 9, 5), "received": None, "answer": "", "responsive": None}, "sent"),
        ({"sent": None}, "sent"),
        ({"received": date(2026, 7, 31)}, "received"),
        ({"received": date(2026, 9, 5)}, "received"),
        ({"received": None}, "received"),
        ({"received": None, "answer": ""}, "responsive"),
        ({"evidence": tuple(f"{number:022}" for number in range(17))}, "evidence"),
    ],
)
def test_nothing_comes_back_before_it_was_asked(
    vocabulary: Vocabulary, changes: Mapping[str, object], field: str
) -> None:
    with pytest.raises(FieldError) as refused:
        checked_question(question(**changes), vocabulary, TODAY)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"sent": None, "answer": "", "received": None, "responsive": None},
        {"answer": "", "received": None, "responsive": None},
        {"answer": "", "received": None, "responsive": Responsiveness.NO},
        {"answer": "", "responsive": None},
    ],
)
def test_every_step_can_be_recorded(vocabulary: Vocabulary, changes: Mapping[str, object]) -> None:
    asked = question(**changes)
    assert checked_question(asked, vocabulary, TODAY) == asked


def test_an_answer_in_good_faith_starts_an_answer_without_grade_and_strength(office: Office) -> None:
    ref = new_case(office)
    assessment = AssessmentId(ref.id)
    with office.database.write() as tx:
        waiting = question(answer="", received=None, responsive=None)
        made = ask(tx, office.vault, office.vocabulary, ref, waiting, edit(office.officer, 0))
        assert prefill(tx, office.vault, made.id, assessment) is None
        change_question(tx, office.vault, office.vocabulary, ref, made.id, question(), edit(office.colleague, 1))
        found = prefill(tx, office.vault, made.id, assessment)
        events = history(tx, office.vault, ref)
    assert found is not None
    assert (found.question, found.indicator) == (ASKED, RESPONSIVE)
    assert found.observed == Period(start=_SENT, end=_CAME)
    assert "Who owns the laboratory?" in found.observation
    assert "A foundation." in found.observation
    assert not {"grade", "strength"} & set(dir(found))
    assert RESPONSIVE in office.vocabulary.checklist[ASKED].indicators
    assert set(found.evidence_kinds) <= set(office.vocabulary.indicators[RESPONSIVE].evidence)
    assert [(event.kind, event.account) for event in events] == [
        ("question-added", office.officer),
        ("question-changed", office.colleague),
    ]
    assert "A foundation." in events[1].after
    assert "A foundation." not in events[1].before


def test_silence_and_questions_of_others_start_nothing(office: Office) -> None:
    ref, other = new_case(office), new_case(office)
    with office.database.write() as tx:
        silent = question(answer="", received=None, responsive=Responsiveness.NO)
        made = ask(tx, office.vault, office.vocabulary, ref, silent, edit(office.officer, 0))
        full = ask(tx, office.vault, office.vocabulary, ref, question(), edit(office.officer, 1))
        assert prefill(tx, office.vault, made.id, AssessmentId(ref.id)) is None
        assert prefill(tx, office.vault, full.id, AssessmentId(other.id)) is None
        assert prefill(tx, office.vault, PartnerQuestionId("A" * 22), AssessmentId(ref.id)) is None


def test_a_file_that_is_gone_is_refused_and_nothing_is_recorded(office: Office) -> None:
    ref = new_case(office)
    gone, first = question(evidence=(EvidenceId("A" * 22),)), edit(office.officer, 0)

    def asked() -> None:
        with office.database.write() as tx:
            ask(tx, office.vault, office.vocabulary, ref, gone, first)

    with pytest.raises(HanseError):
        asked()
    with office.database.read() as tx:
        assert case_of(tx, office.vault, CaseKind.ASSESSMENT, ref.id) == ref
        assert case_file(tx, office.vault, ref).questions == ()


def test_of_two_people_who_begin_a_file_at_once_one_is_told(office: Office) -> None:
    ref = new_case(office)
    together = Barrier(2)

    def asked(account: AccountId) -> str:
        together.wait(timeout=10)
        try:
            with office.database.write() as tx:
                ask(tx, office.vault, office.vocabulary, ref, question(), edit(account, 0))
        except HanseError as error:
            return error.code.value
        return "recorded"

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(asked, [office.officer, office.colleague]))
    assert said == [Code.CONFLICT.value, "recorded"]
    with office.database.read() as tx:
        case = case_file(tx, office.vault, ref)
        assert (case.version, len(case.questions), len(history(tx, office.vault, ref))) == (1, 1, 1)
