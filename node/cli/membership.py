"""``hanse circle``: who is a member and why, endorsing, voting, leaving, a new key, and whom we believe."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final, get_args

import typer
from rich.table import Column, Table

from node import circles
from node.accounts.access_log import record_access
from node.cli.open import DEFAULT_DATA, OUT, DataOption, argument, node
from node.domain.circles import FULL_TRUST, LineView, MembersView, Prepared, TrustDecision, TrustState
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage.database import Transaction
from node.sync.restore import confirm_own_log
from protocol.identifiers import CircleId, VocabularyCode, parse_circle_id
from protocol.statements import Timestamp

_PERCENT: Final = 100
_STATES: Final[Mapping[str, TrustState]] = {state: state for state in get_args(TrustState)}

_Circle = Annotated[str, typer.Argument(help="The circle's identifier; see `hanse circle show`.")]
_Member = Annotated[str, typer.Argument(help="A member's contributor key or pseudonym; see `hanse circle members`.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Sign without asking; what is signed is shown all the same.")]


def members(circle: _Circle, data: DataOption = DEFAULT_DATA) -> None:
    """List everybody who is or was a member, and the candidates."""
    with node(data) as runtime, runtime.database.read() as tx:
        view = circles.members_view(tx, runtime.vault, argument(parse_circle_id, circle))
    table = Table(Column("contributor", overflow="fold"), "institution", "basis", "state", "entries", "trust", box=None)
    for line in view.lines:
        member = line.member
        ours = " (this node)" if line.is_own else ""
        table.add_row(
            member.contributor, member.name + ours, member.basis, member.status, str(line.entries), _trust(line)
        )
    for candidate in view.candidates:
        needed = f"candidate, {candidate.needed} endorsements missing"
        table.add_row(candidate.contributor, candidate.name, "", needed, "", "")
    OUT.print(table)


def why(circle: _Circle, member: _Member, data: DataOption = DEFAULT_DATA) -> None:
    """Say why this node counts somebody as a member, or as none."""
    with node(data) as runtime, runtime.database.read() as tx:
        line = _line(circles.members_view(tx, runtime.vault, argument(parse_circle_id, circle)), member)
    OUT.print(f"{line.member.name}, {line.member.pseudonym}: {line.member.status}", markup=False)
    for sentence in line.why + line.cut:
        OUT.print(sentence, markup=False)
    if line.endorsements:
        OUT.print(f"Endorsed by: {', '.join(line.endorsements)}", markup=False)
    for vote in line.removal_votes:
        OUT.print(f"{vote.by} voted to remove it from entry {vote.from_index} on ({vote.reason}).", markup=False)
    if line.trust is not None:
        OUT.print(f"This node: {_trust(line)}. {line.trust.reason}", markup=False)


def endorse(
    circle: _Circle,
    card: Annotated[Path, typer.Argument(help="The candidate's card.", exists=True, dir_okay=False)],
    yes: _Yes = False,  # noqa: FBT002 - an option of the command
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Vouch for a candidate whose identity key was confirmed here; enough such statements make it a member."""
    content = card.read_bytes().strip()
    with node(data) as runtime:
        _sign(
            runtime, circle, "member-endorsed", yes, lambda tx, at, now: circles.prepare_endorse(tx, at, content, now)
        )


