"""``hanse subjects match``: the organisations that names or affiliations in a file mean."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec
import typer

from node.cli.open import DEFAULT_DATA, ERR, OUT, DataOption, node, progress
from node.errors import Code, HanseError
from node.subjects.matching import Match, Matcher, Mode, matches
from node.subjects.matching.files import read_registry
from node.subjects.matching.index import Index, gather
from node.subjects.matching.places import load as load_places
from node.subjects.matching.resolve import matcher
from node.subjects.matching.store import FOLDER, open_index

MAX_LINE_BYTES: Final = 65_536
"""One line of the input, in bytes of JSON: far above the longest text that is matched."""
MAX_ID_CHARACTERS: Final = 500
SHOWN_LINES: Final = 20
"""Bad lines that are described; the rest are counted."""
_EVERY: Final = 100


class _Asked(msgspec.Struct):
    """One line of the input; further members are ignored."""

    id: Annotated[str | int, msgspec.Meta()]
    affiliation: str


class _Offered(msgspec.Struct):
    id: str
    name: str
    score: float
    why: str


class _Answer(msgspec.Struct):
    """One line of the output."""

    id: str | int
    ror_ids: list[str]
    suggestions: list[_Offered]


_ASKED: Final = msgspec.json.Decoder(_Asked)
_ENCODER: Final = msgspec.json.Encoder()


def match(
    source: Annotated[Path, typer.Option("--in", help="NDJSON: id and affiliation in each line.", dir_okay=False)],
    target: Annotated[Path, typer.Option("--out", help="Where the answers are written, NDJSON.", dir_okay=False)],
    registry: Annotated[
        list[Path] | None,
        typer.Option("--registry", help="Registry files to match against, instead of a node's registry."),
    ] = None,
    mode: Annotated[Mode, typer.Option(help="Which links are made; docs/names.md explains both.")] = "safe",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Find the organisations that names or whole affiliations mean.

    Links are made only where that is safe; everything else is a suggestion with its reason. A line that cannot be
    read is reported with its number, and the others are kept. The output is written whole or not at all.
    """
    if not source.is_file():
        raise HanseError(Code.BAD_FILE, f"there is no file {source}.", remedy="Name an NDJSON file with --in.")
    having = _of_files(registry) if registry else _of_node(data)
    done = linked = bad = 0
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    with ExitStack() as undo:
        undo.callback(part.unlink, missing_ok=True)
        with source.open("rb") as lines, part.open("xb") as out:
            for number, line in _lines(lines):
                answer = line if isinstance(line, str) else _answer(having, line, mode)
                if isinstance(answer, str):
                    bad += 1
                    if bad <= SHOWN_LINES:
                        ERR.print(f"line {number}: {answer}", markup=False)
                    continue
                done, linked = done + 1, linked + bool(answer.ror_ids)
                out.write(_ENCODER.encode(answer) + b"\n")
                if done % _EVERY == 0:
                    progress(done, what="texts")
        part.replace(target)
    more = f" ({bad - SHOWN_LINES:,} more not shown)" if bad > SHOWN_LINES else ""
    OUT.print(f"{done:,} texts matched, {linked:,} of them linked; {bad:,} lines could not be read{more}.")


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | str]]:
    """Lines with their numbers; a line that is too long comes as the words that say so. Blank lines are no lines."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE_BYTES)
            yield number, f"longer than {MAX_LINE_BYTES:,} bytes."
        elif line.strip():
            yield number, line


def _answer(having: Matcher, line: bytes, mode: Mode) -> _Answer | str:
    try:
        asked = _ASKED.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return f"not a JSON object with id and affiliation: {error}"
    if len(str(asked.id)) > MAX_ID_CHARACTERS:
        return f"an id of more than {MAX_ID_CHARACTERS} characters."
    try:
        found: Match = matches(having, asked.affiliation, mode)
    except HanseError as error:
        return error.detail
    return _Answer(
        id=asked.id,
        ror_ids=[each.address for each in found.links],
        suggestions=[_Offered(each.address, each.name, each.score, each.why) for each in found.suggestions],
    )


def _of_files(paths: list[Path]) -> Matcher:
    for path in paths:
        if not path.is_file():
            raise HanseError(Code.BAD_FILE, f"there is no file {path}.", remedy="Name a registry file.")

    def note(read: int) -> None:
        progress(read, what="records")

    index = Index(gather(read_registry(paths, note), load_places().names))
    if not len(index):
        raise HanseError(Code.BAD_FILE, "the registry files hold no organisation.", remedy="Fetch them again.")
    return matcher(index)


def _of_node(data: Path) -> Matcher:
    with node(data) as runtime:
        folder = runtime.settings.data / FOLDER
        index = open_index(runtime.database, folder, lambda words: ERR.print(f"{words} …", markup=False))
    if not len(index):
        raise HanseError(
            Code.NOT_FOUND,
            "the node's registry is empty.",
            remedy="Load one with `hanse subjects load`, or use --registry.",
        )
    return matcher(index)


__all__ = ["match"]
