"""A real browser, a real server on loopback, a real node: for what only a browser can tell.

Skipped, with the reason, where no Chromium is installed.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
import pytest_socket
from playwright.sync_api import Browser, BrowserContext, Page, Request, ViewportSize, sync_playwright

from node.domain.accounts import Role
from tests.federation.support import free_port, serving
from tests.node.web.house import PASSWORD, House, make_house

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_TIMEOUT_MILLISECONDS: Final = 15_000
DESKTOP: Final[ViewportSize] = {"width": 1280, "height": 900}


@dataclass
class Visitor:
    """One person with a browser window, and what the console complained about."""

    page: Page
    town: "Town"
    complaints: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The node's address."""
        return self.town.url

    def open(self, path: str) -> Page:
        """Go to a page of the node."""
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, login: str) -> "Visitor":
        """As a person does."""
        self.open("/sign-in")
        self.page.get_by_label("Login").fill(login)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(self.url + "/")
        return self

    def arrive(self, login: str) -> "Visitor":
        """With a session that has begun: hashing a password takes longer than most pages."""
        token = self.town.house.session(login)
        self.page.context.add_cookies([{"name": "hanse-session", "value": token, "url": self.url}])
        return self

    def on_failure(self, request: Request) -> None:
        """Note what could not be loaded; going on before a page has loaded everything is no failure."""
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url}")


@dataclass(frozen=True, slots=True)
class Town:
    """A house that is served, and people who come to it."""

    house: House
    url: str
    browser: Browser

    def visitor(self, *, javascript: bool = True, viewport: ViewportSize = DESKTOP) -> Visitor:
        """Somebody with a new, empty browser profile."""
        context: BrowserContext = self.browser.new_context(java_script_enabled=javascript, viewport=viewport)
        context.set_default_timeout(_TIMEOUT_MILLISECONDS)
        page = context.new_page()
        visitor = Visitor(page, self)
        page.on("console", lambda message: visitor.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        page.on("requestfailed", visitor.on_failure)
        return visitor


@pytest.fixture(scope="module")
def chromium(socket_allowed: None) -> Iterator[Browser]:
    """The Chromium of this machine."""
    del socket_allowed
    path = next((found for found in map(shutil.which, NAMES) if found), None)
    if path is None:
        pytest.skip("needs Chromium: none of " + ", ".join(NAMES) + " is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def socket_allowed() -> Iterator[None]:
    """Loopback for the module: its fixtures listen before a test's own marker takes effect."""
    pytest_socket.enable_socket()
    yield
    pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture(scope="module")
def town(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One served node with an officer, a second person and an operator."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    house = make_house(Path(tmp_path_factory.mktemp("town")), url)
    house.account("tamsin", Role.OFFICER, name="R. Tamsin")
    house.account("okoro", Role.OFFICER, Role.APPROVER, name="B. Okoro")
    house.account("ops", Role.OPERATOR, Role.AUDITOR, name="The operator")
    with serving(house.app, port):
        yield Town(house, url, chromium)
    for node in (house.node, *house.others):
        node.runtime.database.close()
