"""Forks: telling one from garbage, proving it, believing the proofs of others, and passing them on.

Where entries do not lead to the root that was signed, either the peer changed the entries, or the contributor has
signed two histories. Its signature is on both checkpoints, so the hash tiles behind them settle it: either both lead
to their roots, and then they show the entry from which on there are two histories, whoever passed them on; or the
peer's lead nowhere, and then it has shown nothing.

A proof needs nobody's word. A member that never met the other history believes it as much as the one that found it,
and every member that holds the same proofs stops at the same entry. Where the sender's tree is not to be had, our own
shows the contradiction, though not where it begins: the root that we had at the size of a smaller note, or the one to
which its entries led at the size of the note under which we were catching up. What signs our tree is the covered
checkpoint, and for the entries beyond it the note under which the last of them came, with the proof it came with.

What cannot be proven all the same, since something of ours is damaged, is noted here: we have seen it ourselves. Only a
located fork stops a log: who could stop it at each member where it happened to be could keep members apart for ever.
Entries that merely lead nowhere are asked for again.
"""

import time
from collections.abc import Callable
from typing import Final

from node.domain.circles import Member, Roster
from node.domain.ledger import Log
from node.errors import HanseError
from node.ledger.membership import refresh_roster
from node.storage import circles
from node.storage import forks as stored
from node.storage import ledger as logs
from node.storage.database import Database, Transaction
from node.sync.outbound import Outbound
from node.sync.shorten import proof_through, shorten
from protocol.errors import Code, ProtocolError
from protocol.fork import (
    Branch,
    decode_fork,
    prove_fork,
    prove_other_beginning,
    prove_unlocated_fork,
    verify_fork,
)
from protocol.identifiers import CircleId, KeyId
from protocol.merkle import proofs, tiles
from protocol.merkle.checkpoint import open_checkpoint, origin
from protocol.merkle.hashing import entry_hash
from protocol.messages.stream import Section
from protocol.statements import Timestamp

MAX_TILES: Final = 64
"""Tiles fetched for one question: a few paths through a tree of the largest allowed size need far fewer."""
MAX_TILE_SECONDS: Final = 60
"""After this a question is given up, however slowly its tiles come; the next exchange asks again."""
_SUSPICIOUS: Final = frozenset({Code.FORK, Code.WRONG_ROOT, Code.BAD_PROOF})
"""Refusals of a section that a second history of its log would explain."""


def tiles_of(outbound: Outbound, peer: Member, circle: CircleId, contributor: KeyId) -> tiles.TileFetch:
    """How the hashes behind a peer's copy of a log are read: over the network, and not without end."""
    fetched, began = 0, time.monotonic()

    def fetch(level: int, index: int, width: int) -> bytes:
        nonlocal fetched
        fetched += 1
        if fetched > MAX_TILES or time.monotonic() - began > MAX_TILE_SECONDS:
            return b""  # too short for any width, which ends the question
        return outbound.tile(peer, circle, contributor, level, index, width)

    return fetch


def examine(
    database: Database,
    roster: Roster,
    section: Section,
    error: ProtocolError,
    now: Timestamp,
    fetch: tiles.TileFetch | None = None,
) -> ProtocolError | None:
    """What is behind the refusal of a section: the ``error`` itself, or a fork, which is then proven and kept.

    ``fetch`` reads the sender's tiles, where it can be asked for them. Returns what to report: nothing where a
    fork that was known has shown nothing new. Opens transactions of its own, none of them while a peer is asked.
    """
    if error.code not in _SUSPICIOUS:
        return error
    with database.read() as tx:
        line = _line(tx, roster, section.contributor)
        log = logs.find_log(tx, roster.circle, section.contributor)
    if line is None or log is None:
        return error
    evidence = _located(database, line, log, section.checkpoint, fetch) or _unlocated(database, line, log, section)
    if evidence is None and error.code is not Code.FORK:
        return error
    if not _declare(database, roster, line, evidence, error.detail, now):
        return None
    with database.read() as tx:
        found = logs.find_log(tx, roster.circle, section.contributor)
    return ProtocolError(Code.FORK, error.detail if found is None else found.problem)


def receive(database: Database, roster: Roster, proof: bytes, now: Timestamp) -> KeyId | None:
    """Believe a proof that somebody passes on, if it is one; whose log stops by it, where that is news.

    Raises what :func:`protocol.fork.verify_fork` raises, and ``NOT_A_MEMBER`` where nobody here has that log. A proof
    that says no more than what is held, or moves the fork of a log too often, is not verified.
    """
    claimed = decode_fork(proof)
    with database.read() as tx:
        line = _line(tx, roster, claimed.contributor)
        log = logs.find_log(tx, roster.circle, claimed.contributor)
    if line is None:
        raise ProtocolError(Code.NOT_A_MEMBER, f"a fork proof about {claimed.contributor}, who is no member")
    if log is not None and not stored.is_news(log, index=claimed.index, evidence=proof, now=now):
        return None
    verify_fork(proof, roster.circle, line.key)
    return line.contributor if _declare(database, roster, line, proof, "", now) else None


