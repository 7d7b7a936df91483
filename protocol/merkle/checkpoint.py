"""Checkpoints: a log's size and root, signed by its contributor (C2SP tlog-checkpoint in a C2SP signed-note).

    hanse/v1/<circle>/<key id>          the origin, which is also the name of the signing key
    <size>
    <root in base64>

    — <origin> <base64 of key hash and signature>

A checkpoint of ours has no extension lines, and one with extension lines is refused: whatever a contributor
signs about its log has one meaning here. Further signature lines must have the form of one, change nothing here, and
are no part of the note that is kept (clause 7.6); :mod:`protocol.merkle.cosignature` reads those of witnesses.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, KeyId
from protocol.keys import SIGNATURE_BYTES, PublicKey, SigningKey
from protocol.limits import MAX_CHECKPOINT_BYTES, MAX_LOG_SIZE, MAX_NOTE_SIGNATURES
from protocol.merkle.hashing import EMPTY_ROOT, HASH_BYTES

_ED25519: Final = b"\x01"
"""The signature type of an Ed25519 key in a signed note."""
_KEY_HASH_BYTES: Final = 4
_SIGNATURE_MARK: Final = "— "
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,12}", re.ASCII)
_BODY_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a contributor says of its log. Cannot hold a size or root that no log has."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not _is_key_name(self.origin):
            raise ProtocolError(Code.BAD_CHECKPOINT, "an origin is a key name: no spaces, no plus, not empty")
        if not 0 <= self.size <= MAX_LOG_SIZE:
            raise ProtocolError(Code.BAD_CHECKPOINT, f"a log has 0 to {MAX_LOG_SIZE} entries")
        if len(self.root) != HASH_BYTES:
            raise ProtocolError(Code.BAD_CHECKPOINT, f"a root has {HASH_BYTES} bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise ProtocolError(Code.BAD_CHECKPOINT, "a log without entries has one root only")

    def text(self) -> str:
        """The signed text (C2SP tlog-checkpoint), with its last newline."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"


def origin(circle: CircleId, key_id: KeyId) -> str:
    """The origin line of a contributor's log in one circle (clause 7.4)."""
    return f"hanse/v1/{circle}/{key_id}"


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """The signed note. Whoever signs must have committed every entry it covers, and never signs two for one size."""
    text = checkpoint.text()
    signed = _key_hash(checkpoint.origin, key.public) + key.sign(text.encode())
    return f"{text}\n".encode() + signature_line(checkpoint.origin, signed)


def open_checkpoint(note: bytes, *, origin: str, key: PublicKey) -> Checkpoint:
    """The checkpoint in a note that ``key`` has signed under the name ``origin`` (clauses 7.4 to 7.6).

    Raises ``TOO_LARGE``, ``BAD_CHECKPOINT`` for what is not a checkpoint of this log, ``BAD_SIGNATURE`` for one
    that the key has not signed. Does not say that it agrees with any other checkpoint: see
    :mod:`protocol.replica`.
    """
    text, signatures = split_note(note)
    checkpoint = _read_text(text)
    if checkpoint.origin != origin:
        raise ProtocolError(Code.BAD_CHECKPOINT, "a checkpoint of another log")
    own_key_hash = _key_hash(origin, key)
    own = [data for name, data in signatures if name == origin and data[:_KEY_HASH_BYTES] == own_key_hash]
    if len(own) != 1 or len(own[0]) != _KEY_HASH_BYTES + SIGNATURE_BYTES:
        raise ProtocolError(Code.BAD_SIGNATURE, f"{len(own)} signatures of {key.key_id}, exactly one is needed")
    if not key.verify(own[0][_KEY_HASH_BYTES:], text.encode()):
        raise ProtocolError(Code.BAD_SIGNATURE, f"the signature of {key.key_id} does not verify")
    return checkpoint


def author_note(note: bytes, *, origin: str, key: PublicKey) -> bytes:
    """The note without the lines of others: what of it is to be kept and passed on (clause 7.6).

    For a note that :func:`open_checkpoint` accepts; it accepts the result as well, with the same meaning.
    """
    text, signatures = split_note(note)
    own_key_hash = _key_hash(origin, key)
    own = (
        signature_line(name, data)
        for name, data in signatures
        if (name, data[:_KEY_HASH_BYTES]) == (origin, own_key_hash)
    )
    return f"{text}\n".encode() + b"".join(own)


def signature_line(name: str, data: bytes) -> bytes:
    """One signature line of a note, with its line feed (C2SP signed-note)."""
    return f"{_SIGNATURE_MARK}{name} {base64.b64encode(data).decode('ascii')}\n".encode()


def split_note(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text with its last newline, and each signature line as key name and bytes (C2SP signed-note)."""
    if len(note) > MAX_CHECKPOINT_BYTES:
        raise ProtocolError(Code.TOO_LARGE, f"a checkpoint has at most {MAX_CHECKPOINT_BYTES} bytes")
    try:
        content = note.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError(Code.BAD_CHECKPOINT, "a note is UTF-8") from error
    text, blank, signatures = content.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise ProtocolError(Code.BAD_CHECKPOINT, "a note is a text, an empty line and signature lines")
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_NOTE_SIGNATURES:
        raise ProtocolError(Code.TOO_LARGE, f"a note has at most {MAX_NOTE_SIGNATURES} signatures")
    return text + "\n", [read_signature(line) for line in lines]


def read_signature(line: str) -> tuple[str, bytes]:
    """Key name and bytes of one signature line without its line feed; unverified. Raises ``BAD_CHECKPOINT``."""
    name, space, encoded = line.removeprefix(_SIGNATURE_MARK).partition(" ")
    if not line.startswith(_SIGNATURE_MARK) or not space or not _is_key_name(name):
        raise ProtocolError(Code.BAD_CHECKPOINT, "not a signature line")
    data = _decode_base64(encoded)
    if len(data) <= _KEY_HASH_BYTES:
        raise ProtocolError(Code.BAD_CHECKPOINT, "a signature line without a signature")
    return name, data


def _read_text(text: str) -> Checkpoint:
    lines = text.split("\n")[:-1]
    if len(lines) != _BODY_LINES:
        raise ProtocolError(Code.BAD_CHECKPOINT, f"a checkpoint has {_BODY_LINES} lines, not {len(lines)}")
    if not _SIZE.fullmatch(lines[1]):
        raise ProtocolError(Code.BAD_CHECKPOINT, "the size is not a number in decimal without leading zeros")
    return Checkpoint(lines[0], int(lines[1]), _decode_base64(lines[2]))


def _decode_base64(text: str) -> bytes:
    """Standard base64 with padding; refuses stray bits, spaces and other alphabets."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError(Code.BAD_CHECKPOINT, "not base64") from error
    if base64.b64encode(data).decode("ascii") != text:
        raise ProtocolError(Code.BAD_CHECKPOINT, "base64 with stray bits")
    return data


def _key_hash(name: str, key: PublicKey) -> bytes:
    """The first bytes of a hash that tells which key signed (C2SP signed-note, section Signatures)."""
    return sha256(f"{name}\n".encode() + _ED25519 + key.raw).digest()[:_KEY_HASH_BYTES]


def _is_key_name(name: str) -> bool:
    """C2SP signed-note: not empty, no spaces, no plus; and no control characters, which a note cannot hold."""
    return bool(name) and "+" not in name and not any(each.isspace() or each < " " for each in name)
