"""The file of one case on one page: the decision, measures, what the partner was asked, reviews, every change."""

from typing import Final

from fastapi import APIRouter, Response

from node.casework.case_files import history, take_over
from node.casework.record import FOLLOW_UP, RESPONSES, RESULTS, REVIEWS
from node.clock import day_of
from node.domain.accounts import Permission
from node.domain.decisions import CaseKind, Responsiveness
from node.domain.engagements import STATUS_LABELS
from node.web.decisions.changes import readable
from node.web.decisions.desk import CaseId, Decider, Kind, Reader, desk_of, edit_of, open_desk, path_of, ref_of
from node.web.visits import go

ROUTER = APIRouter()
_EVENTS: Final = {
    "decided": "recorded a decision",
    "measure-added": "added a measure",
    "measure-changed": "changed a measure",
    "question-added": "wrote a question to the partner",
    "question-changed": "changed a question to the partner",
    "reviewed": "recorded a review",
    "taken-over": "took the case over",
}


@ROUTER.get("/decisions/{kind}/{case}")
def show_file(visit: Reader, kind: Kind, case: CaseId) -> Response:
    """The file of a case; an assessment that belongs to an engagement leads to the engagement's."""
    runtime = visit.runtime
    with visit.read() as tx:
        ref = ref_of(visit, tx, kind, case)
    if ref.kind is not CaseKind(kind):
        return go(path_of(ref), visit.notice)
    visit.record("case-file-read", case)
    with visit.read() as tx:
        desk = desk_of(visit, tx, ref)
        events = history(tx, runtime.vault, ref)
    engagement = desk.material.engagement
    return visit.render(
        "case_file.html",
        desk=desk,
        case=desk.case,
        standing=desk.case.standing,
        how_far="" if engagement is None else STATUS_LABELS[engagement.status],
        history=[
            (event.at, desk.who(event.account), _EVENTS.get(event.kind, event.kind)) for event in reversed(events)
        ],
        today=day_of(visit.now),
        results=RESULTS,
        responses=RESPONSES,
        reviews=REVIEWS,
        follow_up=FOLLOW_UP,
        answered={Responsiveness.YES, Responsiveness.PARTLY},
        vocabulary=runtime.vocabulary,
        may_decide=visit.may(Permission.DECISIONS_RECORD),
        may_write=visit.may(Permission.ASSESSMENTS_WRITE),
        may_open=visit.may(Permission.EVIDENCE_READ),
        mine=desk.case.keeper == visit.principal.account,
    )


@ROUTER.get("/decisions/{kind}/{case}/history")
def show_history(visit: Reader, kind: Kind, case: CaseId) -> Response:
    """Every change with what it replaced and what took its place."""
    desk = open_desk(visit, kind, case)
    with visit.read() as tx:
        events = history(tx, visit.runtime.vault, desk.ref)
    lines = [
        (
            event,
            desk.who(event.account),
            _EVENTS.get(event.kind, event.kind),
            readable(event.before, event.after, visit.runtime.vocabulary),
        )
        for event in reversed(events)
    ]
    return visit.render("case_history.html", desk=desk, lines=lines)


@ROUTER.post("/decisions/{kind}/{case}/keep")
def do_keep(visit: Decider, kind: Kind, case: CaseId) -> Response:
    """Be reminded of the case from now on."""
    with visit.write() as tx:
        ref = ref_of(visit, tx, kind, case)
        take_over(tx, visit.runtime.vault, ref, edit_of(visit))
        visit.note(tx, "case-taken-over", case)
    return go(path_of(ref), "case-taken-over")
