"""The analysts' API of one node: questions as methods, answers as values, pages as iterators that lose nothing."""

import os
import ssl
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias, TypedDict, TypeVar, Unpack
from urllib.parse import quote

import httpx2
import msgspec

from hanse_client import models
from hanse_client.errors import NodeUnreachableError, UnexpectedAnswerError
from hanse_client.stream import events
from hanse_client.transport import Parameters, Patience, Transport, pause_before

ExportFormat: TypeAlias = Literal["ndjson", "csv", "parquet"]
Audience: TypeAlias = Literal["institution", "partners", "public"]
"""Who is to have a file: what their handling keeps from these people is left out and counted."""
Many: TypeAlias = str | int | Sequence[str] | Sequence[int]
"""One value, or several of which one has to fit."""

PAGE: Final = 500
"""Items asked for at once: the most that a node gives."""
STREAM_IDLE_SECONDS: Final = 45.0
"""A node's stream says something every fifteen seconds; three silent times, and the connection is taken for dead."""
_ACCEPT: Final[Mapping[ExportFormat, str]] = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
_KINDS: Final = frozenset(
    {"finding", "relation", "response", "correction", "retraction", "reply", "erasure", "attribution", "token"}
)
_TAIL_BYTES: Final = 4_096
"""More than the last line of an export."""
_PARQUET_END: Final = b"PAR1"
_T = TypeVar("_T")
_Write: TypeAlias = Callable[[bytes], int]


