"""``hanse ledger``: recompute everything from stored bytes, and hand a log to somebody else."""

from pathlib import Path
from typing import Annotated

import typer

from node import circles
from node.accounts.access_log import verify_access_log
from node.cli.open import DEFAULT_DATA, EXIT_OURS, OUT, DataOption, argument, node, progress
from node.ledger.check import Damage, Progress
from node.ledger.check import check as check_ledger
from node.ledger.export import export as export_log
from protocol.identifiers import parse_circle_id, parse_key_id

app = typer.Typer(help="The logs of this node.", no_args_is_help=True)


@app.command()
def check(data: DataOption = DEFAULT_DATA) -> None:
    """Recompute every hash, tile, checkpoint, signature and projection, and the access log; name what differs."""
    damaged = entries = 0
    with node(data) as runtime:
        for event in check_ledger(runtime.database, runtime.clock.now()):
            match event:
                case Progress(done=done, size=size):
                    entries += done if done == size else 0
                    progress(done, what="entries", total=size)
                case Damage():
                    damaged += 1
                    where = f"entry {event.index} of " if event.index is not None else ""
                    OUT.print(f"{where}log {event.contributor}: {event.what}. {event.remedy}", markup=False)
        with runtime.database.read() as tx:
            access = verify_access_log(tx, runtime.vault)
    if not access.intact:
        damaged += 1
        OUT.print(f"the access log was changed at row {access.broken_at or access.entries}.")
    if damaged:
        raise typer.Exit(EXIT_OURS)
    OUT.print(f"{entries:,} entries and {access.entries:,} lines of the access log are what they were.")


@app.command()
def export(
    circle: Annotated[str, typer.Argument(help="The circle.")],
    target: Annotated[Path, typer.Argument(help="The zip file to write; it must not exist.")],
    contributor: Annotated[str, typer.Option(help="Whose log; our own if not given.")] = "",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Write one log as a file that anybody can verify without this program. Its content is for members only."""
    with node(data) as runtime, runtime.database.read() as tx:
        roster = circles.roster(tx, argument(parse_circle_id, circle))
        with target.open("xb") as file:
            written = export_log(tx, roster, argument(parse_key_id, contributor) if contributor else roster.own, file)
    OUT.print(f"{written:,} entries written to {target}.")
