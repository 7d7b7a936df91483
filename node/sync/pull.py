"""Pulling from one peer: ask, take what comes section by section, ask again while there is more.

Every section stands alone. One that is refused is reported and its log left out for the rest of this pull, so
that it neither blocks the others nor fills the next answer again.
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from node.domain.circles import Member, Roster
from node.domain.sync import AnyCode, PullReport, SyncProblem
from node.errors import Code as NodeCode
from node.errors import HanseError
from node.storage import ledger as logs
from node.sync import forks
from node.sync.accept import Accepted, accept, declare_fork
from node.sync.outbound import Outbound
from node.sync.parts import Parts
from protocol.errors import Code, Fault, ProtocolError
from protocol.identifiers import KeyId
from protocol.limits import MAX_LOG_SIZE
from protocol.messages.stream import End, EntriesRequest, Fork, Section, read_stream

MAX_REQUESTS: Final = 1_000
"""Requests in one pull: at 8 MiB each more than any circle holds, and an end for a peer that sends crumbs."""
MAX_STRANGERS: Final = 3
"""Sections for logs of nobody in the circle, in one pull: a peer with another idea of who is a member may have one or
two; more are sent to fill our request, our operator's page and our log."""
MAX_SECONDS: Final = 900
"""After this a pull leaves the rest to the next round, so that other peers get their turn."""


@contextmanager
def verifiers() -> Iterator[Executor]:
    """Threads for signature checks, one per processor: checking releases the interpreter lock."""
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="verify") as executor:
        yield executor


@dataclass(slots=True)
class _Pull:
    """The tally of one pull."""

    entries: int = 0
    unreadable: int = 0
    unknown_codes: int = 0
    bytes: int = 0
    requests: int = 0
    announced: dict[KeyId, int] = field(default_factory=dict)
    left_out: set[KeyId] = field(default_factory=set)
    problems: dict[SyncProblem, None] = field(default_factory=dict)
    """A set that keeps its order."""
    strangers: int = 0

    def note(self, code: AnyCode, log: KeyId | None, detail: str) -> None:
        """Add a problem once, however often it comes up."""
        self.problems[SyncProblem(code, log, detail)] = None


def pull(node: Parts, outbound: Outbound, roster: Roster, peer: Member, executor: Executor) -> PullReport:
    """Take from one member whatever it has and we lack, of any log of the circle.

    Never raises for what the peer or the network does: the report says it, and what was accepted stays.
    """
    began = time.monotonic()
    tally = _Pull()
    try:
        while tally.requests < MAX_REQUESTS and time.monotonic() - began < MAX_SECONDS:
            before = tally.entries, len(tally.left_out)
            more = _round(node, outbound, roster, peer, executor, tally)
            if not more:
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


def _round(node: Parts, outbound: Outbound, roster: Roster, peer: Member, executor: Executor, tally: _Pull) -> bool:
    """One request and its answer; whether it is worth asking again."""
    with node.database.read() as tx:
        held = logs.list_logs(tx, roster.circle)
    have = {log.contributor: log.size for log in held}
    # A log that is left out is claimed to be held in full: then the peer does not send it.
    have |= dict.fromkeys((log.contributor for log in held if log.status == "forked"), MAX_LOG_SIZE)
    have |= dict.fromkeys(tally.left_out, MAX_LOG_SIZE)
    answer = outbound.entries(peer, roster.circle, EntriesRequest(have=have, max_bytes=outbound.max_bytes))
    tally.requests += 1
    tally.bytes += len(answer.data)
    more = False
    try:
        for item in read_stream(answer.data):
            match item:
                case Section():
                    _take(node, outbound, roster, peer, item, executor, tally)
                case Fork():
                    pass
                case End():
                    more = item.more
    except ProtocolError:
        if answer.cut_short is None:
            raise
    if answer.cut_short is not None:
        raise answer.cut_short
    return more


def _take(
    node: Parts,
    outbound: Outbound,
    roster: Roster,
    peer: Member,
    section: Section,
    executor: Executor,
    tally: _Pull,
) -> None:
    log = section.contributor
    if log in tally.left_out:
        return
    try:
        accepted = accept(node.database, roster, section, node.clock.now(), verify_all=executor.map)
    except ProtocolError as error:
        tally.left_out.add(log)
        if error.code in {Code.WRONG_ROOT, Code.BAD_PROOF} and _forked(node, outbound, roster, peer, section):
            error = ProtocolError(Code.FORK, "entries proven under one checkpoint, and others under a later one")
        tally.note(error.code, log, _about(roster, peer, log, error))
        tally.strangers += error.code is Code.NOT_A_MEMBER
        if tally.strangers > MAX_STRANGERS:
            raise HanseError(
                NodeCode.PEER_MISBEHAVED,
                f"{peer.name} sends logs of nobody in this circle.",
                remedy="Tell its operator.",
                fault=Fault.PEER,
            ) from error
        return
    _count(node, roster, peer, log, accepted, tally)


def _count(node: Parts, roster: Roster, peer: Member, log: KeyId, accepted: Accepted, tally: _Pull) -> None:
    tally.entries += accepted.entries
    tally.unreadable += accepted.unreadable
    tally.unknown_codes += sum(bool(node.vocabulary.unknown_codes(each)) for each in accepted.statements)
    tally.announced[log] = max(tally.announced.get(log, 0), accepted.announced)
    if log == roster.own and accepted.entries:
        tally.note(
            NodeCode.CONFLICT,
            log,
            f"{peer.name} held {accepted.entries} entries of our own log that we did not; they were taken back. "
            "If this node was not restored from a backup, another node signs with our key: stop it.",
        )


def _forked(node: Parts, outbound: Outbound, roster: Roster, peer: Member, section: Section) -> bool:
    with node.database.read() as tx:
        log = logs.find_log(tx, roster.circle, section.contributor)
    evidence = None if log is None else forks.prove(outbound, peer, roster, log, section.checkpoint)
    if log is None or evidence is None:
        return False
    declare_fork(
        node.database, log, "its contributor signed a later checkpoint over other entries", evidence, node.clock.now()
    )
    return True


def _about(roster: Roster, peer: Member, log: KeyId, error: ProtocolError) -> str:
    """For the operator, who may know the roster: whose log, from whom, what, and what to do."""
    member = roster.members.get(log)
    if member is None:
        return f"{peer.name} sent a log of nobody in this circle; it was not kept."
    whose = "our own log" if log == roster.own else f"the log of {member.name}"
    if error.code is Code.FORK:
        return (
            f"{whose} has two signed histories ({error.detail}): a second node with the same key, or a restored "
            f"backup that went on. Nothing more is taken from it; what we held stays. Tell {member.name}."
        )
    return f"{whose}, as {peer.name} sent it: {error.detail}. Nothing of that answer was kept; it is asked for again."


def _lag(node: Parts, roster: Roster, tally: _Pull) -> int:
    with node.database.read() as tx:
        sizes = {log.contributor: log.size for log in logs.list_logs(tx, roster.circle)}
    return sum(max(0, size - sizes.get(log, 0)) for log, size in tally.announced.items())


def _words(error: HanseError) -> str:
    return error.detail + (f" {error.remedy}" if error.remedy else "")
