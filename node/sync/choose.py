"""Whom a node asks, tells and waits for: pure functions of what it knows, the time and random numbers.

The rules are here and nowhere else, so that a simulation of thousands of members runs the code that a node runs.

Pulling. A round asks a few members of a circle, not all: whatever one member has published is soon held by many, and
any of them can pass it on. Among those that are due come first the ones that said they have news, then the ones that
announced entries which we still lack, then the one that was not asked for the longest time, and the rest is drawn by
lot. The third rule is what makes withholding show: within as many rounds as the circle has members every author has
been asked in person for its own log.

Failing. Whoever does not answer is asked half as often each time, down to once an hour. The wait belongs to the host,
because that is what is down: a member of three circles does not cost three time-outs. It is spread at random, so that
a host that comes back is not met by all its peers at one moment, and a ping from behind the host ends it. A member that
answers and refuses is waited for in the same way, by itself: others behind its host may do better.

Telling. News is told to a few members drawn by lot, once ("infect and die"): each of them pulls, has news itself, and
tells a few others. Nothing is told twice and nobody answers for its arrival; what a ping misses, the next round finds.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final
from urllib.parse import urlsplit

from node.domain.sync import HostState
from protocol.identifiers import KeyId
from protocol.statements import Timestamp

PULL_FANOUT: Final = 4
"""Members of one circle that a round asks. Four fresh sources reach everybody in a number of rounds that grows with
the logarithm of the circle; more would multiply the requests and hardly shorten the way."""
PING_FANOUT: Final = 6
"""Members that are told of news. With four, one in fifty hears from nobody and waits for its next round; with six, 99
in 100 have it within a second even where some pings are lost and some members are down (``docs/scaling.md``)."""
MAX_PAUSE_SECONDS: Final = 3_600
"""A peer that was away for days is found within the hour."""
HINTED_PAUSE_SECONDS: Final = 2
"""Between two pulls from one member because of its pings: a member that rings without end costs a request each time."""
JITTER_PERCENT: Final = 20
"""Pauses are longer or shorter by up to this much, so that nodes that were started together drift apart."""
_MAX_DOUBLINGS: Final = 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """One member of one circle, as the choice sees it."""

    contributor: KeyId
    host: str
    last_attempt: Timestamp | None
    """When it was last asked, whatever came of it."""
    hinted: bool
    """It has told us of news since it was last asked."""
    behind: bool
    """It has announced entries that we do not hold."""
    refusals: int = 0
    """How often in a row it has answered and refused, or answered wrongly."""


def host_of(url: str) -> str:
    """What back-off is counted by: host and port."""
    return urlsplit(url).netloc.lower()


def due(
    candidates: Collection[Candidate], hosts: Mapping[str, HostState], now: Timestamp, sync_seconds: int
) -> list[Candidate]:
    """Those that nothing says to wait for: neither their host, nor a refusal of their own."""
    return [
        each
        for each in candidates
        if (each.host not in hosts or now >= hosts[each.host].not_before)
        and (not each.refusals or now >= (each.last_attempt or 0) + pause_after(each.refusals, sync_seconds))
    ]


def pause_after(failures: int, sync_seconds: int) -> int:
    """Seconds to wait after so many failures in a row."""
    return min(MAX_PAUSE_SECONDS, sync_seconds << min(failures, _MAX_DOUBLINGS))


def whom_to_pull(candidates: Collection[Candidate], random: Random, fanout: int = PULL_FANOUT) -> list[Candidate]:
    """Whom one round asks in one circle, in this order; all, in an order by lot, where they are no more than that."""
    lot = list(candidates)
    random.shuffle(lot)
    longest = min(lot, key=lambda each: -1 if each.last_attempt is None else each.last_attempt, default=None)
    # sorted() keeps the order of the lot among equals
    return sorted(lot, key=lambda each: (not each.hinted, not each.behind, each is not longest))[:fanout]


def whom_to_pull_at_once(candidates: Collection[Candidate], now: Timestamp) -> list[Candidate]:
    """Those whose ping is to be followed now, between two rounds."""
    return [
        each
        for each in candidates
        if each.hinted and (each.last_attempt is None or now >= each.last_attempt + HINTED_PAUSE_SECONDS)
    ]


def next_in_line(of_round: Sequence[bool], *, hint_was_last: bool) -> int:
    """The place of the pull that begins next, among those that wait: hints come first, and a round's get every other.

    Where news never ends there is always a hint, and a round that gave way to each of them would never end either: no
    heartbeat, no signals, no comparison of logs.
    """
    return of_round.index(True) if hint_was_last and True in of_round else 0


def whom_to_tell(candidates: Sequence[Candidate], random: Random, fanout: int = PING_FANOUT) -> list[Candidate]:
    """Whom to ping; whoever has just told us is told in turn no more often than others."""
    return random.sample(candidates, min(fanout, len(candidates)))


def after_failure(known: HostState | None, now: Timestamp, sync_seconds: int, random: Random) -> HostState:
    """What a host's state becomes when it has not answered."""
    failures = (known.failures if known else 0) + 1
    wait = max(1, round(jittered(pause_after(failures, sync_seconds), random)))
    return HostState(failures, Timestamp(now + wait), known.roused_at if known else None)


def after_ping(known: HostState | None, now: Timestamp, sync_seconds: int) -> HostState | None:
    """What a host's state becomes when a member behind it pings: it may be asked now. None where nothing changes.

    A ping shows that its sender runs, not that it can be reached. So it ends one wait in the time of one: a host that
    is down is asked twice as often as without, however often its members ping.
    """
    if known is None or now >= known.not_before:
        return None
    if known.roused_at is not None and now < known.roused_at + pause_after(known.failures, sync_seconds):
        return None
    return HostState(known.failures, now, now)


def jittered(seconds: float, random: Random) -> float:
    """A pause of about that length."""
    return seconds * (100 + random.uniform(-JITTER_PERCENT, JITTER_PERCENT)) / 100
