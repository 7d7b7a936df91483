"""Vectors for Merkle trees, their proofs and their tiles (clauses 7.1 to 7.3 and 7.8 to 7.10)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final

from protocol.errors import Code
from protocol.identifiers import encode_bytes
from protocol.limits import MAX_PROOF_HASHES
from protocol.merkle import proofs, tiles
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import leaf_hash
from tests.protocol.vector_file import Case, vector_file

_LARGEST: Final = 66_000
LEAVES: Final = [leaf_hash(str(number).encode()) for number in range(_LARGEST)]
_STORED: Final = {
    (tile.level, tile.index): tile.hashes for tile in tiles.grow(0, LEAVES, lambda _level, _index, _width: b"")
}
_READ: Final = tiles.reader(lambda level, index, _width: _STORED[level, index], _LARGEST)
_ENTRIES: Final = "Entry i of every tree is the number i in ASCII decimal, from 0 on. Hashes are in base64url."
_FALSE: Final = {"false-proof": "a holder of the log could show one reader what another will never see"}


def _texts(hashes: Iterable[bytes]) -> list[str]:
    return [encode_bytes(each) for each in hashes]


def _flip(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def trees() -> bytes:
    """Roots and frontiers by size."""
    cases = []
    for size in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 255, 256, 257, 600, 65_535, 65_536, 66_000):
        frontier = EMPTY.extend(LEAVES[:size])
        given = {"size": size, "root": encode_bytes(frontier.root()), "frontier": _texts(frontier.hashes)}
        cases.append(Case(f"{size} entries", "7.2", given))
    return vector_file(f"Merkle trees. {_ENTRIES} The frontier is the complete subtrees, largest first.", {}, cases)


def _inclusion(name: str, index: int, size: int, error: Code | None = None, /, **changed: object) -> Case:
    honest = {
        "index": index,
        "size": size,
        "leaf": encode_bytes(LEAVES[index]),
        "root": encode_bytes(proofs.root_at(size, _READ)),
        "proof": _texts(proofs.inclusion_proof(index, size, _READ)),
    }
    return Case(name, "7.3", honest | changed, error, ("false-proof",) if error else ())


def inclusion() -> bytes:
    """Inclusion proofs, true and false."""
    places = ((0, 1), (0, 2), (1, 2), (2, 3), (4, 5), (6, 7), (0, 8), (299, 600), (599, 600), (65_999, 66_000))
    cases = [_inclusion(f"entry {index} of {size}", index, size) for index, size in places]
    proof = proofs.inclusion_proof(4, 7, _READ)
    bad = Code.BAD_PROOF
    cases += [
        _inclusion("another leaf", 4, 7, bad, leaf=encode_bytes(LEAVES[5])),
        _inclusion("another index", 4, 7, bad, index=5),
        _inclusion("another size", 4, 7, bad, size=9),
        _inclusion("another root", 4, 7, bad, root=encode_bytes(proofs.root_at(8, _READ))),
        _inclusion("a changed hash", 4, 7, bad, proof=_texts([_flip(proof[0]), *proof[1:]])),
        _inclusion("a hash too few", 4, 7, bad, proof=_texts(proof[:-1])),
        _inclusion("a hash too many", 4, 7, bad, proof=_texts([*proof, bytes(32)])),
        _inclusion("hashes in another order", 4, 7, bad, proof=_texts(proof[::-1])),
        _inclusion("a short hash", 4, 7, bad, proof=_texts([proof[0][1:], *proof[1:]])),
        _inclusion("more hashes than any proof has", 4, 7, bad, proof=_texts([bytes(32)] * (MAX_PROOF_HASHES + 1))),
        _inclusion("an index behind the end", 6, 7, bad, index=7),
        _inclusion("an index before the beginning", 0, 7, bad, index=-1),
        _inclusion("an inner node for a leaf", 0, 8, bad, leaf=encode_bytes(_READ(1, 0)), size=4),
        _inclusion("a tree of none", 0, 1, bad, size=0),
    ]
    return vector_file(f"Inclusion proofs. {_ENTRIES}", _FALSE, cases)


def _consistency(name: str, old: int, new: int, error: Code | None = None, /, **changed: object) -> Case:
    honest = {
        "old": old,
        "old_root": encode_bytes(proofs.root_at(old, _READ)),
        "new": new,
        "new_root": encode_bytes(proofs.root_at(new, _READ)),
        "proof": _texts(proofs.consistency_proof(old, new, _READ)),
    }
    return Case(name, "7.3", honest | changed, error, ("false-proof",) if error else ())


def consistency() -> bytes:
    """Consistency proofs, true and false."""
    sizes = ((1, 1), (1, 2), (2, 3), (3, 7), (4, 7), (6, 7), (7, 8), (8, 8), (256, 600), (300, 600), (65_536, 66_000))
    cases = [_consistency(f"from {old} to {new}", old, new) for old, new in sizes]
    proof = proofs.consistency_proof(6, 7, _READ)
    bad = Code.BAD_PROOF
    empty = encode_bytes(proofs.root_at(0, _READ))
    cases += [
        _consistency("another old root", 6, 7, bad, old_root=encode_bytes(proofs.root_at(5, _READ))),
        _consistency("another new root", 6, 7, bad, new_root=encode_bytes(proofs.root_at(8, _READ))),
        _consistency("another old size", 6, 7, bad, old=5),
        _consistency("another new size", 4, 7, bad, new=9),
        _consistency("a changed hash", 6, 7, bad, proof=_texts([*proof[:-1], _flip(proof[-1])])),
        _consistency("a hash too few", 6, 7, bad, proof=_texts(proof[:-1])),
        _consistency("a hash too many", 6, 7, bad, proof=_texts([*proof, bytes(32)])),
        _consistency("no hashes", 6, 7, bad, proof=[]),
        _consistency("no hashes from a complete tree", 4, 7, bad, proof=[]),
        _consistency("a short hash", 6, 7, bad, proof=_texts([proof[0][1:], *proof[1:]])),
        _consistency("back to a smaller tree", 6, 7, bad, old=7, new=6),
        _consistency("from an empty tree", 1, 7, bad, old=0, old_root=empty, proof=[]),
        _consistency("from an empty tree to an empty tree", 1, 1, bad, old=0, old_root=empty, new=0, new_root=empty),
        _consistency("two roots for one size", 7, 7, bad, old_root=encode_bytes(proofs.root_at(6, _READ))),
        _consistency("a proof where none is needed", 7, 7, bad, proof=_texts(proof)),
    ]
    return vector_file(f"Consistency proofs. {_ENTRIES}", _FALSE, cases)


def _content(tile: tiles.Tile) -> Mapping[str, str]:
    path = tiles.tile_path(tile.level, tile.index, tile.width)
    return {"path": path, "sha256": encode_bytes(sha256(tile.hashes).digest())}


def tile_contents() -> bytes:
    """What each tile of a tree holds, by its digest."""
    cases = []
    for size in (0, 1, 255, 256, 257, 600):
        grown = tiles.grow(0, LEAVES[:size], lambda _level, _index, _width: b"")
        cases.append(Case(f"{size} entries", "7.8", {"size": size, "tiles": [_content(tile) for tile in grown]}))
    about = f"Every hash tile of a tree, at its greatest width, with the SHA-256 of its bytes. {_ENTRIES}"
    return vector_file(about, {}, cases)


_GOOD_PATHS: Final[Sequence[tuple[str, int, int, int]]] = (
    ("tile/0/000", 0, 0, 256),
    ("tile/0/000.p/1", 0, 0, 1),
    ("tile/0/999.p/255", 0, 999, 255),
    ("tile/0/x001/000", 0, 1_000, 256),
    ("tile/1/x001/x234/067.p/5", 1, 1_234_067, 5),
    ("tile/0/x004/x294/x967/295", 0, 2**32 - 1, 256),
    ("tile/5/000.p/1", 5, 0, 1),
)
_SPELLED: Final = (
    ("a number without three digits", "tile/0/0"),
    ("a number of four digits", "tile/0/0000"),
    ("a leading slash", "/tile/0/000"),
    ("a level with a leading zero", "tile/00/000"),
    ("a leading group of zeros", "tile/0/x000/000"),
    ("a group without its x", "tile/0/001/000"),
    ("an x before the last group", "tile/0/x001/x000"),
    ("a width without a number", "tile/0/000.p/"),
    ("a width with a leading zero", "tile/0/000.p/01"),
    ("a full tile as a partial one", "tile/0/000.p/256"),
    ("a line feed at the end", "tile/0/000\n"),
    ("digits of another script", "tile/0/\u0660\u0660\u0660"),
    ("a level for the height", "tile/8/0/000"),
)
_ABSENT: Final = (
    ("nothing", ""),
    ("no number", "tile/0"),
    ("a width of none", "tile/0/000.p/0"),
    ("a width beyond any tile", "tile/0/000.p/999"),
    ("a level above the largest log", "tile/6/000"),
    ("a level below the leaves", "tile/-1/000"),
    ("a top tile that is full", "tile/5/000"),
    ("a number behind the largest log", "tile/0/x004/x294/x967/296"),
    ("a path without end", "tile/0/" + "x001/" * 400 + "000"),
)


def tile_paths() -> bytes:
    """Paths of tiles and what is none."""
    cases = [
        Case(path, "7.9", {"path": path, "level": level, "index": index, "width": width})
        for path, level, index, width in _GOOD_PATHS
    ]
    cases += [Case(name, "7.9", {"path": path}, Code.MALFORMED, ("second-spelling",)) for name, path in _SPELLED]
    cases += [Case(name, "7.9", {"path": path}, Code.MALFORMED, ("no-tile",)) for name, path in _ABSENT]
    entries = (("entries", "tile/entries/000"), ("data", "tile/data/000"))
    cases += [Case(f"a tile of {name}", "7.10", {"path": path}, Code.MALFORMED, ("content",)) for name, path in entries]
    flags = {
        "second-spelling": "one tile would have several addresses, and a cache or an access rule could miss one",
        "no-tile": "a stranger could make a node look for what no log has",
        "content": "strangers would read entries, which are for members",
    }
    return vector_file("Paths of hash tiles, below the address of a log.", flags, cases)


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "vectors/merkle_trees.json": trees,
    "vectors/merkle_inclusion.json": inclusion,
    "vectors/merkle_consistency.json": consistency,
    "vectors/tile_contents.json": tile_contents,
    "vectors/tile_paths.json": tile_paths,
}
