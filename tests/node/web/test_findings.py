"""Pooled statements by what they say: the page, its files, kept questions; and the page of tokens."""

import re

import msgspec

from node.accounts.access_log import read_access_log
from node.domain.accounts import Role
from tests.node.web.house import PARTNER_NAME, House


def test_a_question_in_the_address_is_answered_and_can_be_taken_away(fresh_house: House) -> None:
    fresh_house.account("ada", Role.ANALYST)
    browser = fresh_house.browser("ada")
    everything = browser.get("/findings")
    assert PARTNER_NAME in everything
    concerns = browser.get("/findings?polarity=concern&text=&kind=")
    assert concerns.count("<tr>") < everything.count("<tr>")
    assert '/findings/file.csv?audience=partners&amp;polarity=concern"' in concerns
    file = browser.client.get("/findings/file.ndjson?audience=institution&polarity=concern")
    assert file.headers["content-disposition"].endswith('.ndjson"')
    head, *rows, end = [msgspec.json.decode(line) for line in file.content.splitlines()]
    assert head["audience"] == "institution"
    assert end["rows"] == len(rows) > 0
    assert all(row["kind"] in {"finding", "correction", "retraction"} for row in rows)
    with fresh_house.node.runtime.database.read() as tx:
        assert "findings-exported" in {entry.action for entry in read_access_log(tx)}
    assert "Write it as 2026-09-30." in browser.get("/findings?issued_after=soon")


def test_who_reads_may_not_take_away(house: House) -> None:
    house.account("reader", Role.OFFICER)
    officer = house.browser("reader")
    assert "Take away" not in officer.get("/findings")
    officer.get("/findings/file.csv?audience=public", 403)


def test_a_question_is_kept_and_forgotten(fresh_house: House) -> None:
    fresh_house.account("ada", Role.ANALYST)
    browser = fresh_house.browser("ada")
    page, action = "/findings?polarity=concern", "/findings/save?polarity=concern"
    kept = browser.submit(page, {"name": "my-concerns"}, action=action)
    assert kept.headers["location"] == page
    assert "my-concerns" in browser.get("/findings")
    refused = browser.submit(page, {"name": "My concerns"}, action=action)
    assert "small letters" in refused.text
    browser.submit("/findings", {"name": "my-concerns"}, action="/findings/forget")
    assert "my-concerns" not in browser.get("/findings")


def test_a_token_is_made_shown_once_and_revoked(fresh_house: House) -> None:
    fresh_house.account("ada", Role.ANALYST)
    browser = fresh_house.browser("ada")
    path = "/account/tokens"
    made = browser.submit(path, {"name": "Notebook", "permissions": "pool:read", "days": "30"})
    (token,) = re.findall(r'<pre class="raw" id="token">(hanse_[\w-]+)</pre>', made.text)
    page = browser.get(path)
    assert token not in page
    assert "Notebook" in page
    assert "never" in page
    (identifier,) = re.findall(r'name="token" value="([\w-]{22})"', page)
    browser.submit(path, {"token": identifier}, action=path + "/revoke")
    assert "revoked" in browser.get(path)
    greedy = browser.submit(path, {"name": "Other", "permissions": "assessments:read", "days": "30"})
    assert "own permissions" in greedy.text
    long = browser.submit(path, {"name": "Other", "permissions": "pool:read", "days": "900"})
    assert "whole number from 1 to 366" in long.text
