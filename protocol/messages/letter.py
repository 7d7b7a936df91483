"""Letters: what one member says to one other, and to nobody else.

A letter is a compact JWS of type ``hanse-letter+jwt`` by a contributor key. It stands in no log and nobody relays it:
it goes over a signed request straight to the member that it names, or waits until that member asks for it, so that
either side alone may be the one that can begin a connection. What its ``kind`` says is in ``body``, whose form is the
kind's own (:mod:`protocol.messages.requests`, :mod:`protocol.messages.soundings`).

What is not checked here: whether the key is a member's and the receiver is meant, and whether the letter came before
(clauses 12.3 and 12.4).
"""

from collections.abc import Collection, Mapping
from typing import Annotated, Final, Literal, NewType, TypeAlias

import msgspec

from protocol import envelope
from protocol.canonical import Codec, decode_value
from protocol.envelope import UnverifiedStatement
from protocol.errors import Code, ProtocolError
from protocol.identifiers import (
    MAX_CODE_CHARACTERS,
    PATTERN_128_BITS,
    PATTERN_256_BITS,
    PATTERN_CODE,
    CircleId,
    KeyId,
    VocabularyCode,
    anchored,
)
from protocol.keys import PublicKey, SigningKey
from protocol.limits import MAX_CLOCK_SKEW_SECONDS, MAX_REQUEST_BYTES
from protocol.statements import DAY_SECONDS, Timestamp

LETTER_TYPE: Final = "hanse-letter+jwt"

MAX_LETTER_BYTES: Final = 98_304
"""One letter as a JWS, in bytes: the longest held-back field, disclosed, in base64url once more."""
MAX_LETTER_PAYLOAD_BYTES: Final = 73_216
"""One letter's JSON, in bytes: a disclosure of 65,536 and what stands around it."""
MAX_LETTER_DAYS: Final = 60
"""Longest life of a letter, in days: a receiver remembers for so long that it has had it."""
MAX_LETTERS: Final = 64
"""Letters in one exchange; what is left waits for the next."""
MAX_LETTERS_BYTES: Final = MAX_REQUEST_BYTES
"""Letters of one exchange, in bytes: thirteen of the longest, or hundreds of what people write."""
MAX_RECEIPT_BYTES: Final = 16_384
"""What became of the letters of one exchange, in bytes: a name and the longest code for each, and some more."""

LetterId = NewType("LetterId", str)
"""128 random bits, 22 characters; unique for its author."""
ThreadId = NewType("ThreadId", str)
"""128 random bits, 22 characters: the letters of one exchange between two members carry one of them."""

