"""Identifiers: parsed once, into types that cannot be wrong. Nobody checks them again.

Binary identifiers are base64url without padding (RFC 4648 section 5) of a fixed number of bytes, and their
last character carries no stray bits, so that one value has one spelling. Clause numbers refer to
``docs/protocol.md``. An identifier type is a ``NewType`` over ``str``: made only by the ``parse_*`` function
beside it or by :mod:`protocol.canonical` decoding a wire type that carries the same pattern.
"""

import base64
import binascii
import re
from typing import Final, NewType

from protocol.errors import Code, ProtocolError

StatementId = NewType("StatementId", str)
"""128 random bits, 22 characters. Unique inside one log; never derived from a local case reference."""
CircleId = NewType("CircleId", str)
"""SHA-256 of the charter, 43 characters."""
KeyId = NewType("KeyId", str)
"""RFC 7638 thumbprint (SHA-256) of an Ed25519 key, 43 characters."""
Digest = NewType("Digest", str)
"""SHA-256 of something, 43 characters."""
SubjectId = NewType("SubjectId", str)
"""``ror:`` + 9 characters, ``lei:`` + 20 characters, or ``circle:`` + 22 characters (128 random bits)."""
VocabularyCode = NewType("VocabularyCode", str)
"""An entry of a vocabulary: lower-case words joined by hyphens."""
Pseudonym = NewType("Pseudonym", str)
"""What people read instead of a contributor's name; see :mod:`protocol.pseudonyms`."""

# The last character of n bytes in base64url carries 2 or 4 significant bits, hence the short final class.
PATTERN_128_BITS: Final = r"[A-Za-z0-9_-]{21}[AQgw]"
PATTERN_256_BITS: Final = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
PATTERN_CODE: Final = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
MAX_CODE_CHARACTERS: Final = 64
PATTERN_SUBJECT: Final = (
    rf"(ror:0[a-hj-km-np-tv-z0-9]{{6}}[0-9]{{2}}|lei:[0-9A-Z]{{18}}[0-9]{{2}}|circle:{PATTERN_128_BITS})"
)


def anchored(pattern: str) -> str:
    """The pattern for a whole string, in a spelling that ECMA-262 and Python read alike (for wire types).

    A bare ``$`` also matches before a final line feed in Python, which would give one identifier two spellings.
    """
    return rf"^(?:{pattern})$(?!\n)"


_STATEMENT_ID = re.compile(PATTERN_128_BITS)
_256_BITS = re.compile(PATTERN_256_BITS)
_CODE = re.compile(PATTERN_CODE)
_SUBJECT = re.compile(PATTERN_SUBJECT)
_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"


def parse_statement_id(text: str) -> StatementId:
    """Parse a statement identifier (clause 2.3)."""
    return StatementId(_matched(_STATEMENT_ID, text, "statement id"))


def parse_circle_id(text: str) -> CircleId:
    """Parse a circle identifier (clause 2.4)."""
    return CircleId(_matched(_256_BITS, text, "circle id"))


def parse_key_id(text: str) -> KeyId:
    """Parse a key thumbprint (clause 2.5)."""
    return KeyId(_matched(_256_BITS, text, "key id"))


def parse_digest(text: str) -> Digest:
    """Parse a SHA-256 digest (clause 2.2)."""
    return Digest(_matched(_256_BITS, text, "digest"))


def parse_code(text: str) -> VocabularyCode:
    """Parse the form of a vocabulary code; whether it exists is for :mod:`protocol.vocabulary` to say."""
    if len(text) > MAX_CODE_CHARACTERS:
        raise ProtocolError(Code.BAD_IDENTIFIER, f"a vocabulary code has at most {MAX_CODE_CHARACTERS} characters")
    return VocabularyCode(_matched(_CODE, text, "vocabulary code"))


def parse_subject_id(text: str) -> SubjectId:
    """Parse a subject identifier and check its check digits (clause 2.6).

    Does not check that the organisation exists: that is the registry's answer, and registries differ in age.
    """
    _matched(_SUBJECT, text, "subject id")
    scheme, _, value = text.partition(":")
    if scheme == "ror" and not _ror_checks(value):
        raise ProtocolError(Code.BAD_IDENTIFIER, f"the check digits of ROR id {value} are wrong")
    if scheme == "lei" and not _lei_checks(value):
        raise ProtocolError(Code.BAD_IDENTIFIER, f"the check digits of LEI {value} are wrong")
    return SubjectId(text)


def encode_bytes(data: bytes) -> str:
    """Base64url without padding (RFC 7515 appendix C)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_bytes(text: str) -> bytes:
    """Undo :func:`encode_bytes`; refuses padding, other alphabets and stray bits (clause 2.1)."""
    if "=" in text:
        # Said here, because releases of Python differ in what they call padding in the wrong place.
        raise ProtocolError(Code.NON_CANONICAL, "base64url with padding or stray bits")
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError(Code.MALFORMED, "not base64url") from error
    if encode_bytes(data) != text:
        raise ProtocolError(Code.NON_CANONICAL, "base64url with padding or stray bits")
    return data


def _matched(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise ProtocolError(Code.BAD_IDENTIFIER, f"not a {what}")
    return text


def _ror_checks(value: str) -> bool:
    """ISO/IEC 7064 MOD 97-10 over the Crockford base32 number, as ROR documents it."""
    number = 0
    for character in value[:-2]:
        number = number * 32 + _CROCKFORD.index(character)
    return 98 - (number * 100) % 97 == int(value[-2:])


def _lei_checks(value: str) -> bool:
    """ISO 17442-1: letters as 10..35, remainder 1 modulo 97."""
    return int("".join(str(int(character, 36)) for character in value)) % 97 == 1
