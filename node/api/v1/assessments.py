"""Private casework by API: create and read assessments, answer questions, import a file.

Whoever may read casework at this node may read all of it. Nothing here publishes: a draft needs two people who
look at a preview, and that is a page.
"""

from datetime import date, datetime
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Body, Depends, Path, Query
from pydantic import Field

from node import subjects
from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import EXAMPLE_SUBJECT, MAX_IDENTIFIER_CHARACTERS, READ_PROBLEMS, Model
from node.casework.assessments import (
    MAX_PAGE,
    add_answer,
    answer_plainly,
    create_assessment,
    get_assessment,
    list_assessments,
)
from node.casework.import_file import import_rows
from node.casework.tabular import MAX_FILE_BYTES
from node.casework.tiers import asked, in_words
from node.domain.accounts import Permission
from node.domain.casework import (
    MAX_REFERENCE_CHARACTERS,
    MAX_SOURCE_CHARACTERS,
    MAX_TEXT_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    MAX_UNIT_CHARACTERS,
    Answer,
    AnswerData,
    Assessment,
    AssessmentData,
    AssessmentId,
    AssessmentStatus,
    Edit,
    GrowthCause,
    ImportReport,
    PlainAnswer,
    PlainData,
    PlainKind,
    Tier,
)
from node.domain.engagements import EngagementId
from node.domain.evidence import MAX_FILES, EvidenceId
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage.database import Transaction
from protocol.errors import Code as ProtocolCode
from protocol.identifiers import PATTERN_128_BITS, parse_code, parse_subject_id
from protocol.limits import MAX_CODES, MAX_SOURCES
from protocol.statements import Grade, Period, Reliability, Subject
from protocol.vocabulary import Vocabulary

EXAMPLE_ID: Final = "m2xHq0bVYc3kZt7n5sWf1A"
_Code = Annotated[str, Field(min_length=1, max_length=MAX_IDENTIFIER_CHARACTERS)]
_Codes = Annotated[list[_Code], Field(max_length=MAX_CODES)]
_Source = Annotated[str, Field(min_length=1, max_length=MAX_SOURCE_CHARACTERS)]
_FileId = Annotated[str, Field(pattern=f"^{PATTERN_128_BITS}$")]
_Id = Annotated[str, Path(pattern=f"^{PATTERN_128_BITS}$", examples=[EXAMPLE_ID])]


class NewAssessment(Model):
    """The head of an assessment."""

    title: str = Field(min_length=1, max_length=MAX_TITLE_CHARACTERS)
    subject: str = Field(
        default="",
        max_length=MAX_IDENTIFIER_CHARACTERS,
        description="Identifier, or empty.",
        examples=[EXAMPLE_SUBJECT],
    )
    unit: str = Field(default="", max_length=MAX_UNIT_CHARACTERS)
    engagement_kind: _Code = Field(examples=["project"])
    technology_domains: _Codes = Field(default=[], examples=[["quantum"]])
    purpose: str = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    benefit: str = Field(default="", max_length=MAX_TEXT_CHARACTERS)
    reference: str = Field(default="", max_length=MAX_REFERENCE_CHARACTERS, description="Your own; never leaves.")
    engagement: str = Field(
        default="", pattern=f"^({PATTERN_128_BITS})?$", description="The engagement that it belongs to, or empty."
    )


class Rests(Model):
    """What an answer rests on."""

    sources: Annotated[list[_Source], Field(max_length=MAX_SOURCES)] = Field(default=[])
    registers: Annotated[list[_Source], Field(max_length=MAX_SOURCES)] = Field(
        default=[], description="Entries of public registers; they count as sources."
    )
    records: Annotated[list[_Source], Field(max_length=MAX_SOURCES)] = Field(
        default=[], description="Your own records; never leave."
    )
    files: Annotated[list[_FileId], Field(max_length=MAX_FILES)] = Field(
        default=[], description="Identifiers of evidence files; never leave."
    )


