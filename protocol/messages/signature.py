"""Signed requests and responses: RFC 9421 with one fixed profile.

A request is signed over its method, its target URI and its digest; a response over its status, its digest and
the signature of the request that it answers, so that no answer can be given to another question. Both carry
one signature, labelled ``hanse``, by the node's Ed25519 request key, and the three fields have exactly one
shape::

    Content-Digest: sha-256=:<base64>:
    Signature-Input: hanse=("@method" "@target-uri" "content-digest");created=<seconds>;keyid="<thumbprint>"
        ;nonce="<text>";tag="hanse-request"                              (one line, without spaces after ``)``)
    Signature: hanse=:<base64>:

Anything else is refused: other components, another order, more labels, an ``alg`` parameter. The algorithm is
that of the key (RFC 9421 section 3.3.7 and 3.2 step 6.5 allow its absence), and a key identifier is looked up
among pinned peers, never fetched. There is nothing to negotiate, so there is nothing to downgrade.

What is not checked here: that a nonce is new (the caller remembers nonces for as long as a signature is fresh,
and raises ``REPLAYED``), and that the target URI names this node (the caller passes the address under which it
is known, not what a ``Host`` field claims).
"""

import base64
import re
from dataclasses import dataclass
from typing import Final

from protocol.errors import Code, ProtocolError
from protocol.identifiers import PATTERN_256_BITS, KeyId, parse_key_id
from protocol.keys import PublicKey, SigningKey
from protocol.limits import MAX_CLOCK_SKEW_SECONDS, MAX_NONCE_CHARACTERS
from protocol.messages.digest import check_content_digest, content_digest
from protocol.statements import Timestamp

FRESH_SECONDS: Final = MAX_CLOCK_SKEW_SECONDS
"""How far ``created`` may lie before or after our clock, in seconds (clause 9.5)."""

REMEMBER_NONCES_SECONDS: Final = 2 * FRESH_SECONDS + 1
"""How long a caller remembers a nonce: from the earliest to the latest moment at which it is fresh."""

MIN_NONCE_CHARACTERS: Final = 22
"""128 bits in base64url."""

_LABEL: Final = "hanse"
_REQUEST_COMPONENTS: Final = '("@method" "@target-uri" "content-digest")'
_RESPONSE_COMPONENTS: Final = '("@status" "content-digest" "signature";req)'
_CREATED: Final = r"created=(?P<created>0|[1-9][0-9]{0,11})"
_KEY: Final = rf'keyid="(?P<keyid>{PATTERN_256_BITS})"'
_NONCE: Final = rf"[A-Za-z0-9_-]{{{MIN_NONCE_CHARACTERS},{MAX_NONCE_CHARACTERS}}}"
_REQUEST_INPUT: Final = re.compile(
    rf'{_LABEL}={re.escape(_REQUEST_COMPONENTS)};{_CREATED};{_KEY};nonce="(?P<nonce>{_NONCE})";tag="hanse-request"'
)
_RESPONSE_INPUT: Final = re.compile(
    rf'{_LABEL}={re.escape(_RESPONSE_COMPONENTS)};{_CREATED};{_KEY};tag="hanse-response"'
)
_SIGNATURE: Final = re.compile(rf"{_LABEL}=:([A-Za-z0-9+/]{{86}}==):")
_METHOD: Final = re.compile(r"[A-Z]{1,16}")
_TARGET: Final = re.compile(r"https?://[!-~]{1,2000}")
_STATUSES: Final = range(100, 600)


@dataclass(frozen=True, slots=True)
class SignedFields:
    """The values of ``Content-Digest``, ``Signature-Input`` and ``Signature``. Received ones are unverified."""

    content_digest: str
    signature_input: str
    signature: str


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """What a verified request says of itself. Its nonce may have been seen before: the caller remembers."""

    key_id: KeyId
    created: Timestamp
    nonce: str


def sign_request(
    key: SigningKey, *, method: str, target_uri: str, body: bytes, created: Timestamp, nonce: str
) -> SignedFields:
    """The three fields of a request by this request key (clause 9.3)."""
    parameters = f'{_REQUEST_COMPONENTS};created={created};keyid="{key.public.key_id}";nonce="{nonce}"'
    signature_input = f'{_LABEL}={parameters};tag="hanse-request"'
    _matched(_REQUEST_INPUT, signature_input)
    digest = content_digest(body)
    base = _request_base(method, target_uri, digest, signature_input)
    return SignedFields(digest, signature_input, _encode_signature(key.sign(base)))


def claimed_key(signature_input: str) -> KeyId:
    """Which key a received request says has signed it, for the look-up before :func:`verify_request`."""
    return parse_key_id(_matched(_REQUEST_INPUT, signature_input)["keyid"])


def verify_request(
    fields: SignedFields, key: PublicKey, *, method: str, target_uri: str, body: bytes, now: Timestamp
) -> VerifiedRequest:
    """Accept a request that ``key`` signed within :data:`FRESH_SECONDS` of ``now`` (clauses 9.2 to 9.5).

    Raises ``BAD_REQUEST_SIGNATURE`` (form or signature), ``WRONG_KEY``, ``NOT_FRESH``, ``BAD_DIGEST``. The
    signature is checked before content and time, so that only a pinned peer learns how its clock differs.
    """
    verified = verify_header(fields, key, method=method, target_uri=target_uri, now=now)
    check_content_digest(fields.content_digest, body)
    return verified


