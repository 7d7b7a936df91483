"""The frontier is the tree: extended in any pieces, it has the root that the definition gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Code, ProtocolError
from protocol.limits import MAX_LOG_SIZE
from protocol.merkle.frontier import EMPTY, Frontier
from protocol.merkle.hashing import EMPTY_ROOT, leaf_hash
from tests.protocol.signed_log import naive_root


def _leaves(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(2, "big")) for number in range(count)]


@given(st.lists(st.integers(0, 40), max_size=8))
def test_in_any_pieces_it_has_the_root_of_the_definition(pieces: list[int]) -> None:
    leaves = _leaves(sum(pieces))
    frontier = EMPTY
    start = 0
    for piece in pieces:
        frontier = frontier.extend(leaves[start : start + piece])
        start += piece
        assert frontier.root() == naive_root(leaves[:start])
    assert frontier == EMPTY.extend(iter(leaves))
    assert frontier.size == len(leaves)


def test_every_size_up_to_a_few_tiles() -> None:
    leaves = _leaves(600)
    frontier = EMPTY
    for size, leaf in enumerate(leaves):
        assert frontier == EMPTY.extend(leaves[:size])
        frontier = frontier.extend([leaf])
    assert frontier.root() == naive_root(leaves)


def test_extending_leaves_the_earlier_frontier_as_it_was() -> None:
    earlier = EMPTY.extend(_leaves(5))
    root = earlier.root()
    earlier.extend(_leaves(3))
    assert (earlier.size, earlier.root()) == (5, root)
    assert EMPTY.root() == EMPTY_ROOT


@given(st.integers(0, 300))
def test_bytes_round_trip(size: int) -> None:
    frontier = EMPTY.extend(_leaves(size))
    assert Frontier.from_bytes(frontier.to_bytes()) == frontier


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_means_exactly_itself(data: bytes) -> None:
    try:
        frontier = Frontier.from_bytes(data)
    except ProtocolError:
        return
    assert frontier.to_bytes() == data


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", Code.MALFORMED, id="nothing"),
        pytest.param(bytes(7), Code.MALFORMED, id="half a size"),
        pytest.param(bytes(9), Code.MALFORMED, id="a size and part of a hash"),
        pytest.param(bytes(7) + b"\1", Code.MALFORMED, id="a hash too few"),
        pytest.param(bytes(7) + b"\1" + bytes(64), Code.MALFORMED, id="a hash too many"),
        pytest.param((MAX_LOG_SIZE + 1).to_bytes(8, "big") + bytes(64), Code.TOO_LARGE, id="larger than any log"),
    ],
)
def test_what_is_not_a_frontier_is_refused(data: bytes, code: Code) -> None:
    with pytest.raises(ProtocolError) as refusal:
        Frontier.from_bytes(data)
    assert refusal.value.code is code


def test_a_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ProtocolError, match="32 bytes"):
        EMPTY.extend([b"short"])


def test_a_full_log_takes_no_more() -> None:
    full = Frontier(MAX_LOG_SIZE, (bytes(32),))
    with pytest.raises(ProtocolError) as refusal:
        full.extend(_leaves(1))
    assert refusal.value.code is Code.TOO_LARGE
