"""What the letters of a request for information say: asked, talked about, released field by field, declined, withdrawn.

A request asks the contributor of one finding, relation or response for fields that the statement holds back (clause 5).
What is released is a disclosure: the asker verifies it with the digests of the statement that it holds already, so
nobody can answer with something else than what was signed. Letters are :mod:`protocol.messages.letter`'s; the kind of
each and what it does stand in clause 12.6.
"""

from datetime import date
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from protocol.bodies import HELD_BACK, PATTERN_TEXT, SET, Target, WireStatementId, require_set
from protocol.canonical import Codec
from protocol.identifiers import anchored
from protocol.limits import MAX_DISCLOSURE_BYTES
from protocol.messages.letter import MAX_LETTER_PAYLOAD_BYTES

MAX_PURPOSE_CHARACTERS: Final = 2_000
"""What a request is for, in code points: as much as a charter says of its own purpose."""
MAX_BASIS_CHARACTERS: Final = 500
"""The legal basis of a request, in code points: an article and a sentence."""
MAX_MESSAGE_CHARACTERS: Final = 4_000
"""One message of a thread, in code points: two pages; what is longer is a document, and documents do not travel."""

Field: TypeAlias = Literal["contact", "engagement", "evidence", "narrative"]
"""A name of clause 5.1."""
Role: TypeAlias = Literal["officer", "approver", "coordinator", "analyst"]
"""In which function somebody asks. A person's name is not said."""
DeclineReason: TypeAlias = Literal["not-authorised", "confidential", "purpose", "no-longer-held", "other"]

_Fields: TypeAlias = Annotated[
    tuple[Field, ...], msgspec.Meta(min_length=1, max_length=len(HELD_BACK), extra_json_schema=SET)
]
_Purpose: TypeAlias = Annotated[
    str, msgspec.Meta(min_length=1, max_length=MAX_PURPOSE_CHARACTERS, pattern=PATTERN_TEXT)
]
_Basis: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_BASIS_CHARACTERS, pattern=PATTERN_TEXT)]
_Message: TypeAlias = Annotated[
    str, msgspec.Meta(min_length=1, max_length=MAX_MESSAGE_CHARACTERS, pattern=PATTERN_TEXT)
]
_Words: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_MESSAGE_CHARACTERS, pattern=PATTERN_TEXT)]
_Date: TypeAlias = Annotated[date, msgspec.Meta(extra_json_schema={"pattern": anchored("[0-9]{4}-[0-9]{2}-[0-9]{2}")})]
_Disclosure: TypeAlias = Annotated[
    str, msgspec.Meta(min_length=1, max_length=MAX_DISCLOSURE_BYTES, pattern=anchored("[A-Za-z0-9_-]+"))
]


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every member is required: an absent member and a null one never mean the same."""


class Ask(_Wire, frozen=True, kw_only=True):
    """Begins a request: for which fields of which statement, what for, on which legal basis, and until when."""

    target: Target
    fields: _Fields
    purpose: _Purpose
    legal_basis: _Basis
    role: Role
    until: _Date
    """The day by which the asker hopes for an answer."""

    def __post_init__(self) -> None:
        require_set(self.fields, "fields")


class Message(_Wire, frozen=True, kw_only=True):
    """Words of either side."""

    text: _Message


class Remind(_Wire, frozen=True, kw_only=True):
    """The asker still waits."""


class Release(_Wire, frozen=True, kw_only=True):
    """One field, as a disclosure of the statement that now holds the target's content."""

    statement: WireStatementId
    """The target, or the correction of it whose digests prove the field."""
    disclosure: _Disclosure


class Decline(_Wire, frozen=True, kw_only=True):
    """The fields that are not released yet will not be."""

    reason: DeclineReason
    text: _Words


class Withdraw(_Wire, frozen=True, kw_only=True):
    """The asker asks no longer."""


ASK: Final = Codec(Ask, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
MESSAGE: Final = Codec(Message, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
REMIND: Final = Codec(Remind, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
RELEASE: Final = Codec(Release, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
DECLINE: Final = Codec(Decline, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
WITHDRAW: Final = Codec(Withdraw, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
