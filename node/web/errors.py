"""Errors as pages, in the tone of the other pages: what was wrong, and what to do about it.

The table from codes to status lies with the API, which hands over each problem before it is rendered. Paths that
machines read stay problem documents.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, Protocol
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from node.errors import Code
from node.web.forms import sentence
from node.web.rendering import Page
from node.web.security import HEADERS
from node.web.visits import House, frame, principal_of

_MACHINES: Final = ("/api/", "/federation/", "/.well-known/", "/static/", "/taxii2/", "/misp/", "/metrics")
_NO_SECTION: Final = "/error"
_TITLES: Final = {
    HTTPStatus.BAD_REQUEST: "This request cannot be read",
    HTTPStatus.UNAUTHORIZED: "Please sign in",
    HTTPStatus.FORBIDDEN: "This is not open to you",
    HTTPStatus.NOT_FOUND: "Nothing is kept under this address",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address is not used in this way",
    HTTPStatus.CONFLICT: "Something changed in the meantime",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "This is too large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "This cannot be accepted as it is",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many attempts",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The node failed to answer",
    HTTPStatus.BAD_GATEWAY: "Another node did not answer as it should",
    HTTPStatus.SERVICE_UNAVAILABLE: "The node cannot answer at the moment",
}


class Problem(Protocol):
    """What a problem document holds, before it takes its form."""

    @property
    def code(self) -> str:
        """The stable code."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def title(self) -> str:
        """The code in words."""

    @property
    def detail(self) -> str:
        """What was wrong."""

    @property
    def remedy(self) -> str:
        """What to do; may be empty."""


def renderer(house: House) -> Callable[[Request, Problem], Response | None]:
    """Turns the problem of a page's request into a page, and leaves those of machines alone."""

    def render(request: Request, problem: Problem) -> Response | None:
        if request.url.path.startswith(_MACHINES):
            return None
        if problem.code == Code.NOT_SIGNED_IN and request.method in {"GET", "HEAD"}:
            return RedirectResponse(sign_in_path(request), HTTPStatus.SEE_OTHER)
        page = Page(house.runtime.settings.name)
        if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            # A node in trouble is not asked who is signed in: the answer could be the same trouble again.
            page = frame(house.runtime.settings.name, principal_of(house, request), _NO_SECTION)
        values = {
            "title": _TITLES.get(HTTPStatus(problem.status), problem.title),
            "detail": sentence(problem.detail),
            "remedy": problem.remedy,
            "status": problem.status,
            "code": problem.code,
        }
        response = house.templates.render("error.html", page, values, status=problem.status)
        # An unexpected failure is answered outside the middleware that adds these elsewhere.
        response.headers.update(HEADERS)
        return response

    return render


def sign_in_path(request: Request) -> str:
    """The sign-in page, which comes back here afterwards."""
    target = request.url.path + ("?" + request.url.query if request.url.query else "")
    return "/sign-in" + ("" if target == "/" else "?" + urlencode({"next": target}))
