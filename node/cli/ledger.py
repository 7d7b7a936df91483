"""``hanse ledger``: recompute everything from stored bytes, and hand a log to somebody else."""

import typer

app = typer.Typer(help="The logs of this node.", no_args_is_help=True)
