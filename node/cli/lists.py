"""``hanse lists``: public lists and publication metadata as evidence to look at. No list comes with the node."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from node.cli.identify import identify
from node.cli.open import DEFAULT_DATA, EXIT_OPERATOR, OUT, DataOption, node
from node.clock import day_of
from node.domain.lists import Columns, ListAbout, ListReport
from node.errors import Code, HanseError
from node.subjects.list_files import read_entities, read_table
from node.subjects.lists import import_list
from node.subjects.publications import YEARS, import_publications

_EVERYBODY = "*"

app = typer.Typer(help="Public lists and publication metadata.", no_args_is_help=True)


class Format(StrEnum):
    """How a list is written."""

    CSV = "csv"
    FTM = "ftm"


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="The list: CSV, or FollowTheMoney entities as NDJSON.", exists=True)],
    name: Annotated[str, typer.Option("--name", help="What the list is called. The same name is the same list.")],
    publisher: Annotated[str, typer.Option("--publisher", help="Who publishes it.")],
    effect: Annotated[str, typer.Option("--effect", help="What a listing legally means, where entries do not say.")],
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.CSV,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="CSV: MEANING=COLUMN; meanings: name, entry, listed, effect, link, kind, ror, lei, other schemes.",
        ),
    ] = None,
    organisation: Annotated[
        list[str] | None,
        typer.Option("--organisation", help="CSV: a value of the kind column that means one; * where all rows are."),
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Import an edition of a list: organisations only, tied by identifier or left for a person to confirm."""
    about = ListAbout(name.strip(), publisher.strip(), effect.strip())
    columns = None if form is Format.FTM else _columns(column or [], organisation or [])
    items = read_entities(file) if columns is None else read_table(file, columns)
    with node(data) as runtime, runtime.database.write() as tx:
        report = import_list(tx, about, items, runtime.clock.now())
    show(report)
    if report.refusals:
        raise typer.Exit(EXIT_OPERATOR)


@app.command()
def publications(
    file: Annotated[Path, typer.Argument(help="OpenAlex works, one JSON object a line, plain or gzip.", exists=True)],
    subject: Annotated[str, typer.Option("--subject", help="The organisation: a name or an identifier.")],
    topic: Annotated[str, typer.Option("--topic", help="A topic or field, as OpenAlex names it; empty for all.")] = "",
    until: Annotated[int, typer.Option("--until", help="The last of the five years; 0 is this year.")] = 0,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Count with whom an organisation publishes and who pays, over five years. Authors are never read."""
    with node(data) as runtime, runtime.database.write() as tx:
        found = identify(tx, subject)
        if found is None:
            raise HanseError(
                Code.NOT_FOUND, "this is not exactly one organisation here.", remedy="Give its identifier."
            )
        last_year = until or day_of(runtime.clock.now()).year
        report = import_publications(tx, file, found.id, topic, last_year=last_year)
    OUT.print(
        f"{report.read:,} works read, {report.used:,} of {found.label} in {report.first_year} to {report.last_year}:"
        f" {report.partners:,} organisations published with, {report.funders:,} funders. {report.refused:,} refused.",
        markup=False,
    )
    OUT.print(f"Evidence to look at, over {YEARS} years; no finding, and no author was read.")


def show(report: ListReport) -> None:
    """Print what became of every entry."""
    OUT.print(
        f"{report.read:,} read: {report.added:,} added, {report.changed:,} changed, {report.unchanged:,} unchanged,"
        f" {report.ended:,} no longer listed, {report.refusals:,} refused."
    )
    OUT.print(
        f"Dropped while reading: {report.persons:,} persons, {report.unclear:,} that may be persons,"
        f" {report.other:,} that are no organisations."
    )
    OUT.print(
        f"On the list now: {report.identified:,} tied by an identifier, {report.pending:,} to be confirmed by a person"
        " (Partners, Public lists)."
    )
    for position, reason in report.refused:
        OUT.print(f"  {position}: {reason}", markup=False)


def _columns(said: list[str], organisations: list[str]) -> Columns:
    """The mapping; refuses one that would let persons in."""
    meant = {}
    for each in said:
        meaning, separator, column = each.partition("=")
        if not separator or not column:
            raise HanseError(Code.INVALID, f"{each!r} is not MEANING=COLUMN.")
        meant[meaning.strip()] = column.strip()
    if "name" not in meant:
        raise HanseError(Code.INVALID, "no column is given for the name.", remedy="Add --column name=COLUMN.")
    everybody = organisations == [_EVERYBODY]
    if everybody == ("kind" in meant) or not organisations:
        raise HanseError(
            Code.INVALID,
            "it is not said which rows are organisations.",
            remedy="Give --column kind=COLUMN with --organisation VALUE; or --organisation '*' where none is a person.",
        )
    own = {key: meant.pop(key, "") for key in ("name", "entry", "listed", "effect", "link", "kind")}
    return Columns(**own, organisations=() if everybody else tuple(organisations), identifiers=meant)
