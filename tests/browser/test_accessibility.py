"""What WCAG 2.2 AA asks for and a machine can see, on every page, wide and at 320 pixels.

The checks run inside the page; each returns a list of what is wrong, in words.
"""

from typing import Final

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from node import insight
from node.domain.accounts import Role
from tests.browser.conftest import DESKTOP, Town, Visitor
from tests.node.web.house import PARTNER, UNKNOWN_PARTNER

pytestmark = pytest.mark.enable_socket

_NARROW: Final[ViewportSize] = {"width": 320, "height": 700}
_OFFICER: Final = (
    "/",
    "/search",
    "/search?q=tidal",
    "/search?q=x",
    "/search?q=nothing-at-all",
    f"/subjects/{PARTNER}",
    f"/subjects/{UNKNOWN_PARTNER}",
    f"/subjects/{PARTNER}/ties?depth=2",
    f"/subjects/{PARTNER}/paths",
    "/lists",
    "/subjects/new",
    "/assessments",
    "/assessments/new",
    "/assessments/import",
    "/drafts",
    f"/drafts/tie/{PARTNER}",
    "/shared",
    "/node",
    "/nothing/here",
)
_OPERATOR: Final = (
    "/",
    "/circles",
    "/circles/new",
    "/peers",
    "/accounts",
    "/accounts/new",
    "/releases",
    "/node",
    "/access",
    "/assessments",
)
_GUEST: Final = (
    "/sign-in",
    "/published",
)

_CHECKS: Final = r"""
() => {
  const wrong = [];
  const name = (e) => e.outerHTML.slice(0, 120);
  const seen = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden";
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not exactly one h1");
  if (!document.documentElement.lang) wrong.push("no language");
  if (!document.title.includes("Hanse")) wrong.push("no title");
  if (document.querySelectorAll("main").length !== 1) wrong.push("not exactly one main");
  let level = 0;
  for (const heading of document.querySelectorAll("h1,h2,h3,h4,h5,h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) wrong.push("heading skips a level: " + name(heading));
    level = next;
  }
  const ids = new Set();
  for (const e of document.querySelectorAll("[id]")) {
    if (ids.has(e.id)) wrong.push("two elements with the id " + e.id);
    ids.add(e.id);
  }
  for (const e of document.querySelectorAll("input:not([type=hidden]):not([aria-hidden]),select,textarea")) {
    if (!e.labels?.length && !e.getAttribute("aria-label")) wrong.push("no label: " + name(e));
  }
  for (const e of document.querySelectorAll("[aria-describedby],[aria-labelledby]")) {
    for (const attribute of ["aria-describedby", "aria-labelledby"]) {
      for (const id of (e.getAttribute(attribute) || "").split(" ").filter(Boolean)) {
        if (!ids.has(id)) wrong.push(attribute + " names nothing: " + id);
      }
    }
  }
  for (const e of document.querySelectorAll("a,button,summary")) {
    if (!e.textContent.trim() && !e.querySelector("[aria-label]")) wrong.push("no text: " + name(e));
  }
  for (const e of document.querySelectorAll("button,.button,summary,.sections a,input:not([type=hidden]),select")) {
    if (!seen(e) || e.classList.contains("unseen")) continue;
    const box = e.getBoundingClientRect();
    const target = ["checkbox", "radio"].includes(e.type) ? e.parentElement.getBoundingClientRect() : box;
    if (target.height < 24) wrong.push("target of " + target.height + " px: " + name(e));
  }
  for (const row of document.querySelectorAll("svg")) {
    const hidden = row.getAttribute("aria-hidden") === "true";
    if (!row.getAttribute("aria-label") && !hidden) wrong.push("drawing: " + name(row));
  }
  for (const e of document.querySelectorAll("caption")) {
    const box = e.getBoundingClientRect(), whole = e.parentElement.getBoundingClientRect();
    if (box.width < whole.width - 1) wrong.push("squeezed to " + box.width + " of " + whole.width + " px: " + name(e));
  }
  const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (over > 0) wrong.push("wider than the window by " + over);
  return wrong;
}
"""

_CONTRAST: Final = r"""
() => {
  const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); return m.length > 3 && m[3] === 0 ? null : m; };
  const light = (c) => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const wrong = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    const shown = walker.currentNode.textContent.trim() && e.getClientRects().length;
    if (!shown || e.closest(".unseen,svg,.skip")) continue;
    let ground = null;
    for (let up = e; up && !ground; up = up.parentElement) ground = parse(getComputedStyle(up).backgroundColor);
    const a = light(parse(getComputedStyle(e).color)), b = light(ground || [255, 255, 255]);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) wrong.add(ratio.toFixed(2) + ": " + e.outerHTML.slice(0, 100));
  }
  return [...wrong];
}
"""


