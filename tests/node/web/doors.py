"""Every way into a node, read from the application itself: who guards it, and which permission it names.

``python -m tests.node.web.doors`` prints the whole table, routes against roles.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from node.api.authentication import Needs, NeedsForTools
from node.api.member_requests import MemberRequests
from node.app import application
from node.domain.accounts import Permission, Role, permissions_of
from node.web.visits import Open
from tests.node.web.house import make_house

ENTRANCE: Final = {
    "GET /sign-in": "the form",
    "POST /sign-in": "the form",
    "POST /sign-in/code": "the second factor",
    "GET /sign-in/openid": "on to the institution's sign-in service",
    "GET /sign-in/openid/callback": "back from it",
    "GET /setup/{token}": "whoever has the link chooses the password",
    "POST /setup/{token}": "whoever has the link chooses the password",
    "GET /reply": "an organisation's answer, where the node offers the form; says nothing of what is held",
    "POST /reply": "an organisation's answer, where the node offers the form; says nothing of what is held",
    "GET /published": "releases that an operator has made public",
    "GET /published/{release}": "releases that an operator has made public",
    "GET /published/{release}/release.json": "releases that an operator has made public",
    "GET /published/{release}/table.csv": "releases that an operator has made public",
}
"""Pages that people see before they have signed in, and why."""
PUBLIC: Final = {
    "GET /api/v1/openapi.json": "says what can be asked, and nothing that is stored",
    "HEAD /api/v1/openapi.json": "says what can be asked, and nothing that is stored",
    "GET /api/reference": "the same as a page",
    "GET /api/v1/health": "says only that the node answers",
    "GET /federation/v1/node": "the node's card",
    "GET /healthz": "says only that the process answers",
    "GET /readyz": "says only which of four checks holds",
    "GET /federation/v1/circles/{circle}/logs/{contributor}/checkpoint": "for auditors, of circles that name members",
    "GET /federation/v1/circles/{circle}/logs/{contributor}/tile/{path:path}": "hashes, of circles that name members",
    "GET /federation/v1/circles/{circle}/forks": "proofs, of circles that name members",
    "GET /.well-known/openid-federation": "the entity configuration",
    "POST /federation/v1/peering": "a confirmation, with a signature of its own",
}
"""What machines may ask without saying who they are, and why."""
_VALUES: Final = {
    "circle": "A" * 43,
    "contributor": "A" * 43,
    "statement": "A" * 22,
    "subject": "circle:" + "A" * 22,
    "token": "x",
    "indicator": "gov-opaque-control",
    "scope": "whole",
    "form": "csv",
    "path:path": "0/000",
    "rest:path": "nothing",
}
"""What stands in the braces of an address, well formed and of nobody."""


@unique
class Guard(StrEnum):
    """Who looks at a request first."""

    PAGE = "page"
    ENTRANCE = "entrance"
    API = "API"
    TOOLS = "API for tools"
    MEMBER = "member"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Door:
    """One method of one route."""

    method: str
    route: str
    guard: Guard
    permission: Permission | None

    @property
    def name(self) -> str:
        """As the tables above name it."""
        return f"{self.method} {self.route}"

    @property
    def path(self) -> str:
        """An address of this route."""
        return re.sub(r"\{([\w:]+)\}", lambda match: _VALUES.get(match[1], "A" * 22), self.route)

    def opens_to(self, role: Role) -> bool:
        """What the one table says."""
        return self.permission is not None and self.permission in permissions_of(frozenset({role}))


def doors(app: FastAPI) -> list[Door]:
    """Every door of an application; raises where a route has no guard, or two, and is in no list of open ones."""
    found = []
    for context in iter_route_contexts(app.routes):
        route, path = context.original_route, context.path
        if path is None or path.startswith("/static"):
            continue
        calls = [*_calls(route.dependant)] if isinstance(route, APIRoute) else []
        found += [_door(method, path, calls) for method in sorted(context.methods or ())]
    return sorted(found, key=lambda door: (door.route, door.method))


def _calls(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def _door(method: str, path: str, calls: list[object]) -> Door:
    name = f"{method} {path}"
    guards = [each for each in map(_guard, calls) if each is not None]
    if name in PUBLIC:
        assert not guards, f"{name} is in the list of what is public, and has a guard"
        return Door(method, path, Guard.PUBLIC, None)
    assert len(guards) == 1, f"{name} has {len(guards)} guards: a route names one permission"
    ((guard, permission),) = guards
    assert (guard is Guard.ENTRANCE) == (name in ENTRANCE), f"{name}: see ENTRANCE"
    return Door(method, path, guard, permission)


def _guard(call: object) -> tuple[Guard, Permission | None] | None:
    if isinstance(call, Open):
        return Guard.ENTRANCE, None
    if isinstance(call, NeedsForTools):
        return Guard.TOOLS, call.permission
    if isinstance(call, Needs):
        return Guard.API, call.permission
    permission = getattr(call, "permission", None)
    if isinstance(permission, Permission):  # one of the guards of pages
        return Guard.PAGE, permission
    owner = getattr(call, "__self__", None)
    if isinstance(owner, MemberRequests) and getattr(call, "__name__", "") == MemberRequests.signer.__name__:
        return Guard.MEMBER, None
    return None


def table(found: list[Door]) -> str:
    """Routes against roles, as Markdown."""
    roles = [*Role]
    lines = [
        "| route | guard | permission | " + " | ".join(roles) + " |",
        "| --- | --- | --- |" + " :-: |" * len(roles),
    ]
    for door in found:
        marks = " | ".join("yes" if door.opens_to(role) else "" for role in roles)
        lines.append(f"| `{door.name}` | {door.guard} | {door.permission or ''} | {marks} |")
    return "\n".join(lines)


if __name__ == "__main__":
    with TemporaryDirectory() as directory:
        house = make_house(Path(directory))
        print(table(doors(application(house.node.runtime))))  # noqa: T201 - the output of a command
