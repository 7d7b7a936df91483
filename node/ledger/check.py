"""Checking a node's logs: everything that can be computed from stored bytes is computed and compared.

Entries lead to leaf hashes, these to tiles, frontier and root, the root to the signed checkpoint, the signature
of each entry to its contributor, and all entries together to the projection. One flipped bit breaks one of these,
and the check says where it is: the signed checkpoint decides whether an entry or a hash has changed.

Of an entry whose content is gone the leaf hash is all there is: it leads to the root as before, and what is remembered
of the statement is taken as it is.

What cannot be found: an entry that was never readable, changed together with every hash above it and with the
checkpoint; for that, the contributor's key would be needed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from node.domain.circles import Member
from node.domain.ledger import Log
from node.errors import HanseError
from node.ledger.membership import NOBODYS, compute
from node.ledger.membership import stored as stored_form
from node.ledger.reproject import as_accepted
from node.storage import circles, gone, membership, projection, statements
from node.storage import ledger as logs
from node.storage.database import Database, Transaction
from protocol import replica
from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, KeyId
from protocol.membership import facts_of
from protocol.merkle import proofs, tiles
from protocol.merkle.checkpoint import open_checkpoint, origin
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import HASH_BYTES, Entry, Leaf, entry_hash
from protocol.projection import WHOLE, Projected, Reading, UnreadableEntry, interpret
from protocol.replica import AcceptedEntry, Content, Erased, Unreadable
from protocol.statements import Timestamp

PROGRESS_ENTRIES: Final = 1_000
"""Between two signs of life: about 0.15 s of signature checks."""
_RESTORE: Final = "Restore the database from a backup and run `hanse sync --once`; members hold the newer entries."
_PROJECT: Final = "The signed entries are not affected. Restore the database from a backup, or report this as a bug."


@dataclass(frozen=True, slots=True)
class Progress:
    """A sign of life: so many entries of a log have been read."""

    circle: CircleId
    contributor: KeyId
    done: int
    size: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Something stored is not what it was: in which log, at which entry (none: not one entry's), and what to do."""

    circle: CircleId
    contributor: KeyId
    index: int | None
    what: str
    remedy: str


Event: TypeAlias = Progress | Damage


@dataclass(slots=True)
class _Recomputed:
    """What the stored entries of one log give when everything is computed again."""

    hashes: list[bytes] = field(default_factory=list)
    entries: list[AcceptedEntry] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    suspects: dict[int, Code] = field(default_factory=dict)
    """Entries that were readable when they came and are not now."""


def check(database: Database, now: Timestamp) -> Iterator[Event]:
    """Every log of every circle, one read transaction each, so that a running node goes on meanwhile."""
    with database.read() as tx:
        names = logs.list_names(tx)
        rosters = {roster.circle: roster for roster in circles.list_rosters(tx)}
    for circle, contributor in names:
        roster = rosters.get(circle)
        member = roster.lines.get(contributor) if roster else None
        if member is None:
            with database.read() as tx:
                if membership.cut_of(tx, circle, contributor) == NOBODYS:
                    continue  # it was a member's until a fork undid that; nothing in it counts
            yield Damage(circle, contributor, None, "this log belongs to no member of a circle of ours", _RESTORE)
            continue
        with database.read() as tx:
            yield from _check_log(tx, circle, member, now)
    for circle in rosters:
        with database.read() as tx:
            yield from _check_roster(tx, circle)
    with database.read() as tx:
        drawn, last = projection.last_drawn(tx), statements.last_seq(tx)
    if drawn < last:
        yield Damage(
            CircleId(""), KeyId(""), None, f"the feed's counter stands at {drawn}, its last row at {last}", _PROJECT
        )


