"""The page on which a person says that two identifiers are one organisation, and takes it back."""

import re

from node.accounts.access_log import read_access_log
from node.domain.accounts import Role
from tests.node.web.house import PARTNER, PARTNER_NAME, House, text_of


def test_a_link_is_made_shown_on_both_dossiers_and_undone(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    browser = fresh_house.browser("officer")
    made = browser.submit("/subjects/new", {"name": "Tide Mechanics Unit", "circle": fresh_house.circle})
    minted = made.headers["location"].removeprefix("/subjects/")
    page = f"/subjects/{minted}/links"
    before = text_of(browser.get(f"/subjects/{PARTNER}"))

    assert "No other identifier is read as this organisation." in text_of(browser.get(page))
    nobody = browser.submit(page, {"partner": "Somebody Else Entirely", "reason": "Same people."})
    assert "Give the identifier of the other organisation" in text_of(nobody.text)
    silent = browser.submit(page, {"partner": PARTNER, "reason": " "})
    assert "A link needs a reason" in text_of(silent.text)

    linked = browser.follow(browser.submit(page, {"partner": PARTNER, "reason": "Same address and seal."}))
    assert "Both identifiers are read as one organisation now" in text_of(linked)
    assert "Reason given: Same address and seal." in text_of(linked)
    dossier = text_of(browser.get(f"/subjects/{minted}"))
    assert f"This node reads it as {PARTNER_NAME}" in dossier
    assert "Tide Mechanics Unit" in dossier
    found = text_of(browser.get("/search?q=Tide+Mechanics+Unit"))
    assert f"{PARTNER_NAME} " in found
    assert "linked here" in found

    (link,) = re.findall(r"links/([\w-]{22})/undo", linked)
    undone = browser.follow(browser.submit(page, {}, action=f"{page}/{link}/undo"))
    assert "The two identifiers are read apart again." in text_of(undone)
    assert text_of(browser.get(f"/subjects/{PARTNER}")) == before
    with fresh_house.node.runtime.database.read() as tx:
        actions = [entry.action for entry in read_access_log(tx)]
    assert "subjects-linked" in actions
    assert "subjects-unlinked" in actions


def test_an_analyst_sees_links_and_makes_none(house: House) -> None:
    page = house.browser("analyst").get(f"/subjects/{PARTNER}/links")

    assert "Read both as one" not in page
    assert "<form" not in page.split("<main", 1)[1]
