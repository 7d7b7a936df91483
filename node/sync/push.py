"""Bringing entries to a member: for a node that nobody can connect to, which is an equal otherwise.

The same stream that would answer the member's request, in the same order, under the same checkpoints. The member says
first how much of each log it holds, so nothing is remembered here about who has received what, and a push that breaks
off goes on where it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from node.domain.circles import Member, Roster
from node.storage import peers
from node.sync import serve
from node.sync.outbound import Outbound
from node.sync.parts import Parts
from node.sync.sizes import covered_sizes
from node.sync.take import Taker
from protocol.identifiers import KeyId, VocabularyCode
from protocol.limits import MAX_REQUEST_BYTES
from protocol.messages.gossip import PushReceipt, sizes_state
from protocol.messages.stream import EntriesRequest

MAX_PUSH_BYTES: Final = MAX_REQUEST_BYTES
"""One push, in bytes. The receiver reads it into memory before it knows who sends it, so it is as short as any request
must be; about 600 findings."""
MAX_PUSHES: Final = 200
"""Pushes to one member in one turn; the next turn goes on. About 100,000 findings."""


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a member took in one turn."""

    entries: int
    bytes: int
    pushes: int


def push(node: Parts, outbound: Outbound, roster: Roster, member: Member) -> PushReport:
    """Bring one member what it lacks, until it lacks nothing or takes nothing.

    Raises ``HanseError`` for what the network or the member does, among it ``PEER_REFUSED`` by one that takes no
    pushes, and ``ProtocolError`` for an answer that is none. What it took before stays with it.
    """
    entries = size = pushes = 0
    for _ in range(MAX_PUSHES):
        with node.database.read() as tx:
            covered = covered_sizes(tx, roster)
        answer = outbound.sizes(member, roster.circle, sizes_state(covered))
        lacking = () if answer.same else _lacking(covered, answer.sizes)
        if not lacking:
            break
        request = EntriesRequest(
            holes={}, have={log: answer.sizes.get(log, 0) for log in lacking}, only=lacking, max_bytes=MAX_PUSH_BYTES
        )
        with node.database.read() as tx:
            stream = serve.answer(tx, roster, member.contributor, request)
        receipt = outbound.push(member, roster.circle, stream)
        pushes += 1
        size += len(stream)
        entries += receipt.accepted
        if not receipt.accepted:
            break
    return PushReport(entries, size, pushes)


def take(node: Parts, roster: Roster, member: Member, stream: bytes) -> PushReceipt:
    """Take what a member brings; what is refused is named, and the rest is kept.

    Raises ``ProtocolError`` for a broken stream and ``PEER_MISBEHAVED`` for logs of strangers, after what came before
    has been kept. The sender cannot be asked, so a fork that shows itself is stopped and not always located.
    """
    taker = Taker(node, roster, member)
    taker.take(stream)
    now = node.clock.now()
    with node.database.write() as tx:
        peers.note_push(tx, roster.circle, member.contributor, now)
    for problem in taker.tally.problems:
        structlog.get_logger().warning(
            "push-problem",
            circle=roster.circle,
            contributor=member.contributor,
            code=problem.code.value,
            log=problem.log,
        )
    refused = {log: VocabularyCode(code.value) for log, code in taker.tally.refused.items()}
    return PushReceipt(v=1, accepted=taker.tally.entries, refused=refused)


def _lacking(covered: Mapping[KeyId, int], theirs: Mapping[KeyId, int]) -> tuple[KeyId, ...]:
    """The logs of which we have more, in ascending order; one that is not wanted is said to be there in full."""
    return tuple(sorted(log for log, size in covered.items() if theirs.get(log, 0) < size))