class _LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream says of statements that may not be taken away."""

    count: int


class _End(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="end"):
    """The last line of an NDJSON export."""

    rows: int
    left_out: int
    words: str = ""


class Filters(TypedDict, total=False):
    """What ``/findings`` and the exports can be narrowed by; ``docs/api.md`` of the node says what each one fits."""

    circle: Many
    contributor: Many
    kind: Many
    state: Many
    subject: Many
    object: Many
    indicator: Many
    group: Many
    polarity: Many
    scope: Many
    technology_domain: Many
    engagement_kind: Many
    mitigation: Many
    strength: Many
    relation: Many
    stance: Many
    evidence_kind: Many
    reliability: Many
    credibility: Many
    handling: Many
    observed_after: date
    observed_before: date
    issued_after: date
    issued_before: date
    expires_after: date
    expires_before: date
    text: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Export:
    """A file that was written whole."""

    path: Path
    bytes: int
    rows: int | None
    """As the file itself says; ``None`` where its form has no place to say it."""
    left_out: int | None
    """Statements that their handling keeps at the node."""
    words: str
    """What the node says about what was left out."""


@dataclass(frozen=True, slots=True)
class Live:
    """One statement from the live stream. Keep ``cursor``: whoever gives it back continues behind it."""

    statement: models.Statement
    cursor: str


class Feed:
    """Statements behind a cursor, page by page, until the node has no more right now.

    ``cursor`` moves when the last statement of a page has been handed out. Keep it and give it as ``after`` the next
    time: nothing is lost, and at most the rest of one page comes again when it was left half-way.
    """

    def __init__(self, client: "Client", path: str, parameters: Parameters, after: str) -> None:
        self._client = client
        self._path = path
        self._parameters = parameters
        self.cursor = after
        self.position = ""
        """The newest place of the pool at the last page: give it as ``as_of`` to see the same again."""

    def pages(self) -> Iterator[models.StatementPage]:
        """Whole pages; ``cursor`` moves when the next one is asked for, or at the end."""
        more = True
        while more:
            parameters = {**self._parameters, "after": self.cursor, "limit": str(PAGE)}
            page = self._client.get(self._path, models.StatementPage, parameters)
            self.position = page.position
            yield page
            if page.more and page.next == self.cursor:
                raise UnexpectedAnswerError("the node says that there is more, and not where.")
            self.cursor, more = page.next, page.more

    def __iter__(self) -> Iterator[models.Statement]:
        """Single statements, oldest first."""
        for page in self.pages():
            yield from page.items


class Client:
    """One node, one token. Use it as a context manager, or :meth:`close` it."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        patience: Patience | None = None,
        trust: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """``trust``: for a node whose certificate a private authority has signed; certificates are always checked."""
        self._transport = Transport(url, token, patience=patience or Patience(), trust=trust, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    def get(self, path: str, answer: type[_T], parameters: Parameters | None = None) -> _T:
        """Any operation that reads, below ``/api/v1``, as a value of a type that msgspec can read."""
        return _decode(self._transport.json(path, parameters), answer)

    def search(self, text: str, limit: int = 20) -> tuple[models.SubjectHit, ...]:
        """Organisations that a text names or identifies, best first."""
        found = self.get("/subjects", models.Items, {"q": text, "limit": str(limit)})
        return _decode(bytes(found.items), tuple[models.SubjectHit, ...])

    def subject(self, subject: str) -> models.Organisation:
        """What the registry knows of an organisation."""
        return self.get(f"/subjects/{_part(subject)}", models.Organisation)

    def match(
        self, affiliations: Mapping[str, str], mode: Literal["safe", "balanced"] = "safe"
    ) -> tuple[models.Match, ...]:
        """Which organisations names or whole affiliations mean; keys are yours and come back as ``id``."""
        items = [{"id": key, "affiliation": text} for key, text in affiliations.items()]
        found = _decode(self._transport.json("/subjects/match", body={"items": items, "mode": mode}), models.Items)
        return _decode(bytes(found.items), tuple[models.Match, ...])

    def dossier(self, subject: str) -> models.Dossier:
        """Everything that the node may show about one subject."""
        return self.get(f"/subjects/{_part(subject)}/dossier", models.Dossier)

    def signals(self, **parameters: Many) -> Iterator[models.Signal]:
        """Signals without their statements: those on one subject (``subject=``), or a list over the pool.

        Of a list by movement, age or agreement, a signal that changes meanwhile may come twice or not at all; what
        happened, without loss, is in :meth:`findings`. ``order="subject"`` stands still.
        """
        asked, after = _parameters(parameters), ""
        while True:
            page = self.get("/signals", models.SignalPage, {**asked, **({"after": after} if after else {})})
            yield from page.items
            if not page.next:
                return
            after = page.next

    def findings(self, after: str = "", **filters: Unpack[Filters]) -> Feed:
        """Statements that fit, behind a cursor or from the beginning."""
        return Feed(self, "/findings", _parameters(filters), after)

    def statement(self, contributor: str, statement: str) -> models.StatementDetail:
        """One statement and the bytes that its author signed."""
        return self.get(f"/statements/{_part(contributor)}/{_part(statement)}", models.StatementDetail)

    def circles(self) -> tuple[models.Circle, ...]:
        """The circles of the node, without rosters."""
        return _decode(bytes(self.get("/circles", models.Items).items), tuple[models.Circle, ...])

    def vocabulary(self) -> models.Vocabulary:
        """The codes that statements use."""
        return self.get("/vocabulary", models.Vocabulary)

    def export(
        self,
        path: str | Path,
        form: ExportFormat = "ndjson",
        *,
        audience: Audience = "institution",
        **filters: Unpack[Filters],
    ) -> Export:
        """Every statement that fits and may go to the audience, into a file that appears only when it is whole.

        Raises :class:`UnexpectedAnswerError` where it does not end as its form has to.
        """
        target = Path(path)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                written, tail = self._download(
                    f"/exports/findings.{form}", {"audience": audience, **_parameters(filters)}, form, file.write
                )
            rows, left_out, words = _ending(tail, form)
            Path(name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
        return Export(target, written, rows, left_out, words)

    def stream(
        self,
        after: str = "",
        *,
        reconnect: bool = True,
        left_out: Callable[[int], None] | None = None,
        **filters: Unpack[Filters],
    ) -> Generator[Live, None, None]:
        """Statements as they arrive, behind a cursor or from now on, for as long as the token is good.

        A connection that ends is made again behind the last statement, so nothing is lost and nothing comes twice.
        Ends with :class:`NotSignedInError` when the token has ended; without ``reconnect``, with the connection.
        ``left_out`` is told how many statements their handling has kept at the node, whenever there are some.
        """
        cursor, parameters = after, _parameters(filters)
        while True:
            headers = {"Last-Event-ID": cursor} if cursor else {}
            with (
                self._transport.opened(
                    "/stream",
                    parameters,
                    accept="text/event-stream",
                    headers=headers,
                    idle_seconds=STREAM_IDLE_SECONDS,
                ) as response,
                suppress(httpx2.TransportError),  # made again below, behind the last statement
            ):
                for event in events(response.iter_lines()):
                    cursor = event.id or cursor
                    if event.kind in _KINDS:
                        yield Live(_decode(event.data.encode(), models.Statement), cursor)  # type: ignore[arg-type]
                    elif event.kind == "left-out" and left_out:
                        left_out(_decode(event.data.encode(), _LeftOut).count)
                    elif event.kind == "end":
                        break
            if not reconnect:
                return
            self._transport.patience.pause(pause_before(0))

    def _download(self, path: str, parameters: Parameters, form: ExportFormat, write: _Write) -> tuple[int, bytes]:
        """Write the body piece by piece; its length and its last bytes."""
        written, tail = 0, b""
        with self._transport.opened(path, parameters, accept=_ACCEPT[form]) as response:
            try:
                for piece in response.iter_bytes():
                    write(piece)
                    written += len(piece)
                    tail = (tail + piece)[-_TAIL_BYTES:]
            except httpx2.HTTPError as error:
                raise NodeUnreachableError(f"the export broke off: {type(error).__name__}.") from error
        return written, tail


def _decode(data: bytes, answer: type[_T]) -> _T:
    try:
        return msgspec.json.decode(data, type=answer)
    except msgspec.DecodeError as error:
        raise UnexpectedAnswerError(f"not what this operation answers: {error}") from error


def _ending(tail: bytes, form: ExportFormat) -> tuple[int | None, int | None, str]:
    """What the end of an export says; without it, the file is cut short."""
    last = tail.rstrip(b"\r\n").rpartition(b"\n")[2]
    match form:
        case "ndjson":
            end = _decode(last, _End)
            return end.rows, end.left_out, end.words
        case "csv":
            whole = b"end" in last.split(b",")
        case "parquet":
            whole = tail.endswith(_PARQUET_END)
    if not whole:
        raise UnexpectedAnswerError("the file is cut short.")
    return None, None, ""


def _parameters(given: Mapping[str, object]) -> dict[str, str | Sequence[str]]:
    """Values as a query has them; an empty list is refused by the node, not left out here."""
    asked: dict[str, str | Sequence[str]] = {}
    for name, value in given.items():
        if isinstance(value, str | int | date):
            asked[name] = str(value)
        elif isinstance(value, Sequence):
            asked[name] = [str(each) for each in value]
    return asked


def _part(text: str) -> str:
    return quote(text, safe=":")
