"""Answering one question of the checklist, one page to a question. Assurances and concerns ask for the same fields.

A question has an answer when something was observed, when it was looked for and nothing was found, when somebody was
asked and it is not known, or when it does not apply. The page offers all four as one choice.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Response

from node.casework.assessments import (
    add_answer,
    answer_of,
    answer_plainly,
    change_answer,
    get_assessment,
    remove_answer,
)
from node.casework.checks import FieldError
from node.casework.questions import prefill
from node.casework.tiers import next_open
from node.domain.accounts import Permission
from node.domain.casework import Answer, AnswerData, AnswerId, Assessment, AssessmentId, PlainAnswer, PlainData
from node.domain.decisions import PartnerQuestionId
from node.errors import Code, HanseError
from node.web.assessments.answer_form import at_field, empty, filled, show_form, started, typed
from node.web.assessments.heads import edit_of
from node.web.assessments.lists import path_of, step_path
from node.web.evidence import MAX_REQUEST_BYTES, clear_away, holding, take
from node.web.forms import LOCAL_ID, FormView, address_part, sentence
from node.web.uploads import RequiresWithFile
from node.web.visits import Requires, Visit, go
from protocol.identifiers import VocabularyCode

ROUTER = APIRouter()
_Id = Annotated[AssessmentId, address_part(LOCAL_ID)]
_AnswerId = Annotated[AnswerId, address_part(LOCAL_ID)]
_Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]
_Sender = Annotated[Visit, Depends(RequiresWithFile(Permission.ASSESSMENTS_WRITE))]
_OF_A_FILE: Final = frozenset({Code.BAD_FILE, Code.TOO_LARGE, Code.NO_SPACE})
"""What is said at the field of the file; everything else that was typed is kept."""


@ROUTER.get("/assessments/{assessment}/answers/new")
def show_new(
    visit: _Writer,
    assessment: _Id,
    question: Annotated[str, Query(max_length=64)],
    asked: Annotated[str, Query(max_length=22)] = "",
) -> Response:
    """One question: an empty answer, the one without an observation that it has, or what the partner answered."""
    if asked:
        found = _assessment(visit, assessment)
        with visit.read() as tx:
            start = prefill(tx, visit.runtime.vault, PartnerQuestionId(asked), assessment)
        if start is not None:
            return show_form(visit, found, started(found, start, visit.now))
    return _show_question(visit, assessment, question)


@ROUTER.get("/assessments/{assessment}/questions/{question}")
def show_question(visit: _Writer, assessment: _Id, question: Annotated[str, Path(max_length=64)]) -> Response:
    """The same, as one step of the way through the checklist."""
    return _show_question(visit, assessment, question)


@ROUTER.post("/assessments/{assessment}/answers/new", max_body_size=MAX_REQUEST_BYTES)
def do_new(visit: _Sender, assessment: _Id) -> Response:
    """Record it, and go on to the next question where that was asked for."""
    return _record(visit, assessment)


@ROUTER.get("/assessments/{assessment}/answers/{answer}")
def show_answer(visit: _Writer, assessment: _Id, answer: _AnswerId) -> Response:
    """An answer, to be changed."""
    found = _assessment(visit, assessment)
    return show_form(visit, found, filled(found, _given(found, answer), visit.now), answer)


@ROUTER.post("/assessments/{assessment}/answers/{answer}", max_body_size=MAX_REQUEST_BYTES)
def do_answer(visit: _Sender, assessment: _Id, answer: _AnswerId) -> Response:
    """Change it; drafts made from it keep what they took."""
    return _record(visit, assessment, answer)


@ROUTER.post("/assessments/{assessment}/answers/{answer}/remove")
def do_remove(visit: _Writer, assessment: _Id, answer: _AnswerId) -> Response:
    """Take it out; what it said stays in the history, its files do not."""
    with visit.write() as tx:
        remove_answer(tx, visit.runtime.vault, assessment, answer, edit_of(visit))
        visit.note(tx, "answer-removed", answer)
    clear_away(visit)
    return go(path_of(assessment), "answer-removed")


def _show_question(visit: Visit, assessment: AssessmentId, question: str) -> Response:
    found = _assessment(visit, assessment)
    for given in found.plain:
        if given.data.question == question:
            return show_form(visit, found, filled(found, given, visit.now), given.id)
    return show_form(visit, found, empty(found, question, visit.now))


def _record(visit: Visit, assessment: AssessmentId, answer: AnswerId | None = None) -> Response:
    form, given = visit.form, answer or ""
    try:
        form = holding(form, take(visit))
    except HanseError as error:
        if error.code not in _OF_A_FILE:
            raise
        words = " ".join(part for part in (sentence(error.detail), error.remedy) if part)
        return show_form(visit, _assessment(visit, assessment), form.wrong({"file": words}), given)
    data = typed(form, visit.runtime.vocabulary)
    if isinstance(data, FormView):
        return show_form(visit, _assessment(visit, assessment), data, given)
    try:
        _store(visit, assessment, answer, data)
    except FieldError as error:
        return show_form(visit, _assessment(visit, assessment), at_field(form, error.field, error.words), given)
    if answer is not None:
        clear_away(visit)
    return _onward(visit, assessment, data.question)


def _store(visit: Visit, assessment: AssessmentId, answer: AnswerId | None, data: AnswerData | PlainData) -> None:
    """Record an answer, or what takes its place. An observation takes the place of an answer without one."""
    runtime, edit = visit.runtime, edit_of(visit)
    with visit.write() as tx:
        if isinstance(data, PlainData):
            made = answer_plainly(tx, runtime.vault, runtime.vocabulary, assessment, data, edit).id
        elif answer is not None and not _is_plain(get_assessment(tx, runtime.vault, assessment), answer):
            made = change_answer(tx, runtime.vault, runtime.vocabulary, assessment, answer, data, edit).id
        else:
            made = add_answer(tx, runtime.vault, runtime.vocabulary, assessment, data, edit).id
        visit.note(tx, "answer-added" if answer is None else "answer-changed", made)


def _onward(visit: Visit, assessment: AssessmentId, question: VocabularyCode | None) -> Response:
    """To the next question without an answer, or to the assessment where there is none or nobody asked for it."""
    if visit.form.one("then") == "next":
        with visit.read() as tx:
            found = get_assessment(tx, visit.runtime.vault, assessment)
        following = next_open(found, visit.runtime.vocabulary, question)
        if following is not None:
            return go(step_path(assessment, following.id), "answer-saved")
    return go(path_of(assessment), "answer-saved", question or "answers")


def _assessment(visit: Visit, assessment: AssessmentId) -> Assessment:
    visit.record("assessment-read", assessment)
    with visit.read() as tx:
        return get_assessment(tx, visit.runtime.vault, assessment)


def _given(assessment: Assessment, answer: AnswerId) -> Answer | PlainAnswer:
    return next((each for each in assessment.plain if each.id == answer), None) or answer_of(assessment, answer)


def _is_plain(assessment: Assessment, answer: AnswerId) -> bool:
    return any(each.id == answer for each in assessment.plain)
