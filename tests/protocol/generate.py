"""Write the schemas and test vectors again, from fixed seeds: ``python -m tests.protocol.generate [--check]``.

Every module ``tests/protocol/vectors_<room>.py`` exposes ``FILES``: a path below ``schemas/`` to a function that
returns the file's bytes. With ``--check`` nothing is written; the exit code is 1 if a file differs, is missing,
or stands in ``schemas/v1`` or ``schemas/vectors`` without being generated, and each is named.
"""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import tests.protocol
from tests.support import ROOT

SCHEMAS: Final = ROOT / "schemas"
GENERATED: Final = ("v1", "vectors")
"""Folders below ``schemas/`` in which every file is generated."""
_PREFIX: Final = "vectors_"


def generators() -> dict[str, Callable[[], bytes]]:
    """Every generated file by its path below ``schemas/``; refuses a path that two modules claim."""
    found: dict[str, Callable[[], bytes]] = {}
    for module in pkgutil.iter_modules(tests.protocol.__path__):
        if not module.name.startswith(_PREFIX):
            continue
        files: dict[str, Callable[[], bytes]] = importlib.import_module(f"tests.protocol.{module.name}").FILES
        if twice := found.keys() & files.keys():
            raise ValueError(f"{module.name} generates again: {sorted(twice)}")
        found |= files
    return found


def differences(root: Path = SCHEMAS) -> list[str]:
    """What is not as it would be generated, one line for each file."""
    expected = generators()
    lines = []
    for name, make in sorted(expected.items()):
        path = root / name
        if not path.exists():
            lines.append(f"missing: {name}")
        elif path.read_bytes() != make():
            lines.append(f"differs: {name}")
    present = {p.relative_to(root).as_posix() for f in GENERATED for p in (root / f).rglob("*") if p.is_file()}
    lines += [f"not generated: {name}" for name in sorted(present - expected.keys())]
    return lines


def write(root: Path = SCHEMAS) -> int:
    """Write every file; returns their number."""
    made = generators()
    for name, make in made.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make())
    return len(made)


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.protocol.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and name every file that differs")
    if parser.parse_args(arguments).check:
        lines = differences()
        sys.stdout.writelines(f"{line}\n" for line in lines)
        return 1 if lines else 0
    sys.stdout.write(f"{write()} files written below {SCHEMAS.name}/\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
