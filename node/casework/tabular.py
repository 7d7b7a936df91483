"""From the bytes of a file to rows of named cells: CSV, a JSON array of objects, or one object a line (NDJSON).

A file is refused as a whole (``BAD_FILE``) when nothing in it can be trusted: another encoding, another header,
no rows, too large. Whatever is wrong with one row is that row's matter alone. Neither an error nor a report
quotes a cell: a file with a wrong header may well have private text in its first line.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from node.domain.casework import RowRefusal
from node.errors import Code, HanseError

MAX_FILE_BYTES: Final = 10_485_760
"""10 MiB: five thousand rows of two kilobytes."""
MAX_ROWS: Final = 5_000
"""Rows of one file: each is one assessment or answer that a person has written. More come in several files."""
MAX_CELL_CHARACTERS: Final = 40_000
"""One cell, before the field's own limit says what is too long for it."""
LIST_SEPARATORS: Final = "|;\n"
"""Between the entries of a list in one cell. Not the comma: it stands in citations."""
_UTF8_NAMES: Final = "UTF-8, with or without a byte order mark"


@dataclass(frozen=True, slots=True)
class Row:
    """One row with every column of the header; an absent cell is empty."""

    number: int
    """CSV: as a spreadsheet counts, the header being 1. JSON: from 1. NDJSON: the line."""
    cells: dict[str, str]


Item = Row | RowRefusal


def read_rows(data: bytes, columns: Sequence[str], required: Sequence[str]) -> Iterator[Item]:
    """The rows of a file in order, refused ones among them."""
    if len(data) > MAX_FILE_BYTES:
        raise _bad(f"it has {len(data)} bytes, at most {MAX_FILE_BYTES} are read", "Split it into several files.")
    text = decode_text(data)
    start = text.lstrip()[:1]
    if start == "[":
        return _limited(_json_rows(text, columns))
    if start == "{":
        return _limited(_ndjson_rows(text, columns))
    return _limited(_csv_rows(text, columns, required))


def split_list(cell: str) -> tuple[str, ...]:
    """The entries of a list in one cell."""
    for separator in LIST_SEPARATORS[1:]:
        cell = cell.replace(separator, LIST_SEPARATORS[0])
    return tuple(entry for entry in (part.strip() for part in cell.split(LIST_SEPARATORS[0])) if entry)


def decode_text(data: bytes) -> str:
    """The text of a file; raises ``BAD_FILE`` for any encoding but UTF-8, and names the likely one."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _bad("it is encoded in UTF-16", "Save it as “CSV UTF-8”.")
    if b"\0" in data[:4_096]:
        raise _bad("it holds zero bytes, as UTF-16 and binary files do", "Save it as “CSV UTF-8”.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _bad(
            f"it is not {_UTF8_NAMES}: line {line} reads like Latin-1 or Windows-1252",
            "Save it as “CSV UTF-8”.",
        ) from error


def delimiter_of(text: str) -> str:
    """What parts the cells of a CSV file: comma, semicolon or tab, whichever its first line has most of."""
    return max(",;\t", key=text.partition("\n")[0].count)


def _csv_rows(text: str, columns: Sequence[str], required: Sequence[str]) -> Iterator[Item]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
    except csv.Error as error:
        raise _bad("its first line is not a line of CSV", _header_remedy(columns)) from error
    _check_header(header, columns, required)
    return _csv_body(reader, header, columns)


def _csv_body(reader: "Iterator[list[str]]", header: list[str], columns: Sequence[str]) -> Iterator[Item]:
    number = 1
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
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            yield RowRefusal(number, "", f"it has {len(cells)} cells, and the header has {len(header)}.")
            continue
        yield _checked(number, dict.fromkeys(columns, "") | dict(zip(header, cells, strict=True)))


def _check_header(header: list[str], columns: Sequence[str], required: Sequence[str]) -> None:
    unknown = [str(place) for place, name in enumerate(header, 1) if name not in columns]
    if unknown:
        raise _bad(f"column {', '.join(unknown)} of its header is not one that is known", _header_remedy(columns))
    if len(set(header)) != len(header):
        raise _bad("a column stands twice in its header", _header_remedy(columns))
    missing = [name for name in required if name not in header]
    if missing:
        raise _bad(f"its header lacks {', '.join(missing)}", _header_remedy(columns))


def _json_rows(text: str, columns: Sequence[str]) -> Iterator[Item]:
    try:
        values = msgspec.json.decode(text, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise _bad("it begins like a JSON array and is none", "Check it with any JSON tool.") from error
    return (_object(number, bytes(value), columns) for number, value in enumerate(values, 1))


def _ndjson_rows(text: str, columns: Sequence[str]) -> Iterator[Item]:
    lines = enumerate(text.split("\n"), 1)
    return (_object(number, line.encode(), columns) for number, line in lines if line.strip())


_Cell = str | int | list[str] | None
_OBJECTS: Final[msgspec.json.Decoder[dict[str, _Cell]]] = msgspec.json.Decoder(dict[str, _Cell])


def _object(number: int, data: bytes, columns: Sequence[str]) -> Item:
    try:
        value = _OBJECTS.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return RowRefusal(number, "", "it is not an object whose values are texts, whole numbers or lists of texts.")
    unknown = sum(name not in columns for name in value)
    if unknown:
        return RowRefusal(number, "", f"{unknown} of its members are not among the known columns.")
    cells = dict.fromkeys(columns, "")
    for name, cell in value.items():
        match cell:
            case None:
                pass
            case list():
                cells[name] = LIST_SEPARATORS[0].join(cell)
            case str() | int():
                cells[name] = str(cell)
    return _checked(number, cells)


def _checked(number: int, cells: dict[str, str]) -> Item:
    for name, cell in cells.items():
        if len(cell) > MAX_CELL_CHARACTERS:
            return RowRefusal(number, name, f"more than {MAX_CELL_CHARACTERS} characters.")
    return Row(number, cells)


def _limited(items: Iterator[Item]) -> Iterator[Item]:
    empty = True
    for count, item in enumerate(items, 1):
        empty = False
        if count > MAX_ROWS:
            yield RowRefusal(
                item.number if isinstance(item, Row) else item.row,
                "",
                f"a file has at most {MAX_ROWS} rows; this and all later ones were not read.",
            )
            return
        yield item
    if empty:
        raise _bad("it holds no rows", "Put the columns into the first line and the cases below.")


def _header_remedy(columns: Sequence[str]) -> str:
    return f"The first line names columns out of: {', '.join(columns)}."


def _bad(what: str, remedy: str) -> HanseError:
    return HanseError(Code.BAD_FILE, f"the file cannot be imported: {what}.", remedy=remedy)