def _check_roster(tx: Transaction, circle: CircleId) -> Iterator[Damage]:
    """Who is a member, and where logs are void: both follow from the entries."""
    charter = circles.signed_charter(tx, circle)
    if charter is None:
        return
    found = compute(tx, circle, charter.charter)
    if stored_form(charter.charter, found) != list(circles.stored_lines(tx, circle).values()):
        yield Damage(circle, KeyId(""), None, "the stored roster does not follow from charter and entries", _PROJECT)
    cuts = {key: cut for key, cut in membership.cuts(tx, circle).items() if key in found.lines or cut != NOBODYS}
    if {key: line.cut for key, line in found.lines.items() if line.cut != WHOLE} != cuts:
        yield Damage(circle, KeyId(""), None, "where logs are void does not follow from the entries", _PROJECT)


def _check_log(tx: Transaction, circle: CircleId, member: Member, now: Timestamp) -> Iterator[Event]:
    try:
        log = logs.find_log(tx, circle, member.contributor)
    except HanseError as error:
        yield Damage(circle, member.contributor, None, error.detail, _RESTORE)
        return
    if log is None:
        return
    cut = membership.cut_of(tx, circle, log.contributor)
    stored = projection.of_log(tx, log, cut)
    stored |= {index: row for index, row in gone.of_log(tx, log, cut).items() if row is not None}
    unreadable = {entry.index: entry for entry in logs.list_unreadable(tx, log)}
    found = _Recomputed()
    yield from _read(tx, log, member, now, unreadable, found)
    for what in _compare_tree(tx, log, member, found):
        yield Damage(log.circle, log.contributor, what[0], what[1], _RESTORE)
    if found.missing:
        return
    if [fact.index for fact in facts_of(log.contributor, found.entries)] != membership.indices(tx, log):
        yield Damage(log.circle, log.contributor, None, "what it says of membership is not noted as such", _PROJECT)
    reading = interpret(found.entries, {}, cut, remembered=gone.of_log(tx, log, cut))
    for index, words in _compare_projection(reading, stored, unreadable, found.suspects):
        yield Damage(log.circle, log.contributor, index, words, _PROJECT)


def _read(
    tx: Transaction,
    log: Log,
    member: Member,
    now: Timestamp,
    unreadable: Mapping[int, UnreadableEntry],
    found: _Recomputed,
) -> Iterator[Progress]:
    """Every entry: its hash, and what it says, its signature included."""
    expected = 0
    for index, entry in logs.indexed_entries(tx, log):
        found.missing += range(expected, index)
        expected = index + 1
        found.hashes.append(entry_hash(entry))
        content = _content(entry, log, member, now, unreadable.get(index))
        if isinstance(content, Unreadable) and index not in unreadable:
            found.suspects[index] = content.code
        found.entries.append(as_accepted(index, entry, content))
        if expected % PROGRESS_ENTRIES == 0:
            yield Progress(log.circle, log.contributor, expected, log.size)
    found.missing += range(expected, log.size)
    yield Progress(log.circle, log.contributor, expected, log.size)


def _content(entry: Entry, log: Log, member: Member, now: Timestamp, known: UnreadableEntry | None) -> Content:
    """As it reads now; one that waits for its day is left waiting, since the sweep may not have come yet."""
    if isinstance(entry, Leaf):
        return Erased()
    content = replica.reread(entry, member.key, log.circle, now)
    if known is not None and known.code is Code.FUTURE_DATED and not isinstance(content, Unreadable):
        return Unreadable(known.code, known.detail)
    return content


