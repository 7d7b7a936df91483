"""Reading from an address that an operator typed, before anything is known of who answers there.

The rules of every way out apply (:mod:`node.sync.transport`): public addresses only unless the operator allows others,
the connection goes to the address that was checked, no redirects, no compression, bounds on bytes and time, TLS
wherever private addresses are not allowed. What comes back is unverified bytes.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self
from urllib.parse import urlsplit

import httpx2

from node.domain.settings import Settings
from node.errors import Code, HanseError
from node.sync.transport import Patience, PinnedTransport
from protocol.errors import Fault
from protocol.limits import MAX_ENTITY_STATEMENT_BYTES

LOOK_UP_SECONDS: Final = 15
"""The whole of one question to an address that an operator typed, in seconds: somebody looks at a page that waits for
it, and a healthy node answers in one."""
LOOK_UP_CONNECT_SECONDS: Final = 5
"""Of these, for the connection."""
LOOK_UP_IDLE_SECONDS: Final = 8
"""Of these, for silence in the middle of an answer. What is read is bounded by the question: 64 KiB at most."""
_PATIENCE: Final = Patience(
    connect_seconds=LOOK_UP_CONNECT_SECONDS,
    idle_seconds=LOOK_UP_IDLE_SECONDS,
    total_seconds=LOOK_UP_SECONDS,
    max_bytes=MAX_ENTITY_STATEMENT_BYTES,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, fields and content of an answer; nothing of it is verified."""

    status: int
    headers: httpx2.Headers
    content: bytes


class Fetcher:
    """Asks typed addresses. Close it, or use it in a ``with``."""

    def __init__(
        self, settings: Settings, *, transport: httpx2.BaseTransport | None = None, patience: Patience = _PATIENCE
    ) -> None:
        """``transport`` replaces the network (tests)."""
        self._settings = settings
        self._client = httpx2.Client(
            transport=transport or _pinned(settings, patience),
            headers={"User-Agent": "hanse", "Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, url: str, max_bytes: int) -> bytes:
        """The content under an address, which must answer 200; ``PEER_UNREACHABLE``, ``PEER_REFUSED``."""
        reply = self._exchange("GET", url, {}, b"", max_bytes)
        if reply.status != HTTPStatus.OK:
            raise HanseError(
                Code.PEER_REFUSED,
                f"{url} answered {reply.status}.",
                remedy="Check the address with the people who run that node.",
                fault=Fault.PEER,
            )
        return reply.content

    def post(self, url: str, headers: dict[str, str], body: bytes, max_bytes: int) -> Reply:
        """The answer to a request that was signed elsewhere, whatever its status."""
        return self._exchange("POST", url, headers, body, max_bytes)

    def _exchange(self, method: str, url: str, headers: dict[str, str], body: bytes, max_bytes: int) -> Reply:
        self._require_tls(url)
        try:
            request = self._client.build_request(method, url, headers=headers, content=body)
            response = self._client.send(request, stream=True)
            try:
                return Reply(response.status_code, response.headers, _read(response, url, max_bytes))
            finally:
                response.close()
        except (httpx2.InvalidURL, httpx2.HTTPError) as error:
            raise HanseError(
                Code.PEER_UNREACHABLE,
                f"{url} cannot be reached: {error}.",
                remedy="Check the address, and that the node there is running.",
                fault=Fault.PEER,
            ) from error

    def _require_tls(self, url: str) -> None:
        if urlsplit(url).scheme != "https" and not self._settings.allow_private_addresses:
            raise HanseError(
                Code.INVALID,
                "an address without TLS is not asked.",
                remedy="Use https; on a closed network set allow_private_addresses.",
            )


def _pinned(settings: Settings, patience: Patience) -> PinnedTransport:
    return PinnedTransport(
        patience,
        allow_private_addresses=settings.allow_private_addresses,
        private_hosts=settings.private_peers,
    )


def _read(response: httpx2.Response, url: str, max_bytes: int) -> bytes:
    """Bytes as they come, up to the bound."""
    if response.headers.get("content-encoding", "identity") != "identity":
        raise _misbehaved(url, "compressed its answer, which was not offered")
    data = bytearray()
    for piece in response.iter_raw():
        data += piece
        if len(data) > max_bytes:
            raise _misbehaved(url, f"sent more than {max_bytes} bytes")
    return bytes(data)


def _misbehaved(url: str, words: str) -> HanseError:
    return HanseError(Code.PEER_MISBEHAVED, f"{url} {words}.", remedy="Tell its operator.", fault=Fault.PEER)
