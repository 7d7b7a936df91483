"""What a draft says, in words: for the two people who would rather not read JSON first."""

from node.domain.publishing import (
    CorrectionContent,
    DraftContent,
    FindingContent,
    HeldBack,
    RelationContent,
    ResponseContent,
    RetractionContent,
)
from node.web.formats import counted, short
from node.web.words import period, stance
from protocol.statements import FindingBody, RelationBody, ResponseBody
from protocol.vocabulary import Vocabulary

Fact = tuple[str, str]


def facts_of(content: DraftContent, vocabulary: Vocabulary) -> list[Fact]:
    """Every field that leaves in clear, with its label."""
    match content:
        case FindingContent(body=body):
            return [*_finding(body, vocabulary), *_observation(body, vocabulary)]
        case CorrectionContent(body=body, reason=reason, target=target):
            about = [("Corrects", short(target)), ("Reason", vocabulary.correction_reasons[reason].label)]
            return [*about, *_finding(body, vocabulary), *_observation(body, vocabulary)]
        case RelationContent(body=relation):
            tie = f"{relation.subject.label} {vocabulary.relations[relation.relation].label} {relation.object.label}"
            return [("Tie", tie), *_observation(relation, vocabulary)]
        case ResponseContent(body=response):
            answer = f"{stance(response.stance)} statement {short(response.target.id)}"
            return [("Answer", answer), *_observation(response, vocabulary)]
        case RetractionContent(reason=reason, target=target):
            return [("Retracts", short(target)), ("Reason", vocabulary.retraction_reasons[reason].label)]


def held_back_of(content: DraftContent) -> list[Fact]:
    """The fields that are given on request, and what is in them."""
    match content:
        case RetractionContent():
            return []
        case FindingContent() | RelationContent() | ResponseContent() | CorrectionContent():
            return _held_back(content.held_back)


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
