"""The pages of a watch: begun at a dossier, read once, ended; and how one is told."""

from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI

from node import web
from node.accounts.manage import find_account
from node.api import problems
from node.domain.accounts import AccountId, Role
from node.domain.settings import MailSettings
from node.domain.watch import Pace
from node.insight import watch
from node.insight.refresh import catch_up
from node.storage import watch as storage
from node.sync import sync_once
from protocol.identifiers import VocabularyCode
from tests.federation.support import InMemory, publish
from tests.node import statements as make
from tests.node.web.house import PARTNER, PARTNER_NAME, House, text_of

PAGE = f"/subjects/{PARTNER}"


def _owner(house: House) -> AccountId:
    with house.node.runtime.database.read() as tx:
        account = find_account(tx, house.node.runtime.vault, "officer")
    assert account is not None
    return account.id


def _news(house: House) -> None:
    """Another member says something about the partner; the worker's round brings it and looks."""
    body = make.finding_body(PARTNER, VocabularyCode("contract-balanced-terms"))
    publish(house.others[0], house.circle, make.finding(house.circle, body))
    sync_once(house.node.runtime, transport=InMemory([house.node, *house.others]))
    runtime = house.node.runtime
    catch_up(runtime.database, runtime.vocabulary, runtime.clock.now())
    watch.look(runtime.database, runtime.vault, runtime.clock.now())


def test_a_watch_from_the_dossier_to_its_end(fresh_house: House) -> None:
    house = fresh_house
    house.account("officer", Role.OFFICER)
    runtime = house.node.runtime
    catch_up(runtime.database, runtime.vocabulary, runtime.clock.now())
    browser = house.browser("officer")
    assert "You watch nobody yet" in text_of(browser.get("/watch"))

    browser.follow(browser.submit(PAGE, {"subject": PARTNER, "relatives": "yes"}, action="/watch"))
    assert "You watch this organisation" in text_of(browser.get(PAGE))
    assert "Nothing has changed" in text_of(browser.get("/watch"))
    assert "One signal reads differently" not in text_of(browser.get("/"))

    _news(house)
    assert "One signal reads differently" in text_of(browser.get("/"))
    page = text_of(browser.get("/watch"))
    assert PARTNER_NAME in page
    assert "new, likely Estuary Circle" in page
    assert "Earlier" not in page
    assert "One signal reads differently" not in text_of(browser.get("/"))
    assert "Nothing has changed" in (again := text_of(browser.get("/watch")))
    assert "Earlier" in again

    with runtime.database.read() as tx:
        (held,) = storage.of_account(tx, runtime.vault, watch_owner := _owner(house))
    ended = browser.follow(browser.submit("/watch", {}, action=f"/watch/{held.id}/end"))
    assert "The watch has ended" in ended
    with runtime.database.read() as tx:
        assert storage.alerts(tx, runtime.vault, watch_owner, 10) == []


def test_how_one_is_told(fresh_house: House) -> None:
    house = fresh_house
    house.account("officer", Role.OFFICER)
    browser = house.browser("officer")
    assert "This node sends no notices" in browser.get("/watch")
    mail = MailSettings("mail.example", 587, "starttls", "", Path("x"), "hanse@example.org")
    runtime = replace(house.node.runtime, settings=replace(house.node.runtime.settings, mail=mail))
    app = FastAPI(openapi_url=None)
    problems.install(app, web.install(app, runtime))
    browser = replace(house, app=app).browser("officer")
    assert "Notices go out by e-mail" in browser.get("/watch")
    refused = browser.submit("/watch", {"pace": "daily", "address": "nobody"}, action="/watch/delivery")
    assert refused.status_code == 422
    assert "no e-mail address" in refused.text
    assert browser.submit("/watch", {"pace": "hourly", "address": ""}, action="/watch/delivery").status_code == 422
    browser.follow(browser.submit("/watch", {"pace": "daily", "address": "ada@example.org"}, action="/watch/delivery"))
    with house.node.runtime.database.read() as tx:
        wanted = storage.delivery(tx, house.node.runtime.vault, _owner(house))
    assert (wanted.pace, wanted.address) == (Pace.DAILY, "ada@example.org")


def test_nobody_ends_the_watch_of_another(fresh_house: House) -> None:
    house = fresh_house
    for login in ("officer", "analyst"):
        house.account(login, Role(login))
    house.browser("officer").submit(PAGE, {"subject": PARTNER, "relatives": "no"}, action="/watch")
    with house.node.runtime.database.read() as tx:
        (held,) = storage.of_account(tx, house.node.runtime.vault, _owner(house))
    other = house.browser("analyst")
    assert PARTNER_NAME not in text_of(other.get("/watch"))
    assert other.submit("/watch", {}, action=f"/watch/{held.id}/end").status_code == 404
