"""Our log against golang.org/x/mod/sumdb/note and tlog, in both directions.

Needs Go and the package as Debian ships it (``golang-go`` and ``golang-golang-x-mod-dev``); skipped, saying
what is missing, where they are not installed. Nothing is downloaded.
"""

import base64
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import pytest

from protocol.errors import ProtocolError
from protocol.merkle import proofs, tiles
from protocol.merkle.checkpoint import Checkpoint, open_checkpoint, origin, sign_checkpoint
from protocol.merkle.cosignature import cosign, with_cosignatures
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import leaf_hash
from protocol.replica import Replica
from tests.protocol.signed_log import CIRCLE, KEY, OTHER_KEY, SEED, TODAY, SignedLog, entry, retraction

_GOPATH: Final = Path("/usr/share/gocode")
_PACKAGE: Final = _GOPATH / "src" / "golang.org" / "x" / "mod" / "sumdb" / "tlog"
_SOURCE: Final = Path(__file__).parent / "go" / "main.go"
_BUILD_SECONDS: Final = 300
_RUN_SECONDS: Final = 60

_T = TypeVar("_T")


class _Inclusion(msgspec.Struct, rename="pascal", frozen=True):
    index: int
    size: int
    leaf: bytes
    root: bytes
    proof: tuple[bytes, ...]


class _Consistency(msgspec.Struct, rename="pascal", frozen=True):
    old: int
    new: int
    old_root: bytes
    new_root: bytes
    proof: tuple[bytes, ...]


class _Tiles(msgspec.Struct, rename="pascal", frozen=True):
    size: int
    root: bytes
    leaves: dict[int, bytes]
    tiles: dict[str, bytes]


class _Witness(msgspec.Struct, rename="pascal", frozen=True):
    origin: str = ""
    public: bytes = b""


class _Checks(msgspec.Struct, rename="pascal", frozen=True):
    verifier: str
    notes: list[str] = []
    witness: _Witness = _Witness()
    cosigned: list[str] = []
    inclusion: list[_Inclusion] = []
    consistency: list[_Consistency] = []
    tiles: list[_Tiles] = []


class _Verdicts(msgspec.Struct, rename="pascal", frozen=True):
    """One text for each check, empty where it held."""

    notes: list[str] | None
    cosigned: list[str] | None
    inclusion: list[str] | None
    consistency: list[str] | None
    tiles: list[str] | None


class _Sizes(msgspec.Struct, rename="pascal", frozen=True):
    old: int
    new: int


class _Request(msgspec.Struct, rename="pascal", frozen=True):
    signer: str
    entries: list[bytes]
    proofs: list[_Sizes]


class _Made(msgspec.Struct, rename="pascal", frozen=True):
    notes: list[str]
    inclusion: list[_Inclusion]
    consistency: list[_Consistency]
    tiles: dict[str, bytes]


@dataclass(frozen=True)
class _Go:
    """The built program."""

    binary: Path

    def check(self, checks: _Checks) -> _Verdicts:
        return self._run("check", checks, _Verdicts)

    def make(self, request: _Request) -> _Made:
        return self._run("make", request, _Made)

    def _run(self, command: str, given: msgspec.Struct, answer: type[_T]) -> _T:
        done = subprocess.run(  # noqa: S603 - the program that the fixture built
            [self.binary, command],
            input=msgspec.json.encode(given),
            capture_output=True,
            check=False,
            timeout=_RUN_SECONDS,
        )
        assert done.returncode == 0, done.stderr.decode()
        return msgspec.json.decode(done.stdout, type=answer)


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> _Go:
    compiler = shutil.which("go")
    if compiler is None:
        pytest.skip("needs Go (Debian package golang-go)")
    if not _PACKAGE.is_dir():
        pytest.skip("needs golang.org/x/mod/sumdb (Debian package golang-golang-x-mod-dev)")
    directory = tmp_path_factory.mktemp("go")
    environment = {
        "PATH": f"{Path(compiler).parent}:/usr/bin:/bin",
        "HOME": str(directory),
        "GOCACHE": str(directory / "cache"),
        "GOPATH": str(_GOPATH),
        "GO111MODULE": "off",
        "GOPROXY": "off",
        "CGO_ENABLED": "0",
    }
    binary = directory / "interop"
    done = subprocess.run(  # noqa: S603 - the compiler, on a source file of this directory
        [compiler, "build", "-o", binary, _SOURCE],
        env=environment,
        capture_output=True,
        check=False,
        timeout=_BUILD_SECONDS,
    )
    assert done.returncode == 0, done.stderr.decode()
    return _Go(binary)


