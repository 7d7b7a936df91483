"""Deadlines and bounds on the connections of the server, for clients that hold them without using them.

uvicorn waits for a request's header and content as long as the client likes, and lets everybody in. A client that
sends one byte now and then ("slow loris"), or that never takes its answer, would keep a connection and its memory for
ever; a few hundred of them keep everybody out. Here a connection ends unless it moves on: to a whole header, to the
whole content, to an answer that has left. An answer that is still being made is not timed, for a stream of events may
last all day; only its bytes must be taken.

A connection that is late is cut off without a word. A proxy in front, if there is one, is one client with many
connections, so the bound for one address does not apply to this machine itself.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, ClassVar, Final, Literal, TypeAlias

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from node.logs import logger
from node.sync.limits import network_of

HEADER_SECONDS: Final = 10
"""From connecting, or from the first byte of a later request, to the end of the header."""
CONTENT_SECONDS: Final = 120
"""From the end of a header to the end of the content: 10 MiB, the largest file that may be sent, at 0.7 Mbit/s."""
ANSWER_SECONDS: Final = 120
"""Until the client has taken what was written for it: 8 MiB at 0.6 Mbit/s."""
KEEP_ALIVE_SECONDS: Final = 5
"""Between two requests on one connection."""
MAX_HEADER_BYTES: Final = 32_768
"""Of a request's header. Signatures and cookies of ours take about 1 kB."""
MAX_CONNECTIONS: Final = 500
"""Open at one moment: half of the 1,024 files that a process may usually have open."""
MAX_CONNECTIONS_PER_ADDRESS: Final = 50
"""Of one address (one /64 network of IPv6), this machine excepted: a campus behind one address still gets in."""

_Phase: TypeAlias = Literal["header", "content", "other"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection, and all of them, may cost; seconds and numbers."""

    header_seconds: float = HEADER_SECONDS
    content_seconds: float = CONTENT_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    connections: int = MAX_CONNECTIONS
    connections_per_address: int = MAX_CONNECTIONS_PER_ADDRESS


class BoundedProtocol(H11Protocol):
    """One connection of uvicorn's server: give the class to its ``http`` option."""

    bounds: ClassVar[Bounds] = Bounds()

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401  # whatever uvicorn passes
        super().__init__(*arguments, **options)
        self._phase: _Phase = "other"
        self._request: object = None
        self._late: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Let a connection in, or end it where there are too many."""
        super().connection_made(transport)
        if self._is_one_too_many():
            self._cut("too many connections")
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was being waited for."""
        super().connection_lost(exc)
        for timer in (self._late, self._stalled):
            if timer is not None:
                timer.cancel()

    def handle_events(self) -> None:
        """Take in what has come, and see what is to come next."""
        super().handle_events()
        self._watch()

    def pause_writing(self) -> None:
        """More was written than the client has taken."""
        super().pause_writing()
        self._stalled = self._later(self.bounds.answer_seconds, lambda: self._cut("an answer that is not taken"))

    def resume_writing(self) -> None:
        """The client has taken what was written."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()

    def on_response_complete(self) -> None:
        """Everything is written; the last part of it must leave as well."""
        super().on_response_complete()
        self._later(self.bounds.answer_seconds, self._require_sent)

    def _watch(self) -> None:
        """Start the clock where a header or content has begun; more bytes of the same do not start it again."""
        phase = self._current_phase()
        if (phase, self.cycle) == (self._phase, self._request):
            return
        self._phase, self._request = phase, self.cycle
        if self._late is not None:
            self._late.cancel()
        match phase:
            case "header":
                self._late = self._later(self.bounds.header_seconds, lambda: self._cut("a header without end"))
            case "content":
                self._late = self._later(self.bounds.content_seconds, lambda: self._cut("content without end"))
            case "other":
                self._late = None

    def _current_phase(self) -> _Phase:
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            return "content"
        # Between two requests, before the first byte, uvicorn's own bound applies (KEEP_ALIVE_SECONDS).
        begun = self._request is None or bool(self.conn.trailing_data[0])
        return "header" if state is h11.IDLE and begun else "other"

    def _is_one_too_many(self) -> bool:
        if len(self.connections) > self.bounds.connections:
            return True
        host = self.client[0] if self.client else ""
        if not host or ip_address(host.partition("%")[0]).is_loopback:
            return False
        same = [each for each in self.connections if isinstance(each, BoundedProtocol) and each.client]
        ours = network_of(host)
        count = sum(network_of(each.client[0]) == ours for each in same if each.client)
        return count > self.bounds.connections_per_address

    def _require_sent(self) -> None:
        if self.transport.get_write_buffer_size():
            self._cut("an answer that is not taken")

    def _later(self, seconds: float, act: Callable[[], None]) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, act)

    def _cut(self, why: str) -> None:
        if not self.transport.is_closing() or self.transport.get_write_buffer_size():
            logger(__name__).info("connection-cut", why=why)
            self.transport.abort()
