"""``hanse dossier``: what the pool says of one partner, on a terminal."""

from typing import Annotated

import typer
from rich.table import Table

from node.cli.open import DEFAULT_DATA, OUT, DataOption, node
from node.cli.operate import catch_up
from node.domain.insight import CircleReading, Dossier, SignalView
from node.domain.subjects import parse_identifier
from node.errors import Code, HanseError
from node.insight.dossier import dossier as read_dossier
from node.storage.database import Transaction
from node.subjects.find import search
from protocol.identifiers import SubjectId
from protocol.vocabulary import WHOLE

PARTS_PER_PERCENT = 10_000


def dossier(
    subject: Annotated[str, typer.Argument(help="An identifier, or a name that one organisation bears.")],
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Show what the members of this node's circles have stated about a partner. This is not a decision."""
    with node(data) as runtime:
        now = runtime.clock.now()
        catch_up(runtime)
        with runtime.database.read() as tx:
            reading = read_dossier(tx, runtime.vocabulary, identify(tx, subject), now)
    show(reading)


def identify(tx: Transaction, text: str) -> SubjectId:
    """The subject that was meant; raises ``NOT_FOUND`` with the candidates where a person has to choose."""
    subject = parse_identifier(text)
    if subject is not None:
        return subject
    hits = search(tx, text, limit=5)
    exact = [hit for hit in hits if hit.match == "exact"]
    if len(exact) == 1:
        return exact[0].id
    candidates = "; ".join(f"{hit.id} {hit.label}" for hit in hits)
    raise HanseError(
        Code.NOT_FOUND,
        f"{text!r} is not the name of exactly one organisation here.",
        remedy=f"Use an identifier: {candidates}." if candidates else "Load the registry, or use an identifier.",
    )


def show(reading: Dossier) -> None:
    """Print a dossier: concerns and assurances side by side, what is unknown as unknown."""
    OUT.rule(f"{reading.label}  ({reading.subject})", align="left", characters="─")
    if not reading.circles:
        OUT.print("This node is in no circle: nothing is pooled here.")
    for circle in reading.circles:
        _show_circle(circle)
    OUT.print("Evidence from others, weighed by this node alone. Not a decision.", style="dim")


def _show_circle(circle: CircleReading) -> None:
    OUT.print(f"{circle.name}, {circle.members} members, {circle.k} needed before anything is shown outside")
    if circle.is_unknown:
        OUT.print("  Unknown: no member has stated anything. That is not an assurance.")
        return
    table = Table("concerns", "assurances", box=None, expand=True, padding=(0, 2, 1, 0))
    for group in circle.groups:
        for row in range(max(len(group.concerns), len(group.assurances))):
            table.add_row(*(_cell(side[row]) if row < len(side) else "" for side in (group.concerns, group.assurances)))
    if table.row_count:
        OUT.print(table)
    for group in circle.groups:
        for each in group.context:
            OUT.print(f"  context: {_cell(each)}")
    unknown = [group.label for group in circle.groups if group.is_unknown]
    OUT.print(f"  Unknown: {'; '.join(unknown)}." if unknown else "  Something is known in every group.")


def _cell(view: SignalView) -> str:
    signal = view.signal
    belief, disbelief, uncertainty = (
        round(part / PARTS_PER_PERCENT) for part in (signal.belief_ppm, signal.disbelief_ppm, signal.uncertainty_ppm)
    )
    scope = "" if view.scope == WHOLE else f" ({view.scope_label})"
    return f"{view.indicator.label}{scope}\nfor {belief} %, against {disbelief} %, open {uncertainty} %. {view.words}"
