"""Entries of public lists that no identifier ties to an organisation: a person says which one is meant, if any."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.domain.accounts import Permission
from node.domain.subjects import parse_identifier
from node.errors import Code, HanseError
from node.storage import lists as storage
from node.subjects.lists import candidates, decide
from node.subjects.offers import understood
from node.web.forms import LOCAL_ID, address_part
from node.web.visits import Requires, Visit, go

ROUTER = APIRouter()
PER_PAGE: Final = 20
"""Entries on one page: each is searched for."""
_Listing = Annotated[str, address_part(LOCAL_ID)]
_Visit = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_READ))]
_Writer = Annotated[Visit, Depends(Requires(Permission.ASSESSMENTS_WRITE))]


@ROUTER.get("/lists")
def show_pending(visit: _Visit, page: Annotated[int, Query(ge=1, le=20_000)] = 1) -> Response:
    """What is to be confirmed, by name, with the organisations that each entry may mean."""
    visit.record("lists-read")
    with visit.read() as tx:
        waiting = storage.count_pending(tx)
        found = storage.pending(tx, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    texts = [(listing, understood(visit.runtime.names, listing.name)) for listing in found]
    with visit.read() as tx:
        items = [(listing, candidates(tx, listing, match)) for listing, match in texts]
    return visit.render(
        "lists.html",
        waiting=waiting,
        items=items,
        page_number=page,
        more=waiting > page * PER_PAGE,
        may_decide=visit.may(Permission.ASSESSMENTS_WRITE),
    )


@ROUTER.post("/lists/{listing}")
def do_decide(visit: _Writer, listing: _Listing) -> Response:
    """Tie one entry to the organisation that was chosen or typed, or set it aside."""
    chosen, typed = visit.form.one("subject"), visit.form.text("identifier")
    none = chosen == "none" and not typed
    subject = None if none else parse_identifier(typed or chosen)
    if subject is None and not none:
        raise HanseError(
            Code.INVALID,
            "no organisation was chosen, and what was typed is no identifier.",
            remedy="Go back and choose one, or say that it is none of these.",
        )
    with visit.write() as tx:
        decide(tx, listing, subject, visit.principal.account, visit.now)
        visit.note(tx, "listing-dismissed" if none else "listing-confirmed", listing)
    return go("/lists", "listing-dismissed" if none else "listing-confirmed")
