"""Taking one section into the log that it belongs to: verified first, then stored in one transaction.

The order is what makes a crash harmless. Signatures are checked without any lock; then, in one transaction, the
log is locked, entries, tiles, frontier, checkpoint and projection are written, and the commit moves the log as a
whole. Killed before it, the node holds what it held and asks again; killed after it, the next request names the
new size.

A section may hold more than is wanted: entries beyond the day's quota, or beyond the entry at which the log is known
to fork. Then its beginning is taken, under a proof made for that beginning.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from node.domain.circles import Member, Roster
from node.domain.ledger import Allowance, Beyond, Log, LogStatus, WitnessLine
from node.ledger.keyring import Keyring
from node.ledger.projection import project
from node.storage import circles, witnesses
from node.storage import ledger as logs
from node.storage.database import Database, Transaction
from node.sync import quota, witness
from node.sync.shorten import shorten
from protocol.errors import Code, ProtocolError
from protocol.identifiers import KeyId
from protocol.merkle import proofs, tiles
from protocol.merkle.checkpoint import Checkpoint, author_note, open_checkpoint, origin
from protocol.merkle.hashing import Leaf
from protocol.messages.stream import Section
from protocol.projection import Reading
from protocol.replica import AcceptedEntry, Erased, Replica, Unreadable, VerifyAll
from protocol.statements import Key, Statement, Timestamp


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a section brought, and how large its log is said to be."""

    entries: int
    unreadable: int
    statements: tuple[Statement, ...]
    announced: int
    size: int
    over_quota: int = 0
    """Entries that were sent and wait for another day."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """A section whose checkpoint its contributor has signed, beside what we hold of the log."""

    member: Member
    held: "_Held"
    section: Section | None
    """What is to be taken of it; none if nothing is."""
    checkpoint: Checkpoint
    over_quota: int
    lines: tuple[WitnessLine, ...]
    """Of witnesses, in the checkpoint's note: verified, and new to us."""
    cosigned: int = 0
    """The checkpoint's size, where one of them is ours and nobody here remembers it: we were put back."""
    vouched: bool = False
    """The log's own author sent it: what it sends without content has none."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What decides how a section is taken. If it changes before we have the lock, the section is looked at again."""

    replica: Replica
    status: LogStatus = "good"
    fork_index: int | None = None


def accept(
    database: Database,
    roster: Roster,
    section: Section,
    now: Timestamp,
    *,
    keyring: Keyring | None = None,
    verify_all: VerifyAll = map,
    sender: KeyId | None = None,
) -> Accepted:
    """Verify and store one section; all of it (but for what the quota or a fork cuts off) or, by an error, none.

    ``sender`` is who sent it: where entries have no content, the log's own author alone is taken at its word. With a
    ``keyring`` the node also cosigns the checkpoints that it has come to hold. Raises ``NOT_A_MEMBER`` for a log that
    is nobody's, ``FORK`` where the checkpoint contradicts what we hold (see :func:`node.sync.forks.examine`), and
    otherwise as :meth:`protocol.replica.Replica.accept`. Of a log that is known to fork, what precedes the fork is
    taken under either history.
    """
    with database.read() as tx:
        if section.contributor not in roster.lines:  # it may have been admitted since the roster was read
            roster = circles.get_roster(tx, roster.circle)
        log = logs.find_log(tx, roster.circle, section.contributor)
        offer = replace(_look_at(tx, roster, section, log, now), vouched=sender == section.contributor)
    after, entries = _verify(offer, now, verify_all)
    if after == offer.held.replica and not _settled_lines(offer, after) and not offer.cosigned:
        return _accepted(offer, after, entries, 0)
    with database.write() as tx:
        log = logs.lock_log(tx, roster.circle, section.contributor)
        if _held(roster, offer.member, log) != offer.held:
            # Another worker moved the log while we verified. Its state decides; under the lock it stays.
            offer = replace(_look_at(tx, roster, section, log, now), vouched=offer.vouched)
            after, entries = _verify(offer, now, map)
        reading = _store(tx, roster, offer, log, after, entries, keyring, now)
        # The commit point is the end of this block.
    return _accepted(offer, after, entries, 0 if reading is None else len(reading.unreadable))


