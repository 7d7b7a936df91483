"""Releases on pages: four eyes, what readers see and do not see, and the public page."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import pytest
from fastapi import FastAPI

from node import web
from node.api import problems
from node.domain.accounts import Role
from node.web.releases import offered
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.disclosure.attacks.stage import JULY, MEMBERS, NOW, OPAQUE, QUANTUM, Stage
from tests.node.insight.disclosure.tables import subject
from tests.node.insight.support import pools_of
from tests.node.web.house import Browser, House, text_of


@dataclass(frozen=True, slots=True)
class Town:
    """A house whose circle stated much in July."""

    house: House
    stage: Stage

    def who(self, login: str) -> Browser:
        """Somebody with a session."""
        return self.house.browser(login)

    def prepare(self, login: str = "coordinator", audience: str = "partners", named: str = "") -> str:
        """The address of a release that waits."""
        form = {"circle": self.house.circle, "period": "2026-07", "audience": audience, "named": named}
        answer = self.who(login).submit("/releases/new", form)
        assert answer.status_code == 303, text_of(answer.text)
        return str(answer.headers["location"]).partition("?")[0]

    def approve(self, path: str, login: str = "approver") -> str:
        """What the page says after somebody approved it."""
        browser = self.who(login)
        digest = browser.get(path).partition('name="digest" value="')[2].partition('"')[0]
        return browser.follow(browser.submit(path, {"digest": digest}, action=f"{path}/approve"))


@pytest.fixture
def town(tmp_path: Path, vocabulary: Vocabulary) -> Iterator[Town]:
    """On 2026-10-04, with an account for each role."""
    (pool,) = pools_of(tmp_path, f"sqlite:///{tmp_path / 'hanse.db'}", members=MEMBERS)
    pool.node.clock.advance(NOW - make.IAT)
    app = FastAPI(openapi_url=None)
    problems.install(app, web.install(app, pool.node.runtime))
    house = House(pool.node, (), pool.circle, app)
    for role in Role:
        house.account(role.value, role)
    house.account("colleague", Role.COORDINATOR)
    stage = Stage(pool, vocabulary)
    stage.crowd(JULY)
    yield Town(house, stage)
    pool.database.close()


def test_one_prepares_another_approves_and_an_observer_reads(town: Town) -> None:
    town.stage.state(2, JULY)
    path = town.prepare()
    waiting = text_of(town.who("colleague").get(path))
    assert "fewer than three contributors" in waiting
    assert "Approve and issue" in waiting
    assert "somebody else approves it" in text_of(town.who("coordinator").get(path))
    town.who("observer").get(path, 404)
    town.who("observer").get(f"{path}/release.json", 404)

    assert "The release is issued" in text_of(town.approve(path))
    read = text_of(town.who("observer").get(path))
    assert "Concerns 37 claims in all" in read
    assert "Assurances 18 claims in all" in read
    for word in ("fewer", "could be shown", "left out"):
        assert word not in read


def test_whoever_prepared_it_cannot_approve_it(town: Town) -> None:
    path = town.prepare()
    page = town.who("colleague").get(path)
    digest = page.partition('name="digest" value="')[2].partition('"')[0]
    answer = town.who("coordinator").submit(path, {"digest": digest}, action=f"{path}/approve")
    assert answer.status_code == 422
    assert "cannot approve it" in answer.text
    assert town.who("colleague").submit(path, {"digest": "x"}, action=f"{path}/approve").status_code == 422


def test_what_has_changed_since_is_not_issued(town: Town) -> None:
    found = town.stage.state(2, JULY, OPAQUE, QUANTUM)
    path = town.prepare()
    town.stage.retract(2, found)
    assert "The pool has changed" in text_of(town.who("approver").get(path))
    browser = town.who("approver")
    assert "forgotten" in text_of(browser.follow(browser.submit(path, {}, action=f"{path}/discard")))
    browser.get(path, 404)


def test_a_period_is_released_once_whoever_the_readers_are(town: Town) -> None:
    town.approve(town.prepare())
    form = {"circle": town.house.circle, "period": "2026-07", "audience": "public", "named": ""}
    answer = town.who("coordinator").submit("/releases/new", form)
    assert answer.status_code == 422
    assert "counted twice" in text_of(answer.text)


_WRONG: Final = (
    ({"period": "2026-10"}, "has not been over"),
    ({"period": "July"}, "A period is"),
    ({"audience": "everybody"}, "who the readers are"),
    ({"circle": "x"}, "choose a circle"),
    ({"circle": "A" * 43}, "not a member"),
    ({"named": "Institute"}, "named by its identifier"),
    ({"audience": "public", "named": subject(1)}, "names no subject"),
    ({"named": " ".join(subject(number) for number in range(21))}, "names 20 subjects at most"),
)


def test_a_form_that_cannot_be_is_explained(town: Town) -> None:
    browser = town.who("coordinator")
    for changes, words in _WRONG:
        form = {"circle": town.house.circle, "period": "2026-07", "audience": "partners", "named": "", **changes}
        answer = browser.submit("/releases/new", form)
        assert answer.status_code == 422
        assert words.lower() in text_of(answer.text).lower()


def test_the_public_page_shows_what_is_public_where_it_is_on(town: Town) -> None:
    for number in range(9):
        town.stage.state(number % 6, JULY, OPAQUE, QUANTUM, handling="TLP:CLEAR")
    path = town.prepare(audience="public")
    town.approve(path)
    nobody = town.house.browser()
    public = path.replace("/releases", "/published")
    assert "Nothing has been published" in text_of(nobody.get("/published"))
    nobody.get(public, 404)

    operator = town.who("operator")
    operator.submit("/releases", {"circle": town.house.circle, "public": "on"}, action="/releases/public")
    assert "2026-07, Invented Circle" in text_of(nobody.get("/published"))
    assert "nine claims in all" in text_of(nobody.get(public))
    same = [
        who.client.get(f"{where}/release.json").content
        for who, where in ((nobody, public), (town.who("observer"), path))
    ]
    assert same[0] == same[1]
    assert nobody.client.get(f"{public}/table.csv").text.count("\r\n") == 2
    operator.submit("/releases", {"circle": town.house.circle, "public": "off"}, action="/releases/public")
    nobody.get(public, 404)
    assert nobody.client.get("/releases").headers["location"].startswith("/sign-in")


def test_a_release_for_partners_is_not_public(town: Town) -> None:
    path = town.prepare()
    town.approve(path)
    town.who("operator").submit("/releases", {"circle": town.house.circle, "public": "on"}, action="/releases/public")
    town.house.browser().get(path.replace("/releases", "/published"), 404)


def test_everybody_reads_the_same_bytes(town: Town) -> None:
    """Two accounts put together have what one has; there is no selection, no page and no query to compare."""
    path = town.prepare()
    town.approve(path)
    bytes_of = {
        town.who(role.value).client.get(f"{path}/release.json{query}").content
        for role in Role
        for query in ("", "?limit=1", "?group=fund")
    }
    assert len(bytes_of) == 1
    release = msgspec.json.decode(bytes_of.pop())
    assert sum(block["claims"] for block in release["blocks"]) == 54
    assert set(release) == {
        *("v", "circle", "circle_name", "period", "audience", "handling", "vocabulary_version"),
        *("rules", "blocks", "named"),
    }


def test_named_subjects_are_shown_with_what_enough_members_hold(town: Town) -> None:
    known = subject(9_001)
    for author in range(5):
        town.stage.state(author, JULY, OPAQUE, QUANTUM, about=known)
    town.stage.state(1, JULY, about=subject(9_002))
    path = town.prepare(named=f"{known}\n{subject(9_002)}")
    waiting = text_of(town.who("approver").get(path))
    assert "Institute of Invented Studies" in waiting
    assert "one claim not named" in waiting
    read = text_of(town.approve(path))
    assert "at least three contributors and two independent roots" in read


def test_an_observer_sees_nothing_live(town: Town) -> None:
    observer = town.who("observer")
    assert observer.client.get("/").headers["location"] == "/releases"
    for path in ("/circles", "/search", "/node", "/shared", "/assessments", "/accounts"):
        observer.get(path, 403)


def test_only_what_is_over_and_settled_is_offered() -> None:
    periods = [str(period) for period in offered(NOW)]
    assert periods[:4] == ["2026-08", "2026-07", "2026-Q2", "2026-06"]
    assert "2026-Q3" not in periods
