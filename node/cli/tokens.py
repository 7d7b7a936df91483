"""``hanse tokens``: the keys of an operator of person tokens. Looking somebody up is for people, on pages."""

from typing import Annotated

import typer
from rich.table import Table

from node import circles
from node.accounts.access_log import record_access
from node.circles import token_keys
from node.cli.open import DEFAULT_DATA, OUT, DataOption, argument, node
from node.errors import Code, HanseError
from node.ledger import operator_keys
from node.sync.restore import confirm_own_log
from protocol.identifiers import parse_circle_id

app = typer.Typer(help="Keep the keys of an operator of person tokens.", no_args_is_help=True)
_Circle = Annotated[str, typer.Argument(help="The circle's identifier; see `hanse circle show`.")]


@app.command()
def keys(circle: _Circle, data: DataOption = DEFAULT_DATA) -> None:
    """Show the operators of a circle, and for which epochs each has published a key."""
    at = argument(parse_circle_id, circle)
    with node(data) as runtime, runtime.database.read() as tx:
        found = token_keys.state(tx, at)
        if found is None:
            raise HanseError(Code.NOT_FOUND, "the charter of this circle names no operators of person tokens.")
        table = Table("operator", "epochs", "private keys here", box=None)
        for operator in found.operators:
            name = operator.member.name if operator.member else "no member any more"
            held = [
                str(epoch)
                for epoch in operator.published
                if operator.own and operator_keys.load(runtime.settings, at, epoch) is not None
            ]
            table.add_row(name, ", ".join(map(str, operator.published)) or "none", ", ".join(held))
    OUT.print(table)
    current = found.current
    OUT.print(f"New tokens are made in epoch {current.epoch}." if current else "No token can be made yet.")


@app.command("new-key")
def new_key(circle: _Circle, data: DataOption = DEFAULT_DATA) -> None:
    """Draw a key for the next epoch and publish its public half. Back up the folder of keys afterwards."""
    at = argument(parse_circle_id, circle)
    with node(data) as runtime:
        now = runtime.clock.now()
        with runtime.database.read() as tx:
            circles.roster(tx, at).own_member()
        confirm_own_log(runtime, at)
        with runtime.database.write() as tx:
            appended = token_keys.publish_key(tx, runtime.keyring, runtime.settings, at, now)
            record_access(tx, runtime.vault, None, "token-key-published", at, now)
    OUT.print(f"entry {appended.index} of the log {appended.contributor}.")
