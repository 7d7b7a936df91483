"""The only way out to other nodes: pinned addresses, one connection per request, a deadline over all of it.

An address that a stranger chose is never contacted: URLs come from charters that an operator joined. Even so a
name may resolve to our own network, today or in a moment. So the name is resolved here, every address it gives
must be public (unless the operator allows private ones), and the connection is made to the address that was
checked, not to the name again; TLS still proves the name.

The deadline holds for the whole exchange: a peer that says nothing, or sends one byte each few seconds, costs no
more time than a dead one.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import httpcore2
import httpx2

from node.errors import Code, HanseError
from protocol.errors import Fault
from protocol.limits import MAX_STREAM_BYTES

LookUp: TypeAlias = Callable[[str, int], list[str]]
"""Gives the addresses of a name; raises ``OSError`` or ``UnicodeError`` for one that has none."""

_HTTPS_PORT: Final = 443
_NEVER: Final = tuple(
    ipaddress.ip_network(each)
    for each in (
        "192.0.0.0/24",  # RFC 6890: protocol assignments, anycast ones among them
        "192.88.99.0/24",  # RFC 7526: 6to4 relays, withdrawn
        "198.18.0.0/15",  # RFC 2544: benchmarks
        "240.0.0.0/4",  # RFC 1112: reserved
        "::/96",  # RFC 4291: IPv4-compatible, withdrawn
        "64:ff9b:1::/48",  # RFC 8215: translation inside one network, to any IPv4 address
        "100::/64",  # RFC 6666: discard
        "2001::/23",  # RFC 2928: protocol assignments, Teredo among them
        "2001:db8::/32",  # RFC 3849: documentation
        "3fff::/20",  # RFC 9637: documentation
        "5f00::/16",  # RFC 9602: segment routing inside one network
        "fec0::/10",  # RFC 3879: site-local, withdrawn
    )
)
"""Special-purpose addresses, said here because what the standard library knows of them differs between its versions."""
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: the last four bytes are an IPv4 address, which may be a private one."""


def look_up(host: str, port: int) -> list[str]:
    """What the machine's resolver says, each address once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Patience:
    """What one exchange with a peer may cost."""

    connect_seconds: float = 10
    """Resolving is not counted: the resolver has bounds of its own."""
    idle_seconds: float = 30
    """Silence in the middle of an exchange, or before its first byte: longer than a slow query takes to answer."""
    total_seconds: float = 120
    """From the first byte sent to the last received: 8 MiB at 0.6 Mbit/s."""
    max_bytes: int = MAX_STREAM_BYTES
    """The longest answer that is read."""


class PinnedTransport(httpx2.BaseTransport):
    """Sends each request over a connection of its own to an address that was checked.

    Raises ``PEER_UNREACHABLE`` for what the network does, and for a refused address says so.
    """

    def __init__(
        self,
        patience: Patience,
        *,
        allow_private_addresses: bool,
        private_hosts: Collection[str] = (),
        tls: ssl.SSLContext | None = None,
        look_up: LookUp = look_up,
    ) -> None:
        """``private_hosts``: each ``name:port``, in lower case, may have private addresses if it has TLS.

        ``tls`` replaces the roots that the machine trusts; names and dates of certificates are checked by it too.
        """
        self._patience = patience
        self._allow_private = allow_private_addresses
        self._private_hosts = frozenset(private_hosts)
        self._tls = tls
        self._look_up = look_up

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send, and return when the answer's header has arrived; its body is read by the caller, same deadline."""
        url = request.url
        named = url.scheme == "https" and f"{url.host.lower()}:{url.port or _HTTPS_PORT}" in self._private_hosts
        allowed = self._allow_private or named
        backend = _DeadlineBackend(self._patience, self._look_up, allow_private=allowed, plain=url.scheme != "https")
        if self._tls is None and url.scheme == "https":
            self._tls = ssl.create_default_context()  # reads every root certificate: 50 ms
        pool = httpcore2.ConnectionPool(ssl_context=self._tls, network_backend=backend, http2=False)
        timeout = {"connect": self._patience.connect_seconds, "read": self._patience.idle_seconds}
        outgoing = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.content,
            extensions={"timeout": timeout | {"write": self._patience.idle_seconds}},
        )
        try:
            with _network_errors(url.host):
                answer = pool.handle_request(outgoing)
        except HanseError:
            pool.close()
            raise
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=_Body(answer, pool, url.host), request=request
        )


