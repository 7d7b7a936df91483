"""What we have shared: every statement of ours, to whom it went, and what has become of it."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.circles import list_circles, roster
from node.domain.accounts import Permission
from node.publishing.publish import shared
from node.web.visits import Requires, Visit

ROUTER = APIRouter()
PER_PAGE: Final = 50
_Visit = Annotated[Visit, Depends(Requires(Permission.SHARED_READ))]


@ROUTER.get("/shared")
def show_shared(visit: _Visit, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    """Newest first, circle by circle named."""
    visit.record("shared-read")
    with visit.read() as tx:
        found = shared(tx, visit.now, limit=PER_PAGE + 1, offset=(page - 1) * PER_PAGE)
        circles = {view.id: roster(tx, view.id) for view in list_circles(tx)}
    may_see_recipients = visit.may(Permission.DRAFTS_READ)
    return visit.render(
        "shared.html",
        items=found[:PER_PAGE],
        circles=circles,
        may_see_drafts=may_see_recipients,
        may_see_case=visit.may(Permission.ASSESSMENTS_READ),
        recipients={
            circle: [member.name for member in found_roster.others] if may_see_recipients else []
            for circle, found_roster in circles.items()
        },
        may_change=visit.may(Permission.DRAFTS_WRITE),
        may_use_tokens=visit.may(Permission.TOKENS_USE),
        may_recall=visit.may(Permission.RECALL),
        page_number=page,
        more=len(found) > PER_PAGE,
        vocabulary=visit.runtime.vocabulary,
    )
