"""Who is asking for a page, and what a route may do for them.

Every route names what it needs by one of two dependencies: :class:`Requires` with one permission, or
:class:`Open` for the few pages that people see before they have signed in. Both refuse a posted form that does
not carry the token of this session (or, before there is one, of this browser), so no route can forget it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from node.accounts.access_log import record_access
from node.accounts.sign_in import authenticate_session, require_csrf
from node.domain.accounts import Permission, Principal
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage.database import Transaction
from node.web.forms import MAX_FIELD_BYTES, MAX_FORM_FIELDS, NUL, FormView
from node.web.rendering import Page, Person, Templates
from node.web.sections import rows
from node.web.security import form_cookie, new_form_token, same, session_cookie, set_cookie
from node.web.translation import say
from protocol.statements import Timestamp

NOTICES: Final = {
    "account-saved": "The account was changed.",
    "answer-removed": "The answer was removed.",
    "answer-saved": "The answer is recorded.",
    "assessment-closed": "The assessment is closed.",
    "cases-deleted": "The cases are deleted, with what belonged to them.",
    "assessment-created": "The assessment is begun. Answer what you can; the rest stays open.",
    "assessment-grown": "All questions of the checklist are asked now.",
    "assessment-reopened": "The assessment is open again.",
    "assessment-saved": "The changes are recorded.",
    "charter-discarded": "The charter was forgotten here.",
    "charter-drafted": "The charter is drafted and signed by you. Send it round to be signed by the others.",
    "charter-received": "The charter is here, with every signature that came with it. You have signed nothing by that.",
    "charter-signed": "You have signed. Send the file to the others.",
    "circle-candidate": "This node waits to be endorsed. Send its card, below, to members.",
    "circle-joined": "This node is a member. The exchange begins with the next round.",
    "circle-left": "This node has left the circle. The others learn of it with their next round.",
    "claim-settled": "What you said of this claim is recorded, at this node alone. No reading changes by it.",
    "corrected": "The correction is in the log; members receive it at their next round.",
    "case-taken-over": "You keep this case now: its reviews and measures are on your overview.",
    "decision-recorded": "The decision is recorded, with the case as it stands today.",
    "measure-saved": "The measure is recorded.",
    "question-saved": "The question is recorded.",
    "review-recorded": "The review is recorded.",
    "review-began-round": "The review is recorded, and this is the new round. The decision stands until another one.",
    "draft-discarded": "The draft was discarded. Nothing had left.",
    "recalled": "It is taken back. Members apply it when they next exchange with this node.",
    "draft-saved": "The draft is saved. Nothing has left.",
    "engagement-created": "The engagement is recorded.",
    "engagement-saved": "The changes are recorded.",
    "engagement-status": "The status is recorded. Nothing else changes by it.",
    "import-forgotten": "The table was forgotten. What was entered from it stays.",
    "key-rotated": "The new key is in use. The others learn of it with their next round.",
    "member-endorsed": "The endorsement is in the log; members receive it at their next round.",
    "password-set": "Your password is set. Sign in with it now.",
    "peer-asked": "The other side has answered.",
    "peer-confirmed": "Both sides have confirmed. The peer is ready.",
    "peer-confirmed-first": "You have confirmed this key. The other side has not confirmed yours yet.",
    "peer-confirmed-alone": "You have confirmed this key. The other side could not be told; ask it later.",
    "peer-forgotten": "The peer was forgotten.",
    "peer-met": "This is what the address says of itself. Nothing is confirmed by that.",
    "public-page-off": "The public page of this circle is off.",
    "public-page-on": "The public page of this circle is on.",
    "release-discarded": "The release was forgotten. Nothing had left.",
    "release-issued": "The release is issued. Its readers have it now, for ever as it is.",
    "release-prepared": "The release is prepared. A second person approves exactly this.",
    "removal-voted": "The vote is in the log; members receive it at their next round.",
    "reply-set-aside": "The letter was deleted.",
    "reply-verified": "How the letter was verified is recorded.",
    "request-declined": "You have declined. The asker reads the reason.",
    "request-released": "The field is on its way to the asker.",
    "request-reminded": "The reminder is on its way.",
    "request-said": "The message is on its way.",
    "request-sent": "The request is on its way to the contributor, and to nobody else.",
    "request-withdrawn": "The request is withdrawn.",
    "retracted": "The retraction is in the log; members receive it at their next round.",
    "second-factor-off": "The second factor is off.",
    "second-factor-on": "The second factor is on. From the next sign-in on you are asked for a code.",
    "sent-back": "The draft went back to its author.",
    "signed-out": "You are signed out.",
    "token-key-destroyed": "The key was destroyed. Nobody can test a name against the tokens of its epoch any more.",
    "token-key-published": "The key is published; members receive it at their next round.",
    "token-made": "The operators have made the token. It is a draft now, and nothing has left.",
    "tie-noted": "The tie is noted, for this institution alone.",
    "tie-removed": "The private tie was removed.",
    "listing-confirmed": "The entry is tied to the organisation you chose.",
    "listing-dismissed": "The entry is set aside: it is none of these organisations.",
    "subjects-linked": "Both identifiers are read as one organisation now, at this node.",
    "subjects-unlinked": "The two identifiers are read apart again.",
    "sounding-decided": "This is recorded. It is sent with the shares, at the close.",
    "sounding-forward": "It is on its way to the asker, and to nobody else.",
    "sounding-policy": "This is how soundings of the circle are answered from now on.",
    "sounding-put": "The sounding is on its way to every member.",
    "sponsoring-asked-back": "The sponsor is asked. It is told as soon as it can be reached.",
    "sponsoring-declined": "The author is told, with your reason and nothing else.",
    "submitted": "The draft now waits for a second person.",
    "watch-begun": "You watch this organisation from now on. What is known of it today is no news.",
    "watch-delivery": "How you are told is recorded.",
    "watch-ended": "The watch has ended, and its notices with it.",
    "trust-changed": "The decision is recorded. It holds at this node alone; nobody is told.",
}
"""What a page may say after a redirect. The address carries the key alone, so nobody can put words in our mouth."""


@dataclass(frozen=True, slots=True)
class House:
    """What every page of one node needs."""

    runtime: Runtime
    templates: Templates


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who has not signed in, and the form they sent."""

    house: House
    form: FormView
    token: str
    secure: bool

    def render(self, template: str, *, status: int = HTTPStatus.OK, notice: str = "", **values: object) -> HTMLResponse:
        """A page without a session; ties its forms to this browser."""
        settings = self.house.runtime.settings
        page = Page(settings.name, csrf=self.token)
        values |= {"notice": say(NOTICES.get(notice, "")), "openid": settings.openid, "local": settings.local_accounts}
        response = self.house.templates.render(template, page, values, status=status)
        set_cookie(response, form_cookie(secure=self.secure), self.token, secure=self.secure)
        return response


