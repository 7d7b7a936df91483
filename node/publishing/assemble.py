"""From a draft's content to the statement that would leave: what leaves is listed here, member by member."""

import os

from node.domain.publishing import (
    CorrectionContent,
    DraftContent,
    FindingContent,
    HeldBack,
    RelationContent,
    ResponseContent,
    RetractionContent,
)
from protocol.canonical import JsonValue
from protocol.identifiers import CircleId, StatementId
from protocol.sd_jwt import SALT_BYTES, Disclosure, digests, disclose
from protocol.statements import (
    HELD_BACK,
    Correction,
    CorrectionBody,
    Finding,
    Relation,
    Response,
    Retraction,
    RetractionBody,
    Statement,
    Timestamp,
)


def disclosures_of(content: DraftContent) -> tuple[Disclosure, ...]:
    """All of the fixed set, each with a fresh salt, whether or not there is anything to say."""
    match content:
        case RetractionContent():
            return ()
        case FindingContent() | RelationContent() | ResponseContent() | CorrectionContent():
            values = _held_back_values(content.held_back)
            return tuple(disclose(name, values[name], salt=os.urandom(SALT_BYTES)) for name in HELD_BACK)


def _held_back_values(held_back: HeldBack) -> dict[str, JsonValue]:
    return {
        "contact": held_back.contact,
        "engagement": held_back.engagement,
        "evidence": [*held_back.evidence],
        "narrative": held_back.narrative,
    }


def statement_of(
    content: DraftContent,
    disclosures: tuple[Disclosure, ...],
    statement: StatementId,
    circle: CircleId,
    iat: Timestamp,
    exp: Timestamp,
) -> Statement:
    """The statement; raises ``ProtocolError`` where its parts contradict each other."""
    match content:
        case FindingContent(body=body):
            sd = digests(disclosures)
            return Finding(v=1, id=statement, circle=circle, iat=iat, exp=exp, sd=sd, sd_alg="sha-256", body=body)
        case RelationContent(body=relation):
            sd = digests(disclosures)
            return Relation(v=1, id=statement, circle=circle, iat=iat, exp=exp, sd=sd, sd_alg="sha-256", body=relation)
        case ResponseContent(body=response):
            sd = digests(disclosures)
            return Response(v=1, id=statement, circle=circle, iat=iat, exp=exp, sd=sd, sd_alg="sha-256", body=response)
        case CorrectionContent(target=target, reason=reason, body=finding):
            sd = digests(disclosures)
            correction = CorrectionBody(target=target, reason=reason, finding=finding, relation=None)
            return Correction(
                v=1, id=statement, circle=circle, iat=iat, exp=exp, sd=sd, sd_alg="sha-256", body=correction
            )
        case RetractionContent(target=target, reason=reason):
            retraction = RetractionBody(target=target, reason=reason)
            return Retraction(v=1, id=statement, circle=circle, iat=iat, exp=exp, body=retraction)
