"""The overview: the search first, then what is new, what is mine to do, and how the node is."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.domain.accounts import Permission
from node.domain.insight import StatementView
from node.insight.views import view
from node.storage import statements
from node.storage.database import Transaction
from node.web.assessments import open_work
from node.web.drafts import waiting
from node.web.sync import health
from node.web.visits import Requires, Visit

ROUTER = APIRouter()
_NEW: Final = 6
"""Statements shown as new: what fits beside the work without scrolling."""
_Visit = Annotated[Visit, Depends(Requires(Permission.OWN_ACCOUNT))]


@ROUTER.get("/")
def show_home(visit: _Visit) -> Response:
    """One page for every role; what a role may not see is not asked for."""
    may_read_pool = visit.may(Permission.POOL_READ)
    may_work = visit.may(Permission.ASSESSMENTS_WRITE)
    if may_read_pool or may_work:
        visit.record("overview-read")
    new: Sequence[StatementView] = ()
    with visit.read() as tx:
        if may_read_pool:
            new = _latest(visit, tx)
        work = open_work(visit, tx) if may_work else ()
        drafts = waiting(visit, tx) if visit.may(Permission.DRAFTS_READ) else ()
        node = health(visit, tx)
    return visit.render(
        "home.html",
        new=new,
        may_read_pool=may_read_pool,
        may_work=may_work,
        work=work,
        drafts=drafts,
        may_see_drafts=visit.may(Permission.DRAFTS_READ),
        health=node,
        vocabulary=visit.runtime.vocabulary,
    )


def _latest(visit: Visit, tx: Transaction) -> Sequence[StatementView]:
    """The end of the feed, latest first. Its numbers have no gaps, so that many before the last is exact."""
    after = max(0, statements.last_seq(tx) - _NEW)
    return [view(stored) for stored in reversed(statements.feed(tx, after=after, limit=_NEW, now=visit.now))]
