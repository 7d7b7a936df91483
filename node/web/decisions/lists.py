"""What is due: reviews to be made and measures to be done, of one's own cases or of all; and the overview's share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from node.accounts.manage import display_names
from node.casework.assessments import get_assessment
from node.casework.decisions import MAX_LISTED, due_measures, due_reviews
from node.casework.engagements import get_engagement
from node.clock import day_of
from node.domain.accounts import Permission
from node.domain.casework import AssessmentId
from node.domain.decisions import CaseKind, CaseRef
from node.domain.engagements import EngagementId
from node.storage import decisions as storage
from node.storage.database import Transaction
from node.web.decisions.desk import Reader, path_of
from node.web.formats import counted, day
from node.web.forms import sentence
from node.web.needs import MAX_ITEMS, Item, Need
from node.web.visits import Visit

ROUTER = APIRouter()
_AHEAD: Final = {"now": 0, "quarter": 92, "year": 366}
"""How far ahead the list looks, in days."""


@dataclass(frozen=True, slots=True)
class DueLine:
    """One thing that is due, as the list shows it."""

    path: str
    case: str = field(repr=False)
    what: str = field(repr=False)
    owner: str = field(repr=False)
    keeper: str = field(repr=False)
    due: date
    late: bool


@ROUTER.get("/decisions")
def show_due(
    visit: Reader,
    whose: Annotated[str, Query(pattern="^(mine|all)$")] = "mine",
    ahead: Annotated[str, Query(pattern="^(now|quarter|year)$")] = "quarter",
) -> Response:
    """Reviews and measures, the longest overdue first."""
    if not visit.may(Permission.DECISIONS_RECORD):
        whose = "all"
    visit.record("decisions-listed")
    today = day_of(visit.now)
    keeper = visit.principal.account if whose == "mine" else None
    until = today + timedelta(days=_AHEAD[ahead])
    with visit.read() as tx:
        reviews = due_reviews(tx, until, keeper=keeper)
        measures = due_measures(tx, visit.runtime.vault, until, keeper=keeper)
        names = display_names(tx, visit.runtime.vault)
        titles = _titles(visit, tx, [*(each.ref for each in reviews), *(each.ref for each in measures)])
    labels = visit.runtime.vocabulary.mitigations
    former = "a former account"
    return visit.render(
        "decisions_due.html",
        reviews=[
            DueLine(
                f"{path_of(each.ref)}/reviews/new",
                titles[each.ref],
                "",
                "",
                names.get(each.keeper, former),
                each.review,
                each.review < today,
            )
            for each in reviews
        ],
        measures=[
            DueLine(
                f"{path_of(each.ref)}/measures/{each.measure.id}",
                titles[each.ref],
                labels[each.measure.data.measure].label,
                each.measure.data.owner,
                names.get(each.keeper, former),
                each.measure.data.due,
                each.measure.is_late(today),
            )
            for each in measures
        ],
        whose=whose,
        ahead=ahead,
        most=MAX_LISTED,
        may_decide=visit.may(Permission.DECISIONS_RECORD),
    )


def needs(visit: Visit, tx: Transaction) -> Sequence[Need]:
    """Reviews that are due and measures past their day, of the cases that the visitor keeps."""
    if not visit.may(Permission.DECISIONS_RECORD):
        return ()
    today, me = day_of(visit.now), visit.principal.account
    reviews, measures = storage.count_due(tx, today, me)
    found: list[Need] = []
    if reviews:
        first = storage.reviews_until(tx, today, keeper=me, limit=MAX_ITEMS)
        titles = _titles(visit, tx, [each.ref for each in first])
        items = tuple(Item(titles[each.ref], path_of(each.ref), f"due {day(each.review)}") for each in first)
        is_due = "is due" if reviews == 1 else "are due"
        found.append(Need(f"{sentence(counted(reviews, 'review'))} {is_due}", "/decisions?ahead=now", reviews, items))
    if measures:
        past = today - timedelta(days=1)
        late = storage.measures_until(tx, visit.runtime.vault, past, keeper=me, limit=MAX_ITEMS)
        titles = _titles(visit, tx, [each.ref for each in late])
        labels = visit.runtime.vocabulary.mitigations
        items = tuple(
            Item(
                labels[each.measure.data.measure].label,
                f"{path_of(each.ref)}/measures/{each.measure.id}",
                f"{titles[each.ref]}, was due {day(each.measure.data.due)}",
            )
            for each in late
        )
        is_past = "is past its day" if measures == 1 else "are past their day"
        words = f"{sentence(counted(measures, 'measure'))} {is_past}"
        found.append(Need(words, "/decisions?ahead=now", measures, items))
    return found


def _titles(visit: Visit, tx: Transaction, refs: Sequence[CaseRef]) -> dict[CaseRef, str]:
    """What the officers call these cases; each is opened once."""
    return {ref: _title(visit, tx, ref) for ref in dict.fromkeys(refs)}


def _title(visit: Visit, tx: Transaction, ref: CaseRef) -> str:
    vault = visit.runtime.vault
    match ref.kind:
        case CaseKind.ENGAGEMENT:
            return get_engagement(tx, vault, EngagementId(ref.id)).data.title
        case CaseKind.ASSESSMENT:
            return get_assessment(tx, vault, AssessmentId(ref.id)).data.title
