"""What this node decides for itself: how far it believes a member, and what a forked log proves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node import circles
from node.domain.accounts import Permission
from node.domain.circles import TrustDecision, TrustPolicy, TrustState
from node.domain.settling import Suggestion
from node.errors import Code, HanseError
from node.insight.settling import MIN_SETTLED, suggestions
from node.storage import forks
from node.storage.trust import policies
from node.web.circles import download
from node.web.forms import FormView, whole_number
from node.web.members import Circle, Contributor, member_page
from node.web.rosters import Sight, sight
from node.web.visits import Requires, Visit, go
from protocol.identifiers import CircleId, KeyId

ROUTER = APIRouter()


@dataclass(frozen=True, slots=True)
class SuggestionLine:
    """One member on the page of suggestions."""

    suggestion: Suggestion
    contributor: KeyId
    name: str
    """Empty for those who read pseudonyms alone."""
    now: int | None
    """The weight in force, in hundredths; None where nothing is decided and it counts in full."""
    state: TrustState


_PPM_PER_HUNDREDTH: Final = 10_000
_Reader = Annotated[Visit, Depends(Requires(Permission.CIRCLES_READ))]
_Manager = Annotated[Visit, Depends(Requires(Permission.CIRCLES_MANAGE))]


@ROUTER.post("/circles/{circle}/members/{contributor}/trust")
def do_trust(visit: _Manager, circle: Circle, contributor: Contributor) -> Response:
    """Decide how far a voice is believed here, with a reason."""
    form = visit.form
    wrong = {}
    try:
        weight = whole_number(form.text("weight") or "100", low=0, high=100)
    except HanseError:
        weight, wrong["weight"] = 100, "Give a whole number from 0 to 100."
    if not form.text("reason_trust"):
        wrong["reason_trust"] = "Say why. Whoever reads the history later has only this."
    match form.one("state"):
        case "normal" | "muted" | "quarantined" as state:
            decision = TrustDecision(state, form.text("reason_trust"), weight * _PPM_PER_HUNDREDTH)
        case _:
            return member_page(visit, circle, contributor, form.wrong(wrong | {"state": "Choose one."}))
    if wrong:
        return member_page(visit, circle, contributor, form.wrong(wrong))
    runtime = visit.runtime
    try:
        with visit.write() as tx:
            roster = circles.roster(tx, circle)
            voice = roster.voice(contributor)  # of a key without a line it is the key itself, which has no voice here
            circles.set_trust(tx, runtime.vault, visit.principal.account, circle, voice, decision, visit.now)
            visit.note(tx, "trust-changed", contributor)
    except HanseError as error:
        if error.code is not Code.INVALID:
            raise
        return member_page(visit, circle, contributor, form.refused(error))
    return go(f"/circles/{circle}/members/{contributor}", "trust-changed")


@ROUTER.get("/circles/{circle}/trust")
def show_suggestions(visit: _Manager, circle: Circle) -> Response:
    """What settled claims teach about each member, beside what is decided. Nothing here changes anything by itself."""
    return _suggestions(visit, circle, FormView())


@ROUTER.post("/circles/{circle}/trust")
def do_accept(visit: _Manager, circle: Circle) -> Response:
    """Accept one suggestion exactly as it was shown: an ordinary decision, with its reason and its place in the log."""
    form, runtime = visit.form, visit.runtime
    weight = whole_number(form.text("weight"), low=0, high=100)
    try:
        with visit.write() as tx:
            roster = circles.roster(tx, circle)
            decided = policies(tx, runtime.vault, circle)
            found = _still_suggested(suggestions(tx, circle, visit.now), decided, form.one("voice"), weight)
            decision = TrustDecision("normal", _reason(found, form.text("why")), weight * _PPM_PER_HUNDREDTH)
            circles.set_trust(tx, runtime.vault, visit.principal.account, circle, found.voice, decision, visit.now)
            key = next((key for key, line in roster.members.items() if line.identity == found.voice), found.voice)
            visit.note(tx, "trust-changed", key)
    except HanseError as error:
        if error.code not in {Code.CONFLICT, Code.INVALID}:
            raise
        return _suggestions(visit, circle, form.refused(error))
    return go(f"/circles/{circle}/trust", "trust-changed")


def _still_suggested(
    found: Sequence[Suggestion], decided: Mapping[KeyId, TrustPolicy], voice: str, weight: int
) -> Suggestion:
    """What the page offered; raises ``CONFLICT`` for anything else. A muted member is not heard again by this."""
    for each in found:
        if each.voice == voice and each.enough and each.hundredths == weight and _is_open(decided.get(each.voice)):
            return each
    raise HanseError(
        Code.CONFLICT,
        "this is no longer what is suggested.",
        remedy="Look at the page again: something has been settled, stated or decided since.",
    )


def _is_open(policy: TrustPolicy | None) -> bool:
    return policy is None or policy.state == "normal"


def _suggestions(visit: Visit, circle: CircleId, form: FormView) -> Response:
    visit.record("trust-suggestions-read", circle)
    with visit.read() as tx:
        roster = circles.roster(tx, circle)
        found = suggestions(tx, circle, visit.now)
        decided = policies(tx, visit.runtime.vault, circle)
    named = sight(visit, roster.charter.attribution) is Sight.FULL
    by_voice = {line.identity: line for line in roster.members.values()}
    lines = [
        SuggestionLine(
            suggestion=each,
            contributor=by_voice[each.voice].contributor,
            name=by_voice[each.voice].name if named else "",
            now=None if each.voice not in decided else decided[each.voice].effective_ppm // _PPM_PER_HUNDREDTH,
            state=decided[each.voice].state if each.voice in decided else "normal",
        )
        for each in found
    ]
    return visit.render(
        "trust.html",
        status=409 if form.errors else 200,
        circle=circle,
        name=roster.charter.name,
        lines=lines,
        least=MIN_SETTLED,
        form=form,
    )


def _reason(found: Suggestion, why: str) -> str:
    """What stands in the history of decisions."""
    said = (
        f"Suggested from {found.settled} settled claims: right in {found.mean:.0%}, "
        f"between {found.low:.0%} and {found.high:.0%} with probability 90 %."
    )
    return f"{said} {why}".strip()


@ROUTER.get("/circles/{circle}/forks/{contributor}")
def show_fork(visit: _Reader, circle: Circle, contributor: Contributor) -> Response:
    """What is known of a fork, and what the proof proves."""
    with visit.read() as tx:
        roster = circles.roster(tx, circle)
        log = next((each for each in forks.list_forks(tx, circle) if each.contributor == contributor), None)
    line = roster.lines.get(contributor)
    if log is None or line is None:
        raise _no_fork()
    named = sight(visit, roster.charter.attribution) is Sight.FULL
    visit.record("fork-read", contributor)
    return visit.render(
        "fork.html",
        circle=circle,
        name=roster.charter.name,
        member=line.name if named else "",
        pseudonym=line.pseudonym,
        log=log,
        proven=log.evidence is not None,
    )


@ROUTER.get("/circles/{circle}/forks/{contributor}/proof")
def show_proof(visit: _Reader, circle: Circle, contributor: Contributor) -> Response:
    """The proof as a file that anybody can verify. It holds checkpoints and hashes, no entry."""
    with visit.read() as tx:
        log = next((each for each in forks.list_forks(tx, circle) if each.contributor == contributor), None)
    if log is None or log.evidence is None:
        raise _no_fork()
    visit.record("fork-proof-read", contributor)
    return download(log.evidence + b"\n", f"fork-{contributor[:8]}.json", "application/json")


def _no_fork() -> HanseError:
    return HanseError(Code.NOT_FOUND, "no fork of this log is known here.", remedy="Look at the circle's roster.")
