"""The one module that reads the clock."""

import time
from datetime import UTC, date, datetime
from typing import Protocol

from protocol.statements import DAY_SECONDS, Timestamp


class Clock(Protocol):
    """Where a node takes the time from; tests pass one that they set."""

    def now(self) -> Timestamp:
        """Seconds since 1970-01-01T00:00:00Z."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> Timestamp:
        """Seconds since 1970-01-01T00:00:00Z, rounded down."""
        return Timestamp(int(time.time()))


def day_of(moment: Timestamp) -> date:
    """The UTC day in which a moment lies."""
    return datetime.fromtimestamp(moment, UTC).date()


def midnight(moment: Timestamp) -> Timestamp:
    """The first second of the UTC day in which a moment lies: what ``iat`` and ``exp`` of a statement carry."""
    return Timestamp(moment - moment % DAY_SECONDS)
