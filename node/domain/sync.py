"""What came of pulling from peers, and what is known of them."""

from dataclasses import dataclass
from typing import TypeAlias

from node.errors import Code as NodeCode
from protocol.errors import Code as ProtocolCode
from protocol.identifiers import CircleId, KeyId
from protocol.statements import Timestamp

AnyCode: TypeAlias = NodeCode | ProtocolCode


@dataclass(frozen=True, slots=True)
class SyncProblem:
    """Something an operator should read: what, about whose log (none: about the exchange), and in words."""

    code: AnyCode
    log: KeyId | None
    detail: str


@dataclass(frozen=True, slots=True)
class PullReport:
    """One peer, one circle: what came. Problems do not exclude entries: each log stands alone."""

    circle: CircleId
    contributor: KeyId
    name: str
    entries: int
    unreadable: int
    unknown_codes: int
    """Readable statements with a code that our vocabulary does not have; kept, and read again with the next one."""
    bytes: int
    requests: int
    seconds: float
    lag: int
    """Entries that the peer has announced and we do not hold."""
    problems: tuple[SyncProblem, ...]


@dataclass(frozen=True, slots=True)
class SyncReport:
    """One round over all circles."""

    pulls: tuple[PullReport, ...]

    @property
    def entries(self) -> int:
        """New entries, readable or not."""
        return sum(pull.entries for pull in self.pulls)

    @property
    def problems(self) -> tuple[SyncProblem, ...]:
        """All problems of all pulls."""
        return tuple(problem for pull in self.pulls for problem in pull.problems)


@dataclass(frozen=True, slots=True)
class PeerState:
    """What is remembered of a peer between rounds."""

    circle: CircleId
    contributor: KeyId
    last_attempt: Timestamp
    last_success: Timestamp | None
    error_code: str
    error_detail: str
    failures: int
    """Attempts since the last success."""
    lag: int
    last_push: Timestamp | None = None
    """When it last brought us entries of its own accord, as nodes do that cannot be reached."""


@dataclass(frozen=True, slots=True)
class HostState:
    """How a host, which may stand for members of several circles, has answered lately."""

    failures: int
    """Since the last success."""
    not_before: Timestamp
    """Until then no round asks it."""
    roused_at: Timestamp | None = None
    """When a ping from behind it last ended such a wait."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A member's word, in a ping, that it holds more of a log than we do. Nothing but a reason to ask it."""

    circle: CircleId
    contributor: KeyId
    """Who says so."""
    log: KeyId
    size: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life of a part that runs beside the requests."""

    name: str
    at: Timestamp
    note: str
