"""What this node knows and a text that leaves must not say: names of persons, case references, our own name."""

from collections.abc import Iterator
from typing import Final

from node.domain.casework import Answer, Assessment, AssessmentId, PlainAnswer
from node.domain.engagements import EngagementData
from node.domain.publishing import Draft
from node.publishing.gate import Known
from node.publishing.gate_persons import names_in
from node.storage import accounts, casework, engagements
from node.storage.database import Transaction
from node.storage.vault import Vault

_NUMBER_CHARACTERS: Final = 6
"""Shorter ones, such as a year, stand in many a harmless sentence."""


def known(tx: Transaction, vault: Vault, draft: Draft, *, institution: str) -> Known:
    """Display names of this node's accounts, names beside a title in the draft's case, and the case's reference."""
    names = {account.display_name for account in accounts.list_accounts(tx, vault)}
    case = None if draft.assessment is None else casework.get_assessment(tx, vault, AssessmentId(draft.assessment))
    if case is None:
        return Known(frozenset(names), frozenset(), institution)
    engagement = None if case.data.engagement is None else engagements.get(tx, vault, case.data.engagement)
    for text in _texts(case, None if engagement is None else engagement.data):
        names |= names_in(text)
    references = {case.data.reference}
    references |= {each for answer in _given(case) for each in answer.data.records if _is_number(each)}
    if engagement is not None:
        references.add(engagement.data.reference)
    return Known(frozenset(names), frozenset(references - {""}), institution)


def _texts(case: Assessment, engagement: EngagementData | None) -> Iterator[str]:
    """Everything that somebody wrote in a case in their own words."""
    yield from (case.data.title, case.data.unit, case.data.purpose, case.data.benefit)
    for answer in _given(case):
        yield answer.data.words if isinstance(answer, PlainAnswer) else answer.data.observation
        yield from answer.data.sources + answer.data.registers + answer.data.records
    if engagement is not None:
        yield from (engagement.title, engagement.partner_unit, engagement.our_unit, engagement.funder)
        yield from (engagement.purpose, engagement.benefit)


def _is_number(record: str) -> bool:
    """Whether a record is told by a number, and not by words that any sentence may hold."""
    return len(record) >= _NUMBER_CHARACTERS and any(each.isdigit() for each in record)


def _given(case: Assessment) -> tuple[Answer | PlainAnswer, ...]:
    return (*case.answers, *case.plain)
