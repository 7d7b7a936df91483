"""Signed requests and responses, against the vectors and against another implementation of RFC 9421."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from protocol.errors import Code, ProtocolError
from protocol.keys import PublicKey
from protocol.messages.signature import (
    FRESH_SECONDS,
    REMEMBER_NONCES_SECONDS,
    SignedFields,
    VerifiedRequest,
    claimed_key,
    sign_request,
    sign_response,
    verify_request,
    verify_response,
)
from protocol.statements import Timestamp
from tests.protocol.fed_samples import BODY, METHOD, NONCE, REQUEST, TARGET, request
from tests.protocol.samples import NOW
from tests.protocol.vector_cases import Given, cases, refusal


def _fields(members: Mapping[str, object]) -> SignedFields:
    return SignedFields(str(members["content_digest"]), str(members["signature_input"]), str(members["signature"]))


@pytest.mark.parametrize("case", cases("request_signature"), ids=lambda case: case.name)
def test_request_vectors(case: Given) -> None:
    def attempt() -> VerifiedRequest:
        return verify_request(
            _fields(case.members),
            PublicKey.decode(case.text("key")),
            method=case.text("method"),
            target_uri=case.text("target_uri"),
            body=case.data("body"),
            now=Timestamp(case.number("now")),
        )

    assert refusal(attempt) == case.error
    if case.error is None:
        assert attempt().nonce == case.text("nonce")


@pytest.mark.parametrize("case", cases("response_signature"), ids=lambda case: case.name)
def test_response_vectors(case: Given) -> None:
    answered = case.members["request"]
    assert isinstance(answered, dict)
    found = refusal(
        lambda: verify_response(
            _fields(case.members),
            PublicKey.decode(case.text("key")),
            status=case.number("status"),
            body=case.data("body"),
            request=_fields(answered),
            now=Timestamp(case.number("now")),
        )
    )
    assert found == case.error


def test_the_key_is_looked_up_before_anything_is_believed() -> None:
    assert claimed_key(request().signature_input) == REQUEST[0].public.key_id
    with pytest.raises(ProtocolError) as caught:
        claimed_key('hanse=("@method")')
    assert caught.value.code is Code.BAD_REQUEST_SIGNATURE


def test_the_nonce_is_returned_to_be_remembered() -> None:
    found = verify_request(request(), REQUEST[0].public, method=METHOD, target_uri=TARGET, body=BODY, now=NOW)
    assert found == VerifiedRequest(REQUEST[0].public.key_id, NOW, NONCE)
    assert REMEMBER_NONCES_SECONDS > 2 * FRESH_SECONDS


@pytest.mark.parametrize("nonce", ["short", 'x"' * 20, "A" * 65])
def test_nonces_that_nobody_would_accept_are_not_signed(nonce: str) -> None:
    with pytest.raises(ProtocolError):
        sign_request(REQUEST[0], method=METHOD, target_uri=TARGET, body=BODY, created=NOW, nonce=nonce)


_TEXT = st.text(max_size=120)


@settings(deadline=None)
@given_any(
    digest=st.one_of(st.just(request().content_digest), _TEXT),
    signature_input=st.one_of(st.just(request().signature_input), _TEXT),
    signature=_TEXT,
)
def test_garbage_raises_protocol_errors_only(digest: str, signature_input: str, signature: str) -> None:
    fields = SignedFields(digest, signature_input, signature)
    with pytest.raises(ProtocolError):
        verify_request(fields, REQUEST[0].public, method=METHOD, target_uri=TARGET, body=BODY, now=NOW)
    with pytest.raises(ProtocolError):
        verify_response(fields, REQUEST[0].public, status=200, body=BODY, request=request(), now=NOW)


# The other implementation


@dataclass
class _Request:
    method: str = METHOD
    url: str = TARGET
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = BODY


@dataclass
class _Response:
    request: _Request
    status_code: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = BODY


def _other_keys() -> MappingKeyResolver:
    keys = dict(zip((key.public.key_id for key in REQUEST), (0x41, 0x42, 0x43), strict=True))
    return MappingKeyResolver(
        public_keys={
            name: Ed25519PublicKey.from_public_bytes(key.public.raw) for name, key in zip(keys, REQUEST, strict=True)
        },
        private_keys={name: Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32) for name, seed in keys.items()},
    )


def _headers(fields: SignedFields) -> dict[str, str]:
    return {
        "Content-Digest": fields.content_digest,
        "Signature-Input": fields.signature_input,
        "Signature": fields.signature,
    }


def _from_headers(headers: Mapping[str, str]) -> SignedFields:
    return SignedFields(headers["Content-Digest"], headers["Signature-Input"], headers["Signature"])


class _AtNow(HTTPMessageVerifier):
    """The other implementation reads the machine's clock, at which our fixed moment would be stale or future."""

    def validate_created_and_expires(self, sig_input: object, max_age: object = None) -> None:
        """Not what is compared here."""


def _other_sign(
    message: _Request | _Response, number: int, components: tuple[str, ...], tag: str, nonce: str | None
) -> None:
    HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=_other_keys()).sign(
        message,
        key_id=REQUEST[number].public.key_id,
        created=datetime.fromtimestamp(NOW, tz=UTC),
        nonce=nonce,
        label="hanse",
        tag=tag,
        include_alg=False,
        covered_component_ids=components,
        body=message.body,
    )


def _other_verify(message: _Request | _Response, tag: str) -> None:
    results = _AtNow(signature_algorithm=ED25519, key_resolver=_other_keys()).verify(message, expect_tag=tag)
    assert len(results) == 1


REQUEST_COMPONENTS = ("@method", "@target-uri", "content-digest")
RESPONSE_COMPONENTS = ('"@status"', '"content-digest"', '"signature";req')


def test_another_implementation_accepts_our_request() -> None:
    _other_verify(_Request(headers=_headers(request())), "hanse-request")


def test_we_accept_the_request_of_another_implementation() -> None:
    message = _Request()
    _other_sign(message, 0, REQUEST_COMPONENTS, "hanse-request", NONCE)
    assert _from_headers(message.headers) == request()
    fields = _from_headers(message.headers)
    found = verify_request(fields, REQUEST[0].public, method=METHOD, target_uri=TARGET, body=BODY, now=NOW)
    assert found.nonce == NONCE


def test_another_implementation_accepts_our_response() -> None:
    fields = sign_response(REQUEST[1], status=200, body=BODY, created=NOW, request=request())
    _other_verify(_Response(_Request(headers=_headers(request())), headers=_headers(fields)), "hanse-response")


def test_we_accept_the_response_of_another_implementation() -> None:
    message = _Response(_Request(headers=_headers(request())))
    _other_sign(message, 1, RESPONSE_COMPONENTS, "hanse-response", None)
    fields = _from_headers(message.headers)
    verify_response(fields, REQUEST[1].public, status=200, body=BODY, request=request(), now=NOW)
