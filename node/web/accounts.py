"""Accounts, for the operator: make one, hand out its link once, change its roles, close it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from node.accounts.manage import (
    create_account,
    disable_account,
    enable_account,
    get_account,
    list_accounts,
    renew_setup_link,
    set_roles,
)
from node.accounts.second_factor import is_on, reset
from node.accounts.sign_in import sign_out_everywhere
from node.domain.accounts import ROLE_LABELS, AccountId, Permission, Role, SetupLink
from node.errors import Code, HanseError
from node.storage.database import Transaction
from node.web.forms import LOCAL_ID, FormView, address_part
from node.web.visits import Requires, Visit, go

ROUTER = APIRouter()
_Id = Annotated[AccountId, address_part(LOCAL_ID)]
_Visit = Annotated[Visit, Depends(Requires(Permission.ACCOUNTS_MANAGE))]


@ROUTER.get("/accounts")
def show_accounts(visit: _Visit) -> Response:
    """Every account."""
    with visit.read() as tx:
        accounts = list_accounts(tx, visit.runtime.vault)
    return visit.render("accounts.html", accounts=accounts)


@ROUTER.get("/accounts/new")
def show_new(visit: _Visit) -> Response:
    """The form."""
    return _form(visit, FormView())


@ROUTER.post("/accounts/new")
def do_new(visit: _Visit) -> Response:
    """Make it and show the link: this page is the only place where it is ever readable."""
    form = visit.form
    try:
        with visit.write() as tx:
            account, link = create_account(
                tx,
                visit.runtime.vault,
                login=form.one("login"),
                display_name=form.one("display_name"),
                roles=_roles(form),
                now=visit.now,
            )
            visit.note(tx, "account-created", account.id)
    except HanseError as error:
        if error.code not in {Code.INVALID, Code.CONFLICT}:
            raise
        return _form(visit, form.wrong({_field(error): form.refused(error).errors[""]}))
    return _link(visit, account.login, link)


@ROUTER.get("/accounts/{account}")
def show_account(visit: _Visit, account: _Id) -> Response:
    """One account, to be changed."""
    return _account(visit, account, FormView())


@ROUTER.post("/accounts/{account}/roles")
def do_roles(visit: _Visit, account: _Id) -> Response:
    """Replace its roles."""
    try:
        with visit.write() as tx:
            set_roles(tx, visit.runtime.vault, account, _roles(visit.form))
            visit.note(tx, "account-roles-set", account)
    except HanseError as error:
        return _refused(visit, account, error)
    return go(f"/accounts/{account}", "account-saved")


@ROUTER.post("/accounts/{account}/access")
def do_access(visit: _Visit, account: _Id) -> Response:
    """Close it, open it again, end its sessions, or take its second factor off."""
    try:
        with visit.write() as tx:
            _change(visit, tx, account)
    except HanseError as error:
        return _refused(visit, account, error)
    return go(f"/accounts/{account}", "account-saved")


@ROUTER.post("/accounts/{account}/link")
def do_link(visit: _Visit, account: _Id) -> Response:
    """A fresh one-time link, shown once."""
    with visit.write() as tx:
        found = get_account(tx, visit.runtime.vault, account)
        link = renew_setup_link(tx, found.id, visit.now)
        visit.note(tx, "setup-link-renewed", found.id)
    return _link(visit, found.login, link)


def _change(visit: Visit, tx: Transaction, account: AccountId) -> None:
    match visit.form.one("change"):
        case "close":
            disable_account(tx, visit.runtime.vault, account)
            visit.note(tx, "account-disabled", account)
        case "open":
            enable_account(tx, visit.runtime.vault, account)
            visit.note(tx, "account-enabled", account)
        case "sign-out":
            sign_out_everywhere(tx, get_account(tx, visit.runtime.vault, account).id)
            visit.note(tx, "account-signed-out", account)
        case "second-factor":
            reset(tx, get_account(tx, visit.runtime.vault, account).id)
            visit.note(tx, "second-factor-reset", account)
        case _:
            raise HanseError(Code.INVALID, "the form asks for no change that an account has.")


def _refused(visit: Visit, account: AccountId, error: HanseError) -> Response:
    if error.code not in {Code.INVALID, Code.CONFLICT}:
        raise error
    return _account(visit, account, visit.form.refused(error))


def _roles(form: FormView) -> frozenset[Role]:
    return frozenset(role for role in Role if form.has("roles", role.value))


def _field(error: HanseError) -> str:
    """The field that a refusal is about."""
    if error.code == Code.CONFLICT or "login" in error.detail:
        return "login"
    return "display_name" if "display name" in error.detail else "roles"


def _form(visit: Visit, form: FormView) -> Response:
    roles = [(role.value, role.value.capitalize(), words) for role, words in ROLE_LABELS.items()]
    return visit.render("account_new.html", form=form, roles=roles, status=422 if form.errors else 200)


def _account(visit: Visit, account: AccountId, form: FormView) -> Response:
    with visit.read() as tx:
        found = get_account(tx, visit.runtime.vault, account)
        factor = is_on(tx, visit.runtime.vault, account)
    chosen = form.many("roles") if form.errors else tuple(role.value for role in found.roles)
    return visit.render(
        "account.html",
        account=found,
        factor=factor,
        form=FormView.of(roles=chosen).wrong(form.errors),
        roles=[(role.value, role.value.capitalize(), words) for role, words in ROLE_LABELS.items()],
        status=422 if form.errors else 200,
    )


def _link(visit: Visit, login: str, link: SetupLink) -> Response:
    address = f"{visit.runtime.settings.base_url}/setup/{link.token}"
    return visit.render("account_link.html", login=login, address=address, expires=link.expires)
