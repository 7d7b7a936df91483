"""One's own account: who the node takes one for, and the second factor."""

from textwrap import wrap
from typing import Annotated, Final

import segno
from fastapi import APIRouter, Depends, Response
from markupsafe import Markup

from node.accounts.manage import get_account
from node.accounts.second_factor import begin_enrolment, confirm_enrolment, count_own_attempt, is_on, remove_own
from node.domain.accounts import ROLE_LABELS, Permission
from node.errors import Code, HanseError
from node.web.forms import FormView
from node.web.security import drop_cookie, set_cookie
from node.web.translation import COOKIE, COOKIE_SECONDS, LANGUAGES
from node.web.visits import Requires, Visit, go

ROUTER = APIRouter()
_PATH: Final = "/account"
_SETTING_UP: Final = "/account/second-factor"
_QR_MODULE: Final = 5
"""Pixels of one module: a telephone reads it from a screen at arm's length."""
_GROUP: Final = 4
"""Letters that are shown together, for typing."""
_Visit = Annotated[Visit, Depends(Requires(Permission.OWN_ACCOUNT))]


@ROUTER.get(_PATH)
def show_own_account(visit: _Visit) -> Response:
    """Name, roles and second factor."""
    return _page(visit, FormView())


@ROUTER.get(_SETTING_UP)
def show_second_factor(visit: _Visit) -> Response:
    """The secret, as a drawing and as letters, and the field for the first code."""
    return _set_up(visit, FormView())


@ROUTER.post(_SETTING_UP)
def do_second_factor(visit: _Visit) -> Response:
    """Turn it on with the first code."""
    try:
        with visit.write() as tx:
            confirm_enrolment(tx, visit.runtime.vault, visit.principal.account, visit.form.one("code"), visit.now)
            visit.note(tx, "second-factor-on")
    except HanseError as error:
        if error.code is not Code.INVALID:
            raise
        return _set_up(visit, FormView().wrong({"code": FormView().refused(error).errors[""]}))
    return go(_PATH, "second-factor-on")


@ROUTER.post("/account/second-factor/off")
def do_second_factor_off(visit: _Visit) -> Response:
    """Turn it off, with a code."""
    try:
        with visit.write() as tx:
            count_own_attempt(tx, visit.principal.account, visit.now)
        with visit.write() as tx:
            remove_own(tx, visit.runtime.vault, visit.principal.account, visit.form.one("code"), visit.now)
            visit.note(tx, "second-factor-off")
    except HanseError as error:
        if error.code not in {Code.INVALID, Code.TOO_MANY_REQUESTS}:
            raise
        return _page(visit, FormView().wrong({"code": FormView().refused(error).errors[""]}))
    return go(_PATH, "second-factor-off")


@ROUTER.post("/account/language")
def do_language(visit: _Visit) -> Response:
    """Keep a choice in this browser; no choice leaves it to the browser."""
    wanted, secure = visit.form.one("language"), visit.runtime.settings.secure_cookies
    response = go(_PATH)
    if wanted in LANGUAGES:
        set_cookie(response, COOKIE, wanted, secure=secure, max_age=COOKIE_SECONDS)
    else:
        drop_cookie(response, COOKIE, secure=secure)
    return response


def _page(visit: Visit, form: FormView) -> Response:
    with visit.read() as tx:
        account = get_account(tx, visit.runtime.vault, visit.principal.account)
        factor = is_on(tx, visit.runtime.vault, account.id)
    return visit.render(
        "own_account.html",
        account=account,
        factor=factor,
        form=form,
        languages=LANGUAGES.items(),
        roles=[(role.value.capitalize(), ROLE_LABELS[role]) for role in sorted(account.roles)],
        status=422 if form.errors else 200,
    )


def _set_up(visit: Visit, form: FormView) -> Response:
    runtime = visit.runtime
    with visit.write() as tx:
        account = get_account(tx, runtime.vault, visit.principal.account)
        if not account.has_password:
            raise HanseError(
                Code.CONFLICT,
                "you sign in through your institution, which asks for a second factor itself.",
                remedy="Set it up there.",
            )
        enrolment = begin_enrolment(tx, runtime.vault, account.id, account.login, runtime.settings.name)
        visit.note(tx, "second-factor-shown")
    drawing = segno.make(enrolment.uri, error="m", micro=False).svg_inline(
        scale=_QR_MODULE, dark="#000", light="#fff", title="Second factor, to be read by an authenticator"
    )
    return visit.render(
        "second_factor.html",
        form=form,
        secret=" ".join(wrap(enrolment.secret, _GROUP)),
        drawing=Markup(drawing),  # noqa: S704 - made here from base32 and an escaped address, no text of anybody
        status=422 if form.errors else 200,
    )
