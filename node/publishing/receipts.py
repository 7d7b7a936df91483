"""Receipts: telling the author of a log that its corrections, retractions and erasures have been applied here.

A receipt is a letter to the log's author alone. It is written when everything that follows from the log is done: its
entries are taken, what was erased has left the tables and the files, the index over statements and the signals have
been brought up to it (clause 8.16). Nothing is written where nothing was ever corrected, retracted or erased, and
nothing twice. A new receipt takes the place of one for the same log that still waits, so that they do not pile up for
a member that takes no letters.
"""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from node.domain.circles import Roster
from node.domain.letters import Incoming, LetterKind
from node.publishing.letters import Desk, Handler, current_line, offer
from node.storage import circles, letters, receipts, statement_index, wipe
from node.storage import ledger as logs
from node.storage import projection as rows
from node.storage.database import Transaction
from node.storage.receipts import Receipt
from protocol.errors import Code, ProtocolError
from protocol.identifiers import KeyId, encode_bytes
from protocol.messages.letter import ThreadId
from protocol.messages.receipt import LogReceipt, decode_log_receipt

MAX_AT_ONCE: Final = 256
"""Receipts written in one transaction; the next round writes the rest."""
RECEIPT_DAYS: Final = 60
"""How long a receipt waits for its receiver, in days: the longest that a letter may."""
_THREAD_BYTES: Final = 16
"""The length of a thread's name, in bytes."""


def is_computed(tx: Transaction) -> bool:
    """Whether no signal and no place of the index waits to be brought up to what the logs say."""
    return not (rows.is_dirty(tx) or statement_index.is_stale(tx))


def write_due(tx: Transaction, desk: Desk) -> int:
    """Write the receipts that the authors of logs do not have yet; how many. Nothing while something is left to do."""
    if not is_computed(tx) or wipe.is_due(tx):
        return 0
    written = 0
    for roster in circles.list_rosters(tx):
        if roster.status != "member":
            continue
        for key, last in sorted(receipts.logs_with_acts(tx, roster.circle).items()):
            if written < MAX_AT_ONCE and _write(tx, desk, roster, key, last):
                written += 1
    return written


def _write(tx: Transaction, desk: Desk, roster: Roster, key: KeyId, last: int) -> bool:
    line = roster.lines.get(key)
    if line is None or line.contributor in roster.own_keys:
        return False
    author = current_line(roster, line.identity)
    log = logs.find_log(tx, roster.circle, line.contributor)
    own = roster.own_member().identity
    given = receipts.of_log(tx, roster.circle, line.contributor).get(own)
    if author is None or log is None or (given is not None and given.size > last) or log.covered_size <= last:
        return False
    thread = _thread(line.contributor)
    letters.drop(tx, roster.circle, [thread])
    body = LogReceipt(log=line.contributor, size=log.covered_size)
    if not offer(tx, desk, roster, author, LetterKind.LOG_RECEIPT, thread, body, days=RECEIPT_DAYS):
        return False
    receipts.save(tx, Receipt(roster.circle, line.contributor, own, log.covered_size, desk.now))
    return True


def _thread(log: KeyId) -> ThreadId:
    """One thread for all receipts for one log; its author knows the log, and nobody else sees it."""
    return ThreadId(encode_bytes(sha256(log.encode()).digest()[:_THREAD_BYTES]))


def take(tx: Transaction, _desk: Desk, incoming: Incoming) -> None:
    """A member's receipt for a log of ours; one for more than the log holds is refused as ``inconsistent``."""
    body = decode_log_receipt(bytes(incoming.letter.body))
    roster = incoming.roster
    log = logs.find_log(tx, roster.circle, body.log) if body.log in roster.own_keys else None
    if log is None or body.size > log.size:
        raise ProtocolError(Code.INCONSISTENT, "a receipt for what no log of ours holds")
    receipts.save(tx, Receipt(roster.circle, body.log, incoming.sender.identity, body.size, incoming.letter.iat))


HANDLERS: Final[Mapping[LetterKind, Handler]] = MappingProxyType({LetterKind.LOG_RECEIPT: take})
