"""Which files are taken as evidence: by what they hold, whole, and without anything that acts."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.casework.file_kinds import ENDINGS, download_headers, kind_of, safe_name
from node.domain.accounts import AccountId
from node.domain.evidence import (
    MAX_EVIDENCE_BYTES,
    MAX_NAME_CHARACTERS,
    ContentName,
    EvidenceFile,
    EvidenceId,
    FileKind,
)
from node.errors import Code, HanseError
from protocol.statements import Timestamp
from tests.node.casework import files

WHOLE = {
    FileKind.PDF: files.PDF,
    FileKind.PNG: files.PNG,
    FileKind.JPEG: files.JPEG,
    FileKind.DOCX: files.DOCX,
    FileKind.XLSX: files.XLSX,
    FileKind.PPTX: files.PPTX,
    FileKind.ODT: files.open_document("text"),
    FileKind.ODS: files.open_document("spreadsheet"),
    FileKind.ODP: files.open_document("presentation"),
    FileKind.TEXT: files.TEXT,
}
REFUSED = {
    "nothing": b"",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a page after blanks": b"\xef\xbb\xbf \n <svg xmlns='http://www.w3.org/2000/svg'/>",
    "a program": b"\x7fELF" + bytes(60),
    "a program of another system": b"MZ" + bytes(60),
    "an old office file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "an archive": files.archive(("notes.txt", b"notes")),
    "macros": files.office_file("word/document.xml", ("word/vbaProject.bin", b"x")),
    "macros in another spelling": files.office_file("xl/workbook.xml", ("xl/VBAPROJECT.BIN", b"x")),
    "macro sheets": files.office_file("xl/workbook.xml", ("xl/macrosheets/sheet1.xml", b"x")),
    "macros of OpenDocument": files.archive(
        ("mimetype", b"application/vnd.oasis.opendocument.text"), ("Basic/Standard/Module1.xml", b"x")
    ),
    "two kinds at once": files.office_file("word/document.xml", ("xl/workbook.xml", b"x")),
    "another OpenDocument": files.open_document("database"),
    "control characters": b"text\x00with\x1b[31mcolours",
    "latin-1": "über".encode("latin-1"),
    "blank": b" \n\n\t ",
    "a cut character": "ü".encode()[:1],
    "a gif": b"GIF89a" + bytes(30),
}
STARTS = [b"", b"%PDF-1.4", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"PK\x03\x04"]


def outcome(data: bytes) -> FileKind | Code:
    """What a file is, or with which code it is refused; any other error ends the test."""
    try:
        return kind(data)
    except HanseError as error:
        return Code(error.code)


def kind(data: bytes) -> FileKind:
    return kind_of(io.BytesIO(data))


@pytest.mark.parametrize(("expected", "data"), WHOLE.items(), ids=[each.value for each in WHOLE])
def test_a_whole_file_is_known_by_its_content(expected: FileKind, data: bytes) -> None:
    assert kind(data) is expected


@pytest.mark.parametrize("data", REFUSED.values(), ids=list(REFUSED))
def test_what_acts_or_is_none_of_these_is_refused(data: bytes) -> None:
    with pytest.raises(HanseError) as error:
        kind(data)
    assert error.value.code is Code.BAD_FILE
    assert error.value.remedy


@pytest.mark.parametrize("name", [each for each in WHOLE if each is not FileKind.TEXT])
def test_a_file_that_was_cut_short_is_refused(name: FileKind) -> None:
    data = WHOLE[name]
    for length in {len(data) // 2, len(data) - 9, max(17, len(data) // 4)}:
        with pytest.raises(HanseError) as error:
            kind(data[:length])
        assert error.value.code is Code.BAD_FILE


def test_a_file_beyond_the_limit_is_refused() -> None:
    with pytest.raises(HanseError) as error:
        kind(b"%PDF-" + bytes(MAX_EVIDENCE_BYTES) + b"%%EOF")
    assert error.value.code is Code.TOO_LARGE


@given(st.binary(max_size=400), st.sampled_from(STARTS))
def test_garbage_is_refused_or_read_and_nothing_else(data: bytes, start: bytes) -> None:
    assert outcome(start + data) in {*FileKind, Code.BAD_FILE}


@given(st.integers(0, len(files.DOCX) - 1), st.integers(0, 255))
def test_a_changed_office_file_is_refused_or_read_and_nothing_else(place: int, value: int) -> None:
    changed = bytearray(files.DOCX)
    changed[place] = value
    assert outcome(bytes(changed)) in {*FileKind, Code.BAD_FILE}


@pytest.mark.parametrize(
    ("typed", "of", "safe"),
    [
        ("Accounts 2025.pdf", FileKind.PDF, "Accounts 2025.pdf"),
        ("accounts.PDF", FileKind.PDF, "accounts.PDF"),
        ("../../etc/passwd", FileKind.TEXT, "passwd.txt"),
        ("C:\\fakepath\\scan.jpg", FileKind.JPEG, "scan.jpg"),
        ("invoice.pdf.exe", FileKind.PDF, "invoice.pdf.exe.pdf"),
        ("in\u202efdp.exe", FileKind.PDF, "infdp.exe.pdf"),
        ('a"b;c\r\nSet-Cookie: x.pdf', FileKind.PDF, "ab;cSet-Cookie x.pdf"),
        ("", FileKind.PNG, "file.png"),
        ("...", FileKind.PNG, "file.png"),
        (".bashrc", FileKind.TEXT, "bashrc.txt"),
        ("Übersicht.odt", FileKind.ODT, "Übersicht.odt"),
    ],
)
def test_a_name_is_made_safe(typed: str, of: FileKind, safe: str) -> None:
    assert safe_name(typed, of) == safe


@given(st.text(max_size=300), st.sampled_from(FileKind))
def test_every_name_can_be_saved_and_said_in_a_header(name: str, of: FileKind) -> None:
    safe = safe_name(name, of)
    assert 0 < len(safe) <= MAX_NAME_CHARACTERS
    assert safe.lower().endswith(ENDINGS[of])
    assert not set(safe) & set('/\\:*?"<>|\r\n\x00')
    assert not safe.startswith(".")
    headers = download_headers(_file(safe, of))
    assert headers["content-disposition"].startswith("attachment; ")
    assert headers["content-disposition"].isascii()
    assert headers["content-disposition"].isprintable()


def _file(name: str, of: FileKind) -> EvidenceFile:
    return EvidenceFile(
        id=EvidenceId("A" * 22),
        content=ContentName("A" * 43),
        kind=of,
        size=1,
        name=name,
        account=AccountId("A" * 22),
        created=Timestamp(0),
    )
