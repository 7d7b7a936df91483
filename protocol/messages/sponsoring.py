"""What two members write to each other about a finding that the one is to publish for the other (clause 12.12)."""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from protocol.canonical import Codec
from protocol.identifiers import (
    MAX_CODE_CHARACTERS,
    PATTERN_128_BITS,
    PATTERN_256_BITS,
    PATTERN_CODE,
    KeyId,
    StatementId,
    VocabularyCode,
    anchored,
)
from protocol.limits import MAX_DISCLOSURE_BYTES, MAX_SPONSORED_BYTES
from protocol.messages.letter import MAX_LETTER_PAYLOAD_BYTES
from protocol.statements import HELD_BACK

_Key: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_Jws: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_SPONSORED_BYTES)]
_Disclosure: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_DISCLOSURE_BYTES)]
_Code: TypeAlias = Annotated[
    VocabularyCode, msgspec.Meta(pattern=anchored(PATTERN_CODE), max_length=MAX_CODE_CHARACTERS)
]
_KeyId: TypeAlias = Annotated[KeyId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_StatementId: TypeAlias = Annotated[StatementId, msgspec.Meta(pattern=anchored(PATTERN_128_BITS))]


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every member is required: an absent member and a null one never mean the same."""


class SponsorAsk(_Wire, frozen=True, kw_only=True, tag_field="act", tag="publish"):
    """Publish this, as it is signed."""

    key: _Key
    statement: _Jws
    disclosures: Annotated[tuple[_Disclosure, ...], msgspec.Meta(max_length=len(HELD_BACK))]
    """The held-back fields, to be given on request; empty where the author gives none away."""


class SponsorTakeBack(_Wire, frozen=True, kw_only=True, tag_field="act", tag="take-back"):
    """Retract, or have erased, what this thread was about."""

    how: Literal["retraction", "erasure"]
    reason: _Code


class SponsorAnswer(_Wire, frozen=True, kw_only=True):
    """What became of it: exactly published, declined or taken back."""

    outcome: Literal["published", "declined", "taken-back"]
    contributor: _KeyId | None
    """Of what was published: the sponsor's log, and the name there that others answer to."""
    statement: _StatementId | None
    reason: _Code | None
    """Of what was declined."""


ASK: Final[Codec[SponsorAsk | SponsorTakeBack]] = Codec(
    SponsorAsk | SponsorTakeBack,  # type: ignore[arg-type]
    max_bytes=MAX_LETTER_PAYLOAD_BYTES,
)
ANSWER: Final = Codec(SponsorAnswer, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
