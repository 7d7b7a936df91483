"""One log as a file that anybody can verify without this program.

A zip archive, laid out as C2SP tlog-tiles lays out a log where it has a place for the thing:

=================  ==========================================================================================
``checkpoint``     the signed note (C2SP tlog-checkpoint)
``key``            the verifier key of that note (C2SP signed-note): name, key hash and Ed25519 key
``tile/…``         every hash tile
``entries/…``      the original bytes, in streams as members send them to each other, in order
``README``         these lines
=================  ==========================================================================================

It holds what every member of the circle may read, hence no more than the circle's members may be given.
"""

import base64
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from typing import IO, Final

from node.domain.circles import Roster
from node.domain.ledger import Log
from node.errors import Code, HanseError
from node.storage import ledger as logs
from node.storage.database import Transaction
from protocol.identifiers import KeyId
from protocol.keys import PublicKey
from protocol.limits import MAX_STREAM_BYTES
from protocol.merkle import proofs, tiles
from protocol.merkle.checkpoint import origin
from protocol.messages.stream import Section, encode_stream

MAX_PART_BYTES: Final = MAX_STREAM_BYTES // 2
"""Entries in one part, in bytes: the part with its checkpoint and proof stays a stream that every reader takes."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The date of every file in the archive: the same log gives the same bytes."""
_ED25519: Final = b"\x01"
_README: Final = """The log {origin}
{size} entries, as they were signed; the checkpoint commits to all of them.

checkpoint  signed note; verify it with the key in the file "key" (C2SP signed-note, tlog-checkpoint)
tile/       hash tiles (C2SP tlog-tiles)
entries/    the entries: each part is a stream with one section and, where it ends before the
            checkpoint's size, the consistency proof from its end; docs/protocol.md, section 9.
            A line "=" and 43 characters is the leaf hash of an entry whose content is gone
"""


def export(
    tx: Transaction, roster: Roster, contributor: KeyId, target: IO[bytes], *, part_bytes: int = MAX_PART_BYTES
) -> int:
    """Write the log up to its latest covered checkpoint; how many entries that are.

    Raises ``NO_SUCH_MEMBER`` and, where nothing of the log is covered by a checkpoint here, ``NOT_FOUND``.
    """
    member = roster.members.get(contributor)
    if member is None:
        raise HanseError(Code.NO_SUCH_MEMBER, f"{contributor} is no member of circle {roster.circle}.")
    log = logs.find_log(tx, roster.circle, contributor)
    if log is None or not log.covered_size:
        raise HanseError(
            Code.NOT_FOUND, f"nothing of log {contributor} is here.", remedy="Run `hanse sync --once` first."
        )
    name = origin(roster.circle, contributor)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "README", _README.format(origin=name, size=log.covered_size).encode())
        _add(archive, "checkpoint", log.covered)
        _add(archive, "key", verifier_key(name, member.key).encode() + b"\n")
        for number, part in enumerate(_parts(tx, log, part_bytes)):
            _add(archive, f"entries/{number:06}", part)
        leaves = tiles.reader(logs.tile_fetch(tx, log), log.covered_size)
        for tile in tiles.grow(0, [leaves(0, index) for index in range(log.covered_size)], lambda *_: b""):
            _add(archive, tiles.tile_path(tile.level, tile.index, tile.width), tile.hashes)
    return log.covered_size


def verifier_key(name: str, key: PublicKey) -> str:
    """The text form of a key that verifies notes: ``name+hash+key`` (C2SP signed-note)."""
    typed = _ED25519 + key.raw
    key_hash = sha256(f"{name}\n".encode() + typed).digest()[:4]
    return f"{name}+{key_hash.hex()}+{base64.b64encode(typed).decode('ascii')}"


def _parts(tx: Transaction, log: Log, part_bytes: int) -> Iterator[bytes]:
    start = 0
    read = tiles.reader(logs.tile_fetch(tx, log), log.covered_size)
    while start < log.covered_size:
        entries = logs.take_entries(tx, log, start, log.covered_size, part_bytes)
        end = start + len(entries)
        proof = proofs.consistency_proof(end, log.covered_size, read) if end < log.covered_size else ()
        section = Section(log.contributor, start, tuple(entries), log.covered, proof)
        yield encode_stream([section], more=end < log.covered_size)
        start = end


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)
