"""Signing in through the institution, in a real browser, at a certified provider (``oidc-provider``, from npm).

Needs node 20, npm and, for the first installation, a package registry or npm's cache; skips where they are not there.
"""

import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec
import pytest
from fastapi import FastAPI
from joserfc.jwk import RSAKey
from playwright.sync_api import Browser, Page

from node.accounts.access_log import read_access_log
from node.accounts.manage import create_account, list_accounts
from node.accounts.openid import CALLBACK, MIN_ASK_SECONDS, Provider
from node.api import problems
from node.clock import SystemClock
from node.domain.accounts import Account, Role
from node.domain.openid import OpenIdSettings
from node.runtime import Runtime
from node.sync.fetch import Fetcher
from node.web import install
from protocol.statements import Timestamp
from tests.federation.support import free_port, make_node, serving
from tests.interop.npm import install as install_package

HERE: Final = Path(__file__).parent.parent / "interop" / "openid"
READY_SECONDS: Final = 30
SECRET: Final = "only between the two, with a % and a + in it"  # noqa: S105 - of a test
NOW: Final = Timestamp(1_780_000_000)
PEOPLE: Final[dict[str, dict[str, object]]] = {
    "u-17": {"name": "R. Tamsin", "preferred_username": "tamsin", "groups": ["research-security", "staff"]},
    "u-23": {"name": "P. Passer", "preferred_username": "passer", "groups": ["staff"]},
}


@dataclass(frozen=True, slots=True)
class Institution:
    """The provider's side: where it runs, and how it is set up."""

    library: Path
    port: int
    client: Mapping[str, object]
    key: RSAKey

    @property
    def issuer(self) -> str:
        """Its issuer identifier."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def open(self, *, key: RSAKey | None = None, people: Mapping[str, object] | None = None) -> Iterator[None]:
        """Run the provider."""
        key = key or self.key
        setup = {
            "issuer": self.issuer,
            "client": self.client,
            "people": PEOPLE if people is None else people,
            "keys": [key.as_dict(private=True)],
        }
        command = ["node", str(HERE / "provider.mjs"), str(self.library), str(self.port)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603 - fixed words
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(msgspec.json.encode(setup) + b"\n")
            process.stdin.flush()
            assert process.stdout.readline().strip() == b"ready"
            yield
        finally:
            process.stdin.close()
            process.wait(READY_SECONDS)
            process.stdout.close()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pinned provider installed by its lock file."""
    return install_package(HERE, tmp_path_factory.mktemp("openid"))


def _key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": name})


@dataclass(frozen=True, slots=True)
class Place:
    """A served node, the institution that it sends people to, and a browser."""

    runtime: Runtime
    institution: Institution
    browser: Browser

    @property
    def url(self) -> str:
        """The node's address."""
        return self.runtime.settings.base_url

    def page(self) -> Page:
        """Somebody with a new browser profile at the entrance of the node."""
        page = self.browser.new_context().new_page()
        page.set_default_timeout(15_000)
        page.goto(self.url + "/sign-in?next=/search")
        return page

    def sign_in(self, person: str, page: Page | None = None) -> Page:
        """To the institution's sign-in service, through it, and back."""
        page = page or self.page()
        page.get_by_role("link", name="Sign in through your institution").click()
        page.locator("input[name=login]").fill(person)
        page.locator("input[name=password]").fill("any, at this provider")
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Continue").click()
        return page

    def accounts(self) -> dict[str, Account]:
        """Every account, by login."""
        with self.runtime.database.read() as tx:
            return {account.login: account for account in list_accounts(tx, self.runtime.vault)}

    def actions(self) -> list[str]:
        """What the access log says."""
        with self.runtime.database.read() as tx:
            return [entry.action for entry in read_access_log(tx, limit=100)]


