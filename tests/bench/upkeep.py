"""What a pool costs while nobody asks: bytes on disk, signals for a new day, all of them again, the index again.

``python -m tests.bench.upkeep [sizes] [--database sqlite|postgresql|both] [--directory D]`` prints one JSON object of
figures named ``what / size database / figure``, on the pools of :mod:`tests.bench.pool`. Computing all signals again
is one transaction; it is undone at the end, so that the pool stays as it was. The processor of a PostgreSQL server is
counted with ours; peaks of memory are ours alone.
"""

import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa

from node import insight
from node.clock import day_of
from node.insight import index
from node.storage import insight as storage
from node.storage import projection
from node.storage.database import Database, Transaction
from node.storage.tables.base import METADATA
from protocol.statements import DAY_SECONDS, Timestamp
from tests.bench.meter import Meter
from tests.bench.pool import Pool, arguments, opened
from tests.node.statements import IAT
from tests.support import ROOT

_ONE: Final = "--one"
_TOMORROW: Final = Timestamp(IAT + DAY_SECONDS)
_CLAIMS: Final = 20_000
"""Computed for a new day, to say how long it takes for all."""
_HUNDRED_THOUSAND: Final = 100_000


class _UndoneError(Exception):
    """Ends a transaction whose work is not to stay."""


def measure(pool: Pool) -> dict[str, dict[str, float]]:
    """All figures of one pool, by what was done."""
    database = pool.node.runtime.database
    return {
        "bytes on disk for each finding": _bytes(database, pool.findings),
        "signals for a new day": _new_day(pool),
        "all signals again": _again(pool),
        "all statements indexed again": _indexed(pool),
    }


def _bytes(database: Database, findings: int) -> dict[str, float]:
    with database.read() as tx:
        sizes = _sizes(tx)
    parts = {
        "log": ("entries", "tiles"),
        "statements": ("statements",),
        "signals and counts": ("signals", "claim_tallies", "contribution_counts", "coverage_counts", "tensions"),
        "index": ("statement_postings",),
        "all": tuple(sizes),
    }
    return {part: round(sum(sizes.get(table, 0) for table in tables) / findings) for part, tables in parts.items()}


def _sizes(tx: Transaction) -> Mapping[str, int]:
    """Bytes of each table with its indexes."""
    if tx.is_postgresql:
        query = sa.text("SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r'")
    else:
        query = sa.text("SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m USING (name) GROUP BY 1")
    return {name: int(size) for name, size in tx.connection.execute(query) if name in METADATA.tables}


def _new_day(pool: Pool) -> dict[str, float]:
    """What a worker does at midnight, for some of the claims."""
    runtime = pool.node.runtime
    meter = Meter(runtime.database)

    def work(tx: Transaction) -> int:
        stale = storage.stale_claims(tx, day_of(_TOMORROW), _CLAIMS)
        for circle in sorted({claim.circle for claim in stale}):
            projection.mark_dirty(tx, circle, [claim.key for claim in stale if claim.circle == circle])
        with meter.timed():
            return sum(insight.refresh(tx, runtime.vocabulary, _TOMORROW) for _ in range(0, _CLAIMS, 2_000))

    claims = _undone(runtime.database, work)
    return {
        "claims": claims,
        "seconds for 100,000": round(meter.wall[0] * _HUNDRED_THOUSAND / claims),
        "processor seconds for 100,000": round((meter.ours[0] + meter.server[0]) * _HUNDRED_THOUSAND / claims),
    }


def _again(pool: Pool) -> dict[str, float]:
    runtime, before = pool.node.runtime, _megabytes()
    meter = Meter(runtime.database)

    def work(tx: Transaction) -> int:
        with meter.timed():
            return insight.rebuild(tx, runtime.vocabulary, IAT)

    claims = _undone(runtime.database, work)
    return {"claims": claims, **_figures(meter, before)}


def _indexed(pool: Pool) -> dict[str, float]:
    database, before = pool.node.runtime.database, _megabytes()
    meter = Meter(database)
    with meter.timed():
        done = index.rebuild(database, IAT)
    return {"statements": done, **_figures(meter, before)}


def _undone(database: Database, work: Callable[[Transaction], int]) -> int:
    """What ``work`` returns, of which nothing stays."""
    done = 0
    with suppress(_UndoneError), database.write() as tx:
        done = work(tx)
        raise _UndoneError
    return done


def _figures(meter: Meter, before: float) -> dict[str, float]:
    return {
        "seconds": round(meter.wall[0]),
        "processor seconds": round(meter.ours[0] + meter.server[0]),
        "peak megabytes of memory": round(_megabytes()),
        "of which by this": round(_megabytes() - before),
    }


def _megabytes() -> float:
    """The most memory that this process has ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


def main() -> None:
    """Measure and print; each pool in a process of its own, for its peak of memory."""
    if _ONE in sys.argv:
        size, kind, directory = sys.argv[sys.argv.index(_ONE) + 1 :]
        with opened(size, kind, Path(directory)) as pool:
            figures = {
                f"{what} / {size} {kind} / {name}": value
                for what, found in measure(pool).items()
                for name, value in found.items()
            }
        sys.stdout.write(msgspec.json.encode(figures).decode())
        return
    wanted = arguments(__doc__)
    everything: dict[str, float] = {}
    for size in wanted.sizes:
        for kind in wanted.kinds:
            with opened(size, kind, wanted.directory):
                command = [sys.executable, "-m", "tests.bench.upkeep", _ONE, size, kind, str(wanted.directory)]
                done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)  # noqa: S603
                everything |= msgspec.json.decode(done.stdout, type=dict[str, float])
    sys.stdout.write(msgspec.json.encode(everything).decode() + "\n")


if __name__ == "__main__":
    main()
