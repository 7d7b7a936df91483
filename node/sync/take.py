"""Taking a stream that a member hands over, in answer to our request or of its own accord, into our logs.

There is one way in. What is pulled and what is pushed passes the same verification, section by section, and every
section stands alone: one that is refused is reported and its log left out for the rest of the exchange, so that it
neither blocks the others nor fills the next answer again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from node.domain.circles import Member, Roster
from node.domain.sync import AnyCode, SyncProblem
from node.errors import Code as NodeCode
from node.errors import HanseError
from node.storage.trust import quarantined_logs
from node.sync import forks
from node.sync.accept import Accepted, accept
from node.sync.fill import Holes, fill
from node.sync.parts import Parts
from protocol.errors import Code, Fault, ProtocolError
from protocol.identifiers import KeyId
from protocol.merkle.tiles import TileFetch
from protocol.messages.stream import End, Filling, Fork, Section, read_stream
from protocol.replica import VerifyAll

MAX_STRANGERS: Final = 3
"""Sections for logs of nobody in the circle, in one exchange: a peer with another idea of who is a member may have one
or two; more are sent to fill our request, our operator's page and our log."""

MAX_EXAMINED: Final = 8
"""Refused logs, in one exchange, about which the sender is asked for hash tiles: two histories are rare, and each
question costs some requests, at the sender's own pace."""

_NOTHING: Final[Holes] = MappingProxyType({})

TilesOf: TypeAlias = Callable[[KeyId], TileFetch]
"""How the sender's hash tiles of a log are read."""


@dataclass(slots=True)
class Tally:
    """What one exchange has brought so far."""

    entries: int = 0
    filled: int = 0
    """Of those that were here without content, how many have it now."""
    unreadable: int = 0
    unknown_codes: int = 0
    bytes: int = 0
    requests: int = 0
    announced: dict[KeyId, int] = field(default_factory=dict)
    left_out: set[KeyId] = field(default_factory=set)
    refused: dict[KeyId, Code] = field(default_factory=dict)
    problems: dict[SyncProblem, None] = field(default_factory=dict)
    """A set that keeps its order."""
    strangers: int = 0

    def note(self, code: AnyCode, log: KeyId | None, detail: str) -> None:
        """Add a problem once, however often it comes up."""
        self.problems[SyncProblem(code, log, detail)] = None


