"""Statements: the closed union of what a contributor can put into its log.

The Python types are the wire format: member names, bounds and patterns here are the ones in
``schemas/v1/statement.schema.json``, and a test proves that schema and parser agree on every vector.

What lives here: the form of a statement and the rules that need nothing but the statement and ``now``.
What does not: signatures (:mod:`protocol.envelope`), whether a vocabulary code exists
(:mod:`protocol.vocabulary`: a code from a newer vocabulary is readable by its form), whether a statement's
target exists and is its author's own (:mod:`protocol.projection`, in log order).

No type here has a field for a person. ``contact``, inside the held-back ``_sd`` set, is an office's mailbox.
"""

import re
from datetime import date
from itertools import pairwise
from typing import Annotated, Final, Literal, NewType, TypeAlias

import msgspec

from protocol.canonical import Codec
from protocol.envelope import VerifiedStatement
from protocol.errors import Code, ProtocolError
from protocol.identifiers import (
    MAX_CODE_CHARACTERS,
    PATTERN_128_BITS,
    PATTERN_256_BITS,
    PATTERN_CODE,
    PATTERN_SUBJECT,
    CircleId,
    Digest,
    KeyId,
    StatementId,
    SubjectId,
    VocabularyCode,
    anchored,
    parse_subject_id,
)
from protocol.limits import (
    MAX_CARD_BYTES,
    MAX_CLOCK_SKEW_SECONDS,
    MAX_CODES,
    MAX_LABEL_CHARACTERS,
    MAX_LOG_SIZE,
    MAX_PAYLOAD_BYTES,
    MAX_RETENTION_DAYS,
    MAX_SOURCES,
    MAX_SUMMARY_CHARACTERS,
)

Timestamp = NewType("Timestamp", int)
"""Seconds since 1970-01-01T00:00:00Z (RFC 7519 NumericDate). In a statement: a whole UTC day."""

DAY_SECONDS: Final = 86_400
HELD_BACK: Final = ("contact", "engagement", "evidence", "narrative")
"""The fields given only on request. Always all present as digests, so that their number tells nothing."""
MIN_ROOTS_FOR_CONFIRMED: Final = 2
"""Credibility 1 means confirmed by independent sources: so two sources must be named."""

_Code: TypeAlias = Annotated[
    VocabularyCode, msgspec.Meta(pattern=anchored(PATTERN_CODE), max_length=MAX_CODE_CHARACTERS)
]
_SET: Final = {"uniqueItems": True}
_Codes: TypeAlias = Annotated[tuple[_Code, ...], msgspec.Meta(max_length=MAX_CODES, extra_json_schema=_SET)]
_Digest: TypeAlias = Annotated[Digest, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_KeyId: TypeAlias = Annotated[KeyId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_CircleId: TypeAlias = Annotated[CircleId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_StatementId: TypeAlias = Annotated[StatementId, msgspec.Meta(pattern=anchored(PATTERN_128_BITS))]
_SubjectId: TypeAlias = Annotated[SubjectId, msgspec.Meta(pattern=anchored(PATTERN_SUBJECT))]

_HIDDEN: Final = (
    r"\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f"
)
"""Control characters break terminals and databases (PostgreSQL cannot store U+0000, so one such entry would stop
a peer's projection); bidirectional overrides make a text read as something else than it says; characters that
are never seen would carry words past the person who approves what leaves (clause 1.8). The last range stands as
characters, not as escapes: no escape for it is read alike by all regular expression engines."""
PATTERN_LINE: Final = anchored(rf"[^\x00-\x0a{_HIDDEN}]*")
PATTERN_TEXT: Final = anchored(rf"[^\x00-\x09{_HIDDEN}]*")

_HIDDEN_IN_LINE: Final = re.compile(rf"[\x00-\x0a{_HIDDEN}]+")

_Card: TypeAlias = Annotated[
    str, msgspec.Meta(min_length=1, max_length=MAX_CARD_BYTES, pattern=anchored(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}"))
]
"""A node's card as the compact JWS that it is; :mod:`protocol.messages.card` says what it holds and whether it does."""
_Label: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_LABEL_CHARACTERS, pattern=PATTERN_LINE)]
_Summary: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_SUMMARY_CHARACTERS, pattern=PATTERN_TEXT)]
_Day: TypeAlias = Annotated[Timestamp, msgspec.Meta(ge=0, le=253_402_214_400, multiple_of=DAY_SECONDS)]
_Date: TypeAlias = Annotated[date, msgspec.Meta(extra_json_schema={"pattern": anchored("[0-9]{4}-[0-9]{2}-[0-9]{2}")})]
"""A full-date of RFC 3339; the canonical encoding refuses every other spelling that the decoder takes."""

