"""The list of assessments, and one assessment with its checklist."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.accounts.manage import display_names
from node.casework.assessments import get_assessment, history, list_assessments
from node.casework.engagements import get_engagement
from node.casework.evidence import files_of
from node.casework.tiers import answered, asked, in_words, next_open
from node.domain.accounts import AccountId, Permission
from node.domain.casework import (
    Answer,
    Assessment,
    AssessmentId,
    AssessmentStatus,
    PlainAnswer,
    PlainKind,
    Tier,
)
from node.storage.database import Transaction
from node.web.assessments.answer_form import PLAIN
from node.web.assessments.changes import Historian
from node.web.evidence import described
from node.web.forms import LOCAL_ID, address_part
from node.web.visits import Requires, Visit
from protocol.identifiers import VocabularyCode
from protocol.statements import Subject, Timestamp
from protocol.vocabulary import Question, Vocabulary

ROUTER = APIRouter()
PER_PAGE: Final = 50
_OPEN_ON_HOME: Final = 6
"""The latest of one's own; the rest is a page away."""
_Id = Annotated[AssessmentId, address_part(LOCAL_ID)]
_Visit = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_READ))]


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One assessment, as a list shows it."""

    id: str
    title: str = field(repr=False)
    subject: Subject | None = field(repr=False)
    kind: str
    full: bool
    """Whether all questions of the checklist are asked."""
    answered: int
    answered_of: int
    """Of the questions that are asked now."""
    updated: Timestamp
    open: bool
    owner: str = field(default="", repr=False)

    @property
    def path(self) -> str:
        """Where it is read."""
        return path_of(self.id)


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """One question and the answers it has."""

    question: Question
    answers: tuple[Answer, ...] = field(repr=False)
    plain: PlainAnswer | None = field(default=None, repr=False)

    @property
    def done(self) -> bool:
        """Whether it has an answer of either form."""
        return bool(self.answers) or self.plain is not None


@dataclass(frozen=True, slots=True)
class Sides:
    """What stands beside each other in an assessment, and is never summed."""

    assurances: tuple[Answer, ...] = field(repr=False)
    concerns: tuple[Answer, ...] = field(repr=False)
    context: tuple[Answer, ...] = field(repr=False)
    unknown: tuple[Question, ...]
    """Asked now, and without an answer or with "asked, not known"."""


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """Questions under one heading."""

    title: str
    words: str
    questions: tuple[AskedQuestion, ...]

    @property
    def answered(self) -> int:
        """How many of them have an answer."""
        return sum(each.done for each in self.questions)


@ROUTER.get("/assessments")
def show_list(
    visit: _Visit,
    whose: Annotated[str, Query(pattern="^(mine|all)$")] = "mine",
    status: Annotated[str, Query(pattern="^(open|closed|any)$")] = "open",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Assessments, last changed first."""
    if not visit.may(Permission.ASSESSMENTS_WRITE):
        whose = "all"
    visit.record("assessments-listed")
    with visit.read() as tx:
        found = list_assessments(
            tx,
            visit.runtime.vault,
            owner=visit.principal.account if whose == "mine" else None,
            status=None if status == "any" else AssessmentStatus(status),
            limit=PER_PAGE + 1,
            offset=(page - 1) * PER_PAGE,
        )
        names = display_names(tx, visit.runtime.vault)
    return visit.render(
        "assessments.html",
        items=[item_of(each, visit.runtime.vocabulary, names) for each in found[:PER_PAGE]],
        whose=whose,
        shown_status=status,
        page_number=page,
        more=len(found) > PER_PAGE,
        may_write=visit.may(Permission.ASSESSMENTS_WRITE),
    )


@ROUTER.get("/assessments/{assessment}")
def show_assessment(visit: _Visit, assessment: _Id) -> Response:
    """One assessment: its head, what stands beside each other, its checklist with the light tier first."""
    runtime = visit.runtime
    visit.record("assessment-read", assessment)
    with visit.read() as tx:
        found = get_assessment(tx, runtime.vault, assessment)
        engagement = None
        if found.data.engagement is not None:
            engagement = get_engagement(tx, runtime.vault, found.data.engagement)
        files = files_of(tx, runtime.vault, [each for answer in _given(found) for each in answer.data.files])
        names = display_names(tx, runtime.vault)
    return visit.render(
        "assessment.html",
        assessment=found,
        engagement=engagement,
        item=item_of(found, runtime.vocabulary, names),
        groups=checklist(found, runtime.vocabulary),
        sides=_sides(found, runtime.vocabulary),
        reasons=[in_words(each, runtime.vocabulary) for each in found.growth],
        following=next_open(found, runtime.vocabulary),
        loose=[answer for answer in found.answers if answer.data.question is None],
        plain_words={kind: words for kind, words, _ in PLAIN},
        files={each: (file.name, described(file)) for each, file in files.items()},
        vocabulary=runtime.vocabulary,
        may_write=visit.may(Permission.ASSESSMENTS_WRITE) and found.status is AssessmentStatus.OPEN,
        may_reopen=visit.may(Permission.ASSESSMENTS_WRITE),
        may_draft=visit.may(Permission.DRAFTS_WRITE),
        may_open=visit.may(Permission.EVIDENCE_READ),
    )


