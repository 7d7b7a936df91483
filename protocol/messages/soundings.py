"""Soundings: has anyone experience with this partner? Counted so that nobody learns who said yes.

Each member holds one bit: yes, or anything else (no, never asked, not decided, does not take part). It splits the bit
into two shares modulo 1,024 that are random alone, and sends one to each of two *tally* members. A tally member that
has added up what it got has a random number. The first writes down, for each of the 1,024 numbers that the second may
have, what the answer would then be; it locks each of these entries with a key that a common seed gives, and turns the
table by an offset that the seed gives too. It sends the table to the asker. The second sends the asker one key, and
the turned place that it opens. So the asker opens one entry, at a place that is random, and reads one of three answers
(:class:`Outcome`); all the rest stays locked. (This is private simultaneous messages, by a table: Feige, Kilian and
Naor, 1994.)

What each learns, if it keeps to the protocol and is curious: the asker, the answer; a tally member, nothing; another
member, that it was asked. Two who put together what they have: both tally members learn every bit; the asker and one
tally member learn how many bits were yes, and not whose. The functions here are pure; clauses 12.7 to 12.11.
"""

import hmac
from collections.abc import Collection, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Final, TypeAlias

import msgspec

from protocol.bodies import PATTERN_LINE, PATTERN_TEXT, SET, Subject, require_set
from protocol.canonical import Codec
from protocol.errors import Code, ProtocolError
from protocol.identifiers import (
    PATTERN_128_BITS,
    PATTERN_256_BITS,
    CircleId,
    KeyId,
    SubjectId,
    anchored,
    decode_bytes,
    encode_bytes,
)
from protocol.messages.letter import MAX_LETTER_PAYLOAD_BYTES
from protocol.messages.requests import MAX_MESSAGE_CHARACTERS, MAX_PURPOSE_CHARACTERS
from protocol.statements import DAY_SECONDS, Timestamp

MODULUS: Final = 1_024
"""Shares are numbers modulo this: more than the members of the largest circle (1,000), so that no count wraps."""
ENTRY_BYTES: Final = 16
"""One entry of a table: a byte of answer, and fifteen that show whether the key is its own."""
SEED_BYTES: Final = 32
"""What the first tally member draws for a table: 256 bits."""
PERIOD_DAYS: Final = 90
"""Which members are tally members for an asker and a subject changes after so many days, and no sooner: an asker cannot
try until two come up that it has an understanding with. In a period there is one sounding of a kind."""
MIN_OPEN_SECONDS: Final = 3_600
"""The least time from when a sounding is asked until it closes, in seconds: it has to reach everybody before."""
MAX_OPEN_SECONDS: Final = 30 * DAY_SECONDS
"""The most, in seconds: what a person decided longer ago would be forgotten."""
MIN_COUNTED_PERMILLE: Final = 667
"""Of the members other than the asker, so many in a thousand must have been counted, or there is no answer: who asks
only some, or keeps the shares of others away, learns nothing."""

MAX_MAILBOX_CHARACTERS: Final = 254
"""The longest e-mail address (RFC 5321, section 4.5.3.1.3, without its angle brackets)."""

_Share: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MODULUS - 1)]
_Digits: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored("0[0-9]{3}|10[01][0-9]|102[0-3]"))]
"""A share in four digits: letters with shares are all of one length."""
_Key: TypeAlias = Annotated[KeyId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_Members: TypeAlias = Annotated[tuple[_Key, ...], msgspec.Meta(max_length=MODULUS - 1, extra_json_schema=SET)]
_Seed: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_Entry: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored(PATTERN_128_BITS))]
_Purpose: TypeAlias = Annotated[
    str, msgspec.Meta(min_length=1, max_length=MAX_PURPOSE_CHARACTERS, pattern=PATTERN_TEXT)
]
_Words: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_MESSAGE_CHARACTERS, pattern=PATTERN_TEXT)]
_Mailbox: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_MAILBOX_CHARACTERS, pattern=PATTERN_LINE)]
_Second: TypeAlias = Annotated[Timestamp, msgspec.Meta(ge=0, le=253_402_300_799)]


class Outcome(StrEnum):
    """What an asker can learn. One yes alone looks like none, so nobody is given away by being the only one."""

    AT_LEAST_K = "at-least-k"
    """k members or more, k being the circle's threshold."""
    SOME = "some"
    """At least two, and fewer than k."""
    NO_ANSWER_YET = "no-answer-yet"
    """None, or one."""


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every member is required: an absent member and a null one never mean the same."""


class Sound(_Wire, frozen=True, kw_only=True):
    """Asks a member; the same words go to every member of the circle."""

    subject: Subject
    purpose: _Purpose
    wants_contact: bool
    """Whether those who have experience are asked to come forward."""
    tally: tuple[_Key, _Key]
    """The identities of the two tally members, in their order: a receiver that finds others refuses."""
    asked: _Second
    closes: _Second
    """When every member sends its shares, whatever it has decided by then: the time tells nothing."""

    def __post_init__(self) -> None:
        if not MIN_OPEN_SECONDS <= self.closes - self.asked <= MAX_OPEN_SECONDS:
            raise ProtocolError(Code.BAD_VALIDITY, "a sounding is open for an hour to thirty days")
        if self.tally[0] == self.tally[1]:
            raise ProtocolError(Code.INCONSISTENT, "the two tally members are two")


class Share(_Wire, frozen=True, kw_only=True):
    """One of a member's two shares, for one of the two tally members. ``asker``: identity of whose sounding it is."""

    asker: _Key
    share: _Digits


