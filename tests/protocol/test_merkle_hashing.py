"""The hashes of RFC 6962, against values that other implementations publish."""

import pytest

from protocol.merkle import hashing
from tests.protocol.signed_log import naive_root

# The eight inputs with which Certificate Transparency implementations are tested, and their roots.
_INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
_ROOT_OF_EIGHT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_the_empty_tree_has_the_hash_of_nothing_as_root() -> None:
    assert hashing.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_leaf_and_root_agree_with_published_values() -> None:
    leaves = [hashing.leaf_hash(bytes.fromhex(each)) for each in _INPUTS]
    assert leaves[0].hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert naive_root(leaves).hex() == _ROOT_OF_EIGHT


def test_an_entry_cannot_pass_for_a_pair_of_hashes() -> None:
    left, right = hashing.leaf_hash(b"left"), hashing.leaf_hash(b"right")
    assert hashing.leaf_hash(left + right) != hashing.node_hash(left, right)


@pytest.mark.parametrize("count", range(6))
def test_parents_pairs_neighbours_and_leaves_the_last_one_out(count: int) -> None:
    row = [hashing.leaf_hash(bytes([number])) for number in range(count)]
    expected = [hashing.node_hash(row[2 * number], row[2 * number + 1]) for number in range(count // 2)]
    assert hashing.parents(row) == expected