@pytest.fixture
def place(library: Path, chromium: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """One served node; the test opens the provider. A parameter ``False`` registers it as a public client."""
    confidential = getattr(request, "param", True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    client: dict[str, object] = {"client_id": "hanse", "redirect_uris": [url + CALLBACK]}
    client |= {"client_secret": SECRET} if confidential else {"token_endpoint_auth_method": "none"}
    institution = Institution(library, free_port(), client, _key("first"))
    made = make_node(tmp_path, "aldermoor", url=url).runtime
    secret = made.settings.keys / "openid.secret"
    if confidential:
        secret.touch(mode=0o600)
        secret.write_text(SECRET + "\n", "ascii")
    openid = OpenIdSettings(
        issuer=institution.issuer,
        client_id="hanse",
        secret=secret,
        scopes="openid profile",
        login_claim="preferred_username",
        name_claim="name",
        roles_claim="groups",
        roles={"research-security": Role.OFFICER, "readers": Role.ANALYST},
    )
    settings = replace(made.settings, openid=openid, local_accounts=False)
    provider = Provider(openid, url, lambda: Fetcher(settings))
    runtime = replace(made, settings=settings, openid=provider, clock=SystemClock())
    app = FastAPI(openapi_url=None)
    problems.install(app, install(app, runtime))
    with serving(app, port):
        yield Place(runtime, institution, chromium)
    runtime.database.close()


@pytest.mark.enable_socket
@pytest.mark.parametrize("place", [True, False], indirect=True, ids=["with a secret", "public client"])
def test_somebody_signs_in_through_the_institution_and_finds_the_same_account_again(place: Place) -> None:
    with place.institution.open():
        page = place.sign_in("u-17")
        page.wait_for_url(place.url + "/search")
        assert "R. Tamsin" in page.inner_text("body")
        (account,) = place.accounts().values()
        assert (account.login, account.roles, account.has_password) == ("tamsin", frozenset({Role.OFFICER}), False)
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(re.compile("/sign-in"))

        place.sign_in("u-17").wait_for_url(place.url + "/search")

        assert list(place.accounts().values()) == [account]
    assert place.actions().count("signed-in") == 2


@pytest.mark.enable_socket
def test_roles_are_those_of_the_day_and_who_has_none_is_not_let_in(place: Place) -> None:
    with place.institution.open():
        page = place.sign_in("u-23")
        page.get_by_text("has given you no role at this node").wait_for()
        assert place.accounts() == {}
        kept = place.sign_in("u-17")
        kept.wait_for_url(place.url + "/search")
    moved = {"u-17": PEOPLE["u-17"] | {"groups": ["readers"], "preferred_username": "somebody-else"}}
    with place.institution.open(people=moved):
        place.sign_in("u-17").wait_for_url(place.url + "/search")
        assert {login: account.roles for login, account in place.accounts().items()} == {"tamsin": {Role.ANALYST}}
    gone = {"u-17": PEOPLE["u-17"] | {"groups": []}}
    with place.institution.open(people=gone):
        place.sign_in("u-17").get_by_text("has given you no role at this node").wait_for()
    kept.reload()
    assert kept.url.startswith(place.url + "/sign-in")


@pytest.mark.enable_socket
def test_a_login_that_is_taken_opens_nobodys_account(place: Place) -> None:
    """What a provider calls a person's login is no proof that an account here is theirs."""
    with place.runtime.database.write() as tx:
        create_account(
            tx, place.runtime.vault, login="tamsin", display_name="Another", roles=frozenset({Role.OPERATOR}), now=NOW
        )
    with place.institution.open():
        place.sign_in("u-17").get_by_text("an account with your login exists here already").wait_for()
    assert place.accounts()["tamsin"].roles == {Role.OPERATOR}


@pytest.mark.enable_socket
def test_the_provider_changes_its_keys_and_nobody_is_kept_out(place: Place) -> None:
    with place.institution.open():
        place.sign_in("u-17").wait_for_url(place.url + "/search")
    assert place.runtime.openid is not None
    known = place.runtime.openid
    with place.institution.open(key=_key("second")):
        ready = time.monotonic() + MIN_ASK_SECONDS
        page = place.page()
        time.sleep(max(0.0, ready - time.monotonic()))
        place.sign_in("u-17", page).wait_for_url(place.url + "/search")
    assert place.runtime.openid is known


@pytest.mark.enable_socket
def test_a_provider_that_is_down_is_said_and_the_way_is_open_again_when_it_is_back(place: Place) -> None:
    page = place.page()
    page.get_by_role("link", name="Sign in through your institution").click()
    page.get_by_text("sign-in service of the institution could not be asked").wait_for()
    assert page.get_by_role("link", name="Sign in through your institution").is_visible()
    time.sleep(MIN_ASK_SECONDS)
    with place.institution.open():
        place.sign_in("u-17", page).wait_for_url(re.compile(f"{place.url}/(search)?$"))


@pytest.mark.enable_socket
def test_an_answer_is_worth_nothing_in_another_browser_or_twice(place: Place) -> None:
    """Who is lured to somebody else's answer would work in that one's account (RFC 9700, section 4.7)."""
    answers: list[str] = []
    with place.institution.open():
        page = place.page()
        page.on("request", lambda request: answers.append(request.url) if CALLBACK in request.url else None)
        place.sign_in("u-17", page).wait_for_url(place.url + "/search")
        (answer,) = answers

        other = place.page()
        other.goto(answer)
        other.get_by_text("this browser has begun no sign-in").wait_for()
        other.get_by_role("link", name="Sign in through your institution").click()
        other.wait_for_url(re.compile(re.escape(place.institution.issuer)))
        other.goto(answer)
        other.get_by_text("belongs to no sign-in that this browser has begun").wait_for()
    assert place.actions().count("signed-in") == 1
    assert place.actions().count("sign-in-refused") == 2


@pytest.mark.enable_socket
def test_a_person_who_declines_at_the_provider_is_told_how_to_go_on(place: Place) -> None:
    with place.institution.open():
        page = place.page()
        page.get_by_role("link", name="Sign in through your institution").click()
        page.get_by_role("link", name="[ Cancel ]").click()
        page.get_by_text("did not let you in").wait_for()
