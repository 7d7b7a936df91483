"""``hanse ledger``: recompute everything from stored bytes, and hand a log to somebody else."""

from pathlib import Path
from typing import Annotated, Final

import typer

from node import circles
from node.accounts.access_log import record_access, verify_access_log
from node.cli.open import DEFAULT_DATA, EXIT_OURS, OUT, DataOption, argument, node, progress
from node.clock import day_of
from node.ledger.check import Damage, Progress
from node.ledger.check import check as check_ledger
from node.ledger.export import export as export_log
from node.publishing.applied import Standing, act_on
from node.sync import confirm_own_log
from node.sync.restore import NobodyAnsweredError, allow_alone
from protocol.identifiers import parse_circle_id, parse_key_id, parse_statement_id

app = typer.Typer(help="The logs of this node.", no_args_is_help=True)
STANDINGS: Final[dict[Standing, str]] = {
    "applied": "applied",
    "waiting": "not yet",
    "unreachable": "cannot be reached; last heard of",
}


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


@app.command()
def receipts(
    circle: Annotated[str, typer.Argument(help="The circle.")],
    statement: Annotated[str, typer.Argument(help="A statement of ours that was corrected, retracted or erased.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Say which members have applied the last thing that was done to a statement of ours."""
    with node(data) as runtime, runtime.database.read() as tx:
        act = act_on(tx, argument(parse_circle_id, circle), argument(parse_statement_id, statement))
    if act is None:
        OUT.print("nothing was done to such a statement of ours in this circle.")
        raise typer.Exit(EXIT_OURS)
    OUT.print(f"{act.kind} at entry {act.index}")
    for each in act.members:
        when = f" ({day_of(each.since).isoformat()})" if each.since is not None else ""
        OUT.print(f"{each.name}: {STANDINGS[each.standing]}{when}", markup=False)


@app.command()
def confirm(
    circle: Annotated[str, typer.Option(help="The circle.")],
    alone: Annotated[  # noqa: FBT002  # an option of the command line
        bool,
        typer.Option(
            "--nobody-else-answers",
            help="Where no member can be reached: let the next start sign within the hour. Never after a restore.",
        ),
    ] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Compare our own log with what members hold of it, and take back what is missing, as is done before publishing."""
    with node(data) as runtime:
        name = argument(parse_circle_id, circle)
        with runtime.database.read() as tx:
            roster = circles.roster(tx, name)
        try:
            found = confirm_own_log(runtime, name)
        except NobodyAnsweredError:
            if not alone:
                raise
            with runtime.database.write() as tx:
                allow_alone(runtime.settings, roster, tx, runtime.clock.now())
                record_access(tx, runtime.vault, None, "own-log-override", name, runtime.clock.now())
            OUT.print(
                "Nobody answered. The next process that publishes in this circle within the hour may sign on our log "
                "as it is now. If this node was restored from a backup, remove the folder `run` and wait for a member."
            )
            return
    OUT.print(
        f"{found.answered} of {found.asked} members asked have answered; {found.recovered:,} entries of our own log "
        f"were taken back; it holds {found.size:,}."
    )
