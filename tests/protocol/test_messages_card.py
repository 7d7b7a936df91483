"""Node cards and the fingerprint that two people compare."""

import re

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from protocol.errors import Code, ProtocolError
from protocol.identifiers import decode_bytes
from protocol.keys import SigningKey
from protocol.messages.card import fingerprint, open_card, sign_card
from tests.protocol.fed_samples import CONTRIBUTOR, IDENTITY, REQUEST, card, founder
from tests.protocol.vector_cases import Given, cases, refusal, schema_agrees, validator

GOOD = sign_card(card(), identity=IDENTITY[0], request=REQUEST[0], contributor=CONTRIBUTOR[0])


@pytest.mark.parametrize("case", cases("card"), ids=lambda case: case.name)
def test_card_vectors(case: Given) -> None:
    jws = case.text("jws")
    assert refusal(lambda: open_card(jws.encode("ascii"))) == case.error
    if case.error is None:
        assert open_card(jws.encode("ascii")) == card()
        assert fingerprint(IDENTITY[0].public) == case.text("fingerprint")
    payload = msgspec.json.decode(decode_bytes(jws.split(".")[1]))
    assert schema_agrees(validator("card"), payload, case)


def test_a_card_supports_a_line_of_a_charter() -> None:
    assert open_card(GOOD).founder() == founder(0)


def test_only_the_keys_of_the_card_can_sign_it() -> None:
    with pytest.raises(ProtocolError) as caught:
        sign_card(card(), identity=IDENTITY[0], request=REQUEST[1], contributor=CONTRIBUTOR[0])
    assert caught.value.code is Code.WRONG_KEY


@settings(deadline=None)
@given_any(seed=st.binary(min_size=32, max_size=32))
def test_a_fingerprint_is_twelve_groups_of_five_digits(seed: bytes) -> None:
    text = fingerprint(SigningKey(seed).public)
    assert re.fullmatch(r"[0-9]{5}( [0-9]{5}){11}", text)
    assert text != fingerprint(IDENTITY[0].public)


@settings(deadline=None)
@given_any(
    garbage=st.one_of(
        st.binary(max_size=200),
        st.builds(lambda at, by: GOOD[:at] + bytes([by]) + GOOD[at + 1 :], st.integers(0, len(GOOD) - 1), st.just(33)),
        st.builds(lambda at: GOOD[:at], st.integers(0, len(GOOD) - 1)),
        st.just(GOOD + b"A" * 4_096),
    )
)
def test_garbage_raises_protocol_errors_only(garbage: bytes) -> None:
    with pytest.raises(ProtocolError):
        open_card(garbage)
