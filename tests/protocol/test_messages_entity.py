"""Entity configurations of nodes, and the words of trust anchors."""

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from protocol import envelope
from protocol.errors import Code, ProtocolError
from protocol.keys import PublicKey
from protocol.limits import MAX_ENTITY_STATEMENT_BYTES
from protocol.messages.entity import (
    ENTITY_TYPE,
    MAX_ANCHORS,
    TrustAnchor,
    fetch_url,
    open_anchor,
    open_configuration,
    open_subordinate,
    read_anchors,
    sign_configuration,
)
from protocol.statements import Timestamp
from tests.protocol.fed_samples import IDENTITY, REQUEST, STRANGER
from tests.protocol.samples import NOW
from tests.protocol.vector_cases import Given, cases, refusal, schema_agrees, validator
from tests.protocol.vectors_entity import (
    ANCHOR,
    ANCHOR_KEY,
    FETCH,
    GOOD,
    NODE,
    by_anchor,
    configuration,
    own,
    subordinate,
)

TRUSTED = TrustAnchor(ANCHOR, {"anchor-2026": ANCHOR_KEY.public})
JWK = {"kty": "OKP", "crv": "Ed25519", "kid": "anchor-2026", "x": ANCHOR_KEY.public.encode()}


@pytest.mark.parametrize("case", cases("entity"), ids=lambda case: case.name)
def test_configuration_vectors(case: Given) -> None:
    jws = case.text("jws").encode("ascii")
    assert refusal(lambda: open_configuration(jws, now=Timestamp(case.number("now")))) == case.error
    payload = envelope.parse(jws, typ=ENTITY_TYPE, max_bytes=MAX_ENTITY_STATEMENT_BYTES).payload
    assert schema_agrees(validator("entity-configuration"), msgspec.json.decode(payload), case)


@pytest.mark.parametrize("case", cases("anchors"), ids=lambda case: case.name)
def test_anchor_vectors(case: Given) -> None:
    given = case.members["keys"]
    assert isinstance(given, dict)
    anchor = TrustAnchor(case.text("anchor"), {name: PublicKey.decode(key) for name, key in given.items()})
    jws, now = case.text("jws").encode("ascii"), Timestamp(case.number("now"))
    assert refusal(lambda: open_subordinate(jws, anchor, subject=case.text("subject"), now=now)) == case.error
    if case.error is None:
        said = open_subordinate(jws, anchor, subject=case.text("subject"), now=now)
        assert said.keys == {IDENTITY[0].public}
        assert said.vouches_for(configuration())


@pytest.mark.parametrize("hints", [(), (ANCHOR,)])
def test_a_configuration_is_read_as_it_was_written(hints: tuple[str, ...]) -> None:
    read = open_configuration(sign_configuration(configuration(*hints), IDENTITY[0]), now=NOW)
    assert read == configuration(*hints)
    assert (read.identity, read.request_key) == (IDENTITY[0].public, REQUEST[0].public)


def test_only_the_identity_key_signs_a_configuration() -> None:
    with pytest.raises(ProtocolError) as caught:
        sign_configuration(configuration(), STRANGER)
    assert caught.value.code is Code.WRONG_KEY


def test_unknown_members_are_passed_over_as_the_standard_says() -> None:
    payload = msgspec.json.decode(envelope.parse(GOOD, typ=ENTITY_TYPE).payload, type=dict[str, object])
    signed = envelope.sign(msgspec.json.encode(payload | {"trust_marks": []}), IDENTITY[0], typ=ENTITY_TYPE)
    assert open_configuration(signed, now=NOW) == configuration()


def test_an_anchor_says_where_it_is_asked() -> None:
    assert open_anchor(by_anchor(own()), TRUSTED, now=NOW) == FETCH
    assert fetch_url(FETCH, NODE) == f"{FETCH}?sub=https%3A%2F%2Fhanse.aldermoor.example"
    assert fetch_url(f"{FETCH}?x=1", NODE).startswith(f"{FETCH}?x=1&sub=https")


@pytest.mark.parametrize(
    ("said", "code"),
    [(own(metadata={}), Code.MALFORMED), (own(sub=NODE), Code.INCONSISTENT), (own(iss=NODE), Code.INCONSISTENT)],
)
def test_an_anchor_that_says_nothing_of_itself_is_refused(said: dict[str, object], code: Code) -> None:
    with pytest.raises(ProtocolError) as caught:
        open_anchor(by_anchor(said), TRUSTED, now=NOW)
    assert caught.value.code is code


def test_an_anchor_does_not_vouch_for_itself_or_for_another_key() -> None:
    with pytest.raises(ProtocolError) as caught:
        open_subordinate(by_anchor(own()), TRUSTED, subject=ANCHOR, now=NOW)
    assert caught.value.code is Code.INCONSISTENT
    said = open_subordinate(by_anchor(subordinate(jwks={"keys": [JWK]})), TRUSTED, subject=NODE, now=NOW)
    assert not said.vouches_for(configuration())


def test_a_file_of_anchors_is_read() -> None:
    file = msgspec.json.encode([{"entity_id": ANCHOR, "jwks": {"keys": [{"kty": "RSA"}, JWK]}}])
    assert read_anchors(file) == (TRUSTED,)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b" " * (MAX_ENTITY_STATEMENT_BYTES + 1), Code.TOO_LARGE),
        (b"{}", Code.MALFORMED),
        (b"nonsense", Code.MALFORMED),
        (msgspec.json.encode(2 * [{"entity_id": ANCHOR, "jwks": {"keys": [JWK]}}]), Code.INCONSISTENT),
        (
            msgspec.json.encode(
                [{"entity_id": f"{ANCHOR}/{i}", "jwks": {"keys": [JWK]}} for i in range(MAX_ANCHORS + 1)]
            ),
            Code.INCONSISTENT,
        ),
        (msgspec.json.encode([{"entity_id": ANCHOR, "jwks": {"keys": [{"kty": "RSA"}]}}]), Code.BAD_KEY),
    ],
)
def test_a_file_of_anchors_that_cannot_be_used_is_refused(file: bytes, code: Code) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_anchors(file)
    assert caught.value.code is code


@given_any(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: GOOD[:40] + b"." + tail + b".AA"))
def test_garbage_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        open_configuration(data, now=NOW)
    with pytest.raises(ProtocolError):
        open_subordinate(data, TRUSTED, subject=NODE, now=NOW)