_LOG: Final = SignedLog([entry(number) for number in range(600)])
_VERIFIER_KEY: Final = base64.b64encode(b"\x01" + KEY.public.raw).decode()


def _key_hash() -> str:
    """The first four bytes of the key hash, as a Go verifier key writes them; taken from a note of ours."""
    signature = _LOG.note(1).decode().split()[-1]
    return base64.b64decode(signature)[:4].hex()


_VERIFIER: Final = f"{_LOG.origin}+{_key_hash()}+{_VERIFIER_KEY}"


def _flipped(data: bytes, place: int = 0) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def _root(size: int) -> bytes:
    return EMPTY.extend(_LOG.hashes[:size]).root()


_STORED: Final = {
    (tile.level, tile.index): tile.hashes for tile in tiles.grow(0, _LOG.hashes, lambda _level, _index, _width: b"")
}


def _read(size: int) -> proofs.HashReader:
    return tiles.reader(lambda level, index, _width: _STORED[level, index], size)


def test_go_opens_our_checkpoints_and_no_others(go: _Go) -> None:
    notes = [_LOG.note(size).decode() for size in (0, 1, 255, 256, 600)]
    bad = [
        notes[-1].replace("\n600\n", "\n601\n"),
        notes[-1].replace(_LOG.origin, _LOG.origin.replace("v1", "v2")),
        sign_checkpoint(_LOG.checkpoint(), OTHER_KEY).decode(),
        notes[-1][:-1],
        notes[-1].replace("— ", "- "),
    ]
    verdicts = go.check(_Checks(_VERIFIER, notes=[*notes, *bad])).notes
    assert verdicts is not None
    assert [verdict == "" for verdict in verdicts] == [True] * len(notes) + [False] * len(bad)
    with_witness = notes[-1] + "— witness.example/w1 " + base64.b64encode(bytes(range(76))).decode() + "\n"
    assert go.check(_Checks(_VERIFIER, notes=[with_witness])).notes == [""]


def test_go_opens_our_cosignatures_and_no_others(go: _Go) -> None:
    note = _LOG.note()
    witness = _Witness(origin(CIRCLE, OTHER_KEY.public.key_id), OTHER_KEY.public.raw)
    line = cosign(note, OTHER_KEY, circle=CIRCLE, time=TODAY)
    encoded = line.split()[-1]
    later = (TODAY + 1).to_bytes(8, "big")
    data = base64.b64decode(encoded)
    moved = base64.b64encode(data[:4] + later + data[12:])
    notes = [
        with_cosignatures(note, [line]),
        with_cosignatures(note, [cosign(note, KEY, circle=CIRCLE, time=TODAY), line]),
        note,
        with_cosignatures(note, [line.replace(encoded, moved)]),
        with_cosignatures(note, [cosign(_LOG.note(599), OTHER_KEY, circle=CIRCLE, time=TODAY)]),
    ]
    checks = _Checks(_VERIFIER, witness=witness, cosigned=[each.decode() for each in notes])
    verdicts = go.check(checks).cosigned
    assert verdicts is not None
    assert [verdict == "" for verdict in verdicts] == [True, True, False, False, False]
    assert go.check(_Checks(_VERIFIER, notes=[notes[0].decode()])).notes == [""]


_SIZES: Final = [
    (1, 1),
    (1, 2),
    (2, 3),
    (3, 8),
    (7, 8),
    (5, 13),
    (255, 256),
    (256, 257),
    (256, 600),
    (300, 600),
    (599, 600),
]


def test_go_verifies_our_inclusion_proofs_and_no_others(go: _Go) -> None:
    true, false = [], []
    for number, size in _SIZES:
        index = number - 1
        proof = proofs.inclusion_proof(index, size, _read(size))
        good = _Inclusion(index, size, _LOG.hashes[index], _root(size), proof)
        true.append(good)
        false.append(msgspec.structs.replace(good, leaf=_flipped(good.leaf)))
        false.append(msgspec.structs.replace(good, proof=(*proof, bytes(32))))
        false += [msgspec.structs.replace(good, proof=(_flipped(proof[0], 31), *proof[1:]))] if proof else []
    verdicts = go.check(_Checks(_VERIFIER, inclusion=[*true, *false])).inclusion
    assert verdicts is not None
    assert [verdict == "" for verdict in verdicts] == [True] * len(true) + [False] * len(false)


