"""Loading a registry and searching it, beside the bare work: reading the file, and one look-up by key.

``python -m tests.bench.subjects [file] [database URL]`` prints one JSON object. Without a file it takes the full
registry from the shared data directory, or says that it is not there.
"""

import random
import resource
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Final

import msgspec
import sqlalchemy as sa

from node.domain.subjects import SearchHit
from node.storage.database import Database
from node.storage.tables.base import METADATA
from node.storage.tables.subjects import SUBJECTS
from node.subjects import load, search
from node.subjects.source import open_source
from tests.support import SHARED_DATA

_REGISTRY: Final = SHARED_DATA / "ror" / "organisations.jsonl.gz"
_SEARCHES: Final = 2_000
_SEED: Final = 20_260_904


def measure(source: Path, database_url: str) -> dict[str, float]:
    """Figures of one run on an empty database: load, second load, searches as people type them."""
    database = Database(database_url)
    METADATA.create_all(database.engine)
    read = _seconds(lambda: _read(source))
    began = perf_counter()
    report = load(database, source)
    loaded = perf_counter() - began
    again = _seconds(lambda: load(database, source))
    texts = _texts(database)
    names = _timed(database, [text for text, _ in texts])
    prefixes = _timed(database, [text for _, text in texts])
    bare = _bare(database)
    database.close()
    return {
        "organisations": report.added,
        "seconds_to_load": round(loaded, 1),
        "seconds_to_read_the_file_alone": round(read, 1),
        "seconds_to_load_the_same_again": round(again, 1),
        "peak_memory_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024),
        "search_name_median_milliseconds": round(median(names), 2),
        "search_name_p95_milliseconds": round(_p95(names), 2),
        "search_beginning_median_milliseconds": round(median(prefixes), 2),
        "search_beginning_p95_milliseconds": round(_p95(prefixes), 2),
        "look_up_by_key_median_milliseconds": round(median(bare), 2),
    }


def _read(source: Path) -> None:
    with open_source(source) as opened:
        for _ in opened.records():
            pass


def _texts(database: Database) -> list[tuple[str, str]]:
    """Whole display names, and the first letters of the same: what a person has typed half-way."""
    choose = random.Random(_SEED)  # noqa: S311
    with database.read() as tx:
        labels = list(tx.connection.execute(sa.select(SUBJECTS.c.label).order_by(SUBJECTS.c.id)).scalars())
    chosen = [choose.choice(labels) for _ in range(_SEARCHES)]
    return [(label[:200], label[: choose.randint(3, 12)]) for label in chosen]


def _timed(database: Database, texts: Sequence[str]) -> list[float]:
    found: list[list[SearchHit]] = []
    times = []
    for text in texts:
        with database.read() as tx:
            began = perf_counter()
            found.append(search(tx, text))
            times.append((perf_counter() - began) * 1_000)
    return times


def _bare(database: Database) -> list[float]:
    with database.read() as tx:
        ids = list(tx.connection.execute(sa.select(SUBJECTS.c.id).limit(_SEARCHES)).scalars())
        times = []
        for each in ids:
            began = perf_counter()
            tx.connection.execute(sa.select(SUBJECTS.c.record).where(SUBJECTS.c.id == each)).scalar_one()
            times.append((perf_counter() - began) * 1_000)
    return times


def _p95(times: Sequence[float]) -> float:
    return quantiles(times, n=20)[-1]


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    source = Path(arguments[0]) if arguments else _REGISTRY
    if not source.exists():
        sys.exit("The full registry is not there; give the path of a registry file.")
    with tempfile.TemporaryDirectory() as directory:
        url = arguments[1] if len(arguments) > 1 else f"sqlite:///{directory}/registry.db"
        sys.stdout.write(msgspec.json.encode(measure(source, url)).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
