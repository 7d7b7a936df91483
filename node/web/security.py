"""What a browser is told about every page, and where it may be sent."""

import secrets
from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""No script at all, nothing from elsewhere, no frame around us: an injected tag has nothing to do."""

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
"""Set wherever the answer does not say otherwise itself."""

_SECURE_PREFIX: Final = "__Host-"
"""RFC 6265bis: such a cookie is Secure, bound to this host and to the path ``/``, or the browser drops it."""
_SESSION: Final = "hanse-session"
_FORM: Final = "hanse-form"
_OPENID: Final = "hanse-openid"
_TOKEN_BYTES: Final = 32
STATIC: Final = "/static/"
STATIC_LIFETIME: Final = "public, max-age=3600"
"""Our style and drawings are public. One hour: a page whose style is that much older still reads well."""
HOME: Final = "/"
MAX_NEXT_CHARACTERS: Final = 2_000


class SecurityHeaders:
    """Adds :data:`HEADERS` to every answer of the application, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; only the beginning of an answer is touched."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["path"].startswith(STATIC):
                    headers.setdefault("cache-control", STATIC_LIFETIME)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


def session_cookie(*, secure: bool) -> str:
    """The name of the cookie that carries the session."""
    return (_SECURE_PREFIX if secure else "") + _SESSION


def form_cookie(*, secure: bool) -> str:
    """The name of the cookie that ties forms to a browser before anybody has signed in."""
    return (_SECURE_PREFIX if secure else "") + _FORM


def openid_cookie(*, secure: bool) -> str:
    """The name of the cookie that ties a sign-in through the institution to the browser that began it."""
    return (_SECURE_PREFIX if secure else "") + _OPENID


def set_cookie(response: Response, name: str, value: str, *, secure: bool, max_age: int | None = None) -> None:
    """A cookie that no script and no other site's form gets to use."""
    response.set_cookie(name, value, max_age=max_age, path="/", secure=secure, httponly=True, samesite="lax")


def drop_cookie(response: Response, name: str, *, secure: bool) -> None:
    """Tell the browser to forget a cookie."""
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")


def new_form_token() -> str:
    """256 random bits for a browser that has no session yet."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def same(expected: str, given: str) -> bool:
    """Whether two tokens are equal, in a time that does not tell where they differ; empty ones never are."""
    return bool(expected) and secrets.compare_digest(expected.encode(), given.encode())


def safe_next(target: str) -> str:
    """A path of this node to go on to, or the first page.

    Only what begins with one slash and holds nothing that a browser would read as another host is let through.
    Two slashes, a backslash (which browsers read as a slash) and control characters (which they remove before
    they look) are not.
    """
    if not target.startswith("/") or len(target) > MAX_NEXT_CHARACTERS:
        return HOME
    if target.startswith("//") or "\\" in target or not target.isascii() or not target.isprintable():
        return HOME
    return target
