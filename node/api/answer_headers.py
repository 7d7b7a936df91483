"""Headers that whatever a request is answered with shall have: a body, an error or a stream; and the method HEAD."""

from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEY: Final = "answer_headers"
_ANSWERS: Final = "/api/v1/"
_ENDLESS: Final = ("/api/v1/exports/", "/api/v1/stream")


def add_headers(request: Request, headers: Mapping[str, str]) -> None:
    """Have the answer to this request carry these headers."""
    noted: MutableMapping[str, str] = request.scope.setdefault(_KEY, {})
    noted.update(headers)


class AnswerHeaders:
    """Puts them onto the answer as it leaves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        noted: dict[str, Any] = {}
        scope[_KEY] = noted
        # RFC 9110, section 9.3.2: as a GET, without its body. A file is as long as it is, a stream has no end.
        path = str(scope["path"])
        bodiless = scope["method"] == "HEAD" and path.startswith(_ANSWERS) and not path.startswith(_ENDLESS)
        if bodiless:
            scope["method"] = "GET"

        async def start(message: Message) -> None:
            if message["type"] == "http.response.start" and noted:
                MutableHeaders(scope=message).update(noted)
            await send({**message, "body": b""} if bodiless and message["type"] == "http.response.body" else message)

        await self._app(scope, receive, start)
