"""Server-sent events as a node sends them: read line by line, told apart, resumable by the last identifier."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from hanse_client.errors import UnexpectedAnswerError

MAX_EVENT_CHARACTERS: Final = 1_000_000
"""Far above one statement; a server that never ends an event is not waited for."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event after the HTML standard, section 9.2."""

    kind: str
    data: str
    id: str


def events(lines: Iterable[str]) -> Iterator[ServerEvent]:
    """The events in these lines; an unfinished one at the end is dropped, as the standard says.

    One without data, which only moves the identifier, comes as a ``heartbeat``.
    """
    kind, data, identifier, told, size = "message", list[str](), "", "", 0
    for raw in lines:
        line = raw.rstrip("\r\n")
        if not line:
            if data or identifier != told:
                yield ServerEvent(kind if data else "heartbeat", "\n".join(data), identifier)
            kind, data, told, size = "message", [], identifier, 0
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        size += len(line)
        if size > MAX_EVENT_CHARACTERS:
            raise UnexpectedAnswerError("an event of the stream does not end.")
        if name == "data":
            data.append(value)
        elif name == "event":
            kind = value
        elif name == "id" and "\x00" not in value:
            identifier = value
