"""The signature around a statement: a compact JWS with exactly one possible header (RFC 7515, RFC 9864).

The protected header is ``{"alg":"Ed25519","kid":"<thumbprint>","typ":"hanse+jwt"}`` in canonical encoding and
nothing else: no algorithm to negotiate, no key to fetch, no ``crit`` to misunderstand. The bytes that were
received are the bytes that are verified and kept; nothing is ever encoded again to check a signature.
"""

from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Final

import msgspec

from protocol.canonical import encode
from protocol.errors import Code, ProtocolError, words_of
from protocol.identifiers import KeyId, decode_bytes, encode_bytes, parse_key_id
from protocol.keys import SIGNATURE_BYTES, PublicKey, SigningKey
from protocol.limits import MAX_ENTRY_BYTES

STATEMENT_TYPE: Final = "hanse+jwt"
_PARTS: Final = 3


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    kid: str
    typ: str


_HEADERS: Final = msgspec.json.Decoder(_Header)


@dataclass(frozen=True, slots=True)
class UnverifiedStatement:
    """A well-formed JWS whose signature nobody has checked. Its payload must not be believed."""

    jws: bytes
    key_id: KeyId
    payload: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """A JWS that the key it names has signed. Made by :func:`verify` alone.

    Says nothing of what the payload means (:func:`protocol.statements.read`) or whether it stands in a log
    (:mod:`protocol.replica`).
    """

    jws: bytes
    key_id: KeyId
    payload: bytes


def sign(payload: bytes, key: SigningKey, *, typ: str = STATEMENT_TYPE) -> bytes:
    """Compact JWS over ``payload`` (RFC 7515 section 7.1), as ASCII bytes."""
    header = encode({"alg": "Ed25519", "kid": key.public.key_id, "typ": typ})
    signing_input = f"{encode_bytes(header)}.{encode_bytes(payload)}".encode("ascii")
    return signing_input + b"." + encode_bytes(key.sign(signing_input)).encode("ascii")


def parse(jws: bytes, *, typ: str = STATEMENT_TYPE, max_bytes: int = MAX_ENTRY_BYTES) -> UnverifiedStatement:
    """Take a compact JWS apart (clauses 3.1 to 3.5); raises ``TOO_LARGE``, ``MALFORMED``, ``BAD_HEADER``.

    Checks form only: not the signature, not the payload.
    """
    if len(jws) > max_bytes:
        raise ProtocolError(Code.TOO_LARGE, f"a JWS of {len(jws)} bytes, at most {max_bytes} are allowed")
    try:
        parts = jws.decode("ascii").split(".")
    except UnicodeDecodeError as error:
        raise ProtocolError(Code.MALFORMED, "a compact JWS is ASCII") from error
    if len(parts) != _PARTS:
        raise ProtocolError(Code.MALFORMED, f"a compact JWS has {_PARTS} parts, not {len(parts)}")
    key_id = _read_header(decode_bytes(parts[0]), typ)
    signature = decode_bytes(parts[2])
    if len(signature) != SIGNATURE_BYTES:
        raise ProtocolError(Code.MALFORMED, f"an Ed25519 signature has {SIGNATURE_BYTES} bytes, not {len(signature)}")
    return UnverifiedStatement(jws, key_id, decode_bytes(parts[1]), signature)


def known_payload(jws: bytes) -> bytes:
    """The payload of a JWS that was verified before it was stored: a third of the work of :func:`parse`.

    Checks nothing; raises ``MALFORMED`` where there is none to be read.
    """
    try:
        _, payload, _ = jws.split(b".")
        return urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
    except ValueError as error:
        raise ProtocolError(Code.MALFORMED, "a stored JWS that cannot be taken apart") from error


def verify(statement: UnverifiedStatement, key: PublicKey) -> VerifiedStatement:
    """Check the signature against the one key that may have made it; raises ``WRONG_KEY``, ``BAD_SIGNATURE``."""
    if statement.key_id != key.key_id:
        raise ProtocolError(Code.WRONG_KEY, f"signed by {statement.key_id}, expected {key.key_id}")
    if not key.verify(statement.signature, statement.jws[: statement.jws.rindex(b".")]):
        raise ProtocolError(Code.BAD_SIGNATURE, f"the signature of {key.key_id} does not verify")
    return VerifiedStatement(statement.jws, statement.key_id, statement.payload)


def _read_header(data: bytes, typ: str) -> KeyId:
    try:
        header = _HEADERS.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(Code.BAD_HEADER, f"the protected header: {words_of(error)}") from error
    if header.alg != "Ed25519":
        raise ProtocolError(Code.BAD_HEADER, "alg is not exactly Ed25519")
    if header.typ != typ:
        raise ProtocolError(Code.BAD_HEADER, f"typ is not exactly {typ}")
    if encode(header) != data:
        raise ProtocolError(Code.BAD_HEADER, "the protected header is not in canonical encoding")
    return parse_key_id(header.kid)
