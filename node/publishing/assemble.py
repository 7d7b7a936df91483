"""From a draft's content to the statement that would leave: what leaves is listed here, member by member."""

import os

import msgspec

from node.domain.publishing import (
    AttributionContent,
    CorrectionContent,
    DraftContent,
    FindingContent,
    HeldBack,
    RelationContent,
    ReplyContent,
    ResponseContent,
    RetractionContent,
    SponsorAskContent,
    SponsoredContent,
    TokenContent,
)
from protocol.canonical import JsonValue
from protocol.identifiers import CircleId, StatementId
from protocol.sd_jwt import SALT_BYTES, Disclosure, digests, disclose, verify
from protocol.sponsored import known_finding
from protocol.statements import (
    HELD_BACK,
    Attribution,
    AttributionBody,
    Correction,
    CorrectionBody,
    Finding,
    FindingBody,
    Relation,
    Reply,
    Response,
    Retraction,
    RetractionBody,
    Sponsored,
    SponsoredBody,
    Statement,
    Timestamp,
    Token,
    TokenBody,
)


def disclosures_of(content: DraftContent) -> tuple[Disclosure, ...]:
    """All of the fixed set, each with a fresh salt, whether or not there is anything to say."""
    match content:
        case RetractionContent() | ReplyContent() | AttributionContent() | TokenContent() | SponsoredContent():
            return ()
        case FindingContent() | RelationContent() | ResponseContent() | CorrectionContent() | SponsorAskContent():
            values = _held_back_values(content.held_back)
            return tuple(disclose(name, values[name], salt=os.urandom(SALT_BYTES)) for name in HELD_BACK)


def held_back_of(content: DraftContent) -> HeldBack:
    """What is given on request only; of a sponsored finding, what its author left to us."""
    match content:
        case RetractionContent() | ReplyContent() | AttributionContent() | TokenContent():
            return HeldBack()
        case SponsoredContent():
            return sponsored_held_back(content)
        case FindingContent() | RelationContent() | ResponseContent() | CorrectionContent() | SponsorAskContent():
            return content.held_back


def _held_back_values(held_back: HeldBack) -> dict[str, JsonValue]:
    return {
        "contact": held_back.contact,
        "engagement": held_back.engagement,
        "evidence": [*held_back.evidence],
        "narrative": held_back.narrative,
    }


def sponsored_finding(content: SponsoredContent) -> FindingBody:
    """What a finding says that we would publish for another; it was verified when it came."""
    return known_sponsored(content).body


def known_sponsored(content: SponsoredContent) -> Finding:
    """The same with its claims."""
    return known_finding(SponsoredBody(key=content.key, statement=content.statement))


def sponsored_held_back(content: SponsoredContent) -> HeldBack:
    """What its author gave us to give on request; empty where that is nothing."""
    if not content.disclosures:
        return HeldBack()
    return msgspec.convert(verify(known_sponsored(content).sd, content.disclosures), HeldBack)


def statement_of(
    content: DraftContent,
    disclosures: tuple[Disclosure, ...],
    statement: StatementId,
    circle: CircleId,
    iat: Timestamp,
    exp: Timestamp,
) -> Statement:
    """The statement; raises ``ProtocolError`` where its parts contradict each other."""
    made: Statement
    match content:
        case FindingContent(body=body) | SponsorAskContent(body=body):
            sd = digests(disclosures)
            made = Finding(v=1, id=statement, circle=circle, iat=iat, exp=exp, sd=sd, sd_alg="sha-256", body=body)
        case RelationContent(body=relation):
            sd = digests(disclosures)
            made = Relation(v=1, id=statement, circle=circle, iat=iat, exp=exp, sd=sd, sd_alg="sha-256", body=relation)
        case ResponseContent(body=response):
            sd = digests(disclosures)
            made = Response(v=1, id=statement, circle=circle, iat=iat, exp=exp, sd=sd, sd_alg="sha-256", body=response)
        case CorrectionContent(target=target, reason=reason, body=finding):
            sd = digests(disclosures)
            correction = CorrectionBody(target=target, reason=reason, finding=finding, relation=None)
            made = Correction(
                v=1, id=statement, circle=circle, iat=iat, exp=exp, sd=sd, sd_alg="sha-256", body=correction
            )
        case RetractionContent(target=target, reason=reason):
            retraction = RetractionBody(target=target, reason=reason)
            made = Retraction(v=1, id=statement, circle=circle, iat=iat, exp=exp, body=retraction)
        case ReplyContent(body=reply):
            made = Reply(v=1, id=statement, circle=circle, iat=iat, exp=exp, body=reply)
        case AttributionContent(target=target):
            attribution = AttributionBody(target=target)
            made = Attribution(v=1, id=statement, circle=circle, iat=iat, exp=exp, body=attribution)
        case TokenContent(target=target, role=role, epoch=epoch, token=digest):
            token = TokenBody(target=target, role=role, epoch=epoch, token=digest)
            made = Token(v=1, id=statement, circle=circle, iat=iat, exp=exp, body=token)
        case SponsoredContent(key=key, statement=signed):
            inner = SponsoredBody(key=key, statement=signed)
            made = Sponsored(v=1, id=statement, circle=circle, iat=iat, exp=exp, body=inner)
    return made
