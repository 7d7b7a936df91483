"""Charters: their form, their name, and whose word they are."""

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from protocol.circles import (
    DEFAULT_THRESHOLD,
    MIN_THRESHOLD,
    SignedCharter,
    add_signatures,
    circle_id,
    decode_charter,
    decode_signed_charter,
    encode_charter,
    encode_signed_charter,
    members,
    require_in_force,
    sign,
    verify,
)
from protocol.errors import Code, ProtocolError
from tests.protocol import vectors_fed
from tests.protocol.fed_samples import CONTRIBUTOR, IDENTITY, STRANGER, charter, founder, signed_charter
from tests.protocol.generate import SCHEMAS
from tests.protocol.vector_cases import Given, cases, refusal, schema_agrees, validator


@pytest.mark.parametrize("name", sorted(vectors_fed.FILES))
def test_the_files_are_as_generated(name: str) -> None:
    assert (SCHEMAS / name).read_bytes() == vectors_fed.FILES[name]()


@pytest.mark.parametrize("case", cases("charter"), ids=lambda case: case.name)
def test_charter_vectors(case: Given) -> None:
    assert refusal(lambda: decode_charter(case.data())) == case.error
    if case.error is None:
        assert encode_charter(decode_charter(case.data())) == case.data()
        assert circle_id(case.data()) == case.text("circle")
    assert schema_agrees(validator("charter"), msgspec.json.decode(case.data()), case)


@pytest.mark.parametrize("case", cases("signed_charter"), ids=lambda case: case.name)
def test_signed_charter_vectors(case: Given) -> None:
    assert refusal(lambda: require_in_force(decode_signed_charter(case.data()))) == case.error
    if case.error is None:
        assert require_in_force(decode_signed_charter(case.data())) == case.text("circle")
    assert schema_agrees(validator("signed-charter"), msgspec.json.decode(case.data()), case)


def test_members_are_the_founders_by_the_names_of_their_logs() -> None:
    roster = members(charter())
    assert {key.public.key_id for key in CONTRIBUTOR} == set(roster)
    assert roster[CONTRIBUTOR[2].public.key_id] == founder(2)
    assert list(roster.values()) == list(charter().founders)


def test_founders_sign_apart_and_in_any_order() -> None:
    first = signed_charter(CONTRIBUTOR[0])
    second = signed_charter(CONTRIBUTOR[2], CONTRIBUTOR[1])
    whole = add_signatures(first, second)
    assert whole == signed_charter(*CONTRIBUTOR) == add_signatures(second, first)
    assert verify(whole) == set(members(charter()))
    assert verify(first) == {CONTRIBUTOR[0].public.key_id}
    assert sign(whole, CONTRIBUTOR[0], IDENTITY[0]) == whole
    assert add_signatures(whole, first) == whole
    assert require_in_force(decode_signed_charter(encode_signed_charter(whole))) == circle_id(encode_charter(charter()))


def test_a_stranger_cannot_sign() -> None:
    with pytest.raises(ProtocolError) as caught:
        sign(signed_charter(), STRANGER, IDENTITY[0])
    assert caught.value.code is Code.NOT_A_MEMBER


def test_a_founder_signs_with_its_own_identity() -> None:
    with pytest.raises(ProtocolError) as caught:
        sign(signed_charter(), CONTRIBUTOR[0], IDENTITY[1])
    assert caught.value.code is Code.WRONG_KEY


def test_signatures_of_another_charter_are_refused() -> None:
    other = SignedCharter(charter=msgspec.structs.replace(charter(), nonce="A" * 22), signatures=())
    with pytest.raises(ProtocolError) as caught:
        add_signatures(signed_charter(), other)
    assert caught.value.code is Code.BAD_CHARTER


def test_bad_signatures_cannot_be_added() -> None:
    signed = signed_charter(CONTRIBUTOR[0])
    forged = msgspec.structs.replace(signed.signatures[0], key_id=CONTRIBUTOR[1].public.key_id)
    with pytest.raises(ProtocolError) as caught:
        add_signatures(signed, msgspec.structs.replace(signed, signatures=(forged,)))
    assert caught.value.code is Code.BAD_SIGNATURE


def test_the_offered_threshold_is_allowed() -> None:
    assert charter().small_number_threshold == DEFAULT_THRESHOLD >= MIN_THRESHOLD


GOOD = encode_signed_charter(signed_charter(*CONTRIBUTOR))


@settings(deadline=None)
@given_any(garbage=st.binary(max_size=100))
def test_garbage_raises_protocol_errors_only(garbage: bytes) -> None:
    for parse in (decode_charter, decode_signed_charter):
        with pytest.raises(ProtocolError):
            parse(garbage)


@settings(deadline=None)
@given_any(place=st.integers(0, len(GOOD) - 1), cut=st.integers(1, 40), other=st.binary(max_size=3))
def test_a_changed_charter_is_not_in_force(place: int, cut: int, other: bytes) -> None:
    changed = GOOD[:place] + other + GOOD[place + cut :]
    if changed != GOOD:
        with pytest.raises(ProtocolError):
            require_in_force(decode_signed_charter(changed))
