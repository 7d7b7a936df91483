"""The envelope: one header, one algorithm, one spelling."""

from contextlib import suppress

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import OKPAlgorithm

from protocol.envelope import VerifiedStatement, known_payload, parse, sign, verify
from protocol.errors import Code, ProtocolError
from protocol.keys import PublicKey
from protocol.statements import decode_known, encode
from tests.protocol.samples import KEY, OTHER_KEY, every_kind
from tests.protocol.vector_file import error_code, load_cases
from tests.support import shared_data

WYCHEPROOF = "vectors/wycheproof_json_web_signature_test.json"


class EnvelopeCase(msgspec.Struct):
    """A case of vectors/envelope.json."""

    name: str
    jws: str
    key: str
    error: Code | None


class WycheproofTest(msgspec.Struct, rename={"number": "tcId"}):
    """A token in compact form, or in another serialization."""

    number: int
    jws: str | dict[str, object]


class WycheproofGroup(msgspec.Struct):
    """Tokens of one key."""

    tests: list[WycheproofTest]


class Wycheproof(msgspec.Struct, rename={"groups": "testGroups"}):
    """The file."""

    groups: list[WycheproofGroup]


def _verify(jws: bytes, key: str = "") -> VerifiedStatement:
    return verify(parse(jws), PublicKey.decode(key) if key else KEY.public)


@pytest.mark.parametrize("case", load_cases("envelope.json", EnvelopeCase), ids=lambda case: case.name)
def test_vectors(case: EnvelopeCase) -> None:
    assert error_code(_verify, case.jws.encode(), case.key) == case.error


@pytest.mark.parametrize("kind", every_kind())
def test_the_payload_is_what_was_signed_and_the_bytes_are_kept(kind: str) -> None:
    payload = encode(every_kind()[kind])
    jws = sign(payload, KEY)
    assert _verify(jws) == VerifiedStatement(jws, KEY.public.key_id, payload)


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_any_payload_is_carried_as_it_is(payload: bytes) -> None:
    assert _verify(sign(payload, KEY)).payload == payload


@given(st.binary(max_size=200) | st.text("eyJhbGciOiJFZDI1.-_=", max_size=200).map(str.encode))
@settings(deadline=None)
def test_garbage_raises_nothing_but_protocol_errors(data: bytes) -> None:
    assert error_code(parse, data) is not None


@given(st.integers(min_value=0), st.integers(0, 255))
@settings(deadline=None)
def test_no_byte_of_a_statement_can_be_changed(position: int, byte: int) -> None:
    jws = sign(encode(every_kind()["retraction"]), KEY)
    changed = bytearray(jws)
    changed[position % len(jws)] = byte
    if bytes(changed) != jws:
        assert error_code(_verify, bytes(changed)) is not None


@given(st.binary(max_size=300))
def test_what_is_known_to_be_well_formed_is_taken_apart_without_asking_again(payload: bytes) -> None:
    assert known_payload(sign(payload, KEY)) == payload


@given(st.binary(max_size=300))
def test_damaged_bytes_raise_nothing_but_protocol_errors(data: bytes) -> None:
    with suppress(ProtocolError):
        decode_known(known_payload(data))
    with suppress(ProtocolError):
        decode_known(data)


def test_another_member_cannot_be_taken_for_the_author() -> None:
    assert error_code(_verify, sign(b"{}", OTHER_KEY)) is Code.WRONG_KEY


def test_types_are_not_confused() -> None:
    card = sign(b"{}", KEY, typ="hanse-card+jwt")
    assert error_code(parse, card) is Code.BAD_HEADER
    assert error_code(parse, card, typ="hanse-card+jwt") is None


def test_size_is_checked_before_anything_is_decoded() -> None:
    jws = sign(b"{}", KEY)
    assert error_code(parse, jws, max_bytes=len(jws) - 1) is Code.TOO_LARGE
    assert error_code(parse, jws, max_bytes=len(jws)) is None


def test_an_independent_library_verifies_and_makes_our_tokens() -> None:
    tokens = jwt.PyJWS()
    tokens.register_algorithm("Ed25519", OKPAlgorithm())
    payload = encode(every_kind()["finding"])
    jws = sign(payload, KEY)
    public = Ed25519PublicKey.from_public_bytes(KEY.public.raw)
    decoded = tokens.decode_complete(jws, public, algorithms=["Ed25519"])
    assert decoded["payload"] == payload
    assert decoded["header"] == {"alg": "Ed25519", "kid": KEY.public.key_id, "typ": "hanse+jwt"}
    with pytest.raises(jwt.InvalidSignatureError):
        tokens.decode_complete(jws[:-2] + b"AA", public, algorithms=["Ed25519"])
    with pytest.raises(jwt.InvalidSignatureError):
        tokens.decode_complete(jws, Ed25519PublicKey.from_public_bytes(OTHER_KEY.public.raw), algorithms=["Ed25519"])


def test_no_token_of_wycheproof_passes() -> None:
    """All 401 are of other algorithms (none is Ed25519), of other serialisations or malformed.

    So the fixed profile has to refuse every one, the ones that are valid in themselves included.
    """
    vectors = msgspec.json.decode(shared_data(WYCHEPROOF).read_bytes(), type=Wycheproof)
    tests = [test for group in vectors.groups for test in group.tests]
    texts = {
        test.number: test.jws.encode() if isinstance(test.jws, str) else msgspec.json.encode(test.jws) for test in tests
    }
    assert len(tests) == 401
    assert [number for number, jws in texts.items() if error_code(parse, jws) is None] == []
