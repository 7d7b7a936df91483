"""Records out of a registry file, one at a time, whatever its packing: gzip, zip or plain, lines or one array.

A file is recognised by its first bytes, not by its name. Nothing is held in memory but the record being read and
one chunk around it: the official dump is one JSON array of several hundred megabytes.
"""

import codecs
import gzip
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeAlias

from node.domain.subjects import SkippedRecord
from node.errors import Code, HanseError

MAX_RECORD_BYTES: Final = 1_048_576
"""One record, in bytes of JSON. The largest in ROR has about 60 kB; a bound on what one line can make us hold."""
MAX_SKIPPED_BYTES: Final = 33_554_432
"""Of an array, a record too long to be used is passed over up to here; its end must be found to go on."""
MAX_RATIO: Final = 200
"""Unpacked bytes for one packed byte, beyond :data:`FREE_BYTES`: ROR unpacks to about twelve, a bomb to a thousand."""
FREE_BYTES: Final = 67_108_864
"""Unpacked bytes that are read whatever their packing."""
MAX_RECORDS: Final = 2_000_000
"""Records in one file: fifteen times ROR, and an end for a file that unpacks without end."""
_CHUNK: Final = 1_048_576
_GZIP: Final = b"\x1f\x8b"
_ENCRYPTED: Final = 0x1
_ZIP: Final = b"PK\x03\x04"
_DUMP_SUFFIXES: Final = ("ror-data_schema_v2.json", "ror-data.json")
"""How the array is called inside the official zip, today's layout first."""
_BLANKS: Final = b" \t\r\n"
_BETWEEN: Final = re.compile(r"[\s,]*")
_Stream: TypeAlias = io.BufferedIOBase | IO[bytes]
_Scan: TypeAlias = Callable[[str, int], tuple[object, int]]
_NO_DUMP: Final = "Use the official ROR data dump (schema version 2), or an extract with one JSON object a line."


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as JSON text; ``position`` counts from 1."""

    position: int
    text: str | bytes


class _Counted(io.RawIOBase):
    """Counts the bytes that were read from the file itself, for progress."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.done = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        count = self._file.readinto(buffer) or 0
        self.done = max(self.done, self._file.tell())
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class Source:
    """One registry file, open for reading."""

    def __init__(self, counted: _Counted, stream: _Stream, total: int) -> None:
        self._counted = counted
        self._stream = stream
        self.total_bytes = total
        self._unpacked = 0

    @property
    def done_bytes(self) -> int:
        """How far into the file reading has come."""
        return min(self._counted.done, self.total_bytes)

    def _read(self) -> bytes:
        """The next chunk; refuses what unpacks to more than any registry does."""
        chunk = self._stream.read(_CHUNK)
        self._unpacked += len(chunk)
        if self._unpacked > FREE_BYTES and self._unpacked > MAX_RATIO * self.total_bytes:
            raise HanseError(
                Code.BAD_FILE,
                f"the file unpacks to more than {MAX_RATIO} times its size, which no registry does.",
                remedy=_NO_DUMP,
            )
        return chunk

    def records(self) -> Iterator[RawRecord | SkippedRecord]:
        """Every record of the file; a line that is too long is skipped and said.

        Raises ``BAD_FILE`` where reading cannot go on: damaged packing, or an array that is not one.
        """
        try:
            head = self._read()
            first = head.removeprefix(codecs.BOM_UTF8).lstrip(_BLANKS)[:1]
            records = self._array(head) if first == b"[" else self._lines(head)
            for count, record in enumerate(records):
                if count == MAX_RECORDS:
                    raise HanseError(Code.BAD_FILE, f"more than {MAX_RECORDS} records in one file.", remedy=_NO_DUMP)
                yield record
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
            raise HanseError(
                Code.BAD_FILE,
                f"the file is damaged or cut short: {type(error).__name__}.",
                remedy="Fetch it again. What was loaded until here stays, and loading again completes it.",
            ) from error

    def _lines(self, head: bytes) -> Iterator[RawRecord | SkippedRecord]:
        """One JSON object a line; blank lines are no records."""
        pending, position, too_long = head.removeprefix(codecs.BOM_UTF8), 0, False
        while True:
            *lines, pending = pending.split(b"\n")
            for line in lines:
                if line.strip() or too_long:
                    position += 1
                    yield _line(position, line, too_long=too_long)
                too_long = False
            if len(pending) > MAX_RECORD_BYTES:
                # Keeps nothing of the long line but the fact, until its end comes.
                pending, too_long = b"", True
            chunk = self._read()
            if not chunk:
                break
            pending += chunk
        if pending.strip() or too_long:
            yield _line(position + 1, pending, too_long=too_long)

    def _array(self, head: bytes) -> Iterator[RawRecord | SkippedRecord]:
        """The objects of one JSON array, cut at their ends by the scanner of the standard library."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        scan = json.JSONDecoder().raw_decode
        position, ended = 0, False
        try:
            text = decoder.decode(head.removeprefix(codecs.BOM_UTF8))
            at = text.index("[") + 1
            while True:
                at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
                if text.startswith("]", at):
                    return
                if text.startswith("{", at) and (end := _end_of_object(scan, text, at)):
                    position += 1
                    yield _cut(position, text[at:end])
                    at = end
                    continue
                if ended or len(text) - at > MAX_SKIPPED_BYTES:
                    raise _not_an_array(position + 1)
                chunk = self._read()
                ended = not chunk
                text, at = text[at:] + decoder.decode(chunk, final=ended), 0
        except (UnicodeDecodeError, RecursionError) as error:
            raise _not_an_array(position + 1) from error


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a registry file; raises ``BAD_FILE`` where it cannot be read or holds no dump."""
    try:
        total = path.stat().st_size
        counted = _Counted(path)
    except OSError as error:
        raise HanseError(
            Code.BAD_FILE, f"the file {path.name} cannot be read: {error.strerror}.", remedy=_NO_DUMP
        ) from error
    with counted:
        head = counted.read(len(_ZIP))
        counted.seek(0)
        if head == _ZIP:
            with _open_zip(counted) as stream:
                yield Source(counted, stream, total)
        elif head[: len(_GZIP)] == _GZIP:
            with gzip.GzipFile(fileobj=io.BufferedReader(counted)) as stream:
                yield Source(counted, stream, total)
        else:
            yield Source(counted, io.BufferedReader(counted), total)