class Counted(_Wire, frozen=True, kw_only=True):
    """Whose shares a tally member has, said to the other one. Only the first one's seed is used."""

    asker: _Key
    members: _Members
    """Identities, ascending."""
    seed: _Seed

    def __post_init__(self) -> None:
        require_set(self.members, "members")


class Table(_Wire, frozen=True, kw_only=True):
    """What the first tally member sends the asker."""

    counted: Annotated[int, msgspec.Meta(ge=0, le=MODULUS - 1)]
    """How many members' shares are in it, of whatever kind. None: too few for an answer, and no entries."""
    entries: Annotated[tuple[_Entry, ...], msgspec.Meta(max_length=MODULUS)]

    def __post_init__(self) -> None:
        if len(self.entries) != (MODULUS if self.counted else 0):
            raise ProtocolError(Code.INCONSISTENT, f"a table has {MODULUS} entries, or none where nothing was counted")


class Entry(_Wire, frozen=True, kw_only=True):
    """What the second tally member sends the asker: the one entry that may be opened, and its key."""

    counted: Annotated[int, msgspec.Meta(ge=0, le=MODULUS - 1)]
    place: _Share
    key: _Entry


class Contact(_Wire, frozen=True, kw_only=True):
    """Somebody comes forward to the asker, of its own free will."""

    text: _Words
    contact: _Mailbox
    """The mailbox of an office, or empty; never a person's."""


SOUND: Final = Codec(Sound, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
SHARE: Final = Codec(Share, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
COUNTED: Final = Codec(Counted, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
TABLE: Final = Codec(Table, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
ENTRY: Final = Codec(Entry, max_bytes=MAX_LETTER_PAYLOAD_BYTES)
CONTACT: Final = Codec(Contact, max_bytes=MAX_LETTER_PAYLOAD_BYTES)

_TALLY: Final = "hanse/v1/sounding-tally"
_PLACE: Final = b"hanse/v1/sounding-place"
_ENTRY: Final = b"hanse/v1/sounding-entry"
_OUTCOMES: Final = tuple(Outcome)
_PROOF: Final = bytes(ENTRY_BYTES - 1)


def tally_members(
    circle: CircleId, asker: KeyId, subject: SubjectId, asked: Timestamp, members: Collection[KeyId]
) -> tuple[KeyId, KeyId]:
    """The two identities that count, of those that are members and not the asker (clause 12.8).

    Raises ``INCONSISTENT`` where there are fewer than two.
    """
    period = asked // (PERIOD_DAYS * DAY_SECONDS)
    about = f"{_TALLY}\n{circle}\n{asker}\n{subject}\n{period}\n"
    drawn = sorted(set(members) - {asker}, key=lambda each: sha256(f"{about}{each}".encode()).digest())
    match drawn:
        case [first, second, *_]:
            return first, second
        case _:
            raise ProtocolError(Code.INCONSISTENT, "a sounding needs two members besides the asker")


def least_counted(k: int, others: int) -> int:
    """How many of ``others`` must be counted for an answer: more than k, and two thirds (clause 12.10)."""
    return max(k + 1, -(-others * MIN_COUNTED_PERMILLE // 1_000))


def split(bit: int, random: int) -> tuple[int, int]:
    """Two shares of a bit; ``random`` is drawn anew from 0 to MODULUS - 1, and tells nothing alone."""
    return random, (bit - random) % MODULUS


def outcome_of(count: int, k: int) -> Outcome:
    """What is said of a number of yeses (clause 12.10)."""
    if count >= k:
        return Outcome.AT_LEAST_K
    return Outcome.SOME if count > 1 else Outcome.NO_ANSWER_YET


def table(shares: Sequence[int], k: int, seed: bytes) -> tuple[str, ...]:
    """The entries that the first tally member sends, for the shares it was given."""
    total, shift = sum(shares) % MODULUS, _shift(seed)
    entries = [b""] * MODULUS
    for other in range(MODULUS):
        outcome = _OUTCOMES.index(outcome_of((total + other) % MODULUS, k))
        plain = bytes([outcome]) + _PROOF
        entries[(other + shift) % MODULUS] = _xor(plain, _pad(seed, other))
    return tuple(encode_bytes(entry) for entry in entries)


def entry(shares: Sequence[int], seed: bytes) -> tuple[int, str]:
    """The place and key that the second tally member sends."""
    total = sum(shares) % MODULUS
    return (total + _shift(seed)) % MODULUS, encode_bytes(_pad(seed, total))


def open_entry(entries: Sequence[str], place: int, key: str) -> Outcome:
    """What the asker reads; raises ``INCONSISTENT`` where key and entry do not belong together."""
    locked, opens = decode_bytes(entries[place]), decode_bytes(key)
    plain = _xor(locked, opens) if len(locked) == len(opens) == ENTRY_BYTES else b""
    if plain[1:] != _PROOF or plain[0] >= len(_OUTCOMES):
        raise ProtocolError(Code.INCONSISTENT, "the key does not open the entry")
    return _OUTCOMES[plain[0]]


def _shift(seed: bytes) -> int:
    # 256 bits modulo a power of two: every place is as likely as every other.
    return int.from_bytes(hmac.digest(seed, _PLACE, "sha256"), "big") % MODULUS


def _pad(seed: bytes, number: int) -> bytes:
    return hmac.digest(seed, _ENTRY + number.to_bytes(2, "big"), "sha256")[:ENTRY_BYTES]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