@ROUTER.get("/assessments/{assessment}/history")
def show_history(visit: _Visit, assessment: _Id) -> Response:
    """Every change of one assessment, newest first."""
    runtime = visit.runtime
    visit.record("assessment-history-read", assessment)
    with visit.read() as tx:
        found = get_assessment(tx, runtime.vault, assessment)
        events = history(tx, runtime.vault, assessment)
        historian = Historian(tx, runtime.vault, runtime.vocabulary, display_names(tx, runtime.vault), events)
    return visit.render(
        "changes.html",
        title=found.data.title,
        back=path_of(assessment),
        section=("/assessments", "Assessments"),
        lines=historian.lines(),
    )


def open_work(visit: Visit, tx: Transaction) -> Sequence[WorkItem]:
    """The open assessments of the person who asks, for the overview."""
    found = list_assessments(
        tx,
        visit.runtime.vault,
        owner=visit.principal.account,
        status=AssessmentStatus.OPEN,
        limit=_OPEN_ON_HOME,
    )
    return [item_of(each, visit.runtime.vocabulary, {}) for each in found]


def checklist(assessment: Assessment, vocabulary: Vocabulary) -> Sequence[QuestionGroup]:
    """The light tier as one group, then the other questions by the group of what they ask about.

    While only the light tier is asked, of the others those are shown that have an answer all the same.
    """
    light: list[AskedQuestion] = []
    full: dict[VocabularyCode, list[AskedQuestion]] = {code: [] for code in vocabulary.groups}
    for question in vocabulary.checklist.values():
        given = tuple(answer for answer in assessment.answers if answer.data.question == question.id)
        plain = next((each for each in assessment.plain if each.data.question == question.id), None)
        asked_question = AskedQuestion(question, given, plain)
        if question.tier == "light":
            light.append(asked_question)
        elif assessment.tier is Tier.FULL or asked_question.done:
            full[vocabulary.indicators[question.indicators[0]].group].append(asked_question)
    first = QuestionGroup("Asked in every case", "Six questions that fit any cooperation.", tuple(light))
    rest = [QuestionGroup(vocabulary.groups[code].label, "", tuple(group)) for code, group in full.items() if group]
    return [first, *rest]


def step_path(assessment: str, question: str) -> str:
    """Where one question is answered."""
    return f"{path_of(assessment)}/questions/{question}"


def path_of(assessment: str) -> str:
    """Where an assessment is read."""
    return f"/assessments/{assessment}"


def item_of(assessment: Assessment, vocabulary: Vocabulary, names: Mapping[AccountId, str]) -> WorkItem:
    """One assessment, as a list shows it."""
    questions = asked(assessment.tier, vocabulary)
    done = answered(assessment)
    return WorkItem(
        id=assessment.id,
        title=assessment.data.title,
        subject=assessment.data.subject,
        kind=vocabulary.engagement_kinds[assessment.data.engagement_kind].label,
        full=assessment.tier is Tier.FULL,
        answered=sum(question.id in done for question in questions),
        answered_of=len(questions),
        updated=assessment.updated,
        open=assessment.status is AssessmentStatus.OPEN,
        owner=names.get(assessment.owner, ""),
    )


def _given(assessment: Assessment) -> tuple[Answer | PlainAnswer, ...]:
    return (*assessment.answers, *assessment.plain)


def _sides(assessment: Assessment, vocabulary: Vocabulary) -> Sides:
    def of(polarity: str) -> tuple[Answer, ...]:
        return tuple(
            each for each in assessment.answers if vocabulary.indicators[each.data.indicator].polarity == polarity
        )

    unknown = {each.data.question for each in assessment.plain if each.data.kind is PlainKind.NOT_KNOWN}
    done = answered(assessment) - unknown
    return Sides(
        assurances=of("assurance"),
        concerns=of("concern"),
        context=of("context"),
        unknown=tuple(each for each in asked(assessment.tier, vocabulary) if each.id not in done),
    )
