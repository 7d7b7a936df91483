"""``hanse persons``: what this node holds on a person, and the record of what it does with personal data."""

from typing import Annotated

import typer

from node.accounts.access_log import record_access
from node.accounts.persons import traces
from node.cli.legal.documents import Document, document
from node.cli.legal.facts import facts
from node.cli.open import DEFAULT_DATA, OUT, DataOption, node

app = typer.Typer(help="Answer data subjects and data protection officers.", no_args_is_help=True)


@app.command()
def find(
    name: Annotated[str, typer.Argument(help="First and last name, an e-mail address or an ORCID iD.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Search every store of this node for a person, sealed ones and log entries among them.

    A place is shown when it holds every word, whatever the order, case and accents. Somebody has to look whether that
    person is meant. The access log says that a search was made and not for whom.
    """
    with node(data) as runtime:
        with runtime.database.read() as tx:
            found = traces(tx, runtime.vault, name)
        with runtime.database.write() as tx:
            record_access(tx, runtime.vault, None, "person-searched", str(len(found)), runtime.clock.now())
    if not found:
        OUT.print("Nothing in this node holds these words.")
        return
    for trace in found:
        place = f"{trace.table}.{trace.column} {trace.key}" + (f" (page {trace.path})" if trace.path else "")
        OUT.print(f"{place}\n    {trace.excerpt}", markup=False, soft_wrap=True)


@app.command()
def record(data: DataOption = DEFAULT_DATA) -> None:
    """Print the record of processing activities (GDPR, Article 30): the same as `hanse privacy record`."""
    with node(data) as runtime, runtime.database.read() as tx:
        OUT.print(document(Document.RECORD, facts(tx, runtime)), markup=False, soft_wrap=True, end="")
