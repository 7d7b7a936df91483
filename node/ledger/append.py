"""Appending to our own log: sign, extend, sign the checkpoint, store and project, in one transaction."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from node.domain.circles import Roster
from node.domain.ledger import Appended, Log
from node.errors import Code, HanseError
from node.ledger.keyring import Keyring
from node.ledger.projection import project
from node.storage import circles
from node.storage import ledger as logs
from node.storage.database import Transaction
from protocol import envelope, replica, statements
from protocol.errors import Fault
from protocol.identifiers import CircleId, KeyId
from protocol.keys import SigningKey
from protocol.merkle import tiles
from protocol.merkle.checkpoint import Checkpoint, origin, sign_checkpoint
from protocol.merkle.hashing import leaf_hash
from protocol.replica import AcceptedEntry
from protocol.statements import DAY_SECONDS, Correction, Retraction, Statement, Timestamp

MAX_BATCH: Final = 20_000
"""Statements in one call: about 40 MB in memory and a few seconds under the log's lock."""


def append(
    tx: Transaction,
    keyring: Keyring,
    circle: CircleId,
    new: Sequence[Statement],
    now: Timestamp,
    *,
    contributor: KeyId | None = None,
) -> list[Appended]:
    """Add statements to our log of a circle, in this order; all of them or, by an error, none.

    ``contributor`` is one of our keys, the newest where it is not given: what stands in the log of a former one can
    only be corrected and retracted there.

    Two callers at once take turns: the log's row (PostgreSQL) or the database (SQLite) is locked until the
    transaction ends, so no index is given twice and no size gets two checkpoints. Nothing can be seen by peers
    before the caller's transaction commits, since they are served from what is committed; a crash before that
    leaves the log as it was, and the checkpoint signed here was shown to nobody.

    Raises ``NO_SUCH_MEMBER`` for a circle that we are no member of, ``CONFLICT`` for a log that was forked,
    ``INVALID`` for a statement that its readers would refuse. Does not check the vocabulary or privacy: that is
    :mod:`node.publishing`, the only door out.
    """
    roster = circles.get_roster(tx, circle)
    own = roster.own if contributor is None else contributor
    key = keyring.contributor(own)
    log = logs.lock_log(tx, circle, own)
    if not new:
        return []
    # Behind the lock, and so after whoever was changing our key in the same log.
    _require_ours(circles.get_roster(tx, circle), own, new)
    _require_usable(log, len(new))
    _require_confirmed(keyring, log)
    entries = [_sign(log.size + offset, each, key, roster, now) for offset, each in enumerate(new)]
    _store(tx, log, key, entries)
    reading = project(tx, circle, own, entries, now)
    # A database that is put back under a running process is shorter than what this process has signed.
    tx.after_commit.append(partial(keyring.confirm_log, own, log.size + len(entries)))
    if reading.unreadable:
        first = reading.unreadable[0]
        raise HanseError(Code.INVALID, f"statement {new[first.index - log.size].id} {first.detail}.", fault=Fault.OURS)
    return [Appended(own, entry.index, each.id) for entry, each in zip(entries, new, strict=True)]


def _require_ours(roster: Roster, own: KeyId, new: Sequence[Statement]) -> None:
    """Only a member speaks, and says what is new under its newest key."""
    roster.own_member()
    if own == roster.own:
        return
    line = roster.lines.get(own)
    if own not in roster.own_keys or line is None or line.status != "former":
        raise HanseError(Code.NO_SUCH_MEMBER, f"{own} is no key of this node in circle {roster.circle}.")
    if not all(isinstance(each, Correction | Retraction) for each in new):
        raise HanseError(
            Code.CONFLICT,
            f"the log of our former key {own} takes corrections and retractions only.",
            remedy="Publish under the key that took its place.",
        )


def _require_usable(log: Log, count: int) -> None:
    if count > MAX_BATCH:
        raise HanseError(Code.TOO_LARGE, f"{count} statements at once; append at most {MAX_BATCH}.")
    if log.status == "forked":
        raise HanseError(
            Code.CONFLICT,
            f"our own log in circle {log.circle} was forked: {log.problem}",
            remedy="Find and stop the second node that signs with this key; then come back under a fresh card that "
            "members endorse.",
        )
    if log.covered != log.head:
        # Peers hold more of our log than we do, and we are getting it back. A checkpoint for a size that we once
        # signed with other entries would fork the log for ever.
        raise HanseError(
            Code.CONFLICT,
            f"our own log in circle {log.circle} is being restored from peers.",
            remedy="Run `hanse sync --once` until it reports nothing new, then publish again.",
        )


def _require_confirmed(keyring: Keyring, log: Log) -> None:
    """A log that came back from a backup is shorter than what members hold: nothing is signed before they said so."""
    if not keyring.is_confirmed(log.contributor, log.size):
        raise HanseError(
            Code.CONFLICT,
            f"our own log in circle {log.circle} has not been compared with what members hold of it since this start.",
            remedy="Publish by the pages or the command line, which ask members first.",
        )


def _sign(index: int, statement: Statement, key: SigningKey, roster: Roster, now: Timestamp) -> AcceptedEntry:
    """The entry as every member will read it: what we could not read ourselves is refused, not signed away."""
    if statement.exp - statement.iat > roster.charter.retention_days * DAY_SECONDS:
        raise HanseError(
            Code.INVALID,
            f"statement {statement.id} would be kept longer than the circle's {roster.charter.retention_days} days.",
        )
    jws = envelope.sign(statements.encode(statement), key)
    content = replica.reread(jws, key.public, roster.circle, now)
    if isinstance(content, replica.Unreadable):
        raise HanseError(Code.INVALID, f"statement {statement.id}: {content.detail}.", fault=Fault.OURS)
    return AcceptedEntry(index, jws, leaf_hash(jws), content)


def _store(tx: Transaction, log: Log, key: SigningKey, entries: Sequence[AcceptedEntry]) -> None:
    hashes = [entry.leaf_hash for entry in entries]
    frontier = log.frontier.extend(hashes)
    grown = tiles.grow(log.size, hashes, logs.tile_fetch(tx, log))
    logs.extend(tx, log, frontier, [entry.jws for entry in entries], grown)
    checkpoint = Checkpoint(origin(log.circle, log.contributor), frontier.size, frontier.root())
    note = sign_checkpoint(checkpoint, key)
    # The commit of the caller's transaction is the point from which this checkpoint binds us. Entries, tiles,
    # frontier and note are in it together: there is no moment with one and without the others.
    logs.save_checkpoints(tx, log, covered=note, covered_size=frontier.size, head=note)