def verify_header(
    fields: SignedFields, key: PublicKey, *, method: str, target_uri: str, now: Timestamp
) -> VerifiedRequest:
    """All of :func:`verify_request` but the content, which its digest binds: for whoever has not read that yet."""
    found = _matched(_REQUEST_INPUT, fields.signature_input)
    base = _request_base(method, target_uri, fields.content_digest, fields.signature_input)
    _verify(found["keyid"], fields.signature, key, base)
    created = _fresh(found["created"], now)
    return VerifiedRequest(key.key_id, created, found["nonce"])


def sign_response(
    key: SigningKey, *, status: int, body: bytes, created: Timestamp, request: SignedFields
) -> SignedFields:
    """The three fields of the answer to this request (clause 9.4)."""
    parameters = f'{_RESPONSE_COMPONENTS};created={created};keyid="{key.public.key_id}"'
    signature_input = f'{_LABEL}={parameters};tag="hanse-response"'
    _matched(_RESPONSE_INPUT, signature_input)
    digest = content_digest(body)
    base = _response_base(status, digest, request.signature, signature_input)
    return SignedFields(digest, signature_input, _encode_signature(key.sign(base)))


def verify_response(
    fields: SignedFields, key: PublicKey, *, status: int, body: bytes, request: SignedFields, now: Timestamp
) -> None:
    """Accept an answer that ``key`` gave to exactly this request; raises as :func:`verify_request` does."""
    found = _matched(_RESPONSE_INPUT, fields.signature_input)
    base = _response_base(status, fields.content_digest, request.signature, fields.signature_input)
    _verify(found["keyid"], fields.signature, key, base)
    check_content_digest(fields.content_digest, body)
    _fresh(found["created"], now)


def _request_base(method: str, target_uri: str, digest: str, signature_input: str) -> bytes:
    """RFC 9421 section 2.5. A line feed in a value would add lines to what is signed, hence the checks."""
    if not _METHOD.fullmatch(method):
        raise ProtocolError(Code.BAD_REQUEST_SIGNATURE, "the method is not an upper-case word")
    if not _TARGET.fullmatch(target_uri):
        raise ProtocolError(Code.BAD_REQUEST_SIGNATURE, "the target URI is not an absolute http(s) URI in ASCII")
    return _base((("@method", method), ("@target-uri", target_uri)), digest, "", signature_input)


def _response_base(status: int, digest: str, request_signature: str, signature_input: str) -> bytes:
    if status not in _STATUSES:
        raise ProtocolError(Code.BAD_REQUEST_SIGNATURE, "the status is not a number of three digits")
    _matched(_SIGNATURE, request_signature)
    return _base((("@status", str(status)),), digest, f'"signature";req: {request_signature}\n', signature_input)


def _base(derived: tuple[tuple[str, str], ...], digest: str, after: str, signature_input: str) -> bytes:
    if not _DIGEST.fullmatch(digest):
        raise ProtocolError(Code.BAD_REQUEST_SIGNATURE, "Content-Digest is not one SHA-256 digest")
    lines = "".join(f'"{name}": {value}\n' for name, value in derived)
    parameters = signature_input.removeprefix(f"{_LABEL}=")
    return f'{lines}"content-digest": {digest}\n{after}"@signature-params": {parameters}'.encode("ascii")


_DIGEST: Final = re.compile(r"sha-256=:[A-Za-z0-9+/]{43}=:")


def _verify(key_id: str, signature: str, key: PublicKey, base: bytes) -> None:
    if key_id != key.key_id:
        raise ProtocolError(Code.WRONG_KEY, f"the signature names key {key_id}, expected {key.key_id}")
    if not key.verify(_decode_signature(signature), base):
        raise ProtocolError(Code.BAD_REQUEST_SIGNATURE, f"the signature of {key.key_id} does not verify")


def _fresh(created: str, now: Timestamp) -> Timestamp:
    """Bounds how long nonces need to be remembered (clause 9.5)."""
    age = now - int(created)
    if abs(age) > FRESH_SECONDS:
        side = "after" if age > 0 else "before"
        raise ProtocolError(
            Code.NOT_FRESH, f"our clock is {abs(age)} seconds {side} the signature, at most {FRESH_SECONDS} are allowed"
        )
    return Timestamp(int(created))


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ProtocolError(Code.BAD_REQUEST_SIGNATURE, "a signature field does not have the one accepted shape")
    return found


def _encode_signature(signature: bytes) -> str:
    return f"{_LABEL}=:{base64.b64encode(signature).decode('ascii')}:"


def _decode_signature(text: str) -> bytes:
    """Undo :func:`_encode_signature`; the comparison refuses stray bits in the last character."""
    signature = base64.b64decode(_matched(_SIGNATURE, text)[1])
    if _encode_signature(signature) != text:
        raise ProtocolError(Code.BAD_REQUEST_SIGNATURE, "a signature in base64 with stray bits")
    return signature
