"""Statements from members with a newer vocabulary, and statements that have come to their end, still have pages."""

from pathlib import Path

import msgspec
from fastapi import FastAPI

from node import web
from node.api import problems
from node.domain.accounts import Role
from node.sync import sync_once
from protocol.identifiers import CircleId, VocabularyCode
from protocol.statements import DAY_SECONDS
from tests.federation.support import InMemory, make_node, publish
from tests.node import statements as make
from tests.node.web.house import PARTNER, House, text_of

_NEW = VocabularyCode("kind-of-tomorrow")


def test_codes_that_we_do_not_know_are_shown_as_they_are(fresh_house: House) -> None:
    house, (north, _) = fresh_house, fresh_house.others
    body = msgspec.structs.replace(
        make.finding_body(PARTNER, _NEW, summary="Said in words of tomorrow."),
        scope=_NEW,
        evidence_kinds=(_NEW,),
        technology_domains=(_NEW,),
        engagement_kind=_NEW,
        mitigations=(_NEW,),
    )
    listed = msgspec.structs.replace(make.finding_body(PARTNER), scope=_NEW, evidence_kinds=(_NEW,))
    tie = make.relation(house.circle, PARTNER)
    odd_tie = msgspec.structs.replace(tie, body=msgspec.structs.replace(tie.body, relation=_NEW))
    finding = make.finding(house.circle, body)
    publish(north, house.circle, finding, make.finding(house.circle, listed), odd_tie)
    sync_once(house.node.runtime, transport=InMemory([house.node, *house.others]))
    house.account("analyst", Role.ANALYST)
    browser = house.browser("analyst")

    dossier = text_of(browser.get(f"/subjects/{PARTNER}"))
    statement = text_of(browser.get(f"/statements/{north.own(house.circle)}/{finding.id}"))

    assert "Not in our vocabulary no reading is computed kind-of-tomorrow" in dossier
    assert "Said in words of tomorrow." in dossier
    assert "limited to kind-of-tomorrow" in dossier
    assert "kind-of-tomorrow Invented Works" in dossier
    assert "Cooperation kind-of-tomorrow" in statement
    browser.get("/")


def test_what_has_come_to_its_end_is_visible_and_says_nothing_more(fresh_house: House) -> None:
    house, (north, _) = fresh_house, fresh_house.others
    short = make.finding(house.circle, make.finding_body(PARTNER, summary="For three days."), life=3 * DAY_SECONDS)
    publish(north, house.circle, short)
    sync_once(house.node.runtime, transport=InMemory([house.node, *house.others]))
    house.account("analyst", Role.ANALYST)
    assert "For three days." in house.browser("analyst").get(f"/subjects/{PARTNER}")
    house.node.clock.advance(4 * DAY_SECONDS)
    browser = house.browser("analyst")

    dossier = browser.get(f"/subjects/{PARTNER}")
    statement = text_of(browser.get(f"/statements/{north.own(house.circle)}/{short.id}"))

    assert "For three days." not in dossier
    assert "expired" in statement
    assert "For three days." not in statement
    assert "what they say is not shown on pages any more" in statement


def test_a_node_without_a_circle_says_so(tmp_path: Path) -> None:
    node = make_node(tmp_path, "lonely")
    app = FastAPI(openapi_url=None)
    problems.install(app, web.install(app, node.runtime))
    house = House(node, (), CircleId("A" * 43), app)
    for role in (Role.OFFICER, Role.OPERATOR):
        house.account(role.value, role)

    home = text_of(house.browser("officer").get("/"))
    status = text_of(house.browser("operator").get("/node"))

    assert "This node is in no circle yet. What is recorded here stays here." in home
    assert "Nothing has been shared yet." in home
    assert "None yet. The operator founds or joins one" in status
    assert house.browser("officer").get(f"/subjects/{PARTNER}", 404)
    node.runtime.database.close()
