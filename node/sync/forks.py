"""Telling a forked log from a peer that sends garbage, when entries do not lead to the root that was signed.

Either the peer changed the entries, or the contributor has signed two histories. The contributor's signature is
on both checkpoints, so a consistency question between the two sizes settles it: the hash tiles behind the newer
checkpoint either lead to it from another beginning than ours (then two signed histories exist, whoever passed
them on), or they lead nowhere (then the peer has shown nothing).
"""

from typing import Final

from node.domain.circles import Member, Roster
from node.domain.ledger import Log
from node.errors import HanseError
from node.sync.outbound import Outbound
from protocol.errors import ProtocolError
from protocol.identifiers import encode_bytes
from protocol.merkle import proofs, tiles
from protocol.merkle.checkpoint import author_note, open_checkpoint, origin

_MAX_TILES: Final = 64
"""Tiles fetched for one question: two paths through a tree of the largest allowed size need far fewer."""


def prove(outbound: Outbound, peer: Member, roster: Roster, log: Log, note: bytes) -> bytes | None:
    """Evidence that the contributor signed a history beside ours, or ``None`` if the peer shows none.

    ``note`` is a larger checkpoint of the log whose entries did not fit. The evidence is the note and, one per
    line after it, the root that our size has in that history and the consistency proof from it, in base64url:
    together with our own ``covered`` checkpoint it convinces anybody who has the contributor's key.
    """
    key = roster.members[log.contributor].key
    name = origin(roster.circle, log.contributor)
    try:
        ours = open_checkpoint(log.covered, origin=name, key=key)
        theirs = open_checkpoint(note, origin=name, key=key)
        if not 0 < ours.size < theirs.size:
            return None
        read = tiles.reader(_fetch(outbound, peer, log), theirs.size)
        other = proofs.root_at(ours.size, read)
        proof = proofs.consistency_proof(ours.size, theirs.size, read)
        proofs.verify_consistency(ours.size, other, theirs.size, theirs.root, proof)
    except (ProtocolError, HanseError):
        return None
    if other == ours.root:
        return None
    return author_note(note, origin=name, key=key) + b"".join(
        encode_bytes(each).encode("ascii") + b"\n" for each in (other, *proof)
    )


def _fetch(outbound: Outbound, peer: Member, log: Log) -> tiles.TileFetch:
    fetched = 0

    def fetch(level: int, index: int, width: int) -> bytes:
        nonlocal fetched
        fetched += 1
        if fetched > _MAX_TILES:
            return b""  # too short for any width, which ends the question
        return outbound.tile(peer, log.circle, log.contributor, level, index, width)

    return fetch