class NewPlainAnswer(Rests):
    """An answer without an observation: nothing found, not known, or does not apply."""

    version: int = Field(ge=1, description="The version of the assessment that you have seen.")
    kind: PlainKind
    words: str = Field(
        default="",
        max_length=MAX_TEXT_CHARACTERS,
        description="Where it was looked for, who was asked, or why it does not apply.",
    )
    day: date


class NewAnswer(Rests):
    """The answer to one question. Concerns and assurances need the same members."""

    version: int = Field(ge=1, description="The version of the assessment that you have seen.")
    question: str = Field(default="", max_length=MAX_IDENTIFIER_CHARACTERS, examples=["q02"])
    indicator: _Code = Field(examples=["gov-opaque-control"])
    observation: str = Field(max_length=MAX_TEXT_CHARACTERS)
    observed_from: date
    observed_until: date
    strength: int = Field(ge=1, le=4)
    reliability: Reliability
    credibility: int = Field(ge=1, le=6)
    evidence_kinds: Annotated[list[_Code], Field(min_length=1, max_length=MAX_CODES)]
    mitigations: _Codes = Field(default=[])


class AnswerBody(Model):
    """One stored answer."""

    id: str = Field(examples=[EXAMPLE_ID])
    question: str
    indicator: str
    observation: str
    observed_from: date
    observed_until: date
    strength: int
    reliability: Reliability
    credibility: int
    evidence_kinds: list[str]
    sources: list[str]
    registers: list[str]
    records: list[str]
    files: list[str]
    mitigations: list[str]
    updated: datetime


class PlainAnswerBody(Model):
    """One stored answer without an observation."""

    id: str = Field(examples=[EXAMPLE_ID])
    question: str
    kind: PlainKind
    words: str
    day: date
    sources: list[str]
    registers: list[str]
    records: list[str]
    files: list[str]
    updated: datetime


class GrowthBody(Model):
    """Why the full tier is asked."""

    cause: GrowthCause
    about: str = Field(description="An indicator, question or technology domain, or empty.")
    words: str


class AssessmentBody(Model):
    """One stored assessment with its answers."""

    id: str = Field(examples=[EXAMPLE_ID])
    version: int
    status: AssessmentStatus
    owner: str
    created: datetime
    updated: datetime
    title: str
    subject: str = Field(description="Empty while the partner is not identified.")
    subject_label: str
    unit: str
    engagement_kind: str
    technology_domains: list[str]
    purpose: str
    benefit: str
    reference: str
    engagement: str = Field(description="Empty where it belongs to none.")
    tier: Tier
    growth: list[GrowthBody]
    asked: list[str] = Field(description="The questions that are asked now.")
    answers: list[AnswerBody]
    plain_answers: list[PlainAnswerBody]


class AssessmentPage(Model):
    """Assessments, last changed first."""

    items: list[AssessmentBody]


class RefusalBody(Model):
    """Why one row was left out, in words; its text is not repeated."""

    row: int
    column: str
    reason: str


class ImportBody(Model):
    """What an import did."""

    rows: int
    created: list[str]
    unchanged: list[int] = Field(description="Rows whose reference was known.")
    refused: list[RefusalBody]


def routes(runtime: Runtime) -> APIRouter:
    """``/assessments``."""
    router = APIRouter(tags=["assessments"])
    # In this order: "import" must not be taken for the identifier of an assessment.
    _add_writing(router, runtime)
    _add_answering(router, runtime)
    _add_reading(router, runtime)
    return router


def _add_reading(router: APIRouter, runtime: Runtime) -> None:
    reads = Depends(Needs(runtime, Permission.ASSESSMENTS_READ))

    @router.get("/assessments", summary="Assessments of this node", responses=declared(*READ_PROBLEMS))
    def list_all(
        caller: Annotated[Caller, reads],
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    ) -> AssessmentPage:
        with caller.reading("assessments-listed") as tx:
            found = list_assessments(tx, runtime.vault, limit=limit, offset=offset)
            return AssessmentPage(items=[_assessment(each, runtime.vocabulary) for each in found])

    @router.get(
        "/assessments/{assessment}", summary="One assessment", responses=declared(*READ_PROBLEMS, Code.NOT_FOUND)
    )
    def read(assessment: _Id, caller: Annotated[Caller, reads]) -> AssessmentBody:
        with caller.reading("assessment-read", assessment) as tx:
            return _assessment(get_assessment(tx, runtime.vault, AssessmentId(assessment)), runtime.vocabulary)


