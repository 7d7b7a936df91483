"""``make bench``: every benchmark, each in a process of its own, and one table of what was seen.

Each part measures its limit in the same run, on the same machine; quote ratios, not single times. The registry part
needs the shared data and says so where it is not there. ``--write`` puts the table into ``docs/performance.md``,
``--million`` measures queries, exports and upkeep among a million findings too. The pools for these are made the first
time and kept (:mod:`tests.bench.pool`): on two idle cores that takes a quarter of an hour, with the million an hour
and a half and eight gigabytes.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from tests.support import ROOT

PARTS: Final = (
    ("Wire types: one finding decoded, encoded and compared, in microseconds", "wire_types"),
    ("Log: entries accepted into a replica, in memory", "log"),
    ("Replication: published, then pulled over HTTP, verified and stored", "replication"),
    ("Dossiers among 100,000 findings", "dossier"),
    ("Queries in pools of findings, in milliseconds", "queries"),
    ("Exports of pools of findings", "exports"),
    ("Upkeep of pools of findings", "upkeep"),
    ("Registry: load and search", "subjects"),
    ("Paths among 130,000 subjects and 200,000 edges", "paths"),
    ("Name resolution on the development data", "names"),
)
_ON_POOLS: Final = {"queries", "exports", "upkeep"}
_SIZES: Final = ("10k", "100k")
DOCUMENT: Final = ROOT / "docs" / "performance.md"
_SEPARATOR: Final = " / "
_START: Final = "<!-- figures -->\n"


def main(arguments: list[str]) -> None:
    """Run every part and print; the parts that fail are named, and the exit code says so."""
    text, failed = [f"Measured with {os.cpu_count()} cores, Python {platform.python_version()}.\n"], False
    for title, module in PARTS:
        sys.stderr.write(f"{title} …\n")
        sizes = (*_SIZES, "1m") if "--million" in arguments else _SIZES
        figures = _measure(module, *(sizes if module in _ON_POOLS else ()))
        failed = failed or figures is None
        text.append(_table(title, module, figures))
    report = "\n".join(text)
    sys.stdout.write(report)
    if "--write" in arguments:
        _write(DOCUMENT, report)
    sys.exit(int(failed))


def _measure(module: str, *given: str) -> dict[str, float] | None:
    """The figures of one part, or None where it failed; each part prints one JSON object."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *given]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)  # noqa: S603
    if done.returncode:
        return None
    return msgspec.json.decode(done.stdout, type=dict[str, float])


def _table(title: str, module: str, figures: dict[str, float] | None) -> str:
    if figures is None:
        return f"## {title}\n\nNot measured: `python -m tests.bench.{module}` failed.\n"
    head = f"## {title}\n\n`python -m tests.bench.{module}`\n\n"
    if all(name.count(_SEPARATOR) == 2 for name in figures):
        return head + _crossed(figures)
    rows = "".join(f"| {name.replace('_', ' ')} | {value:,.10g} |\n" for name, value in figures.items())
    return f"{head}| figure | value |\n| --- | ---: |\n{rows}"


def _crossed(figures: dict[str, float]) -> str:
    """A row for what was measured where, a column for each figure of it."""
    columns: dict[str, None] = {}
    rows: dict[tuple[str, str], dict[str, float]] = {}
    for name, value in figures.items():
        what, where, figure = name.split(_SEPARATOR)
        rows.setdefault((what, where), {})[figure] = value
        columns[figure] = None
    lines = [f"| | pool | {' | '.join(columns)} |", f"| --- | --- | {' | '.join('---:' for _ in columns)} |"]
    for (what, where), found in rows.items():
        cells = (f"{found[each]:,.10g}" if each in found else "" for each in columns)
        lines.append(f"| {what} | {where} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _write(document: Path, report: str) -> None:
    head, mark, _ = document.read_text("utf-8").partition(_START)
    document.write_text(head + mark + report, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
