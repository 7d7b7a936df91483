"""Tables as institutions keep them: the first line names the columns, in whatever words, and the rest are rows of text.

CSV (comma, semicolon or tab; UTF-8) and XLSX workbooks, of which the first sheet is read. What the columns mean is not
decided here. A file is refused as a whole (``BAD_FILE``) where nothing in it can be trusted; a row that cannot be read
is that row's matter. Neither an error nor a refusal quotes a cell.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from node.casework.tabular import MAX_FILE_BYTES, MAX_ROWS, decode_text, delimiter_of
from node.domain.casework import RowRefusal
from node.errors import Code, HanseError

MAX_COLUMNS: Final = 100
"""Columns of one table. A register with more is several tables."""
MAX_SHEET_ROWS: Final = 4 * MAX_ROWS
"""Rows of a sheet, empty ones among them: a table with gaps is read, and a file of five kilobytes that names its two
thousand millionth row does not hold a thread for hours."""
MAX_CELL_CHARACTERS: Final = 10_000
"""One cell: as long as the longest text of a case."""
MAX_UNPACKED_BYTES: Final = 104_857_600
"""100 MiB of XML in a workbook: ten times the largest file, so that a small file cannot fill the memory."""
_ZIP: Final = b"PK\x03\x04"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""Characters that make a spreadsheet take a cell of a CSV file for a formula."""
_REMEDY: Final = "Save it as a workbook (.xlsx) or as “CSV UTF-8”, with the names of the columns in the first line."


@dataclass(frozen=True, slots=True)
class Line:
    """One row: a cell for each column of the header."""

    number: int
    """As a spreadsheet counts: the header is 1."""
    cells: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Table:
    """What stands in a file."""

    header: tuple[str, ...] = field(repr=False)
    lines: tuple[Line, ...] = field(repr=False)
    refused: tuple[RowRefusal, ...]


def read_table(data: bytes) -> Table:
    """The table in a file; raises ``BAD_FILE`` with what is wrong and what to do."""
    if len(data) > MAX_FILE_BYTES:
        raise _bad(f"it has {len(data):,} bytes, at most {MAX_FILE_BYTES:,} are read", "Split it into several files.")
    rows = _of_workbook(data) if data.startswith(_ZIP) else _of_csv(data)
    first = next(rows, None)
    if first is None or isinstance(first, RowRefusal) or not any(cell.strip() for cell in first.cells):
        raise _bad("its first line names no columns", _REMEDY)
    header = tuple(" ".join(cell.split()) for cell in first.cells)
    while header and not header[-1]:
        header = header[:-1]
    if len(header) > MAX_COLUMNS:
        raise _bad(f"it has {len(header)} columns, at most {MAX_COLUMNS} are read", "Leave out those you do not need.")
    return _table(header, rows)


def write_workbook(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook of one sheet, every cell a text: nothing in it is ever a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for row in (header, *rows):
        sheet.append([_text_cell(cell) for cell in row])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """CSV in UTF-8 with a byte order mark, as spreadsheets want it; before what reads like a formula, an apostrophe."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(header)
    for row in rows:
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell for cell in row])
    return target.getvalue().encode("utf-8-sig")


def _text_cell(text: str) -> str:
    # openpyxl takes a text that begins with "=" for a formula; a workbook cannot hold control characters at all.
    printable = "".join(each for each in text if each in "\n\t" or each >= " ")
    return f"'{printable}" if printable.startswith("=") else printable


def _table(header: tuple[str, ...], rows: Iterator[Line | RowRefusal]) -> Table:
    lines: list[Line] = []
    refused: list[RowRefusal] = []
    for row in rows:
        if isinstance(row, RowRefusal):
            refused.append(row)
        elif not any(cell.strip() for cell in row.cells):
            continue
        elif any(cell.strip() for cell in row.cells[len(header) :]):
            refused.append(RowRefusal(row.number, "", "it has a cell beyond the last column that has a name."))
        elif any(len(cell) > MAX_CELL_CHARACTERS for cell in row.cells):
            refused.append(RowRefusal(row.number, "", f"a cell has more than {MAX_CELL_CHARACTERS:,} characters."))
        else:
            cells = (*row.cells, *("" for _ in header))[: len(header)]
            lines.append(Line(row.number, tuple(cell.strip() for cell in cells)))
        if len(lines) + len(refused) > MAX_ROWS:
            raise _bad(f"it has more than {MAX_ROWS:,} rows", "Split it into several files.")
    if not lines and not refused:
        raise _bad("it holds no rows below its header", _REMEDY)
    return Table(header, tuple(lines), tuple(refused))


def _of_csv(data: bytes) -> Iterator[Line | RowRefusal]:
    text = decode_text(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # A quote that is never closed swallows what follows: nothing after it can be told apart.
            yield RowRefusal(number, "", "a quote is not closed or stands in the wrong place; no later row was read.")
            return
        yield Line(number, tuple(cells))


def _of_workbook(data: bytes) -> Iterator[Line | RowRefusal]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise _bad("unpacked it is larger than any table of this length", _REMEDY)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except _BROKEN as error:
        raise _bad("it is not a workbook that can be read", _REMEDY) from error
    try:
        # Rows that the file leaves out are given as empty ones, up to any number that it names.
        bounded = book.worksheets[0].iter_rows(values_only=True, max_col=MAX_COLUMNS + 1, max_row=MAX_SHEET_ROWS + 1)
        for number, row in enumerate(bounded, 1):
            if number > MAX_SHEET_ROWS:
                raise _bad(f"its sheet has rows beyond {MAX_SHEET_ROWS:,}", "Remove empty rows, or split it.")
            yield Line(number, tuple(_spelled(value) for value in row))
    except _BROKEN as error:
        raise _bad("its first sheet cannot be read", _REMEDY) from error
    finally:
        book.close()


_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    ParseError,
    KeyError,
    ValueError,
    IndexError,
    TypeError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
)
"""What the reader of workbooks raises at a file that is none, or a broken one."""


def _spelled(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime() as moment:
            return moment.date().isoformat()
        case date() as day:
            return day.isoformat()
        case float() as number if number.is_integer():
            return str(int(number))
        case _:
            return str(value)


def _bad(what: str, remedy: str) -> HanseError:
    return HanseError(Code.BAD_FILE, f"the file cannot be read as a table: {what}.", remedy=remedy)
