"""The roster of one circle, with its reasons, and the four steps that change it: endorse, vote, leave, a new key.

Each step is a statement in our log that is never taken back, so it is shown byte for byte and signed only when
somebody has looked at it and said so.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from fastapi import APIRouter, Depends, Response

from node import circles
from node.circles import proposals
from node.domain.accounts import Permission
from node.domain.circles import LineView, MembersView, Prepared, Roster
from node.errors import Code, HanseError
from node.storage.circles import signed_charter
from node.storage.database import Transaction
from node.sync import confirm_own_log
from node.web import rosters
from node.web.circles import File, download
from node.web.forms import FormView, address_part, whole_number
from node.web.rosters import Sight
from node.web.visits import Requires, Visit, go
from protocol.errors import ProtocolError
from protocol.identifiers import PATTERN_256_BITS, CircleId, KeyId, VocabularyCode, decode_bytes, encode_bytes
from protocol.limits import MAX_LOG_SIZE
from protocol.messages.card import fingerprint
from protocol.statements import Kind, kind_of

ROUTER = APIRouter()
_FORM_BYTES: Final = 65_536
"""A form with one card in it."""
Circle = Annotated[CircleId, address_part(PATTERN_256_BITS)]
Contributor = Annotated[KeyId, address_part(PATTERN_256_BITS)]
_Reader = Annotated[Visit, Depends(Requires(Permission.CIRCLES_READ))]
_Roster = Annotated[Visit, Depends(Requires(Permission.ROSTERS_READ))]
_Manager = Annotated[Visit, Depends(Requires(Permission.CIRCLES_MANAGE))]
REFUSALS: Final = frozenset(
    {Code.INVALID, Code.CONFLICT, Code.BAD_FILE, Code.NO_SUCH_MEMBER, Code.NOT_CONFIRMED, Code.IDENTITY_OFFLINE}
)
_STANDINGS: Final = {
    "candidate": "This node is a candidate: it waits to be endorsed.",
    "member": "",
    "left": "This node has left this circle. What it holds stays readable.",
    "removed": "This node was removed from this circle. What it holds stays readable.",
}
_TITLES: Final[dict[Kind, tuple[str, str, str]]] = {
    "endorsement": ("Endorse an institution", "member-endorsed", "Sign the endorsement"),
    "removal": ("Vote to remove a member", "removal-voted", "Sign the vote"),
    "leave": ("Leave the circle", "circle-left", "Leave the circle"),
    "key": ("Go on under a new key", "key-rotated", "Sign the change of key"),
}
"""By kind of statement: the heading, the word in the access log and of the notice, the words on the button."""


@dataclass(frozen=True, slots=True)
class _Found:
    """One circle as it is read for a page."""

    roster: Roster
    view: MembersView
    known: rosters.Exchanges


@ROUTER.get("/circles/{circle}")
def show_roster(visit: _Reader, circle: Circle) -> Response:
    """Who is in this circle, and why this node counts each as it does."""
    with visit.read() as tx:
        found = _read(visit, tx, circle)
        card = circles.candidate_card(tx, found.roster.own) if found.view.status == "candidate" else None
    seen = rosters.sight(visit, found.roster.charter.attribution)
    visit.record("circles-read" if seen is Sight.PSEUDONYMS else "roster-read", circle)
    lines = rosters.in_order(
        (rosters.line(visit, found.roster, view, found.known, seen) for view in rosters.listed(found.view, seen)), seen
    )
    return visit.render(
        "roster.html",
        circle=circle,
        charter=found.roster.charter,
        view=found.view,
        standing=_STANDINGS[found.view.status],
        card=card.decode("ascii") if card and visit.may(Permission.CIRCLES_MANAGE) else "",
        current=[line for line in lines if line.status == "current"],
        earlier=[line for line in lines if line.status != "current"],
        named=seen is not Sight.PSEUDONYMS,
        full=seen is Sight.FULL,
        candidates=found.view.candidates if seen is not Sight.PSEUDONYMS else (),
        under_this_key=_under_this_key(found),
        manages=visit.may(Permission.CIRCLES_MANAGE),
        may_use_tokens=visit.may(Permission.TOKENS_USE),
        status=200,
    )


def _under_this_key(found: _Found) -> int:
    """How much stands under our present key: what somebody can compare with what the world knows of us."""
    log = found.known.logs.get(found.roster.own)
    return 0 if log is None else log.size


@ROUTER.get("/circles/{circle}/card")
def show_card(visit: _Manager, circle: Circle) -> Response:
    """The card with which we wait to be endorsed, as a file."""
    with visit.read() as tx:
        card = circles.candidate_card(tx, circles.roster(tx, circle).own)
    if card is None:
        raise HanseError(Code.NOT_FOUND, "this node is no candidate here.", remedy="Look at the circle's roster.")
    return download(card + b"\n", "our-card.txt")


@ROUTER.get("/circles/{circle}/members/{contributor}")
def show_member(visit: _Roster, circle: Circle, contributor: Contributor) -> Response:
    """One key epoch: its keys, who vouches for it, its log, and what this node has decided about its voice."""
    return member_page(visit, circle, contributor, FormView())


@ROUTER.get("/circles/{circle}/endorse")
def show_endorse(visit: _Manager, circle: Circle) -> Response:
    """Ask for the card."""
    return _endorse(visit, circle, FormView())


@ROUTER.post("/circles/{circle}/endorse", max_body_size=2 * _FORM_BYTES)
def do_endorse(visit: _Manager, circle: Circle, data: File) -> Response:
    """Show the endorsement as it would be signed. Nothing is signed by this."""
    text = data.decode("utf-8", "replace") if data else visit.form.one("card")
    try:
        card, _ = proposals.read_card(text)
        with visit.read() as tx:
            return _preview(visit, tx, circle, circles.prepare_endorse(tx, circle, card, visit.now))
    except HanseError as error:
        if error.code not in REFUSALS:
            raise
        return _endorse(visit, circle, visit.form.wrong({"card": FormView().refused(error).errors[""]}))


@ROUTER.post("/circles/{circle}/members/{contributor}/remove")
def do_remove(visit: _Manager, circle: Circle, contributor: Contributor) -> Response:
    """Show the vote as it would be signed."""
    form = visit.form
    try:
        index = whole_number(form.text("from_index"), low=0, high=MAX_LOG_SIZE)
        reason = VocabularyCode(form.one("reason"))
        with visit.read() as tx:
            prepared = circles.prepare_remove(
                tx, visit.runtime.vocabulary, circle, contributor, index, reason, visit.now
            )
            return _preview(visit, tx, circle, prepared)
    except HanseError as error:
        if error.code not in REFUSALS:
            raise
        return member_page(visit, circle, contributor, form.refused(error))
    except ProtocolError:
        return member_page(visit, circle, contributor, form.wrong({"reason": "Choose a reason of the list."}))


@ROUTER.post("/circles/{circle}/leave")
def do_leave(visit: _Manager, circle: Circle) -> Response:
    """Show the statement with which we leave."""
    with visit.read() as tx:
        return _preview(visit, tx, circle, circles.prepare_leave(tx, circle, visit.now))


@ROUTER.post("/circles/{circle}/rotate")
def do_rotate(visit: _Manager, circle: Circle) -> Response:
    """Make a new key and show the statement that names it."""
    runtime = visit.runtime
    with visit.read() as tx:
        prepared = circles.prepare_rotate(tx, runtime.keyring, runtime.settings, circle, visit.now)
        return _preview(visit, tx, circle, prepared)


@ROUTER.post("/circles/{circle}/return")
def do_return(visit: _Manager, circle: Circle) -> Response:
    """After leaving or a removal: a fresh card, and the wait for its endorsements. Nothing is signed into the log."""
    runtime = visit.runtime
    card = circles.card(runtime.keyring, runtime.settings, circle)
    with visit.write() as tx:
        signed = signed_charter(tx, circle)
        if signed is None:
            raise HanseError(Code.NO_SUCH_MEMBER, "this node does not know this circle.")
        by = visit.principal.account
        circles.join(tx, runtime.keyring, signed, visit.now, card=card, again=True, by=by)
        visit.note(tx, "circle-candidate", circle)
    return go(f"/circles/{circle}", "circle-candidate")


@ROUTER.post("/circles/{circle}/sign")
def do_sign(visit: _Manager, circle: Circle) -> Response:
    """Sign exactly the bytes that were shown, after members have said how much of our log they hold."""
    runtime = visit.runtime
    payload = _payload(visit.form)
    confirm_own_log(runtime, circle)
    with visit.write() as tx:
        prepared = circles.read_prepared(tx, circle, payload, visit.now)
        _, word, _ = _title(prepared)
        circles.confirm(tx, runtime.keyring, circle, payload, visit.now)
        visit.note(tx, word, circle)
    return go(f"/circles/{circle}", word)


def member_page(visit: Visit, circle: CircleId, contributor: KeyId, form: FormView) -> Response:
    """One key epoch for those who see whose it is."""
    with visit.read() as tx:
        found = _read(visit, tx, circle)
        if rosters.sight(visit, found.roster.charter.attribution) is not Sight.FULL:
            raise HanseError(
                Code.FORBIDDEN,
                "this page says which institution writes which log.",
                remedy="It is for those who act for this institution as a member.",
            )
        view = next((each for each in found.view.lines if each.member.contributor == contributor), None)
        if view is None:
            raise HanseError(
                Code.NO_SUCH_MEMBER, "no line of this roster has this key.", remedy="Look at the circle's roster."
            )
        history = circles.trust_history(tx, visit.runtime.vault, circle, view.member.identity)
    visit.record("roster-read", contributor)
    reasons = [(term.id, term.label) for term in visit.runtime.vocabulary.removal_reasons.values()]
    return visit.render(
        "member.html",
        circle=circle,
        charter=found.roster.charter,
        view=view,
        member=view.member,
        line=rosters.line(visit, found.roster, view, found.known, Sight.FULL),
        fingerprint=fingerprint(view.member.identity_key).split(),
        witnesses=_witnesses(found, view),
        votes=[(vote.by, vote.from_index, _reason(visit, vote.reason)) for vote in view.removal_votes],
        form=form if form.values or form.errors else _filled(view),
        history=[(rosters.trust_words(each), each) for each in history] if rosters.acts_for_us(visit) else [],
        reasons=reasons,
        manages=visit.may(Permission.CIRCLES_MANAGE),
        status=422 if form.errors else 200,
    )


def _filled(view: LineView) -> FormView:
    """The forms of the page with what holds now."""
    state: Literal["normal", "muted", "quarantined"] = view.trust.state if view.trust else "normal"
    weight = view.trust.weight_ppm // 10_000 if view.trust else 100
    return FormView.of(state=state, weight=str(weight), from_index=str(view.entries))


def _reason(visit: Visit, code: VocabularyCode | None) -> str:
    known = visit.runtime.vocabulary.removal_reasons
    return "" if code is None else known[code].label if code in known else code


def _witnesses(found: _Found, view: LineView) -> list[str]:
    """The members that have signed the checkpoint of this log that we hold."""
    seen = found.known.witnesses.get(view.member.contributor, frozenset())
    return sorted(each.name for key, each in found.roster.members.items() if key in seen)


def _read(visit: Visit, tx: Transaction, circle: CircleId) -> _Found:
    roster = circles.roster(tx, circle)
    return _Found(roster, circles.members_view(tx, visit.runtime.vault, circle), rosters.exchanges(tx, roster))


def _endorse(visit: Visit, circle: CircleId, form: FormView) -> Response:
    with visit.read() as tx:
        view = circles.members_view(tx, visit.runtime.vault, circle)
    candidates = [(each, each.card.decode("ascii")) for each in view.candidates]
    return visit.render(
        "endorse.html",
        circle=circle,
        view=view,
        candidates=candidates,
        form=form,
        status=422 if form.errors else 200,
    )


def _preview(visit: Visit, tx: Transaction, circle: CircleId, prepared: Prepared) -> Response:
    """What would be signed, to whom it goes, and the form that signs it."""
    roster = circles.roster(tx, circle)
    roster.own_member()  # nothing is shown that would be refused
    title, _, button = _title(prepared)
    pretty = msgspec.json.format(prepared.payload, indent=2).decode()
    return visit.render(
        "membership_preview.html",
        circle=circle,
        name=roster.charter.name,
        title=title,
        button=button,
        prepared=prepared,
        recipients=[member.name for member in roster.others],
        raw=prepared.payload.decode(),
        pretty=pretty,
        payload=encode_bytes(prepared.payload),
    )


def _title(prepared: Prepared) -> tuple[str, str, str]:
    try:
        return _TITLES[kind_of(prepared.statement)]
    except KeyError as error:
        raise HanseError(Code.INVALID, "this form signs statements about members only.") from error


def _payload(form: FormView) -> bytes:
    try:
        return decode_bytes(form.one("payload"))
    except ProtocolError as error:
        raise HanseError(
            Code.INVALID, "the form has lost the bytes to be signed.", remedy="Prepare the statement again."
        ) from error
