"""Forks: telling one from garbage, proving it, believing the proofs of others, and passing them on.

Where entries do not lead to the root that was signed, either the peer changed the entries, or the contributor has
signed two histories. Its signature is on both checkpoints, so the hash tiles behind them settle it: either both lead
to their roots, and then they show the entry from which on there are two histories, whoever passed them on; or the
peer's lead nowhere, and then it has shown nothing.

A proof needs nobody's word. A member that never met the other history believes it as much as the one that found it,
and every member that holds the same proofs stops at the same entry. What cannot be proven to others (one of the two
trees is no longer to be had) still stops the log here, since we have seen it ourselves.
"""

import time
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
from protocol.errors import Code, ProtocolError
from protocol.fork import Branch, decode_fork, prove_fork, prove_unlocated_fork, verify_fork
from protocol.identifiers import CircleId, KeyId
from protocol.merkle import tiles
from protocol.merkle.checkpoint import open_checkpoint, origin
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
    evidence = _located(database, line, log, section.checkpoint, fetch) or _unlocated(line, log, section.checkpoint)
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
    that says no more than what is held is not verified.
    """
    claimed = decode_fork(proof)
    with database.read() as tx:
        line = _line(tx, roster, claimed.contributor)
        log = logs.find_log(tx, roster.circle, claimed.contributor)
    if line is None:
        raise ProtocolError(Code.NOT_A_MEMBER, f"a fork proof about {claimed.contributor}, who is no member")
    if log is not None and not stored.is_news(log, index=claimed.index, evidence=proof):
        return None
    verify_fork(proof, roster.circle, line.key)
    return line.contributor if _declare(database, roster, line, proof, "", now) else None


def _located(database: Database, line: Member, log: Log, note: bytes, fetch: tiles.TileFetch | None) -> bytes | None:
    """The proof with the entry at which the histories part; none if the tiles of the peer do not give one."""
    if fetch is None or not log.covered:
        return None

    def fetch_ours(level: int, index: int, width: int) -> bytes:
        with database.read() as tx:
            return logs.tile_fetch(tx, log)(level, index, width)

    try:
        size = open_checkpoint(note, origin=origin(log.circle, log.contributor), key=line.key).size
        ours = Branch(log.covered, tiles.reader(fetch_ours, log.covered_size))
        return prove_fork(log.circle, line.key, ours, Branch(note, tiles.reader(fetch, size)))
    except (ProtocolError, HanseError):
        return None


def _unlocated(line: Member, log: Log, note: bytes) -> bytes | None:
    """The proof by two signed roots of one size alone."""
    for known in (log.covered, log.head):
        try:
            return prove_unlocated_fork(log.circle, line.key, known, note)
        except ProtocolError:
            continue
    return None


def _declare(
    database: Database, roster: Roster, line: Member, evidence: bytes | None, words: str, now: Timestamp
) -> bool:
    """Stop the log; whether that is news. The statements that become void, and who is a member, follow at once."""
    index = None if evidence is None else verify_fork(evidence, roster.circle, line.key).index
    if evidence is None:
        problem = words
    elif index is None:
        problem = "two signed checkpoints of one size, over other entries"
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
