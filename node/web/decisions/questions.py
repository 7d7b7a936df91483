"""Asking the partner: writing a question, saying when it was sent, and what came back, with its files."""

from typing import Annotated, Final

from fastapi import APIRouter, Response

from node.casework.checks import FieldError
from node.casework.questions import ask, change_question, question_of
from node.domain.decisions import PartnerQuestion, PartnerQuestionId, QuestionData, Responsiveness
from node.errors import Code, HanseError
from node.web.decisions.desk import (
    CaseId,
    Desk,
    Kind,
    Sender,
    Writer,
    edit_of,
    open_desk,
    path_of,
    ref_of,
    typed_day,
    wrong_days,
)
from node.web.evidence import HINT, MAX_REQUEST_BYTES, clear_away, holding, named, take
from node.web.forms import LOCAL_ID, FormView, address_part, sentence
from node.web.visits import Visit, go
from protocol.identifiers import VocabularyCode

ROUTER = APIRouter()
_Question = Annotated[PartnerQuestionId, address_part(LOCAL_ID)]
_OF_A_FILE: Final = frozenset({Code.BAD_FILE, Code.TOO_LARGE, Code.NO_SPACE})
_RESPONSES: Final = (
    (Responsiveness.YES.value, "In good faith", "It answered what was asked, or said why it cannot."),
    (Responsiveness.PARTLY.value, "In part", "Something that was asked stayed open."),
    (Responsiveness.NO.value, "Not in good faith", "It evaded, or was silent after a fair time. No concern by itself."),
)


@ROUTER.get("/decisions/{kind}/{case}/questions/new")
def show_new(visit: Writer, kind: Kind, case: CaseId) -> Response:
    """An empty question."""
    desk = open_desk(visit, kind, case)
    return _page(visit, desk, FormView.of(version=str(desk.case.version)))


@ROUTER.post("/decisions/{kind}/{case}/questions/new", max_body_size=MAX_REQUEST_BYTES)
def do_new(visit: Sender, kind: Kind, case: CaseId) -> Response:
    """Keep it."""
    return _store(visit, kind, case, None)


@ROUTER.get("/decisions/{kind}/{case}/questions/{question}")
def show_question(visit: Writer, kind: Kind, case: CaseId, question: _Question) -> Response:
    """One question, to be sent or answered."""
    desk = open_desk(visit, kind, case)
    return _page(visit, desk, _filled(question_of(desk.case, question), desk.case.version), question)


@ROUTER.post("/decisions/{kind}/{case}/questions/{question}", max_body_size=MAX_REQUEST_BYTES)
def do_question(visit: Sender, kind: Kind, case: CaseId, question: _Question) -> Response:
    """Change it."""
    return _store(visit, kind, case, question)


def _store(visit: Visit, kind: str, case: str, question: PartnerQuestionId | None) -> Response:
    runtime, form, given = visit.runtime, visit.form, question or ""
    try:
        form = holding(form, take(visit))
    except HanseError as error:
        if error.code not in _OF_A_FILE:
            raise
        words = " ".join(part for part in (sentence(error.detail), error.remedy) if part)
        return _page(visit, open_desk(visit, kind, case), form.wrong({"file": words}), given)
    wrong = wrong_days(form, ("sent", "received"))
    if wrong:
        return _page(visit, open_desk(visit, kind, case), form.wrong(wrong), given)
    try:
        with visit.write() as tx:
            ref = ref_of(visit, tx, kind, case)
            if question is None:
                made = ask(tx, runtime.vault, runtime.vocabulary, ref, _data(form), edit_of(visit))
            else:
                made = change_question(
                    tx, runtime.vault, runtime.vocabulary, ref, question, _data(form), edit_of(visit)
                )
            visit.note(tx, "partner-question-changed" if question else "partner-question-added", made.id)
    except FieldError as error:
        field = "files" if error.field == "evidence" else error.field
        return _page(visit, open_desk(visit, kind, case), form.wrong({field: sentence(error.words)}), given)
    if question is not None:
        clear_away(visit)
    return go(path_of(ref), "question-saved", "partner")


def _data(form: FormView) -> QuestionData:
    return QuestionData(
        about=VocabularyCode(form.one("about")) if form.one("about") else None,
        question=form.one("question"),
        sent=typed_day(form, "sent"),
        answer=form.one("answer"),
        received=typed_day(form, "received"),
        responsive=next((each for each in Responsiveness if form.has("responsive", each.value)), None),
        evidence=form.many("files"),
    )


def _filled(question: PartnerQuestion, version: int) -> FormView:
    data = question.data
    return FormView.of(
        about=data.about or "",
        question=data.question,
        sent=data.sent.isoformat() if data.sent else "",
        answer=data.answer,
        received=data.received.isoformat() if data.received else "",
        responsive=data.responsive.value if data.responsive else "",
        files=tuple(data.evidence),
        version=str(version),
    )


def _page(visit: Visit, desk: Desk, form: FormView, question: str = "") -> Response:
    vocabulary = visit.runtime.vocabulary
    answers = [answer for each in desk.material.assessments for answer in each.answers]
    first = dict.fromkeys(answer.data.indicator for answer in answers)
    order = [*first, *(code for code in vocabulary.indicators if code not in first)]
    with visit.read() as tx:
        files = named(visit, tx, form)
    return visit.render(
        "partner_question.html",
        desk=desk,
        form=form,
        question=question,
        indicators=[(code, vocabulary.indicators[code].label) for code in order],
        responses=_RESPONSES,
        files=files,
        hint=HINT,
        status=422 if form.errors else 200,
    )
