"""Taking one section into the log that it belongs to: verified first, then stored in one transaction.

The order is what makes a crash harmless. Signatures are checked without any lock; then, in one transaction, the
log is locked, entries, tiles, frontier, checkpoint and projection are written, and the commit moves the log as a
whole. Killed before it, the node holds what it held and asks again; killed after it, the next request names the
new size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from node.domain.circles import Member, Roster
from node.domain.ledger import Log
from node.ledger.projection import project
from node.storage import forks
from node.storage import ledger as logs
from node.storage.database import Database, Transaction
from protocol.errors import Code, ProtocolError
from protocol.merkle import proofs, tiles
from protocol.merkle.checkpoint import Checkpoint, author_note, open_checkpoint, origin
from protocol.messages.stream import Section
from protocol.replica import AcceptedEntry, Replica, Unreadable, VerifyAll
from protocol.statements import Statement, Timestamp


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a section brought, and how large its log is said to be."""

    entries: int
    unreadable: int
    statements: tuple[Statement, ...]
    announced: int
    size: int


def accept(
    database: Database, roster: Roster, section: Section, now: Timestamp, *, verify_all: VerifyAll = map
) -> Accepted:
    """Verify and store one section; all of it or, by an error, none.

    Raises ``NOT_A_MEMBER`` for a log that is nobody's, ``FORK`` where the checkpoint contradicts what we hold
    (the log is then marked and its evidence kept), and otherwise as :meth:`protocol.replica.Replica.accept`.
    """
    member = roster.members.get(section.contributor)
    if member is None:
        raise ProtocolError(Code.NOT_A_MEMBER, f"{section.contributor} is no member of circle {roster.circle}")
    name = origin(roster.circle, member.contributor)
    offered = open_checkpoint(section.checkpoint, origin=name, key=member.key)
    # A relay could have added lines: they would be kept, as evidence too, under the author's name.
    section = replace(section, checkpoint=author_note(section.checkpoint, origin=name, key=member.key))
    with database.read() as tx:
        log = logs.find_log(tx, roster.circle, member.contributor)
        if log is not None:
            _require_good(log)
        older = log is not None and offered.size < log.size
        past = _root_at(tx, log, offered.size) if log is not None and older else offered.root
    before = _replica(roster, member, log)
    try:
        _require_same(past, offered)
        if older:
            return Accepted(0, 0, (), offered.size, before.frontier.size)
        after, entries = before.accept(
            section.checkpoint, section.entries, now, start=section.start, proof=section.proof, verify_all=verify_all
        )
    except ProtocolError as error:
        if error.code is Code.FORK and log is not None:
            declare_fork(database, log, error.detail, section.checkpoint, now)
        raise
    if after == before:
        return Accepted(0, 0, (), offered.size, before.frontier.size)
    return _store(database, roster, section, before, after, entries, offered, now)


def _store(
    database: Database,
    roster: Roster,
    section: Section,
    before: Replica,
    after: Replica,
    entries: Sequence[AcceptedEntry],
    offered: Checkpoint,
    now: Timestamp,
) -> Accepted:
    member = roster.members[section.contributor]
    with database.write() as tx:
        log = logs.lock_log(tx, roster.circle, member.contributor)
        _require_good(log)
        current = _replica(roster, member, log)
        if current != before:
            # Another worker moved the log while we verified. Its state decides; under the lock it stays.
            if offered.size < log.size:
                return Accepted(0, 0, (), offered.size, log.size)
            after, entries = current.accept(
                section.checkpoint, section.entries, now, start=section.start, proof=section.proof
            )
        hashes = [entry.leaf_hash for entry in entries]
        grown = tiles.grow(log.size, hashes, logs.tile_fetch(tx, log))
        logs.extend(tx, log, after.frontier, [entry.jws for entry in entries], grown)
        covered_size = after.frontier.size if after.covered != current.covered else log.covered_size
        logs.save_checkpoints(tx, log, covered=after.covered, covered_size=covered_size, head=after.head)
        reading = project(tx, roster.circle, member.contributor, entries, now)
        # The commit point is the end of this block.
    return Accepted(
        entries=len(entries),
        unreadable=len(reading.unreadable),
        statements=tuple(e.content for e in entries if not isinstance(e.content, Unreadable)),
        announced=offered.size,
        size=after.frontier.size,
    )


def _replica(roster: Roster, member: Member, log: Log | None) -> Replica:
    if log is None:
        return Replica(roster.circle, member.key)
    return Replica(roster.circle, member.key, log.frontier, log.covered, log.head)


def _require_good(log: Log) -> None:
    if log.status == "forked":
        raise ProtocolError(Code.FORK, f"log {log.contributor} was forked earlier: {log.problem}")


def _root_at(tx: Transaction, log: Log, size: int) -> bytes:
    """The root that our copy had at an earlier size: the replica alone cannot look back."""
    return proofs.root_at(size, tiles.reader(logs.tile_fetch(tx, log), log.size))


def _require_same(root: bytes, offered: Checkpoint) -> None:
    if root != offered.root:
        raise ProtocolError(Code.FORK, f"a checkpoint of {offered.size} entries that are not the ones we hold")


def declare_fork(database: Database, log: Log, problem: str, evidence: bytes, now: Timestamp) -> None:
    """Stop using a log whose contributor signed two histories, and keep the other checkpoint as evidence."""
    with database.write() as tx:
        locked = logs.lock_log(tx, log.circle, log.contributor)
        forks.declare(tx, locked, index=None, evidence=evidence, problem=problem, now=now)
