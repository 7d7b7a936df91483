"""Receipts for what was applied of a log."""

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from protocol.errors import ProtocolError
from protocol.limits import MAX_LOG_SIZE
from protocol.messages.receipt import LogReceipt, decode_log_receipt, encode_log_receipt
from tests.protocol.fed_samples import CONTRIBUTOR
from tests.protocol.vector_cases import Given, cases, refusal, schema_agrees, validator


@pytest.mark.parametrize("case", cases("log_receipts"), ids=lambda case: case.name)
def test_receipt_vectors(case: Given) -> None:
    assert refusal(lambda: decode_log_receipt(case.data())) == case.error
    assert schema_agrees(validator("log-receipt"), msgspec.json.decode(case.data()), case)


@given_any(st.integers(1, MAX_LOG_SIZE))
def test_a_receipt_is_read_as_it_was_written(size: int) -> None:
    receipt = LogReceipt(log=CONTRIBUTOR[0].public.key_id, size=size)
    assert decode_log_receipt(encode_log_receipt(receipt)) == receipt


@given_any(st.binary(max_size=300))
def test_garbage_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_log_receipt(data)