def _add_writing(router: APIRouter, runtime: Runtime) -> None:
    writes = Depends(Needs(runtime, Permission.ASSESSMENTS_WRITE))

    @router.post(
        "/assessments",
        status_code=201,
        summary="Record an assessment",
        responses=declared(*READ_PROBLEMS, ProtocolCode.BAD_IDENTIFIER),
    )
    def create(new: NewAssessment, caller: Annotated[Caller, writes]) -> AssessmentBody:
        with runtime.database.write() as tx:
            data = _head(tx, new)
            made = create_assessment(tx, runtime.vault, runtime.vocabulary, caller.principal.account, data, caller.now)
            caller.record(tx, "assessment-created", made.id)
            return _assessment(made, runtime.vocabulary)

    @router.post(
        "/assessments/import",
        summary="Import a CSV, JSON or NDJSON file",
        responses=declared(*READ_PROBLEMS, Code.BAD_FILE, ProtocolCode.TOO_LARGE),
    )
    def import_file(
        file: Annotated[
            bytes,
            Body(media_type="application/octet-stream", max_length=MAX_FILE_BYTES, description="See docs/import.md."),
        ],
        caller: Annotated[Caller, writes],
    ) -> ImportBody:
        with caller.writing("assessments-imported") as tx:
            account = caller.principal.account
            report = import_rows(
                tx, runtime.vault, runtime.vocabulary, account, file, partial(subjects.subject_named, tx), caller.now
            )
            return _report(report)


def _add_answering(router: APIRouter, runtime: Runtime) -> None:
    writes = Depends(Needs(runtime, Permission.ASSESSMENTS_WRITE))

    @router.post(
        "/assessments/{assessment}/answers",
        status_code=201,
        summary="Answer a question",
        responses=declared(*READ_PROBLEMS, Code.NOT_FOUND, Code.CONFLICT, ProtocolCode.BAD_IDENTIFIER),
    )
    def answer(assessment: _Id, new: NewAnswer, caller: Annotated[Caller, writes]) -> AssessmentBody:
        identifier = AssessmentId(assessment)
        with caller.writing("assessment-answered", identifier) as tx:
            edit = Edit(caller.principal.account, new.version, caller.now)
            add_answer(tx, runtime.vault, runtime.vocabulary, identifier, _observation(new), edit)
            return _assessment(get_assessment(tx, runtime.vault, identifier), runtime.vocabulary)

    @router.put(
        "/assessments/{assessment}/questions/{question}",
        summary="Answer a question without an observation",
        responses=declared(*READ_PROBLEMS, Code.NOT_FOUND, Code.CONFLICT, ProtocolCode.BAD_IDENTIFIER),
    )
    def answer_plain(
        assessment: _Id,
        question: Annotated[str, Path(max_length=MAX_IDENTIFIER_CHARACTERS, examples=["q04"])],
        new: NewPlainAnswer,
        caller: Annotated[Caller, writes],
    ) -> AssessmentBody:
        identifier = AssessmentId(assessment)
        with caller.writing("assessment-answered", identifier) as tx:
            edit = Edit(caller.principal.account, new.version, caller.now)
            data = PlainData(
                question=parse_code(question),
                kind=new.kind,
                words=new.words,
                day=new.day,
                sources=tuple(new.sources),
                registers=tuple(new.registers),
                records=tuple(new.records),
                files=tuple(EvidenceId(each) for each in new.files),
            )
            answer_plainly(tx, runtime.vault, runtime.vocabulary, identifier, data, edit)
            return _assessment(get_assessment(tx, runtime.vault, identifier), runtime.vocabulary)