@contextmanager
def _open_zip(counted: _Counted) -> Iterator[_Stream]:
    try:
        with zipfile.ZipFile(io.BufferedReader(counted)) as archive:
            # The table of contents stands at the end; reading it is no progress.
            counted.done = 0
            with archive.open(_dump_member(archive)) as stream:
                yield stream
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise HanseError(Code.BAD_FILE, "the zip file is damaged or cut short.", remedy="Fetch it again.") from error


def _dump_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    for suffix in _DUMP_SUFFIXES:
        members = [member for member in archive.infolist() if member.filename.endswith(suffix)]
        if len(members) == 1 and not members[0].flag_bits & _ENCRYPTED:
            return members[0]
    raise HanseError(Code.BAD_FILE, f"the zip holds no single file *-{_DUMP_SUFFIXES[0]}.", remedy=_NO_DUMP)


def _line(position: int, line: bytes, *, too_long: bool) -> RawRecord | SkippedRecord:
    if too_long or len(line) > MAX_RECORD_BYTES:
        return SkippedRecord(position, f"longer than {MAX_RECORD_BYTES} bytes")
    return RawRecord(position, line)


def _cut(position: int, text: str) -> RawRecord | SkippedRecord:
    if len(text) > MAX_RECORD_BYTES:
        return SkippedRecord(position, f"longer than {MAX_RECORD_BYTES} characters")
    return RawRecord(position, text)


def _end_of_object(scan: _Scan, text: str, at: int) -> int | None:
    """Where the object that begins at ``at`` ends, or ``None`` when its end is not here yet."""
    try:
        _, end = scan(text, at)
    except json.JSONDecodeError:
        return None
    return end


def _not_an_array(position: int) -> HanseError:
    return HanseError(
        Code.BAD_FILE,
        f"the JSON array ends or breaks at record {position}.",
        remedy="Fetch the file again. What was loaded until here stays, and loading again completes it.",
    )
