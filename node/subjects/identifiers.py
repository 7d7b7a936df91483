"""Further identifiers of known organisations, from a table: LEIs and numbers in national registers.

The table is CSV in UTF-8 with the columns ``subject`` (a ROR id, LEI or circle identifier that this node knows),
``scheme`` and ``value``. The scheme of an LEI is ``lei`` and its check digits (ISO 17442) are verified; a national
register is named as its country code and the register's own short name (``GB-COH``), and its numbers are taken as
they are. Reading the same table twice changes nothing. A newer registry dump leaves what was added here alone.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.domain.subjects import MAX_KEY_CHARACTERS, SkippedRecord, identifier_key, parse_identifier
from node.errors import Code, HanseError
from node.storage import subjects as storage
from node.storage.database import Database, Transaction
from protocol.identifiers import SubjectId

BATCH: Final = 5_000
"""Rows in one transaction."""
MAX_EXAMPLES: Final = 20
"""Skipped rows that the report describes."""
_COLUMNS: Final = ("subject", "scheme", "value")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,30}")
_REMEDY: Final = "Use CSV in UTF-8 with the columns subject, scheme and value."


@dataclass(frozen=True, slots=True)
class IdentifierReport:
    """What reading a table did."""

    read: int
    added: int
    unchanged: int
    skipped: int
    examples: tuple[SkippedRecord, ...]
    """The first of the skipped rows; ``position`` is the line of the table."""


def add_identifiers(database: Database, source: Path) -> IdentifierReport:
    """Add the identifiers of a table. Raises ``BAD_FILE`` where it is no such table; a bad row is skipped and said."""
    read = added = unchanged = 0
    skipped: list[SkippedRecord] = []
    for batch in _batches(source):
        with database.write() as tx:
            for line, row in batch:
                read += 1
                reason, new = _add(tx, row)
                if reason:
                    skipped.append(SkippedRecord(line, reason))
                elif new:
                    added += 1
                else:
                    unchanged += 1
    return IdentifierReport(read, added, unchanged, len(skipped), tuple(skipped[:MAX_EXAMPLES]))


def _add(tx: Transaction, row: tuple[str, str, str]) -> tuple[str, bool]:
    """Why the row was left out, or whether it was new."""
    subject, scheme, value = parse_identifier(row[0]), row[1].strip(), " ".join(row[2].split())
    key = identifier_key(value)
    if subject is None:
        return "the subject is no identifier, or its check digits are wrong", False
    if not _SCHEME.fullmatch(scheme) or not key or len(value) > MAX_KEY_CHARACTERS:
        return "the scheme or the value has not the form of one", False
    if scheme.lower() == "lei" and parse_identifier(f"lei:{value}") is None:
        return "not an LEI, or its check digits are wrong", False
    if not storage.labels(tx, [SubjectId(subject)]):
        return "this node knows no such subject", False
    return "", storage.add_identifier(tx, subject, scheme, value)


def _batches(source: Path) -> Iterator[list[tuple[int, tuple[str, str, str]]]]:
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if rows.fieldnames is None or not set(_COLUMNS) <= set(rows.fieldnames):
                raise HanseError(Code.BAD_FILE, "the table has not the columns it needs.", remedy=_REMEDY)
            batch: list[tuple[int, tuple[str, str, str]]] = []
            for row in rows:
                values = [row[name] or "" for name in _COLUMNS]
                batch.append((rows.line_num, (values[0], values[1], values[2])))
                if len(batch) == BATCH:
                    yield batch
                    batch = []
            yield batch
    except OSError as error:
        raise HanseError(
            Code.BAD_FILE, f"the file {source.name} cannot be read: {error.strerror}.", remedy=_REMEDY
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise HanseError(Code.BAD_FILE, f"the table is damaged: {type(error).__name__}.", remedy=_REMEDY) from error
