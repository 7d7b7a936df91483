"""The public form by which an organisation sends a reply, on a node that offers it.

What the page says depends on the setting, on what was typed and on how many letters came lately; never on what this
node holds. Nothing is looked up: "nothing is held about you", "something is held" and "you may not know" are one page.
"""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from node.domain.replies import KEPT_DAYS, Letter
from node.errors import Code, HanseError
from node.publishing.reply_intake import receive, too_many
from node.sync.limits import network_of
from node.web.forms import FormView
from node.web.visits import Guest, Open

ROUTER = APIRouter()
_Guest = Annotated[Guest, Depends(Open())]
_FIELDS: Final = ("organisation", "mailbox", "text")
_WORDS: Final = {
    "organisation": "Give the name of the organisation, in at most 200 characters.",
    "identifier": "At most 100 characters.",
    "mailbox": "Give one e-mail address of the organisation.",
    "text": "Write the reply, in at most 8,000 characters.",
}


@ROUTER.get("/reply")
def show_form(guest: _Guest) -> Response:
    """The form."""
    _require_offered(guest)
    return _form(guest, FormView())


@ROUTER.post("/reply")
def send_letter(guest: _Guest, request: Request) -> Response:
    """Take a letter in. The address of the sender is counted in memory and kept nowhere."""
    _require_offered(guest)
    form, runtime = guest.form, guest.house.runtime
    now = runtime.clock.now()
    letter = Letter(form.text("organisation"), form.text("identifier"), form.text("mailbox"), form.text("text"))
    empty = {name: _WORDS[name] for name in _FIELDS if not form.text(name)}
    if empty:
        return _form(guest, form.wrong(empty), HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        if not runtime.rates.may_write(network_of(request.client.host if request.client else ""), now):
            raise too_many()
        with runtime.database.write() as tx:
            receive(tx, runtime.vault, letter, now)
    except HanseError as error:
        if error.code is Code.INVALID:
            name = error.detail.partition(":")[0]
            return _form(guest, form.wrong({name: _WORDS[name]}), HTTPStatus.UNPROCESSABLE_ENTITY)
        if error.code is Code.TOO_MANY_REQUESTS:
            return _form(guest, form.refused(error), HTTPStatus.TOO_MANY_REQUESTS)
        raise
    return guest.render("reply_sent.html", days=KEPT_DAYS)


def _form(guest: Guest, form: FormView, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return guest.render("reply_form.html", form=form, days=KEPT_DAYS, status=status)


def _require_offered(guest: Guest) -> None:
    if not guest.house.runtime.settings.replies_intake:
        raise HanseError(
            Code.NOT_FOUND,
            "this address leads to nothing here.",
            remedy="Perhaps a part of it was lost when it was copied.",
        )
