"""Wall clock beside processor time: on a busy machine the first says how long others took, the second what we did.

For PostgreSQL the time of the server's process that answers us counts too; Linux tells it in ``/proc``. Left out are
what other processes of the server do for us: its writers and the counting of rows in the background.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter_ns, process_time_ns
from typing import Final

import sqlalchemy as sa

from node.storage.database import Database

_NANOSECONDS: Final = 1_000_000_000
_PARTS: Final = 20


@dataclass(slots=True)
class Meter:
    """Times of one piece of work after another, in seconds, all through one connection of one database."""

    database: Database
    wall: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    _backend: Path | None = None

    def __post_init__(self) -> None:
        """Finds the server's process; work in one thread goes through one connection, so it stays the same."""
        if self.database.engine.dialect.name == "postgresql":
            with self.database.read() as tx:
                process = tx.connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
            self._backend = Path(f"/proc/{process}/schedstat")

    @contextmanager
    def timed(self) -> Iterator[None]:
        """One piece of work."""
        server, ours, began = self._spent(), process_time_ns(), perf_counter_ns()
        yield
        self.wall.append((perf_counter_ns() - began) / _NANOSECONDS)
        self.ours.append((process_time_ns() - ours) / _NANOSECONDS)
        self.server.append((self._spent() - server) / _NANOSECONDS)

    def milliseconds(self, name: str) -> dict[str, float]:
        """Middle and slowest twentieth, by the clock and in processor time of ours and the server's together."""
        both = [ours + server for ours, server in zip(self.ours, self.server, strict=True)]
        return {
            f"{name}_median_milliseconds": _rounded(median(self.wall)),
            f"{name}_p95_milliseconds": _rounded(p95(self.wall)),
            f"{name}_processor_median_milliseconds": _rounded(median(both)),
            f"{name}_processor_p95_milliseconds": _rounded(p95(both)),
            f"{name}_processor_p95_milliseconds_of_the_server": _rounded(p95(self.server)),
        }

    def _spent(self) -> int:
        """Nanoseconds that the server's process has run."""
        return 0 if self._backend is None else int(self._backend.read_text("ascii").split()[0])


def p95(times: Sequence[float]) -> float:
    """What nineteen of twenty stay below."""
    return quantiles(times, n=_PARTS, method="inclusive")[-1]


def _rounded(seconds: float) -> float:
    return round(seconds * 1_000, 2)
