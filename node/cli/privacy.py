"""``hanse privacy``: documents for data protection officers, who received a statement, and what is due for deletion."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Column, Table

from node.accounts.access_log import record_access
from node.cli.legal.documents import Document, document
from node.cli.legal.facts import MAX_DUE, facts
from node.cli.open import DEFAULT_DATA, OUT, DataOption, argument, node
from node.domain.transfers import BASIS_WORDS, MAX_REFERENCE_CHARACTERS, Basis, Transfer
from node.errors import Code, HanseError
from node.publishing.receivers import receivers as receivers_of
from node.storage import circles, transfers
from node.storage import retention as due_cases
from protocol.identifiers import parse_circle_id, parse_statement_id

app = typer.Typer(help="Documents and lists for data protection officers.", no_args_is_help=True)


@app.command()
def record(data: DataOption = DEFAULT_DATA) -> None:
    """Print the record of processing activities (GDPR, Article 30) as Markdown, filled from this node."""
    _print(Document.RECORD, data)


@app.command()
def dpia(data: DataOption = DEFAULT_DATA) -> None:
    """Print a draft of the impact assessment (Article 35), with the questions that only the institution can answer."""
    _print(Document.DPIA, data)


@app.command()
def arrangement(data: DataOption = DEFAULT_DATA) -> None:
    """Print the essence of the arrangement between the members of each circle (Article 26)."""
    _print(Document.ARRANGEMENT, data)


@app.command()
def notice(data: DataOption = DEFAULT_DATA) -> None:
    """Print a draft of the information for data subjects (Articles 13 and 14)."""
    _print(Document.NOTICE, data)


@app.command()
def receivers(
    circle: Annotated[str, typer.Argument(help="The circle's identifier.")],
    statement: Annotated[str, typer.Argument(help="A statement of ours; see `hanse findings list`.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """List who has a statement of ours, what proves it, and which held-back fields they were given.

    Use it when something was shared by mistake or a key was stolen: these are the members to call.
    """
    where, what = argument(parse_circle_id, circle), argument(parse_statement_id, statement)
    table = Table(Column("institution", overflow="fold"), "address", "holds it", "member", "fields given", box=None)
    with node(data) as runtime:
        with runtime.database.read() as tx:
            found = receivers_of(tx, runtime.vault, where, what, runtime.clock.now())
        with runtime.database.write() as tx:
            record_access(tx, runtime.vault, None, "receivers-listed", what, runtime.clock.now())
    for each in found:
        table.add_row(
            each.name, each.url, _HOLDS[each.holding], "yes" if each.member else "no longer", ", ".join(each.fields)
        )
    OUT.print(table)
    OUT.print(f"{len(found)} in all. Members pass a log on, so none may be left out.")


@app.command()
def due(data: DataOption = DEFAULT_DATA) -> None:
    """List closed casework that is past the institution's limit. Nothing is deleted by this.

    Titles and partners are sealed and not shown: an officer opens a case by its identifier.
    """
    with node(data) as runtime:
        months = runtime.settings.casework_retention_months
        if not months:
            OUT.print("The institution has set no limit (casework_retention_months).")
            return
        with runtime.database.read() as tx:
            found = due_cases.due(tx, runtime.clock.now(), months, most=MAX_DUE)
    for each in found:
        OUT.print(f"{each.kind}  {each.id}  unchanged since {each.closed}", soft_wrap=True)
    OUT.print(f"{len(found)} past the limit of {months} months.")


@app.command("transfer")
def record_transfer(
    circle: Annotated[str, typer.Argument(help="The circle's identifier.")],
    member: Annotated[str, typer.Argument(help="A member's name, contributor key or pseudonym there.")],
    basis: Annotated[Basis, typer.Argument(help="On which basis data may go to it.")],
    reference: Annotated[str, typer.Option(help="Where the decision is filed; not a person.")] = "",
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Record the basis on which data may go to a member under another law (GDPR, Articles 44 to 49).

    Once it is recorded for one member of a circle, nothing new is published there while another one has none.
    """
    if len(reference) > MAX_REFERENCE_CHARACTERS or not reference.isprintable():
        raise HanseError(Code.INVALID, f"a reference is one line of at most {MAX_REFERENCE_CHARACTERS} characters.")
    with node(data) as runtime, runtime.database.write() as tx:
        roster = circles.get_roster(tx, argument(parse_circle_id, circle))
        named = [each for each in roster.others if member in {each.name, each.contributor, each.pseudonym}]
        if len(named) != 1:
            raise HanseError(
                Code.NO_SUCH_MEMBER,
                f"{member!r} is {'several members' if named else 'no member'} of {roster.charter.name} beside us.",
                remedy="See `hanse circle members`.",
            )
        (found,) = named
        now = runtime.clock.now()
        transfers.record(tx, Transfer(found.identity, basis, reference, None, now))
        record_access(tx, runtime.vault, None, "transfer-recorded", found.identity, now)
    OUT.print(f"{found.name}: {BASIS_WORDS[basis]}.", markup=False)


_HOLDS: Final = {
    "signed": "yes: it has signed for it",
    "receipt": "yes: it has said so",
    "presumed": "presumed",
}


def _print(which: Document, data: Path) -> None:
    with node(data) as runtime, runtime.database.read() as tx:
        text = document(which, facts(tx, runtime))
    OUT.print(text, markup=False, soft_wrap=True, end="")