@dataclass(frozen=True, slots=True)
class Visit:
    """A request by somebody signed in, permitted to make it."""

    house: House
    principal: Principal
    form: FormView
    path: str
    notice: str

    @property
    def runtime(self) -> Runtime:
        """The parts of the node."""
        return self.house.runtime

    @property
    def now(self) -> Timestamp:
        """The moment of the request, by the node's clock."""
        return self.runtime.clock.now()

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that sees one moment."""
        return self.runtime.database.read()

    def write(self) -> AbstractContextManager[Transaction]:
        """The transaction of a request that changes something."""
        return self.runtime.database.write()

    def record(self, action: str, record: str = "") -> None:
        """Note in the access log that private or pooled data is about to be shown."""
        with self.write() as tx:
            self.note(tx, action, record)

    def note(self, tx: Transaction, action: str, record: str = "") -> None:
        """The same, in the transaction of a change; a transaction notes access last."""
        record_access(tx, self.runtime.vault, self.principal.account, action, record, self.now)

    def may(self, permission: Permission) -> bool:
        """Whether a further step is offered on the page."""
        return self.principal.may(permission)

    def render(self, template: str, *, status: int = HTTPStatus.OK, **values: object) -> HTMLResponse:
        """A page of this session."""
        values["notice"] = say(NOTICES.get(self.notice, ""))
        page = frame(self.runtime.settings.name, self.principal, self.path)
        return self.house.templates.render(template, page, values, status=status)


def frame(institution: str, principal: Principal | None, path: str) -> Page:
    """The masthead and the sections that this person may open."""
    if principal is None:
        return Page(institution)
    return Page(
        institution,
        csrf=principal.csrf_token or "",
        person=Person(principal.display_name, sorted(role.value for role in principal.roles)),
        rows=rows(principal, path),
    )


def go(path: str, notice: str = "", fragment: str = "") -> RedirectResponse:
    """After a form was accepted: on to a page that can be loaded again without repeating it."""
    query = "?" + urlencode({"notice": notice}) if notice else ""
    return RedirectResponse(path + query + (f"#{fragment}" if fragment else ""), HTTPStatus.SEE_OTHER)


async def read_form(request: Request) -> AsyncIterator[FormView]:
    """The text fields of a posted form, within bounds; an empty form for other requests. Files end with the request."""
    if request.method != "POST":
        yield FormView()
        return
    data = await request.form(max_files=1, max_fields=MAX_FORM_FIELDS, max_part_size=MAX_FIELD_BYTES)
    try:
        yield FormView.received(data)
    finally:
        await data.close()


class Open:
    """A page for somebody who has not signed in. ``permission`` is ``None``: the test of routes lists these."""

    permission: None = None

    def __call__(self, request: Request, form: Annotated[FormView, Depends(read_form)]) -> Guest:
        """The guest; a posted form must carry the token of this browser."""
        house: House = request.state.house
        secure = house.runtime.settings.secure_cookies
        token = request.cookies.get(form_cookie(secure=secure), "")
        if request.method == "POST" and not same(token, form.one("csrf")):
            raise HanseError(
                Code.FORBIDDEN,
                "the form does not belong to this browser.",
                remedy="Allow this site to set cookies, open the page again and repeat what you did.",
            )
        return Guest(house, form, token or new_form_token(), secure)


class Requires:
    """A page for those who have one permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, request: Request, form: Annotated[FormView, Depends(read_form)]) -> Visit:
        """The visit; a posted form must carry the token of this session."""
        house: House = request.state.house
        principal = principal_of(house, request)
        if principal is None:
            raise HanseError(
                Code.NOT_SIGNED_IN,
                "you are not signed in, or your session has ended.",
                remedy="Sign in and open the page again.",
            )
        if request.method == "POST":
            require_csrf(principal, form.one("csrf"))
        principal.require(self.permission)
        return Visit(house, principal, form, request.url.path, request.query_params.get("notice", ""))


def principal_of(house: House, request: Request) -> Principal | None:
    """Who holds the session cookie of a request."""
    runtime = house.runtime
    token = request.cookies.get(session_cookie(secure=runtime.settings.secure_cookies))
    if not token:
        return None
    with runtime.database.read() as tx:
        return authenticate_session(tx, runtime.vault, token, runtime.clock.now())


def bind(house: House) -> Callable[[Request], None]:
    """Tie the requests of one router to one node; several nodes may run in one process.

    Refuses U+0000 in an address, since not every database can be asked for it.
    """

    def bind_house(request: Request) -> None:
        if any(NUL in value for _, value in request.query_params.multi_items()):
            raise HanseError(Code.INVALID, "the address holds the character U+0000, which no text has.")
        request.state.house = house

    return bind_house
