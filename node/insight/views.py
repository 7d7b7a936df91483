"""Statements as people and programs read them: under pseudonyms, as they now stand, with nothing of the roster."""

from node.clock import day_of
from node.domain.insight import (
    AttributionView,
    CorrectionView,
    ErasureView,
    FindingView,
    Observation,
    Provenance,
    RelationView,
    ReplyView,
    ResponseView,
    RetractionView,
    StatementView,
    TokenView,
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
    Sponsored,
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
        case ReplyBody() as body:
            return reply_view(stored, body)
        case CorrectionBody() | RetractionBody() | ErasureBody() | AttributionBody() | TokenBody() as body:
            return _act_view(stored, body)
        case (
            SponsoredBody()  # what it says is the finding inside, and that is its live body
            | EndorsementBody()
            | RemovalBody()
            | LeaveBody()
            | KeyBody()
            | TokenKeyBody()
        ):  # no row of storage.statements holds one
            raise HanseError(Code.NOT_FOUND, "this is no statement about a subject.", fault=Fault.OURS)


def _act_view(
    stored: StoredStatement, body: CorrectionBody | RetractionBody | ErasureBody | AttributionBody | TokenBody
) -> StatementView:
    """What an author did to, or put beside, a statement of its own."""
    match body:
        case CorrectionBody():
            return CorrectionView(_provenance(stored), body.target, body.reason)
        case RetractionBody():
            return RetractionView(_provenance(stored), body.target, body.reason)
        case ErasureBody():
            return ErasureView(_provenance(stored), body.target, body.reason)
        case AttributionBody():
            return AttributionView(_provenance(stored), body.target)
        case TokenBody():
            return TokenView(_provenance(stored), body.target, body.role, body.epoch)


def finding_view(
    stored: StoredStatement,
    body: FindingBody,
    responses: tuple[ResponseView, ...] = (),
    replies: tuple[ReplyView, ...] = (),
) -> FindingView:
    """A finding with the responses to it, and what its subject says to it."""
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
        replies=replies,
        sponsored=isinstance(stored.statement, Sponsored),
    )


def relation_view(
    stored: StoredStatement,
    body: RelationBody,
    responses: tuple[ResponseView, ...] = (),
    replies: tuple[ReplyView, ...] = (),
) -> RelationView:
    """A relation with the responses to it, and what the organisations at its ends say to it."""
    return RelationView(
        provenance=_provenance(stored),
        observation=_observation(stored, body),
        subject=body.subject.id,
        subject_label=body.subject.label,
        relation=body.relation,
        object=body.object.id,
        object_label=body.object.label,
        responses=responses,
        replies=replies,
    )


def response_view(stored: StoredStatement, body: ResponseBody) -> ResponseView:
    """A response."""
    return ResponseView(
        provenance=_provenance(stored),
        observation=_observation(stored, body),
        target_contributor=stored.shown_target(body.target.contributor, body.target.id),
        target=body.target.id,
        stance=body.stance,
    )


def reply_view(stored: StoredStatement, body: ReplyBody) -> ReplyView:
    """A reply."""
    targets = ((stored.shown_target(target.contributor, target.id), target.id) for target in body.targets)
    return ReplyView(
        provenance=_provenance(stored),
        subject=body.subject.id,
        label=body.subject.label,
        targets=tuple(sorted(targets)),
        text=body.text if stored.counts else "",
        replied=body.replied,
        verified=body.verified,
        handling=body.handling,
    )


def shown_summary(stored: StoredStatement, body: FindingBody | RelationBody | ResponseBody) -> str:
    """The words of a statement while it stands; nobody reads those of what was retracted or has ended."""
    return body.summary if stored.counts else ""


def _provenance(stored: StoredStatement) -> Provenance:
    return Provenance(
        circle=stored.circle,
        contributor=stored.shown,
        pseudonym=pseudonym(stored.circle, stored.contributor) if stored.byline is None else stored.byline.name,
        attributed=stored.byline is not None,
        id=stored.statement.id,
        kind="finding" if isinstance(stored.statement, Sponsored) else kind_of(stored.statement),
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
