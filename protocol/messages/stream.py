"""Asking for missing entries, and the stream of lines that answers.

A request says how many entries of each log the asker holds. The answer is a sequence of lines, each ended by
one line feed::

    {"count":2,"kind":"section","log":"<contributor>","start":7}       a section: one log, from index 7
    <JWS of entry 7>
    =<leaf hash of entry 8>                                            its content is gone
    {"checkpoint":"<signed note>","kind":"checkpoint","proof":[]}      what commits to them
    {"index":3,"kind":"entry","log":"<contributor>"}                   one that was asked for again
    <JWS of entry 3>
    {"kind":"fork","proof":"<base64url of a fork proof>"}               evidence, after the sections
    {"kind":"end","more":false}                                        always last

Lines of JSON are canonical; entry lines are bytes of which only the length is judged here, because an entry
that cannot be read must not keep its neighbours from being stored. A line that begins with ``=`` is the leaf hash of an
entry without content. Where the byte bound cuts a log short,
``proof`` is the consistency proof from the section's last entry to the checkpoint, and ``more`` is true.

A stream can break off anywhere. :func:`read_stream` yields every complete section before it raises, so that a
connection that always fails in the middle still makes progress. What a section is worth is not known here: only
:mod:`protocol.replica` accepts entries.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec

from protocol.canonical import Codec
from protocol.errors import Code, Fault, ProtocolError
from protocol.identifiers import PATTERN_256_BITS, Digest, KeyId, anchored, decode_bytes, encode_bytes
from protocol.limits import (
    MAX_CHECKPOINT_BYTES,
    MAX_ENTRY_BYTES,
    MAX_FORK_BYTES,
    MAX_FORKS,
    MAX_LOG_SIZE,
    MAX_PROOF_HASHES,
    MAX_REQUEST_BYTES,
    MAX_STREAM_BYTES,
    MAX_STREAM_ENTRIES,
)
from protocol.merkle.hashing import HASH_BYTES, Entry, Leaf

MAX_LOGS: Final = 10_000
"""Logs in one request, and sections in one stream: a thousand members with ten key epochs each."""

MAX_LINE_BYTES: Final = 32_768
"""One line of JSON, in bytes: a checkpoint whose every byte needs a six-byte escape, and the longest proof. The
largest fork proof in base64url is a third of that."""

MIN_STREAM_BYTES: Final = 65_536
"""The least that a request may ask for, in bytes: the largest entry with the largest checkpoint fits, so every
answer makes progress."""

MAX_HOLE_LOGS: Final = 64
"""Logs of which one request asks for missing content again."""

MAX_HOLE_RANGES: Final = 64
"""Ranges of missing entries of one log in a request. What has expired lies side by side, so a range is long."""

_GONE: Final = b"="
"""Begins the line of an entry without content. No JWS begins so; an entry that does is one that cannot be carried."""

_T = TypeVar("_T")

_KeyId: TypeAlias = Annotated[KeyId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_Hash: TypeAlias = Annotated[Digest, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_Size: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_LOG_SIZE)]
_Range: TypeAlias = tuple[_Size, _Size]


class EntriesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many entries of each log the asker holds; a log that is not named is wanted from its beginning."""

    have: Annotated[dict[_KeyId, _Size], msgspec.Meta(max_length=MAX_LOGS)]
    max_bytes: Annotated[int, msgspec.Meta(ge=MIN_STREAM_BYTES, le=MAX_STREAM_BYTES)]
    """The longest answer that the asker will read, in bytes."""
    only: Annotated[tuple[_KeyId, ...], msgspec.Meta(max_length=MAX_LOGS)]
    """The logs that are asked for, ascending, with nothing of any other; where none is named, every log is (9.7)."""

    holes: Annotated[
        dict[_KeyId, Annotated[tuple[_Range, ...], msgspec.Meta(min_length=1, max_length=MAX_HOLE_RANGES)]],
        msgspec.Meta(max_length=MAX_HOLE_LOGS),
    ]
    """By log the entries that the asker holds without content, each range from its first to behind its last."""

    def __post_init__(self) -> None:
        if any(a >= b for a, b in pairwise(self.only)):
            raise ProtocolError(Code.NON_CANONICAL, "the logs that are asked for are not ascending")
        for ranges in self.holes.values():
            ends = [end for each in ranges for end in each]
            if any(a >= b for a, b in pairwise(ends)):
                raise ProtocolError(Code.NON_CANONICAL, "ranges that are empty, or touch, or are not ascending")


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """A line of JSON in a stream."""


