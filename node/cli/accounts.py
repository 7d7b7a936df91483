"""``hanse accounts``: who may sign in, and tokens for programs."""

from typing import Annotated, Final

import typer
from rich.table import Table

from node.accounts.access_log import record_access
from node.accounts.manage import create_account, find_account, list_accounts, renew_setup_link
from node.accounts.second_factor import reset
from node.accounts.tokens import MAX_DAYS, issue_token
from node.cli.open import DEFAULT_DATA, OUT, DataOption, node
from node.domain.accounts import Account, Permission, Principal, Role, SetupLink, permissions_of
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage.database import Transaction
from node.storage.vault import Vault

POOL_SCOPES: Final = frozenset(
    {Permission.SUBJECTS_READ, Permission.POOL_READ, Permission.POOL_EXPORT, Permission.CIRCLES_READ}
)
"""What an analyst's program needs. Casework is for people, who sign in."""

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


@app.command()
def token(
    login: Annotated[str, typer.Argument(help="The account for which a program will act.")],
    name: Annotated[str, typer.Option(help="What the token is for.")],
    days: Annotated[int, typer.Option(min=1, max=MAX_DAYS, help="How long it is valid.")] = 90,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Print an API token that may read what the account may read in the pool, and nothing else."""
    with node(data) as runtime, runtime.database.write() as tx:
        OUT.print(issue(tx, runtime, login, name=name, days=days), soft_wrap=True)


def issue(tx: Transaction, runtime: Runtime, login: str, *, name: str, days: int) -> str:
    """An API token for reading the pool."""
    account = require_account(tx, runtime.vault, login, Permission.POOL_READ)
    allowed = permissions_of(account.roles) & POOL_SCOPES
    principal = Principal(account.id, account.login, account.display_name, account.roles, allowed, None, None)
    now = runtime.clock.now()
    return issue_token(tx, runtime.vault, principal, name=name, permissions=allowed, days=days, now=now).token


@app.command("reset-second-factor")
def reset_second_factor(
    login: Annotated[str, typer.Argument(help="Whose authenticator was lost.")], data: DataOption = DEFAULT_DATA
) -> None:
    """Take somebody's second factor off and end their sessions."""
    with node(data) as runtime, runtime.database.write() as tx:
        account = find_account(tx, runtime.vault, login)
        if account is None:
            raise HanseError(Code.NOT_FOUND, f"there is no account {login!r}.", remedy="See `hanse accounts list`.")
        had = reset(tx, account.id)
        record_access(tx, runtime.vault, None, "second-factor-reset", account.id, runtime.clock.now())
    OUT.print(f"{login} signs in with the password alone now." if had else f"{login} had no second factor.")


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


def require_account(tx: Transaction, vault: Vault, login: str, permission: Permission) -> Account:
    """The account in whose name a command acts; raises ``NOT_FOUND`` or ``FORBIDDEN``.

    Whoever can run commands on the node's machine can name any account: the command line is for its operators.
    """
    account = find_account(tx, vault, login)
    if account is None or account.disabled:
        raise HanseError(Code.NOT_FOUND, f"there is no open account {login!r}.", remedy="See `hanse accounts list`.")
    if permission not in permissions_of(account.roles):
        raise HanseError(
            Code.FORBIDDEN, f"{login} has no role with {permission.value}.", remedy="Name another account with --as."
        )
    return account
