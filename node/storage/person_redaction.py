"""Replacing a person's words in what is sealed here (GDPR, Articles 16 and 17).

Only what staff of this node wrote is changed: casework, drafts, notes and reasons, with their histories. What was
published is withdrawn or erased by a statement, so that it goes everywhere (:mod:`node.publishing`); bytes that a
signature or a second person's approval covers are never changed here, nor is the name of an account.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node.domain.persons import Redaction
from node.storage import tables
from node.storage.database import Transaction
from node.storage.gone import want_wipe
from node.storage.person_search import MIN_NAME_CHARACTERS, SEALED
from node.storage.tables.base import METADATA
from node.storage.vault import Vault

UNCHANGED: Final = {
    "accounts.display_name": "the account's own page changes it",
    "drafts.preview": "the bytes that somebody approves; they are made anew from the draft",
    "publications.disclosures": "signed; an erasure of the statement removes them",
}
"""Sealed columns that are left as they are, and why."""
_ROWS: Final = 500
_NO_TEXT: Final = re.compile(
    r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"  # codes and states
    r"|[a-z]+:\S+"  # identifiers of subjects
    r"|[A-Za-z0-9_-]{22}|[A-Za-z0-9_-]{43}"  # identifiers of ours, keys and digests
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}"  # days
    r"|[A-Z]{3}"  # currencies
    r"|TLP:[A-Z+]+"
)
"""Values that the program reads and nobody wrote: words that stand in them by chance are not a person's."""


def replace_words(tx: Transaction, vault: Vault, words: str, instead: str, *, store: bool) -> Iterator[Redaction]:
    """Replace these words in every sealed text, whatever their case and the blanks between them; what was found.

    With ``store`` false nothing is changed. Rows that count their versions count one more, so that nobody who has the
    old text in a form puts it back.
    """
    if sum(each.isalnum() for each in words) < MIN_NAME_CHARACTERS:
        return
    spelled = r"\s+".join(re.escape(word) for word in words.split())
    pattern = re.compile(rf"(?<!\w){spelled}(?!\w)", re.IGNORECASE)
    tables.load()
    for table in METADATA.sorted_tables:
        names = [each.name for each in table.columns if f"{table.name}.{each.name}" in SEALED - UNCHANGED.keys()]
        for name in names:
            yield from _in_column(tx, vault, table, table.c[name], _replacer(pattern, instead), store=store)


def _in_column(
    tx: Transaction,
    vault: Vault,
    table: sa.Table,
    column: sa.Column[Any],
    change: Callable[[bytes], tuple[bytes, int]],
    *,
    store: bool,
) -> Iterator[Redaction]:
    keys = list(table.primary_key.columns)
    query = sa.select(*keys, column).where(column.is_not(None)).order_by(*keys)
    for row in _portions(tx, query, keys):
        key = "/".join(str(getattr(row, each.name)) for each in keys)
        place = f"{table.name}.{column.name}:{key}"
        changed, times = change(vault.open(bytes(getattr(row, column.name)), place=place))
        if not times:
            continue
        if store:
            want_wipe(tx)
            values: dict[str, object] = {column.name: vault.seal(changed, place=place)}
            if "version" in table.c:
                values["version"] = table.c.version + 1
            matched = [each == getattr(row, each.name) for each in keys]
            tx.connection.execute(sa.update(table).where(*matched).values(values))
            _raise_parent(tx, table, matched)
        yield Redaction(table.name, column.name, key, times)


def _portions(tx: Transaction, query: sa.Select[Any], keys: list[sa.Column[Any]]) -> Iterator[sa.Row[Any]]:
    """Rows in the order of the key, some at a time: no cursor is open while a row is changed."""
    after: tuple[object, ...] | None = None
    while True:
        portion = query if after is None else query.where(sa.tuple_(*keys) > sa.tuple_(*map(sa.literal, after)))
        rows = tx.connection.execute(portion.limit(_ROWS)).all()
        yield from rows
        if len(rows) < _ROWS:
            return
        after = tuple(getattr(rows[-1], each.name) for each in keys)


def _raise_parent(tx: Transaction, table: sa.Table, matched: list[sa.ColumnElement[bool]]) -> None:
    """An answer is changed under the version of its assessment."""
    if "assessment_id" in table.c and "position" in table.c:
        assessments = METADATA.tables["assessments"]
        parent = sa.select(table.c.assessment_id).where(*matched).scalar_subquery()
        tx.connection.execute(
            sa.update(assessments).where(assessments.c.id == parent).values(version=assessments.c.version + 1)
        )


def _replacer(pattern: re.Pattern[str], instead: str) -> Callable[[bytes], tuple[bytes, int]]:
    def change(data: bytes) -> tuple[bytes, int]:
        try:
            value = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            text, times = pattern.subn(lambda _: instead, data.decode("utf-8", "surrogateescape"))
            return text.encode("utf-8", "surrogateescape"), times
        changed, times = _replaced(value, pattern, instead)
        return (msgspec.json.encode(changed), times) if times else (data, 0)

    return change


def _replaced(value: object, pattern: re.Pattern[str], instead: str) -> tuple[object, int]:
    """The same value with every text in it changed; names of members are the program's own and stay."""
    match value:
        case str():
            if _NO_TEXT.fullmatch(value):
                return value, 0
            inner = _inner(value)
            if inner is not None:  # a history keeps what was replaced as JSON in a text
                changed, times = _replaced(inner, pattern, instead)
                return (msgspec.json.encode(changed).decode() if times else value), times
            return pattern.subn(lambda _: instead, value)
        case list():
            items = [_replaced(each, pattern, instead) for each in value]
            return [each for each, _ in items], sum(times for _, times in items)
        case dict():
            pairs = {name: _replaced(each, pattern, instead) for name, each in value.items()}
            return {name: each for name, (each, _) in pairs.items()}, sum(times for _, times in pairs.values())
        case _:
            return value, 0


def _inner(text: str) -> object | None:
    if not text.startswith(("{", "[")):
        return None
    try:
        return msgspec.json.decode(text.encode())  # type: ignore[no-any-return]
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