_Id: TypeAlias = Annotated[LetterId, msgspec.Meta(pattern=anchored(PATTERN_128_BITS))]
_Thread: TypeAlias = Annotated[ThreadId, msgspec.Meta(pattern=anchored(PATTERN_128_BITS))]
_Key: TypeAlias = Annotated[KeyId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_Circle: TypeAlias = Annotated[CircleId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_Kind: TypeAlias = Annotated[
    VocabularyCode, msgspec.Meta(pattern=anchored(PATTERN_CODE), max_length=MAX_CODE_CHARACTERS)
]
_Second: TypeAlias = Annotated[Timestamp, msgspec.Meta(ge=0, le=253_402_300_799)]
_Body: TypeAlias = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every member is required: an absent member and a null one never mean the same."""


class Letter(_Wire, frozen=True, kw_only=True):
    """What a letter says. Its author is the key that has signed it."""

    v: Literal[1]
    id: _Id
    circle: _Circle
    to: _Key
    """The contributor key of the member that it is for."""
    iat: _Second
    """When it was signed. Letters carry seconds: nobody but their receiver reads them."""
    exp: _Second
    """From when on it is not delivered, and not taken."""
    kind: _Kind
    thread: _Thread
    body: _Body
    """Canonical bytes of an object; what it has to hold is for the kind to say."""

    def __post_init__(self) -> None:
        if not self.iat < self.exp <= self.iat + MAX_LETTER_DAYS * DAY_SECONDS:
            raise ProtocolError(Code.BAD_VALIDITY, f"a letter lives up to {MAX_LETTER_DAYS} days")
        body = decode_value(bytes(self.body), max_bytes=MAX_LETTER_PAYLOAD_BYTES)
        if not isinstance(body, dict):
            raise ProtocolError(Code.MALFORMED, "the body of a letter is an object")


class Receipt(_Wire, frozen=True, kw_only=True):
    """What became of letters at their receiver: taken for good, or refused for good with a code."""

    v: Literal[1]
    taken: Annotated[tuple[_Id, ...], msgspec.Meta(max_length=MAX_LETTERS, extra_json_schema={"uniqueItems": True})]
    """Ascending. A letter that came before counts as taken again."""
    refused: Annotated[dict[_Id, _Kind], msgspec.Meta(max_length=MAX_LETTERS)]

    def __post_init__(self) -> None:
        if sorted(set(self.taken)) != list(self.taken):
            raise ProtocolError(Code.NON_CANONICAL, "identifiers of letters are ascending, each once")
        if not self.refused.keys().isdisjoint(self.taken):
            raise ProtocolError(Code.INCONSISTENT, "a letter is taken or refused")


NOTHING_HANDLED: Final = Receipt(v=1, taken=(), refused={})
_LETTER: Final = Codec(Letter, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
_RECEIPT: Final = Codec(Receipt, max_bytes=MAX_RECEIPT_BYTES)


def encode_letter(letter: Letter) -> bytes:
    """Canonical bytes of what is to be signed; refuses whatever :func:`open_letter` would refuse."""
    return _LETTER.encode(letter)


def sign_letter(payload: bytes, key: SigningKey) -> bytes:
    """What :func:`encode_letter` gave as a JWS. Ed25519 is deterministic: one payload and key give one letter."""
    return envelope.sign(payload, key, typ=LETTER_TYPE)


def parse_letter(jws: bytes) -> UnverifiedStatement:
    """A letter by its form (clause 12.1): whose key it names, and nothing that may be believed."""
    return envelope.parse(jws, typ=LETTER_TYPE, max_bytes=MAX_LETTER_BYTES)


def open_letter(unverified: UnverifiedStatement, key: PublicKey, circle: CircleId) -> Letter:
    """What the holder of ``key`` says in this circle (clauses 12.1 and 12.2); when, :func:`require_current` checks.

    Raises what :func:`protocol.envelope.verify` and the codec raise, and ``WRONG_CIRCLE``.
    """
    letter = _LETTER.decode(envelope.verify(unverified, key).payload)
    if letter.circle != circle:
        raise ProtocolError(Code.WRONG_CIRCLE, "a letter of another circle")
    return letter


def require_current(letter: Letter, now: Timestamp) -> None:
    """Raise ``FUTURE_DATED`` or ``EXPIRED`` for a letter that may not be taken now (clause 12.2)."""
    if letter.iat > now + MAX_CLOCK_SKEW_SECONDS:
        raise ProtocolError(Code.FUTURE_DATED, "a letter that is signed in the future")
    if letter.exp <= now:
        raise ProtocolError(Code.EXPIRED, "a letter that has run out")


def encode_letters(letters: Collection[bytes]) -> bytes:
    """Letters as they go over the line: one after the other, each with a line feed."""
    if len(letters) > MAX_LETTERS:
        raise ProtocolError(Code.TOO_LARGE, f"{len(letters)} letters, at most {MAX_LETTERS} go in one exchange")
    data = b"".join(letter + b"\n" for letter in letters)
    if len(data) > MAX_LETTERS_BYTES:
        raise ProtocolError(Code.TOO_LARGE, f"{len(data)} bytes, at most {MAX_LETTERS_BYTES} go in one exchange")
    return data


def decode_letters(data: bytes) -> tuple[bytes, ...]:
    """The letters of one exchange (clause 12.3), none of them looked at."""
    if len(data) > MAX_LETTERS_BYTES:
        raise ProtocolError(Code.TOO_LARGE, f"{len(data)} bytes, at most {MAX_LETTERS_BYTES} are allowed")
    *letters, rest = data.split(b"\n")
    if rest:
        raise ProtocolError(Code.MALFORMED, "each letter is ended by a line feed")
    if len(letters) > MAX_LETTERS:
        raise ProtocolError(Code.TOO_LARGE, f"{len(letters)} letters, at most {MAX_LETTERS} are allowed")
    return tuple(letters)


def receipt(outcomes: Mapping[LetterId, VocabularyCode | None]) -> Receipt:
    """What is answered: for each letter the code of its refusal, or none where it was taken."""
    taken = sorted(each for each, code in outcomes.items() if code is None)
    refused = {each: code for each, code in outcomes.items() if code is not None}
    return Receipt(v=1, taken=tuple(taken), refused=refused)


def encode_receipt(handled: Receipt) -> bytes:
    """Canonical bytes; refuses whatever :func:`decode_receipt` would refuse."""
    return _RECEIPT.encode(handled)


def decode_receipt(data: bytes) -> Receipt:
    """A receipt by its form (clause 12.3)."""
    return _RECEIPT.decode(data)
