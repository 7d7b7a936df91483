"""The overview: the search first, then what needs me today, what I have in hand, what is new, and how the node is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.domain.accounts import Permission
from node.domain.insight import (
    AttributionView,
    CorrectionView,
    ErasureView,
    FindingView,
    RelationView,
    ReplyView,
    ResponseView,
    RetractionView,
    StatementView,
    TokenView,
)
from node.domain.statements import StoredStatement
from node.insight.views import view
from node.storage import statements
from node.storage.database import Transaction
from node.web import assessments, decisions, drafts, releases, replies, requests, soundings, sponsors, watch
from node.web.assessments import open_work
from node.web.needs import Ask, Need
from node.web.sync import health
from node.web.visits import Requires, Visit, go

ROUTER = APIRouter()
ASKED: Final[tuple[Ask, ...]] = (
    replies.needs,
    sponsors.needs,
    drafts.needs,
    releases.needs,
    decisions.needs,
    requests.needs,
    soundings.needs,
    watch.needs,
    assessments.needs,
)
"""Who is asked what waits for the visitor, in the order of the page: other people's time first."""
_NEW: Final = 6
"""Statements shown as new: what fits beside the work without scrolling."""
_Visit = Annotated[Visit, Depends(Requires(Permission.OWN_ACCOUNT))]


@dataclass(frozen=True, slots=True)
class News:
    """A statement, and the observation that it is about."""

    shown: StatementView
    about: FindingView | RelationView | None


@ROUTER.get("/")
def show_home(visit: _Visit) -> Response:
    """One page for every role; what a role may not see is not asked for. Who reads releases alone begins with them."""
    if not visit.may(Permission.SUBJECTS_READ):
        return go("/releases")
    may_read_pool = visit.may(Permission.POOL_READ)
    may_work = visit.may(Permission.ASSESSMENTS_WRITE)
    if may_read_pool or may_work:
        visit.record("overview-read")
    with visit.read() as tx:
        waits: list[Need] = [need for ask in ASKED for need in ask(visit, tx)]
        new = _latest(visit, tx) if may_read_pool else ()
        work = open_work(visit, tx) if may_work else ()
        node = health(visit, tx)
    return visit.render(
        "home.html",
        waits=waits,
        teaches=_teaches(visit),
        new=new,
        may_read_pool=may_read_pool,
        may_work=may_work,
        work=work,
        health=node,
        vocabulary=visit.runtime.vocabulary,
    )


def _teaches(visit: Visit) -> Sequence[str]:
    """What would stand here, for somebody who finds nothing: by what their roles permit."""
    told = (
        (Permission.DRAFTS_APPROVE, "drafts of colleagues that wait for a second person"),
        (Permission.DRAFTS_WRITE, "drafts that came back to you"),
        (Permission.RELEASES_APPROVE, "releases that wait for a second person"),
        (Permission.DECISIONS_RECORD, "reviews that fall due and measures past their day"),
        (Permission.POOL_READ, "signals that read differently about partners you watch"),
    )
    return [words for permission, words in told if visit.may(permission)]


def _latest(visit: Visit, tx: Transaction) -> Sequence[News]:
    """The end of the feed, latest first. Its numbers have no gaps, so that many before the last is exact."""
    after = max(0, statements.last_seq(tx) - _NEW)
    found = statements.feed(tx, after=after, limit=_NEW, now=visit.now)
    return [News(view(stored), _observation(visit, tx, stored)) for stored in reversed(found)]


def _observation(visit: Visit, tx: Transaction, stored: StoredStatement) -> FindingView | RelationView | None:
    """The finding or tie that a statement is or points at; none where we do not hold it."""
    shown = view(stored)
    match shown:
        case FindingView() | RelationView():
            return shown
        case ResponseView():
            target = statements.find_shown(tx, shown.target_contributor, shown.target, now=visit.now)
        case ReplyView():
            target = statements.find_shown(tx, *shown.targets[0], now=visit.now) if shown.targets else None
        case CorrectionView() | RetractionView() | ErasureView() | AttributionView() | TokenView():
            target = statements.get(tx, stored.contributor, shown.target, now=visit.now)
    about = None if target is None else view(target)
    return about if isinstance(about, FindingView | RelationView) else None
