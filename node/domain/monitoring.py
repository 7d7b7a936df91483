"""What a monitoring system may know of a node: counts and times, no content, no pseudonym beside a name."""

from dataclasses import dataclass
from typing import Final

from protocol.identifiers import CircleId
from protocol.statements import Timestamp

SILENT_ROUNDS: Final = 5
"""Rounds without a sign of life after which the worker counts as stopped: a round may take a while, five do not."""


@dataclass(frozen=True, slots=True)
class CircleState:
    """One circle, as far as an operator answers for it."""

    circle: CircleId
    entries: int
    """Held, of all logs."""
    uncovered: int
    """Of them, those that no checkpoint of ours covers yet: the log is being caught up with."""
    unreadable: int
    forked: int
    """Logs with a proven fork."""


@dataclass(frozen=True, slots=True)
class PeerHealth:
    """One member, by the host under which it is asked."""

    circle: CircleId
    host: str
    last_success: Timestamp | None
    failures: int
    lag: int


@dataclass(frozen=True, slots=True)
class NodeState:
    """Everything at one moment."""

    circles: tuple[CircleState, ...]
    beats: dict[str, Timestamp]
    """Signs of life of the parts that run beside the requests."""
    feed: int
    """Statements that have come so far."""
    indexed: int
    """Of them, those that can be found."""
    dirty: int
    """Readings that wait to be computed again."""
    letters: int
    """Letters to members that wait to be delivered."""
    database_bytes: int
