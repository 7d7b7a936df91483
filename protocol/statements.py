"""Statements: the closed union of what a contributor can put into its log.

The Python types are the wire format: member names, bounds and patterns here and in :mod:`protocol.bodies` are the
ones in ``schemas/v1/statement.schema.json``, and a test proves that schema and parser agree on every vector.

What lives here: the form of a statement and the rules that need nothing but the statement and ``now``.
What does not: signatures (:mod:`protocol.envelope`), whether a vocabulary code exists
(:mod:`protocol.vocabulary`: a code from a newer vocabulary is readable by its form), whether a statement's
target exists and is its author's own (:mod:`protocol.projection`, in log order).
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from protocol.bodies import (
    DAY_SECONDS,
    HELD_BACK,
    MIN_ROOTS_FOR_CONFIRMED,
    PATTERN_LINE,
    PATTERN_TEXT,
    SET,
    AttributionBody,
    CorrectionBody,
    Day,
    EndorsementBody,
    ErasureBody,
    FindingBody,
    Grade,
    Handling,
    KeyBody,
    LeaveBody,
    Period,
    RelationBody,
    Reliability,
    RemovalBody,
    ReplyBody,
    ResponseBody,
    RetractionBody,
    SponsoredBody,
    Stance,
    Subject,
    Target,
    Timestamp,
    TokenBody,
    TokenKeyBody,
    WireCircleId,
    WireDigest,
    WireStatementId,
    as_label,
    day_of,
    require_past,
    require_set,
)
from protocol.canonical import Codec
from protocol.envelope import VerifiedStatement
from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId
from protocol.limits import MAX_CLOCK_SKEW_SECONDS, MAX_PAYLOAD_BYTES, MAX_RETENTION_DAYS

__all__ = [
    "DAY_SECONDS",
    "HELD_BACK",
    "MIN_ROOTS_FOR_CONFIRMED",
    "PATTERN_LINE",
    "PATTERN_TEXT",
    "Attribution",
    "AttributionBody",
    "Body",
    "Correction",
    "CorrectionBody",
    "Endorsement",
    "EndorsementBody",
    "Erasure",
    "ErasureBody",
    "Finding",
    "FindingBody",
    "Grade",
    "Handling",
    "Key",
    "KeyBody",
    "Kind",
    "Leave",
    "LeaveBody",
    "MembershipBody",
    "MembershipKind",
    "MembershipStatement",
    "Period",
    "PooledBody",
    "PooledKind",
    "PooledStatement",
    "Relation",
    "RelationBody",
    "Reliability",
    "Removal",
    "RemovalBody",
    "Reply",
    "ReplyBody",
    "Response",
    "ResponseBody",
    "Retraction",
    "RetractionBody",
    "Sponsored",
    "SponsoredBody",
    "Stance",
    "Statement",
    "Subject",
    "Target",
    "Timestamp",
    "Token",
    "TokenBody",
    "TokenKey",
    "TokenKeyBody",
    "as_label",
    "decode",
    "decode_known",
    "encode",
    "kind_of",
    "membership_kind",
    "pooled_kind",
    "read",
]


_HeldBackDigests: TypeAlias = Annotated[
    tuple[WireDigest, ...],
    msgspec.Meta(min_length=len(HELD_BACK), max_length=len(HELD_BACK), extra_json_schema=SET),
]


class _Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every statement says of itself (RFC 7519 names where they exist)."""

    v: Literal[1]
    id: WireStatementId
    circle: WireCircleId
    iat: Day
    """The UTC day of signing; days, because a time of day would tell time zones and habits."""
    exp: Day

    def __post_init__(self) -> None:
        if not self.iat < self.exp <= self.iat + MAX_RETENTION_DAYS * DAY_SECONDS:
            raise ProtocolError(Code.BAD_VALIDITY, f"exp lies 1 to {MAX_RETENTION_DAYS} days after iat")


class _Disclosable(_Claims, frozen=True, kw_only=True):
    """Carries the digests of the held-back fields (RFC 9901 section 4.2.4.1), sorted, always the full set."""

    sd: _HeldBackDigests = msgspec.field(name="_sd")
    sd_alg: Literal["sha-256"] = msgspec.field(name="_sd_alg")

    def __post_init__(self) -> None:
        super().__post_init__()
        require_set(self.sd, "_sd")


class Finding(_Disclosable, frozen=True, kw_only=True, tag="finding"):
    """A signed finding."""

    body: FindingBody

    def __post_init__(self) -> None:
        super().__post_init__()
        require_past(self.body.observed, self.iat)


class Relation(_Disclosable, frozen=True, kw_only=True, tag="relation"):
    """A signed relation."""

    body: RelationBody

    def __post_init__(self) -> None:
        super().__post_init__()
        require_past(self.body.observed, self.iat)


class Response(_Disclosable, frozen=True, kw_only=True, tag="response"):
    """A signed response."""

    body: ResponseBody

    def __post_init__(self) -> None:
        super().__post_init__()
        require_past(self.body.observed, self.iat)


class Correction(_Disclosable, frozen=True, kw_only=True, tag="correction"):
    """A signed correction; its ``_sd`` set replaces the target's."""

    body: CorrectionBody

    def __post_init__(self) -> None:
        super().__post_init__()
        for replacement in (self.body.finding, self.body.relation):
            if replacement is not None:
                require_past(replacement.observed, self.iat)


class Retraction(_Claims, frozen=True, kw_only=True, tag="retraction"):
    """A signed retraction."""

    body: RetractionBody


