"""How fast a log is kept and a replica accepts, beside the bare work that nobody can avoid.

``python -m tests.bench.log [entries]`` prints one JSON object. The bare loop decodes, hashes and verifies the same
entries one after the other, without checkpoints, frontiers or error handling.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Final

import msgspec

from protocol import envelope, statements
from protocol.merkle import tiles
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import leaf_hash
from protocol.replica import Replica, VerifyAll
from tests.protocol.samples import CIRCLE, KEY, NOW, every_kind
from tests.protocol.signed_log import SignedLog

_DEFAULT_ENTRIES: Final = 5_000
_LEAVES: Final = 1_000_000
_PIECE: Final = 1_000
"""Entries in one offer, about what a stream of 2 MB carries."""


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _entries(count: int) -> list[bytes]:
    """Findings of the usual size; all of them signed, each one different from the others by its identifier."""
    payload = statements.encode(every_kind()["finding"])
    identifier = every_kind()["finding"].id.encode()
    return [envelope.sign(payload.replace(identifier, b"%021dA" % number), KEY) for number in range(count)]


def _bare(entries: list[bytes]) -> None:
    for jws in entries:
        leaf_hash(jws)
        verified = envelope.verify(envelope.parse(jws), KEY.public)
        statements.decode(verified.payload)


def _accepting(log: SignedLog, verify_all: VerifyAll) -> Callable[[], None]:
    """Catching up in pieces; notes and proofs are made beforehand, as another node would have."""
    size = len(log.entries)
    note = log.note()
    ends = [min(start + _PIECE, size) for start in range(0, size, _PIECE)]
    proofs = {end: log.proof(end) if end < size else () for end in ends}

    def accept() -> None:
        replica = Replica(log.circle, log.key.public)
        for end in ends:
            start = replica.frontier.size
            piece = log.entries[start:end]
            replica, _ = replica.accept(note, piece, NOW, start=start, proof=proofs[end], verify_all=verify_all)

    return accept


def measure(count: int) -> dict[str, float]:
    """The figures, each the only run of its kind."""
    entries = _entries(count)
    log = SignedLog(entries, key=KEY, circle=CIRCLE)
    leaves = [leaf_hash(b"%d" % number) for number in range(_LEAVES)]
    with ThreadPoolExecutor(2) as pool:
        return {
            "entries": count,
            "bytes_per_entry": round(sum(map(len, entries)) / count),
            "bare_entries_per_second": round(count / _seconds(lambda: _bare(entries))),
            "accepted_entries_per_second": round(count / _seconds(_accepting(log, map))),
            "accepted_on_two_threads_per_second": round(count / _seconds(_accepting(log, pool.map))),
            "seconds_to_extend_by_a_million_leaves": round(_seconds(lambda: EMPTY.extend(leaves)), 2),
            "seconds_to_tile_a_million_leaves": round(
                _seconds(lambda: tiles.grow(0, leaves, lambda _level, _index, _width: b"")), 2
            ),
        }


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else _DEFAULT_ENTRIES
    sys.stdout.write(msgspec.json.encode(measure(asked)).decode() + "\n")
