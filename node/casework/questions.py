"""Asking the partner: the question, when it was sent, what came back, and whether it was answered in good faith.

Asking is a step of due diligence like any other, and due to the partner: a concern that it was never asked about is
half a concern. Whether an answer was given in good faith is a judgement that an officer makes and signs with a grade;
what is prepared here for the indicator ``conduct-responsive`` has neither strength nor grade.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from node.casework import checks
from node.casework.case_files import case_of, changed, opened
from node.casework.checks import FieldError
from node.casework.evidence import use
from node.clock import day_of
from node.domain.casework import MAX_TEXT_CHARACTERS, AssessmentId, Edit
from node.domain.decisions import (
    MAX_QUESTIONS,
    CaseFile,
    CaseKind,
    CaseRef,
    PartnerQuestion,
    PartnerQuestionId,
    QuestionData,
    Responsiveness,
)
from node.domain.documents import day_words
from node.domain.evidence import MAX_FILES, EvidenceId
from node.domain.identifiers import new_id
from node.errors import Code, HanseError
from node.storage import decisions as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import VocabularyCode
from protocol.statements import Period
from protocol.vocabulary import Vocabulary

RESPONSIVE: Final = VocabularyCode("conduct-responsive")
ASKED: Final = VocabularyCode("q28")
"""The question of the checklist that asks whether the partner was asked."""
_KINDS: Final = (VocabularyCode("institution-record"), VocabularyCode("partner-disclosure"))
_WORDS: Final = {
    Responsiveness.YES: "It answered in good faith.",
    Responsiveness.PARTLY: "It answered in part.",
}


@dataclass(frozen=True, slots=True)
class Responsive:
    """What an answer to :data:`ASKED` starts with. An officer says how much it is and how sure, or drops it."""

    question: VocabularyCode
    indicator: VocabularyCode
    observation: str = field(repr=False)
    observed: Period
    evidence_kinds: tuple[VocabularyCode, ...]
    files: tuple[EvidenceId, ...]


def ask(
    tx: Transaction, vault: Vault, vocabulary: Vocabulary, ref: CaseRef, data: QuestionData, edit: Edit
) -> PartnerQuestion:
    """Record a question to the partner, sent or still to be sent."""
    case = opened(tx, vault, ref, edit)
    if len(case.questions) >= MAX_QUESTIONS:
        raise HanseError(Code.TOO_LARGE, f"a case has at most {MAX_QUESTIONS} questions to the partner.")
    tidy = checked_question(data, vocabulary, day_of(edit.at))
    question = PartnerQuestion(id=PartnerQuestionId(new_id()), data=tidy)
    storage.put_question(tx, vault, case.id, question, position=len(case.questions))
    use(tx, question.id, [EvidenceId(each) for each in tidy.evidence])
    changed(tx, vault, case, edit, "question-added", (None, question.data), review=case.review)
    return question


def change_question(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    ref: CaseRef,
    question: PartnerQuestionId,
    data: QuestionData,
    edit: Edit,
) -> PartnerQuestion:
    """Say when it was sent, what came back and when, which files came with it, and how it was answered."""
    case = opened(tx, vault, ref, edit)
    old = question_of(case, question)
    new = replace(old, data=checked_question(data, vocabulary, day_of(edit.at)))
    storage.replace_question(tx, vault, new)
    use(tx, new.id, [EvidenceId(each) for each in new.data.evidence])
    changed(tx, vault, case, edit, "question-changed", (old.data, new.data), review=case.review)
    return new


def checked_question(data: QuestionData, vocabulary: Vocabulary, today: date) -> QuestionData:
    """The same data with tidy texts, or ``INVALID``: nothing is received before it was sent."""
    if data.about is not None:
        checks.known("about", data.about, vocabulary.indicators)
    question = checks.text("question", data.question)
    if not question:
        raise FieldError("question", "write what the partner is asked.")
    if data.sent is not None and data.sent > today:
        raise FieldError("sent", "nothing was sent after today.")
    answer = checks.text("answer", data.answer)
    if (answer or data.received is not None or data.evidence or data.responsive is not None) and data.sent is None:
        raise FieldError("sent", "say when the question was sent.")
    if data.received is not None and data.sent is not None and not data.sent <= data.received <= today:
        raise FieldError("received", "a day from the question to today.")
    if data.received is None and (answer or data.evidence):
        raise FieldError("received", "say when the answer came.")
    if data.received is None and data.responsive in {Responsiveness.YES, Responsiveness.PARTLY}:
        raise FieldError("responsive", "no answer is recorded that this could be said of.")
    files = tuple(dict.fromkeys(data.evidence))
    if len(files) > MAX_FILES:
        raise FieldError("evidence", f"at most {MAX_FILES} files.")
    return replace(data, question=question, answer=answer, evidence=files)


def question_of(case: CaseFile, question: PartnerQuestionId) -> PartnerQuestion:
    """One of the questions of a case; raises ``NOT_FOUND``."""
    for candidate in case.questions:
        if candidate.id == question:
            return candidate
    raise HanseError(Code.NOT_FOUND, "this case has no such question to the partner.")


def prefill(tx: Transaction, vault: Vault, question: PartnerQuestionId, assessment: AssessmentId) -> Responsive | None:
    """What an answer about :data:`RESPONSIVE` starts with, from a question that was answered in good faith or in part.

    None where there is nothing to start with: no answer yet, no judgement, silence, or a question of another case.
    Silence is no finding: the checklist has its own way to say that somebody was asked and nothing is known.
    """
    found = storage.get_question(tx, vault, question)
    if found is None:
        return None
    ref, asked = found
    data = asked.data
    if not _belongs(tx, vault, ref, assessment) or data.sent is None or data.received is None:
        return None
    if data.responsive is None or data.responsive is Responsiveness.NO:
        return None
    said = f"The partner answered: {data.answer}" if data.answer else "The partner answered."
    observation = (
        f"Asked on {day_words(data.sent)}: {data.question}\n"
        f"{said}\nReceived on {day_words(data.received)}. {_WORDS[data.responsive]}"
    )
    return Responsive(
        question=ASKED,
        indicator=RESPONSIVE,
        observation=observation[:MAX_TEXT_CHARACTERS],
        observed=Period(start=data.sent, end=data.received),
        evidence_kinds=_KINDS,
        files=tuple(EvidenceId(each) for each in data.evidence),
    )


def _belongs(tx: Transaction, vault: Vault, ref: CaseRef, assessment: AssessmentId) -> bool:
    return case_of(tx, vault, CaseKind.ASSESSMENT, assessment) == ref
