"""The pages on each database, from the search to what was shared."""

from pathlib import Path

from node.accounts.access_log import verify_access_log
from node.domain.accounts import Role
from tests.node.web.house import PARTNER, hidden, make_house, text_of
from tests.node.web.test_drafts import handed_over


def test_the_whole_way_on_each_database(tmp_path: Path, database_url: str) -> None:
    house = make_house(tmp_path, database_url=database_url)
    for login, role in (("author", Role.OFFICER), ("second", Role.APPROVER), ("auditor", Role.AUDITOR)):
        house.account(login, role)
    author, second = house.browser("author"), house.browser("second")
    assert "Two organisations" in author.get("/search?q=tidal")

    path = handed_over(author)
    page = second.get(path)
    second.follow(second.submit(path, {"digest": hidden(page, "digest")}, action=f"{path}/approve"))

    assert "Final origin of support cannot be traced" in author.get("/shared")
    assert "three contributors" in text_of(author.get(f"/subjects/{PARTNER}"))
    assert "and is whole." in house.browser("auditor").get("/access")
    with house.node.runtime.database.read() as tx:
        assert verify_access_log(tx, house.node.runtime.vault).intact
    for path in ("/search?q=tid%00al", "/subjects/new?name=%00", f"/subjects/{PARTNER}?notice=%00"):
        assert "U+0000" in author.get(path, status=422)
    author.get(f"/subjects/{PARTNER}%00", status=404)
    author.get("/circles/%00", status=404)
    for login in ("author\x00", "\x00"):
        assert "U+0000" in house.browser().submit("/sign-in", {"login": login, "password": "x"}).text
    for node in (house.node, *house.others):
        node.runtime.database.close()