def _check(visitor: Visitor, paths: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        page = visitor.open(path)
        for details in page.locator("details").all():
            details.evaluate("element => { element.open = true; }")
        found[path] = [*page.evaluate(_CHECKS), *page.evaluate(_CONTRAST)]
    return {path: wrong for path, wrong in found.items() if wrong}


@pytest.mark.parametrize("viewport", [DESKTOP, _NARROW], ids=["wide", "320-pixels"])
def test_every_page_can_be_read_and_used(town: Town, viewport: ViewportSize) -> None:
    _, link = town.house.setup_link(f"guest-{viewport['width']}", Role.ANALYST)
    assert _check(town.visitor(viewport=viewport), (*_GUEST, link)) == {}
    assert _check(town.visitor(viewport=viewport).arrive("tamsin"), _OFFICER) == {}
    assert _check(town.visitor(viewport=viewport).arrive("ops"), _OPERATOR) == {}


@pytest.mark.parametrize("viewport", [DESKTOP, _NARROW], ids=["wide", "320-pixels"])
def test_the_page_of_a_signal_can_be_read(town: Town, viewport: ViewportSize) -> None:
    visitor = town.visitor(viewport=viewport).arrive("tamsin")
    path = visitor.open(f"/subjects/{PARTNER}").locator("a[href^='/signals/']").first.get_attribute("href")
    assert path is not None
    assert _check(visitor, (path,)) == {}


@pytest.mark.parametrize("viewport", [DESKTOP, _NARROW], ids=["wide", "320-pixels"])
def test_the_pages_of_circles_and_peers_can_be_read_and_used(town: Town, viewport: ViewportSize) -> None:
    other = town.house.others[0]
    path = f"/circles/{town.house.circle}"
    member = f"{path}/members/{other.own(town.house.circle)}"
    key = other.runtime.keyring.identity_public().key_id
    pages = (path, member, f"{path}/endorse", f"/peers/{key}")
    visitor = town.visitor(viewport=viewport).arrive("ops")

    assert _check(visitor, pages) == {}
    visitor.page.emulate_media(color_scheme="dark")
    assert _check(visitor, pages) == {}
    assert visitor.complaints == []


@pytest.mark.parametrize("viewport", [DESKTOP, _NARROW], ids=["wide", "320-pixels"])
def test_dashboards_and_briefings_can_be_read(town: Town, viewport: ViewportSize) -> None:
    runtime = town.house.node.runtime
    insight.catch_up(runtime.database, runtime.vocabulary, runtime.clock.now())
    path = f"/circles/{town.house.circle}"
    pages = (f"{path}/dashboard", f"{path}/dashboard?group=talent", f"{path}/briefing", f"/subjects/{PARTNER}/briefing")
    visitor = town.visitor(viewport=viewport).arrive("tamsin")

    assert _check(visitor, pages) == {}
    visitor.page.emulate_media(color_scheme="dark")
    assert _check(visitor, pages) == {}
    assert visitor.complaints == []


def test_a_vote_is_looked_at_without_a_script_before_it_is_signed(town: Town) -> None:
    visitor = town.visitor(javascript=False, viewport=_NARROW).arrive("ops")
    page = visitor.open(f"/circles/{town.house.circle}")
    page.get_by_role("link", name="Northport Institute of Technology").click()
    page.get_by_label("First entry that is void").fill("3")
    page.get_by_label("Reason for the vote").select_option("log-forked")
    page.get_by_role("button", name="Prepare the vote").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Vote to remove a member")
    expect(page.locator("pre").first).to_contain_text('"from_index": 3')
    expect(page.get_by_role("button", name="Sign the vote")).to_be_visible()
    page.get_by_role("link", name="Not now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Estuary Circle")


def test_the_pages_of_casework_can_be_read_and_used(town: Town) -> None:
    visitor = town.visitor(viewport=_NARROW).arrive("tamsin")
    page = visitor.open(f"/assessments/new?subject={PARTNER}")
    page.get_by_label("Working title").fill("For reading")
    page.get_by_label("Kind of cooperation").select_option("project")
    page.get_by_role("button", name="Begin").click()
    path = page.url.removeprefix(town.url).partition("?")[0]

    assert _check(visitor, (path, f"{path}/edit", f"{path}/answers/new?question=q11")) == {}


def test_pages_keep_their_contrast_in_the_dark(town: Town) -> None:
    visitor = town.visitor().arrive("tamsin")
    visitor.page.emulate_media(color_scheme="dark")

    assert _check(visitor, ("/", f"/subjects/{PARTNER}", "/assessments/new", "/node")) == {}


def test_the_keyboard_leads_through_the_page_and_shows_where_it_is(town: Town) -> None:
    page = town.visitor().arrive("tamsin").open(f"/subjects/{PARTNER}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top >= 0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    stops = _tab_through(page)

    assert len(stops) >= 8
    assert all(outline != "none" for outline in stops)


def test_the_dossier_is_printed_with_what_stands_behind_it(town: Town) -> None:
    page = town.visitor().arrive("tamsin").open(f"/subjects/{PARTNER}")
    page.emulate_media(media="print")

    assert not page.locator(".sections").is_visible()
    assert not page.get_by_role("button", name="Sign out").is_visible()
    assert page.get_by_text("The annual accounts name the same foundation.").is_visible()


def test_the_browser_enforces_the_policy_without_a_complaint(town: Town) -> None:
    visitor = town.visitor().arrive("tamsin")
    for path in _OFFICER[:-1]:
        visitor.open(path)

    assert visitor.complaints == []
    assert visitor.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 248, 241)"


def _tab_through(page: Page) -> list[str]:
    stops = []
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        stops.append(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
    return stops
