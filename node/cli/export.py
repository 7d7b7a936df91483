"""``hanse export``: pooled statements as a file, through the same gate as everywhere."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Annotated, cast, get_args

import typer

from node.accounts.access_log import record_access
from node.cli.open import DEFAULT_DATA, ERR, DataOption, node
from node.domain.exports import Format
from node.errors import Code, HanseError
from node.insight import export as exports
from node.insight.asking import read_question
from node.insight.handling import Taker


def export(
    target: Annotated[str, typer.Argument(help="The file to write, or - for standard output (NDJSON).")],
    form: Annotated[str, typer.Option("--format", help="ndjson, csv or parquet; else as the file is called.")] = "",
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="name=value, as the API has them, such as indicator=gov-opaque-control; repeat."),
    ] = None,
    audience: Annotated[str, typer.Option("--for", help="institution, partners or public.")] = "institution",
    as_of: Annotated[str, typer.Option(help="A place of the feed: statements as they stood then.")] = "",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Write pooled statements to a file, each with its handling mark."""
    chosen = cast("Format", _one_of(form or ("ndjson" if target == "-" else Path(target).suffix[1:]), Format, "format"))
    taker = cast("Taker", _one_of(audience, Taker, "audience"))
    with node(data) as runtime:
        with runtime.database.read() as tx:
            wanted = read_question(tx, runtime.vocabulary, _question(filters or ()))
            cover = exports.begin(
                tx, wanted, institution=runtime.settings.name, audience=taker, clock=runtime.clock, as_of=as_of
            )
        with ExitStack() as stack:
            file = sys.stdout.buffer if target == "-" else stack.enter_context(_new(Path(target)))
            with runtime.database.write() as tx:
                # Whoever works on the machine itself is no account.
                what = f"{chosen}/{taker}/{cover.position}"
                record_access(tx, runtime.vault, None, exports.ACTION, what, runtime.clock.now())
            for piece in exports.write(runtime.database, runtime.clock, wanted, cover, taker, chosen):
                file.write(piece)
    ERR.print(f"{cover.marks} Position {cover.position}.", markup=False)


def _new(path: Path) -> IO[bytes]:
    try:
        return path.open("xb")
    except OSError as error:
        raise HanseError(
            Code.BAD_FILE, f"{path} cannot be written: {error.strerror}.", remedy="Name a file that is not there yet."
        ) from error


def _question(filters: Sequence[str]) -> dict[str, list[str]]:
    question: dict[str, list[str]] = {}
    for each in filters:
        name, equals, value = each.partition("=")
        if not equals:
            raise HanseError(Code.INVALID, f"{each!r} is no filter.", remedy="Write it as name=value.")
        question.setdefault(name, []).append(value)
    return question


def _one_of(text: str, values: object, what: str) -> str:
    known = get_args(values)
    if text not in known:
        raise HanseError(Code.INVALID, f"{text!r} is no {what}.", remedy=f"One of {', '.join(known)}.")
    return text
