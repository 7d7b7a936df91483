"""The list of assessments, and one assessment with its checklist."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.accounts.manage import display_names
from node.casework.assessments import get_assessment, history, list_assessments
from node.domain.accounts import AccountId, Permission
from node.domain.casework import Answer, Assessment, AssessmentId, AssessmentStatus, CaseEvent
from node.storage.database import Transaction
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
_EVENTS: Final = {
    "created": "began it",
    "changed": "changed the head",
    "answered": "added an answer",
    "answer-changed": "changed an answer",
    "answer-removed": "removed an answer",
    "closed": "closed it",
    "reopened": "opened it again",
}


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One assessment, as a list shows it."""

    id: str
    title: str = field(repr=False)
    subject: Subject | None = field(repr=False)
    kind: str
    light: int
    light_of: int
    answered: int
    answered_of: int
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


@dataclass(frozen=True, slots=True)
class QuestionGroup:
    """Questions under one heading."""

    title: str
    words: str
    questions: tuple[AskedQuestion, ...]

    @property
    def answered(self) -> int:
        """How many of them have an answer."""
        return sum(bool(asked.answers) for asked in self.questions)


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
        items=[_item(each, visit.runtime.vocabulary, names) for each in found[:PER_PAGE]],
        whose=whose,
        shown_status=status,
        page_number=page,
        more=len(found) > PER_PAGE,
        may_write=visit.may(Permission.ASSESSMENTS_WRITE),
    )


@ROUTER.get("/assessments/{assessment}")
def show_assessment(visit: _Visit, assessment: _Id) -> Response:
    """One assessment: its head, its checklist with the light tier first, its history."""
    runtime = visit.runtime
    visit.record("assessment-read", assessment)
    with visit.read() as tx:
        found = get_assessment(tx, runtime.vault, assessment)
        events = history(tx, runtime.vault, assessment)
        names = display_names(tx, runtime.vault)
    groups = checklist(found, runtime.vocabulary)
    return visit.render(
        "assessment.html",
        assessment=found,
        item=_item(found, runtime.vocabulary, names),
        groups=groups,
        loose=[answer for answer in found.answers if answer.data.question is None],
        history=[_line(event, names) for event in reversed(events)],
        vocabulary=runtime.vocabulary,
        may_write=visit.may(Permission.ASSESSMENTS_WRITE) and found.status is AssessmentStatus.OPEN,
        may_reopen=visit.may(Permission.ASSESSMENTS_WRITE),
        may_draft=visit.may(Permission.DRAFTS_WRITE),
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
    return [_item(each, visit.runtime.vocabulary, {}) for each in found]


def checklist(assessment: Assessment, vocabulary: Vocabulary) -> Sequence[QuestionGroup]:
    """The light tier as one group, then the other questions by the group of what they ask about."""
    light: list[AskedQuestion] = []
    full: dict[VocabularyCode, list[AskedQuestion]] = {code: [] for code in vocabulary.groups}
    for question in vocabulary.checklist.values():
        given = tuple(answer for answer in assessment.answers if answer.data.question == question.id)
        asked = AskedQuestion(question, given)
        if question.tier == "light":
            light.append(asked)
        else:
            full[vocabulary.indicators[question.indicators[0]].group].append(asked)
    first = QuestionGroup("Asked in every case", "Six questions that fit any cooperation.", tuple(light))
    rest = [QuestionGroup(vocabulary.groups[code].label, "", tuple(asked)) for code, asked in full.items() if asked]
    return [first, *rest]


def path_of(assessment: str) -> str:
    """Where an assessment is read."""
    return f"/assessments/{assessment}"


def _item(assessment: Assessment, vocabulary: Vocabulary, names: dict[AccountId, str]) -> WorkItem:
    answered = {answer.data.question for answer in assessment.answers}
    light = [question.id for question in vocabulary.checklist.values() if question.tier == "light"]
    return WorkItem(
        id=assessment.id,
        title=assessment.data.title,
        subject=assessment.data.subject,
        kind=vocabulary.engagement_kinds[assessment.data.engagement_kind].label,
        light=sum(question in answered for question in light),
        light_of=len(light),
        answered=sum(question in answered for question in vocabulary.checklist),
        answered_of=len(vocabulary.checklist),
        updated=assessment.updated,
        open=assessment.status is AssessmentStatus.OPEN,
        owner=names.get(assessment.owner, ""),
    )


def _line(event: CaseEvent, names: dict[AccountId, str]) -> tuple[Timestamp, str, str]:
    return event.at, names.get(event.account, "a former account"), _EVENTS.get(event.kind, event.kind)
