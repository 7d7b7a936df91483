"""The access log, for the auditor: who read or changed what, and whether the record is whole."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from node.accounts.access_log import read_access_log, verify_access_log
from node.accounts.manage import list_accounts
from node.domain.accounts import Permission
from node.web.visits import Requires, Visit

ROUTER = APIRouter()
PER_PAGE: Final = 100
_Visit = Annotated[Visit, Depends(Requires(Permission.ACCESS_LOG_READ))]


@ROUTER.get("/access")
def show_access(visit: _Visit, before: Annotated[int | None, Query(ge=1)] = None) -> Response:
    """Newest first. The chain is recomputed when the page is asked for from its beginning."""
    visit.record("access-log-read")
    with visit.read() as tx:
        entries = read_access_log(tx, before=before, limit=PER_PAGE)
        logins = {account.id: account.login for account in list_accounts(tx, visit.runtime.vault)}
        check = verify_access_log(tx, visit.runtime.vault) if before is None else None
    return visit.render(
        "access.html",
        entries=entries,
        logins=logins,
        check=check,
        earlier=entries[-1].seq if len(entries) == PER_PAGE and entries[-1].seq > 1 else None,
    )
