"""Requests to one node: TLS, a token, bounds on time, and tries again where that can help.

Only reads are sent, so trying again never does something twice. A node that says when to come back (``Retry-After``) is
believed, up to :data:`MAX_WAIT_SECONDS`; else the pause doubles from try to try, with some chance in it, so that many
clients of a node that restarts do not come back at one moment.
"""

import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

import httpx2
import msgspec

from hanse_client.errors import HanseClientError, NodeUnreachableError, Problem, UnexpectedAnswerError, refused

API: Final = "/api/v1"
DEFAULT_TIMEOUT_SECONDS: Final = 30.0
DEFAULT_RETRIES: Final = 5
FIRST_PAUSE_SECONDS: Final = 0.5
MAX_PAUSE_SECONDS: Final = 30.0
MAX_WAIT_SECONDS: Final = 300.0
"""The longest that one ``Retry-After`` is followed; a node asks for a minute at most."""
MAX_PROBLEM_BYTES: Final = 65_536
TRY_AGAIN: Final = frozenset({429, 502, 503, 504})
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PROBLEM_TYPE: Final = "application/problem+json"
Parameters = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to try again. ``pause`` is what waits; tests pass another."""

    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    retries: int = DEFAULT_RETRIES
    pause: Callable[[float], None] = time.sleep


class Transport:
    """One connection pool to one node."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        patience: Patience,
        trust: ssl.SSLContext | None,
        transport: httpx2.BaseTransport | None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise HanseClientError("the address of a node begins with https://: a token is never sent unencrypted.")
        self.patience = patience
        self._http = httpx2.Client(
            base_url=url.rstrip("/") + API,
            headers={
                "Authorization": f"Bearer {token}",
                "User-Agent": f"hanse-client/{version('hanse-client')}",
            },
            timeout=patience.timeout_seconds,
            follow_redirects=False,
            verify=trust or True,
            transport=transport,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def json(self, path: str, parameters: Parameters | None = None, body: object = None) -> bytes:
        """The JSON body of an answer."""
        with self.opened(path, parameters, accept="application/json", body=body) as response:
            try:
                return response.read()
            except httpx2.HTTPError as error:
                raise NodeUnreachableError(f"the answer broke off: {type(error).__name__}.") from error

    @contextmanager
    def opened(
        self,
        path: str,
        parameters: Parameters | None = None,
        *,
        accept: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        idle_seconds: float | None = None,
    ) -> Iterator[httpx2.Response]:
        """An answer that has begun well, its body not yet read."""
        request = self._http.build_request(
            "GET" if body is None else "POST",
            path,
            params=dict(parameters or {}),
            headers={"Accept": accept, **(headers or {})},
            content=None if body is None else msgspec.json.encode(body),
            timeout=httpx2.Timeout(self.patience.timeout_seconds, read=idle_seconds or self.patience.timeout_seconds),
        )
        if body is not None:
            request.headers["Content-Type"] = "application/json"
        response = self._send(request)
        try:
            yield response
        finally:
            response.close()

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        attempt = 0
        while True:
            wait = None
            try:
                response = self._http.send(request, stream=True)
            except httpx2.TransportError as error:
                if attempt >= self.patience.retries:
                    raise NodeUnreachableError(f"no answer from {request.url.host}: {type(error).__name__}.") from error
            else:
                if response.is_success:
                    return response
                problem = _problem(response)
                if response.status_code not in TRY_AGAIN or attempt >= self.patience.retries:
                    raise refused(problem)
                wait = retry_after(response.headers.get("retry-after"))
            self.patience.pause(pause_before(attempt) if wait is None else wait)
            attempt += 1


def pause_before(attempt: int) -> float:
    """Seconds before the next try: doubling, half of it by chance."""
    longest = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**attempt)
    return longest / 2 + random.uniform(0, longest / 2)  # noqa: S311  # spreads load, protects nothing


def retry_after(value: str | None) -> float | None:
    """The seconds that a ``Retry-After`` asks for (RFC 9110 section 10.2.3), within bounds; ``None`` if unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_WAIT_SECONDS)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    now = datetime.now(UTC)  # noqa: TID251  # a package of its own: the node's clock is not here
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - now).total_seconds(), 0.0), MAX_WAIT_SECONDS)


def _problem(response: httpx2.Response) -> Problem:
    """The problem in an answer that is no success; one of our own for what is no node's answer."""
    try:
        body = b""
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MAX_PROBLEM_BYTES:
                break
        if response.headers.get("content-type", "").startswith(PROBLEM_TYPE):
            return msgspec.json.decode(body, type=Problem)
    except (httpx2.HTTPError, msgspec.DecodeError) as error:
        raise UnexpectedAnswerError(f"status {response.status_code} with a body that cannot be read.") from error
    finally:
        response.close()
    return Problem(code="http-error", status=response.status_code, title=f"Status {response.status_code}")