def _look_at(tx: Transaction, roster: Roster, section: Section, log: Log | None, now: Timestamp) -> _Offer:
    """What of a section is to be taken, before any of its entries is read."""
    member = roster.lines.get(section.contributor)
    if member is None:
        raise ProtocolError(Code.NOT_A_MEMBER, f"{section.contributor} is no member of circle {roster.circle}")
    name = origin(roster.circle, member.contributor)
    offered = open_checkpoint(section.checkpoint, origin=name, key=member.key)
    held = _held(roster, member, log)
    size = held.replica.frontier.size
    lines: tuple[WitnessLine, ...] = ()
    wanted: Section | None = None
    over_quota = 0
    if held.fork_index is None:
        if log is not None and offered.size < size:
            _require_same(_root_at(tx, log, offered.size), offered)
        elif section.entries or min(section.start, offered.size) <= size:
            # Otherwise we have claimed to hold it, and want nothing. A checkpoint of the size that we do hold is looked
            # at even where its section begins behind its own end: witnesses are counted for nothing that we have not.
            wanted, over_quota = _within_quota(tx, roster, section, offered, log, now)
        lines = witness.new_lines(tx, roster, member, log, section.checkpoint, offered.size)
    elif size < held.fork_index and section.start <= size < section.start + len(section.entries) <= offered.size:
        end = min(held.fork_index, section.start + len(section.entries))
        wanted = _cut(tx, section, end, offered, log)
    if wanted is not None:
        # A relay could have added lines: they would be kept, as evidence too, under the author's name.
        wanted = replace(wanted, checkpoint=author_note(section.checkpoint, origin=name, key=member.key))
    cosigned = offered.size if any(each.witness == roster.own for each in lines) else 0
    forgotten = cosigned > max(size, 0 if log is None else log.cosigned)
    return _Offer(member, held, wanted, offered, over_quota, lines, cosigned if forgotten else 0)


def _within_quota(
    tx: Transaction, roster: Roster, section: Section, offered: Checkpoint, log: Log | None, now: Timestamp
) -> tuple[Section | None, int]:
    """As much of a section as the day has room for, and how many entries have to wait. Our own log has no quota."""
    size = 0 if log is None else log.size
    new = [0 if isinstance(entry, Leaf) else len(entry) for entry in section.entries[max(0, size - section.start) :]]
    if section.contributor in roster.own_keys or not new or section.start > size:
        return section, 0
    room = quota.fitting(allowance_of(tx, roster, section.contributor, log, now), new)
    if room == len(new):
        return section, 0
    return (_cut(tx, section, size + room, offered, log) if room else None), len(new) - room


def _cut(tx: Transaction, section: Section, end: int, offered: Checkpoint, log: Log | None) -> Section:
    if end == section.start + len(section.entries):
        return section
    fetch = _no_tiles if log is None else logs.tile_fetch(tx, log)
    return shorten(section, end, offered.size, held=0 if log is None else log.size, fetch=fetch)


def _verify(offer: _Offer, now: Timestamp, verify_all: VerifyAll) -> tuple[Replica, tuple[AcceptedEntry, ...]]:
    before, section = offer.held.replica, offer.section
    if section is None:
        return before, ()
    return before.accept(
        section.checkpoint, section.entries, now, start=section.start, proof=section.proof, verify_all=verify_all
    )