def _head(tx: Transaction, new: NewAssessment) -> AssessmentData:
    subject = None
    if new.subject:
        found = subjects.get(tx, parse_subject_id(new.subject))
        if found is None:
            raise HanseError(Code.INVALID, "subject: the registry holds no such organisation.", remedy="Search for it.")
        subject = Subject(id=found.id, label=found.label)
    return AssessmentData(
        title=new.title,
        subject=subject,
        unit=new.unit,
        engagement_kind=parse_code(new.engagement_kind),
        technology_domains=tuple(parse_code(code) for code in new.technology_domains),
        purpose=new.purpose,
        benefit=new.benefit,
        reference=new.reference,
        engagement=EngagementId(new.engagement) if new.engagement else None,
    )


def _observation(new: NewAnswer) -> AnswerData:
    if new.observed_until < new.observed_from:
        raise HanseError(Code.INVALID, "observed_until: the period ends before it begins.")
    return AnswerData(
        question=parse_code(new.question) if new.question else None,
        indicator=parse_code(new.indicator),
        observation=new.observation,
        observed=Period(start=new.observed_from, end=new.observed_until),
        strength=new.strength,
        grade=Grade(reliability=new.reliability, credibility=new.credibility),
        evidence_kinds=tuple(parse_code(code) for code in new.evidence_kinds),
        sources=tuple(new.sources),
        registers=tuple(new.registers),
        records=tuple(new.records),
        files=tuple(EvidenceId(each) for each in new.files),
        mitigations=tuple(parse_code(code) for code in new.mitigations),
    )


def _assessment(found: Assessment, vocabulary: Vocabulary) -> AssessmentBody:
    data = found.data
    return AssessmentBody.model_validate(
        {
            "id": found.id,
            "version": found.version,
            "status": found.status,
            "owner": found.owner,
            "created": found.created,
            "updated": found.updated,
            "title": data.title,
            "subject": "" if data.subject is None else data.subject.id,
            "subject_label": "" if data.subject is None else data.subject.label,
            "unit": data.unit,
            "engagement_kind": data.engagement_kind,
            "technology_domains": data.technology_domains,
            "purpose": data.purpose,
            "benefit": data.benefit,
            "reference": data.reference,
            "engagement": data.engagement or "",
            "tier": found.tier,
            "growth": [
                {"cause": each.cause, "about": each.about or "", "words": in_words(each, vocabulary)}
                for each in found.growth
            ],
            "asked": [each.id for each in asked(found.tier, vocabulary)],
            "answers": [_answer(each) for each in found.answers],
            "plain_answers": [_plain_answer(each) for each in found.plain],
        }
    )


def _answer(found: Answer) -> AnswerBody:
    data = found.data
    return AnswerBody.model_validate(
        {
            "id": found.id,
            "question": data.question or "",
            "indicator": data.indicator,
            "observation": data.observation,
            "observed_from": data.observed.start,
            "observed_until": data.observed.end,
            "strength": data.strength,
            "reliability": data.grade.reliability,
            "credibility": data.grade.credibility,
            "evidence_kinds": data.evidence_kinds,
            "sources": data.sources,
            "registers": data.registers,
            "records": data.records,
            "files": data.files,
            "mitigations": data.mitigations,
            "updated": found.updated,
        }
    )


def _plain_answer(found: PlainAnswer) -> PlainAnswerBody:
    data = found.data
    return PlainAnswerBody.model_validate(
        {
            "id": found.id,
            "question": data.question,
            "kind": data.kind,
            "words": data.words,
            "day": data.day,
            "sources": data.sources,
            "registers": data.registers,
            "records": data.records,
            "files": data.files,
            "updated": found.updated,
        }
    )


def _report(report: ImportReport) -> ImportBody:
    return ImportBody(
        rows=report.rows,
        created=list(report.created),
        unchanged=list(report.unchanged),
        refused=[RefusalBody(row=each.row, column=each.column, reason=each.reason) for each in report.refused],
    )
