"""Tokens of one's own account: what programs may do in one's name, until when, and how to end it."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.accounts.tokens import MAX_DAYS, MAX_NAME_CHARACTERS, issue_token, list_tokens, revoke_token
from node.domain.accounts import Permission
from node.errors import Code, HanseError
from node.web.forms import FormView, whole_number
from node.web.visits import Requires, Visit, go

ROUTER = APIRouter()
_PATH: Final = "/account/tokens"
_DAYS: Final = "90"
_OFFERED: Final = {
    Permission.SUBJECTS_READ: ("Find organisations", "Search, and match names and affiliations."),
    Permission.POOL_READ: ("Read pooled statements", "Dossiers, signals and questions, read one page at a time."),
    Permission.POOL_EXPORT: ("Take pooled statements away", "Files, the live stream, and feeds for other tools."),
    Permission.CIRCLES_READ: ("Read about circles", "Which circles there are, and their numbers."),
    Permission.ASSESSMENTS_READ: ("Read assessments", "Private casework of this institution."),
    Permission.ASSESSMENTS_WRITE: ("Write assessments", "Begin them, answer them, bring them in from a file."),
    Permission.RELEASES_READ: ("Read releases", "Releases made for those outside the circle."),
}
"""What a program can be permitted by this page; everything else is for people at the pages."""
_Visit = Annotated[Visit, Depends(Requires(Permission.OWN_ACCOUNT))]


@ROUTER.get(_PATH)
def show_tokens(visit: _Visit) -> Response:
    """Every token, and the form for a new one."""
    return _page(visit, FormView.of(days=_DAYS))


@ROUTER.post(_PATH)
def make_token(visit: _Visit) -> Response:
    """Make one and show it: this page is the only place where it is ever readable."""
    form = visit.form
    try:
        with visit.write() as tx:
            issued = issue_token(
                tx,
                visit.runtime.vault,
                visit.principal,
                name=form.text("name"),
                permissions=frozenset(each for each in _OFFERED if form.has("permissions", each.value)),
                days=whole_number(form.text("days"), low=1, high=MAX_DAYS),
                now=visit.now,
            )
            visit.note(tx, "token-issued", issued.view.id)
    except HanseError as error:
        if error.code not in {Code.INVALID, Code.CONFLICT, Code.FORBIDDEN}:
            raise
        return _page(visit, form.refused(error))
    return visit.render("token.html", issued=issued, url=visit.runtime.settings.base_url)


@ROUTER.post(_PATH + "/revoke")
def end_token(visit: _Visit) -> Response:
    """End one at once."""
    with visit.write() as tx:
        token = visit.form.one("token")
        revoke_token(tx, visit.principal.account, token)
        visit.note(tx, "token-revoked", token)
    return go(_PATH)


def _page(visit: Visit, form: FormView) -> Response:
    with visit.read() as tx:
        tokens = list_tokens(tx, visit.runtime.vault, visit.principal.account)
    offered = [(each.value, *words) for each, words in _OFFERED.items() if visit.may(each)]
    return visit.render(
        "tokens.html",
        form=form,
        offered=offered,
        tokens=tokens,
        labels={each: words[0] for each, words in _OFFERED.items()},
        now=visit.now,
        most=MAX_DAYS,
        longest=MAX_NAME_CHARACTERS,
    )
