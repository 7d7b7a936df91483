"""Hash tiles: a log's tree in files of up to 256 hashes, as C2SP tlog-tiles lays them out.

The tile ``(level, index)`` holds the roots of complete subtrees of ``256**level`` leaves, from number
``256 * index`` on. Everything between two tile levels is computed again when it is needed. A tile that is not
full yet is partial; a wider tile begins with every narrower one, so the widest is all that need be kept.

Only hashes are served as tiles. Entries go to members, in a signed stream: the ``tile/entries`` of the C2SP
format does not exist here.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from protocol.errors import Code, ProtocolError
from protocol.limits import MAX_LOG_SIZE
from protocol.merkle.hashing import HASH_BYTES, parents
from protocol.merkle.proofs import HashReader

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
MAX_TILE_LEVEL: Final = (MAX_LOG_SIZE.bit_length() - 1) // TILE_HEIGHT
"""The level of the single tile at the top of the largest log."""

TileFetch: TypeAlias = Callable[[int, int, int], bytes]
"""``(level, index, width)`` to the bytes of the stored tile: ``width`` hashes or more, of which the first count."""

_CACHED_TILES: Final = 64
"""Tiles that one reader keeps, 8 kB each: the few that the proofs of one log share are near its right edge."""
_MAX_PATH_CHARACTERS: Final = 40
"""The longest path of a tile is ``tile/0/x004/x294/x967/295.p/255``."""
_PATH: Final = re.compile(r"tile/([0-9])/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: ``hashes`` is 1 to 256 hashes, one after the other."""

    level: int
    index: int
    hashes: bytes

    @property
    def width(self) -> int:
        """How many hashes it holds; 256 where it is full."""
        return len(self.hashes) // HASH_BYTES


@dataclass(frozen=True, slots=True)
class TileName:
    """Which tile a path names, and how many of its hashes."""

    level: int
    index: int
    width: int


def grow(size: int, leaf_hashes: Sequence[bytes], fetch: TileFetch) -> list[Tile]:
    """The tiles to store when these leaves are appended to a tree of ``size``, each replacing a narrower one.

    Reads the one partial tile at the edge of each level that changes.
    """
    if not 0 <= size <= MAX_LOG_SIZE - len(leaf_hashes):
        raise ProtocolError(Code.TOO_LARGE, f"a log has 0 to {MAX_LOG_SIZE} entries")
    tiles = []
    level, count, row = 0, size, list(leaf_hashes)
    while row:
        first, held = divmod(count, TILE_WIDTH)
        edge = _fetched(fetch, level, first, held) if held else b""
        data = edge + b"".join(row)
        tile_bytes = TILE_WIDTH * HASH_BYTES
        grown = [
            Tile(level, first + number, data[start : start + tile_bytes])
            for number, start in enumerate(range(0, len(data), tile_bytes))
        ]
        tiles += grown
        row = [_tile_root(tile.hashes) for tile in grown if tile.width == TILE_WIDTH]
        level, count = level + 1, first
    return tiles


def reader(fetch: TileFetch, size: int) -> HashReader:
    """A reader of the tree of ``size`` leaves from its tiles; raises ``MALFORMED`` for subtrees outside of it.

    ``fetch`` may raise what it likes; a tile that is too short is ``TRUNCATED``. The hashes are not checked
    against a root: compare :func:`protocol.merkle.proofs.root_at` with a checkpoint first, or verify the proof.
    """

    @lru_cache(maxsize=_CACHED_TILES)
    def tile(level: int, index: int) -> bytes:
        in_level = size >> (TILE_HEIGHT * level)
        return _fetched(fetch, level, index, min(TILE_WIDTH, in_level - index * TILE_WIDTH))

    def read(level: int, index: int) -> bytes:
        if level < 0 or index < 0 or (index + 1) << level > size:
            raise ProtocolError(Code.MALFORMED, f"no complete subtree {index} at level {level} in {size} leaves")
        tile_level, inside = divmod(level, TILE_HEIGHT)
        tile_index, offset = divmod(index << inside, TILE_WIDTH)
        hashes = tile(tile_level, tile_index)
        return _tile_root(hashes[offset * HASH_BYTES : (offset + (1 << inside)) * HASH_BYTES])

    return read


def tile_path(level: int, index: int, width: int) -> str:
    """The path under a log's prefix: ``tile/0/x001/234`` for a full tile, ``tile/0/x001/234.p/5`` for a partial one."""
    if not 0 <= level <= MAX_TILE_LEVEL or not 1 <= width <= TILE_WIDTH:
        raise ProtocolError(Code.MALFORMED, "no such tile: level or width out of range")
    if index < 0 or index * TILE_WIDTH + width > MAX_LOG_SIZE >> TILE_HEIGHT * level:
        raise ProtocolError(Code.MALFORMED, "no such tile: index out of range")
    rest, last = divmod(index, 1000)
    number = f"{last:03}"
    while rest:
        rest, group = divmod(rest, 1000)
        number = f"x{group:03}/{number}"
    return f"tile/{level}/{number}" + ("" if width == TILE_WIDTH else f".p/{width}")


def parse_tile_path(path: str) -> TileName:
    """Undo :func:`tile_path`; every other spelling of the same tile is refused as ``MALFORMED``."""
    match = _PATH.fullmatch(path) if len(path) <= _MAX_PATH_CHARACTERS else None
    if match is None:
        raise ProtocolError(Code.MALFORMED, "not the path of a hash tile")
    level, groups, last, width = match.groups()
    name = TileName(int(level), int(groups.replace("x", "").replace("/", "") + last), int(width or TILE_WIDTH))
    if tile_path(name.level, name.index, name.width) != path:
        raise ProtocolError(Code.MALFORMED, "not the one path of this hash tile")
    return name


def _fetched(fetch: TileFetch, level: int, index: int, width: int) -> bytes:
    data = fetch(level, index, width)
    if len(data) < width * HASH_BYTES:
        raise ProtocolError(Code.TRUNCATED, f"tile {level}/{index} holds fewer than {width} hashes")
    return data[: width * HASH_BYTES]


def _tile_root(data: bytes) -> bytes:
    """The root of the complete subtree over these hashes, a power of two of them."""
    row = [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]
    while len(row) > 1:
        row = parents(row)
    return row[0]
