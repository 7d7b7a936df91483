"""Pings, sizes and receipts."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from protocol.canonical import encode
from protocol.errors import ProtocolError
from protocol.identifiers import KeyId, encode_bytes
from protocol.limits import MAX_LOG_SIZE, MAX_PING_LOGS
from protocol.messages import gossip
from protocol.messages.stream import MAX_LOGS
from tests.protocol.vector_cases import Given, cases, refusal, schema_agrees, validator
from tests.protocol.vector_file import VECTORS

_Message: TypeAlias = gossip.Ping | gossip.SizesRequest | gossip.SizesAnswer | gossip.PushReceipt
DECODE: Final[Mapping[str, Callable[[bytes], _Message]]] = {
    "ping": gossip.decode_ping,
    "sizes-request": gossip.decode_sizes_request,
    "sizes-answer": gossip.decode_sizes_answer,
    "push-receipt": gossip.decode_push_receipt,
}


class _File(msgspec.Struct, frozen=True):
    sizes: dict[KeyId, int]
    state: str


def encoded(message: _Message) -> bytes:
    """By the function that belongs to it."""
    match message:
        case gossip.Ping():
            return gossip.encode_ping(message)
        case gossip.SizesRequest():
            return gossip.encode_sizes_request(message)
        case gossip.SizesAnswer():
            return gossip.encode_sizes_answer(message)
        case gossip.PushReceipt():
            return gossip.encode_push_receipt(message)


@pytest.mark.parametrize("case", cases("gossip"), ids=lambda case: case.name)
def test_vectors(case: Given) -> None:
    kind = case.text("message")
    assert refusal(lambda: DECODE[kind](case.data())) == case.error
    if case.error is None:
        assert encoded(DECODE[kind](case.data())) == case.data()
    assert schema_agrees(validator(kind), msgspec.json.decode(case.data()), case)


def test_sizes_have_one_state() -> None:
    file = msgspec.json.decode((VECTORS / "gossip.json").read_bytes(), type=_File)
    assert gossip.sizes_state(file.sizes) == file.state
    assert gossip.sizes_state(dict(reversed(file.sizes.items()))) == file.state
    assert gossip.sizes_state({}) != file.state


def test_the_largest_messages_fit() -> None:
    def sizes(count: int) -> dict[KeyId, int]:
        return {KeyId(encode_bytes(number.to_bytes(32, "big"))): MAX_LOG_SIZE for number in range(count)}

    assert len(encoded(gossip.Ping(v=1, sizes=sizes(MAX_PING_LOGS))))
    assert len(encoded(gossip.SizesAnswer(v=1, same=False, sizes=sizes(MAX_LOGS))))
    assert gossip.sizes_state(sizes(MAX_LOGS))


@given_any(st.sampled_from(sorted(DECODE)), st.binary(max_size=200) | st.dictionaries(st.text(), st.none()).map(encode))
def test_garbage_raises_protocol_errors_only(kind: str, garbage: bytes) -> None:
    with pytest.raises(ProtocolError):
        DECODE[kind](garbage)
