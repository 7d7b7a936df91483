"""What an evidence file is, by its content and never by its name, and whether it is whole.

Only kinds that hold still are taken: documents without macros, pictures, plain text. A page with scripts, an
archive, a program, and an office file with macros are refused, however they are called. Nothing is unpacked: of a
zip file the directory is read, and of its content at most the few bytes that say which office format it is.

This looks at form. A document of an allowed kind can still be hostile to the program that opens it; that is why
files are only ever handed out to be saved, and opening one is the reader's decision.
"""

import codecs
import unicodedata
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO, Final
from urllib.parse import quote

from node.domain.evidence import MAX_EVIDENCE_BYTES, MAX_NAME_CHARACTERS, EvidenceFile, FileKind
from node.errors import Code, HanseError

ENDINGS: Final = {
    FileKind.PDF: (".pdf",),
    FileKind.PNG: (".png",),
    FileKind.JPEG: (".jpg", ".jpeg"),
    FileKind.DOCX: (".docx",),
    FileKind.XLSX: (".xlsx",),
    FileKind.PPTX: (".pptx",),
    FileKind.ODT: (".odt",),
    FileKind.ODS: (".ods",),
    FileKind.ODP: (".odp",),
    FileKind.TEXT: (".txt", ".csv", ".eml", ".md", ".json"),
}
"""What a name may end with; another ending is replaced by the first of these."""
WORDS: Final = "PDF, Word, Excel, PowerPoint (without macros), OpenDocument, PNG, JPEG or plain text"
MAX_MEMBERS: Final = 10_000
"""Parts of an office file: a workbook of hundreds of sheets has a few thousand."""
_HEAD_BYTES: Final = 16
_TAIL_BYTES: Final = 2_048
"""Where a PDF says that it ends: some programs add a few bytes after it."""
_PIECE: Final = 65_536
_MIMETYPE_BYTES: Final = 80
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_END: Final = b"IEND\xaeB`\x82"
_JPEG: Final = b"\xff\xd8\xff"
_JPEG_END: Final = b"\xff\xd9"
_ZIP: Final = b"PK\x03\x04"
_OOXML: Final = {
    "word/document.xml": FileKind.DOCX,
    "xl/workbook.xml": FileKind.XLSX,
    "ppt/presentation.xml": FileKind.PPTX,
}
_OPEN_DOCUMENT: Final = {
    b"application/vnd.oasis.opendocument.text": FileKind.ODT,
    b"application/vnd.oasis.opendocument.spreadsheet": FileKind.ODS,
    b"application/vnd.oasis.opendocument.presentation": FileKind.ODP,
}
_MACROS: Final = ("vbaproject.bin", "xlm.bin", "macrosheets/", "basic/", "scripts/")
_BYTE_ORDER_MARK: Final = "\ufeff"
_TEXT_CONTROLS: Final = "\n\r\t\f"
_NO_NAME: Final = "file"
_UNSAFE: Final = frozenset('/\\:*?"<>|')


def kind_of(source: BinaryIO) -> FileKind:
    """The kind of a whole file; raises ``BAD_FILE`` or ``TOO_LARGE``. Leaves the position anywhere."""
    size = source.seek(0, 2)
    if size > MAX_EVIDENCE_BYTES:
        raise HanseError(
            Code.TOO_LARGE,
            f"an evidence file has at most {MAX_EVIDENCE_BYTES // 1_048_576} MiB.",
            remedy="Scan with fewer dots to the inch, or add the parts one by one.",
        )
    source.seek(0)
    head = source.read(_HEAD_BYTES)
    source.seek(max(0, size - _TAIL_BYTES))
    tail = source.read(_TAIL_BYTES)
    if head.startswith(b"%PDF-"):
        return _whole(FileKind.PDF, complete=b"%%EOF" in tail)
    if head.startswith(_PNG):
        return _whole(FileKind.PNG, complete=tail.endswith(_PNG_END))
    if head.startswith(_JPEG):
        return _whole(FileKind.JPEG, complete=_JPEG_END in tail)
    if head.startswith(_ZIP):
        return _office(source)
    return _text(source)


def safe_name(name: str, kind: FileKind) -> str:
    """A name to show and to save under: one part of a path, printable, with an ending of its kind."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(each for each in unicodedata.normalize("NFC", last) if each.isprintable() and each not in _UNSAFE)
    clean = " ".join(clean.split()).strip(". ")
    path = PurePosixPath(clean or _NO_NAME)
    ending = path.suffix if path.suffix.lower() in ENDINGS[kind] else ENDINGS[kind][0]
    stem = path.stem if path.suffix.lower() in ENDINGS[kind] else path.name
    return stem[: MAX_NAME_CHARACTERS - len(ending)] + ending


def download_headers(file: EvidenceFile) -> dict[str, str]:
    """What says to every browser: save this, do not look at it."""
    ending = file.name.rpartition(".")[2]
    named = f"filename=\"evidence.{ending}\"; filename*=UTF-8''{quote(file.name, safe='')}"
    return {
        "content-disposition": f"attachment; {named}",
        "content-length": str(file.size),
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }


def _whole(kind: FileKind, *, complete: bool) -> FileKind:
    if not complete:
        raise _cut_short()
    return kind


def _office(source: BinaryIO) -> FileKind:
    source.seek(0)
    try:
        with zipfile.ZipFile(source) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            if len(members) > MAX_MEMBERS or any(mark in name.lower() for name in names for mark in _MACROS):
                raise _refused()
            declared = _declared(archive, members)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise _cut_short() from error
    if declared is not None:
        return declared
    found = [kind for part, kind in _OOXML.items() if part in names]
    if "[Content_Types].xml" not in names or len(found) != 1:
        raise _refused()
    return found[0]


def _declared(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> FileKind | None:
    """What an OpenDocument file says of itself: its first member, stored and not compressed."""
    first = members[0] if members else None
    if first is None or first.filename != "mimetype" or first.compress_type != zipfile.ZIP_STORED:
        return None
    with archive.open(first) as part:
        return _OPEN_DOCUMENT.get(part.read(_MIMETYPE_BYTES))


def _text(source: BinaryIO) -> FileKind:
    """UTF-8 without control characters that is no markup, or ``BAD_FILE``."""
    source.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    beginning = ""
    try:
        while piece := source.read(_PIECE):
            text = decoder.decode(piece)
            if any(not each.isprintable() and _is_control(each) for each in text):
                raise _refused()
            beginning = beginning or text.lstrip(_BYTE_ORDER_MARK + " \t\r\n\f")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _refused() from error
    if not beginning or beginning.startswith("<"):
        raise _refused()
    return FileKind.TEXT


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc" and character not in _TEXT_CONTROLS


def _refused() -> HanseError:
    return HanseError(
        Code.BAD_FILE,
        "this kind of file is not taken as evidence.",
        remedy=f"Taken are {WORDS}. Save a web page as PDF, and take files out of an archive.",
    )


def _cut_short() -> HanseError:
    return HanseError(
        Code.BAD_FILE, "the file is not whole: its end is missing.", remedy="Save it again and choose it once more."
    )
