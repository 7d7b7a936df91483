"""Documented public cases as assessments: the adapter for ``public_cases.csv``.

A row becomes an assessment with one answer if it describes one organisation that can be identified. What is
refused, and in this order: an indicator that the row leaves unclassified, a polarity other than the vocabulary's,
a pattern or a group instead of an organisation, a date that cannot be read, a name that no identifier answers to.

Defaults, cautious on purpose: reliability C and credibility 3 (a newspaper or a public body, read once), 4 where
the row says that the matter is an opinion, denied or not verified; strength 1. The only source is a citation of
the article, so that all rows of one article are one root, whatever their number.
"""

import re
from collections.abc import Callable
from typing import Final

from node.casework.checks import FieldError, checked_answer, checked_assessment
from node.casework.import_file import Case, store_cases
from node.casework.periods import read_period
from node.casework.tabular import Row, read_rows
from node.domain.accounts import AccountId
from node.domain.casework import AnswerData, AssessmentData, Identify, ImportReport, RowRefusal
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import VocabularyCode
from protocol.statements import Grade, Subject, Timestamp
from protocol.vocabulary import Vocabulary

COLUMNS: Final = (
    "case_id",
    "reporting_institution",
    "country",
    "subject",
    "indicator",
    "polarity",
    "what_was_reported",
    "date",
    "outcome",
    "seed_file",
)
DEFAULT_GRADE: Final = Grade(reliability="C", credibility=3)
DOUBTED_GRADE: Final = Grade(reliability="C", credibility=4)
DEFAULT_STRENGTH: Final = 1

_UNCLASSIFIED: Final = "unclassified"
_PERSONS: Final = re.compile(r"\b(?:students?|graduates?|researchers?|scientists?|candidates?|academics?)\b")
_PATTERN: Final = re.compile(
    r"\b(?:planned|pattern|none named|not named|no institution|in general|offers)\b|"
    r"\b(?:institutes|institutions|partners|universities|laboratories|programmes|databases|centres|actors|entities|campuses|projects|collaborations)\b|"
    r"^(?:collaboration|funding|company funding|a third government|joint laboratory) ?",
    re.IGNORECASE,
)
_HOSTED: Final = re.compile(r"(?P<unit>.+?) (?:hosted at the university|cooperation)")
_DOUBTED: Final = re.compile(r"opinion|denied|not verified|not decided")
_KINDS_OF_EVIDENCE: Final = (
    (re.compile(r"intelligence", re.IGNORECASE), VocabularyCode("government-advice")),
    (
        re.compile(r"ministry|committee|foreign office|parliament", re.IGNORECASE),
        VocabularyCode("official-publication"),
    ),
)
_MEDIA: Final = VocabularyCode("media-report")
_ENGAGEMENTS: Final = (
    (re.compile(r"soft-gift"), VocabularyCode("gift")),
    (re.compile(r"soft-embedded|gov-opaque"), VocabularyCode("hosted-centre")),
    (re.compile(r"contract-|fund-"), VocabularyCode("contract")),
    (re.compile(r"talent-"), VocabularyCode("recruitment-programme")),
)
_PROJECT: Final = VocabularyCode("project")


def import_public_cases(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    account: AccountId,
    data: bytes,
    identify: Identify,
    now: Timestamp,
    only: Callable[[str], bool] = lambda _: True,
) -> ImportReport:
    """Import the file, or the cases whose ``case_id`` is wanted. Importing twice changes nothing."""
    cases, refused = read_public_cases(data, vocabulary, identify, now, only)
    return store_cases(tx, vault, vocabulary, account, cases, refused, now)


def read_public_cases(
    data: bytes,
    vocabulary: Vocabulary,
    identify: Identify,
    now: Timestamp,
    only: Callable[[str], bool] = lambda _: True,
) -> tuple[list[Case], list[RowRefusal]]:
    """The rows as cases, and those that are none with the reason; stores nothing."""
    cases: list[Case] = []
    refused: list[RowRefusal] = []
    for item in read_rows(data, COLUMNS, COLUMNS):
        if isinstance(item, RowRefusal):
            refused.append(item)
            continue
        if not only(item.cells["case_id"].strip()):
            continue
        try:
            cases.append(_case(item, vocabulary, identify, now))
        except FieldError as error:
            refused.append(RowRefusal(item.number, error.field, error.words))
    return cases, refused


def _case(row: Row, vocabulary: Vocabulary, identify: Identify, now: Timestamp) -> Case:
    cells = {name: cell.strip() for name, cell in row.cells.items()}
    indicator = _indicator(cells, vocabulary)
    _require_organisation(cells["subject"])
    observed = read_period(cells["date"])
    if observed is None:
        raise FieldError("date", "the row does not say when; a finding has a period.")
    subject = _subject(cells, identify)
    head = AssessmentData(
        title=f"Public case {cells['case_id']}: {subject.label}",
        subject=subject,
        engagement_kind=_first(_ENGAGEMENTS, indicator, _PROJECT),
        purpose="A documented public case, kept as background.",
        reference=f"public-case:{cells['case_id']}",
    )
    answer = AnswerData(
        question=None,
        indicator=indicator,
        observation=(
            f"{cells['what_was_reported']} Reported by or about: {cells['reporting_institution']}. "
            f"Outcome: {cells['outcome']}."
        ),
        observed=observed,
        strength=DEFAULT_STRENGTH,
        grade=DOUBTED_GRADE if _DOUBTED.search(cells["outcome"]) else DEFAULT_GRADE,
        evidence_kinds=(_first(_KINDS_OF_EVIDENCE, cells["reporting_institution"], _MEDIA),),
        sources=(citation(cells["seed_file"]),),
    )
    return Case(row.number, checked_assessment(head, vocabulary), checked_answer(answer, vocabulary, now))


def citation(seed_file: str) -> str:
    """How an article of the public cases is cited: one spelling, so that it is one root."""
    return f"Hanse public cases, article {seed_file}"


def _indicator(cells: dict[str, str], vocabulary: Vocabulary) -> VocabularyCode:
    code = VocabularyCode(cells["indicator"])
    if code == _UNCLASSIFIED:
        raise FieldError("indicator", "the row is unclassified on purpose: it reports an action and no observation.")
    if code not in vocabulary.indicators:
        raise FieldError("indicator", "this code is not in the vocabulary.")
    if vocabulary.indicators[code].polarity != cells["polarity"]:
        raise FieldError(
            "polarity",
            f"the vocabulary has this indicator as {vocabulary.indicators[code].polarity}, the row does not.",
        )
    return code


def _require_organisation(name: str) -> None:
    if _PERSONS.search(name):
        raise FieldError("subject", "a group of persons is never a subject.")
    if _PATTERN.search(name):
        raise FieldError("subject", "a pattern or a group; a finding is about one organisation.")


def _subject(cells: dict[str, str], identify: Identify) -> Subject:
    """The organisation; a unit that a university hosts is asked for as ``<unit>, <university>``."""
    name = cells["subject"]
    if hosted := _HOSTED.fullmatch(name):
        name = f"{hosted['unit']}, {cells['reporting_institution']}"
    subject = identify(name)
    if subject is None:
        raise FieldError("subject", "no organisation with an identifier answers to this name alone.")
    return subject


def _first(
    rules: tuple[tuple[re.Pattern[str], VocabularyCode], ...], text: str, default: VocabularyCode
) -> VocabularyCode:
    return next((code for pattern, code in rules if pattern.search(text)), default)