Handling: TypeAlias = Literal["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT"]
"""TLP 2.0 markings that may travel. TLP:RED never leaves a node, so the wire cannot carry it."""
Reliability: TypeAlias = Literal["A", "B", "C", "D", "E", "F"]
Stance: TypeAlias = Literal["corroborates", "disputes", "adds-context"]


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every member is required: an absent member and a null one never mean the same."""


class Subject(_Wire, frozen=True, kw_only=True):
    """An organisation, unit or programme: an identifier, and the name under which the author knows it.

    The name is for reading and for noticing a mistyped identifier. Subjects are equal when ``id`` is.
    """

    id: _SubjectId
    label: _Label

    def __post_init__(self) -> None:
        parse_subject_id(self.id)


class Period(_Wire, frozen=True, kw_only=True, rename={"start": "from", "end": "until"}):
    """The days on which something was observed, both included."""

    start: _Date
    end: _Date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ProtocolError(Code.INCONSISTENT, "the observed period ends before it begins")


class Grade(_Wire, frozen=True, kw_only=True):
    """Admiralty scale: reliability of the source; credibility of the information, 6 being cannot be judged."""

    reliability: Reliability
    credibility: Annotated[int, msgspec.Meta(ge=1, le=6)]


class _Observation(_Wire, frozen=True, kw_only=True):
    """What finding, relation and response share: how it is known, and how it may be passed on."""

    observed: Period
    grade: Grade
    evidence_kinds: Annotated[
        tuple[_Code, ...], msgspec.Meta(min_length=1, max_length=MAX_CODES, extra_json_schema=_SET)
    ]
    sources: Annotated[tuple[_Digest, ...], msgspec.Meta(max_length=MAX_SOURCES, extra_json_schema=_SET)]
    summary: _Summary
    handling: Handling

    def __post_init__(self) -> None:
        _require_set(self.evidence_kinds, "evidence_kinds")
        _require_set(self.sources, "sources")
        if self.grade.credibility == 1 and len(self.sources) < MIN_ROOTS_FOR_CONFIRMED:
            raise ProtocolError(Code.INCONSISTENT, "credibility 1 needs at least two independent sources")


class FindingBody(_Observation, frozen=True, kw_only=True):
    """One observation about one subject under one indicator."""

    subject: Subject
    indicator: _Code
    scope: _Code
    """``whole``, or one technology domain to which the observation is limited."""
    strength: Annotated[int, msgspec.Meta(ge=1, le=4)]
    """How much was observed: 1 a trace, 2 some, 3 much, 4 throughout. Not how sure the author is."""
    technology_domains: _Codes
    engagement_kind: _Code
    mitigations: _Codes

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_set(self.technology_domains, "technology_domains")
        _require_set(self.mitigations, "mitigations")


class RelationBody(_Observation, frozen=True, kw_only=True):
    """One observation that two subjects are tied: ``subject`` *relation* ``object``."""

    subject: Subject
    relation: _Code
    object: Subject

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.subject.id == self.object.id:
            raise ProtocolError(Code.INCONSISTENT, "a relation ties two different subjects")


class Target(_Wire, frozen=True, kw_only=True):
    """A statement in any log of the same circle. Identifiers are unique only inside one log."""

    contributor: _KeyId
    id: _StatementId


class ResponseBody(_Observation, frozen=True, kw_only=True):
    """Another contributor's stance on a finding or relation, from its own evidence."""

    target: Target
    stance: Stance


class CorrectionBody(_Wire, frozen=True, kw_only=True):
    """A new body for one's own finding or relation; exactly one of the two members is not null."""

    target: _StatementId
    reason: _Code
    finding: FindingBody | None
    relation: RelationBody | None

    def __post_init__(self) -> None:
        if (self.finding is None) == (self.relation is None):
            raise ProtocolError(Code.INCONSISTENT, "a correction carries a finding or a relation, not both or none")


class RetractionBody(_Wire, frozen=True, kw_only=True):
    """Withdraws one's own finding, relation or response."""

    target: _StatementId
    reason: _Code


class EndorsementBody(_Wire, frozen=True, kw_only=True):
    """Vouches for the institution whose card this is (clause 4.20)."""

    card: _Card


class RemovalBody(_Wire, frozen=True, kw_only=True):
    """A vote to end the membership of one key, and to void what its log holds from an index on (clause 4.20)."""

    target: _KeyId
    from_index: Annotated[int, msgspec.Meta(ge=0, le=MAX_LOG_SIZE)]
    reason: _Code


class LeaveBody(_Wire, frozen=True, kw_only=True):
    """Ends one's own membership. Whose, the log says; since when, the index says."""