def _store(
    tx: Transaction,
    roster: Roster,
    offer: _Offer,
    log: Log,
    after: Replica,
    entries: Sequence[AcceptedEntry],
    keyring: Keyring | None,
    now: Timestamp,
) -> Reading | None:
    """Write what was verified; the caller holds the lock of the log."""
    before = offer.held.replica
    reading = None
    if entries:
        hashes = [entry.leaf_hash for entry in entries]
        grown = tiles.grow(log.size, hashes, logs.tile_fetch(tx, log))
        stored = [Leaf(e.leaf_hash) if isinstance(e.content, Erased) else e.jws for e in entries]
        logs.extend(tx, log, after.frontier, stored, grown)
        allowance = allowance_of(tx, roster, offer.member.contributor, log, now)
        lengths = [len(entry.jws) for entry in entries]
        # Who has gone on under another key brings the rest of its past in that log.
        goes_on = offer.member.superseded_by is not None or any(isinstance(each.content, Key) for each in entries)
        caught_up = after.covered == after.head and not goes_on
        spent = quota.spend(roster.charter, allowance, lengths, caught_up=caught_up)
        logs.save_allowance(tx, log, spent)
    lines = _settled_lines(offer, after)
    if after.covered != before.covered:
        logs.save_checkpoints(
            tx, log, covered=after.covered, covered_size=after.frontier.size, head=after.head or log.head
        )
        is_larger = after.frontier.size > max(log.cosigned, offer.cosigned)
        if keyring is not None and offer.held.status == "good" and is_larger:
            lines += witness.own_line(roster, offer.member, after.covered, after.frontier.size, keyring, now)
    elif after.head != before.head and offer.held.status == "good":
        logs.save_checkpoints(tx, log, covered=log.covered, covered_size=log.covered_size, head=after.head)
    if entries or after.covered != before.covered:
        logs.save_beyond(tx, log, _beyond(offer, after))
    if offer.cosigned > log.cosigned:
        logs.save_cosigned(tx, log, offer.cosigned)
    witnesses.save_lines(tx, log, lines)
    if entries:
        reading = project(tx, roster.circle, offer.member.contributor, entries, now, vouched=offer.vouched)
    return reading


def _beyond(offer: _Offer, after: Replica) -> Beyond | None:
    """What signs entries that no checkpoint covers yet: what contradicts them can so be proven before it does.

    Nothing is kept of a log whose fork is located, since its proof says more than any other could.
    """
    section = offer.section
    if section is None or offer.held.fork_index is not None or after.frontier.size == offer.checkpoint.size:
        return None
    return Beyond(section.checkpoint, section.proof)


def _settled_lines(offer: _Offer, after: Replica) -> tuple[WitnessLine, ...]:
    """Cosignatures of a state of the log that we hold; others speak of what we cannot check yet."""
    return offer.lines if offer.checkpoint.size <= after.frontier.size else ()


def _accepted(offer: _Offer, after: Replica, entries: Sequence[AcceptedEntry], unreadable: int) -> Accepted:
    return Accepted(
        entries=len(entries),
        unreadable=unreadable,
        statements=tuple(e.content for e in entries if not isinstance(e.content, Unreadable | Erased)),
        announced=offer.checkpoint.size if offer.held.fork_index is None else after.frontier.size,
        size=after.frontier.size,
        over_quota=offer.over_quota,
    )


def _held(roster: Roster, member: Member, log: Log | None) -> _Held:
    if log is None:
        return _Held(Replica(roster.circle, member.key))
    if log.fork_index is not None:
        # Its notes belong to one of two histories, and what precedes the fork is in both.
        return _Held(Replica(roster.circle, member.key, log.frontier), log.status, log.fork_index)
    # Of a log whose fork nobody has located, what continues our history is taken: if it stopped at each member where
    # it happened to be, its contributor could keep members apart for ever. Its head may be of a tree that is nowhere.
    head = log.head if log.status == "good" else b""
    return _Held(Replica(roster.circle, member.key, log.frontier, log.covered, head), log.status)


def allowance_of(tx: Transaction, roster: Roster, contributor: KeyId, log: Log | None, now: Timestamp) -> Allowance:
    """What is left of a log's quota; a change of keys brings no other."""
    others = [key for key in quota.sharing(roster, contributor) if key != contributor]
    known = logs.list_allowances(tx, roster.circle, others) if others else []
    if log is not None and log.allowance is not None:
        known.append(log.allowance)
    return quota.least(roster.charter, known, now) or quota.first(roster.charter, now)


def _no_tiles(_level: int, _index: int, _width: int) -> bytes:
    return b""


def _root_at(tx: Transaction, log: Log, size: int) -> bytes:
    """The root that our copy had at an earlier size: the replica alone cannot look back."""
    return proofs.root_at(size, tiles.reader(logs.tile_fetch(tx, log), log.size))


def _require_same(root: bytes, offered: Checkpoint) -> None:
    if root != offered.root:
        raise ProtocolError(Code.FORK, f"a checkpoint of {offered.size} entries that are not the ones we hold")