class _Body(httpx2.SyncByteStream):
    """The answer's bytes; closing it closes the connection."""

    def __init__(self, answer: httpcore2.Response, pool: httpcore2.ConnectionPool, host: str) -> None:
        self._answer = answer
        self._pool = pool
        self._host = host

    def __iter__(self) -> Iterator[bytes]:
        with _network_errors(self._host):
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
        self._pool.close()


class _DeadlineBackend(httpcore2.NetworkBackend):
    """Connects to checked addresses only; what it connects ends at the deadline."""

    def __init__(self, patience: Patience, look_up: LookUp, *, allow_private: bool, plain: bool) -> None:
        self._deadline = time.monotonic() + patience.total_seconds
        self._look_up = look_up
        self._allow_private = allow_private
        self._plain = plain
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failure = httpcore2.ConnectError(f"{host} has no address")
        # Looked up once: what is connected to is what was checked, however often the name changes its address.
        for address in resolve(host, port, allow_private=self._allow_private, look_up=self._look_up):
            if self._plain and is_public(address):
                raise _without_tls(host)
            try:
                stream = self._sockets.connect_tcp(
                    address, port, _remaining(self._deadline, timeout), local_address, socket_options or ()
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = httpcore2.ConnectError(str(error))
            else:
                return _DeadlineStream(stream, self._deadline)
        raise failure


class _DeadlineStream(httpcore2.NetworkStream):
    """A stream whose reads and writes, however many, end at one moment."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _remaining(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _remaining(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _remaining(self._deadline, timeout))
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401
        return self._stream.get_extra_info(info)


def resolve(host: str, port: int, *, allow_private: bool, look_up: LookUp = look_up) -> list[str]:
    """The addresses of a name; raises ``PEER_UNREACHABLE`` if it has none or one that is not public.

    One private address among public ones refuses the name: which of them answers must not be for chance to say.
    """
    try:
        addresses = look_up(host, port)
    except (OSError, UnicodeError) as error:
        raise HanseError(
            Code.PEER_UNREACHABLE,
            f"the name {host} cannot be resolved.",
            remedy="Check the name in the charter and this machine's resolver.",
            fault=Fault.PEER,
        ) from error
    if not allow_private and not all(is_public(address) for address in addresses):
        raise HanseError(
            Code.PEER_UNREACHABLE,
            f"{host} resolves to an address that is not public.",
            remedy="If that is right, name it in private_peers; on a closed network set allow_private_addresses; "
            "otherwise ask the peer to correct its name.",
            fault=Fault.PEER,
        )
    return addresses


def is_public(text: str) -> bool:
    """Whether an address lies on the public Internet, also where it wraps an IPv4 address in an IPv6 one."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast and not any(address in network for network in _NEVER)


def _without_tls(host: str) -> HanseError:
    return HanseError(
        Code.PEER_UNREACHABLE,
        f"{host} has a public address and is to be reached without TLS, which this node does not do.",
        remedy="allow_private_addresses permits plain HTTP on closed networks only; the peer needs https.",
    )


def _remaining(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("the time for this exchange is used up")
    return left if timeout is None else min(left, timeout)


@contextmanager
def _network_errors(host: str) -> Iterator[None]:
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise HanseError(
            Code.PEER_UNREACHABLE,
            f"{host} did not answer in time.",
            remedy="Nothing to do if it is restarting; otherwise tell its operator.",
            fault=Fault.PEER,
        ) from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise HanseError(
            Code.PEER_UNREACHABLE,
            f"the connection to {host} failed: {error}.",
            remedy="Nothing to do if it is restarting; otherwise tell its operator.",
            fault=Fault.PEER,
        ) from error
