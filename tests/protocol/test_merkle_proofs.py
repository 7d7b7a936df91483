"""Proofs: made and verified for random trees, refused when anything in them is changed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Code, ProtocolError
from protocol.limits import MAX_LOG_SIZE, MAX_PROOF_HASHES
from protocol.merkle import proofs
from protocol.merkle.hashing import leaf_hash
from tests.protocol.signed_log import hash_reader, naive_root
from tests.support import shared_data

_MOST: Final = 80
_LEAVES: Final = [leaf_hash(bytes([number])) for number in range(_MOST)]
_READ: Final = hash_reader(_LEAVES)
_PUBLISHED_CASES: Final = 196


class _Case(msgspec.Struct, rename="camel"):
    """One published case, inclusion or consistency; members of the other kind keep their defaults."""

    kind: str
    file: str
    want_err: bool
    proof: tuple[bytes, ...] | None
    root: bytes | None = b""
    leaf_hash: bytes | None = b""
    leaf_idx: int = 0
    tree_size: int = 0
    size1: int = 0
    size2: int = 0
    root1: bytes | None = b""
    root2: bytes | None = b""


def _verifies(verify: Callable[[], None]) -> bool:
    """Whether it holds; any other error than a bad proof fails the test."""
    try:
        verify()
    except ProtocolError as error:
        if error.code is not Code.BAD_PROOF:
            raise
        return False
    return True


def _accepts(case: _Case) -> bool:
    proof = case.proof or ()
    if case.kind == "inclusion":
        leaf, root = case.leaf_hash or b"", case.root or b""
        return _verifies(lambda: proofs.verify_inclusion(leaf, case.leaf_idx, case.tree_size, proof, root))
    first, second = case.root1 or b"", case.root2 or b""
    return _verifies(lambda: proofs.verify_consistency(case.size1, first, case.size2, second, proof))


def test_all_published_cases() -> None:
    cases = msgspec.json.decode(shared_data("vectors/rfc6962_proofs.json").read_bytes(), type=list[_Case])
    assert len(cases) == _PUBLISHED_CASES
    wrong = [case.file for case in cases if _accepts(case) == case.want_err]
    assert wrong == []


@dataclass(frozen=True)
class _Inclusion:
    index: int
    size: int


@st.composite
def _inclusions(draw: st.DrawFn) -> _Inclusion:
    size = draw(st.integers(1, _MOST))
    return _Inclusion(draw(st.integers(0, size - 1)), size)


@given(_inclusions())
def test_every_leaf_is_proven_in_every_tree(case: _Inclusion) -> None:
    proof = proofs.inclusion_proof(case.index, case.size, _READ)
    proofs.verify_inclusion(_LEAVES[case.index], case.index, case.size, proof, naive_root(_LEAVES[: case.size]))


@given(_inclusions(), st.data())
def test_an_inclusion_proof_proves_nothing_else(case: _Inclusion, data: st.DataObject) -> None:
    root = naive_root(_LEAVES[: case.size])
    proof = proofs.inclusion_proof(case.index, case.size, _READ)
    wrong_leaf = data.draw(st.sampled_from(_LEAVES).filter(lambda leaf: leaf != _LEAVES[case.index]))
    attempts = [
        (wrong_leaf, case.index, proof),
        (_LEAVES[case.index], case.index ^ 1 if case.size > 1 else 1, proof),
        (_LEAVES[case.index], case.index, (*proof, bytes(32))),
        (_LEAVES[case.index], case.index, (bytes(32), *proof)),
    ]
    if proof:
        attempts.append((_LEAVES[case.index], case.index, proof[:-1]))
        attempts.append((_LEAVES[case.index], case.index, _flipped(proof, data)))
    for leaf, index, path in attempts:
        with pytest.raises(ProtocolError) as refusal:
            proofs.verify_inclusion(leaf, index, case.size, path, root)
        assert refusal.value.code is Code.BAD_PROOF


@given(st.integers(1, _MOST), st.integers(0, _MOST))
def test_every_tree_begins_with_every_smaller_one(old: int, more: int) -> None:
    new = min(old + more, _MOST)
    old_root, new_root = naive_root(_LEAVES[:old]), naive_root(_LEAVES[:new])
    proofs.verify_consistency(old, old_root, new, new_root, proofs.consistency_proof(old, new, _READ))


@given(st.integers(1, _MOST - 1), st.integers(1, _MOST), st.data())
def test_a_consistency_proof_proves_nothing_else(old: int, more: int, data: st.DataObject) -> None:
    new = min(old + more, _MOST)
    old_root, new_root = naive_root(_LEAVES[:old]), naive_root(_LEAVES[:new])
    proof = proofs.consistency_proof(old, new, _READ)
    attempts = [
        (bytes(32), new_root, proof),
        (old_root, bytes(32), proof),
        (old_root, new_root, (*proof, bytes(32))),
        (old_root, new_root, proof[:-1]),
        (old_root, new_root, ()),
        (old_root, new_root, _flipped(proof, data)),
    ]
    for first, second, path in attempts:
        with pytest.raises(ProtocolError) as refusal:
            proofs.verify_consistency(old, first, new, second, path)
        assert refusal.value.code is Code.BAD_PROOF


def _flipped(proof: tuple[bytes, ...], data: st.DataObject) -> tuple[bytes, ...]:
    place = data.draw(st.integers(0, len(proof) - 1))
    byte = data.draw(st.integers(0, 31))
    changed = bytearray(proof[place])
    changed[byte] ^= 1 << data.draw(st.integers(0, 7))
    return (*proof[:place], bytes(changed), *proof[place + 1 :])


_NUMBERS: Final = st.integers(-2, MAX_LOG_SIZE + 2) | st.integers(0, 9)
_HASHES: Final = st.binary(min_size=32, max_size=32) | st.binary(max_size=33)


@given(_HASHES, _NUMBERS, _NUMBERS, st.lists(_HASHES, max_size=66), _HASHES)
def test_garbage_is_only_ever_a_bad_proof(first: bytes, low: int, high: int, proof: list[bytes], second: bytes) -> None:
    # A tree of one leaf is proven by nothing, and two trees of one size by their equal roots: the rest is refused.
    expected = high == 1 and first == second and not proof
    assert _verifies(lambda: proofs.verify_inclusion(first, low, high, proof, second)) in {False, expected}
    expected = low == high and first == second and not proof
    assert _verifies(lambda: proofs.verify_consistency(low, first, high, second, proof)) in {False, expected}


def test_no_proof_from_an_empty_tree() -> None:
    with pytest.raises(ProtocolError, match="from 0 to 3"):
        proofs.verify_consistency(0, naive_root([]), 3, naive_root(_LEAVES[:3]), ())
    with pytest.raises(ProtocolError, match="from 0 to 3"):
        proofs.consistency_proof(0, 3, _READ)


def test_hashes_of_another_length_are_refused() -> None:
    root = naive_root(_LEAVES[:2])
    with pytest.raises(ProtocolError, match="32 bytes"):
        proofs.verify_inclusion(_LEAVES[0][:31], 0, 2, (_LEAVES[1],), root)
    with pytest.raises(ProtocolError, match="at most"):
        proofs.verify_inclusion(_LEAVES[0], 0, 2, (bytes(32),) * (MAX_PROOF_HASHES + 1), root)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (0, MAX_LOG_SIZE + 1)])
def test_no_proof_is_made_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ProtocolError) as refusal:
        proofs.inclusion_proof(index, size, _READ)
    assert refusal.value.code is Code.MALFORMED


@pytest.mark.parametrize("size", range(_MOST + 1))
def test_the_root_at_any_size(size: int) -> None:
    assert proofs.root_at(size, _READ) == naive_root(_LEAVES[:size])


def test_no_root_at_a_size_that_no_log_has() -> None:
    with pytest.raises(ProtocolError):
        proofs.root_at(-1, _READ)


def test_the_longest_possible_proofs_stay_within_the_bound() -> None:
    proof = proofs.inclusion_proof(0, MAX_LOG_SIZE, lambda _level, _index: bytes(32))
    longest = proofs.consistency_proof(MAX_LOG_SIZE // 2 - 1, MAX_LOG_SIZE - 1, lambda _level, _index: bytes(32))
    assert len(proof) <= len(longest) <= MAX_PROOF_HASHES
