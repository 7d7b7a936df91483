"""``hanse subjects``: load the registry and search it."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from node.cli.match import match
from node.cli.open import DEFAULT_DATA, ERR, OUT, DataOption, node
from node.domain.subjects import LoadProgress, LoadReport
from node.storage.database import Database
from node.subjects.find import search as find
from node.subjects.identifiers import add_identifiers
from node.subjects.load import load as load_registry
from node.subjects.matching.store import FOLDER, keep

app = typer.Typer(help="Load and search the registry of organisations.", no_args_is_help=True)
app.command(name="match")(match)


@app.command()
def load(
    source: Annotated[
        Path,
        typer.Argument(help="The official ROR dump (zip or JSON), or a .jsonl.gz of its records.", dir_okay=False),
    ],
    data: DataOption = DEFAULT_DATA,
    index: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--index", help="Then build the index of names too, so that no question has to wait for it.")
    ] = False,
) -> None:
    """Load a registry file. Loading it again changes nothing; an older file never overwrites newer records."""
    with node(data) as runtime:
        report = load_with_progress(runtime.database, source)
        if index:
            keep(runtime.database, runtime.settings.data / FOLDER, lambda words: ERR.print(f"{words} …", markup=False))
    OUT.print(
        f"{report.read:,} records read: {report.added:,} added, {report.updated:,} updated,"
        f" {report.unchanged:,} unchanged, {report.kept:,} kept because ours are newer, {report.skipped:,} skipped."
    )
    if report.withdrawn:
        OUT.print(
            f"{report.withdrawn:,} of the added and updated are withdrawn by the registry:"
            " they stay findable and lead on to their successors."
        )
    for skipped in report.examples:
        OUT.print(f"  record {skipped.position}: {skipped.reason}", markup=False)


@app.command()
def identifiers(
    source: Annotated[Path, typer.Argument(help="CSV with the columns subject, scheme, value.", dir_okay=False)],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Add LEIs and numbers in national registers to organisations that the node knows. Twice changes nothing."""
    with node(data) as runtime:
        report = add_identifiers(runtime.database, source)
    OUT.print(
        f"{report.read:,} rows read: {report.added:,} added, {report.unchanged:,} unchanged,"
        f" {report.skipped:,} skipped."
    )
    for skipped in report.examples:
        OUT.print(f"  line {skipped.position}: {skipped.reason}", markup=False)


def load_with_progress(database: Database, source: Path) -> LoadReport:
    """Load with a progress bar on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=ERR, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("registry", total=None)

        def update(progress: LoadProgress) -> None:
            bar.update(task, completed=progress.done_bytes, total=progress.total_bytes)

        return load_registry(database, source, update)


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="A name in any language and script, or an identifier.")],
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many to show.")] = 10,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Find organisations, best match first."""
    with node(data) as runtime, runtime.database.read() as tx:
        hits = find(tx, text, limit)
    if not hits:
        OUT.print("nothing found: that says nothing of the organisation, only of the registry loaded here.")
        return
    table = Table(Column("identifier", no_wrap=True), "name", "place", "type", "matched", box=None)
    for hit in hits:
        place = ", ".join(part for part in (hit.place, hit.country) if part)
        table.add_row(hit.id, hit.label, place, ", ".join(hit.types), hit.matched if hit.matched != hit.label else "")
    OUT.print(table)