def remove(
    circle: _Circle,
    member: _Member,
    reason: Annotated[str, typer.Option(help="A code of the vocabulary: key-compromised, charter-broken, …")],
    from_entry: Annotated[
        int | None, typer.Option(min=0, help="Void its log from this entry on; where not given, from what comes next.")
    ] = None,
    yes: _Yes = False,  # noqa: FBT002 - an option of the command
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Vote to end a membership; enough votes end it."""
    with node(data) as runtime:

        def prepare(tx: Transaction, at: CircleId, now: Timestamp) -> Prepared:
            line = _line(circles.members_view(tx, runtime.vault, at), member)
            index = line.entries if from_entry is None else from_entry
            target, code = line.member.contributor, VocabularyCode(reason)
            return circles.prepare_remove(tx, runtime.vocabulary, at, target, index, code, now)

        _sign(runtime, circle, "removal-voted", yes, prepare)


def leave(
    circle: _Circle,
    yes: _Yes = False,  # noqa: FBT002 - an option of the command
    data: DataOption = DEFAULT_DATA,
) -> None:
    """End this node's own membership."""
    with node(data) as runtime:
        _sign(runtime, circle, "circle-left", yes, circles.prepare_leave)


def rotate(
    circle: _Circle,
    yes: _Yes = False,  # noqa: FBT002 - an option of the command
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Go on under a new contributor key, with the name and address that the settings now have."""
    with node(data) as runtime:
        keyring, settings = runtime.keyring, runtime.settings
        _sign(
            runtime,
            circle,
            "key-rotated",
            yes,
            lambda tx, at, now: circles.prepare_rotate(tx, keyring, settings, at, now),
        )


def trust(
    circle: _Circle,
    member: _Member,
    reason: Annotated[str, typer.Option(help="Why; kept with the decision, and read by nobody outside.")],
    state: Annotated[str, typer.Option(help="normal, muted (no weight) or quarantined (and nothing new taken).")],
    weight: Annotated[int, typer.Option(min=0, max=_PERCENT, help="Per cent of full weight.")] = _PERCENT,
    data: DataOption = DEFAULT_DATA,
) -> None:
    """Decide how far this node believes a member. Nobody else hears of it."""
    decision = TrustDecision(_state(state), reason, weight * (FULL_TRUST // _PERCENT))
    with node(data) as runtime, runtime.database.write() as tx:
        at, now = argument(parse_circle_id, circle), runtime.clock.now()
        line = _line(circles.members_view(tx, runtime.vault, at), member)
        policy = circles.set_trust(tx, runtime.vault, None, at, line.member.identity, decision, now)
        record_access(tx, runtime.vault, None, "trust-changed", at, now)
    OUT.print(f"{line.member.name}: {policy.state}, weight {policy.effective_ppm // (FULL_TRUST // _PERCENT)} %.")


def _state(text: str) -> TrustState:
    if text not in _STATES:
        raise HanseError(Code.INVALID, f"a state is one of {', '.join(_STATES)}.")
    return _STATES[text]


def _sign(
    runtime: Runtime,
    circle: str,
    action: str,
    yes: bool,  # noqa: FBT001 - passed on from the command
    prepare: Callable[[Transaction, CircleId, Timestamp], Prepared],
) -> None:
    """Show the bytes and what they do; sign them when whoever typed the command says so."""
    at, now = argument(parse_circle_id, circle), runtime.clock.now()
    with runtime.database.read() as tx:
        prepared = prepare(tx, at, now)
    for sentence in prepared.words:
        OUT.print(sentence, markup=False)
    OUT.print("\nExactly this will be signed and sent to every member:", markup=False)
    OUT.print(prepared.payload.decode(), markup=False, soft_wrap=True)
    if not yes:
        typer.confirm("Sign it?", abort=True)
    confirm_own_log(runtime, at)
    with runtime.database.write() as tx:
        appended = circles.confirm(tx, runtime.keyring, at, prepared.payload, now)
        record_access(tx, runtime.vault, None, action, appended.id, now)
    OUT.print(f"entry {appended.index} of the log {appended.contributor}.")


def _line(view: MembersView, member: str) -> LineView:
    found = [line for line in view.lines if member in {line.member.contributor, line.member.pseudonym}]
    if not found:
        raise HanseError(
            Code.NO_SUCH_MEMBER,
            f"{member!r} is neither a contributor key nor a pseudonym of this circle.",
            remedy="Copy one from `hanse circle members`.",
        )
    return found[0]


def _trust(line: LineView) -> str:
    if line.trust is None:
        return "full weight"
    if line.trust.state != "normal":
        return line.trust.state
    return f"weight {line.trust.weight_ppm // (FULL_TRUST // _PERCENT)} %"


COMMANDS: Final = (members, why, endorse, remove, leave, rotate, trust)
