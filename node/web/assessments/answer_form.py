"""The form of one answer: what it says, what is missing at each field, and how it is shown again."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from fastapi import Response

from node.casework.questions import Responsive
from node.casework.tiers import answered, asked
from node.clock import day_of
from node.domain.casework import Answer, AnswerData, Assessment, PlainAnswer, PlainData, PlainKind, Tier
from node.domain.evidence import EvidenceId
from node.errors import Code, HanseError
from node.web.evidence import HINT, named
from node.web.forms import FormView, sentence
from node.web.visits import Visit
from protocol.errors import ProtocolError
from protocol.identifiers import VocabularyCode
from protocol.statements import Grade, Period, Reliability, Timestamp
from protocol.vocabulary import Indicator, Question, Vocabulary

PLAIN: Final = (
    (PlainKind.NOTHING_FOUND, "Looked for, nothing found", "Say where it was looked for."),
    (PlainKind.NOT_KNOWN, "Asked, not known", "Say who was asked."),
    (PlainKind.NOT_APPLICABLE, "Does not apply", "Say why."),
)
"""Answers without an observation. Three different things: none of them says that all is well."""
_FIELDS: Final = (
    "indicator",
    "words",
    "day",
    "observation",
    "observed_from",
    "observed_until",
    "strength",
    "reliability",
    "credibility",
    "evidence_kinds",
    "sources",
    "registers",
    "records",
    "file",
    "mitigations",
)
_POLARITY: Final = {"concern": "concern", "assurance": "assurance", "context": "context, never a concern by itself"}
_FROM_CHECKS: Final = {"kind": "indicator", "question": ""}
"""Where the page shows what the rules say of a member that has no field of its own."""


def typed(form: FormView, vocabulary: Vocabulary) -> AnswerData | PlainData | FormView:
    """What the form says, or the form with what is missing at each field."""
    if any(form.one("indicator") == kind for kind in PlainKind):
        return _plain(form)
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
            sources=_lines(form, "sources"),
            registers=_lines(form, "registers"),
            records=_lines(form, "records"),
            files=tuple(EvidenceId(each) for each in form.many("files")),
            mitigations=tuple(VocabularyCode(code) for code in form.many("mitigations")),
        )
    except ProtocolError as error:
        return form.wrong({"": sentence(error.detail)})


def at_field(form: FormView, field: str, words: str) -> FormView:
    """The form with what the rules refuse, at the field that the page has for it."""
    return form.wrong({_FROM_CHECKS.get(field, field): sentence(words)})


def empty(assessment: Assessment, question: str, now: Timestamp) -> FormView:
    """A form before anything was typed."""
    return FormView.of(question=question, version=str(assessment.version), day=day_of(now).isoformat())


def filled(assessment: Assessment, answer: Answer | PlainAnswer, now: Timestamp) -> FormView:
    """A form that says what an answer says."""
    data = answer.data
    form = FormView.of(
        question=data.question or "",
        sources="\n".join(data.sources),
        registers="\n".join(data.registers),
        records="\n".join(data.records),
        files=tuple(data.files),
        version=str(assessment.version),
    )
    own = _of_plain(data) if isinstance(data, PlainData) else _of_observed(data, now)
    return FormView({**form.values, **own.values})


def started(assessment: Assessment, start: Responsive, now: Timestamp) -> FormView:
    """A form that begins with what the partner answered; how much it is and how sure is left to the officer."""
    own = FormView.of(
        indicator=start.indicator,
        observation=start.observation,
        observed_from=start.observed.start.isoformat(),
        observed_until=start.observed.end.isoformat(),
        evidence_kinds=tuple(start.evidence_kinds),
        files=tuple(start.files),
    )
    return FormView({**empty(assessment, start.question, now).values, **own.values})


def show_form(visit: Visit, assessment: Assessment, form: FormView, answer: str = "") -> Response:
    """The page of one question."""
    vocabulary = visit.runtime.vocabulary
    question = _question(vocabulary, form.one("question"))
    offered = _indicators(vocabulary, question, form.one("indicator"))
    usual = {kind for indicator in offered for kind in indicator.evidence}
    sources = sorted(vocabulary.evidence_sources.values(), key=lambda source: source.id not in usual)
    observed = question is not None and any(each.data.question == question.id for each in assessment.answers)
    with visit.read() as tx:
        kept = named(visit, tx, form)
    return visit.render(
        "answer_form.html",
        form=form,
        assessment=assessment,
        answer=answer,
        question=question,
        place=_place(assessment, vocabulary, question),
        plain=() if question is None or observed else PLAIN,
        asks_more=assessment.tier is Tier.LIGHT and question is not None and question.tier == "light",
        indicators=[
            (indicator.id, indicator.label, f"{_POLARITY[indicator.polarity].capitalize()}. {indicator.definition}")
            for indicator in offered
        ],
        strengths=[(value, label, "") for value, label in vocabulary.strengths.items()],
        reliabilities=[(value, f"{value} \u2013 {label}") for value, label in vocabulary.reliabilities.items()],
        credibilities=[(value, f"{value} \u2013 {label}") for value, label in vocabulary.credibilities.items()],
        evidence=[(source.id, source.label, _evidence_hint(source.tier)) for source in sources],
        mitigations=[(term.id, term.label, "") for term in vocabulary.mitigations.values()],
        files=kept,
        file_hint=HINT,
        status=422 if form.errors else 200,
    )


def _plain(form: FormView) -> PlainData | FormView:
    day = _day(form.text("day"))
    if day is None:
        return form.wrong({"day": "Give the day as year-month-day, for example 2026-05-12."})
    return PlainData(
        question=VocabularyCode(form.one("question")),
        kind=PlainKind(form.one("indicator")),
        words=form.one("words"),
        day=day,
        sources=_lines(form, "sources"),
        registers=_lines(form, "registers"),
        records=_lines(form, "records"),
        files=tuple(EvidenceId(each) for each in form.many("files")),
    )


def _of_plain(data: PlainData) -> FormView:
    return FormView.of(indicator=data.kind.value, words=data.words, day=data.day.isoformat())


def _of_observed(data: AnswerData, now: Timestamp) -> FormView:
    return FormView.of(
        indicator=data.indicator,
        observation=data.observation,
        observed_from=data.observed.start.isoformat(),
        observed_until=data.observed.end.isoformat(),
        strength=str(data.strength),
        reliability=data.grade.reliability,
        credibility=str(data.grade.credibility),
        evidence_kinds=tuple(data.evidence_kinds),
        mitigations=tuple(data.mitigations),
        day=day_of(now).isoformat(),
    )


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


def _place(assessment: Assessment, vocabulary: Vocabulary, question: Question | None) -> tuple[int, int, int] | None:
    """Which question of how many this is, and how many have an answer; None outside what is asked now."""
    questions = [each.id for each in asked(assessment.tier, vocabulary)]
    if question is None or question.id not in questions:
        return None
    done = answered(assessment)
    return questions.index(question.id) + 1, len(questions), sum(each in done for each in questions)


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


def _lines(form: FormView, name: str) -> tuple[str, ...]:
    return tuple(line for line in form.one(name).splitlines() if line.strip())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _reliability(text: str, vocabulary: Vocabulary) -> Reliability | None:
    return next((value for value in vocabulary.reliabilities if value == text), None)
