"""Looking again: the decision is still right, and why; or a new round of assessment begins."""

from dataclasses import replace
from typing import Final

from fastapi import APIRouter, Response

from node.casework.assessments import create_assessment
from node.casework.checks import FieldError
from node.casework.decisions import record_review
from node.casework.engagements import head_from
from node.clock import day_of
from node.domain.casework import AssessmentData
from node.domain.decisions import ReviewData, ReviewKind
from node.errors import Code, HanseError
from node.storage.database import Transaction
from node.web.decisions.desk import (
    CaseId,
    Decider,
    Desk,
    Kind,
    desk_of,
    edit_of,
    open_desk,
    path_of,
    ref_of,
    typed_day,
    wrong_days,
)
from node.web.decisions.pool import known_of
from node.web.forms import FormView, sentence
from node.web.visits import Visit, go

ROUTER = APIRouter()
_KINDS: Final = (
    (ReviewKind.STILL_RIGHT.value, "The decision is still right", "Say below what you looked at."),
    (
        ReviewKind.NEW_ROUND.value,
        "It has to be assessed again",
        "A new assessment begins without answers. The decision stands until there is another.",
    ),
)


@ROUTER.get("/decisions/{kind}/{case}/reviews/new")
def show_new(visit: Decider, kind: Kind, case: CaseId) -> Response:
    """What was decided, what has come since, and the form."""
    desk = open_desk(visit, kind, case)
    return _page(visit, desk, FormView.of(version=str(desk.case.version)))


@ROUTER.post("/decisions/{kind}/{case}/reviews/new")
def do_new(visit: Decider, kind: Kind, case: CaseId) -> Response:
    """Record it, and begin the new round where there is to be one."""
    form = visit.form
    chosen = next((each for each in ReviewKind if form.has("kind", each.value)), None)
    wrong = wrong_days(form, ("next",))
    if chosen is None:
        wrong["kind"] = "Say what the review came to."
    if not form.text("reason"):
        wrong["reason"] = "Say why."
    if wrong or chosen is None:
        return _page(visit, open_desk(visit, kind, case), form.wrong(wrong))
    try:
        with visit.write() as tx:
            ref = ref_of(visit, tx, kind, case)
            began = _begin(visit, tx, desk_of(visit, tx, ref)) if chosen is ReviewKind.NEW_ROUND else ""
            data = ReviewData(kind=chosen, reason=form.one("reason"), next=typed_day(form, "next"), round=began)
            record_review(tx, visit.runtime.vault, ref, data, edit_of(visit))
            visit.note(tx, "review-recorded", case)
    except FieldError as error:
        return _page(visit, open_desk(visit, kind, case), form.wrong({error.field: sentence(error.words)}))
    return go(f"/assessments/{began}", "review-began-round") if began else go(path_of(ref), "review-recorded")


def _begin(visit: Visit, tx: Transaction, desk: Desk) -> str:
    """A new assessment with the head of the case and none of its answers."""
    runtime = visit.runtime
    engagement = desk.material.engagement
    head: AssessmentData = head_from(engagement) if engagement else desk.material.assessments[-1].data
    # A reference names one assessment: an import finds it by that.
    data = replace(head, reference="")
    made = create_assessment(tx, runtime.vault, runtime.vocabulary, visit.principal.account, data, visit.now)
    visit.note(tx, "assessment-created", made.id)
    return made.id


def _page(visit: Visit, desk: Desk, form: FormView) -> Response:
    if desk.case.standing is None:
        raise HanseError(Code.CONFLICT, "a review looks at a decision, and nobody has decided yet.")
    with visit.read() as tx:
        known = known_of(visit, tx, desk.material.subjects)
    return visit.render(
        "case_review.html",
        desk=desk,
        case=desk.case,
        standing=desk.case.standing,
        form=form,
        kinds=_KINDS,
        beside=known.beside,
        today=day_of(visit.now),
        vocabulary=visit.runtime.vocabulary,
        status=422 if form.errors else 200,
    )