class SectionLine(_Line, frozen=True, kw_only=True, tag="section"):
    """Opens a section: ``count`` entry lines follow."""

    log: _KeyId
    start: _Size
    count: Annotated[int, msgspec.Meta(ge=0, le=MAX_STREAM_ENTRIES)]

    def __post_init__(self) -> None:
        if self.start + self.count > MAX_LOG_SIZE:
            raise ProtocolError(Code.TOO_LARGE, f"a log has at most {MAX_LOG_SIZE} entries")


class CheckpointLine(_Line, frozen=True, kw_only=True, tag="checkpoint"):
    """Closes a section."""

    checkpoint: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_CHECKPOINT_BYTES)]
    proof: Annotated[tuple[_Hash, ...], msgspec.Meta(max_length=MAX_PROOF_HASHES)]

    def __post_init__(self) -> None:
        if len(self.checkpoint.encode("utf-8")) > MAX_CHECKPOINT_BYTES:
            raise ProtocolError(Code.TOO_LARGE, f"a checkpoint has at most {MAX_CHECKPOINT_BYTES} bytes")


class EntryLine(_Line, frozen=True, kw_only=True, tag="entry"):
    """One entry follows that was asked for again."""

    log: _KeyId
    index: Annotated[int, msgspec.Meta(ge=0, le=MAX_LOG_SIZE - 1)]


