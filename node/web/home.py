"""The overview: the search first, then what is new, what is mine to do, and how the node is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.domain.accounts import Permission
from node.domain.insight import (
    CorrectionView,
    FindingView,
    RelationView,
    ResponseView,
    RetractionView,
    StatementView,
)
from node.domain.statements import StoredStatement
from node.insight.views import view
from node.storage import statements
from node.storage.database import Transaction
from node.storage.watch import count_unseen
from node.web.assessments import open_work
from node.web.drafts import waiting
from node.web.sync import health
from node.web.visits import Requires, Visit, go

ROUTER = APIRouter()
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
    new: Sequence[News] = ()
    unseen = 0
    with visit.read() as tx:
        if may_read_pool:
            new = _latest(visit, tx)
            unseen = count_unseen(tx, visit.principal.account)
        work = open_work(visit, tx) if may_work else ()
        drafts = waiting(visit, tx) if visit.may(Permission.DRAFTS_READ) else ()
        node = health(visit, tx)
    return visit.render(
        "home.html",
        new=new,
        unseen=unseen,
        may_read_pool=may_read_pool,
        may_work=may_work,
        work=work,
        drafts=drafts,
        may_see_drafts=visit.may(Permission.DRAFTS_READ),
        health=node,
        vocabulary=visit.runtime.vocabulary,
    )


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
            target = statements.get(tx, shown.target_contributor, shown.target, now=visit.now)
        case CorrectionView() | RetractionView():
            target = statements.get(tx, stored.contributor, shown.target, now=visit.now)
    about = None if target is None else view(target)
    return about if isinstance(about, FindingView | RelationView) else None
