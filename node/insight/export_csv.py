"""CSV (RFC 4180) that a spreadsheet may open: one line for each statement, lists joined by spaces.

Spreadsheets take a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula, and a summary is written by
strangers. So an apostrophe is put before every text that begins so, before a tab or line break as well; who reads the
file by program takes one leading apostrophe away.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import date
from typing import Final

from node.domain.exports import Row
from node.insight.handling import Gate, left_out_words

COLUMNS: Final = tuple(each.name for each in fields(Row))
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def write_csv(batches: Iterator[Sequence[Row]], gate: Gate[Row]) -> Iterator[bytes]:
    """The file in pieces. The last line is one of kind ``end``, and says in its summary what was left out."""
    yield _lines([COLUMNS])
    count = 0
    for batch in batches:
        count += len(batch)
        yield _lines([[cell(getattr(row, name)) for name in COLUMNS] for row in batch])
    end = dict.fromkeys(COLUMNS, "") | {"kind": "end", "summary": cell(_last(count, gate.left_out))}
    yield _lines([list(end.values())])


def cell(value: str | int | date | tuple[str, ...] | None) -> str:
    """One value as text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    text = " ".join(value) if isinstance(value, tuple) else str(value)
    return f"'{text}" if text.startswith(_DANGEROUS) else text


def _last(count: int, left_out: int) -> str:
    return f"{count:,} statements. {left_out_words(left_out)}".strip()


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8")
