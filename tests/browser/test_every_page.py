"""Every page that the node has, with something on it, looked at by axe, by our own checks, and at 320 pixels.

``python -m tests.browser.pictures FOLDER`` makes a picture of each.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Town
from tests.browser.test_accessibility import _CHECKS
from tests.federation.support import free_port, serving
from tests.interop.npm import install
from tests.node.web.doors import Guard, doors
from tests.node.web.furnished import Furnished, furnish

pytestmark = pytest.mark.enable_socket

HERE: Final = Path(__file__).parent
WITHOUT_PAGE: Final = {
    "/circles/proposals/{circle}": "needs a charter that goes round: tests/node/web/test_circles",
    "/circles/{circle}/forks/{contributor}": "needs a fork: tests/node/web/test_circles",
    "/circles/{circle}/person-tokens": "needs operators: tests/node/web/test_person_tokens",
    "/circles/{circle}/person-tokens/at/{statement}": "needs operators: tests/node/web/test_person_tokens",
    "/circles/{circle}/person-tokens/{name}": "needs operators: tests/node/web/test_person_tokens",
    "/circles/{circle}/token-keys": "needs operators: tests/node/web/test_person_tokens",
    "/decisions/{kind}/{case}/paper": "the paper of a case: tests/node/web/test_decisions",
    "/published/{release}": "needs a public release: tests/node/web/test_releases",
    "/sign-in/openid": "leads away: tests/browser/test_openid",
    "/sign-in/openid/callback": "leads away: tests/browser/test_openid",
    "/soundings/{sounding}": "needs a larger circle: tests/node/web/test_soundings",
    "/sponsors/from/{draft}": "needs a draft that waits for a sponsor: tests/federation/test_sponsors",
    "/sponsors/{sponsoring}": "needs a draft that waits for a sponsor: tests/federation/test_sponsors",
}
"""Pages that the furnished house has nothing for, and where they are tried."""
_AXE: Final = """
async () => {
  const found = await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]});
  return found.violations.map((v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140)).join(" | "));
}
"""


@pytest.fixture(scope="module")
def furnished(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, Furnished]]:
    """A house with everything in it, served."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    done = furnish(tmp_path_factory.mktemp("furnished"), url)
    with serving(done.house.app, port):
        yield Town(done.house, url, chromium), done
    for node in (done.house.node, *done.house.others):
        node.runtime.database.close()


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The pinned engine, as text."""
    folder = install(HERE / "axe", tmp_path_factory.mktemp("axe"))
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


def pages_of(done: Furnished) -> dict[str, list[str]]:
    """Addresses of all pages, by the login of somebody who may open them; ``""`` for those without an account."""
    found: dict[str, list[str]] = {"": []}
    for door in doors(done.house.app):
        if door.method != "GET" or door.guard not in {Guard.PAGE, Guard.ENTRANCE} or door.route in WITHOUT_PAGE:
            continue
        if "." in door.route.rpartition("/")[2] or door.route.rpartition("/")[2] in {"card", "file", "proof"}:
            continue  # a file, not a page
        if door.route == "/evidence/{file}":
            continue
        logins = [login for login, roles in done.people.items() if any(map(door.opens_to, roles))]
        found.setdefault(logins[0] if logins else "", []).append(done.paths.get(door.route, door.route))
    return found


def test_every_page_has_something_on_it_or_says_where_it_is_tried(furnished: tuple[Town, Furnished]) -> None:
    _, done = furnished
    bare = [path for paths in pages_of(done).values() for path in paths if "{" in path]
    assert bare == [], "add the step that makes one to tests/node/web/furnished.py, or a line to WITHOUT_PAGE"


def test_axe_finds_nothing_and_nothing_scrolls_sideways(furnished: tuple[Town, Furnished], axe: str) -> None:
    """In the dark, at 320 pixels: that is also 1280 at 400 %. ``tests.browser.pictures`` looks at the other sizes."""
    town, done = furnished
    wrong: dict[str, list[str]] = {}
    for login, paths in pages_of(done).items():
        visitor = town.visitor(viewport={"width": 320, "height": 900})
        if login:
            visitor.arrive(login)
        page = visitor.page
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        for path in paths:
            visitor.open(path)
            found = look(page, axe)
            if found:
                wrong[path] = found
        page.context.close()
    assert wrong == {}


def look(page: Page, axe: str) -> list[str]:
    """What is wrong with the page that is open, everything on it unfolded."""
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.evaluate(axe)
    return [*page.evaluate(_AXE), *page.evaluate(_CHECKS)]


def test_nothing_moves_for_those_who_asked_for_less(furnished: tuple[Town, Furnished]) -> None:
    town, _ = furnished
    page = town.visitor().arrive("tamsin").page
    page.emulate_media(reduced_motion="reduce")
    page.goto(town.url + "/")
    moving = """[...document.querySelectorAll("*")].filter((e) => {
      const s = getComputedStyle(e);
      return s.animationName !== "none" || s.transitionDuration.split(",").some((d) => parseFloat(d) > 0);
    }).length"""
    assert page.evaluate(moving) == 0
