"""What the demo says on the terminal: what each university knew alone, and what it knows now."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from node.cli.demo.casework import Desk, Shared
from node.cli.demo.cast import CIRCLE_SUBJECTS, PROXY_PARTNER
from node.cli.demo.setup import Stage
from node.cli.dossier import PARTS_PER_PERCENT
from node.cli.open import OUT
from node.domain.insight import SignalView
from node.insight.refresh import catch_up
from node.insight.signals import signals
from protocol.identifiers import SubjectId


@dataclass(frozen=True, slots=True)
class Known:
    """Everything one node's pool said at one moment, by subject."""

    by_subject: dict[SubjectId, tuple[SignalView, ...]]

    @property
    def count(self) -> int:
        """How many signals there are."""
        return sum(map(len, self.by_subject.values()))

    def bits(self) -> list[tuple[str, ...]]:
        """Every signal in full, in one order: equal at two nodes that computed the same."""
        views = (view for of_subject in self.by_subject.values() for view in of_subject)
        return sorted((v.subject, v.indicator.id, v.scope, repr(v.signal)) for v in views)


def read(desk: Desk, subjects: Sequence[SubjectId]) -> Known:
    """The signals of one node about these subjects, brought up to date first."""
    runtime = desk.runtime
    now = runtime.clock.now()
    catch_up(runtime.database, runtime.vocabulary, now)
    with runtime.database.read() as tx:
        return Known({subject: signals(tx, runtime.vocabulary, subject, now) for subject in subjects})


def tell_sharing(desk: Desk, what: str, shared: Shared) -> None:
    """One line for what a university recorded and shared, and a line for everything that it did not."""
    OUT.print(f"  {desk.player.name}: {shared.rows} {what}, {shared.published} findings approved and published")
    for stopped in shared.stopped:
        OUT.print(f"    stopped: {stopped}", style="dim", markup=False)


def tell_refusals(refused: Sequence[Shared]) -> None:
    """Why rows of the public cases became no assessment, counted by reason."""
    reasons: dict[str, int] = {}
    for each in refused:
        for refusal in each.refused:
            reasons[refusal.reason] = reasons.get(refusal.reason, 0) + 1
    for reason, count in sorted(reasons.items(), key=lambda item: -item[1]):
        OUT.print(f"    {count:2} not used: {reason}", style="dim", markup=False)


def tell_difference(stage: Stage, before: Sequence[Known], after: Sequence[Known]) -> None:
    """A table of the invented partners: signals known alone at each node, and now at all of them."""
    table = Table("partner", *(desk.player.name for desk in stage.desks), "together", box=None, padding=(0, 2, 0, 0))
    for label in CIRCLE_SUBJECTS:
        subject = stage.subjects[label]
        alone = (_count(known.by_subject[subject]) for known in before)
        table.add_row(label, *alone, _count(after[0].by_subject[subject]))
    OUT.print(table)


def _count(views: Sequence[SignalView]) -> str:
    concerns = sum(view.indicator.polarity == "concern" for view in views)
    assurances = sum(view.indicator.polarity == "assurance" for view in views)
    context = len(views) - concerns - assurances
    parts = [
        f"{number} {word}{'s' if number > 1 and word != 'context' else ''}"
        for number, word in ((concerns, "concern"), (assurances, "assurance"), (context, "context"))
        if number
    ]
    return ", ".join(parts) or "unknown"


def tell_proxy_case(stage: Stage, before: Sequence[Known], after: Sequence[Known]) -> None:
    """The case that only pooled knowledge can see: three nodes hold one piece each."""
    subject = stage.subjects[PROXY_PARTNER]
    OUT.print(f"\n[bold]{PROXY_PARTNER}[/bold]: three universities, one piece each")
    for desk, known in zip(stage.desks, before, strict=True):
        OUT.print(f"  {desk.player.name} alone")
        for view in known.by_subject[subject]:
            OUT.print(f"    {_line(view)}", markup=False)
    OUT.print("  each of them now")
    for view in after[0].by_subject[subject]:
        OUT.print(f"    {_line(view)}", markup=False)


def _line(view: SignalView) -> str:
    signal = view.signal
    uncertain = round(signal.uncertainty_ppm / PARTS_PER_PERCENT)
    scope = "" if view.scope == "whole" else f", {view.scope_label.lower()}"
    sources = f"{signal.roots} root{'s' if signal.roots != 1 else ''}"
    return f"{view.indicator.label}{scope}: {signal.likelihood}, {uncertain} % open, {sources}"


def tell_addresses(stage: Stage) -> None:
    """Where to look, and with which link to sign in."""
    OUT.print("\n[bold]Open a node[/bold] (each link sets a password, once; then sign in with the login)")
    for desk in stage.desks:
        OUT.print(f"  {desk.player.name}  {desk.runtime.settings.base_url}")
        for login, link in stage.links[desk.player.key].items():
            OUT.print(f"    {login:9} {link}", soft_wrap=True)
    desk = stage.desks[-1]
    OUT.print("\n[bold]Ask by API[/bold]")
    OUT.print(
        f"  curl -H 'Authorization: Bearer {stage.tokens[desk.player.key]}'"
        f" {desk.runtime.settings.base_url}/api/v1/subjects/{stage.subjects[PROXY_PARTNER]}/dossier",
        soft_wrap=True,
        markup=False,
    )
