"""What a threat-intelligence platform costs: the first reading of a circle's feed, then pages, one object, a manifest.

``python -m tests.bench.taxii [sizes] [--database sqlite|postgresql|both] [--directory D]`` prints one JSON object of
figures by size and database, on the pools of :mod:`tests.bench.pool`. Collections are emptied before and after.
"""

import sys
from collections.abc import Callable
from typing import Final

import msgspec
import sqlalchemy as sa

from node import insight
from node.insight import misp, taxii
from node.storage import taxii as storage
from node.storage.database import Database, Transaction
from node.storage.tables.taxii import TAXII_COLLECTIONS, TAXII_OBJECTS
from node.storage.taxii import Wanted
from protocol.identifiers import CircleId
from tests.bench.meter import Meter
from tests.bench.pool import Pool, arguments, opened
from tests.node.statements import IAT

PAGE: Final = 500
ROUNDS: Final = 40
EVENTS: Final = 10_000


def measure(pool: Pool) -> dict[str, dict[str, float]]:
    """All figures of one pool, by what was asked."""
    database = pool.node.runtime.database
    _empty(database)
    with database.read() as tx:
        sizes = {each.circle: sum(count for *_, count in each.contributors) for each in insight.circle_summaries(tx)}
    circle = max(sizes, key=lambda each: sizes[each])
    held = sizes[circle]
    meter = Meter(database)
    with meter.timed():
        taxii.catch_up(database, circle)
    spent = meter.ours[0] + meter.server[0]
    figures = {
        "first reading": {"statements": held, "processor_seconds": round(spent, 1), "a_second": round(held / spent)}
    }
    with database.read() as tx:
        figures |= _questions(pool, tx, circle)
    _empty(database)
    return figures


def _questions(pool: Pool, tx: Transaction, circle: CircleId) -> dict[str, dict[str, float]]:
    vocabulary = pool.node.runtime.vocabulary
    last = storage.position(tx, circle).last_added
    first = storage.page(tx, circle, after=0, limit=1, wanted=Wanted(), now=IAT)[0].added
    some = storage.page(tx, circle, after=(first + last) // 2, limit=1, wanted=Wanted(), now=IAT)[0].id

    def page(after: int, wanted: Wanted = Wanted(), limit: int = PAGE) -> Callable[[], object]:  # noqa: B008  # frozen
        return lambda: taxii.page(tx, vocabulary, circle, taxii.Asked(after, limit, wanted, IAT))

    def manifest() -> bytes:
        found = taxii.events(tx, circle, IAT, limit=EVENTS).events
        return msgspec.json.encode({event.uuid: misp.summary(event, vocabulary) for event in found})

    return {
        "first page of 500": _timed(pool, page(0)),
        "page of 500 in the middle": _timed(pool, page((first + last) // 2)),
        "500 opinions": _timed(pool, page(0, Wanted(types=("opinion",)))),
        "one object": _timed(pool, page(0, Wanted(ids=(some,)), 1)),
        "manifest of MISP": _timed(pool, manifest, rounds=3) | {"megabytes": round(len(manifest()) / 1e6, 1)},
    }


def _timed(pool: Pool, work: Callable[[], object], rounds: int = ROUNDS) -> dict[str, float]:
    meter = Meter(pool.node.runtime.database)
    for _ in range(rounds):
        with meter.timed():
            work()
    return {name.removeprefix("_"): value for name, value in meter.milliseconds("").items()}


def _empty(database: Database) -> None:
    with database.write() as tx:
        for table in (TAXII_OBJECTS, TAXII_COLLECTIONS):
            tx.connection.execute(sa.delete(table))


def main() -> None:
    """Measure and print."""
    wanted = arguments(__doc__)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for size in wanted.sizes:
        for kind in wanted.kinds:
            with opened(size, kind, wanted.directory) as pool:
                found[f"{size} {kind}"] = measure(pool)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")


if __name__ == "__main__":
    main()
