"""``make bench``: every benchmark, each in a process of its own, and one table of what was seen.

Each part measures its limit in the same run, on the same machine; quote ratios, not single times. The registry part
needs the shared data and says so where it is not there. ``--write`` puts the table into ``docs/performance.md``.
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
    ("Registry: load and search", "subjects"),
    ("Paths among 130,000 subjects and 200,000 edges", "paths"),
    ("Name resolution on the development data", "names"),
)
DOCUMENT: Final = ROOT / "docs" / "performance.md"
_START: Final = "<!-- figures -->\n"


def main(arguments: list[str]) -> None:
    """Run every part and print; the parts that fail are named, and the exit code says so."""
    text, failed = [f"Measured with {os.cpu_count()} cores, Python {platform.python_version()}.\n"], False
    for title, module in PARTS:
        sys.stderr.write(f"{title} …\n")
        figures = _measure(module)
        failed = failed or figures is None
        text.append(_table(title, module, figures))
    report = "\n".join(text)
    sys.stdout.write(report)
    if "--write" in arguments:
        _write(DOCUMENT, report)
    sys.exit(int(failed))


def _measure(module: str) -> dict[str, float] | None:
    """The figures of one part, or None where it failed; each part prints one JSON object."""
    command = [sys.executable, "-m", f"tests.bench.{module}"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)  # noqa: S603
    if done.returncode:
        return None
    return msgspec.json.decode(done.stdout, type=dict[str, float])


def _table(title: str, module: str, figures: dict[str, float] | None) -> str:
    if figures is None:
        return f"## {title}\n\nNot measured: `python -m tests.bench.{module}` failed.\n"
    rows = "".join(f"| {name.replace('_', ' ')} | {value:,.10g} |\n" for name, value in figures.items())
    return f"## {title}\n\n`python -m tests.bench.{module}`\n\n| figure | value |\n| --- | ---: |\n{rows}"


def _write(document: Path, report: str) -> None:
    head, mark, _ = document.read_text("utf-8").partition(_START)
    document.write_text(head + mark + report, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
