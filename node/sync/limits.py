"""What one peer, and one address, may ask of this node: rates, a day's bytes, and how much at once.

Kept in memory, by process: a limit is a dam against floods and not an account. Where several processes serve one
node each has its own, and a restart begins anew.

Rates are token buckets: a bucket fills at a steady rate up to its size, and each request takes one token out. Time is
an argument, in seconds, so the rules are tested without waiting; where it goes back nothing is filled meanwhile.
"""

from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from threading import Lock
from typing import Final, Generic, TypeVar

from node.errors import Code, HanseError
from protocol.errors import Fault
from protocol.identifiers import KeyId
from protocol.statements import DAY_SECONDS, Timestamp

ADDRESS_REQUESTS_PER_SECOND: Final = 20
"""Requests to the federation endpoints from one address (one /64 network of IPv6), before anybody is authenticated.
Several nodes may stand behind one address, and an audit of a log of a million entries asks for 4,000 tiles."""
ADDRESS_BURST: Final = 400
"""Requests that one address may have in advance."""
MEMBER_REQUESTS_PER_SECOND: Final = 5
"""Authenticated requests of one member. At rest it sends a few in a minute; catching up it is kept busy by the
answers."""
MEMBER_BURST: Final = 200
"""Requests that a member may have in advance: a proof of a fork asks for a few dozen tiles, a catch-up for answers of
8 MiB, one after the other."""
MEMBER_CONCURRENT_REQUESTS: Final = 4
"""Requests of one member at one moment: a pull, a ping, a push, and one that was given up and has not ended."""
CONCURRENT_STREAMS: Final = 12
"""Streams of up to 8 MiB that are made or read at one moment, of all members together: about 200 MiB of memory, and
28 of the server's 40 threads stay free for people."""
MEMBER_BYTES_PER_DAY: Final = 17_179_869_184
"""Bytes served to and taken from one member in a day (UTC): 16 GiB, ten million findings."""
TRACKED_KEYS: Final = 10_000
"""Addresses, or members, whose rates are remembered at one moment: about 2 MB. The one that has been quiet for the
longest time is forgotten first; a flood from more addresses than this is for the firewall."""
_IPV6_NETWORK_BITS: Final = 64
"""What one customer is given: every address in it is the same person's."""

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a bucket fills, and how much it holds."""

    per_second: float
    burst: int


class Buckets(Generic[K]):
    """One token bucket for each key; at most :data:`TRACKED_KEYS` of them. Usable from several threads."""

    def __init__(self, rate: Rate, tracked: int = TRACKED_KEYS) -> None:
        self._rate = rate
        self._tracked = tracked
        self._levels: OrderedDict[K, tuple[float, float]] = OrderedDict()
        """Tokens that were left, and when; the one used last stands last."""
        self._lock = Lock()

    def take(self, key: K, now: float) -> float:
        """Take a token out: 0 if there was one, else the seconds until there is one. Asking too early costs nothing."""
        with self._lock:
            level, then = self._levels.pop(key, (float(self._rate.burst), now))
            level = min(self._rate.burst, level + max(0.0, now - then) * self._rate.per_second)
            wait = 0.0 if level >= 1 else (1 - level) / self._rate.per_second
            self._levels[key] = (level - 1 if not wait else level), now
            if len(self._levels) > self._tracked:
                self._levels.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._levels)


class Limits:
    """The limits of one process."""

    def __init__(self) -> None:
        self._addresses: Buckets[str] = Buckets(Rate(ADDRESS_REQUESTS_PER_SECOND, ADDRESS_BURST))
        self._members: Buckets[KeyId] = Buckets(Rate(MEMBER_REQUESTS_PER_SECOND, MEMBER_BURST))
        self._running: Counter[KeyId] = Counter()
        self._streams = 0
        self._day = 0
        self._bytes: Counter[KeyId] = Counter()
        self._lock = Lock()

    def admit_address(self, address: str, now: float) -> None:
        """Count a request from an address; raises ``TOO_MANY_REQUESTS``."""
        _require(self._addresses.take(network_of(address), now), "this address")

    def admit_member(self, member: KeyId, now: float) -> None:
        """Count an authenticated request; raises ``TOO_MANY_REQUESTS``."""
        _require(self._members.take(member, now), "this member")

    @contextmanager
    def running(self, member: KeyId, *, stream: bool) -> Iterator[None]:
        """Holds one of a member's places, and one of those for streams, while the block runs."""
        with self._lock:
            if self._running[member] >= MEMBER_CONCURRENT_REQUESTS:
                raise _too_many(f"this member has {MEMBER_CONCURRENT_REQUESTS} requests running", 1)
            if stream and self._streams >= CONCURRENT_STREAMS:
                raise _too_many("this node is serving as many streams as it can", 1)
            self._running[member] += 1
            self._streams += stream
        try:
            yield
        finally:
            with self._lock:
                self._streams -= stream
                self._running[member] -= 1
                if not self._running[member]:
                    del self._running[member]

    def require_bytes(self, member: KeyId, now: Timestamp) -> None:
        """Raises ``TOO_MANY_REQUESTS`` when a member's bytes of this day are used up.

        The stream that uses them up is still served: how long it will be is not known before it is made.
        """
        with self._lock:
            if self._today(now)[member] >= MEMBER_BYTES_PER_DAY:
                left = DAY_SECONDS - now % DAY_SECONDS
                raise _too_many(f"this member has used its {MEMBER_BYTES_PER_DAY:,} bytes of today", left)

    def count_bytes(self, member: KeyId, count: int, now: Timestamp) -> None:
        """Add what was served to a member, or taken from it."""
        with self._lock:
            self._today(now)[member] += count

    def _today(self, now: Timestamp) -> Counter[KeyId]:
        day = now // DAY_SECONDS
        if day != self._day:
            self._day, self._bytes = day, Counter()
        return self._bytes


def network_of(address: str) -> str:
    """What one sender commands: an IPv4 address, a /64 of IPv6. Whatever is no address counts as one sender."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, _IPV6_NETWORK_BITS), strict=False))
    return str(parsed)


def _require(wait: float, whose: str) -> None:
    if wait:
        raise _too_many(f"{whose} asks more often than this node answers", ceil(wait))


def _too_many(words: str, seconds: int) -> HanseError:
    return HanseError(
        Code.TOO_MANY_REQUESTS, f"{words}.", remedy=f"Ask again in {seconds:,} seconds.", fault=Fault.PEER
    )
