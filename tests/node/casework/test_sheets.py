"""Tables out of files that spreadsheets write, and out of files that nobody should have sent."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from node.casework import sheets
from node.casework.sheets import read_table, write_csv, write_workbook
from node.errors import Code, HanseError


def workbook(*rows: Sequence[str | float | date | None]) -> bytes:
    """A workbook with one sheet of these rows."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def test_a_workbook_and_a_csv_file_of_the_same_table_read_alike() -> None:
    table = read_table(
        workbook(
            ("Agreement", "Start", "Sum", None),
            ("Tide tables", date(2026, 3, 4), 125000, None),
            (None, None, None),
            ("Wave rider", datetime(2026, 3, 5, 9, 30), 12.5),  # noqa: DTZ001 - as a workbook holds it
        )
    )
    assert table == read_table(
        b"\xef\xbb\xbfAgreement;Start;Sum\nTide tables;2026-03-04;125000\n\nWave rider;2026-03-05;12.5\n"
    )
    assert table.header == ("Agreement", "Start", "Sum")
    assert [line.number for line in table.lines] == [2, 4]
    assert table.lines[0].cells == ("Tide tables", "2026-03-04", "125000")


def test_what_is_written_reads_back_and_is_never_a_formula() -> None:
    rows = [("=HYPERLINK(1)", "+1"), ("Ünïcode 東京", 'a "quoted" line\nand another')]
    book = load_workbook(io.BytesIO(write_workbook("A title longer than thirty-one characters", ("a", "b"), rows)))
    cells = [cell for row in book.worksheets[0].iter_rows(min_row=2) for cell in row]
    assert [cell.data_type for cell in cells] == ["s"] * 4
    assert cells[2].value == "Ünïcode 東京"
    assert [line.cells for line in read_table(write_csv(("a", "b"), rows)).lines] == [
        ("'=HYPERLINK(1)", "'+1"),
        rows[1],
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "names no columns"),
        (b"a,b\n", "no rows below"),
        ("a,b\nä,1\n".encode("latin-1"), "Latin-1"),
        ("a\n1\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04 and no archive", "not a workbook"),
        (b"a\n" + b"1\n" * 5_001, "more than 5,000 rows"),
        (",".join(f"c{n}" for n in range(101)).encode() + b"\n1\n", "101 columns"),
        (b"x" * 10_485_761, "bytes"),
    ],
    ids=["empty", "header-only", "latin-1", "utf-16", "no-archive", "rows", "columns", "bytes"],
)
def test_a_file_that_cannot_be_trusted_is_refused_as_a_whole(data: bytes, words: str) -> None:
    with pytest.raises(HanseError) as caught:
        read_table(data)
    assert caught.value.code is Code.BAD_FILE
    assert words in caught.value.detail


def test_an_archive_that_unpacks_to_more_than_a_table_is_refused_unopened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_UNPACKED_BYTES", 1_000_000)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 2_000_000)
    with pytest.raises(HanseError, match="larger than any table"):
        read_table(target.getvalue())


def test_a_sheet_that_names_a_row_far_away_is_refused_at_once() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.cell(1, 1, "title")
    sheet.cell(1_048_576, 1, "far away")
    target = io.BytesIO()
    book.save(target)
    with pytest.raises(HanseError, match="rows beyond 20,000"):
        read_table(target.getvalue())


def test_a_bad_row_stops_no_other_and_is_not_quoted() -> None:
    table = read_table(f"a,b\n1,2\n3,4,secret\n{'x' * 10_001},5\n6\n".encode())
    assert [line.cells for line in table.lines] == [("1", "2"), ("6", "")]
    assert [(each.row, "secret" in each.reason) for each in table.refused] == [(3, False), (4, False)]


@settings(max_examples=60)
@given(data=st.binary(max_size=300), archive=st.booleans())
def test_garbage_gives_a_table_or_a_refusal(data: bytes, archive: bool) -> None:  # noqa: FBT001 - drawn
    try:
        read_table((b"PK\x03\x04" if archive else b"") + data)
    except HanseError as error:
        assert error.code is Code.BAD_FILE  # noqa: PT017 - the only error that may come


@settings(max_examples=40, deadline=None)
@given(place=st.integers(0, 4_000), value=st.integers(0, 255))
def test_a_workbook_with_one_byte_changed_gives_a_table_or_a_refusal(place: int, value: int) -> None:
    data = bytearray(workbook(("a", "b"), ("1", "2")))
    data[place % len(data)] = value
    try:
        read_table(bytes(data))
    except HanseError as error:
        assert error.code is Code.BAD_FILE  # noqa: PT017 - the only error that may come
