"""Signing in and out, and the one-time link with which an account's owner chooses a password."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import RedirectResponse

from node.accounts.access_log import record_access
from node.accounts.manage import MAX_LOGIN_CHARACTERS, redeem_setup_link, setup_link_login
from node.accounts.second_factor import enter_code, note_of
from node.accounts.sign_in import sign_in, sign_out
from node.domain.accounts import PasswordAccepted, Permission, SignedIn, TooManyAttempts, WrongCredentials
from node.errors import Code, HanseError
from node.web.forms import FormView
from node.web.security import (
    drop_cookie,
    form_cookie,
    safe_next,
    session_cookie,
    set_cookie,
)
from node.web.translation import say
from node.web.visits import Guest, Open, Requires, Visit, go

ROUTER = APIRouter()
_HOUR_SECONDS: Final = 3_600
_MINUTE_SECONDS: Final = 60
_MAX_TOKEN_CHARACTERS: Final = 100
_Guest = Annotated[Guest, Depends(Open())]
_Own = Annotated[Visit, Depends(Requires(Permission.OWN_ACCOUNT))]


@ROUTER.get("/sign-in")
def show_sign_in(
    guest: _Guest,
    target: Annotated[str, Query(alias="next")] = "/",
    notice: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The form."""
    return guest.render("sign_in.html", form=FormView.of(next=safe_next(target)), notice=notice)


@ROUTER.post("/sign-in")
def do_sign_in(guest: _Guest) -> Response:
    """Begin a session, or say that it did not work without saying why."""
    runtime, form, now = guest.house.runtime, guest.form, guest.house.runtime.clock.now()
    _require_local(guest)
    session_seconds = runtime.settings.session_hours * _HOUR_SECONDS
    login = form.text("login")[:MAX_LOGIN_CHARACTERS]
    outcome = sign_in(
        runtime.database, runtime.vault, login, form.one("password"), now=now, session_seconds=session_seconds
    )
    match outcome:
        case SignedIn():
            with runtime.database.write() as tx:
                record_access(tx, runtime.vault, outcome.principal.account, "signed-in", "", now)
            return _onward(guest, outcome, session_seconds)
        case PasswordAccepted():
            note = note_of(runtime.vault, outcome, guest.token, now)
            return guest.render("sign_in_code.html", form=FormView.of(next=safe_next(form.one("next")), note=note))
        case WrongCredentials():
            with runtime.database.write() as tx:
                record_access(tx, runtime.vault, None, "sign-in-refused", "", now)
            wrong = form.wrong({"login": say("Login and password do not match an account of this node.")})
            return guest.render("sign_in.html", form=wrong, status=422)
        case TooManyAttempts():
            return _too_many(guest, outcome, "sign_in.html", form)


@ROUTER.post("/sign-in/code")
def do_code(guest: _Guest) -> Response:
    """The second step, for accounts that have one."""
    runtime, form, now = guest.house.runtime, guest.form, guest.house.runtime.clock.now()
    seconds = runtime.settings.session_hours * _HOUR_SECONDS
    with runtime.database.write() as tx:
        outcome = enter_code(
            tx, runtime.vault, form.one("note"), form.one("code"), guest.token, now=now, session_seconds=seconds
        )
        if isinstance(outcome, SignedIn):
            record_access(tx, runtime.vault, outcome.principal.account, "signed-in", "second-factor", now)
        elif isinstance(outcome, WrongCredentials):
            record_access(tx, runtime.vault, None, "sign-in-refused", "second-factor", now)
    match outcome:
        case SignedIn():
            return _onward(guest, outcome, seconds)
        case WrongCredentials():
            wrong = form.wrong(
                {"code": say("This is not the code that your authenticator shows now, or it was used before.")}
            )
            return guest.render("sign_in_code.html", form=wrong, status=422)
        case TooManyAttempts():
            return _too_many(guest, outcome, "sign_in_code.html", form)
        case None | PasswordAccepted():
            again = FormView.of(next=safe_next(form.one("next"))).wrong(
                {"": say("It took too long, or the account has changed since. Begin again with your password.")}
            )
            return guest.render("sign_in.html", form=again, status=422)


def _onward(guest: Guest, outcome: SignedIn, seconds: int) -> Response:
    """To where the person wanted to go, with the session."""
    onward = RedirectResponse(safe_next(guest.form.one("next")), HTTPStatus.SEE_OTHER)
    set_cookie(onward, session_cookie(secure=guest.secure), outcome.token, secure=guest.secure, max_age=seconds)
    drop_cookie(onward, form_cookie(secure=guest.secure), secure=guest.secure)
    return onward


def _too_many(guest: Guest, outcome: TooManyAttempts, template: str, form: FormView) -> Response:
    minutes = -(-outcome.retry_after // _MINUTE_SECONDS)
    words = say("Too many attempts at this moment. Try again in a minute.")
    if minutes > 1:
        words = say("Too many attempts for this login. Try again in %(minutes)s minutes.") % {"minutes": minutes}
    response = guest.render(template, form=form.wrong({"": words}), status=429)
    response.headers["retry-after"] = str(outcome.retry_after)
    return response


@ROUTER.post("/sign-out")
def do_sign_out(visit: _Own) -> Response:
    """End this session, here and in the database."""
    if visit.principal.session is not None:
        with visit.write() as tx:
            sign_out(tx, visit.principal.session)
            visit.note(tx, "signed-out")
    response = go("/sign-in", "signed-out")
    secure = visit.runtime.settings.secure_cookies
    drop_cookie(response, session_cookie(secure=secure), secure=secure)
    return response


@ROUTER.get("/setup/{token}")
def show_setup(guest: _Guest, token: str) -> Response:
    """Ask for a password, if the link is still open. Looking at it does not use it up."""
    return guest.render("setup.html", form=FormView(), token=token, login=_login_of(guest, token))


@ROUTER.post("/setup/{token}")
def do_setup(guest: _Guest, token: str) -> Response:
    """Set the password, once."""
    form, runtime = guest.form, guest.house.runtime
    login = _login_of(guest, token)
    if form.one("password") != form.one("repeated"):
        wrong = form.wrong({"repeated": say("The two passwords differ.")})
        return guest.render("setup.html", form=wrong, token=token, login=login, status=422)
    now = runtime.clock.now()
    try:
        redeem_setup_link(runtime.database, runtime.vault, token, form.one("password"), now)
    except HanseError as error:
        if error.code != Code.INVALID:
            raise
        wrong = form.wrong({"password": FormView().refused(error).errors[""]})
        return guest.render("setup.html", form=wrong, token=token, login=login, status=422)
    return go("/sign-in", "password-set")


def _require_local(guest: Guest) -> None:
    if not guest.house.runtime.settings.local_accounts:
        raise HanseError(
            Code.FORBIDDEN,
            "this node has no passwords of its own.",
            remedy="Sign in through your institution.",
        )


def _login_of(guest: Guest, token: str) -> str:
    """Whose link this is; raises ``NOT_FOUND`` for a link that is not open."""
    _require_local(guest)
    runtime = guest.house.runtime
    with runtime.database.read() as tx:
        login = setup_link_login(tx, runtime.vault, token[:_MAX_TOKEN_CHARACTERS], runtime.clock.now())
    if login is None:
        raise HanseError(
            Code.NOT_FOUND,
            "this setup link is unknown, used or expired.",
            remedy="Ask the operator of this node for a new one.",
        )
    return login
