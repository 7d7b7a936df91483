"""Every route names what it needs, and asks for it: of the visitor and of the form."""

import re
from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIRouter

from node.domain.accounts import Permission, Role, permissions_of
from node.web.site import ROUTERS
from node.web.visits import Open, Requires
from tests.node.web.house import House

OPEN = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-in/code"),
    ("GET", "/sign-in/openid"),
    ("GET", "/sign-in/openid/callback"),
    ("GET", "/setup/{token}"),
    ("POST", "/setup/{token}"),
}
"""What people see before they have signed in."""
OPEN |= {
    ("GET", path)
    for path in (
        "/published",
        "/published/{release}",
        "/published/{release}/release.json",
        "/published/{release}/table.csv",
    )
}
_IDS = {
    "circle": "A" * 43,
    "contributor": "A" * 43,
    "statement": "A" * 22,
    "subject": "circle:" + "A" * 22,
    "token": "x",
    "indicator": "gov-opaque-control",
    "scope": "whole",
}


def _routes() -> Iterator[APIRoute]:
    routers: list[APIRouter] = list(ROUTERS)
    while routers:
        for route in routers.pop().routes:
            inner = getattr(route, "original_router", None)
            if isinstance(inner, APIRouter):
                routers.append(inner)
            else:
                assert isinstance(route, APIRoute), route
                yield route


def _guards(dependant: Dependant) -> Iterator[Open | Requires]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Open | Requires):
            yield inner.call
        yield from _guards(inner)


def _method(route: APIRoute) -> str:
    assert route.methods
    (method,) = route.methods
    return method


def _guard(route: APIRoute) -> Open | Requires:
    (guard,) = _guards(route.dependant)
    return guard


def _path(route: APIRoute) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: _IDS.get(match[1], "A" * 22), route.path)


ROUTES = sorted(_routes(), key=lambda route: (route.path, _method(route)))
_NAMES = [f"{_method(route)} {route.path}" for route in ROUTES]


def test_routes_were_found() -> None:
    assert len(ROUTES) > 40


@pytest.mark.parametrize("route", ROUTES, ids=_NAMES)
def test_a_route_names_exactly_one_permission_or_is_open(route: APIRoute) -> None:
    guard = _guard(route)

    assert (guard.permission is None) == ((_method(route), route.path) in OPEN)
    assert guard.permission is None or isinstance(guard.permission, Permission)


@pytest.mark.parametrize("route", [route for route in ROUTES if _guard(route).permission], ids=str)
def test_nobody_gets_in_without_a_session(house: House, route: APIRoute) -> None:
    answer = house.browser().client.request(_method(route), _path(route))

    if _method(route) == "GET":
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
    else:
        assert answer.status_code == 401


def test_a_role_without_the_permission_is_told_so(house: House) -> None:
    browsers = {role: house.browser(role.value) for role in Role}
    for route in ROUTES:
        permission = _guard(route).permission
        if permission is None or _method(route) != "GET":
            continue
        for role, browser in browsers.items():
            if permission not in permissions_of(frozenset({role})):
                answer = browser.client.get(_path(route))
                assert answer.status_code == 403, (route.path, role)
                assert "This is not open to you" in answer.text


@pytest.mark.parametrize("route", [route for route in ROUTES if _method(route) == "POST"], ids=str)
def test_a_form_without_the_token_of_this_session_is_refused(house: House, route: APIRoute) -> None:
    permission = _guard(route).permission
    role = next(role for role in Role if permission is None or permission in permissions_of(frozenset({role})))
    browser = house.browser("" if permission is None else role.value)
    another = house.browser(role.value).client.get("/").text.partition('name="csrf" value="')[2].partition('"')[0]

    for token in ("", "x", another):
        answer = browser.client.post(_path(route), data={"csrf": token})
        assert answer.status_code == 403
        assert "does not belong to this" in answer.text
