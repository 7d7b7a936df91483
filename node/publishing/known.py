"""What this node knows and a text that leaves must not say: names of persons, units, case references, our own name."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from node.domain.casework import Answer, Assessment, AssessmentId, PlainAnswer
from node.domain.decisions import CaseFile, CaseKind, CaseRef
from node.domain.engagements import EngagementData
from node.domain.evidence import EvidenceId
from node.domain.publishing import CorrectionContent, Draft, ReplyContent
from node.publishing.gate import Known
from node.publishing.gate_persons import likely_names_in, likely_names_in_file, names_in
from node.storage import accounts, casework, decisions, engagements, evidence, publishing
from node.storage.database import Transaction
from node.storage.vault import Vault

_NUMBER_CHARACTERS: Final = 6
"""Shorter ones, such as a year, stand in many a harmless sentence."""


@dataclass(frozen=True, slots=True)
class _Case:
    """Everything that this institution has written down about what a draft comes from."""

    assessment: Assessment
    engagement: EngagementData | None
    files: tuple[CaseFile, ...]
    """What followed: decisions, measures, questions to the partner, reviews."""


def known(tx: Transaction, vault: Vault, draft: Draft, *, institution: str) -> Known:
    """Display names of this node's accounts; names and units in the draft's case, and the case's references."""
    names = {account.display_name for account in accounts.list_accounts(tx, vault)}
    likely: set[str] = set()
    if isinstance(draft.content, ReplyContent):
        # How the reply was verified is for us alone, and says who was called.
        names |= names_in(draft.content.note)
        likely |= likely_names_in(draft.content.note)
    case = _case(tx, vault, draft)
    if case is None:
        return Known(frozenset(names), frozenset(), institution, frozenset(likely))
    for text in _texts(case):
        names |= names_in(text)
        likely |= likely_names_in(text)
    for file in evidence.get(tx, vault, _files(case)).values():
        likely |= likely_names_in_file(file.name)
    labels = [label.casefold() for label in (*_labels(case), institution)]
    return Known(
        frozenset(names),
        frozenset(_references(case)),
        institution,
        frozenset(each for each in likely if not any(each.casefold() in label for label in labels)),
        frozenset(each for each in _units(case) if not any(each.casefold() in label for label in labels)),
    )


def _case(tx: Transaction, vault: Vault, draft: Draft) -> _Case | None:
    """The case that a draft comes from; of a correction, the one that the corrected finding came from."""
    name = draft.assessment
    if name is None and isinstance(draft.content, CorrectionContent):
        name = publishing.assessment_of(tx, draft.circle, draft.content.target)
    assessment = None if name is None else casework.get_assessment(tx, vault, AssessmentId(name))
    if assessment is None:
        return None
    refs = [CaseRef(CaseKind.ASSESSMENT, assessment.id)]
    engagement = None
    if assessment.data.engagement is not None:
        engagement = engagements.get(tx, vault, assessment.data.engagement)
        refs.append(CaseRef(CaseKind.ENGAGEMENT, assessment.data.engagement))
    files = [file for ref in refs if (file := decisions.find(tx, vault, ref)) is not None]
    return _Case(assessment, None if engagement is None else engagement.data, tuple(files))


def _texts(case: _Case) -> Iterator[str]:
    """Everything that somebody wrote in a case in their own words."""
    data = case.assessment.data
    yield from (data.title, data.unit, data.purpose, data.benefit)
    for answer in _given(case):
        yield answer.data.words if isinstance(answer, PlainAnswer) else answer.data.observation
        yield from answer.data.sources + answer.data.registers + answer.data.records
    if case.engagement is not None:
        found = case.engagement
        yield from (found.title, found.partner_unit, found.our_unit, found.funder)
        yield from (found.purpose, found.benefit, found.governing_law)
    for file in case.files:
        yield from _later_texts(file)


def _later_texts(file: CaseFile) -> Iterator[str]:
    for decision in file.decisions:
        yield from (decision.data.office, decision.data.reasons, decision.data.follow_up)
    for measure in file.measures:
        yield from (measure.data.words, measure.data.owner, measure.data.result_words)
    for question in file.questions:
        yield from (question.data.question, question.data.answer)
    for review in file.reviews:
        yield review.data.reason


def _files(case: _Case) -> set[EvidenceId]:
    """Every file that the case rests on."""
    kept = {each for answer in _given(case) for each in answer.data.files}
    asked = [each for file in case.files for question in file.questions for each in question.data.evidence]
    return kept | {EvidenceId(each) for each in asked}


def _labels(case: _Case) -> Iterator[str]:
    """Organisations that are identified: their names are nobody's."""
    if case.assessment.data.subject is not None:
        yield case.assessment.data.subject.label
    if case.engagement is not None:
        yield from (subject.label for subject in case.engagement.counterparts)


def _units(case: _Case) -> set[str]:
    """The partner's units in the officer's words: no identifier says how large they are."""
    units = {case.assessment.data.unit.strip()}
    if case.engagement is not None:
        units.add(case.engagement.partner_unit.strip())
    return units - {""}


def _references(case: _Case) -> set[str]:
    references = {case.assessment.data.reference}
    references |= {each for answer in _given(case) for each in answer.data.records if _is_number(each)}
    if case.engagement is not None:
        references.add(case.engagement.reference)
    return references - {""}


def _is_number(record: str) -> bool:
    """Whether a record is told by a number, and not by words that any sentence may hold."""
    return len(record) >= _NUMBER_CHARACTERS and any(each.isdigit() for each in record)


def _given(case: _Case) -> tuple[Answer | PlainAnswer, ...]:
    return (*case.assessment.answers, *case.assessment.plain)
