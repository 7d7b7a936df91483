"""Every door of a node against everybody: nobody, a member of the staff in a browser, a program with a token.

What is expected is read from the one table of roles and from the permission that the route names; what happens is
asked of the whole application. A new route is in the walk by itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from node.accounts.manage import find_account
from node.accounts.sign_in import begin_session
from node.accounts.tokens import issue_token
from node.app import application
from node.domain.accounts import ROLE_PERMISSIONS, Permission, Principal, Role, SignedIn, permissions_of
from node.web.security import session_cookie
from tests.node.web.doors import ENTRANCE, PUBLIC, Door, Guard, doors
from tests.node.web.house import House, make_house

ENDLESS: Final = frozenset({"GET /api/v1/stream"})
"""Who is let in there waits for what is new; it has tests of its own."""
CASEWORK: Final = {each for each in Permission if each.partition(":")[0] in {"assessments", "drafts", "evidence"}}
PAGES: Final = {Guard.PAGE}
PROGRAMS: Final = {Guard.API, Guard.TOOLS}
SERVER_ERROR: Final = 500


@dataclass(frozen=True)
class Everybody:
    """The whole application, and a token of each role for programs."""

    house: House
    client: TestClient
    doors: list[Door]
    tokens: dict[Role, str]
    sessions: dict[Role, SignedIn]

    def ask(self, door: Door, *, session: Role | None = None, token: Role | None = None) -> Response:
        """One request; each form with a session of its own, since some doors end it, and with that session's token."""
        self.client.cookies.clear()
        form = door.method == "POST" and door.guard in {Guard.PAGE, Guard.ENTRANCE}
        data: dict[str, str] = {}
        if session is not None:
            signed_in = self._begin(session) if form else self.sessions[session]
            secure = self.house.node.runtime.settings.secure_cookies
            self.client.cookies.set(session_cookie(secure=secure), signed_in.token)
            data = {"csrf": signed_in.principal.csrf_token or ""}
        headers = {"authorization": f"Bearer {self.tokens[token]}"} if token else {}
        return self.client.request(door.method, door.path, headers=headers, data=data if form else None)

    def _begin(self, role: Role) -> SignedIn:
        return _session(self.house, role)


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everybody]:
    """A house of this module alone, since every form in it is sent once."""
    house = make_house(tmp_path_factory.mktemp("everybody"))
    app = application(house.node.runtime)
    tokens = {role: _token(house, role) for role in Role}
    client = TestClient(app, base_url=house.node.url, follow_redirects=False, raise_server_exceptions=False)
    sessions = {role: _session(house, role) for role in Role}
    yield Everybody(house, client, doors(app), tokens, sessions)
    for node in (house.node, *house.others):
        node.runtime.database.close()


def _token(house: House, role: Role) -> str:
    account = house.account(role.value, role)
    runtime, granted = house.node.runtime, permissions_of(frozenset({role}))
    principal = Principal(account.id, role.value, "", account.roles, granted, session=None, csrf_token=None)
    with runtime.database.write() as tx:
        return issue_token(
            tx, runtime.vault, principal, name="walk", permissions=granted, days=1, now=house.node.clock.now()
        ).token


def _session(house: House, role: Role) -> SignedIn:
    runtime, now = house.node.runtime, house.node.clock.now()
    with runtime.database.write() as tx:
        account = find_account(tx, runtime.vault, role.value)
        assert account is not None
        return begin_session(tx, account, now=now, session_seconds=3_600)


def _outcome(answer: Response) -> str:
    """What an answer means for who asked."""
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        return "who are you?"
    path, _, query = answer.headers.get("location", "").partition("?")
    if path == "/sign-in" and not query.startswith("notice="):
        return "who are you?"
    if answer.status_code == HTTPStatus.FORBIDDEN and "this needs the permission" in answer.text.lower():
        return "not for you"
    if answer.status_code >= SERVER_ERROR and "bad-gateway" not in answer.text:
        return f"failed: {answer.status_code}"
    return "let in"


def _content(page: str) -> str:
    """What a page says, without the masthead and the form's token."""
    return re.sub(r'name="csrf" value="[^"]*"', "", page).partition("<main")[2]


def _expected(door: Door, role: Role | None) -> str:
    """What the one table says."""
    if role is None:
        return "who are you?"
    return "let in" if door.opens_to(role) else "not for you"


def _differences(
    everybody: Everybody,
    guards: set[Guard],
    known: Role | None,
    *,
    session: Role | None = None,
    token: Role | None = None,
) -> dict[str, str]:
    """Where somebody, who counts as ``known`` at these doors, meets something else than the table says."""
    wrong = {}
    for door in everybody.doors:
        expected = _expected(door, known)
        if door.guard not in guards or (door.name in ENDLESS and expected == "let in"):
            continue
        outcome = _outcome(everybody.ask(door, session=session, token=token))
        if outcome != expected:
            wrong[door.name] = f"{outcome}, expected: {expected}"
    return wrong