def test_go_verifies_our_consistency_proofs_and_no_others(go: _Go) -> None:
    true, false = [], []
    for old, new in _SIZES:
        proof = proofs.consistency_proof(old, new, _read(new))
        good = _Consistency(old, new, _root(old), _root(new), proof)
        true.append(good)
        false.append(msgspec.structs.replace(good, old_root=_flipped(good.old_root)))
        false.append(msgspec.structs.replace(good, proof=(*proof, bytes(32))))
        false += [msgspec.structs.replace(good, proof=(*proof[:-1], _flipped(proof[-1], 7)))] if proof else []
    verdicts = go.check(_Checks(_VERIFIER, consistency=[*true, *false])).consistency
    assert verdicts is not None
    assert [verdict == "" for verdict in verdicts] == [True] * len(true) + [False] * len(false)


def _served(size: int) -> dict[str, bytes]:
    """Every tile of the tree of ``size`` leaves, under the path at which it is served."""
    grown = tiles.grow(0, _LOG.hashes[:size], lambda _level, _index, _width: b"")
    return {tiles.tile_path(tile.level, tile.index, tile.width): tile.hashes for tile in grown}


def test_go_reads_every_leaf_through_our_tiles_and_notices_a_changed_one(go: _Go) -> None:
    cases = [
        _Tiles(size, _root(size), dict(enumerate(_LOG.hashes[:size])), _served(size)) for size in (1, 255, 256, 600)
    ]
    largest = cases[-1]
    changed = [
        msgspec.structs.replace(largest, tiles={**largest.tiles, path: _flipped(data, len(data) - 1)})
        for path, data in largest.tiles.items()
    ]
    verdicts = go.check(_Checks(_VERIFIER, tiles=[*cases, *changed])).tiles
    assert verdicts is not None
    assert [verdict == "" for verdict in verdicts] == [True] * len(cases) + [False] * len(changed)


@pytest.fixture(scope="module")
def made(go: _Go) -> _Made:
    seed = base64.b64encode(b"\x01" + SEED).decode()
    signer = f"PRIVATE+KEY+{_LOG.origin}+{_key_hash()}+{seed}"
    return go.make(_Request(signer, list(_LOG.entries), [_Sizes(old, new) for old, new in _SIZES]))


def test_we_open_what_go_signed(made: _Made) -> None:
    for size, note in enumerate(made.notes, start=1):
        checkpoint = open_checkpoint(note.encode(), origin=_LOG.origin, key=KEY.public)
        assert checkpoint == Checkpoint(_LOG.origin, size, _root(size))
        assert note.encode() == sign_checkpoint(checkpoint, KEY), "to the byte: Ed25519 leaves no choice"


def test_we_verify_what_go_proved_and_prove_the_same(made: _Made) -> None:
    for each in made.inclusion:
        proofs.verify_inclusion(each.leaf, each.index, each.size, each.proof, each.root)
        assert each.proof == proofs.inclusion_proof(each.index, each.size, _read(each.size))
    for pair in made.consistency:
        proofs.verify_consistency(pair.old, pair.old_root, pair.new, pair.new_root, pair.proof)
        assert pair.proof == proofs.consistency_proof(pair.old, pair.new, _read(pair.new))


def test_we_refuse_what_go_proved_for_another_tree(made: _Made) -> None:
    for each in made.inclusion:
        with pytest.raises(ProtocolError):
            proofs.verify_inclusion(each.leaf, each.index, each.size, each.proof, _flipped(each.root))
    for pair in made.consistency:
        with pytest.raises(ProtocolError):
            proofs.verify_consistency(pair.old, _flipped(pair.old_root), pair.new, pair.new_root, pair.proof)


def test_our_tiles_are_the_tiles_that_go_writes(made: _Made) -> None:
    for path, data in made.tiles.items():
        name = tiles.parse_tile_path(path)
        assert data == _STORED[name.level, name.index][: name.width * 32]
    assert set(_served(600)) <= set(made.tiles)


def test_a_log_that_go_keeps_becomes_our_replica(made: _Made) -> None:
    note = made.notes[-1].encode()
    replica, accepted = Replica(CIRCLE, KEY.public).accept(note, _LOG.entries, TODAY, start=0)
    assert replica.frontier.root() == _root(600)
    assert [each.content for each in accepted] == [retraction(number) for number in range(600)]
    assert [each.leaf_hash for each in accepted] == [leaf_hash(each) for each in _LOG.entries]
