"""From the search to an approved finding by the keyboard alone, and how many keys that takes.

Counted is every key that is pressed to go somewhere or to choose something. Characters of words that a person writes
in any case (the name that is searched, the observation, days, the source, the summary) are counted apart: no program
saves them.
"""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Town, Visitor
from tests.node.web.house import PARTNER_NAME

pytestmark = pytest.mark.enable_socket

SHORT_ANSWER_KEYS = 3
"""Space, Tab, Enter."""
MOST_KEYS_TO_THE_FIRST_QUESTION = 30
MOST_KEYS = 190
"""Of the whole way. A bound against creeping growth; 148 when this was written."""


@dataclass
class Hands:
    """Two hands on a keyboard, and what they have done."""

    page: Page
    keys: int = 0
    characters: int = 0

    def press(self, key: str, times: int = 1) -> None:
        """One key, some times."""
        for _ in range(times):
            self.page.keyboard.press(key)
        self.keys += times

    def write(self, words: str) -> None:
        """Words that somebody has to write in any case."""
        self.page.keyboard.type(words)
        self.characters += len(words)

    def choose(self, letters: str) -> None:
        """In a list that has the focus: by its first letters."""
        self.page.keyboard.type(letters)
        self.keys += len(letters)

    def skip(self) -> None:
        """By the first link of a page past the masthead and the sections."""
        self.press("Tab")
        self.press("Enter")

    def tab_to(self, name: str) -> None:
        """Tab until the element of this accessible name has the focus."""
        for _ in range(_PATIENCE):
            if self._focused().startswith(name):
                return
            self.press("Tab")
        raise AssertionError(f"{name} cannot be reached by the keyboard; the focus is on {self._focused()!r}")

    def enter(self) -> None:
        """Enter, and the page that comes of it."""
        with self.page.expect_navigation():
            self.press("Enter")

    def _focused(self) -> str:
        found: str = self.page.evaluate(_FOCUSED)
        return " ".join(found.split())


_PATIENCE = 150
_FOCUSED = """() => {
  const e = document.activeElement;
  const labels = e.labels && e.labels.length ? [...e.labels].map(l => l.innerText).join(" ") : "";
  return labels || e.getAttribute("aria-label") || e.innerText || "";
}"""


def test_a_finding_is_made_and_approved_by_the_keyboard_alone(town: Town) -> None:
    officer = town.visitor().arrive("tamsin")
    hands = _to_the_first_question(officer)
    to_first = hands.keys
    _answer_the_light_tier(hands)
    after_answers = hands.keys
    draft = _draft(hands, officer)
    second = town.visitor().arrive("okoro")
    others = _approve(second, draft)

    print(f"keys: {to_first} to the first question, {after_answers - to_first} for six answers,")  # noqa: T201
    print(f"{hands.keys - after_answers} to hand over, {others.keys} to approve; {hands.characters} characters")  # noqa: T201
    assert to_first <= MOST_KEYS_TO_THE_FIRST_QUESTION
    assert hands.keys + others.keys <= MOST_KEYS
    assert officer.complaints == []
    assert second.complaints == []


def _to_the_first_question(officer: Visitor) -> Hands:
    page = officer.open("/")
    hands = Hands(page)
    hands.skip()
    hands.tab_to("Name or identifier")
    hands.write("Tidal Mech")
    hands.enter()
    hands.skip()
    hands.tab_to(PARTNER_NAME)
    hands.tab_to("Assess")
    hands.enter()
    hands.choose("Joint p")
    hands.tab_to("Working title")
    hands.enter()
    expect(page).to_have_url(re.compile(r"/questions/q01"))
    return hands


def _answer_the_light_tier(hands: Hands) -> None:
    """Five short answers and one observation."""
    for question in ("q01", "q04", "q07", "q09", "q10"):
        expect(hands.page).to_have_url(re.compile(f"/questions/{question}"))
        before = hands.keys
        hands.press("Space")
        hands.press("Tab")
        hands.write("The registers and lists of 4 September.")
        hands.enter()
        assert hands.keys - before == SHORT_ANSWER_KEYS
    expect(hands.page).to_have_url(re.compile("/questions/q11"))
    _observe(hands)


def _observe(hands: Hands) -> None:
    hands.press("ArrowDown", 3)
    hands.tab_to("In your own words")
    hands.write("The register shows no owner of the trust.")
    hands.tab_to("First day observed")
    hands.write("03012025")
    hands.tab_to("Last day observed")
    hands.write("05122026")
    hands.tab_to("A trace")
    hands.press("ArrowDown")
    hands.tab_to("Reliability of the source")
    hands.choose("B")
    hands.press("Tab")
    hands.choose("2")
    hands.press("Tab")
    hands.press("Space")
    hands.tab_to("Sources")
    hands.write("https://register.example/55")
    hands.tab_to("Record the answer")
    hands.enter()
    expect(hands.page.get_by_role("status")).to_have_text("The answer is recorded.")


def _draft(hands: Hands, officer: Visitor) -> str:
    page = hands.page
    hands.tab_to("Draft a finding")
    hands.enter()
    hands.skip()
    hands.tab_to("Summary")
    hands.write("Two of four funders sit behind a trust whose owner no register names.")
    hands.tab_to("Keep the draft")
    hands.enter()
    hands.skip()
    hands.tab_to("Hand over to a second person")
    hands.enter()
    expect(page.get_by_role("status")).to_have_text("The draft now waits for a second person.")
    return page.url.removeprefix(officer.url).partition("?")[0]


def _approve(second: Visitor, draft: str) -> Hands:
    page = second.open(draft)
    hands = Hands(page)
    hands.skip()
    hands.tab_to("Approve and publish")
    hands.enter()
    expect(page.get_by_role("heading", name="Published")).to_be_visible()
    return hands