def _located(database: Database, line: Member, log: Log, note: bytes, fetch: tiles.TileFetch | None) -> bytes | None:
    """The proof with the entry at which the histories part; none if the tiles of the peer do not give one."""
    if fetch is None or not log.covered:
        return None

    try:
        size = _size(line, log, note)
        ours = Branch(log.covered, tiles.reader(_tiles_held(database, log), log.covered_size))
        return prove_fork(log.circle, line.key, ours, Branch(note, tiles.reader(fetch, size)))
    except (ProtocolError, HanseError):
        return None


def _unlocated(database: Database, line: Member, log: Log, section: Section) -> bytes | None:
    """The proof by two signed roots for one size: both as signed, or one as the past of a larger signed tree."""
    note, key = section.checkpoint, line.key
    attempts: tuple[Callable[[], bytes], ...] = (
        lambda: prove_unlocated_fork(log.circle, key, log.covered, note),
        lambda: prove_unlocated_fork(log.circle, key, log.head, note),
        lambda: _by_what_we_hold(database, line, log, note),
        lambda: _by_what_is_not_covered(database, line, log, note),
        lambda: _by_what_was_sent(database, line, log, section),
    )
    for attempt in attempts:
        try:
            return attempt()
        except (ProtocolError, HanseError):
            continue
    return None


def _by_what_we_hold(database: Database, line: Member, log: Log, note: bytes) -> bytes:
    """The covered checkpoint against a smaller one: our tree had another root at that size."""
    size = _size(line, log, note)
    read = tiles.reader(_tiles_held(database, log), log.size)
    path = proofs.consistency_proof(size, log.covered_size, read)
    return prove_other_beginning(log.circle, line.key, log.covered, note, proofs.root_at(size, read), path)


def _by_what_is_not_covered(database: Database, line: Member, log: Log, note: bytes) -> bytes:
    """A smaller note against the one that signs our entries beyond the covered checkpoint."""
    if log.beyond is None:
        raise ProtocolError(Code.GAP, "there are no such entries")
    size, later = _size(line, log, note), _size(line, log, log.beyond.note)
    read = tiles.reader(_tiles_held(database, log), log.size)
    path = proof_through(size, later, held=log.size, read=read, proof=log.beyond.proof)
    return prove_other_beginning(log.circle, line.key, log.beyond.note, note, proofs.root_at(size, read), path)


def _by_what_was_sent(database: Database, line: Member, log: Log, section: Section) -> bytes:
    """The checkpoint that was sent against a smaller head: its entries, which it signs, had another root there."""
    end = _size(line, log, log.head)
    size = _size(line, log, section.checkpoint)
    beginning = shorten(section, end, size, held=log.size, fetch=_tiles_held(database, log))
    new = beginning.entries[log.size - section.start :]
    root = log.frontier.extend(entry_hash(entry) for entry in new).root()
    return prove_other_beginning(log.circle, line.key, section.checkpoint, log.head, root, beginning.proof)


def _size(line: Member, log: Log, note: bytes) -> int:
    return open_checkpoint(note, origin=origin(log.circle, log.contributor), key=line.key).size


def _tiles_held(database: Database, log: Log) -> tiles.TileFetch:
    """How the hashes behind our own copy are read, in transactions of their own."""

    def fetch(level: int, index: int, width: int) -> bytes:
        with database.read() as tx:
            return logs.tile_fetch(tx, log)(level, index, width)

    return fetch


def _declare(
    database: Database, roster: Roster, line: Member, evidence: bytes | None, words: str, now: Timestamp
) -> bool:
    """Stop the log; whether that is news. The statements that become void, and who is a member, follow at once."""
    index = None if evidence is None else verify_fork(evidence, roster.circle, line.key).index
    if evidence is None:
        problem = words
    elif index is None:
        problem = "two signed checkpoints that cannot both be true"
    else:
        problem = f"its signed histories part at entry {index}"
    with database.write() as tx:
        log = logs.lock_log(tx, roster.circle, line.contributor)
        news = stored.declare(tx, log, index=index, evidence=evidence, problem=problem, now=now)
        if news:
            refresh_roster(tx, roster.circle, now)
    return news


def _line(tx: Transaction, roster: Roster, contributor: KeyId) -> Member | None:
    """Whose log it is; a member that was admitted since the roster was read is one, too."""
    return roster.lines.get(contributor) or circles.get_roster(tx, roster.circle).lines.get(contributor)
