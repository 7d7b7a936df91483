"""Invented statements for tests of the node: valid by construction, different in what a test names."""

import os
from collections.abc import Sequence
from datetime import date
from typing import Final

from protocol.identifiers import CircleId, Digest, KeyId, StatementId, SubjectId, VocabularyCode, encode_bytes
from protocol.statements import (
    DAY_SECONDS,
    Correction,
    CorrectionBody,
    Erasure,
    ErasureBody,
    Finding,
    FindingBody,
    Grade,
    Period,
    Relation,
    RelationBody,
    Response,
    ResponseBody,
    Retraction,
    RetractionBody,
    Stance,
    Subject,
    Target,
    Timestamp,
)

IAT: Final = Timestamp(20_700 * DAY_SECONDS)
"""The day on which every test begins."""
LIFE: Final = 730 * DAY_SECONDS
SUBJECT: Final = SubjectId("circle:AAAAAAAAAAAAAAAAAAAAAA")
OTHER_SUBJECT: Final = SubjectId("circle:BAAAAAAAAAAAAAAAAAAAAA")
INDICATOR: Final = VocabularyCode("gov-opaque-control")
_OBSERVED: Final = Period(start=date(2025, 1, 1), end=date(2026, 6, 30))
_EVIDENCE: Final = VocabularyCode("public-register")
_REASON: Final = VocabularyCode("factual-error")


def new_id() -> StatementId:
    """128 random bits."""
    return StatementId(encode_bytes(os.urandom(16)))


def finding_body(
    subject: SubjectId = SUBJECT, indicator: VocabularyCode = INDICATOR, *, strength: int = 2, summary: str = ""
) -> FindingBody:
    """A body about an invented organisation."""
    return FindingBody(
        subject=Subject(id=subject, label="Institute of Invented Studies"),
        indicator=indicator,
        scope=VocabularyCode("whole"),
        observed=_OBSERVED,
        strength=strength,
        grade=Grade(reliability="B", credibility=2),
        evidence_kinds=(_EVIDENCE,),
        sources=(Digest(encode_bytes(os.urandom(32))),),
        technology_domains=(),
        engagement_kind=VocabularyCode("project"),
        mitigations=(),
        summary=summary or "The owners named in two registers differ from those named to us.",
        handling="TLP:AMBER+STRICT",
    )


def finding(
    circle: CircleId,
    body: FindingBody | None = None,
    *,
    iat: int = IAT,
    life: int = LIFE,
    statement_id: StatementId | None = None,
) -> Finding:
    """A finding."""
    return Finding(
        v=1,
        id=statement_id or new_id(),
        circle=circle,
        iat=Timestamp(iat),
        exp=Timestamp(iat + life),
        sd=digests(),
        sd_alg="sha-256",
        body=body or finding_body(),
    )


def relation(circle: CircleId, subject: SubjectId = SUBJECT, tied_to: SubjectId = OTHER_SUBJECT) -> Relation:
    """A relation."""
    return Relation(
        v=1,
        id=new_id(),
        circle=circle,
        iat=IAT,
        exp=Timestamp(IAT + LIFE),
        sd=digests(),
        sd_alg="sha-256",
        body=RelationBody(
            subject=Subject(id=subject, label="Institute of Invented Studies"),
            relation=VocabularyCode("joint-laboratory-of"),
            object=Subject(id=tied_to, label="Invented Works"),
            observed=_OBSERVED,
            grade=Grade(reliability="B", credibility=2),
            evidence_kinds=(_EVIDENCE,),
            sources=(),
            summary="They share an address.",
            handling="TLP:AMBER",
        ),
    )


def response(
    circle: CircleId, contributor: KeyId, target: StatementId, stance: Stance = "corroborates", *, life: int = LIFE
) -> Response:
    """A response."""
    return Response(
        v=1,
        id=new_id(),
        circle=circle,
        iat=IAT,
        exp=Timestamp(IAT + life),
        sd=digests(),
        sd_alg="sha-256",
        body=ResponseBody(
            target=Target(contributor=contributor, id=target),
            stance=stance,
            observed=_OBSERVED,
            grade=Grade(reliability="C", credibility=3),
            evidence_kinds=(_EVIDENCE,),
            sources=(),
            summary="",
            handling="TLP:AMBER",
        ),
    )


def correction(
    circle: CircleId, target: StatementId, body: FindingBody | RelationBody, *, life: int = LIFE
) -> Correction:
    """A correction."""
    return Correction(
        v=1,
        id=new_id(),
        circle=circle,
        iat=IAT,
        exp=Timestamp(IAT + life),
        sd=digests(),
        sd_alg="sha-256",
        body=CorrectionBody(
            target=target,
            reason=_REASON,
            finding=body if isinstance(body, FindingBody) else None,
            relation=body if isinstance(body, RelationBody) else None,
        ),
    )


def retraction(circle: CircleId, target: StatementId) -> Retraction:
    """A retraction."""
    return Retraction(
        v=1,
        id=new_id(),
        circle=circle,
        iat=IAT,
        exp=Timestamp(IAT + LIFE),
        body=RetractionBody(target=target, reason=_REASON),
    )


def erasure(circle: CircleId, target: StatementId, *indices: int) -> Erasure:
    """An erasure."""
    reason = VocabularyCode("published-by-mistake")
    return Erasure(
        v=1,
        id=new_id(),
        circle=circle,
        iat=IAT,
        exp=Timestamp(IAT + LIFE),
        body=ErasureBody(target=target, indices=indices, reason=reason),
    )


def findings(circle: CircleId, count: int) -> Sequence[Finding]:
    """Findings about as many invented organisations, under a few indicators."""
    indicators = (INDICATOR, VocabularyCode("fund-transparent"), VocabularyCode("recip-honoured"))
    return [
        finding(circle, finding_body(SubjectId(f"circle:{new_id()}"), indicators[number % len(indicators)]))
        for number in range(count)
    ]


def digests() -> tuple[Digest, ...]:
    """Digests of four held-back fields."""
    return tuple(sorted(Digest(encode_bytes(os.urandom(32))) for _ in range(4)))
