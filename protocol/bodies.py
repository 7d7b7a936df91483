"""The bodies of statements, and the scalars they are made of: the members, bounds and patterns of the wire.

What lives here: what each kind of statement says. What does not: what every statement says of itself, and the closed
union of them all (:mod:`protocol.statements`, which also hands out every name of this module).

No type here has a field for a person. ``contact``, inside the held-back ``_sd`` set, is an office's mailbox.
"""

import re
from datetime import date
from itertools import pairwise
from typing import Annotated, Final, Literal, NewType, TypeAlias

import msgspec

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
    MAX_CODES,
    MAX_EPOCH,
    MAX_ERASED,
    MAX_LABEL_CHARACTERS,
    MAX_LOG_SIZE,
    MAX_REPLY_CHARACTERS,
    MAX_REPLY_TARGETS,
    MAX_SOURCES,
    MAX_SPONSORED_BYTES,
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
SET: Final = {"uniqueItems": True}
_Codes: TypeAlias = Annotated[tuple[_Code, ...], msgspec.Meta(max_length=MAX_CODES, extra_json_schema=SET)]
WireDigest: TypeAlias = Annotated[Digest, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_KeyId: TypeAlias = Annotated[KeyId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
WireCircleId: TypeAlias = Annotated[CircleId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
WireStatementId: TypeAlias = Annotated[StatementId, msgspec.Meta(pattern=anchored(PATTERN_128_BITS))]
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

HIDDEN_IN_LINE: Final = re.compile(rf"[\x00-\x0a{_HIDDEN}]+")

_PATTERN_JWS: Final = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}"
_Card: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_CARD_BYTES, pattern=anchored(_PATTERN_JWS))]
"""A node's card as the compact JWS that it is; :mod:`protocol.messages.card` says what it holds and whether it does."""
_Key: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
"""32 bytes of a public key; what kind of key and whether it is one, its reader decides."""
_SponsoredJws: TypeAlias = Annotated[
    str, msgspec.Meta(min_length=1, max_length=MAX_SPONSORED_BYTES, pattern=anchored(_PATTERN_JWS))
]
_Label: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_LABEL_CHARACTERS, pattern=PATTERN_LINE)]
_Index: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_LOG_SIZE)]
_Epoch: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=MAX_EPOCH)]
_Summary: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_SUMMARY_CHARACTERS, pattern=PATTERN_TEXT)]
_Reply: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_REPLY_CHARACTERS, pattern=PATTERN_TEXT)]
Day: TypeAlias = Annotated[Timestamp, msgspec.Meta(ge=0, le=253_402_214_400, multiple_of=DAY_SECONDS)]
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
        tuple[_Code, ...], msgspec.Meta(min_length=1, max_length=MAX_CODES, extra_json_schema=SET)
    ]
    sources: Annotated[tuple[WireDigest, ...], msgspec.Meta(max_length=MAX_SOURCES, extra_json_schema=SET)]
    summary: _Summary
    handling: Handling

    def __post_init__(self) -> None:
        require_set(self.evidence_kinds, "evidence_kinds")
        require_set(self.sources, "sources")
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
        require_set(self.technology_domains, "technology_domains")
        require_set(self.mitigations, "mitigations")


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
    id: WireStatementId


class ResponseBody(_Observation, frozen=True, kw_only=True):
    """Another contributor's stance on a finding or relation, from its own evidence."""

    target: Target
    stance: Stance


class CorrectionBody(_Wire, frozen=True, kw_only=True):
    """A new body for one's own finding or relation; exactly one of the two members is not null."""

    target: WireStatementId
    reason: _Code
    finding: FindingBody | None
    relation: RelationBody | None

    def __post_init__(self) -> None:
        if (self.finding is None) == (self.relation is None):
            raise ProtocolError(Code.INCONSISTENT, "a correction carries a finding or a relation, not both or none")


class RetractionBody(_Wire, frozen=True, kw_only=True):
    """Withdraws one's own finding, relation or response."""

    target: WireStatementId
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


class TokenKeyBody(_Wire, frozen=True, kw_only=True):
    """An operator's public key for the person tokens of one epoch (section 11)."""

    epoch: _Epoch
    key: _Key
    """A ristretto255 element (RFC 9496); :mod:`protocol.voprf` says whether it is one."""


class ReplyBody(_Wire, frozen=True, kw_only=True):
    """The subject's own answer to what is said of it, carried by a member (right of reply)."""

    subject: Subject
    """Who replies."""
    targets: Annotated[
        tuple[Target, ...], msgspec.Meta(min_length=1, max_length=MAX_REPLY_TARGETS, extra_json_schema=SET)
    ]
    text: _Reply
    replied: _Date
    """The day of the subject's own letter."""
    verified: _Code
    """How the member made sure that it is the subject who speaks."""
    handling: Handling

    def __post_init__(self) -> None:
        names = [(target.contributor, target.id) for target in self.targets]
        if any(a >= b for a, b in pairwise(names)):
            raise ProtocolError(Code.NON_CANONICAL, "targets is not ascending and free of duplicates")


class ErasureBody(_Wire, frozen=True, kw_only=True):
    """Takes the content of one's own statement, and of its corrections, away from everybody."""

    target: WireStatementId
    indices: Annotated[tuple[_Index, ...], msgspec.Meta(min_length=1, max_length=MAX_ERASED, extra_json_schema=SET)]
    """The entries that lose their content: the target's first, then those of its corrections. They let a member that
    never had the content know why it is not there."""
    reason: _Code

    def __post_init__(self) -> None:
        if any(a >= b for a, b in pairwise(self.indices)):
            raise ProtocolError(Code.NON_CANONICAL, "indices is not ascending and free of duplicates")


class SponsoredBody(_Wire, frozen=True, kw_only=True):
    """A finding of somebody whom the circle does not learn, as its author signed it (clause 4.24)."""

    key: _Key
    """The author's contributor key for this one finding."""
    statement: _SponsoredJws


class AttributionBody(_Wire, frozen=True, kw_only=True):
    """Signs the author's name to one of its statements, in a circle where contributors are pseudonyms."""

    target: WireStatementId


class TokenBody(_Wire, frozen=True, kw_only=True):
    """A person's token beside one's own finding or relation, in a circle whose charter names operators (section 11)."""

    target: WireStatementId
    role: _Code
    epoch: _Epoch
    token: WireDigest


def as_label(name: str) -> str:
    """A registry's or a person's spelling of a name as it may stand in a label (clause 1.8).

    White space becomes single spaces, what is never seen is left out (registries hold dozens of names with zero-width
    spaces), and what is too long is cut. May be empty, which is no label.
    """
    seen = HIDDEN_IN_LINE.sub("", " ".join(name.split()))
    return " ".join(seen.split())[:MAX_LABEL_CHARACTERS].strip()


def require_set(values: tuple[str, ...], name: str) -> None:
    """A set has one spelling on the wire: ascending, each value once (clause 1.6)."""
    if any(a >= b for a, b in pairwise(values)):
        raise ProtocolError(Code.NON_CANONICAL, f"{name} is not ascending and free of duplicates")


def require_past(observed: Period, iat: Timestamp) -> None:
    """Nothing is observed after the day on which it is signed (clause 4.6)."""
    if day_of(observed.end) > iat:
        raise ProtocolError(Code.INCONSISTENT, "the observed period ends after the day of signing")


def day_of(day: date) -> Timestamp:
    """The first second of a UTC day."""
    return Timestamp((day - date(1970, 1, 1)).days * DAY_SECONDS)
