"""Statements in the API: nine kinds, told apart by ``kind``."""

from datetime import date
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from node.api.v1.models import EXAMPLE_CIRCLE, EXAMPLE_KEY, EXAMPLE_STATEMENT, EXAMPLE_SUBJECT, Model
from node.domain.insight import (
    AttributionView,
    CorrectionView,
    ErasureView,
    FindingView,
    RelationView,
    ReplyView,
    ResponseView,
    RetractionView,
    StatementView,
    TokenView,
)
from node.domain.queries import StatementsPage
from protocol.projection import State
from protocol.statements import Handling, Reliability, Stance


class ProvenanceBody(Model):
    """Where a statement comes from, and what has become of it."""

    circle: str = Field(examples=[EXAMPLE_CIRCLE])
    contributor: str = Field(
        description="Thumbprint of the contributor's key in this circle; where `attributed`, a value that stands in its"
        " place and says nothing of the key.",
        examples=[EXAMPLE_KEY],
    )
    pseudonym: str = Field(
        description="What people read instead of the contributor's name; where `attributed`, that name.",
        examples=["K7Q2-M4XD"],
    )
    attributed: bool = Field(description="Whether the contributor has signed its name to this statement.")
    id: str = Field(description="Unique inside the contributor's log.", examples=[EXAMPLE_STATEMENT])
    seq: int = Field(description="Position in the feed of this node; other nodes number differently.")
    state: State
    issued: date
    expires: date
    received: date = Field(description="The day on which this node first held it.")


class ObservationBody(Model):
    """How it is known, and how it may be passed on."""

    observed_from: date
    observed_until: date
    reliability: Reliability = Field(description="Of the source, A to F (Admiralty scale).")
    credibility: int = Field(description="Of the information, 1 to 6 (Admiralty scale).", ge=1, le=6)
    evidence_kinds: list[str] = Field(examples=[["public-register"]])
    sources: list[str] = Field(description="SHA-256 digests of the public sources it rests on.")
    summary: str = Field(description="Empty where the statement was retracted, has expired or is void.")
    handling: Handling = Field(description="TLP 2.0.")


class ResponseBody(Model):
    """Another contributor's stance on a finding or relation, from its own evidence."""

    kind: Literal["response"] = "response"
    provenance: ProvenanceBody
    observation: ObservationBody
    target_contributor: str
    target: str
    stance: Stance


class ReplyBody(Model):
    """What an organisation says to what is said of it, verified and carried by a member."""

    kind: Literal["reply"] = "reply"
    provenance: ProvenanceBody = Field(description="Of the member that carries it.")
    subject: str = Field(description="The organisation that replies.", examples=[EXAMPLE_SUBJECT])
    label: str
    targets: list[tuple[str, str]] = Field(description="Contributor and identifier of each statement that it answers.")
    text: str = Field(description="Empty where the reply was retracted, has ended or is void.")
    replied: date = Field(description="The day of the organisation's letter.")
    verified: str = Field(description="How the member made sure who replies.", examples=["official-mailbox"])
    handling: Handling = Field(description="TLP 2.0.")


class FindingBody(Model):
    """One observation about one subject under one indicator, as it now stands."""

    kind: Literal["finding"] = "finding"
    provenance: ProvenanceBody
    observation: ObservationBody
    subject: str = Field(examples=[EXAMPLE_SUBJECT])
    label: str = Field(description="The author's name for the subject.", examples=["Aldermoor Institute of Tides"])
    indicator: str = Field(examples=["conduct-reliable-delivery"])
    scope: str = Field(description="`whole`, or one technology domain.", examples=["whole"])
    strength: int = Field(description="How much was observed, 1 to 4.", ge=1, le=4)
    technology_domains: list[str]
    engagement_kind: str
    mitigations: list[str]
    sponsored: bool = Field(description="Whether a sponsor publishes it for a member that the circle does not learn.")
    responses: list[ResponseBody] = Field(description="In a dossier; in the feed each response is an item.")
    replies: list[ReplyBody] = Field(description="What the organisation says to it.")


class RelationBody(Model):
    """One observation that two subjects are tied: `subject` *relation* `object`."""

    kind: Literal["relation"] = "relation"
    provenance: ProvenanceBody
    observation: ObservationBody
    subject: str
    subject_label: str
    relation: str = Field(examples=["joint-laboratory"])
    object: str
    object_label: str
    responses: list[ResponseBody]
    replies: list[ReplyBody] = Field(description="What the organisations at its ends say to it.")


class CorrectionBody(Model):
    """The author gave its own statement a new body, which that statement now shows."""

    kind: Literal["correction"] = "correction"
    provenance: ProvenanceBody
    target: str
    reason: str


class RetractionBody(Model):
    """The author withdrew its own statement."""

    kind: Literal["retraction"] = "retraction"
    provenance: ProvenanceBody
    target: str
    reason: str


class ErasureBody(Model):
    """The author had the content of its own statement erased; it is nowhere any more."""

    kind: Literal["erasure"] = "erasure"
    provenance: ProvenanceBody
    target: str
    reason: str


class AttributionBody(Model):
    """The author signed its name to its own statement."""

    kind: Literal["attribution"] = "attribution"
    provenance: ProvenanceBody
    target: str


class TokenBody(Model):
    """A person token stands beside a statement. The token is not shown: a member asks with one of its own."""

    kind: Literal["token"] = "token"
    provenance: ProvenanceBody
    target: str
    role: str
    epoch: int


StatementBody: TypeAlias = Annotated[
    FindingBody
    | RelationBody
    | ResponseBody
    | CorrectionBody
    | RetractionBody
    | ReplyBody
    | ErasureBody
    | AttributionBody
    | TokenBody,
    Field(discriminator="kind"),
]


class StatementPage(Model):
    """A page of the feed, oldest first."""

    items: list[StatementBody]
    next: str = Field(description="Give it as `after` to continue; also at the end, to learn later what is new.")
    more: bool = Field(description="Whether there is more right now; a page may hold few items, or none, and say so.")
    position: str = Field(description="The newest place of the pool: give it as `as_of` to see the same again later.")


class StatementDetailBody(Model):
    """One statement as it stands, and the bytes that its author signed."""

    statement: StatementBody
    jws: str | None = Field(
        description="Compact JWS, as it stands in the author's log; null when it was retracted or has ended."
    )


def statement_page(page: StatementsPage) -> StatementPage:
    """The body of a page."""
    items = [statement_body(each) for each in page.items]
    return StatementPage(items=items, next=page.next, more=page.more, position=page.position)


def statement_body(view: StatementView) -> StatementBody:
    """The body of any statement."""
    made: StatementBody
    match view:
        case FindingView():
            made = FindingBody.model_validate(view)
        case RelationView():
            made = RelationBody.model_validate(view)
        case ResponseView():
            made = ResponseBody.model_validate(view)
        case CorrectionView():
            made = CorrectionBody.model_validate(view)
        case RetractionView():
            made = RetractionBody.model_validate(view)
        case ReplyView():
            made = ReplyBody.model_validate(view)
        case ErasureView():
            made = ErasureBody.model_validate(view)
        case AttributionView():
            made = AttributionBody.model_validate(view)
        case TokenView():
            made = TokenBody.model_validate(view)
    return made
