"""The code answers every vector of the log as the files say."""

from functools import partial
from hashlib import sha256
from typing import Final

import msgspec
import pytest

from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, decode_bytes, encode_bytes
from protocol.keys import PublicKey
from protocol.merkle import proofs, tiles
from protocol.merkle.checkpoint import open_checkpoint
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import leaf_hash
from protocol.replica import Replica, Unreadable
from protocol.statements import Timestamp
from tests.protocol.vector_file import VECTORS, error_code, load_cases


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    error: Code | None


class _Tree(_Case, frozen=True, kw_only=True):
    size: int
    root: str
    frontier: list[str]


class _Inclusion(_Case, frozen=True, kw_only=True):
    index: int
    size: int
    leaf: str
    root: str
    proof: list[str]


class _Consistency(_Case, frozen=True, kw_only=True):
    old: int
    old_root: str
    new: int
    new_root: str
    proof: list[str]


class _Content(msgspec.Struct, frozen=True):
    path: str
    sha256: str


class _Contents(_Case, frozen=True, kw_only=True):
    size: int
    tiles: list[_Content]


class _Path(_Case, frozen=True, kw_only=True):
    path: str
    level: int = 0
    index: int = 0
    width: int = 0


class _Note(_Case, frozen=True, kw_only=True):
    note: str
    origin: str
    key: str
    size: int = 0
    root: str = ""


class _Offer(_Case, frozen=True, kw_only=True):
    held: int
    head: str
    checkpoint: str
    start: int
    entries: list[str]
    proof: list[str]
    size: int = 0
    root: str = ""
    covered: str = ""
    contents: list[Code | None] = []


class _ReplicaFile(msgspec.Struct, frozen=True):
    circle: CircleId
    key: str
    now: Timestamp
    log: list[str]
    covered: list[str]
    cases: list[_Offer]


def _leaves(size: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(size)]


def _bytes(texts: list[str]) -> list[bytes]:
    return [decode_bytes(text) for text in texts]


def test_trees() -> None:
    for case in load_cases("merkle_trees.json", _Tree):
        frontier = EMPTY.extend(_leaves(case.size))
        assert encode_bytes(frontier.root()) == case.root, case.name
        assert list(frontier.hashes) == _bytes(case.frontier), case.name


def _include(case: _Inclusion) -> None:
    leaf, root = decode_bytes(case.leaf), decode_bytes(case.root)
    proofs.verify_inclusion(leaf, case.index, case.size, _bytes(case.proof), root)


def test_inclusion_proofs() -> None:
    cases = load_cases("merkle_inclusion.json", _Inclusion)
    wrong = [case.name for case in cases if error_code(partial(_include, case)) != case.error]
    assert wrong == []


def _continue(case: _Consistency) -> None:
    old_root, new_root = decode_bytes(case.old_root), decode_bytes(case.new_root)
    proofs.verify_consistency(case.old, old_root, case.new, new_root, _bytes(case.proof))


def test_consistency_proofs() -> None:
    cases = load_cases("merkle_consistency.json", _Consistency)
    wrong = [case.name for case in cases if error_code(partial(_continue, case)) != case.error]
    assert wrong == []


def test_tile_contents() -> None:
    for case in load_cases("tile_contents.json", _Contents):
        grown = tiles.grow(0, _leaves(case.size), lambda _level, _index, _width: b"")
        found = [
            (tiles.tile_path(tile.level, tile.index, tile.width), encode_bytes(sha256(tile.hashes).digest()))
            for tile in grown
        ]
        assert found == [(each.path, each.sha256) for each in case.tiles], case.name


@pytest.mark.parametrize("case", load_cases("tile_paths.json", _Path), ids=lambda case: case.name)
def test_tile_paths(case: _Path) -> None:
    if case.error is None:
        assert tiles.parse_tile_path(case.path) == tiles.TileName(case.level, case.index, case.width)
        assert tiles.tile_path(case.level, case.index, case.width) == case.path
        return
    with pytest.raises(ProtocolError) as refusal:
        tiles.parse_tile_path(case.path)
    assert refusal.value.code is case.error


@pytest.mark.parametrize("case", load_cases("checkpoints.json", _Note), ids=lambda case: case.name)
def test_checkpoints(case: _Note) -> None:
    key = PublicKey.decode(case.key)
    if case.error is None:
        checkpoint = open_checkpoint(decode_bytes(case.note), origin=case.origin, key=key)
        assert (checkpoint.size, encode_bytes(checkpoint.root)) == (case.size, case.root)
        return
    with pytest.raises(ProtocolError) as refusal:
        open_checkpoint(decode_bytes(case.note), origin=case.origin, key=key)
    assert refusal.value.code is case.error


_REPLICAS: Final = msgspec.json.decode((VECTORS / "replicas.json").read_bytes(), type=_ReplicaFile)


@pytest.mark.parametrize("case", _REPLICAS.cases, ids=lambda case: case.name)
def test_replicas(case: _Offer) -> None:
    held = EMPTY.extend(leaf_hash(each.encode()) for each in _REPLICAS.log[: case.held])
    covered = _REPLICAS.covered[case.held]
    replica = Replica(
        _REPLICAS.circle, PublicKey.decode(_REPLICAS.key), held, covered.encode(), (case.head or covered).encode()
    )
    entries = [each.encode() for each in case.entries]

    def accept() -> tuple[Replica, list[Code | None]]:
        after, accepted = replica.accept(
            case.checkpoint.encode(), entries, _REPLICAS.now, start=case.start, proof=_bytes(case.proof)
        )
        return after, [each.content.code if isinstance(each.content, Unreadable) else None for each in accepted]

    if case.error is not None:
        with pytest.raises(ProtocolError) as refusal:
            accept()
        assert refusal.value.code is case.error
        return
    after, contents = accept()
    assert (after.frontier.size, encode_bytes(after.frontier.root())) == (case.size, case.root)
    assert (after.covered.decode(), contents) == (case.covered, case.contents)