def test_every_route_has_one_guard_or_is_listed_as_open_with_a_reason(everybody: Everybody) -> None:
    names = {door.name for door in everybody.doors}

    assert len(names) == len(everybody.doors) > 150
    assert set(ENTRANCE) | set(PUBLIC) <= names


def test_nobody_is_let_in_without_saying_who_they_are(everybody: Everybody) -> None:
    assert _differences(everybody, PAGES | PROGRAMS, None) == {}


@pytest.mark.parametrize("role", Role)
def test_a_session_opens_the_pages_that_the_table_says(everybody: Everybody, role: Role) -> None:
    assert _differences(everybody, PAGES, role, session=role) == {}


@pytest.mark.parametrize("role", Role)
def test_a_token_opens_the_operations_that_the_table_says(everybody: Everybody, role: Role) -> None:
    assert _differences(everybody, PROGRAMS, role, token=role) == {}


@pytest.mark.parametrize("role", [Role.OFFICER, Role.OPERATOR])
def test_a_token_opens_no_page_and_a_session_no_door_of_programs(everybody: Everybody, role: Role) -> None:
    """A browser sends its cookie wherever a page of strangers sends it; a program's door does not look at it."""
    assert _differences(everybody, PAGES, None, token=role) == {}
    assert _differences(everybody, PROGRAMS, None, session=role) == {}


def test_what_is_open_is_the_same_for_everybody(everybody: Everybody) -> None:
    for door in everybody.doors:
        if door.guard in {Guard.PUBLIC, Guard.ENTRANCE} and door.method == "GET":
            answers = [
                everybody.ask(door, **asker) for asker in ({}, {"session": Role.OFFICER}, {"token": Role.OPERATOR})
            ]
            assert len({(answer.status_code, _content(answer.text)) for answer in answers}) == 1, door.name


def test_what_members_ask_needs_a_members_signature_whoever_else_asks(everybody: Everybody) -> None:
    asked = [door for door in everybody.doors if door.guard is Guard.MEMBER]
    askers: list[dict[str, Role]] = [{}, {"session": Role.OPERATOR}, {"token": Role.OPERATOR}]
    for door in asked:
        answers = [everybody.ask(door, **asker) for asker in askers]
        assert {answer.status_code for answer in answers} <= {400, 401, 404}, door.name
        assert {answer.json()["code"] for answer in answers} == {"bad-request-signature"}, door.name
    assert len(asked) >= 4


def test_a_token_permits_what_it_names_and_not_all_that_its_owner_may(everybody: Everybody) -> None:
    house = everybody.house
    account = house.account("narrow", Role.COORDINATOR)
    runtime = house.node.runtime
    granted = permissions_of(frozenset({Role.COORDINATOR}))
    principal = Principal(account.id, "narrow", "", account.roles, granted, session=None, csrf_token=None)
    only = frozenset({Permission.RELEASES_READ})
    with runtime.database.write() as tx:
        issued = issue_token(
            tx, runtime.vault, principal, name="narrow", permissions=only, days=1, now=house.node.clock.now()
        )
    headers = {"authorization": f"Bearer {issued.token}"}
    for door in everybody.doors:
        if door.guard is not Guard.API or door.name in ENDLESS:
            continue
        everybody.client.cookies.clear()
        outcome = _outcome(everybody.client.request(door.method, door.path, headers=headers))
        assert outcome == ("let in" if door.permission in only else "not for you"), door.name


def test_duties_are_apart() -> None:
    """Said once more in other words than the table's, so that a slip there does not go unseen."""
    allowed = {role: permissions_of(frozenset({role})) for role in Role}
    for role in (Role.COORDINATOR, Role.ANALYST, Role.OPERATOR, Role.AUDITOR, Role.DATA_PROTECTION, Role.OBSERVER):
        assert not allowed[role] & CASEWORK, role
    for role in Role:
        assert not allowed[role] >= {Permission.DRAFTS_WRITE, Permission.DRAFTS_APPROVE}, role
        assert (Permission.ACCOUNTS_MANAGE in allowed[role]) == (role is Role.OPERATOR)
        assert (Permission.ACCESS_LOG_READ in allowed[role]) == (role in {Role.AUDITOR, Role.DATA_PROTECTION})
        assert (Permission.PERSONS_MANAGE in allowed[role]) == (role is Role.DATA_PROTECTION)
    assert allowed[Role.OBSERVER] == {Permission.OWN_ACCOUNT, Permission.RELEASES_READ}
    assert not {each for each in allowed[Role.AUDITOR] if not each.endswith((":read", ":own"))}
    assert set(ROLE_PERMISSIONS) == set(Role)