class ForkLine(_Line, frozen=True, kw_only=True, tag="fork"):
    """Evidence that a contributor has signed two histories; :mod:`protocol.fork` says whether it is."""

    proof: Annotated[
        str, msgspec.Meta(min_length=1, max_length=-(-MAX_FORK_BYTES * 4 // 3), pattern=anchored("[A-Za-z0-9_-]*"))
    ]


class EndLine(_Line, frozen=True, kw_only=True, tag="end"):
    """Ends a stream. ``more``: asking again with what has been accepted will bring more."""

    more: bool


@dataclass(frozen=True, slots=True)
class Section:
    """Consecutive entries of one log and the signed checkpoint that is said to commit to them. Unverified."""

    contributor: KeyId
    start: int
    entries: tuple[Entry, ...]
    checkpoint: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Filling:
    """The content of an entry that the asker holds as a leaf hash alone. Unverified: only the hash shows what it is."""

    contributor: KeyId
    index: int
    entry: bytes


@dataclass(frozen=True, slots=True)
class Fork:
    """The bytes of a fork proof as somebody passes it on. Unverified."""

    proof: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The stream was complete."""

    more: bool


_REQUEST: Final = Codec(EntriesRequest, max_bytes=MAX_REQUEST_BYTES)
_OPENING: Final[Codec[SectionLine | EntryLine | ForkLine | EndLine]] = Codec(
    SectionLine | EntryLine | ForkLine | EndLine,  # type: ignore[arg-type]
    max_bytes=MAX_LINE_BYTES,
)
_CLOSING: Final = Codec(CheckpointLine, max_bytes=MAX_LINE_BYTES)
_GONE_BYTES: Final = 1 + len(encode_bytes(bytes(HASH_BYTES)))


def encode_entries_request(request: EntriesRequest) -> bytes:
    """Canonical bytes; refuses whatever :func:`decode_entries_request` would refuse."""
    return _REQUEST.encode(request)


def decode_entries_request(data: bytes) -> EntriesRequest:
    """A request by its form (clause 9.7); raises as :meth:`protocol.canonical.Codec.decode` does."""
    return _REQUEST.decode(data)


def encode_section(section: Section) -> bytes:
    """The lines of one section, for a sender that counts bytes; refuses what :func:`read_stream` would refuse."""
    opening = SectionLine(log=section.contributor, start=section.start, count=len(section.entries))
    try:
        closing = CheckpointLine(
            checkpoint=section.checkpoint.decode("utf-8"),
            proof=tuple(Digest(encode_bytes(node)) for node in section.proof),
        )
    except UnicodeDecodeError as error:
        raise ProtocolError(Code.BAD_STREAM, "a signed note is UTF-8", fault=Fault.OURS) from error
    return b"\n".join((_OPENING.encode(opening), *map(_entry_line, section.entries), _CLOSING.encode(closing), b""))


def entry_line_bytes(entry: Entry) -> int:
    """How long an entry's line is, with its line feed: for a sender that fills a bound."""
    return (_GONE_BYTES if isinstance(entry, Leaf) else len(entry)) + 1


def encode_filling(filling: Filling) -> bytes:
    """Two lines: an entry that was asked for again; refuses what :func:`read_stream` would refuse."""
    opening = _OPENING.encode(EntryLine(log=filling.contributor, index=filling.index))
    return b"\n".join((opening, _entry_line(filling.entry), b""))


def _entry_line(entry: Entry) -> bytes:
    if isinstance(entry, Leaf):
        return _GONE + encode_bytes(entry.hash).encode("ascii")
    if len(entry) > MAX_ENTRY_BYTES or b"\n" in entry or entry.startswith(_GONE):
        raise ProtocolError(Code.BAD_STREAM, "an entry does not fit on a line", fault=Fault.OURS)
    return entry


def encode_fork(proof: bytes) -> bytes:
    """One line of evidence; refuses what :func:`read_stream` would refuse."""
    return _OPENING.encode(ForkLine(proof=encode_bytes(proof))) + b"\n"


def encode_end(*, more: bool) -> bytes:
    """The last line of a stream."""
    return _OPENING.encode(EndLine(more=more)) + b"\n"


def encode_stream(
    sections: Iterable[Section], *, more: bool, fillings: Sequence[Filling] = (), forks: Sequence[bytes] = ()
) -> bytes:
    """A whole stream; refuses one that :func:`read_stream` would refuse for its size."""
    sections = tuple(sections)
    if len(forks) > MAX_FORKS:
        raise ProtocolError(Code.TOO_LARGE, f"a stream has at most {MAX_FORKS} fork proofs", fault=Fault.OURS)
    if len(fillings) + sum(len(section.entries) for section in sections) > MAX_STREAM_ENTRIES:
        raise ProtocolError(Code.TOO_LARGE, f"a stream has at most {MAX_STREAM_ENTRIES} entries", fault=Fault.OURS)
    lines = [*map(encode_section, sections), *map(encode_filling, fillings), *map(encode_fork, forks)]
    data = b"".join((*lines, encode_end(more=more)))
    if len(data) > MAX_STREAM_BYTES:
        raise ProtocolError(Code.TOO_LARGE, f"a stream has at most {MAX_STREAM_BYTES} bytes", fault=Fault.OURS)
    return data


def read_stream(data: bytes) -> Iterator[Section | Filling | Fork | End]:
    """Yield the complete sections in order, then what was asked for again, the evidence, and :class:`End` (clause 9.8).

    Raises ``TOO_LARGE``, ``TRUNCATED`` where the bytes end before the end line does, and ``BAD_STREAM`` for any
    other fault, both naming the line. Sections yielded before that stand. Without an ``End`` there was an error.
    """
    lines = _Lines(data)
    seen: set[KeyId] = set()
    announced = forks = 0
    fills = False
    while True:
        opening = lines.json(_OPENING)
        if isinstance(opening, EndLine):
            lines.require_done()
            yield End(opening.more)
            return
        if isinstance(opening, ForkLine):
            forks += 1
            if forks > MAX_FORKS:
                raise lines.broken(f"more than {MAX_FORKS} fork proofs")
            yield Fork(lines.binary(opening.proof))
            continue
        if forks or (fills and isinstance(opening, SectionLine)):
            raise lines.broken("sections, single entries and fork proofs in another order")
        announced += 1 if isinstance(opening, EntryLine) else opening.count
        if announced > MAX_STREAM_ENTRIES:  # before they are read, for the shortest of them has no bytes
            raise lines.broken(f"more than {MAX_STREAM_ENTRIES} entries")
        if isinstance(opening, EntryLine):
            fills = True
            yield Filling(opening.log, opening.index, lines.content())
            continue
        if opening.log in seen or len(seen) >= MAX_LOGS:
            raise lines.broken(f"a second section of log {opening.log}, or more than {MAX_LOGS} sections")
        seen.add(opening.log)
        yield _section(lines, opening)


def _section(lines: "_Lines", opening: SectionLine) -> Section:
    entries = tuple(lines.entry() for _ in range(opening.count))
    closing = lines.json(_CLOSING)
    return Section(
        contributor=opening.log,
        start=opening.start,
        entries=entries,
        checkpoint=closing.checkpoint.encode("utf-8"),
        proof=tuple(decode_bytes(node) for node in closing.proof),
    )


def decode_stream(data: bytes) -> tuple[tuple[Section, ...], bool]:
    """All sections and ``more``, or the error: for readers to whom half a stream is of no use."""
    sections: list[Section] = []
    more = False
    for item in read_stream(data):
        match item:
            case Section():
                sections.append(item)
            case Filling() | Fork():
                pass
            case End():  # pragma: no branch - the union is closed
                more = item.more
    return tuple(sections), more


class _Lines:
    """Takes lines from the front without splitting the rest, and numbers them from 1 for whoever must look."""

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_STREAM_BYTES:
            raise ProtocolError(Code.TOO_LARGE, f"a stream has at most {MAX_STREAM_BYTES} bytes")
        self._data = data
        self._position = 0
        self._number = 0

    def entry(self) -> Entry:
        line = self._take(MAX_ENTRY_BYTES)
        if not line.startswith(_GONE):
            return line
        try:
            leaf = decode_bytes(line[len(_GONE) :].decode("ascii"))
        except (UnicodeDecodeError, ProtocolError) as error:
            raise self.broken("a leaf hash that is none") from error
        if len(leaf) != HASH_BYTES:
            raise self.broken(f"a leaf hash has {HASH_BYTES} bytes")
        return Leaf(leaf)

    def content(self) -> bytes:
        entry = self.entry()
        if isinstance(entry, Leaf):
            raise self.broken("content that was asked for again, and is not there")
        return entry

    def json(self, codec: Codec[_T]) -> _T:
        line = self._take(MAX_LINE_BYTES)
        try:
            return codec.decode(line)
        except ProtocolError as error:
            raise self.broken(str(error)) from error

    def binary(self, text: str) -> bytes:
        try:
            return decode_bytes(text)
        except ProtocolError as error:
            raise self.broken(str(error)) from error

    def require_done(self) -> None:
        if self._position != len(self._data):
            self._number += 1
            raise self.broken("bytes follow the end line")

    def broken(self, why: str) -> ProtocolError:
        return ProtocolError(Code.BAD_STREAM, f"line {self._number}: {why}")

    def _take(self, limit: int) -> bytes:
        self._number += 1
        end = self._data.find(b"\n", self._position, self._position + limit + 1)
        if end < 0 and len(self._data) - self._position > limit:
            raise self.broken(f"longer than {limit} bytes")
        if end < 0:
            raise ProtocolError(Code.TRUNCATED, f"line {self._number}: the stream ends inside it or before it")
        line = self._data[self._position : end]
        self._position = end + 1
        return line
