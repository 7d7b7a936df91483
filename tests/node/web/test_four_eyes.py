"""Whoever may write and approve approves nothing of their own on a page, of whatever kind; and what that page says."""

from collections.abc import Iterator

import pytest

from node.domain.accounts import Role
from node.domain.publishing import DraftId
from node.publishing.preview import preview
from node.storage import circles
from node.storage.publishing import get_draft
from tests.node.publishing.every_kind import contents, submitted
from tests.node.web.house import House, make_house, text_of


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, dict[str, str]]]:
    """A house, and the path of a submitted draft of each kind by one account that may also approve."""
    house = make_house(tmp_path_factory.mktemp("eyes"))
    author = house.account("both", Role.OFFICER, Role.APPROVER).id
    house.account("second", Role.APPROVER)
    runtime, now = house.node.runtime, house.node.clock.now()
    paths = {}
    with runtime.database.write() as tx:
        northport = next(
            each.identity for each in circles.get_roster(tx, house.circle).others if each.name.startswith("Northport")
        )
        for kind, content in contents(house.circle, northport).items():
            draft = submitted(tx, runtime.vault, author, house.circle, content, now)
            preview(tx, runtime.vault, author, draft.id, now)
            paths[kind] = f"/drafts/{draft.id}"
    yield house, paths
    for node in (house.node, *house.others):
        node.runtime.database.close()


def test_nobody_approves_or_returns_their_own_draft_of_any_kind(place: tuple[House, dict[str, str]]) -> None:
    house, paths = place
    both, second = house.browser("both"), house.browser("second")
    runtime = house.node.runtime
    for kind, path in paths.items():
        assert "Approve and publish" not in both.get(path), kind
        assert "Approve and publish" in second.get(path), kind
        with runtime.database.read() as tx:
            found = get_draft(tx, runtime.vault, DraftId(path.rpartition("/")[2]))
        assert found is not None
        assert found.preview is not None
        approved = both.submit(path, {"digest": found.preview.digest}, action=f"{path}/approve")
        returned = both.submit(path, {"note": "Again."}, action=f"{path}/send-back")
        assert (approved.status_code, returned.status_code) == (422, 422), kind
        assert "Nobody can approve a draft of their own." in text_of(approved.text), kind
        assert "Nobody can send-back a draft of their own." in text_of(returned.text), kind
    assert "Nothing has left this node." in both.get("/shared")


def test_the_page_names_circle_members_and_name_for_each_kind(place: tuple[House, dict[str, str]]) -> None:
    house, paths = place
    second = house.browser("second")
    for kind, path in paths.items():
        page = second.get(path)
        said = text_of(page)
        who = text_of(page.partition('id="to"')[2].partition("</section>")[0])
        assert "Circle Estuary Circle" in said, kind
        assert "Northport Institute of Technology" in who, kind
        assert ("Universit\u00e9 du Val d\u2019Esk" in who) is (kind != "sponsor-ask"), kind
        assert "Until " in who, kind
        assert ("University of Aldermoor, by name" in who) is (kind == "attribution"), kind


def test_what_a_sponsor_receives_in_clear_is_said(place: tuple[House, dict[str, str]]) -> None:
    house, paths = place
    asked = text_of(house.browser("second").get(paths["sponsor-ask"]))
    assert "Goes to the member above together with the bytes below" in asked
    assert "These bytes, signed, and what is set out under" in asked
    assert "Given on request only." not in asked
    finding = text_of(house.browser("second").get(paths["finding"]))
    assert "Given on request only." in finding
    assert "These bytes, signed, and no others." in finding
