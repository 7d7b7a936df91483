"""An index of the node's own registry, kept in a file beside the database.

The file is a cache: named by the digest of the registry that it was made from, so that a stale one is never read;
written whole and then renamed, so that a torn one is never seen; checked against its own digest and decoded into
typed rows, so that a damaged or foreign one is made anew. It holds public registry data and nothing else.
"""

import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Final

import msgspec

from node.storage.database import Database
from node.storage.matching import registry_digest, registry_organisations
from node.subjects.matching import places
from node.subjects.matching.index import KINDS, Index, Source, gather
from node.subjects.matching.resolve import Matcher, matcher

FORMAT: Final = 3
"""Changes with :class:`Source` and with how names are read; a file of another format is made anew."""
FOLDER: Final = "matching"
RECHECK_SECONDS: Final = 300.0
"""A running node looks this often whether its registry changed. Reading it all takes about a second."""
MAX_FILE_BYTES: Final = 536_870_912
"""A cache file; that of the whole registry has about 45 MB."""
_DIGEST_BYTES: Final = 32
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Source)


def open_index(database: Database, folder: Path, note: Callable[[str], None] = lambda _words: None) -> Index:
    """The index of the registry as it is now: from its file, or built and then kept there.

    A folder that cannot be written to costs the next start some seconds and nothing else.
    """
    return Index(keep(database, folder, note))


def keep(database: Database, folder: Path, note: Callable[[str], None] = lambda _words: None) -> Source:
    """The rows of that index, on disk from now on, without the memory that the index takes."""
    with database.read() as tx:
        path = folder / f"names-{FORMAT}-{registry_digest(tx)[:32]}.bin"
        kept = read(path)
        if kept is not None:
            return kept
        note("building the index of names")
        source = gather(registry_organisations(tx), places.load().names)
    try:
        write(path, source)
    except OSError:
        note("the index could not be kept on disk")
    return source


def write(path: Path, source: Source) -> None:
    """Keep an index's rows in place of all older ones."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    encoded = _ENCODER.encode(source)
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            file.write(hashlib.sha256(encoded).digest())
            file.write(encoded)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)  # from here on the new index is the one that is read
    finally:
        part.unlink(missing_ok=True)
    for old in path.parent.glob("names-*.bin"):
        if old != path:
            old.unlink(missing_ok=True)


def read(path: Path) -> Source | None:
    """The rows of this file; ``None`` where there is none, or none that can be trusted."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return None
        content = memoryview(path.read_bytes())
    except OSError:
        return None
    encoded = content[_DIGEST_BYTES:]
    if hashlib.sha256(encoded).digest() != content[:_DIGEST_BYTES]:
        return None
    try:
        source = _DECODER.decode(encoded)
    except msgspec.DecodeError:
        return None
    return source if _fits(source) else None


def _fits(source: Source) -> bool:
    """Whether the rows belong together: no list shorter than another, no row that points outside."""
    each = (
        source.labels,
        source.countries,
        source.places,
        source.types,
        source.active,
        source.relations,
        source.ties,
        source.hosts,
    )
    names = (source.name_kind, source.name_text, source.name_words)
    count = len(source.ids)
    return (
        all(len(column) == count for column in each)
        and all(len(column) == len(source.name_owner) for column in names)
        and all(0 <= owner < count for owner in source.name_owner)
        and all(a <= b for a, b in zip(source.name_owner, source.name_owner[1:], strict=False))
        and all(0 <= kind < len(KINDS) for kind in source.name_kind)
        and all(0 <= parent < count for parents in source.relations for parent in parents)
    )


class Names:
    """The matcher of one running node: made at the first question, looked after from then on; one for all threads."""

    def __init__(self, database: Database, data: Path) -> None:
        self._database = database
        self._folder = data / FOLDER
        self._lock = Lock()
        self._matcher: Matcher | None = None
        self._digest = ""
        self._checked = 0.0

    def matcher(self) -> Matcher:
        """On the registry as it was at most ``RECHECK_SECONDS`` ago.

        The first question after a start waits for the index (a few seconds for the whole registry), and so do others
        that come meanwhile. Opens its own transaction: not to be called inside one that writes.
        """
        with self._lock:
            if self._matcher is None or monotonic() - self._checked > RECHECK_SECONDS:
                with self._database.read() as tx:
                    digest = registry_digest(tx)
                if self._matcher is None or digest != self._digest:
                    self._matcher = matcher(open_index(self._database, self._folder))
                    self._digest = digest
                self._checked = monotonic()
            return self._matcher
