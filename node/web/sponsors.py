"""Findings that one member publishes for another: what we have asked, and what others ask of us."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Response

from node.circles import roster
from node.domain.accounts import Permission
from node.domain.circles import Roster
from node.domain.publishing import DraftId, FindingContent, SponsoredContent
from node.domain.sponsors import DECLINE_REASONS, MAX_LISTED, Sponsoring, SponsoringId, SponsoringState
from node.errors import Code, HanseError
from node.publishing import sponsor
from node.publishing.drafts import get_draft, withdraw
from node.publishing.letters import current_line
from node.storage import sponsors as storage
from node.storage.database import Transaction
from node.sync.letters import desk
from node.web.drafts.facts import facts_of, held_back_of
from node.web.drafts.review import make_preview
from node.web.formats import statement_path
from node.web.forms import LOCAL_ID, FormView, address_part
from node.web.needs import Item, Need
from node.web.visits import Requires, Visit, go
from protocol import envelope
from protocol.identifiers import KeyId

ROUTER = APIRouter()
_LIST: Final = "/sponsors"
_Reader = Annotated[Visit, Depends(Requires(Permission.DRAFTS_READ))]
_Writer = Annotated[Visit, Depends(Requires(Permission.DRAFTS_WRITE))]
_Approver = Annotated[Visit, Depends(Requires(Permission.DRAFTS_APPROVE))]
_Id = Annotated[SponsoringId, address_part(LOCAL_ID)]
_Draft = Annotated[DraftId, address_part(LOCAL_ID)]
STATE_WORDS: Final = {
    SponsoringState.ASKED: "waits for a decision",
    SponsoringState.PUBLISHED: "published",
    SponsoringState.DECLINED: "declined",
    SponsoringState.TAKE_BACK: "to be taken back",
    SponsoringState.TAKEN_BACK: "taken back",
}


@ROUTER.get(_LIST)
def show_sponsors(visit: _Reader) -> Response:
    """Both ends: what others ask of us first."""
    visit.record("sponsors-listed")
    with visit.read() as tx:
        found = storage.listed(tx, visit.runtime.vault, MAX_LISTED)
        lines = [(each, *_words(visit, tx, each)) for each in found]
    return visit.render(
        "sponsors.html",
        asked=[line for line in lines if line[0].side == "sponsor"],
        ours=[line for line in lines if line[0].side == "author"],
        states=STATE_WORDS,
    )


@ROUTER.get("/sponsors/from/{draft}")
def show_choose(visit: _Writer, draft: _Draft) -> Response:
    """Which member is asked to publish a draft of ours."""
    return _choose(visit, draft, FormView())


@ROUTER.post("/sponsors/from/{draft}")
def do_choose(visit: _Writer, draft: _Draft) -> Response:
    """Begin a draft for the sponsor, in place of the one for the circle."""
    runtime, me = visit.runtime, visit.principal.account
    try:
        with visit.write() as tx:
            found = get_draft(tx, runtime.vault, draft, lock=True)
            chosen = KeyId(visit.form.one("sponsor"))
            asked = sponsor.draft_ask(tx, runtime.vault, me, found, chosen, visit.now)
            withdraw(tx, runtime.vault, me, draft, visit.now)
            visit.note(tx, "draft-created", asked.id)
    except HanseError as error:
        if error.code not in {Code.INVALID, Code.CONFLICT}:
            raise
        return _choose(visit, draft, visit.form.refused(error))
    make_preview(visit, asked.id)
    return go(f"/drafts/{asked.id}", "draft-saved")


@ROUTER.get("/sponsors/{sponsoring}")
def show_sponsoring(visit: _Reader, sponsoring: _Id) -> Response:
    """One exchange: who asks, and exactly the bytes that were signed."""
    return _page(visit, sponsoring, FormView())


@ROUTER.post("/sponsors/{sponsoring}/take-on")
def do_take_on(visit: _Writer, sponsoring: _Id) -> Response:
    """Draft the publication; a second person approves it."""
    runtime = visit.runtime
    try:
        with visit.write() as tx:
            draft = sponsor.take_on(tx, runtime.vault, visit.principal.account, sponsoring, visit.now)
            visit.note(tx, "sponsoring-taken-on", sponsoring)
    except HanseError as error:
        return _refused(visit, sponsoring, error)
    make_preview(visit, draft.id)
    return go(f"/drafts/{draft.id}", "draft-saved")


@ROUTER.post("/sponsors/{sponsoring}/decline")
def do_decline(visit: _Approver, sponsoring: _Id) -> Response:
    """Say no, with a code."""
    runtime = visit.runtime
    try:
        with visit.write() as tx:
            sponsor.decline(tx, runtime.vault, sponsoring, visit.form.one("reason"), visit.now)
            sponsor.dispatch(tx, desk(runtime))
            visit.note(tx, "sponsoring-declined", sponsoring)
    except HanseError as error:
        return _refused(visit, sponsoring, error)
    runtime.wake.set()
    return go(f"/sponsors/{sponsoring}", "sponsoring-declined")


@ROUTER.post("/sponsors/{sponsoring}/take-back")
def do_take_back(visit: _Approver, sponsoring: _Id) -> Response:
    """Ask the sponsor to retract it, or to have it erased."""
    runtime, form = visit.runtime, visit.form
    erase = form.one("how") == "erasure"
    known = runtime.vocabulary.erasure_reasons if erase else runtime.vocabulary.retraction_reasons
    reason = next((code for code in known if code == form.one("reason_back")), None)
    if reason is None:
        return _page(visit, sponsoring, form.wrong({"reason_back": "Choose a reason that fits what is asked."}))
    try:
        with visit.write() as tx:
            sponsor.ask_back(tx, runtime.vault, sponsoring, erase=erase, reason=reason, now=visit.now)
            sponsor.dispatch(tx, desk(runtime))
            visit.note(tx, "sponsoring-asked-back", sponsoring)
    except HanseError as error:
        return _refused(visit, sponsoring, error)
    runtime.wake.set()
    return go(f"/sponsors/{sponsoring}", "sponsoring-asked-back")


def needs(visit: Visit, tx: Transaction) -> Sequence[Need]:
    """What others ask of us."""
    if not visit.may(Permission.DRAFTS_WRITE):
        return ()
    vault = visit.runtime.vault
    asked = storage.waiting(tx, vault, "sponsor", SponsoringState.ASKED, MAX_LISTED)
    back = storage.waiting(tx, vault, "sponsor", SponsoringState.TAKE_BACK, MAX_LISTED)
    waiting = [*back, *(each for each in asked if each.draft is None)]
    if not waiting:
        return ()
    one = len(waiting) == 1
    words = "A member asks for a sponsor" if one else f"Members ask for a sponsor {len(waiting)} times"
    items = tuple(
        Item(_words(visit, tx, each)[0], f"/sponsors/{each.id}", STATE_WORDS[each.state]) for each in waiting[:3]
    )
    return (Need(words=words, path=_LIST, count=len(waiting), items=items),)


def _words(visit: Visit, tx: Transaction, each: Sponsoring) -> tuple[str, str, str]:
    """What it is about, the other end, and the circle."""
    found: Roster = roster(tx, each.circle)
    line = current_line(found, each.peer)
    if not each.jws:
        return "A finding that was declined", line.name if line else "a former member", found.charter.name
    body = sponsor.finding_of(each).body
    known = visit.runtime.vocabulary.indicators.get(body.indicator)
    about = f"{body.subject.label}: {known.label if known else body.indicator}"
    return about, line.name if line else "a former member", found.charter.name


def _choose(visit: Visit, draft: DraftId, form: FormView) -> Response:
    with visit.read() as tx:
        found = get_draft(tx, visit.runtime.vault, draft)
        circle = roster(tx, found.circle)
    if not isinstance(found.content, FindingContent) or found.author != visit.principal.account:
        raise HanseError(Code.CONFLICT, "only the author of a draft of a finding can ask a sponsor to publish it.")
    return visit.render(
        "sponsor_choose.html",
        form=form,
        draft=found,
        circle=circle.charter.name,
        members=sorted((member.name, member.identity) for member in circle.others),
        status=422 if form.errors else 200,
    )


def _refused(visit: Visit, sponsoring: SponsoringId, error: HanseError) -> Response:
    if error.code not in {Code.INVALID, Code.CONFLICT}:
        raise error
    return _page(visit, sponsoring, visit.form.refused(error))


def _page(visit: Visit, sponsoring: SponsoringId, form: FormView) -> Response:
    runtime = visit.runtime
    visit.record("sponsoring-read", sponsoring)
    with visit.read() as tx:
        found = sponsor.get(tx, runtime.vault, sponsoring)
        about, peer, circle = _words(visit, tx, found)
    content = SponsoredContent(sponsoring=found.id, key=found.key, statement=found.jws, disclosures=found.disclosures)
    vocabulary = runtime.vocabulary
    payload = envelope.known_payload(found.jws.encode("ascii")) if found.jws else b""
    return visit.render(
        "sponsoring.html",
        form=form,
        found=found,
        about=about,
        peer=peer,
        circle=circle,
        state=STATE_WORDS[found.state],
        facts=facts_of(content, vocabulary) if payload else [],
        held_back=[fact for fact in held_back_of(content) if fact[1]] if payload else [],
        pretty=msgspec.json.format(payload, indent=2).decode() if payload else "",
        path=statement_path(found.contributor, found.statement) if found.contributor and found.statement else "",
        reasons=list(DECLINE_REASONS.items()),
        reason=DECLINE_REASONS.get(found.reason, found.reason),  # type: ignore[call-overload] # a further code, or none
        backs=[(term.id, term.label) for term in vocabulary.retraction_reasons.values()]
        + [(term.id, term.label) for term in vocabulary.erasure_reasons.values()],
        may_write=visit.may(Permission.DRAFTS_WRITE),
        may_decide=visit.may(Permission.DRAFTS_APPROVE),
        status=422 if form.errors else 200,
    )
