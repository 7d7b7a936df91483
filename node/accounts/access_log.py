"""Who read or changed what, and when: a chain of hashes with a sealed end.

Each row's hash covers the row and the hash before it, so that changing, removing or inserting a row breaks
every later one. Number and hash of the last row are sealed with the data key, which is not in the database:
whoever can write to the database alone can neither compute a new end nor cut the old one off. Putting an old
copy of the whole database back is not noticed here.

A row holds identifiers and a stable word; no name and no text of a case.
"""

import re
from hashlib import sha256
from typing import Final

from node.domain.accounts import AccessEntry, AccessLogCheck, AccountId
from node.errors import Code, HanseError
from node.storage import access_log as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.canonical import encode
from protocol.errors import Fault
from protocol.identifiers import encode_bytes
from protocol.statements import Timestamp

_START: Final = ""
"""What the first row has in place of an earlier hash."""
_ACTION: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
_RECORD: Final = re.compile(r"[A-Za-z0-9_:/.+-]{0,200}")
MAX_PAGE: Final = 500
"""Rows read at once."""


def record_access(
    tx: Transaction, vault: Vault, account: AccountId | None, action: str, record: str, now: Timestamp
) -> AccessEntry:
    """Append one row in the caller's write transaction.

    ``action`` is a word such as ``assessment-read``; ``record`` an identifier or empty, never text of a case.
    Writers wait for each other until their transactions end, so a transaction records access last.
    """
    if not _ACTION.fullmatch(action) or not _RECORD.fullmatch(record):
        raise HanseError(Code.INVALID, "the access log holds words and identifiers only.", fault=Fault.OURS)
    storage.lock(tx)
    previous = storage.last(tx)
    seq = 1 if previous is None else previous.seq + 1
    digest = _hash(_START if previous is None else previous.hash, seq, now, account, action, record)
    entry = AccessEntry(seq, now, account, action, record, digest)
    storage.add(tx, entry)
    storage.put_head(tx, vault, entry.seq, entry.hash)
    return entry


def verify_access_log(tx: Transaction, vault: Vault) -> AccessLogCheck:
    """Recompute the whole chain and compare its end with the sealed one."""
    previous, count = _START, 0
    for entry in storage.entries(tx):
        expected = _hash(previous, count + 1, entry.at, entry.account, entry.action, entry.record)
        if entry.seq != count + 1 or entry.hash != expected:
            return AccessLogCheck(count, broken_at=count + 1, head_matches=False)
        previous, count = entry.hash, count + 1
    sealed = storage.head(tx, vault)
    matches = count == 0 if sealed is None else sealed == (count, previous)
    return AccessLogCheck(count, broken_at=None, head_matches=matches)


def read_access_log(tx: Transaction, *, before: int | None = None, limit: int = 100) -> list[AccessEntry]:
    """Newest first, from the row before ``before`` on."""
    return storage.newest(tx, before=before, limit=min(limit, MAX_PAGE))


def _hash(previous: str, seq: int, at: Timestamp, account: AccountId | None, action: str, record: str) -> str:
    return encode_bytes(sha256(encode([previous, seq, at, account, action, record])).digest())
