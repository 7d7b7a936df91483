"""``hanse``: the whole command line. Each command prints what it did; every failure says what to do."""

import sys

import typer

from node.cli import (
    accounts,
    assessments,
    briefing,
    circle,
    demo,
    doctor,
    dossier,
    export,
    findings,
    identity,
    ledger,
    lists,
    operate,
    peer,
    persons,
    privacy,
    subjects,
    take_out,
    tokens,
)
from node.cli.open import fail
from node.errors import HanseError
from protocol.errors import ProtocolError

app = typer.Typer(
    name="hanse",
    help="A node of the Hanse: private assessments inside, signed findings exchanged with the members of a circle.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(name="init")(operate.init)
app.command(name="serve")(operate.serve)
app.command(name="sync")(operate.sync)
app.command(name="migrate")(operate.migrate_database)
app.command(name="dossier")(dossier.dossier)
app.command(name="export")(export.export)
app.command(name="briefing")(briefing.briefing)
app.command(name="take-out")(take_out.take_out)
app.command(name="doctor")(doctor.doctor)
app.command(name="demo")(demo.demo)
app.add_typer(accounts.app, name="accounts")
app.add_typer(circle.app, name="circle")
app.add_typer(identity.app, name="identity")
app.add_typer(peer.app, name="peer")
app.add_typer(subjects.app, name="subjects")
app.add_typer(assessments.app, name="assessments")
app.add_typer(findings.app, name="findings")
app.add_typer(ledger.app, name="ledger")
app.add_typer(lists.app, name="lists")
app.add_typer(persons.app, name="persons")
app.add_typer(privacy.app, name="privacy")
app.add_typer(tokens.app, name="tokens")


def run() -> None:
    """Entry point: errors become words and exit codes, never a traceback."""
    try:
        app()
    except (HanseError, ProtocolError) as error:
        sys.exit(fail(error))
