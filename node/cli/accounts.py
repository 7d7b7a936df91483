"""``hanse accounts``: who may sign in, and tokens for programs."""

from typing import Annotated

import typer
from rich.table import Table

from node.accounts.manage import create_account, find_account, list_accounts, renew_setup_link
from node.cli.open import DEFAULT_DATA, OUT, DataOption, node
from node.domain.accounts import Role, SetupLink
from node.errors import Code, HanseError
from node.runtime import Runtime

app = typer.Typer(help="Manage who may sign in.", no_args_is_help=True)


@app.command()
def add(
    login: Annotated[str, typer.Argument(help="The name to sign in with.")],
    role: Annotated[list[Role], typer.Option(help="A role; may be given several times.")],
    name: Annotated[str, typer.Option(help="The name that colleagues at this node see; the login if not given.")] = "",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Create an account and print the one-time link with which its owner sets a password."""
    with node(data) as runtime:
        with runtime.database.write() as tx:
            now = runtime.clock.now()
            _, link = create_account(
                tx, runtime.vault, login=login, display_name=name or login, roles=frozenset(role), now=now
            )
        OUT.print(setup_url(runtime, link), soft_wrap=True)


@app.command("link")
def renew(
    login: Annotated[str, typer.Argument(help="The account.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Print a fresh one-time link for a new or forgotten password."""
    with node(data) as runtime:
        with runtime.database.write() as tx:
            account = find_account(tx, runtime.vault, login)
            if account is None:
                raise HanseError(Code.NOT_FOUND, f"there is no account {login!r}.", remedy="See `hanse accounts list`.")
            link = renew_setup_link(tx, account.id, runtime.clock.now())
        OUT.print(setup_url(runtime, link), soft_wrap=True)


@app.command("list")
def show(data: DataOption = DEFAULT_DATA) -> None:
    """List the accounts of this node."""
    table = Table("login", "name", "roles", "state", box=None)
    with node(data) as runtime, runtime.database.read() as tx:
        for account in list_accounts(tx, runtime.vault):
            state = "disabled" if account.disabled else "ready" if account.has_password else "waiting for its owner"
            table.add_row(account.login, account.display_name, ", ".join(sorted(account.roles)), state)
    OUT.print(table)


def setup_url(runtime: Runtime, link: SetupLink) -> str:
    """Where the owner of a new account sets the password."""
    return f"{runtime.settings.base_url}/setup/{link.token}"
