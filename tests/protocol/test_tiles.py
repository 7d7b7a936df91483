"""Tiles: grown in any pieces they are the same files, and everything can be proven from them alone."""

from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import Code, ProtocolError
from protocol.limits import MAX_LOG_SIZE
from protocol.merkle import proofs, tiles
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import leaf_hash

_LEAVES: Final = [leaf_hash(number.to_bytes(4, "big")) for number in range(66_000)]
"""One more level of tiles than 65,536 leaves have, and a partial tile at each level."""


class _Store:
    """The widest tile of each name, as storage keeps them."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}

    def fetch(self, level: int, index: int, width: int) -> bytes:
        data = self.tiles[level, index]
        assert len(data) >= width * 32
        return data

    def put(self, grown: Iterable[tiles.Tile]) -> None:
        for tile in grown:
            assert tile.hashes.startswith(self.tiles.get((tile.level, tile.index), b""))
            self.tiles[tile.level, tile.index] = tile.hashes


@pytest.fixture(scope="module")
def full() -> _Store:
    store = _Store()
    store.put(tiles.grow(0, _LEAVES, store.fetch))
    return store


def test_three_levels_of_tiles(full: _Store) -> None:
    widths = {name: len(data) // 32 for name, data in full.tiles.items()}
    assert widths[0, 257] == 66_000 % 256
    assert widths[1, 0] == 256
    assert widths[1, 1] == 66_000 // 256 - 256
    assert widths[2, 0] == 1
    assert len(widths) == 258 + 2 + 1


@settings(deadline=None)
@given(st.lists(st.integers(0, 300), max_size=6))
def test_in_any_pieces_they_are_the_same(pieces: list[int]) -> None:
    store, at_once = _Store(), _Store()
    size = 0
    for piece in pieces:
        grown = tiles.grow(size, _LEAVES[size : size + piece], store.fetch)
        assert all(1 <= tile.width <= 256 for tile in grown)
        store.put(grown)
        size += piece
    at_once.put(tiles.grow(0, _LEAVES[:size], at_once.fetch))
    assert store.tiles == at_once.tiles


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 65_535, 65_536, 65_537, 66_000])
def test_any_earlier_tree_can_be_read_from_the_tiles_of_a_later_one(full: _Store, size: int) -> None:
    read = tiles.reader(full.fetch, size)
    assert proofs.root_at(size, read) == EMPTY.extend(_LEAVES[:size]).root()
    assert proofs.frontier_at(size, read) == EMPTY.extend(_LEAVES[:size])


@given(st.data())
def test_proofs_from_tiles(full: _Store, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 66_000))
    index = data.draw(st.integers(0, size - 1))
    read = tiles.reader(full.fetch, size)
    root = proofs.root_at(size, read)
    proofs.verify_inclusion(_LEAVES[index], index, size, proofs.inclusion_proof(index, size, read), root)
    old_root = proofs.root_at(index + 1, read)
    proofs.verify_consistency(index + 1, old_root, size, root, proofs.consistency_proof(index + 1, size, read))


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (0, -1), (0, 300), (8, 1), (9, 0), (2, 75)])
def test_nothing_outside_the_tree_is_read(full: _Store, level: int, index: int) -> None:
    with pytest.raises(ProtocolError) as refusal:
        tiles.reader(full.fetch, 300)(level, index)
    assert refusal.value.code is Code.MALFORMED


def test_a_tile_that_is_too_short_is_truncated(full: _Store) -> None:
    read = tiles.reader(lambda level, index, width: full.fetch(level, index, width)[: width * 32 - 1], 300)
    with pytest.raises(ProtocolError) as refusal:
        read(0, 0)
    assert refusal.value.code is Code.TRUNCATED
    with pytest.raises(ProtocolError) as refusal:
        tiles.grow(3, _LEAVES[:1], lambda _level, _index, _width: b"")
    assert refusal.value.code is Code.TRUNCATED


@pytest.mark.parametrize("size", [-1, MAX_LOG_SIZE])
def test_a_log_does_not_grow_beyond_its_bounds(size: int) -> None:
    with pytest.raises(ProtocolError) as refusal:
        tiles.grow(size, _LEAVES[:1], lambda _level, _index, _width: b"")
    assert refusal.value.code is Code.TOO_LARGE


@given(st.integers(0, 5), st.integers(0, MAX_LOG_SIZE // 256), st.integers(1, 256))
def test_paths_round_trip(level: int, index: int, width: int) -> None:
    in_level = MAX_LOG_SIZE >> 8 * level
    width = min(width, in_level)
    index %= -(-in_level // 256)
    assert tiles.parse_tile_path(tiles.tile_path(level, index, width)) == tiles.TileName(level, index, width)


@given(st.text(max_size=60) | st.from_regex(r"tile/[0-9]/(x?[0-9]{1,4}/?){1,5}(\.p/[0-9]{1,4})?", fullmatch=True))
def test_garbage_is_refused_or_means_exactly_itself(path: str) -> None:
    try:
        name = tiles.parse_tile_path(path)
    except ProtocolError:
        return
    assert tiles.tile_path(name.level, name.index, name.width) == path


@pytest.mark.parametrize(
    ("level", "index", "width"), [(-1, 0, 1), (6, 0, 1), (0, -1, 1), (0, 2**32, 1), (5, 0, 2), (0, 0, 0)]
)
def test_no_path_for_a_tile_that_cannot_be(level: int, index: int, width: int) -> None:
    with pytest.raises(ProtocolError):
        tiles.tile_path(level, index, width)