class KeyBody(_Wire, frozen=True, kw_only=True):
    """Names the key that takes this log's place, by a card that the new key has signed (clause 4.20)."""

    card: _Card


class _Claims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """What every statement says of itself (RFC 7519 names where they exist)."""

    v: Literal[1]
    id: _StatementId
    circle: _CircleId
    iat: _Day
    """The UTC day of signing; days, because a time of day would tell time zones and habits."""
    exp: _Day

    def __post_init__(self) -> None:
        if not self.iat < self.exp <= self.iat + MAX_RETENTION_DAYS * DAY_SECONDS:
            raise ProtocolError(Code.BAD_VALIDITY, f"exp lies 1 to {MAX_RETENTION_DAYS} days after iat")


class _Disclosable(_Claims, frozen=True, kw_only=True):
    """Carries the digests of the held-back fields (RFC 9901 section 4.2.4.1), sorted, always the full set."""

    sd: Annotated[
        tuple[_Digest, ...], msgspec.Meta(min_length=len(HELD_BACK), max_length=len(HELD_BACK), extra_json_schema=_SET)
    ] = msgspec.field(name="_sd")
    sd_alg: Literal["sha-256"] = msgspec.field(name="_sd_alg")

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_set(self.sd, "_sd")


class Finding(_Disclosable, frozen=True, kw_only=True, tag="finding"):
    """A signed finding."""

    body: FindingBody

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_past(self.body.observed, self.iat)


class Relation(_Disclosable, frozen=True, kw_only=True, tag="relation"):
    """A signed relation."""

    body: RelationBody

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_past(self.body.observed, self.iat)


class Response(_Disclosable, frozen=True, kw_only=True, tag="response"):
    """A signed response."""

    body: ResponseBody

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_past(self.body.observed, self.iat)


class Correction(_Disclosable, frozen=True, kw_only=True, tag="correction"):
    """A signed correction; its ``_sd`` set replaces the target's."""

    body: CorrectionBody

    def __post_init__(self) -> None:
        super().__post_init__()
        for replacement in (self.body.finding, self.body.relation):
            if replacement is not None:
                _require_past(replacement.observed, self.iat)


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


PooledStatement: TypeAlias = Finding | Relation | Response | Correction | Retraction
"""What is said about subjects: the kinds that feeds, interfaces and dossiers show."""
MembershipStatement: TypeAlias = Endorsement | Removal | Leave | Key
"""What is said about the circle itself, between its members; :mod:`protocol.membership` reads it."""
Statement: TypeAlias = PooledStatement | MembershipStatement
PooledBody: TypeAlias = FindingBody | RelationBody | ResponseBody | CorrectionBody | RetractionBody
MembershipBody: TypeAlias = EndorsementBody | RemovalBody | LeaveBody | KeyBody
Body: TypeAlias = PooledBody | MembershipBody
PooledKind: TypeAlias = Literal["finding", "relation", "response", "correction", "retraction"]
MembershipKind: TypeAlias = Literal["endorsement", "removal", "leave", "key"]
Kind: TypeAlias = PooledKind | MembershipKind

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
    match statement:
        case Finding():
            return "finding"
        case Relation():
            return "relation"
        case Response():
            return "response"
        case Correction():
            return "correction"
        case Retraction():  # pragma: no branch - the union is closed
            return "retraction"


def membership_kind(statement: MembershipStatement) -> MembershipKind:
    """The same for what is said about the circle."""
    match statement:
        case Endorsement():
            return "endorsement"
        case Removal():
            return "removal"
        case Leave():
            return "leave"
        case Key():  # pragma: no branch - the union is closed
            return "key"


def as_label(name: str) -> str:
    """A registry's or a person's spelling of a name as it may stand in a label (clause 1.8).

    White space becomes single spaces, what is never seen is left out (registries hold dozens of names with zero-width
    spaces), and what is too long is cut. May be empty, which is no label.
    """
    seen = _HIDDEN_IN_LINE.sub("", " ".join(name.split()))
    return " ".join(seen.split())[:MAX_LABEL_CHARACTERS].strip()


def _require_set(values: tuple[str, ...], name: str) -> None:
    """A set has one spelling on the wire: ascending, each value once (clause 1.6)."""
    if any(a >= b for a, b in pairwise(values)):
        raise ProtocolError(Code.NON_CANONICAL, f"{name} is not ascending and free of duplicates")


def _require_past(observed: Period, iat: Timestamp) -> None:
    """Nothing is observed after the day on which it is signed (clause 4.6)."""
    if (observed.end - date(1970, 1, 1)).days * DAY_SECONDS > iat:
        raise ProtocolError(Code.INCONSISTENT, "the observed period ends after the day of signing")