def _compare_tree(tx: Transaction, log: Log, member: Member, found: _Recomputed) -> Iterator[tuple[int | None, str]]:
    """Entries against hashes, hashes against the signed root."""
    for index in found.missing:
        yield index, "the entry is missing"
    stored = {(tile.level, tile.index): tile.hashes for tile in logs.list_tiles(tx, log)}
    changed = [] if found.missing else _changed_leaves(found.hashes, stored)
    frontier = EMPTY.extend(found.hashes)
    notes = list(_compare_notes(log, member, frontier.root(), complete=not found.missing))
    entries_fit = not notes and log.covered_size == len(found.hashes)
    for index in changed:
        blame = f"the hash in tile 0/{index // tiles.TILE_WIDTH}" if entries_fit else "the entry or its stored hash"
        yield index, f"{blame} has changed: they no longer belong together"
    for index, code in found.suspects.items():
        if index not in changed:
            yield index, f"the entry reads as {code}, and did not when it was stored"
    if found.missing or changed:
        return  # what follows from them differs as well, and would only hide them
    if frontier != log.frontier:
        yield None, f"the stored frontier does not follow from the {len(found.hashes)} entries"
    yield from ((None, words) for words in notes or _compare_beyond(log, member, frontier.root()))
    yield from ((None, words) for words in _compare_tiles(found.hashes, stored))


def _changed_leaves(hashes: Sequence[bytes], stored: Mapping[tuple[int, int], bytes]) -> list[int]:
    changed = []
    for index, hashed in enumerate(hashes):
        number, offset = divmod(index, tiles.TILE_WIDTH)
        kept = stored.get((0, number), b"")[offset * HASH_BYTES : (offset + 1) * HASH_BYTES]
        if kept != hashed:
            changed.append(index)
    return changed


def _compare_tiles(hashes: Sequence[bytes], stored: Mapping[tuple[int, int], bytes]) -> Iterator[str]:
    expected = {(tile.level, tile.index): tile.hashes for tile in tiles.grow(0, hashes, lambda *_: b"")}
    for level, index in sorted(expected.keys() | stored.keys()):
        if expected.get((level, index)) != stored.get((level, index)):
            yield f"hash tile {level}/{index} does not follow from the entries"


def _compare_notes(log: Log, member: Member, root: bytes, *, complete: bool) -> Iterator[str]:
    name = origin(log.circle, log.contributor)
    for kind, note in (("checkpoint", log.covered), ("newest checkpoint seen", log.head)):
        if not note:
            continue
        try:
            opened = open_checkpoint(note, origin=name, key=member.key)
        except ProtocolError as error:
            yield f"the stored {kind} does not verify: {error.detail}"
            continue
        if kind == "checkpoint" and opened.size != log.covered_size:
            yield f"the stored {kind} is for {opened.size} entries, noted as {log.covered_size}"
        if complete and opened.size == log.size and opened.root != root:
            yield f"the entries do not have the root that the {kind} signs"


def _compare_beyond(log: Log, member: Member, root: bytes) -> Iterator[str]:
    """What signs the entries behind the checkpoint, until one covers them. Of a located fork nothing is kept."""
    if log.size == log.covered_size or log.fork_index is not None:
        return
    if log.beyond is None:
        yield f"nothing shows who signed the entries from {log.covered_size} on"
        return
    try:
        signed = open_checkpoint(log.beyond.note, origin=origin(log.circle, log.contributor), key=member.key)
        proofs.verify_consistency(log.size, root, signed.size, signed.root, log.beyond.proof)
    except ProtocolError as error:
        yield f"what shows who signed the entries from {log.covered_size} on does not verify: {error.detail}"


def _compare_projection(
    reading: Reading,
    stored: Mapping[int, Projected],
    unreadable: Mapping[int, UnreadableEntry],
    suspects: Mapping[int, Code],
) -> Iterator[tuple[int, str]]:
    """Rows against what the entries say; an entry that has itself changed was reported already."""
    expected = {row.index: row for row in reading.new.values()}
    refused = {entry.index: entry.code for entry in reading.unreadable}
    for index in sorted(expected.keys() | stored.keys() | refused.keys() | unreadable.keys()):
        if index in suspects:
            continue
        known = unreadable.get(index)
        if (known.code if known else None) != refused.get(index):
            yield index, "the note on whether it can be read differs from its bytes"
        elif expected.get(index) != stored.get(index):
            yield index, "the row of this statement differs from what its log says"
