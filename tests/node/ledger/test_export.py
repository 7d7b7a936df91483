"""An exported log can be verified from its file alone."""

import io
import zipfile

import pytest

from node.errors import Code, HanseError
from node.ledger import export
from node.storage import circles
from protocol.identifiers import KeyId
from protocol.keys import PublicKey
from protocol.merkle import tiles
from protocol.merkle.checkpoint import open_checkpoint, origin
from protocol.merkle.hashing import HASH_BYTES
from protocol.merkle.proofs import root_at
from protocol.messages.stream import decode_stream
from protocol.replica import Replica
from tests.node import statements as make
from tests.node.ledger.support import Home


def exported(home: Home, contributor: KeyId, *, part_bytes: int = 200_000) -> bytes:
    """In several parts, without a log of megabytes."""
    target = io.BytesIO()
    with home.database.read() as tx:
        export.export(tx, circles.get_roster(tx, home.circle), contributor, target, part_bytes=part_bytes)
    return target.getvalue()


def test_the_archive_alone_proves_the_log(home: Home) -> None:
    new = make.findings(home.circle, 400)
    home.append(*new)

    data = exported(home, home.own)

    assert data == exported(home, home.own)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    key = home.keyring.contributor(home.own).public
    name = origin(home.circle, home.own)
    assert files["key"].decode() == export.verifier_key(name, key) + "\n"
    parts = [files[part] for part in sorted(files) if part.startswith("entries/")]
    replica = Replica(home.circle, PublicKey(key.raw))
    said = []
    for part in parts:
        ((section,), _) = decode_stream(part)
        replica, accepted = replica.accept(
            section.checkpoint, section.entries, make.IAT, start=section.start, proof=section.proof
        )
        said += [entry.content for entry in accepted]
    assert len(parts) > 1
    assert said == list(new)
    assert replica.covered == files["checkpoint"]

    def fetch(level: int, index: int, width: int) -> bytes:
        return files[tiles.tile_path(level, index, width)]

    checkpoint = open_checkpoint(files["checkpoint"], origin=name, key=key)
    assert root_at(400, tiles.reader(fetch, 400)) == checkpoint.root
    assert len(files["tile/0/001.p/144"]) == 144 * HASH_BYTES


def test_what_is_not_here_cannot_be_exported(home: Home) -> None:
    with pytest.raises(HanseError) as caught:
        exported(home, KeyId("A" * 43))
    assert caught.value.code is Code.NO_SUCH_MEMBER
    with pytest.raises(HanseError) as caught:
        exported(home, home.own)
    assert caught.value.code is Code.NOT_FOUND
