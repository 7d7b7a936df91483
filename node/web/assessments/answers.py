"""Answering one question of the checklist. Assurances and concerns ask for exactly the same fields."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from node.casework.assessments import add_answer, answer_of, change_answer, get_assessment, remove_answer
from node.casework.checks import FieldError
from node.domain.accounts import Permission
from node.domain.casework import AnswerData, AnswerId, Assessment, AssessmentId
from node.errors import Code, HanseError
from node.web.assessments.heads import edit_of
from node.web.assessments.lists import path_of
from node.web.forms import LOCAL_ID, FormView, address_part, sentence
from node.web.visits import Requires, Visit, go
from protocol.errors import ProtocolError
from protocol.identifiers import VocabularyCode
from protocol.statements import Grade, Period, Reliability
from protocol.vocabulary import Indicator, Question, Vocabulary

ROUTER = APIRouter()
_Id = Annotated[AssessmentId, address_part(LOCAL_ID)]
_AnswerId = Annotated[AnswerId, address_part(LOCAL_ID)]
_Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]
_FIELDS = ("indicator", "observed_from", "observed_until", "strength", "reliability", "credibility", "evidence_kinds")
_POLARITY = {"concern": "concern", "assurance": "assurance", "context": "context, never a concern by itself"}


@ROUTER.get("/assessments/{assessment}/answers/new")
def show_new(visit: _Writer, assessment: _Id, question: Annotated[str, Query(max_length=64)]) -> Response:
    """An empty answer to one question."""
    found = _assessment(visit, assessment)
    return _form(visit, found, FormView.of(question=question, version=str(found.version)))


@ROUTER.post("/assessments/{assessment}/answers/new")
def do_new(visit: _Writer, assessment: _Id) -> Response:
    """Record it."""
    runtime, form = visit.runtime, visit.form
    data = _data(form, runtime.vocabulary)
    if isinstance(data, FormView):
        return _form(visit, _assessment(visit, assessment), data)
    try:
        with visit.write() as tx:
            made = add_answer(tx, runtime.vault, runtime.vocabulary, assessment, data, edit_of(visit))
            visit.note(tx, "answer-added", made.id)
    except FieldError as error:
        return _form(visit, _assessment(visit, assessment), form.wrong({error.field: sentence(error.words)}))
    return go(path_of(assessment), "answer-saved", data.question or "answers")


@ROUTER.get("/assessments/{assessment}/answers/{answer}")
def show_answer(visit: _Writer, assessment: _Id, answer: _AnswerId) -> Response:
    """An answer, to be changed."""
    found = _assessment(visit, assessment)
    return _form(visit, found, _filled(found, answer), answer)


@ROUTER.post("/assessments/{assessment}/answers/{answer}")
def do_answer(visit: _Writer, assessment: _Id, answer: _AnswerId) -> Response:
    """Change it; drafts made from it keep what they took."""
    runtime, form = visit.runtime, visit.form
    data = _data(form, runtime.vocabulary)
    if isinstance(data, FormView):
        return _form(visit, _assessment(visit, assessment), data, answer)
    try:
        with visit.write() as tx:
            change_answer(tx, runtime.vault, runtime.vocabulary, assessment, answer, data, edit_of(visit))
            visit.note(tx, "answer-changed", answer)
    except FieldError as error:
        return _form(visit, _assessment(visit, assessment), form.wrong({error.field: sentence(error.words)}), answer)
    return go(path_of(assessment), "answer-saved", data.question or "answers")


@ROUTER.post("/assessments/{assessment}/answers/{answer}/remove")
def do_remove(visit: _Writer, assessment: _Id, answer: _AnswerId) -> Response:
    """Take it out; what it said stays in the history."""
    with visit.write() as tx:
        remove_answer(tx, visit.runtime.vault, assessment, answer, edit_of(visit))
        visit.note(tx, "answer-removed", answer)
    return go(path_of(assessment), "answer-removed")


def _assessment(visit: Visit, assessment: AssessmentId) -> Assessment:
    visit.record("assessment-read", assessment)
    with visit.read() as tx:
        return get_assessment(tx, visit.runtime.vault, assessment)


def _data(form: FormView, vocabulary: Vocabulary) -> AnswerData | FormView:
    """What the form says, or the form with what is missing at each field."""
    start, end = _day(form.text("observed_from")), _day(form.text("observed_until"))
    reliability = _reliability(form.one("reliability"), vocabulary)
    wrong = _in_order(_missing(form, vocabulary) | _wrong_days(start, end))
    if wrong or start is None or end is None or reliability is None:
        return form.wrong(wrong)
    question = form.one("question")
    try:
        return AnswerData(
            question=VocabularyCode(question) if question else None,
            indicator=VocabularyCode(form.one("indicator")),
            observation=form.one("observation"),
            observed=Period(start=start, end=end),
            strength=int(form.one("strength")),
            grade=Grade(reliability=reliability, credibility=int(form.one("credibility"))),
            evidence_kinds=tuple(VocabularyCode(code) for code in form.many("evidence_kinds")),
            sources=tuple(line for line in form.one("sources").splitlines() if line.strip()),
            mitigations=tuple(VocabularyCode(code) for code in form.many("mitigations")),
        )
    except ProtocolError as error:
        return form.wrong({"": sentence(error.detail)})


def _missing(form: FormView, vocabulary: Vocabulary) -> dict[str, str]:
    """What was not chosen, by field, in the order of the form."""
    wrong: dict[str, str] = {}
    if not form.one("indicator"):
        wrong["indicator"] = "Choose what was observed."
    if form.one("strength") not in {str(value) for value in vocabulary.strengths}:
        wrong["strength"] = "Say how much was observed."
    if _reliability(form.one("reliability"), vocabulary) is None:
        wrong["reliability"] = "Grade the source."
    if form.one("credibility") not in {str(value) for value in vocabulary.credibilities}:
        wrong["credibility"] = "Grade the information."
    if not form.many("evidence_kinds"):
        wrong["evidence_kinds"] = "Choose at least one kind of evidence."
    return wrong


def _in_order(wrong: dict[str, str]) -> dict[str, str]:
    """As the fields stand on the page, so that the summary leads through it from top to bottom."""
    return {name: wrong[name] for name in _FIELDS if name in wrong}


def _wrong_days(start: date | None, end: date | None) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if start is None:
        wrong["observed_from"] = "Give the first day as year-month-day, for example 2026-03-01."
    if end is None:
        wrong["observed_until"] = "Give the last day as year-month-day, for example 2026-05-12."
    elif start is not None and end < start:
        wrong["observed_until"] = "The last day lies before the first."
    return wrong


def _filled(assessment: Assessment, answer: AnswerId) -> FormView:
    data = answer_of(assessment, answer).data
    return FormView.of(
        question=data.question or "",
        indicator=data.indicator,
        observation=data.observation,
        observed_from=data.observed.start.isoformat(),
        observed_until=data.observed.end.isoformat(),
        strength=str(data.strength),
        reliability=data.grade.reliability,
        credibility=str(data.grade.credibility),
        evidence_kinds=tuple(data.evidence_kinds),
        sources="\n".join(data.sources),
        mitigations=tuple(data.mitigations),
        version=str(assessment.version),
    )


def _form(visit: Visit, assessment: Assessment, form: FormView, answer: str = "") -> Response:
    vocabulary = visit.runtime.vocabulary
    question = _question(vocabulary, form.one("question"))
    offered = _indicators(vocabulary, question, form.one("indicator"))
    usual = {kind for indicator in offered for kind in indicator.evidence}
    sources = sorted(vocabulary.evidence_sources.values(), key=lambda source: source.id not in usual)
    return visit.render(
        "answer_form.html",
        form=form,
        assessment=assessment,
        answer=answer,
        question=question,
        indicators=[
            (indicator.id, indicator.label, f"{_POLARITY[indicator.polarity].capitalize()}. {indicator.definition}")
            for indicator in offered
        ],
        strengths=[(value, label, "") for value, label in vocabulary.strengths.items()],
        reliabilities=[(value, f"{value} \u2013 {label}") for value, label in vocabulary.reliabilities.items()],
        credibilities=[(value, f"{value} \u2013 {label}") for value, label in vocabulary.credibilities.items()],
        evidence=[(source.id, source.label, _evidence_hint(source.tier)) for source in sources],
        mitigations=[(term.id, term.label, "") for term in vocabulary.mitigations.values()],
        status=422 if form.errors else 200,
    )


def _evidence_hint(tier: int) -> str:
    return {2: "needs a second, independent source", 0: "never raises evidence"}.get(tier, "")


def _question(vocabulary: Vocabulary, code: str) -> Question | None:
    if not code:
        return None
    question = vocabulary.checklist.get(VocabularyCode(code))
    if question is None:
        raise HanseError(Code.NOT_FOUND, "the checklist has no such question.")
    return question


def _indicators(vocabulary: Vocabulary, question: Question | None, chosen: str) -> Sequence[Indicator]:
    if question is not None:
        return [vocabulary.indicators[code] for code in question.indicators]
    indicator = vocabulary.indicators.get(VocabularyCode(chosen))
    return [indicator] if indicator is not None else list(vocabulary.indicators.values())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _reliability(text: str, vocabulary: Vocabulary) -> Reliability | None:
    return next((value for value in vocabulary.reliabilities if value == text), None)
