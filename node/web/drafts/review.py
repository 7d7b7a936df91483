"""One draft: exactly what would leave, what the privacy gate found, and the step that each of two people takes."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Response

from node.accounts.manage import display_names
from node.circles import roster
from node.domain.accounts import Permission
from node.domain.publishing import (
    AttributionContent,
    DraftId,
    DraftState,
    FindingContent,
    GateHit,
    Override,
    Preview,
    SponsorAskContent,
)
from node.errors import Code, HanseError
from node.publishing.drafts import add_override, get_draft, history, send_back, withdraw
from node.publishing.preview import current_preview, gate_hits, preview, submit
from node.publishing.publish import find_own_statement, publish
from node.publishing.sponsor import dispatch
from node.sync import confirm_own_log
from node.sync.letters import desk
from node.web.drafts.facts import facts_of, held_back_of
from node.web.drafts.lists import STATE_WORDS, title_of
from node.web.formats import statement_path
from node.web.forms import LOCAL_ID, FormView, address_part
from node.web.visits import Requires, Visit, go

ROUTER = APIRouter()
_Id = Annotated[DraftId, address_part(LOCAL_ID)]
_Reader = Annotated[Visit, Depends(Requires(Permission.DRAFTS_READ))]
_Writer = Annotated[Visit, Depends(Requires(Permission.DRAFTS_WRITE))]
_Approver = Annotated[Visit, Depends(Requires(Permission.DRAFTS_APPROVE))]
_BEFORE = frozenset({DraftState.DRAFT, DraftState.SENT_BACK})
_EVENTS = {
    "create": "began it",
    "edit": "changed it",
    "override": "gave a reason to the privacy gate",
    "preview": "fixed the preview",
    "submit": "handed it over",
    "send-back": "sent it back",
    "approve": "approved it",
    "publish": "published it",
    "withdraw": "withdrew it",
}


@ROUTER.get("/drafts/{draft}")
def show_draft(visit: _Reader, draft: _Id) -> Response:
    """The draft as it stands."""
    return _page(visit, draft, FormView())


@ROUTER.post("/drafts/{draft}/preview")
def do_preview(visit: _Reader, draft: _Id) -> Response:
    """Fix what would leave today: the author at any time, others once it is submitted."""
    make_preview(visit, draft)
    return go(f"/drafts/{draft}", fragment="leaves")


@ROUTER.post("/drafts/{draft}/submit")
def do_submit(visit: _Writer, draft: _Id) -> Response:
    """Hand it over to a second person."""
    runtime = visit.runtime
    try:
        with visit.write() as tx:
            submit(
                tx,
                runtime.vault,
                runtime.vocabulary,
                visit.principal.account,
                draft,
                visit.form.one("digest"),
                visit.now,
            )
            visit.note(tx, "draft-submitted", draft)
    except HanseError as error:
        return _refused(visit, draft, error)
    return go(f"/drafts/{draft}", "submitted")


@ROUTER.post("/drafts/{draft}/override")
def do_override(visit: _Writer, draft: _Id) -> Response:
    """A reason why one hit of the gate is a false alarm. The approver reads it."""
    form, runtime = visit.form, visit.runtime
    try:
        with visit.write() as tx:
            found = get_draft(tx, runtime.vault, draft)
            hit = _hit(form, gate_hits(tx, runtime.vault, runtime.vocabulary, found))
            override = Override(
                rule=hit.rule,
                field=hit.field,
                matched=hit.matched,
                reason=form.text("reason"),
                account=visit.principal.account,
            )
            add_override(tx, runtime.vault, draft, override, visit.now)
            visit.note(tx, "gate-overridden", draft)
    except HanseError as error:
        return _refused(visit, draft, error)
    make_preview(visit, draft)
    return go(f"/drafts/{draft}", fragment="gate")


@ROUTER.post("/drafts/{draft}/send-back")
def do_send_back(visit: _Approver, draft: _Id) -> Response:
    """Return it to its author, with a reason."""
    try:
        with visit.write() as tx:
            send_back(tx, visit.runtime.vault, visit.principal.account, draft, visit.form.one("note"), visit.now)
            visit.note(tx, "draft-sent-back", draft)
    except HanseError as error:
        return _refused(visit, draft, error, field="note")
    return go("/drafts", "sent-back")


@ROUTER.post("/drafts/{draft}/approve")
def do_approve(visit: _Approver, draft: _Id) -> Response:
    """Let exactly the bytes that were seen into the log: approval and publication are one transaction."""
    runtime = visit.runtime
    try:
        with visit.read() as tx:
            circle = get_draft(tx, runtime.vault, draft).circle
        confirm_own_log(runtime, circle)
        with visit.write() as tx:
            publish(
                tx,
                runtime.vault,
                runtime.keyring,
                runtime.vocabulary,
                visit.principal.account,
                draft,
                visit.form.one("digest"),
                visit.now,
            )
            dispatch(tx, desk(runtime))
            visit.note(tx, "draft-published", draft)
    except HanseError as error:
        return _refused(visit, draft, error)
    return go(f"/drafts/{draft}")


@ROUTER.post("/drafts/{draft}/withdraw")
def do_withdraw(visit: _Writer, draft: _Id) -> Response:
    """Give it up. Nothing of it has left."""
    with visit.write() as tx:
        withdraw(tx, visit.runtime.vault, visit.principal.account, draft, visit.now)
        visit.note(tx, "draft-withdrawn", draft)
    return go("/drafts", "draft-discarded")


def make_preview(visit: Visit, draft: DraftId) -> Preview:
    """A fresh preview, noted."""
    with visit.write() as tx:
        made = preview(tx, visit.runtime.vault, visit.principal.account, draft, visit.now)
        visit.note(tx, "draft-previewed", draft)
    return made


def _hit(form: FormView, hits: list[GateHit]) -> GateHit:
    """The hit that the form names by its number and rule; the text itself does not go round through a browser."""
    number = form.one("hit")
    if number.isascii() and number.isdigit() and int(number) < len(hits):
        hit = hits[int(number)]
        if hit.rule == form.one("rule") and hit.field == form.one("field"):
            if not hit.overridable:
                raise HanseError(Code.PRIVACY_GATE, "this rule knows no exception.", remedy="Change the text.")
            return hit
    raise HanseError(Code.CONFLICT, "the draft has changed since this page was made.", remedy="Look at it again.")


def _refused(visit: Visit, draft: DraftId, error: HanseError, field: str = "") -> Response:
    """The page again, with why it was refused and what was typed."""
    if error.code not in {Code.INVALID, Code.CONFLICT, Code.PRIVACY_GATE, Code.FOUR_EYES, Code.FORBIDDEN}:
        raise error
    form = visit.form.refused(error)
    return _page(visit, draft, form.wrong({field: form.errors[""]}), status=409 if error.code == Code.CONFLICT else 422)


def _page(visit: Visit, draft: DraftId, form: FormView, status: int = 200) -> Response:
    runtime, me = visit.runtime, visit.principal.account
    visit.record("draft-read", draft)
    with visit.read() as tx:
        found = get_draft(tx, runtime.vault, draft)
        circle = roster(tx, found.circle)
        names = display_names(tx, runtime.vault)
        events = history(tx, runtime.vault, draft)
        hits = gate_hits(tx, runtime.vault, runtime.vocabulary, found)
        published = find_own_statement(tx, circle, found.statement, visit.now) if found.statement is not None else None
    made = current_preview(found, visit.now) if found.state is not DraftState.PUBLISHED else found.preview
    title, about = title_of(found, runtime.vocabulary)
    overrides = [next((each for each in found.overrides if each.covers(hit)), None) for hit in hits]
    waiting = found.state is DraftState.SUBMITTED
    return visit.render(
        "draft.html",
        draft=found,
        form=form,
        title=title,
        facts=facts_of(found.content, runtime.vocabulary),
        held_back=held_back_of(found.content),
        about=about,
        state=STATE_WORDS[found.state],
        circle=circle,
        author=names.get(found.author, "a former account"),
        approver=names.get(found.approver, "a former account") if found.approver else "",
        preview=made,
        pretty=msgspec.json.format(made.payload, indent=2).decode() if made else "",
        raw=made.payload.decode() if made else "",
        recipients=made.recipients if made else tuple(member.name for member in circle.others),
        hits=list(zip(hits, overrides, strict=True)),
        open_hits=sum(override is None for override in overrides),
        blocked=any(override is None and not hit.overridable for hit, override in zip(hits, overrides, strict=True)),
        history=[
            (each.at, names.get(each.account, "a former account"), _EVENTS.get(each.action, each.action), each.note)
            for each in events
        ],
        published=published,
        published_path=statement_path(*published.shown_name) if published else "",
        by_name=circle.charter.attribution == "named" or isinstance(found.content, AttributionContent),
        to_sponsor=isinstance(found.content, SponsorAskContent),
        may_ask_sponsor=isinstance(found.content, FindingContent) and len(circle.others) > 0,
        step=_step(found.state),
        may_edit=found.state in _BEFORE and found.author == me and visit.may(Permission.DRAFTS_WRITE),
        may_withdraw=(waiting or found.state in _BEFORE) and found.author == me and visit.may(Permission.DRAFTS_WRITE),
        may_approve=waiting and found.author != me and visit.may(Permission.DRAFTS_APPROVE),
        mine=found.author == me,
        may_see_case=visit.may(Permission.ASSESSMENTS_READ),
        vocabulary=runtime.vocabulary,
        status=status,
    )


def _step(state: DraftState) -> int:
    """Where on the way from writing to the log."""
    match state:
        case DraftState.DRAFT | DraftState.SENT_BACK | DraftState.WITHDRAWN:
            return 2
        case DraftState.SUBMITTED | DraftState.APPROVED:
            return 3
        case DraftState.PUBLISHED:
            return 4
