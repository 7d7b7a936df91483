"""What this node decides for itself: how far it believes a member, and what a forked log proves."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node import circles
from node.domain.accounts import Permission
from node.domain.circles import TrustDecision
from node.errors import Code, HanseError
from node.storage import forks
from node.web.circles import download
from node.web.forms import whole_number
from node.web.members import Circle, Contributor, member_page
from node.web.rosters import Sight, sight
from node.web.visits import Requires, Visit, go

ROUTER = APIRouter()
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
