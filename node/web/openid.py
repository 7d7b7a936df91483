"""Signing in through the institution: to its sign-in service, and back."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from node.accounts.access_log import record_access
from node.accounts.admission import admit
from node.accounts.openid import CALLBACK, PENDING_SECONDS, Pending, Provider, open_pending
from node.accounts.sign_in import begin_session
from node.domain.accounts import Account, SignedIn
from node.errors import Code, HanseError
from node.web.forms import FormView
from node.web.security import drop_cookie, form_cookie, openid_cookie, safe_next, session_cookie, set_cookie
from node.web.visits import Guest, Open

ROUTER = APIRouter()
BEGIN: Final = "/sign-in/openid"
_HOUR_SECONDS: Final = 3_600
_Guest = Annotated[Guest, Depends(Open())]
_SAID_ON_THE_PAGE: Final = frozenset({Code.FORBIDDEN, Code.SIGN_IN_FAILED, Code.TOO_MANY_REQUESTS})


@ROUTER.get(BEGIN)
def begin_openid(guest: _Guest, target: Annotated[str, Query(alias="next")] = "/") -> Response:
    """To the sign-in service. A link and no form: the policy of our pages lets no form lead elsewhere."""
    provider, now = _provider(guest), guest.house.runtime.clock.now()
    try:
        url, pending = provider.begin(safe_next(target), now)
    except HanseError as error:
        return _refused(guest, error)
    onward = RedirectResponse(url, HTTPStatus.SEE_OTHER)
    set_cookie(
        onward,
        openid_cookie(secure=guest.secure),
        pending.seal(guest.house.runtime.vault),
        secure=guest.secure,
        max_age=PENDING_SECONDS,
    )
    return onward


@ROUTER.get(CALLBACK)
def end_openid(guest: _Guest, request: Request) -> Response:
    """Back from the sign-in service: begin a session, or say why not."""
    secure = guest.secure
    seconds = guest.house.runtime.settings.session_hours * _HOUR_SECONDS
    try:
        pending = _pending(guest, request.cookies.get(openid_cookie(secure=secure), ""))
        outcome = _signed_in(guest, pending, request.query_params, seconds)
    except HanseError as error:
        return _refused(guest, error)
    onward = RedirectResponse(safe_next(pending.target), HTTPStatus.SEE_OTHER)
    set_cookie(onward, session_cookie(secure=secure), outcome.token, secure=secure, max_age=seconds)
    for name in (openid_cookie(secure=secure), form_cookie(secure=secure)):
        drop_cookie(onward, name, secure=secure)
    return onward


def _pending(guest: Guest, cookie: str) -> Pending:
    pending = open_pending(guest.house.runtime.vault, cookie)
    if pending is None:
        raise HanseError(
            Code.FORBIDDEN,
            "this browser has begun no sign-in, or it was too long ago.",
            remedy="Allow this site to set cookies, and begin again.",
        )
    return pending


def _signed_in(guest: Guest, pending: Pending, answer: Mapping[str, str], seconds: int) -> SignedIn:
    """A session, for whom the provider names and this node lets in; raises what keeps them out."""
    runtime, now = guest.house.runtime, guest.house.runtime.clock.now()
    identity = _provider(guest).finish(pending, answer, now)
    with runtime.database.write() as tx:
        account = admit(tx, runtime.vault, identity, now)
        if isinstance(account, Account):
            outcome = begin_session(tx, account, now=now, session_seconds=seconds)
            record_access(tx, runtime.vault, account.id, "signed-in", "", now)
            return outcome
    raise account  # what was written with the refusal is kept


def _provider(guest: Guest) -> Provider:
    provider = guest.house.runtime.openid
    if provider is None:
        raise HanseError(Code.NOT_FOUND, "this node has no sign-in through an institution.")
    return provider


def _refused(guest: Guest, error: HanseError) -> Response:
    """The entrance again, with the reason; and a line in the access log, of the first in a minute.

    Anybody can come here as often as they like, and it costs them nothing.
    """
    if error.code not in _SAID_ON_THE_PAGE:
        raise error
    runtime, now = guest.house.runtime, guest.house.runtime.clock.now()
    if runtime.rates.may_note("sign-in-refused", now):
        with runtime.database.write() as tx:
            record_access(tx, runtime.vault, None, "sign-in-refused", error.code.value, now)
    status = HTTPStatus.FORBIDDEN if error.code is Code.FORBIDDEN else HTTPStatus.SERVICE_UNAVAILABLE
    response = guest.render("sign_in.html", form=FormView.of(next="/").refused(error), status=status)
    drop_cookie(response, openid_cookie(secure=guest.secure), secure=guest.secure)
    return response
