"""How fast statements are taken away, and that a file of a million takes no more memory than one of ten thousand.

``python -m tests.bench.exports [sizes] [--database sqlite|postgresql|both] [--directory D]`` writes every format from
the pools of :mod:`tests.bench.pool` to nowhere, each in a process of its own, and prints one JSON object: rows and
megabytes in a second, and the most memory that the process had, beside what it had before it began.
"""

import argparse
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final, get_args

import msgspec

from node.domain.exports import Format
from node.domain.queries import NO_FILTER, StatementFilter
from node.insight import export
from node.insight.export_parquet import SCHEMA
from node.storage.database import Database
from protocol.identifiers import VocabularyCode
from tests.bench.pool import KINDS, SIZES, opened
from tests.node import statements as make
from tests.support import SettableClock

_KILOBYTES: Final = 1_024
_MEGABYTE: Final = 1_000_000
_FILTERS: Final = {
    "everything": NO_FILTER,
    "live of one indicator": StatementFilter(
        indicators=(VocabularyCode("gov-opaque-control"),), states=("live", "corrected")
    ),
}


def measure(database_url: str, form: Format, wanted: StatementFilter) -> dict[str, float]:
    """One file from one database, in a process of its own."""
    assert SCHEMA  # the library for Parquet is loaded before memory is looked at, so that all formats begin alike
    database, clock = Database(database_url), SettableClock(make.IAT)
    with database.read() as tx:
        cover = export.begin(tx, wanted, institution="Aldermoor", audience="institution", clock=clock)
    before = _peak()
    began = time.perf_counter()
    size, last = 0, b""
    for piece in export.write(database, clock, wanted, cover, "institution", form):
        size += len(piece)
        last = piece
    seconds = time.perf_counter() - began
    database.close()
    rows = msgspec.json.decode(last)["rows"] if form == "ndjson" else 0
    return {"rows": rows, "megabytes": size / _MEGABYTE, "seconds": seconds, "peak": _peak(), "before": before}


def main() -> None:
    """Every pool that was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sizes", nargs="*", choices=[[], *SIZES], default=["10k", "100k"])
    parser.add_argument("--database", choices=[*KINDS, "both"], default="sqlite")
    parser.add_argument("--directory", type=Path, default=Path(__file__).parents[2] / "bench-pools")
    asked = parser.parse_args()
    figures: dict[str, float] = {}
    for size in asked.sizes:
        for kind in KINDS if asked.database == "both" else [asked.database]:
            with opened(size, kind, asked.directory) as pool:
                url = pool.node.runtime.settings.database_url
                for what, wanted in _FILTERS.items():
                    figures |= _formats(f"{size} {kind} {what}", url, wanted)
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")


def _formats(name: str, url: str, wanted: StatementFilter) -> dict[str, float]:
    figures: dict[str, float] = {}
    rows = 0.0
    for form in get_args(Format):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
            found = executor.submit(measure, url, form, wanted).result()
        rows = rows or found["rows"]  # NDJSON comes first and says how many there are
        figures[f"{name} {form} rows"] = rows
        figures[f"{name} {form} rows_per_second"] = round(rows / found["seconds"])
        figures[f"{name} {form} megabytes_per_second"] = round(found["megabytes"] / found["seconds"], 1)
        figures[f"{name} {form} peak_megabytes"] = round(found["peak"])
        figures[f"{name} {form} megabytes_more_than_before"] = round(found["peak"] - found["before"])
    return figures


def _peak() -> float:
    """The most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTES / _MEGABYTE


if __name__ == "__main__":
    main()
