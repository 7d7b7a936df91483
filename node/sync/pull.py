"""Pulling from one peer: ask, take what comes, ask again while there is more.

In a small circle a request says how many entries of each log we hold. In a large one that would be most of the
traffic, although most of the time there is nothing new: there we first compare sizes, by one digest where they are
equal, and ask for the logs alone of which the other holds more. With them we name a few logs of equal size, our own
and the other's among them, to see their checkpoints: two members that were shown two histories of one size would
otherwise never find out (clause 8.9), nor a node that was restored from a backup.
"""

import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from random import SystemRandom
from threading import Event
from typing import Final

from node.domain.circles import Member, Roster
from node.domain.sync import PullReport
from node.errors import Code as NodeCode
from node.errors import HanseError
from node.storage import peers
from node.sync import forks
from node.sync.fill import wanted as wanted_again
from node.sync.have import have
from node.sync.outbound import Outbound
from node.sync.parts import Parts
from node.sync.sizes import covered_sizes
from node.sync.take import Taker, Tally
from protocol.errors import ProtocolError
from protocol.identifiers import KeyId
from protocol.limits import MAX_LOG_SIZE
from protocol.messages.gossip import sizes_state
from protocol.messages.stream import EntriesRequest

MAX_REQUESTS: Final = 1_000
"""Requests in one pull: at 8 MiB each more than any circle holds, and an end for a peer that sends crumbs."""
MAX_PULL_SECONDS: Final = 900
"""After this a pull leaves the rest to the next round, so that other peers get their turn."""
SIZES_FIRST_ABOVE: Final = 64
"""Logs of a circle above which sizes are compared first: a request that names them all would have 4 kB."""
COMPARED_AT_ONCE: Final = 4
"""Logs of equal size whose checkpoints are asked for, in a large circle: 2 kB."""


@contextmanager
def verifiers() -> Iterator[Executor]:
    """Threads for signature checks, one per processor: checking releases the interpreter lock."""
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="verify") as executor:
        yield executor


def pull(
    node: Parts,
    outbound: Outbound,
    roster: Roster,
    peer: Member,
    executor: Executor,
    *,
    only: Mapping[KeyId, int] | None = None,
    stop: Event | None = None,
) -> PullReport:
    """Take from one member whatever it has and we lack: of any log of the circle, or of the logs in ``only``.

    Never raises for what the peer or the network does: the report says it, and what was accepted stays. Ends between
    two requests once ``stop`` is set.
    """
    began = time.monotonic()
    taker = Taker(
        node,
        roster,
        peer,
        verify_all=executor.map,
        tiles_of=lambda log: forks.tiles_of(outbound, peer, roster.circle, log),
    )
    tally = taker.tally
    try:
        while tally.requests < MAX_REQUESTS and time.monotonic() - began < MAX_PULL_SECONDS:
            before = tally.entries, len(tally.left_out)
            more = _round(node, outbound, roster, peer, taker, only)
            if not more or (stop is not None and stop.is_set()):
                break
            if (tally.entries, len(tally.left_out)) == before:
                tally.note(NodeCode.PEER_MISBEHAVED, None, f"{peer.name} promises more and sends nothing new.")
                break
    except HanseError as error:
        tally.note(error.code, None, _words(error))
    except ProtocolError as error:
        tally.note(error.code, None, f"the answer of {peer.name} cannot be read: {error.detail}.")
    return PullReport(
        circle=roster.circle,
        contributor=peer.contributor,
        name=peer.name,
        entries=tally.entries,
        unreadable=tally.unreadable,
        unknown_codes=tally.unknown_codes,
        bytes=tally.bytes,
        requests=tally.requests,
        seconds=time.monotonic() - began,
        lag=_lag(node, roster, tally),
        problems=tuple(tally.problems),
    )


def _round(
    node: Parts, outbound: Outbound, roster: Roster, peer: Member, taker: Taker, only: Mapping[KeyId, int] | None
) -> bool:
    """One request for entries and its answer; whether it is worth asking again."""
    tally = taker.tally
    with node.database.read() as tx:
        held = have(tx, roster, node.clock.now(), tally.left_out)
        covered = covered_sizes(tx, roster)
        holes = wanted_again(tx, roster.circle) if only is None and not tally.requests else {}
    if only is not None:
        wanted = _lacking(held, only)
    elif len(covered) > SIZES_FIRST_ABOVE:
        wanted = _compare(outbound, roster, peer, held, covered, tally)
    else:
        wanted = None
    if wanted == () and not holes:
        return False
    if wanted is not None:
        held = {log: held.get(log, 0) for log in wanted}
    request = EntriesRequest(holes=holes, have=held, only=wanted or (), max_bytes=outbound.max_bytes)
    answer = outbound.entries(peer, roster.circle, request)
    tally.requests += 1
    tally.bytes += len(answer.data)
    more = False
    try:
        more = taker.take(answer.data, holes)
    except ProtocolError:
        if answer.cut_short is None:
            raise
    if answer.cut_short is not None:
        raise answer.cut_short
    return more


def _lacking(held: Mapping[KeyId, int], offered: Mapping[KeyId, int]) -> tuple[KeyId, ...]:
    """The logs of which more is offered than we hold, in ascending order; wanted ones only."""
    return tuple(sorted(log for log, size in offered.items() if held.get(log, 0) < min(size, MAX_LOG_SIZE)))


def _compare(
    outbound: Outbound,
    roster: Roster,
    peer: Member,
    held: Mapping[KeyId, int],
    covered: Mapping[KeyId, int],
    tally: Tally,
) -> tuple[KeyId, ...]:
    """What to ask of a member of a large circle: what it holds more of, and a few logs to compare."""
    answer = outbound.sizes(peer, roster.circle, sizes_state(covered))
    tally.requests += 1
    # Of a log that the other does not want it says that it holds all there can be.
    offered = {log: size for log, size in answer.sizes.items() if log in roster.lines and size < MAX_LOG_SIZE}
    lacking = set(_lacking(held, offered))
    equal = [log for log in covered if log not in lacking and held.get(log, 0) < MAX_LOG_SIZE]
    compared = {roster.own, peer.contributor} & set(equal)
    compared |= set(SystemRandom().sample(equal, min(COMPARED_AT_ONCE, len(equal))))
    return tuple(sorted(lacking | compared))


def _lag(node: Parts, roster: Roster, tally: Tally) -> int:
    with node.database.read() as tx:
        sizes = peers.held_sizes(tx, roster.circle)
    return sum(max(0, size - sizes.get(log, 0)) for log, size in tally.announced.items())


def _words(error: HanseError) -> str:
    return error.detail + (f" {error.remedy}" if error.remedy else "")
