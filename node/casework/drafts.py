"""From an answer in a case file to the draft of a finding.

What can be taken over is taken over: subject, indicator, period, grade, kinds of evidence, digests of sources,
mitigations. The summary is not: it is the one text that every member will read, and it is written for them, never
copied from a private note. The observation becomes the narrative, which is held back.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from node.casework.assessments import answer_of, get_assessment
from node.domain.accounts import AccountId
from node.domain.casework import Answer, AnswerId, Assessment, AssessmentId
from node.domain.circles import Roster
from node.domain.publishing import DEFAULT_HANDLING, Draft, FindingContent, HeldBack
from node.errors import Code, HanseError
from node.publishing.drafts import create_draft, default_expiry
from node.storage import circles
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import CircleId
from protocol.sources import source_digests
from protocol.statements import MIN_ROOTS_FOR_CONFIRMED, FindingBody, Handling, Timestamp
from protocol.vocabulary import WHOLE, Vocabulary

_CONFIRMED: Final = 1
_PROBABLY_TRUE: Final = 2
_ENGAGEMENT: Final = 2_000
"""Characters of unit and purpose that are taken over; the author sees and shortens them."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What the author of a finding decides beyond the answer."""

    summary: str
    handling: Handling = DEFAULT_HANDLING
    contact: str = ""
    expires: date | None = None
    """None for the default of indicator and charter."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """A finding to be, before its author has written the summary."""

    content: FindingContent
    expires: date
    notes: tuple[str, ...]
    """What was taken over differently, in words for the author."""


def prefill_finding(
    assessment: Assessment, answer: Answer, roster: Roster, vocabulary: Vocabulary, *, contact: str, now: Timestamp
) -> Prefill:
    """What a draft from this answer starts with. Raises ``INVALID`` while the partner has no identifier."""
    subject = assessment.data.subject
    if subject is None:
        raise HanseError(
            Code.INVALID,
            "the partner of this assessment has no identifier yet.",
            remedy="Search for the organisation and choose it first: a finding is about one organisation.",
        )
    data = answer.data
    # What was seen in a register is a public source like the others. Own records and files stay: not even as digests.
    public = data.sources + data.registers
    sources = source_digests(public)
    notes = []
    grade = data.grade
    if grade.credibility == _CONFIRMED and len(sources) < MIN_ROOTS_FOR_CONFIRMED:
        grade = msgspec.structs.replace(grade, credibility=_PROBABLY_TRUE)
        notes.append("Credibility 1 means confirmed by independent sources, and the answer names fewer than two: 2.")
    body = FindingBody(
        subject=subject,
        indicator=data.indicator,
        scope=WHOLE,
        observed=data.observed,
        strength=data.strength,
        grade=grade,
        evidence_kinds=data.evidence_kinds,
        sources=sources,
        technology_domains=assessment.data.technology_domains,
        engagement_kind=assessment.data.engagement_kind,
        mitigations=data.mitigations,
        summary="",
        handling=DEFAULT_HANDLING,
    )
    held_back = HeldBack(
        narrative=data.observation,
        evidence=public,
        engagement=" / ".join(part for part in (assessment.data.unit, assessment.data.purpose) if part)[:_ENGAGEMENT],
        contact=contact,
    )
    expires = default_expiry(roster, vocabulary.indicators[data.indicator].half_life_months, now)
    return Prefill(FindingContent(body=body, held_back=held_back), expires, tuple(notes))


def draft_finding(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    author: AccountId,
    case: tuple[AssessmentId, AnswerId],
    circle: CircleId,
    wording: Wording,
    now: Timestamp,
) -> Draft:
    """A draft from an answer, with the author's own summary."""
    assessment = get_assessment(tx, vault, case[0])
    answer = answer_of(assessment, case[1])
    roster = circles.get_roster(tx, circle)
    prefill = prefill_finding(assessment, answer, roster, vocabulary, contact=wording.contact, now=now)
    body = msgspec.structs.replace(prefill.content.body, summary=wording.summary, handling=wording.handling)
    content = msgspec.structs.replace(prefill.content, body=body)
    expires = wording.expires or prefill.expires
    return create_draft(tx, vault, author, circle, content, expires=expires, case=case, now=now)