class Taker:
    """Takes what one member sends in one exchange."""

    def __init__(
        self,
        node: Parts,
        roster: Roster,
        peer: Member,
        *,
        verify_all: VerifyAll = map,
        tiles_of: TilesOf | None = None,
    ) -> None:
        """Without ``tiles_of`` a fork is noticed and not always located: the sender cannot be asked."""
        self.tally = Tally()
        self._node = node
        self._roster = roster
        self._peer = peer
        self._verify_all = verify_all
        self._tiles_of = tiles_of

    def take(self, data: bytes, holes: Holes = _NOTHING) -> bool:
        """Accept the sections and the evidence of a stream; whether it says that there is more.

        Content for what came without it is accepted for ``holes``, which are what was asked for again, and no other.
        Raises ``ProtocolError`` where the stream is broken, after what was complete before that has been taken,
        and ``PEER_MISBEHAVED`` for logs of too many strangers.
        """
        with self._node.database.read() as tx:
            # We have not asked for these; whoever sends them all the same, or pushes them, changes nothing here.
            self.tally.left_out |= quarantined_logs(tx, self._roster)
        more = False
        fillings: list[Filling] = []
        for item in read_stream(data):
            match item:
                case Section():
                    self._take_section(item)
                case Filling():
                    if item.contributor in holes:
                        fillings.append(item)
                case Fork():
                    self._take_evidence(item)
                case End():
                    more = item.more
        # Only now it is known which logs are left out.
        fillings = [each for each in fillings if each.contributor not in self.tally.left_out]
        self.tally.filled += fill(self._node.database, self._roster, holes, fillings, self._node.clock.now())
        return more

    def _take_section(self, section: Section) -> None:
        log = section.contributor
        if log in self.tally.left_out:
            return
        now = self._node.clock.now()
        try:
            accepted = accept(
                self._node.database,
                self._roster,
                section,
                now,
                keyring=self._node.keyring,
                verify_all=self._verify_all,
                sender=self._peer.contributor,
            )
        except ProtocolError as error:
            self._refuse(section, error)
            return
        self._count(log, accepted)

    def _refuse(self, section: Section, error: ProtocolError) -> None:
        log = section.contributor
        self.tally.left_out.add(log)
        self.tally.refused[log] = error.code
        fetch = self._tiles_of(log) if self._tiles_of and len(self.tally.refused) <= MAX_EXAMINED else None
        now = self._node.clock.now()
        found = forks.examine(self._node.database, self._roster, section, error, now, fetch)
        if found is not None:
            self.tally.note(found.code, log, self._about(log, found))
        self.tally.strangers += error.code is Code.NOT_A_MEMBER
        if self.tally.strangers > MAX_STRANGERS:
            raise HanseError(
                NodeCode.PEER_MISBEHAVED,
                f"{self._peer.name} sends logs of nobody in this circle.",
                remedy="Tell its operator.",
                fault=Fault.PEER,
            ) from error

    def _take_evidence(self, fork: Fork) -> None:
        try:
            log = forks.receive(self._node.database, self._roster, fork.proof, self._node.clock.now())
        except ProtocolError as error:
            # About the sender's own words and not about the exchange, which goes on.
            self.tally.note(
                error.code,
                self._peer.contributor,
                f"{self._peer.name} sent what was to prove a fork and does not ({error.detail}); it was not kept.",
            )
            return
        if log is not None:
            self.tally.left_out.add(log)
            proven = ProtocolError(Code.FORK, f"{self._peer.name} sent the proof")
            self.tally.note(Code.FORK, log, self._about(log, proven))

    def _count(self, log: KeyId, accepted: Accepted) -> None:
        tally = self.tally
        tally.entries += accepted.entries
        tally.unreadable += accepted.unreadable
        tally.unknown_codes += sum(bool(self._node.vocabulary.unknown_codes(each)) for each in accepted.statements)
        tally.announced[log] = max(tally.announced.get(log, 0), accepted.announced)
        if accepted.over_quota:
            tally.left_out.add(log)
            tally.note(
                NodeCode.QUOTA_EXCEEDED,
                log,
                f"{self._whose(log)} has grown by {accepted.over_quota:,} entries more than its quota of today; "
                "they are taken on later days.",
            )
        if log in self._roster.own_keys and accepted.entries:
            tally.note(
                NodeCode.CONFLICT,
                log,
                f"{self._peer.name} held {accepted.entries} entries of our own log that we did not; they were taken "
                "back. If this node was not restored from a backup, another node signs with our key: stop it.",
            )

    def _whose(self, log: KeyId) -> str:
        if log in self._roster.own_keys:
            return "our own log"
        line = self._roster.lines.get(log)
        return "a log of a new member" if line is None else f"the log of {line.name}"

    def _about(self, log: KeyId, error: ProtocolError) -> str:
        """For the operator, who may know the roster: whose log, from whom, what, and what to do."""
        if error.code is Code.NOT_A_MEMBER:
            return f"{self._peer.name} sent a log of nobody in this circle; it was not kept."
        whose = self._whose(log)
        if error.code is Code.FORK:
            return (
                f"{whose} has two signed histories ({error.detail}): a second node with the same key, or a restored "
                "backup that went on. What stands before the place where they part stays. Tell its contributor."
            )
        return (
            f"{whose}, as {self._peer.name} sent it: {error.detail}. Nothing of that answer was kept; it is asked "
            "for again."
        )
