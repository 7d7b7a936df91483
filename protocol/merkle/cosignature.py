"""Cosignatures: a member's dated word that it has seen a log at a checkpoint (C2SP tlog-cosignature, cosignature/v1).

A cosignature is one more signature line in the note of a checkpoint. Its name is the origin of the witness's own log
in the same circle, which says whose word it is and for which circle::

    — hanse/v1/<circle>/<witness> <base64 of key hash, time and signature>

What is signed is the text of the checkpoint below a line with the time, so no cosignature can be read as a checkpoint
or the other way round. A witness says with it: this log, at this size, was this, when I looked, and it continued
everything of it that I had accepted before.

A line that does not verify says nothing and harms nothing: whoever relays a note could have put it there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, KeyId
from protocol.keys import SIGNATURE_BYTES, PublicKey, SigningKey
from protocol.limits import MAX_COSIGNATURES
from protocol.merkle.checkpoint import origin, read_signature, signature_line, split_note
from protocol.statements import Timestamp

_COSIGNATURE_V1: Final = b"\x04"
"""The signature type of a timestamped Ed25519 cosignature in a signed note."""
_KEY_HASH_BYTES: Final = 4
_TIME_BYTES: Final = 8
_COSIGNATURE_BYTES: Final = _KEY_HASH_BYTES + _TIME_BYTES + SIGNATURE_BYTES
MAX_TIME: Final = 253_402_300_799
"""Seconds: the last one of the year 9999. A later one is no time at which anybody has seen anything."""


@dataclass(frozen=True, slots=True, order=True)
class Cosignature:
    """``witness`` has seen the checkpoint at ``time``, by its own clock. Made by :func:`open_cosignatures` alone."""

    witness: KeyId
    time: Timestamp
    line: bytes
    """As it stands in a note, with its line feed."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """Who has cosigned a note: at most one cosignature for each witness, in the order of witnesses."""

    cosignatures: tuple[Cosignature, ...]
    refused: int
    """Lines in the name of a member that are not its cosignature. Whoever relayed them is to blame, or a bad copy."""


def cosign(note: bytes, key: SigningKey, *, circle: CircleId, time: Timestamp) -> bytes:
    """The line by which the contributor ``key`` says that it has accepted this checkpoint (clause 7.11).

    The caller has opened the note and accepted what it covers. Other cosignatures in it are not vouched for.
    """
    text, _ = split_note(note)
    name = origin(circle, key.public.key_id)
    signature = key.sign(_signed_bytes(text, time))
    return signature_line(name, _key_hash(name, key.public) + time.to_bytes(_TIME_BYTES, "big") + signature)


def open_cosignatures(note: bytes, *, circle: CircleId, witnesses: Mapping[KeyId, PublicKey]) -> Witnessed:
    """The cosignatures of these witnesses in a note that :func:`open_checkpoint` accepts (clauses 7.6 and 7.12).

    The author of a log is no witness of it: leave its key out. Of two lines by one witness the later one counts.
    """
    text, lines = split_note(note)
    names = {origin(circle, key_id): key for key_id, key in witnesses.items()}
    found: dict[KeyId, Cosignature] = {}
    refused = 0
    for name, data in lines:
        key = names.get(name)
        if key is None:
            continue
        time = _time_of(name, data, text, key)
        if time is None:
            refused += 1
        elif key.key_id not in found or found[key.key_id].time < time:
            found[key.key_id] = Cosignature(key.key_id, time, signature_line(name, data))
    return Witnessed(tuple(found[witness] for witness in sorted(found)), refused)


def with_cosignatures(note: bytes, lines: Iterable[bytes]) -> bytes:
    """An author's note with these cosignatures below it, at most ``MAX_COSIGNATURES``: the first ones.

    Raises ``BAD_CHECKPOINT`` for what is not a signature line.
    """
    chosen = list(lines)[:MAX_COSIGNATURES]
    for line in chosen:
        if not line.endswith(b"\n"):
            raise ProtocolError(Code.BAD_CHECKPOINT, "a signature line ends with a line feed")
        read_signature(line[:-1].decode("utf-8", "replace"))
    return note + b"".join(chosen)


def _time_of(name: str, data: bytes, text: str, key: PublicKey) -> Timestamp | None:
    """When ``key`` cosigned, or None if it did not sign this."""
    if len(data) != _COSIGNATURE_BYTES or data[:_KEY_HASH_BYTES] != _key_hash(name, key):
        return None
    time = Timestamp(int.from_bytes(data[_KEY_HASH_BYTES : _KEY_HASH_BYTES + _TIME_BYTES], "big"))
    if not 0 < time <= MAX_TIME:
        return None
    return time if key.verify(data[-SIGNATURE_BYTES:], _signed_bytes(text, time)) else None


def _signed_bytes(text: str, time: Timestamp) -> bytes:
    """C2SP tlog-cosignature, section Ed25519 signed message."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _key_hash(name: str, key: PublicKey) -> bytes:
    """C2SP tlog-cosignature: as in a signed note, with the type byte of a cosignature."""
    return sha256(f"{name}\n".encode() + _COSIGNATURE_V1 + key.raw).digest()[:_KEY_HASH_BYTES]
