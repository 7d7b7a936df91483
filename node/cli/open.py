"""Opening the node that a command works on, and saying what went wrong in words and an exit code."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer
from rich.console import Console

from node import config
from node.app import build
from node.errors import Code, HanseError
from node.runtime import Runtime
from protocol.errors import Fault, ProtocolError

DataOption = Annotated[
    Path, typer.Option("--data", envvar="HANSE_DATA", help="The folder of the node.", show_default=True)
]
DEFAULT_DATA: Final = Path("hanse-data")

_T = TypeVar("_T")

EXIT_OURS: Final = 1
EXIT_OPERATOR: Final = 2
EXIT_PEER: Final = 3

OUT: Final = Console(highlight=False)
ERR: Final = Console(stderr=True, highlight=False)


@contextmanager
def node(data: Path) -> Iterator[Runtime]:
    """The node in this folder, closed again when the command ends."""
    runtime = build(config.load(data))
    try:
        yield runtime
    finally:
        runtime.database.close()


def fail(error: HanseError | ProtocolError) -> int:
    """Print an error for a person and return the exit code that says who has to act."""
    remedy = error.remedy if isinstance(error, HanseError) else ""
    ERR.print(f"hanse: {error.detail} {remedy}".rstrip(), markup=False, soft_wrap=True)
    ERR.print(f"       ({error.code})", markup=False)
    match error.fault:
        case Fault.OURS:
            return EXIT_OURS
        case Fault.OPERATOR:
            return EXIT_OPERATOR
        case Fault.PEER:
            return EXIT_PEER


def argument(parse: Callable[[str], _T], text: str) -> _T:
    """An identifier typed on the command line: whoever typed it can mend it."""
    try:
        return parse(text)
    except ProtocolError as error:
        raise HanseError(
            Code.INVALID, f"{text!r} is {error.detail}.", remedy="Copy it whole, without spaces."
        ) from error


def progress(done: int, *, what: str, total: int = 0) -> None:
    """One line on a terminal that counts up; nothing where standard error is not one."""
    if sys.stderr.isatty():
        of = f" of {total:,}" if total else ""
        sys.stderr.write(f"\r{done:,}{of} {what}\x1b[K")
        sys.stderr.flush()
