"""Whether a poller loses statements while others publish, and what it would lose with cursors of time.

``python -m tests.bench.lost_rows [statements] [database URL]`` lets four processes publish, each into circles of its
own turn, while a fifth polls, on SQLite and on PostgreSQL, and prints one JSON object: how many of 20,000 statements
the poller missed or saw twice.

Beside it, the poller asks in the three ways in which comparable systems ask. For this every transaction writes
its rows into a second table as well, with the time at which it wrote them and a number that the database draws for
them (a sequence on PostgreSQL). A poller by time asks for what is later than the last it saw; one that asks again for
the last hundredth of a second sees rows twice instead. Time and number are drawn before the commit, so a row may become
visible behind one that was seen before it.
"""

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from node import insight
from node.domain.queries import StatementFilter
from node.ledger.append import append
from node.storage.database import Database, Transaction
from protocol.identifiers import CircleId, StatementId
from tests.bench.databases import on_each
from tests.federation.support import circle_of, confirm_logs, make_node, open_node
from tests.node import statements as make

PUBLISHERS: Final = 4
STATEMENTS: Final = 20_000
_MAX_BATCH: Final = 8
"""Statements in one transaction."""
_SLOWEST: Final = 0.004
"""Seconds that a publisher takes between writing its rows and its commit, at most: as signing and disks do."""
_PAGE: Final = 200
_PAUSE: Final = 0.01
"""Seconds between two looks where the first found nothing, so that the publishers have the processors."""
_PATIENCE: Final = 3
"""Empty answers after the last publisher has ended, before the poller stops."""
_OVERLAP: Final = 10_000_000
"""How far back the careful poller by time asks again, in nanoseconds."""
_NAME: Final = "aldermoor"

_METADATA: Final = sa.MetaData()
_TIMED: Final = sa.Table(
    "timed",
    _METADATA,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Column("id", sa.String(22), nullable=False),
)
"""What a system keeps that orders by time, or by a number that is drawn before the commit."""


@dataclass(frozen=True, slots=True)
class Task:
    """What one publisher is to do."""

    directory: Path
    database_url: str
    circles: tuple[CircleId, ...]
    seed: int
    count: int


@dataclass(slots=True)
class Poller:
    """One way to ask, and what it has been given."""

    ask: Callable[[Transaction, Any], tuple[list[str], Any]]
    cursor: Any
    seen: Counter[str] = field(default_factory=Counter)

    def poll(self, database: Database) -> int:
        """Ask once; how many statements came."""
        with database.read() as tx:
            found, self.cursor = self.ask(tx, self.cursor)
        self.seen.update(found)
        return len(found)


def measure(directory: Path, count: int, database_url: str) -> dict[str, float]:
    """Figures of one run on an empty database."""
    node = make_node(directory, _NAME, database_url=database_url)
    circles = tuple(circle_of([node], name=f"Circle {number}") for number in range(3))
    database = node.runtime.database
    _METADATA.create_all(database.engine)
    pollers = {
        "feed": Poller(_by_feed, ""),
        "filter": Poller(_by_filter, ""),
        "time": Poller(_by_time, 0),
        "overlapping_time": Poller(_by_overlapping_time, 0),
        "number": Poller(_by_number, 0),
    }
    tasks = [Task(directory, database_url, circles, seed, count // PUBLISHERS) for seed in range(PUBLISHERS)]
    began = time.perf_counter()
    with ProcessPoolExecutor(PUBLISHERS, mp_context=get_context("spawn")) as executor:
        publishing = [executor.submit(publish, task) for task in tasks]
        empty = 0
        while empty < _PATIENCE:
            done = all(each.done() for each in publishing)
            came = [poller.poll(database) for name, poller in pollers.items() if name != "overlapping_time"]
            pollers["overlapping_time"].poll(database)  # never empty
            empty = empty + 1 if done and not sum(came) else 0
            if not sum(came):
                time.sleep(_PAUSE)
        published = [name for each in publishing for name in each.result()]
    seconds = time.perf_counter() - began
    node.runtime.database.close()
    figures: dict[str, float] = {"published": len(published), "statements_per_second": round(len(published) / seconds)}
    for name, poller in pollers.items():
        figures[f"{name}_missed"] = len(set(published) - set(poller.seen))
        figures[f"{name}_seen_twice"] = sum(poller.seen.values()) - len(poller.seen)
    return figures


def publish(task: Task) -> list[StatementId]:
    """Publish in a process of its own, in batches of a few; the identifiers of what was committed."""
    choose = random.Random(task.seed)  # noqa: S311 - how long and how many, the same in every run
    node = open_node(task.directory, _NAME, database_url=task.database_url)
    runtime = node.runtime
    for each in task.circles:
        confirm_logs(node, each)
    published: list[StatementId] = []
    while len(published) < task.count:
        circle = choose.choice(task.circles)
        new = make.findings(circle, min(choose.randint(1, _MAX_BATCH), task.count - len(published)))
        with runtime.database.write() as tx:
            now = time.time_ns()  # what a system takes that orders by time
            rows = [{"at": now, "id": each.id} for each in new]
            tx.connection.execute(sa.insert(_TIMED), rows)
            published += [each.id for each in append(tx, runtime.keyring, circle, new, make.IAT)]
            time.sleep(choose.random() * _SLOWEST)
    runtime.database.close()
    return published


def _by_feed(tx: Transaction, cursor: str) -> tuple[list[str], str]:
    page = insight.findings(tx, cursor, _PAGE, now=make.IAT)
    return [view.provenance.id for view in page.items], page.next


def _by_filter(tx: Transaction, cursor: str) -> tuple[list[str], str]:
    """A question that everything fits, by way of the index."""
    page = insight.findings(tx, cursor, _PAGE, StatementFilter(kinds=("finding",), strengths=(2,)), now=make.IAT)
    return [view.provenance.id for view in page.items], page.next


def _by_time(tx: Transaction, last: int) -> tuple[list[str], int]:
    return _after(tx, _TIMED.c.at, last)


def _by_overlapping_time(tx: Transaction, last: int) -> tuple[list[str], int]:
    """Everything since a little before the last that was seen; what commits later than that is missed all the same."""
    query = sa.select(_TIMED.c.id, _TIMED.c.at).where(_TIMED.c.at > last - _OVERLAP).order_by(_TIMED.c.at)
    rows = tx.connection.execute(query).all()
    return [row.id for row in rows], max([last, *(row.at for row in rows)])


def _by_number(tx: Transaction, last: int) -> tuple[list[str], int]:
    return _after(tx, _TIMED.c.number, last)


def _after(tx: Transaction, column: sa.Column[int], last: int) -> tuple[list[str], int]:
    query = sa.select(_TIMED.c.id, column.label("place")).where(column > last).order_by(column).limit(_PAGE)
    rows = tx.connection.execute(query).all()
    return [row.id for row in rows], rows[-1].place if rows else last


if __name__ == "__main__":
    os.nice(5)
    total = int(sys.argv[1]) if len(sys.argv) > 1 else STATEMENTS
    result = on_each(lambda directory, url: measure(directory, total, url), *sys.argv[2:3])
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
