"""Every row of the node in the clear, to be taken elsewhere: nobody is bound to this program.

What is sealed is opened, statements are given as they were signed and as they read. Left out are secrets that are of
use nowhere else, and what can be computed again from the rest; both are listed with the reason, and a test holds the
lists to the tables.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node.storage import tables
from node.storage.database import Transaction
from node.storage.person_search import ENTRIES, SEALED
from node.storage.tables.base import METADATA
from node.storage.vault import Vault
from protocol.envelope import known_payload
from protocol.errors import ProtocolError
from protocol.identifiers import encode_bytes

SECRETS: Final[Mapping[str, str]] = {
    "access_log_head.sealed": "ties the access log to this node's key",
    "accounts.password_hash": "passwords are chosen anew elsewhere",
    "api_tokens.token_hash": "tokens are made anew elsewhere",
    "second_factors.secret": "second factors are set up anew elsewhere",
    "sessions.token_hash": "sessions end here",
    "setup_links.token_hash": "links are made anew elsewhere",
    "token_evaluations.secrets": "blinds of evaluations that are under way",
}
"""Columns that are left out of their tables, and why."""
DERIVED: Final[Mapping[str, str]] = {
    "claim_tallies": "counted from statements",
    "contribution_counts": "counted from statements",
    "coverage_counts": "counted from statements",
    "dirty_claims": "work to be done",
    "nonces": "requests of the last minutes",
    "sign_in_attempts": "counts of the last minutes",
    "signals": "computed from statements",
    "statement_index_stale": "work to be done",
    "statement_index_state": "made from statements",
    "statement_postings": "made from statements",
    "subject_counts": "counted from statements",
    "subject_words": "made from the names of subjects",
    "taxii_objects": "made from statements",
    "tensions": "counted from statements",
    "tiles": "computed from entries and leaf hashes",
}
"""Tables that are left out, and why."""
_ROWS: Final = 500

Value = str | int | bool | None | dict[str, Any] | list[Any]


def names() -> list[str]:
    """The tables that are taken along, in an order in which each comes after those it refers to."""
    tables.load()
    return [table.name for table in METADATA.sorted_tables if table.name not in DERIVED]


def rows(tx: Transaction, vault: Vault, name: str) -> Iterator[dict[str, Value]]:
    """The rows of one table by column, in the order of its key. Bytes that are no text are in base64url."""
    table = METADATA.tables[name]
    keys = list(table.primary_key.columns)
    columns = [column for column in table.columns if f"{name}.{column.name}" not in SECRETS]
    query = sa.select(*columns).order_by(*keys)
    for row in tx.connection.execute(query.execution_options(yield_per=_ROWS)):
        key = "/".join(str(getattr(row, each.name)) for each in keys)
        yield {each.name: _value(vault, name, each.name, key, getattr(row, each.name)) for each in columns}


def _value(vault: Vault, table: str, column: str, key: str, value: object) -> Value:
    if isinstance(value, bytes | memoryview):
        return _bytes(vault, f"{table}.{column}", key, bytes(value))
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


def _bytes(vault: Vault, place: str, key: str, data: bytes) -> Value:
    if place in SEALED:
        return _read(vault.open(data, place=f"{place}:{key}"))
    if place in ENTRIES:
        try:
            return {"jws": data.decode("ascii"), "payload": _read(known_payload(data))}
        except (ProtocolError, UnicodeDecodeError):
            return encode_bytes(data)
    return _read(data)


def _read(data: bytes) -> Value:
    """As JSON where it is some, else as text, else in base64url."""
    try:
        read: Value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    else:
        return read
    try:
        return data.decode()
    except UnicodeDecodeError:
        return encode_bytes(data)
