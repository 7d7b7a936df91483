"""The feed as it grows: server-sent events (WHATWG HTML, section 9.2), resumable without a gap.

The one place of this API that is written as a coroutine: a stream is open for an hour and has something to do for
three milliseconds of each second, so it must not hold one of the server's threads meanwhile. It looks into the database
in a thread, and all streams together have :data:`LOOKING_AT_ONCE` of these.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal, TypeAlias

import anyio
import anyio.to_thread
import msgspec
from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import StreamingResponse

from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.filters import Filters
from node.api.v1.models import READ_PROBLEMS
from node.api.v1.statement_models import statement_body
from node.domain.accounts import Permission
from node.domain.queries import StatementFilter
from node.errors import Code
from node.insight import stream
from node.insight.asking import read_question
from node.insight.handling import left_out_words
from node.insight.query import MAX_CURSOR_CHARACTERS, read_cursor
from node.insight.stream import News
from node.runtime import Runtime
from protocol.errors import Code as ProtocolCode

LOOK_SECONDS: Final = 1.0
"""Between two looks at the feed, in seconds: one small query each."""
HEARTBEAT_SECONDS: Final = 15.0
"""After so many seconds of silence a heartbeat is sent; and so often the token is looked at again, silence or not."""
STREAM_SECONDS: Final = 3_600.0
"""A stream ends after an hour, in seconds, and the client opens the next where this one ended."""
LOOKING_AT_ONCE: Final = 2
"""Threads of the server that all streams together take at one moment: of forty the others are for people."""
RETRY_MILLISECONDS: Final = 5_000
"""After an end the client waits for so many milliseconds before it comes again."""

_Ending: TypeAlias = Literal["token-expired", "time", "stopping"]


def routes(runtime: Runtime) -> APIRouter:
    """``/stream``."""
    router = APIRouter(tags=["stream"])
    needs = Depends(Needs(runtime, Permission.POOL_EXPORT))
    threads = anyio.CapacityLimiter(LOOKING_AT_ONCE)

    @router.get(
        "/stream",
        summary="Pooled statements as they arrive",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "Server-sent events.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **declared(*READ_PROBLEMS, ProtocolCode.BAD_IDENTIFIER, Code.TOO_MANY_REQUESTS),
        },
    )
    def open_stream(
        caller: Annotated[Caller, needs],
        filters: Annotated[Filters, Depends()],
        after: Annotated[
            str, Query(max_length=MAX_CURSOR_CHARACTERS, description="`next` of a page. Empty: from now on.")
        ] = "",
        last_event_id: Annotated[
            str, Header(max_length=MAX_CURSOR_CHARACTERS, description="The `id` of the last event; outweighs `after`.")
        ] = "",
    ) -> StreamingResponse:
        """One event for each statement: `event` is its kind, `id` the place to continue from, `data` as in `/findings`.

        Comes again where it was cut off without losing or repeating anything: send the last `id` as `Last-Event-ID`,
        as every client of server-sent events does by itself. A comment is sent where nothing else is. The last event
        is `end`, with its reason: the token has ended, the hour is over, or the node is stopping.
        """
        runtime.rates.require("stream", caller.principal.account)
        start = last_event_id or after
        read_cursor(start)
        with caller.reading("stream-opened", start) as tx:
            wanted = read_question(tx, runtime.vocabulary, filters.question)
            start = start or stream.newest(tx)
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            events(caller, wanted, start, threads), headers=headers, media_type="text/event-stream"
        )

    return router


async def events(
    caller: Caller,
    wanted: StatementFilter,
    after: str,
    threads: anyio.CapacityLimiter,
    *,
    seconds: float = STREAM_SECONDS,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> AsyncIterator[bytes]:
    """The events of one stream, until it ends. What was sent is in the access log before it is sent."""
    with caller.runtime.rates.held("stream", caller.principal.account):
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        began = silent = looked = anyio.current_time()
        while (ending := _ending(caller, began + seconds)) is None:
            if anyio.current_time() - looked >= heartbeat:
                looked = anyio.current_time()
                # Also where much is said: a token that was revoked must not hear on for as long as others write.
                if not await anyio.to_thread.run_sync(caller.is_still_admitted, limiter=threads):
                    ending = "token-expired"
                    break
            news = await anyio.to_thread.run_sync(_look, caller, wanted, after, limiter=threads)
            after = news.next
            if news.items or news.left_out:
                silent = anyio.current_time()
                yield _told(news)
            elif anyio.current_time() - silent >= heartbeat:
                silent = anyio.current_time()
                yield f"id: {after}\n: heartbeat\n\n".encode()
            if not news.more:
                await anyio.sleep(LOOK_SECONDS)
        yield _event("end", after, msgspec.json.encode({"reason": ending}))


def _ending(caller: Caller, until: float) -> _Ending | None:
    if caller.runtime.stopping.is_set():
        return "stopping"
    if caller.runtime.clock.now() >= caller.expires:
        return "token-expired"
    return "time" if anyio.current_time() >= until else None


def _look(caller: Caller, wanted: StatementFilter, after: str) -> News:
    now = caller.runtime.clock.now()
    with caller.runtime.database.read() as tx:
        news = stream.news(tx, wanted, after, "institution", now=now)
    if news.items:
        with caller.runtime.database.write() as tx:
            caller.record(tx, "stream-read", news.next)
    return news


def _told(news: News) -> bytes:
    parts = [
        _event(view.provenance.kind, at, statement_body(view).model_dump_json().encode()) for at, view in news.items
    ]
    if news.left_out:
        said = {"count": news.left_out, "words": left_out_words(news.left_out)}
        parts.append(_event("left-out", news.next, msgspec.json.encode(said)))
    return b"".join(parts)


def _event(name: str, at: str, data: bytes) -> bytes:
    """JSON holds no line break, so the data are one line."""
    return f"event: {name}\nid: {at}\ndata: ".encode() + data + b"\n\n"