class Endorsement(_Claims, frozen=True, kw_only=True, tag="endorsement"):
    """A signed endorsement of a candidate."""

    body: EndorsementBody


class Removal(_Claims, frozen=True, kw_only=True, tag="removal"):
    """A signed vote for a removal."""

    body: RemovalBody


class Leave(_Claims, frozen=True, kw_only=True, tag="leave"):
    """A signed departure."""

    body: LeaveBody


class Key(_Claims, frozen=True, kw_only=True, tag="key"):
    """A signed change of keys: it stands in the old key's log, and the new key has signed the card in it."""

    body: KeyBody


class TokenKey(_Claims, frozen=True, kw_only=True, tag="token-key"):
    """A signed key of an operator of person tokens."""

    body: TokenKeyBody


class Reply(_Claims, frozen=True, kw_only=True, tag="reply"):
    """A signed word of the member that carries a subject's reply."""

    body: ReplyBody

    def __post_init__(self) -> None:
        super().__post_init__()
        if day_of(self.body.replied) > self.iat:
            raise ProtocolError(Code.INCONSISTENT, "the reply is dated after the day of signing")


class Erasure(_Claims, frozen=True, kw_only=True, tag="erasure"):
    """A signed erasure."""

    body: ErasureBody


class Sponsored(_Claims, frozen=True, kw_only=True, tag="sponsored"):
    """A sponsor's signature around another's finding."""

    body: SponsoredBody


class Attribution(_Claims, frozen=True, kw_only=True, tag="attribution"):
    """A name signed to one statement."""

    body: AttributionBody


class Token(_Claims, frozen=True, kw_only=True, tag="token"):
    """A signed person token."""

    body: TokenBody


PooledStatement: TypeAlias = (
    Finding | Relation | Response | Correction | Retraction | Reply | Erasure | Sponsored | Attribution | Token
)
"""What is said about subjects: the kinds that feeds, interfaces and dossiers show."""
MembershipStatement: TypeAlias = Endorsement | Removal | Leave | Key | TokenKey
"""What is said about the circle itself, between its members; :mod:`protocol.membership` reads it."""
Statement: TypeAlias = PooledStatement | MembershipStatement
PooledBody: TypeAlias = (
    FindingBody
    | RelationBody
    | ResponseBody
    | CorrectionBody
    | RetractionBody
    | ReplyBody
    | ErasureBody
    | SponsoredBody
    | AttributionBody
    | TokenBody
)
MembershipBody: TypeAlias = EndorsementBody | RemovalBody | LeaveBody | KeyBody | TokenKeyBody
Body: TypeAlias = PooledBody | MembershipBody
PooledKind: TypeAlias = Literal[
    "finding",
    "relation",
    "response",
    "correction",
    "retraction",
    "reply",
    "erasure",
    "sponsored",
    "attribution",
    "token",
]
MembershipKind: TypeAlias = Literal["endorsement", "removal", "leave", "key", "token-key"]
Kind: TypeAlias = PooledKind | MembershipKind

_POOLED: Final[Mapping[type[PooledStatement], PooledKind]] = {
    Finding: "finding",
    Relation: "relation",
    Response: "response",
    Correction: "correction",
    Retraction: "retraction",
    Reply: "reply",
    Erasure: "erasure",
    Sponsored: "sponsored",
    Attribution: "attribution",
    Token: "token",
}
_CODEC: Final[Codec[Statement]] = Codec(Statement, max_bytes=MAX_PAYLOAD_BYTES)  # type: ignore[arg-type]


def encode(statement: Statement) -> bytes:
    """The payload to be signed; refuses whatever :func:`decode` would refuse."""
    return _CODEC.encode(statement)


def decode(payload: bytes) -> Statement:
    """A statement by its form alone: no signature, circle or clock. For tools and tests; see :func:`read`."""
    return _CODEC.decode(payload)


def decode_known(payload: bytes) -> Statement:
    """A statement that :func:`decode` or :func:`read` has accepted before: nothing is compared a second time."""
    return _CODEC.decode_known(payload)


def read(verified: VerifiedStatement, *, circle: CircleId, now: Timestamp) -> Statement:
    """What a verified statement says, if it belongs to this circle and was not written in the future.

    An expired statement is readable: its place in the log is needed, and its reader decides by ``exp``. What is said
    about membership is readable at any time: no clock may decide who is a member (clause 4.20).
    Raises ``WRONG_CIRCLE`` (clause 4.4), ``FUTURE_DATED`` (clause 4.5) and whatever :func:`decode` raises.
    """
    statement = _CODEC.decode(verified.payload)
    if statement.circle != circle:
        raise ProtocolError(Code.WRONG_CIRCLE, f"a statement for circle {statement.circle}")
    if statement.iat > now + MAX_CLOCK_SKEW_SECONDS and not isinstance(statement, MembershipStatement):
        raise ProtocolError(Code.FUTURE_DATED, "iat lies in the future")
    return statement


def kind_of(statement: Statement) -> Kind:
    """The ``kind`` member of the payload (clause 4.1)."""
    return membership_kind(statement) if isinstance(statement, MembershipStatement) else pooled_kind(statement)


def pooled_kind(statement: PooledStatement) -> PooledKind:
    """The same for what is said about subjects."""
    return _POOLED[type(statement)]


def membership_kind(statement: MembershipStatement) -> MembershipKind:
    """The same for what is said about the circle."""
    match statement:
        case Endorsement():
            return "endorsement"
        case Removal():
            return "removal"
        case Leave():
            return "leave"
        case Key():
            return "key"
        case TokenKey():  # pragma: no branch - the union is closed
            return "token-key"
