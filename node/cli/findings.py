"""``hanse findings``: publish what was submitted, and list what was shared."""

from typing import Annotated

import msgspec
import typer
from rich.table import Column, Table

from node.cli.accounts import require_account
from node.cli.open import DEFAULT_DATA, OUT, DataOption, node
from node.cli.operate import catch_up
from node.domain.accounts import Permission
from node.domain.publishing import Draft, DraftAction, DraftId, DraftState, Preview, advance
from node.publishing.assemble import held_back_of
from node.publishing.drafts import get_draft, list_drafts
from node.publishing.preview import preview as make_preview
from node.publishing.publish import publish as publish_draft
from node.publishing.publish import shared
from node.sync import confirm_own_log

app = typer.Typer(help="Findings of this node.", no_args_is_help=True)

Yes = Annotated[bool, typer.Option("--yes", help="Approve without asking.")]


@app.command()
def publish(
    login: Annotated[str, typer.Option("--as", help="The approver; never the author of the draft.")],
    draft: Annotated[str, typer.Argument(help="The draft; without one, what waits for approval is listed.")] = "",
    yes: Yes = False,  # noqa: FBT002  # an option of the command line
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Show exactly what would leave and to whom, ask, and publish it."""
    with node(data) as runtime:
        with runtime.database.write() as tx:
            approver = require_account(tx, runtime.vault, login, Permission.DRAFTS_APPROVE).id
            if not draft:
                for waiting in list_drafts(tx, runtime.vault, states=[DraftState.SUBMITTED]):
                    OUT.print(f"{waiting.id}  {waiting.kind}  since {waiting.updated}")
                return
            made = make_preview(tx, runtime.vault, approver, DraftId(draft), runtime.clock.now())
            found = get_draft(tx, runtime.vault, DraftId(draft))
        show(made)
        show_beside(found)
        # Said again when it is published; here, before members are asked anything for an author's own draft.
        advance(found.state, DraftAction.APPROVE, author=found.author, actor=approver)
        if not yes:
            typer.confirm("Publish exactly this?", abort=True)
        with runtime.database.read() as tx:
            circle = get_draft(tx, runtime.vault, DraftId(draft)).circle
        confirm_own_log(runtime, circle)
        with runtime.database.write() as tx:
            published = publish_draft(
                tx,
                runtime.vault,
                runtime.keyring,
                runtime.vocabulary,
                approver,
                DraftId(draft),
                made.digest,
                runtime.clock.now(),
            )
        catch_up(runtime)
    OUT.print(f"published as {published.statement}, entry {published.index} of our log in {published.circle}.")


def show(made: Preview) -> None:
    """Print a preview: the bytes, the recipients, what stays here."""
    OUT.print_json(made.payload.decode())
    OUT.print(f"to {len(made.recipients)} members: {', '.join(made.recipients)}", markup=False)
    OUT.print(f"until {made.until}; held back, as digests only: {', '.join(made.held_back) or 'nothing'}")


def show_beside(draft: Draft) -> None:
    """Print what an approver answers for beside the bytes: the held-back fields, and the reasons given to the gate."""
    for name, value in msgspec.structs.asdict(held_back_of(draft.content)).items():
        if value:
            OUT.print(f"{name}: {value}", markup=False)
    for reason in draft.overrides:
        OUT.print(f'let through by {reason.rule} in {reason.field}: "{reason.matched}", {reason.reason}', markup=False)


@app.command("list")
def list_shared(
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many to show.")] = 50,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """List what this institution has shared, newest first, with what has become of it."""
    table = Table(Column("statement", no_wrap=True), "kind", "subject", "indicator", "state", "until", box=None)
    with node(data) as runtime, runtime.database.read() as tx:
        for view in shared(tx, runtime.clock.now(), limit=limit):
            label = view.subject.label if view.subject else ""
            table.add_row(view.statement, view.kind, label, view.indicator or "", view.state, view.until.isoformat())
    OUT.print(table)
