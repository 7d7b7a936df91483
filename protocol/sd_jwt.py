"""Held-back fields: flat selective disclosure (RFC 9901) with a fixed set of names.

A statement carries, in ``_sd``, one digest for each name of :data:`protocol.statements.HELD_BACK`, whether or
not the author has something to say there: the number of digests tells nothing. A disclosure is the text
``base64url(["<salt>","<name>",<value>])``; its digest is SHA-256 over that text (RFC 9901 section 4.2.3). Given
the text, anyone who already holds the statement can check it; without it the salt keeps the value from being
guessed.

Flat means: digests stand at the top level only, a value never holds digests, and nothing is disclosed inside an
array. What RFC 9901 lets a verifier pass over (a disclosure that no digest refers to, an unknown name) is
refused here (clauses 5.1 to 5.6). Key binding is not used: requests between nodes are signed.

What is not checked here: whether the requester may have the field (the node's decision), and the signature
(:mod:`protocol.envelope`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from protocol.canonical import JsonValue, decode_value, encode, json_value
from protocol.errors import Code, Fault, ProtocolError
from protocol.identifiers import Digest, decode_bytes, encode_bytes
from protocol.limits import MAX_DISCLOSURE_BYTES, MAX_PRESENTATION_BYTES
from protocol.statements import HELD_BACK

SALT_BYTES: Final = 16
"""128 bits, as RFC 9901 section 9.3 recommends: a held-back value may be one of a handful of words."""

_ELEMENTS: Final = 3
_RESERVED: Final = frozenset({"_sd", "...", "_sd_alg"})
_SEPARATOR: Final = b"~"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One held-back field in the form in which it is given to a requester. Made by :func:`disclose`."""

    name: str
    salt: str
    value: JsonValue
    encoded: str
    """Base64url text: what is hashed, kept and sent."""


def disclose(name: str, value: JsonValue, *, salt: bytes) -> Disclosure:
    """A disclosure of our own; ``salt`` is 16 fresh random bytes, never used twice.

    Refuses whatever :func:`verify` would refuse, with ``BAD_DISCLOSURE`` and the fault on our side.
    """
    text = encode_bytes(salt)
    try:
        encoded = encode_bytes(encode([text, name, json_value(value)]))
        _read(encoded)
    except ProtocolError as error:
        raise _refusal(error.detail, fault=Fault.OURS) from error
    return Disclosure(name, text, value, encoded)


def digests(disclosures: Iterable[Disclosure]) -> tuple[Digest, ...]:
    """The ``_sd`` of a statement: ascending, for exactly the names of ``HELD_BACK`` (clause 5.2)."""
    given = tuple(disclosures)
    if sorted(disclosure.name for disclosure in given) != list(HELD_BACK):
        raise _refusal(f"exactly {', '.join(HELD_BACK)} are held back, each once", fault=Fault.OURS)
    return tuple(sorted(_digest(disclosure.encoded) for disclosure in given))


def verify(sd: tuple[Digest, ...], encoded: Iterable[str]) -> dict[str, JsonValue]:
    """The disclosed fields by name, each proved by a digest of the statement's ``_sd``.

    Raises ``BAD_DISCLOSURE`` if any single one is not what the author signed: what is proved is all or nothing.
    """
    fields: dict[str, JsonValue] = {}
    for text in encoded:
        name, value = _read(text)
        if _digest(text) not in sd:
            raise _refusal(f"no digest of the statement refers to this {name}")
        if name in fields:
            raise _refusal(f"{name} is disclosed twice")
        fields[name] = value
    return fields


def presentation(jws: bytes, encoded: Iterable[str]) -> bytes:
    """``<jws>~<disclosure>~…~`` (RFC 9901 section 4), for any SD-JWT library to verify."""
    return _SEPARATOR.join([jws, *(text.encode("ascii") for text in encoded), b""])


def parse_presentation(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The JWS and the disclosures of a presentation, neither of them verified (clause 5.6)."""
    if len(data) > MAX_PRESENTATION_BYTES:
        raise ProtocolError(Code.TOO_LARGE, f"{len(data)} bytes, at most {MAX_PRESENTATION_BYTES} are allowed")
    try:
        jws, *encoded, last = data.decode("ascii").split("~")
    except UnicodeDecodeError as error:
        raise _refusal("a presentation is ASCII") from error
    except ValueError as error:
        raise _refusal("a presentation ends in a tilde") from error
    if last:
        raise _refusal("a presentation ends in a tilde; key binding is not used")
    if len(encoded) > len(HELD_BACK):
        raise _refusal(f"{len(encoded)} disclosures, at most {len(HELD_BACK)} are allowed")
    return jws.encode("ascii"), tuple(encoded)


def _read(text: str) -> tuple[str, JsonValue]:
    """Name and value of one disclosure, by its form alone (clauses 5.3 to 5.5)."""
    if len(text) > MAX_DISCLOSURE_BYTES:
        raise _refusal(f"{len(text)} bytes, at most {MAX_DISCLOSURE_BYTES} are allowed")
    try:
        elements = decode_value(decode_bytes(text), max_bytes=MAX_DISCLOSURE_BYTES)
    except ProtocolError as error:
        raise _refusal(error.detail) from error
    match elements:
        case [str(salt), str(name), value]:
            _check_salt(salt)
        case _:
            raise _refusal(f"an object property's disclosure is an array of {_ELEMENTS}: salt, name, value")
    if name not in HELD_BACK:
        raise _refusal("a name that is not among the held-back fields")
    if _mentions_reserved(value):
        raise _refusal("a disclosed value that holds digests of its own")
    return name, value


def _check_salt(salt: str) -> None:
    try:
        length = len(decode_bytes(salt))
    except ProtocolError as error:
        raise _refusal("a salt that is not base64url") from error
    if length != SALT_BYTES:
        raise _refusal(f"a salt has {SALT_BYTES} bytes, not {length}")


def _mentions_reserved(value: JsonValue) -> bool:
    match value:
        case dict():
            return not _RESERVED.isdisjoint(value) or any(map(_mentions_reserved, value.values()))
        case list():
            return any(map(_mentions_reserved, value))
        case str() | int() | None:  # pragma: no branch - the union is closed
            return False


def _digest(encoded: str) -> Digest:
    return Digest(encode_bytes(sha256(encoded.encode("ascii")).digest()))


def _refusal(detail: str, *, fault: Fault = Fault.PEER) -> ProtocolError:
    return ProtocolError(Code.BAD_DISCLOSURE, detail, fault=fault)
