"""Loading a registry and searching it, beside the bare work: reading the file, and one prefix query.

``python -m tests.bench.subjects [file] [database URL]`` prints one JSON object, without a URL of both databases.
Without a file it takes the full registry from the shared data directory, or says that it is not there. Processor time
is ours and, on PostgreSQL, that of the server's process: what a machine that is not shared would take at least.
"""

import os
import random
import resource
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
import sqlalchemy as sa

from node.domain.subjects import normalise
from node.storage.database import Database
from node.storage.tables.base import METADATA
from node.storage.tables.subjects import SUBJECT_NAMES, SUBJECTS
from node.subjects import load, search
from node.subjects.source import open_source
from tests.bench.databases import on_each
from tests.bench.meter import Meter
from tests.support import SHARED_DATA

_REGISTRY: Final = SHARED_DATA / "ror" / "organisations.jsonl.gz"
_SEARCHES: Final = 1_000
_SEED: Final = 20_260_904


def measure(source: Path, database_url: str) -> dict[str, float]:
    """Figures of one run on an empty database: load, second load, searches as people type them."""
    database = Database(database_url)
    METADATA.create_all(database.engine)
    reading, first, again = Meter(database), Meter(database), Meter(database)
    with reading.timed():
        _read(source)
    with first.timed():
        report = load(database, source)
    with again.timed():
        load(database, source)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    typed = _typed(database)
    _timed(database, [texts[0] for texts in typed.values()])  # statements are made once in a process, not here
    times = {kind: _timed(database, texts) for kind, texts in typed.items()}
    bare = _bare(database, typed["beginning"])
    database.close()
    return {
        "organisations": report.added,
        "processes_waiting_for_a_processor": round(os.getloadavg()[0], 1),
        **_seconds("to_load", first),
        "seconds_to_read_the_file_alone": round(reading.wall[0], 1),
        **_seconds("to_load_the_same_again", again),
        "peak_memory_megabytes": round(peak),
        **_figures(times, bare),
    }


def _seconds(name: str, meter: Meter) -> dict[str, float]:
    return {
        f"seconds_{name}": round(meter.wall[0], 1),
        f"processor_seconds_{name}": round(meter.ours[0] + meter.server[0], 1),
        f"processor_seconds_{name}_of_the_server": round(meter.server[0], 1),
    }


def _figures(times: Mapping[str, Meter], bare: Meter) -> dict[str, float]:
    """Per kind of text: milliseconds, and against one prefix query alone."""
    figures = bare.milliseconds("one_prefix_query")
    for kind, meter in times.items():
        figures |= meter.milliseconds(f"search_{kind}")
        figures[f"search_{kind}_median_in_prefix_queries"] = round(median(meter.wall) / median(bare.wall), 1)
    return figures


def _read(source: Path) -> None:
    with open_source(source) as opened:
        for _ in opened.records():
            pass


def _typed(database: Database) -> dict[str, list[str]]:
    """What people type: a whole name, its beginning, two of its words in another order, and a name with a mistake."""
    choose = random.Random(_SEED)  # noqa: S311
    with database.read() as tx:
        labels = list(tx.connection.execute(sa.select(SUBJECTS.c.label).order_by(SUBJECTS.c.id)).scalars())
    chosen = [choose.choice(labels)[:200] for _ in range(_SEARCHES)]
    pairs = [choose.sample(label.split(), min(2, len(label.split()))) for label in chosen]
    return {
        "name": chosen,
        "beginning": [label[: choose.randint(2, 12)] for label in chosen],
        "two_words": [" ".join(pair) for pair in pairs],
        "mistyped": [_mistyped(choose, label) for label in chosen],
    }


def _mistyped(choose: random.Random, label: str) -> str:
    """The name with one letter of its longest word left out, doubled or swapped with the next."""
    word = max(label.split(), key=len)
    at = choose.randrange(max(1, len(word) - 1))
    wrong = (
        word[:at] + word[at + 1 :],
        word[: at + 1] + word[at:],
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    )
    return label.replace(word, choose.choice(wrong), 1)


def _timed(database: Database, texts: Sequence[str]) -> Meter:
    meter = Meter(database)
    for text in texts:
        with database.read() as tx, meter.timed():
            search(tx, text)
    return meter


def _bare(database: Database, texts: Sequence[str]) -> Meter:
    """The baseline: one range of the index of names, as many names as a page shows, nothing ranked or read."""
    names = SUBJECT_NAMES.c
    meter = Meter(database)
    for text in map(normalise, texts):
        with database.read() as tx, meter.timed():
            query = sa.select(names.subject).where(names.normalised >= text, names.normalised < text + "\U0010ffff")
            tx.connection.execute(query.order_by(names.normalised).limit(20)).all()
    return meter


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    source = Path(arguments[0]) if arguments else _REGISTRY
    if not source.exists():
        sys.exit("The full registry is not there; give the path of a registry file.")
    figures = on_each(lambda _, url: measure(source, url), *arguments[1:])
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
