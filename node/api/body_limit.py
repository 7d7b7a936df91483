"""A bound on every request's content, before anything reads it; single operations set tighter ones.

A declared length that is too large is answered at once. Content of undeclared length is counted while it is read,
and reading stops there. Both get the problem document of ``too-large``.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

MAX_BODY_BYTES: Final = 12_582_912
"""The content of any request, in bytes: above a stream between nodes (8 MiB) and a file of assessments (10 MiB)."""

_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
Refuse: TypeAlias = Callable[[str], ASGIApp]
"""The answer to a request for this path, as an application."""


class BodyLimit:
    """ASGI middleware; outside the application's error handlers, so it answers by ``refuse`` itself."""

    def __init__(self, app: ASGIApp, refuse: Refuse, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._refuse = refuse
        self._max_bytes = max_bytes

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        # A length that is no number is the server's to refuse; here it is only never taken for a small one.
        if not declared.isdigit() or int(declared) > self._max_bytes:
            await self._refuse(scope["path"])(scope, receive, send)
            return
        left = self._max_bytes

        async def counted() -> _Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self._app(scope, counted, send)
