"""Assessments from a file. ``docs/import.md`` describes the columns; a test holds it to :data:`COLUMNS`.

Every row is checked completely before anything of it is stored, so a bad row leaves nothing behind and stops no
other. Cells are data and stay data: a cell that a spreadsheet would take for a formula is stored as the text that
it is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from node.casework.assessments import add_answer, create_assessment
from node.casework.checks import FieldError, checked_answer, checked_assessment
from node.casework.tabular import Row, read_rows, split_list
from node.domain.accounts import AccountId
from node.domain.casework import (
    MAX_ANSWERS,
    AnswerData,
    Assessment,
    AssessmentData,
    AssessmentId,
    Edit,
    Identify,
    ImportReport,
    RowRefusal,
)
from node.storage import casework as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.errors import ProtocolError
from protocol.identifiers import VocabularyCode, parse_code
from protocol.statements import Grade, Period, Reliability, Timestamp
from protocol.vocabulary import Vocabulary

HEAD_COLUMNS: Final = (
    "reference",
    "title",
    "subject",
    "unit",
    "engagement_kind",
    "technology_domains",
    "purpose",
    "benefit",
)
ANSWER_COLUMNS: Final = (
    "question",
    "indicator",
    "observation",
    "observed_from",
    "observed_until",
    "strength",
    "reliability",
    "credibility",
    "evidence_kinds",
    "sources",
    "mitigations",
)
COLUMNS: Final = HEAD_COLUMNS + ANSWER_COLUMNS
REQUIRED_COLUMNS: Final = ("title", "subject", "engagement_kind")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER: Final = re.compile(r"[0-9]{1,2}")
_RELIABILITIES: Final[dict[str, Reliability]] = {"A": "A", "B": "B", "C": "C", "D": "D", "E": "E", "F": "F"}


@dataclass(frozen=True, slots=True)
class Case:
    """One row, read and checked."""

    row: int
    head: AssessmentData
    answer: AnswerData | None


def import_rows(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    account: AccountId,
    data: bytes,
    identify: Identify,
    now: Timestamp,
) -> ImportReport:
    """Import a CSV, JSON or NDJSON file; raises ``BAD_FILE`` when the file as a whole cannot be read.

    Rows with one ``reference`` are answers of one assessment. A reference that an earlier import brought is left
    as it is, so that the same file can be imported twice.
    """
    cases: list[Case] = []
    refused: list[RowRefusal] = []
    for item in read_rows(data, COLUMNS, REQUIRED_COLUMNS):
        outcome = item if isinstance(item, RowRefusal) else _read(item, vocabulary, identify, now)
        if isinstance(outcome, RowRefusal):
            refused.append(outcome)
        else:
            cases.append(outcome)
    return store_cases(tx, vault, vocabulary, account, cases, refused, now)


def store_cases(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    account: AccountId,
    cases: Iterable[Case],
    refused: Iterable[RowRefusal],
    now: Timestamp,
) -> ImportReport:
    """Store rows that were checked, skipping references that are known."""
    storage.lock_import(tx)
    known = storage.references(tx, vault)
    created: dict[str, Assessment] = {}
    made: list[AssessmentId] = []
    unchanged: list[int] = []
    refusals = list(refused)
    rows = len(refusals)
    for case in cases:
        rows += 1
        reference = case.head.reference
        if reference in known:
            unchanged.append(case.row)
            continue
        assessment = created.get(reference) if reference else None
        if assessment is None:
            assessment = create_assessment(tx, vault, vocabulary, account, case.head, now)
            made.append(assessment.id)
        elif refusal := _joins(assessment, case):
            refusals.append(refusal)
            continue
        if case.answer is not None:
            edit = Edit(account, assessment.version, now)
            add_answer(tx, vault, vocabulary, assessment.id, case.answer, edit)
            assessment = replace(assessment, version=assessment.version + 1)
        if reference:
            created[reference] = assessment
    return ImportReport(rows, tuple(made), tuple(unchanged), tuple(sorted(refusals, key=lambda refusal: refusal.row)))


def _read(row: Row, vocabulary: Vocabulary, identify: Identify, now: Timestamp) -> Case | RowRefusal:
    try:
        head = checked_assessment(_head(row.cells, identify), vocabulary)
        answer = _answer(row.cells)
        return Case(row.number, head, None if answer is None else checked_answer(answer, vocabulary, now))
    except FieldError as error:
        return RowRefusal(row.number, error.field, error.words)


def _head(cells: dict[str, str], identify: Identify) -> AssessmentData:
    name = cells["subject"].strip()
    subject = identify(name) if name else None
    if name and subject is None:
        raise FieldError(
            "subject", "no single organisation of the registry answers to this; give its ROR id, or leave it empty."
        )
    return AssessmentData(
        title=cells["title"],
        subject=subject,
        unit=cells["unit"],
        engagement_kind=_code("engagement_kind", cells["engagement_kind"]),
        technology_domains=_codes("technology_domains", cells),
        purpose=cells["purpose"],
        benefit=cells["benefit"],
        reference=cells["reference"],
    )


def _answer(cells: dict[str, str]) -> AnswerData | None:
    """The answer in a row, or None where every one of its cells is empty."""
    if not any(cells[column].strip() for column in ANSWER_COLUMNS):
        return None
    start, end = _day("observed_from", cells), _day("observed_until", cells)
    if end < start:
        raise FieldError("observed_until", "the period ends before it begins.")
    reliability = _RELIABILITIES.get(cells["reliability"].strip().upper())
    if reliability is None:
        raise FieldError("reliability", "a letter from A to F.")
    question = cells["question"].strip()
    return AnswerData(
        question=_code("question", question) if question else None,
        indicator=_code("indicator", cells["indicator"]),
        observation=cells["observation"],
        observed=Period(start=start, end=end),
        strength=_number("strength", cells),
        grade=Grade(reliability=reliability, credibility=_number("credibility", cells)),
        evidence_kinds=_codes("evidence_kinds", cells),
        sources=split_list(cells["sources"]),
        mitigations=_codes("mitigations", cells),
    )


def _code(column: str, cell: str) -> VocabularyCode:
    try:
        return parse_code(cell.strip())
    except ProtocolError as error:
        words = "this is required." if not cell.strip() else "a code of the vocabulary: lower-case words and hyphens."
        raise FieldError(column, words) from error


def _codes(column: str, cells: dict[str, str]) -> tuple[VocabularyCode, ...]:
    return tuple(_code(column, entry) for entry in split_list(cells[column]))


def _day(column: str, cells: dict[str, str]) -> date:
    text = cells[column].strip()
    if not _DATE.fullmatch(text):
        raise FieldError(column, "a day as YYYY-MM-DD.")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise FieldError(column, "there is no such day.") from error


def _number(column: str, cells: dict[str, str]) -> int:
    text = cells[column].strip()
    if not _NUMBER.fullmatch(text):
        raise FieldError(column, "a whole number.")
    return int(text)


def _joins(assessment: Assessment, case: Case) -> RowRefusal | None:
    """Why a further row of the same reference does not belong to the assessment of the first; None if it does."""
    if case.head != assessment.data:
        return RowRefusal(
            case.row, "reference", "an earlier row with this reference differs in the case's own columns."
        )
    if case.answer is None:
        return RowRefusal(case.row, "reference", "an earlier row with this reference says the same.")
    if assessment.version > MAX_ANSWERS:
        return RowRefusal(case.row, "reference", f"an assessment has at most {MAX_ANSWERS} answers.")
    return None
