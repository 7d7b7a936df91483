"""Sponsoring on pages: an officer asks with a draft; the sponsor reads the bytes, decides, and is asked back."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from node import web
from node.accounts.manage import find_account
from node.api import problems
from node.clock import day_of
from node.domain.accounts import Role
from node.domain.publishing import FindingContent
from node.domain.sponsors import SponsoringState
from node.publishing import drafts
from node.storage import sponsors as storage
from node.sync import sync_once
from protocol.statements import DAY_SECONDS, Timestamp
from tests.federation.people import HELD_BACK
from tests.federation.support import InMemory, Node
from tests.node import statements as make
from tests.node.web.house import PARTNER, Browser, House, hidden, make_house, text_of

SUMMARY = "More data were asked for than had been agreed, twice."


class Two:
    """The house asks; Northport, with pages of its own, is asked."""

    def __init__(self, directory: Path) -> None:
        self.house = make_house(directory)
        self.other = self.house.others[0]
        app = FastAPI(openapi_url=None)
        problems.install(app, web.install(app, self.other.runtime))
        self.there = House(self.other, (), self.house.circle, app)
        for house in (self.house, self.there):
            house.account("officer", Role.OFFICER)
            house.account("approver", Role.APPROVER)

    def rounds(self) -> None:
        nodes = [self.house.node, *self.house.others]
        for node in nodes * 2:
            sync_once(node.runtime, transport=InMemory(nodes))

    def draft(self) -> str:
        """A draft of a finding, by the officer of the house."""
        runtime, now = self.house.node.runtime, self.house.node.clock.now()
        content = FindingContent(body=make.finding_body(PARTNER, summary=SUMMARY), held_back=HELD_BACK)
        with runtime.database.write() as tx:
            officer = find_account(tx, runtime.vault, "officer")
            assert officer is not None
            ends = day_of(Timestamp(now + 300 * DAY_SECONDS))
            return drafts.create_draft(
                tx, runtime.vault, officer.id, self.house.circle, content, expires=ends, now=now
            ).id

    def leave(self, house: House, path: str) -> None:
        """Hand a draft over and approve it, on the pages."""
        officer, approver = house.browser("officer"), house.browser("approver")
        page = officer.get(path)
        officer.follow(officer.submit(path, {"digest": hidden(page, "digest")}, action=f"{path}/submit"))
        approved = approver.submit(path, {"digest": hidden(page, "digest")}, action=f"{path}/approve")
        assert approved.status_code == 303, text_of(approved.text)[:600]

    def state(self, node: Node) -> SponsoringState:
        with node.runtime.database.read() as tx:
            (found,) = storage.listed(tx, node.runtime.vault, 5)
        return found.state


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path)


def _asked(two: Two) -> str:
    """From the draft to the page of the one that is asked."""
    draft = two.draft()
    officer = two.house.browser("officer")
    officer.submit(f"/drafts/{draft}", {}, action=f"/drafts/{draft}/preview")
    place = f"/sponsors/from/{draft}"
    assert place in officer.get(f"/drafts/{draft}")
    form = officer.get(place)
    assert "It can publish it or decline; it cannot change a word." in text_of(form)
    identity = form.partition(">Northport Institute of Technology<")[0].rpartition('value="')[2].partition('"')[0]
    page = officer.follow(officer.submit(place, {"sponsor": identity}))
    assert "Northport Institute of Technology" in page
    assert "Nobody else learns ours" in text_of(page)
    path = officer.client.get("/drafts").text.partition('href="/drafts/')[2].partition('"')[0]
    two.leave(two.house, f"/drafts/{path}")
    two.rounds()
    listed = two.there.browser("officer").get("/sponsors")
    return "/sponsors/" + listed.partition('href="/sponsors/')[2].partition('"')[0]


def test_a_member_is_asked_reads_the_bytes_and_publishes_them(two: Two) -> None:
    path = _asked(two)
    officer: Browser = two.there.browser("officer")
    assert "asks for a sponsor" in text_of(officer.get("/"))
    said = text_of(officer.get(path))
    assert "University of Aldermoor asks us to publish this for it" in said
    assert SUMMARY in said
    assert "zebrafinch" in said
    draft = officer.submit(path, {}, action=f"{path}/take-on").headers["location"].partition("?")[0]
    two.leave(two.there, draft)
    two.rounds()
    assert two.state(two.house.node) is two.state(two.other) is SponsoringState.PUBLISHED
    statement = text_of(two.house.browser("officer").get("/findings?kind=sponsored"))
    assert "published by a sponsor" in statement
    ours = two.house.browser("approver")
    mine = ours.get("/sponsors").partition('href="/sponsors/')[2].partition('"')[0]
    back = {"how": "retraction", "reason_back": "factual-error"}
    ours.follow(ours.submit(f"/sponsors/{mine}", back, action=f"/sponsors/{mine}/take-back"))
    two.rounds()
    assert "Its author wants it back" in text_of(officer.get(path))


def test_a_sponsor_declines_with_a_reason_and_keeps_nothing(two: Two) -> None:
    path = _asked(two)
    approver = two.there.browser("approver")
    assert approver.submit(path, {}, action=f"{path}/decline").status_code == 422
    page = approver.follow(approver.submit(path, {"reason": "tells-too-much"}, action=f"{path}/decline"))
    assert SUMMARY not in page
    two.rounds()
    ours = two.house.browser("officer")
    mine = ours.get("/sponsors").partition('href="/sponsors/')[2].partition('"')[0]
    assert "It would tell who has written it" in text_of(ours.get(f"/sponsors/{mine}"))
    officer = two.there.browser("officer")
    assert officer.submit("/account", {}, action=f"{path}/decline").status_code == 403
