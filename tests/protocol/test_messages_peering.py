"""What two nodes say of having confirmed each other."""

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from protocol.errors import ProtocolError
from protocol.messages.peering import Peering, decode_peering, encode_peering
from tests.protocol.fed_samples import IDENTITY
from tests.protocol.vector_cases import Given, cases, refusal, schema_agrees, validator


@pytest.mark.parametrize("case", cases("peering"), ids=lambda case: case.name)
def test_peering_vectors(case: Given) -> None:
    assert refusal(lambda: decode_peering(case.data())) == case.error
    assert schema_agrees(validator("peering"), msgspec.json.decode(case.data()), case)


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_message_is_read_as_it_was_written(*, confirmed: bool) -> None:
    message = Peering(v=1, identity=IDENTITY[0].public.key_id, confirmed=confirmed)
    assert decode_peering(encode_peering(message)) == message


@given_any(st.binary(max_size=300))
def test_garbage_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_peering(data)
