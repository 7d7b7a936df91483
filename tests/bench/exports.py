"""How fast files of pooled statements are written, and how much memory that takes, beside the bare fetch.

``python -m tests.bench.exports [sizes] [--database sqlite|postgresql|both] [--directory D]`` prints one JSON object of
figures named ``format / size database / figure``, on the pools of :mod:`tests.bench.pool`. Each file is written to
nowhere in a process of its own, so that its peak of memory is its own; the bare fetch of another such process reads the
signed bytes of all entries and does nothing with them. Memory is that of our process, not of the database server.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa

from node.domain.exports import Format
from node.domain.queries import NO_FILTER
from node.insight import export
from node.storage.tables.ledger import ENTRIES
from tests.bench.pool import Pool, arguments, opened
from tests.support import ROOT

_FORMS: Final[tuple[Format, ...]] = ("ndjson", "csv", "parquet")
_BARE: Final = "bare fetch"
_ONE: Final = "--one"
_ROWS: Final = 1_000


def write(pool: Pool, form: Format) -> Iterator[bytes]:
    """The pieces of a file of everything that the institution may take."""
    runtime = pool.node.runtime
    with runtime.database.read() as tx:
        cover = export.begin(tx, NO_FILTER, institution="Invented", audience="institution", clock=runtime.clock)
    return export.write(runtime.database, runtime.clock, NO_FILTER, cover, "institution", form)


def fetch(pool: Pool) -> Iterator[bytes]:
    """The signed bytes of everything."""
    with pool.node.runtime.database.read() as tx:
        found = tx.connection.execution_options(yield_per=_ROWS).execute(sa.select(ENTRIES.c.jws))
        yield from found.scalars()


def one(form: str, size: str, kind: str, directory: Path) -> dict[str, float]:
    """The figures of one file."""
    with opened(size, kind, directory) as pool:
        before = _megabytes()
        began, spent, held = time.perf_counter(), time.process_time(), 0
        for piece in fetch(pool) if form == _BARE else write(pool, _form(form)):
            held += len(piece)
        wall, processor = time.perf_counter() - began, time.process_time() - spent
        rows = sum(log.size for log in pool.author.logs)
    return {
        "statements": rows,
        "seconds": round(wall, 1),
        "statements per second": round(rows / wall),
        "statements per processor second (ours)": round(rows / processor),
        "megabytes written": round(held / 1e6, 1),
        "peak megabytes of memory": round(_megabytes()),
        "of which by the file": round(_megabytes() - before),
    }


def _form(text: str) -> Format:
    return next(form for form in _FORMS if form == text)


def _megabytes() -> float:
    """The most memory that this process has ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


def main() -> None:
    """Measure and print; a figure of one file is measured in a process that this one starts."""
    if _ONE in sys.argv:
        form, size, kind, directory = sys.argv[sys.argv.index(_ONE) + 1 :]
        sys.stdout.write(msgspec.json.encode(one(form, size, kind, Path(directory))).decode())
        return
    wanted = arguments(__doc__)
    figures: dict[str, float] = {}
    for size in wanted.sizes:
        for kind in wanted.kinds:
            with opened(size, kind, wanted.directory):
                pass  # made before anything is measured, and the server stays
            for form in (*_FORMS, _BARE):
                command = [sys.executable, "-m", "tests.bench.exports", _ONE, form, size, kind, str(wanted.directory)]
                done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)  # noqa: S603
                for name, value in msgspec.json.decode(done.stdout, type=dict[str, float]).items():
                    figures[f"{form} / {size} {kind} / {name}"] = value
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")


if __name__ == "__main__":
    main()
