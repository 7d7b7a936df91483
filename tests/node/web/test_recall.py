"""Taking back what was shared: seen to the byte, sent with the next click, and who has applied it."""

import re
from html import unescape

import msgspec
import pytest

from node.domain.accounts import Role
from node.errors import HanseError
from node.insight import index
from node.insight.query import may_read_bytes
from node.insight.refresh import catch_up
from node.publishing import recall
from node.storage import gone, statements
from node.storage.publishing import list_publications
from node.sync import sync_once
from protocol.identifiers import StatementId, decode_bytes
from protocol.statements import DAY_SECONDS, FindingBody, Timestamp
from tests.federation.support import InMemory, publish
from tests.node import statements as make
from tests.node.web.house import Browser, House, hidden, text_of
from tests.node.web.test_drafts import SUMMARY, handed_over


@pytest.fixture
def shared(fresh_house: House) -> tuple[House, Browser, str]:
    """A house that has shared one finding, its approver, and the path at which it is taken back."""
    fresh_house.account("author", Role.OFFICER, name="R. Tamsin")
    fresh_house.account("second", Role.APPROVER, name="B. Okoro")
    author, second = fresh_house.browser("author"), fresh_house.browser("second")
    path = handed_over(author)
    second.follow(second.submit(path, {"digest": hidden(second.get(path), "digest")}, action=f"{path}/approve"))
    link = re.search(r'href="(/recall/[^"/]+/[^"/]+)"', second.get("/shared"))
    assert link
    return fresh_house, second, unescape(link[1])


def send(browser: Browser, path: str, choice: str = "") -> str:
    page = browser.get(path + choice)
    return browser.follow(browser.submit(path + choice, {"payload": hidden(page, "payload")}, action=path))


def test_two_clicks_erase_and_the_draft_goes_too(shared: tuple[House, Browser, str]) -> None:
    house, approver, path = shared
    runtime, statement = house.node.runtime, StatementId(path.rpartition("/")[2])
    page = approver.get(path)
    assert "To Northport Institute of Technology and Universit\u00e9 du Val d\u2019Esk." in text_of(page)
    payload = unescape(re.findall(r'<pre class="raw"[^>]*>(.*?)</pre>', page)[0])
    assert f'"indices":[0],"reason":"published-by-mistake","target":"{statement}"' in payload
    assert SUMMARY not in page

    receipts = send(approver, path)

    assert "It is taken back." in text_of(receipts)
    assert text_of(receipts).count("not yet") == 2
    with runtime.database.read() as tx:
        feed = statements.feed(tx, after=0, limit=100, now=house.node.clock.now())
        assert gone.find(tx, house.node.own(house.circle), statement) is not None
        assert list_publications(tx, circle=None, limit=10, offset=0) == []
    (erasure,) = [each for each in feed if each.contributor == house.node.own(house.circle)]
    assert erasure.jws.count(b".") == 2
    assert SUMMARY not in approver.get("/shared")
    approver.get(path, status=404)


def test_a_member_receipts_what_it_has_applied(shared: tuple[House, Browser, str]) -> None:
    house, approver, path = shared
    send(approver, path, "?kind=retract")
    north, network = house.others[0], InMemory([house.node, *house.others])
    sync_once(north.runtime, transport=network)
    index.catch_up(north.runtime.database, north.clock.now())
    catch_up(north.runtime.database, north.runtime.vocabulary, north.clock.now())
    sync_once(north.runtime, transport=network)
    page = text_of(approver.get(f"{path}/receipts"))
    assert "A retraction of a statement in Estuary Circle" in page
    assert "Northport Institute of Technology applied" in page
    assert "Universit\u00e9 du Val d\u2019Esk not yet" in page


def test_a_narrower_handling_is_what_members_then_hold(fresh_house: House) -> None:
    house = fresh_house
    house.account("second", Role.APPROVER, name="B. Okoro")
    approver = house.browser("second")
    body = msgspec.structs.replace(make.finding_body(summary=SUMMARY), handling="TLP:GREEN")
    (stated,) = publish(house.node, house.circle, make.finding(house.circle, body))
    path = f"/recall/{house.circle}/{stated.id}"
    page = approver.get(f"{path}?kind=narrow&handling=TLP:AMBER")
    assert "TLP:CLEAR" not in page
    assert '"handling":"TLP:AMBER"' in unescape(page)
    approver.follow(approver.submit(f"{path}?kind=narrow", {"payload": hidden(page, "payload")}, action=path))

    north = house.others[0]
    sync_once(north.runtime, transport=InMemory([house.node, *house.others]))
    name = StatementId(path.rpartition("/")[2])
    with north.runtime.database.read() as tx:
        held = statements.get(tx, house.node.own(house.circle), name, now=north.clock.now())
    assert held is not None
    assert isinstance(held.body, FindingBody)
    assert (held.state, held.body.handling, held.body.summary) == ("corrected", "TLP:AMBER", SUMMARY)
    with north.runtime.database.read() as tx:
        assert not may_read_bytes(tx, held, now=north.clock.now())  # they bear the wider handling


def test_an_officer_is_not_offered_it(shared: tuple[House, Browser, str]) -> None:
    house, _, path = shared
    officer = house.browser("author")
    assert "take back" not in text_of(officer.get("/shared"))
    officer.get(path, status=403)
    officer.get(f"{path}/receipts")


@pytest.mark.parametrize("change", ["another statement", "not bytes"])
def test_nothing_but_what_was_shown_is_sent(shared: tuple[House, Browser, str], change: str) -> None:
    house, approver, path = shared
    payload = "!" if change == "not bytes" else hidden(approver.get(path), "payload")
    action = path if change == "not bytes" else path[:-22] + "A" * 22
    answer = approver.submit(path, {"payload": payload}, action=action)
    assert answer.status_code == 422
    assert still_there(house, path)


def test_what_was_shown_yesterday_is_not_sent(shared: tuple[House, Browser, str]) -> None:
    house, approver, path = shared
    payload = decode_bytes(hidden(approver.get(path), "payload"))
    runtime, tomorrow = house.node.runtime, Timestamp(house.node.clock.now() + DAY_SECONDS)
    with runtime.database.write() as tx, pytest.raises(HanseError, match="changed since it was shown"):
        recall.confirm(tx, runtime.vocabulary, runtime.keyring, house.circle, payload, tomorrow)
    assert still_there(house, path)


def still_there(house: House, path: str) -> bool:
    with house.node.runtime.database.read() as tx:
        name = StatementId(path.rpartition("/")[2])
        return statements.get(tx, house.node.own(house.circle), name, now=house.node.clock.now()) is not None
