"""What a draft says, in words: for the two people who would rather not read JSON first."""

from typing import Final

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
from node.publishing.assemble import known_sponsored, sponsored_finding, sponsored_held_back
from node.web.formats import counted, day, short
from node.web.words import period, stance
from protocol.statements import FindingBody, RelationBody, ReplyBody, ResponseBody
from protocol.vocabulary import Vocabulary

Fact = tuple[str, str]


def facts_of(content: DraftContent, vocabulary: Vocabulary) -> list[Fact]:
    """Every field that leaves in clear, with its label."""
    facts: list[Fact]
    match content:
        case FindingContent(body=body):
            facts = [*_finding(body, vocabulary), *_observation(body, vocabulary)]
        case CorrectionContent(body=body, reason=reason, target=target):
            about = [("Corrects", short(target)), ("Reason", vocabulary.correction_reasons[reason].label)]
            facts = [*about, *_finding(body, vocabulary), *_observation(body, vocabulary)]
        case RelationContent(body=relation):
            tie = f"{relation.subject.label} {vocabulary.relations[relation.relation].label} {relation.object.label}"
            facts = [("Tie", tie), *_observation(relation, vocabulary)]
        case ResponseContent(body=response):
            answer = f"{stance(response.stance)} statement {short(response.target.id)}"
            facts = [("Answer", answer), *_observation(response, vocabulary)]
        case RetractionContent() | AttributionContent() | TokenContent():
            facts = _about_ours(content, vocabulary)
        case ReplyContent(body=reply, note=note):
            facts = _reply(reply, note, vocabulary)
        case SponsorAskContent(body=body):
            facts = [*_finding(body, vocabulary), *_observation(body, vocabulary)]
        case SponsoredContent():
            facts = _sponsored(content, vocabulary)
    return facts


def held_back_of(content: DraftContent) -> list[Fact]:
    """The fields that are given on request, and what is in them."""
    match content:
        case RetractionContent() | ReplyContent() | AttributionContent() | TokenContent():
            return []
        case SponsoredContent():
            return _held_back(sponsored_held_back(content))
        case FindingContent() | RelationContent() | ResponseContent() | CorrectionContent() | SponsorAskContent():
            return _held_back(content.held_back)


_WHO_CAN_TEST: Final = (
    "A member that already thinks of this person can ask every operator and learn that they are meant: each such "
    "question is counted against its budget of the day. An outsider, or an operator without the others, cannot test "
    "names. All operators together can, without any limit."
)


def _about_ours(content: RetractionContent | AttributionContent | TokenContent, vocabulary: Vocabulary) -> list[Fact]:
    """What acts on a statement of ours."""
    match content:
        case RetractionContent(reason=reason, target=target):
            return [("Retracts", short(target)), ("Reason", vocabulary.retraction_reasons[reason].label)]
        case AttributionContent(target=target):
            return [("Signs our name to", f"statement {short(target)}")]
        case TokenContent(target=target, role=role, epoch=epoch):
            return [
                ("Ties to", f"statement {short(target)}"),
                ("Role", vocabulary.person_roles[role].label),
                ("What leaves", f"a pseudonym of a person, under the keys of epoch {epoch} of the operators; no name"),
                ("Who can test it", _WHO_CAN_TEST),
            ]


def _sponsored(content: SponsoredContent, vocabulary: Vocabulary) -> list[Fact]:
    """Another's finding; the gate has said already where it uses a code that we do not know."""
    body = sponsored_finding(content)
    if vocabulary.unknown_codes(known_sponsored(content)):
        return [("Subject", f"{body.subject.label} ({body.subject.id})"), ("Summary", body.summary)]
    return [*_finding(body, vocabulary), *_observation(body, vocabulary)]


def _reply(reply: ReplyBody, note: str, vocabulary: Vocabulary) -> list[Fact]:
    return [
        ("Organisation", f"{reply.subject.label} ({reply.subject.id})"),
        ("Answers", counted(len(reply.targets), "statement")),
        ("Its words", reply.text),
        ("Dated", day(reply.replied)),
        ("Verified by", vocabulary.reply_verifications[reply.verified].label),
        ("How, for us alone", note),
        ("Handling", f"{reply.handling}: {vocabulary.handlings[reply.handling].definition}"),
    ]


def _held_back(held_back: HeldBack) -> list[Fact]:
    return [
        ("Narrative", held_back.narrative),
        ("Evidence", "\n".join(held_back.evidence)),
        ("Engagement", held_back.engagement),
        ("Contact", held_back.contact),
    ]


def _finding(body: FindingBody, vocabulary: Vocabulary) -> list[Fact]:
    indicator = vocabulary.indicators[body.indicator]
    domains = "; ".join(vocabulary.technology_domains[code].label for code in body.technology_domains)
    measures = "; ".join(vocabulary.mitigations[code].label for code in body.mitigations)
    return [
        ("Subject", f"{body.subject.label} ({body.subject.id})"),
        ("Indicator", f"{indicator.label} ({indicator.polarity})"),
        ("Scope", vocabulary.scope_label(body.scope)),
        ("How much", vocabulary.strengths[body.strength]),
        ("Cooperation", vocabulary.engagement_kinds[body.engagement_kind].label),
        ("Fields", domains or "none named"),
        ("Measures", measures or "none named"),
    ]


def _observation(body: FindingBody | RelationBody | ResponseBody, vocabulary: Vocabulary) -> list[Fact]:
    kinds = "; ".join(vocabulary.evidence_sources[kind].label for kind in body.evidence_kinds)
    grade = body.grade
    return [
        ("Observed", period(body.observed.start, body.observed.end)),
        ("Source", f"{grade.reliability}, {vocabulary.reliabilities[grade.reliability].lower()}"),
        ("Information", f"{grade.credibility}, {vocabulary.credibilities[grade.credibility].lower()}"),
        ("Evidence", kinds),
        ("Sources", counted(len(body.sources), "digest")),
        ("Handling", f"{body.handling}: {vocabulary.handlings[body.handling].definition}"),
        ("Summary", body.summary or "empty"),
    ]
