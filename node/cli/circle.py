"""``hanse circle``: cards, charters, joining, and who founded what."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from node import circles, config
from node.circles import Terms
from node.circles.changes import counted
from node.cli import membership
from node.cli.open import DEFAULT_DATA, OUT, DataOption, argument, node
from node.ledger.keyring import Keyring
from protocol.circles import DEFAULT_THRESHOLD, circle_id, encode_charter, encode_signed_charter
from protocol.identifiers import parse_circle_id
from protocol.limits import MAX_RETENTION_DAYS
from protocol.pseudonyms import pseudonym

app = typer.Typer(help="Found, join and show circles.", no_args_is_help=True)

for command in membership.COMMANDS:
    app.command()(command)

CharterFile = Annotated[Path, typer.Argument(help="A charter file.", exists=True, dir_okay=False)]


@app.command()
def card(
    circle: Annotated[str, typer.Option(help="The circle that it is for, where there is one already.")] = "",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Print a fresh card of this node, for whoever drafts a charter, or for members of a circle that exists."""
    settings = config.load(data)
    named = argument(parse_circle_id, circle) if circle else None
    sys.stdout.write(circles.card(Keyring(settings.keys), settings, named).decode("ascii") + "\n")


@app.command()
def create(  # one parameter is one option of the command
    cards: Annotated[list[Path], typer.Argument(help="The founders' cards, this node's among them.", exists=True)],
    name: Annotated[str, typer.Option(help="The circle's name.")],
    purpose: Annotated[str, typer.Option(help="What the members do together.")],
    legal_basis: Annotated[str, typer.Option(help="On which legal basis they exchange findings.")],
    threshold: Annotated[int, typer.Option(help="Contributors below which outsiders see nothing.")] = DEFAULT_THRESHOLD,
    retention_days: Annotated[int, typer.Option(help="The longest life of a statement.")] = MAX_RETENTION_DAYS,
    operator: Annotated[
        list[str] | None,
        typer.Option(help="The address of a founder that evaluates person tokens; none, or at least two."),
    ] = None,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Print a charter drafted from the founders' cards and signed by this node. It goes round to be signed."""
    terms = Terms(
        name=name,
        purpose=purpose,
        legal_basis=legal_basis,
        retention_days=retention_days,
        small_number_threshold=threshold,
        token_operators=tuple(operator or ()),
    )
    contents = [path.read_bytes().strip() for path in cards]
    signed = circles.create(Keyring(config.load(data).keys), terms, contents)
    sys.stdout.write(encode_signed_charter(signed).decode() + "\n")


@app.command()
def sign(charter: CharterFile, data: DataOption = DEFAULT_DATA) -> None:
    """Add this node's signature to a charter, in its file. Read it first: `hanse circle show FILE`."""
    signed = circles.sign(Keyring(config.load(data).keys), circles.read_charter(charter.read_bytes()))
    charter.write_bytes(encode_signed_charter(signed) + b"\n")
    OUT.print(f"signed; {len(signed.signatures)} of {len(signed.charter.founders)} founders have.")


@app.command()
def join(
    charter: CharterFile,
    card: Annotated[
        Path | None, typer.Option(help="This node's card for the circle, where the charter does not name it.")
    ] = None,
    again: Annotated[  # noqa: FBT002 - an option of the command
        bool, typer.Option("--again", help="Members have removed this node: ask to be endorsed under the new card.")
    ] = False,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Become a member of the circle that a fully signed charter founds; with a card, wait for its endorsement."""
    content = None if card is None else card.read_bytes().strip()
    with node(data) as runtime, runtime.database.write() as tx:
        signed, now = circles.read_charter(charter.read_bytes()), runtime.clock.now()
        roster = circles.join(tx, runtime.keyring, signed, now, card=content, again=again)
    name = pseudonym(roster.circle, roster.own)
    OUT.print(f"{roster.status} of {roster.charter.name} ({roster.circle}) under the pseudonym {name}.")
    if roster.status == "candidate":
        OUT.print(f"It needs the endorsement of {counted(roster.charter.endorsement_quorum)}: hand them the card.")


@app.command()
def show(
    circle: Annotated[str, typer.Argument(help="A circle's identifier or a charter file; nothing lists all.")] = "",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Show the circles of this node, or one with its terms and roster."""
    if circle and Path(circle).is_file():
        signed = circles.read_charter(Path(circle).read_bytes())
        OUT.print_json(encode_charter(signed.charter).decode())
        missing = len(signed.charter.founders) - len(signed.signatures)
        OUT.print(f"circle {circle_id(encode_charter(signed.charter))}, {missing} signatures missing")
        return
    with node(data) as runtime, runtime.database.read() as tx:
        if not circle:
            table = Table(Column("circle", no_wrap=True, overflow="fold"), "name", "members", "our pseudonym", box=None)
            for view in circles.list_circles(tx):
                table.add_row(view.id, view.name, str(view.members), view.own_pseudonym)
            OUT.print(table)
            return
        roster = circles.roster(tx, argument(parse_circle_id, circle))
        OUT.print_json(encode_charter(roster.charter).decode())
        table = Table(Column("contributor", overflow="fold"), "pseudonym", "institution", "address", box=None)
        for member in roster.members.values():
            table.add_row(member.contributor, member.pseudonym, member.name, member.url)
        OUT.print(table)
