"""Statements as people and programs read them: under pseudonyms, as they now stand, with nothing of the roster."""

from node.clock import day_of
from node.domain.insight import (
    CorrectionView,
    FindingView,
    Observation,
    Provenance,
    RelationView,
    ResponseView,
    RetractionView,
    StatementView,
)
from node.domain.statements import StoredStatement
from node.errors import Code, HanseError
from protocol.errors import Fault
from protocol.pseudonyms import pseudonym
from protocol.statements import (
    AttributionBody,
    CorrectionBody,
    EndorsementBody,
    ErasureBody,
    FindingBody,
    KeyBody,
    LeaveBody,
    RelationBody,
    RemovalBody,
    ReplyBody,
    ResponseBody,
    RetractionBody,
    SponsoredBody,
    TokenBody,
    TokenKeyBody,
    kind_of,
)


def view(stored: StoredStatement) -> StatementView:
    """The view of any statement about a subject; raises ``NOT_FOUND`` for one about members, which names them."""
    match stored.body:
        case FindingBody() as body:
            return finding_view(stored, body)
        case RelationBody() as body:
            return relation_view(stored, body)
        case ResponseBody() as body:
            return response_view(stored, body)
        case CorrectionBody() as body:
            return CorrectionView(_provenance(stored), body.target, body.reason)
        case RetractionBody() as body:
            return RetractionView(_provenance(stored), body.target, body.reason)
        case (
            ReplyBody()
            | ErasureBody()
            | SponsoredBody()
            | AttributionBody()
            | TokenBody()
            | EndorsementBody()
            | RemovalBody()
            | LeaveBody()
            | KeyBody()
            | TokenKeyBody()
        ):  # no row of storage.statements holds one
            raise HanseError(Code.NOT_FOUND, "this is no statement about a subject.", fault=Fault.OURS)


def finding_view(stored: StoredStatement, body: FindingBody, responses: tuple[ResponseView, ...] = ()) -> FindingView:
    """A finding with the responses to it."""
    return FindingView(
        provenance=_provenance(stored),
        observation=_observation(stored, body),
        subject=body.subject.id,
        label=body.subject.label,
        indicator=body.indicator,
        scope=body.scope,
        strength=body.strength,
        technology_domains=body.technology_domains,
        engagement_kind=body.engagement_kind,
        mitigations=body.mitigations,
        responses=responses,
    )


def relation_view(
    stored: StoredStatement, body: RelationBody, responses: tuple[ResponseView, ...] = ()
) -> RelationView:
    """A relation with the responses to it."""
    return RelationView(
        provenance=_provenance(stored),
        observation=_observation(stored, body),
        subject=body.subject.id,
        subject_label=body.subject.label,
        relation=body.relation,
        object=body.object.id,
        object_label=body.object.label,
        responses=responses,
    )


def response_view(stored: StoredStatement, body: ResponseBody) -> ResponseView:
    """A response."""
    return ResponseView(
        provenance=_provenance(stored),
        observation=_observation(stored, body),
        target_contributor=body.target.contributor,
        target=body.target.id,
        stance=body.stance,
    )


def shown_summary(stored: StoredStatement, body: FindingBody | RelationBody | ResponseBody) -> str:
    """The words of a statement while it stands; nobody reads those of what was retracted or has ended."""
    return body.summary if stored.counts else ""


def _provenance(stored: StoredStatement) -> Provenance:
    return Provenance(
        circle=stored.circle,
        contributor=stored.contributor,
        pseudonym=pseudonym(stored.circle, stored.contributor),
        id=stored.statement.id,
        kind=kind_of(stored.statement),
        seq=stored.seq,
        state=stored.state,
        issued=day_of(stored.statement.iat),
        expires=day_of(stored.statement.exp),
        received=day_of(stored.received),
    )


def _observation(stored: StoredStatement, body: FindingBody | RelationBody | ResponseBody) -> Observation:
    return Observation(
        observed_from=body.observed.start,
        observed_until=body.observed.end,
        reliability=body.grade.reliability,
        credibility=body.grade.credibility,
        evidence_kinds=body.evidence_kinds,
        sources=body.sources,
        summary=shown_summary(stored, body),
        handling=body.handling,
    )
