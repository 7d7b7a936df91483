"""From an answer to the log: what two people see is what leaves, and nothing leaves without both."""

import json
import re
from collections.abc import Iterator
from html import unescape

import pytest

from node.domain.accounts import Role
from node.storage import statements
from protocol import envelope
from protocol.statements import Finding
from tests.node.web.house import PARTNER_NAME, UNKNOWN_PARTNER, WORKS, Browser, House, hidden, make_house, text_of
from tests.node.web.test_assessments import answered, begin

SUMMARY = "Two of four funders sit behind a trust whose owner no register names."


@pytest.fixture
def town(fresh_house: House) -> tuple[House, Browser, Browser]:
    """A house, an author and an approver."""
    fresh_house.account("author", Role.OFFICER, name="R. Tamsin")
    fresh_house.account("second", Role.OFFICER, Role.APPROVER, name="B. Okoro")
    return fresh_house, fresh_house.browser("author"), fresh_house.browser("second")


@pytest.fixture(scope="module")
def author_of_many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """An author for tests that leave nothing but drafts behind."""
    house = make_house(tmp_path_factory.mktemp("drafts"))
    house.account("author", Role.OFFICER, name="R. Tamsin")
    yield house.browser("author")
    for node in (house.node, *house.others):
        node.runtime.database.close()


def form_of(html: str) -> dict[str, str | list[str]]:
    """What a browser would send back from the first form with fields on a page."""
    values: dict[str, list[str]] = {}
    main = html[html.index("<main") :]
    for tag in re.findall(r"<input[^>]*>", main):
        name, value = (re.search(rf'{key}="([^"]*)"', tag) for key in ("name", "value"))
        kind = re.search(r'type="(\w+)"', tag)
        if name and (not kind or kind[1] not in {"radio", "checkbox"} or " checked" in tag):
            values.setdefault(name[1], []).append(unescape(value[1]) if value else "on")
    for name_, body in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>\n?(.*?)</textarea>', main, re.DOTALL):
        values.setdefault(name_, []).append(unescape(body))
    for name_, body in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', main, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        values.setdefault(name_, []).append(chosen[1] if chosen else "")
    return {name: value[0] if len(value) == 1 else value for name, value in values.items()}


def drafted(browser: Browser, **more: str | list[str]) -> tuple[str, str]:
    """The path of a new draft made from a new answer, and its page."""
    page = answered(browser, begin(browser))
    link = re.search(r'href="(/drafts/new\?[^"]+)"', page)
    assert link
    path = unescape(link[1])
    values = form_of(browser.get(path)) | {"summary": SUMMARY} | more
    answer = browser.submit(path, values, action="/drafts/new")
    made = browser.follow(answer)
    return str(answer.headers["location"]).partition("?")[0], made


def handed_over(browser: Browser, **more: str | list[str]) -> str:
    """The path of a draft that waits for a second person."""
    path, page = drafted(browser, **more)
    browser.follow(browser.submit(path, {"digest": hidden(page, "digest")}, action=f"{path}/submit"))
    return path


def test_what_the_approver_sees_is_byte_for_byte_what_leaves(town: tuple[House, Browser, Browser]) -> None:
    house, author, second = town
    path, authors_page = drafted(author)
    author.follow(author.submit(path, {"digest": hidden(authors_page, "digest")}, action=f"{path}/submit"))
    approvers_page = second.get(path)

    published = second.follow(
        second.submit(path, {"digest": hidden(approvers_page, "digest")}, action=f"{path}/approve")
    )

    seen = [re.findall(r'<pre class="raw">(.*?)</pre>', page)[0] for page in (authors_page, approvers_page)]
    assert seen[0] == seen[1]
    payload = unescape(seen[0]).encode()
    with house.node.runtime.database.read() as tx:
        (stored,) = [
            each
            for each in statements.feed(tx, after=0, limit=100, now=house.node.clock.now())
            if each.contributor == house.node.own(house.circle)
        ]
    assert envelope.parse(stored.jws).payload == payload
    assert json.loads(payload)["body"]["summary"] == SUMMARY  # noqa: TID251 - the bytes are our own, just decoded to be read
    assert "It stands at no. 0 of our log in Estuary Circle, and is now live" in text_of(published)
    assert "B. Okoro approved it" in text_of(published)


def test_the_page_names_recipients_end_and_what_is_held_back(author_of_many: Browser) -> None:
    author = author_of_many
    _, page = drafted(author, contact="research.security@aldermoor.example")
    text = text_of(page)

    assert "Northport Institute of Technology" in text
    assert "Universit\u00e9 du Val d\u2019Esk" in text
    assert "Until 14 Aug 2030" in text
    assert "Contact research.security@aldermoor.example" in text
    assert "Narrative The register shows no owner." in text
    assert "https://register.example/55" in text
    leaves = text_of(page[page.index('id="leaves"') :])
    assert "register.example" not in leaves
    assert "The register shows no owner." not in leaves


def test_nobody_approves_their_own_draft(town: tuple[House, Browser, Browser]) -> None:
    _, _, second = town
    path = handed_over(second)
    page = second.get(path)
    digest = re.search(r"digest <code>([\w-]+)</code>", page)
    assert digest

    answer = second.submit(path, {"digest": digest[1]}, action=f"{path}/approve")

    assert "Approve and publish" not in page
    assert "Somebody else has to approve what you wrote." in text_of(page)
    assert answer.status_code == 422
    assert "Nobody can approve a draft of their own." in text_of(answer.text)
    assert "Nothing has left this node." in second.get("/shared")


def test_approval_of_other_bytes_is_refused(town: tuple[House, Browser, Browser]) -> None:
    _, author, second = town
    path = handed_over(author)

    answer = second.submit(path, {"digest": "A" * 43}, action=f"{path}/approve")

    assert answer.status_code == 409
    assert "What would leave is not what was previewed." in text_of(answer.text)


def test_on_another_day_a_new_preview_is_made_and_seen(town: tuple[House, Browser, Browser]) -> None:
    house, author, second = town
    path = handed_over(author)
    house.node.clock.advance(86_400)
    second = house.browser("second")
    assert "There is no preview for today" in second.get(path)

    page = second.follow(second.submit(path, {}, action=f"{path}/preview"))
    published = second.follow(second.submit(path, {"digest": hidden(page, "digest")}, action=f"{path}/approve"))

    assert "now live" in text_of(published)


def test_the_gate_says_where_and_why_and_takes_a_reason(town: tuple[House, Browser, Browser]) -> None:
    _, author, second = town
    path, page = drafted(author, summary="The prize is named after Prof. Anselm Weir.")
    text = text_of(page)
    assert "in summary" in text
    assert "Hand over to a second person" not in text
    forms = re.findall(r'name="hit" value="(\d+)">\s*<input type="hidden" name="rule" value="([\w-]+)">', page)
    assert forms, text

    for _ in range(len(forms)):
        found = re.search(
            r'name="hit" value="(\d+)">\s*<input type="hidden" name="rule" value="([^"]+)">\s*'
            r'<input type="hidden" name="field" value="([^"]+)">',
            author.get(path),
        )
        assert found
        author.follow(
            author.submit(
                path,
                {"hit": found[1], "rule": found[2], "field": found[3], "reason": "An office, no person."},
                action=f"{path}/override",
            )
        )
    page = author.get(path)

    assert "let through" in text_of(page)
    author.follow(author.submit(path, {"digest": hidden(page, "digest")}, action=f"{path}/submit"))
    assert "Reason given An office, no person." in text_of(second.get(path))


def test_what_the_gate_never_lets_pass_is_stopped(author_of_many: Browser) -> None:
    author = author_of_many
    path, page = drafted(author, summary="R. Tamsin says so.")
    digest = re.search(r"digest <code>([\w-]+)</code>", page)
    assert digest

    answer = author.submit(path, {"digest": digest[1]}, action=f"{path}/submit")

    assert "This rule knows no exception. Change the text." in text_of(page)
    assert answer.status_code == 422
    assert "The privacy gate stopped this draft" in text_of(answer.text)


def test_a_draft_is_sent_back_with_a_reason_and_changed(town: tuple[House, Browser, Browser]) -> None:
    _, author, second = town
    path = handed_over(author)
    assert path in second.get("/")
    empty = second.submit(path, {"note": " "}, action=f"{path}/send-back")
    assert 'id="note-wrong"' in empty.text

    second.follow(second.submit(path, {"note": "Say which register."}, action=f"{path}/send-back"))
    assert "Say which register." in author.get(path)
    assert path in author.get("/")
    changed = form_of(author.get(f"{path}/edit")) | {"summary": "The company register names no owner."}
    page = author.follow(author.submit(f"{path}/edit", changed))

    assert "The company register names no owner." in page
    assert "Hand over to a second person" in text_of(page)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"expires": "2026-09-04"}, "expires"),
        ({"expires": "never"}, "expires"),
        ({"scope": "everything"}, "scope"),
        ({"strength": "7"}, "strength"),
        ({"handling": "TLP:RED"}, "handling"),
        ({"reliability": ""}, "reliability"),
        ({"observed_until": "2020-01-01"}, "observed_until"),
        ({"contact": "x" * 255}, "contact"),
        ({"narrative": "x" * 8_001}, "narrative"),
    ],
)
def test_a_wrong_draft_keeps_what_was_typed(author_of_many: Browser, change: dict[str, str], field: str) -> None:
    author = author_of_many
    path, _ = drafted(author)
    values = form_of(author.get(f"{path}/edit")) | {"summary": "Typed with care."} | change

    answer = author.submit(f"{path}/edit", values)

    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert "Typed with care." in answer.text


def test_a_summary_that_is_too_long_is_said_without_losing_it(author_of_many: Browser) -> None:
    author = author_of_many
    path, _ = drafted(author)

    answer = author.submit(f"{path}/edit", form_of(author.get(f"{path}/edit")) | {"summary": "word " * 130})

    assert answer.status_code == 422
    assert "word word" in answer.text
    assert 'role="alert"' in answer.text


def test_a_draft_is_withdrawn_and_stays_visible(town: tuple[House, Browser, Browser]) -> None:
    _, author, second = town
    path = handed_over(author)

    page = author.follow(author.submit(path, {}, action=f"{path}/withdraw"))

    assert "The draft was discarded. Nothing had left." in page
    assert "Approve and publish" not in second.get(path)
    assert second.client.get(f"{path}/edit").status_code == 409


def test_what_was_shared_is_corrected_then_retracted_by_the_same_way(town: tuple[House, Browser, Browser]) -> None:
    _, author, second = town
    _publish(author, second, handed_over(author))
    shared = author.get("/shared")
    assert "to Universit\u00e9 du Val d\u2019Esk and Northport Institute of Technology" in unescape(shared).replace(
        "Northport Institute of Technology and Universit\u00e9 du Val d\u2019Esk",
        "Universit\u00e9 du Val d\u2019Esk and Northport Institute of Technology",
    )
    correct = re.findall(r'href="(/drafts/correct/[^"]+)"', shared)[0]
    without = author.submit(correct, form_of(author.get(correct)))
    assert 'id="reason-wrong"' in without.text
    answer = author.submit(
        correct, form_of(author.get(correct)) | {"reason": "new-evidence", "summary": "One of four funders only."}
    )
    _publish(author, second, _submit(author, answer.headers["location"]))
    shared = text_of(author.get("/shared"))
    assert "correction" in shared
    assert "corrected" in shared

    retract = re.findall(r'href="(/drafts/retract/[^"]+)"', author.get("/shared"))[-1]
    assert 'id="reason-wrong"' in author.submit(retract, {"reason": ""}).text
    answer = author.submit(retract, {"reason": "factual-error"})
    _publish(author, second, _submit(author, answer.headers["location"]))

    text = text_of(author.get("/shared"))
    assert "retracted" in text
    assert "Retraction" in text
    assert author.client.get(correct).status_code in {200, 409}
    assert author.submit(retract, {"reason": "factual-error"}).status_code == 409


def test_another_member_is_answered_from_own_evidence(town: tuple[House, Browser, Browser]) -> None:
    house, author, second = town
    with house.node.runtime.database.read() as tx:
        found = statements.feed(tx, after=0, limit=100, now=house.node.clock.now())
    theirs = next(each for each in found if each.state == "live" and isinstance(each.statement, Finding))
    path = f"/drafts/respond/{theirs.contributor}/{theirs.statement.id}"
    assert path in author.get(f"/statements/{theirs.contributor}/{theirs.statement.id}")
    empty = author.submit(path, form_of(author.get(path)))
    assert empty.status_code == 422
    assert 'id="stance-wrong"' in empty.text

    values = form_of(author.get(path)) | {
        "stance": "corroborates",
        "reliability": "B",
        "credibility": "3",
        "evidence_kinds": "institution-record",
        "summary": "Our own record shows the same.",
        "sources": "https://own.example/1",
    }
    answer = author.submit(path, values)
    _publish(author, second, _submit(author, answer.headers["location"]))

    page = text_of(author.get(f"/statements/{theirs.contributor}/{theirs.statement.id}"))
    assert "corroborates grade B3" in page
    assert "Our own record shows the same." in page


def test_our_own_statement_is_not_answered_but_corrected(town: tuple[House, Browser, Browser]) -> None:
    house, author, second = town
    _publish(author, second, handed_over(author))
    statement = re.findall(r'href="(/statements/[^"]+)"', author.get("/shared"))[0]

    page = author.get(statement)

    assert "Correct it" in page
    assert "Draft a response" not in page
    assert author.client.get(statement.replace("/statements", "/drafts/respond")).status_code == 409
    assert PARTNER_NAME in page
    assert house.node.name in page
    assert "R. Tamsin" not in page[page.index("<main") :]


def test_an_observed_tie_is_drafted_from_a_dossier(town: tuple[House, Browser, Browser]) -> None:
    house, author, second = town
    path = f"/drafts/tie/{UNKNOWN_PARTNER}"
    assert path in author.get(f"/subjects/{UNKNOWN_PARTNER}")
    values = form_of(author.get(path)) | {
        "relation": "is-joint-laboratory-of",
        "reliability": "B",
        "credibility": "2",
        "evidence_kinds": "public-register",
        "summary": "The trade register names both as founders.",
    }
    for partner, words in (
        ("", "Name the other organisation."),
        ("Institute", "Several organisations could be meant."),
        (UNKNOWN_PARTNER, "A tie is between two different organisations."),
    ):
        refused = author.submit(path, values | {"partner": partner})
        assert refused.status_code == 422
        assert f'id="partner-wrong">{words}' in refused.text
        assert "The trade register names both" in refused.text

    answer = author.submit(path, values | {"partner": "Calder Composite Works"})
    _publish(author, second, _submit(author, answer.headers["location"]))

    text = text_of(author.get(f"/subjects/{UNKNOWN_PARTNER}"))
    assert "Observed by members one tie is a joint laboratory of Calder Composite Works" in text
    other = text_of(author.get(f"/subjects/{WORKS}"))
    assert "has as a joint laboratory Verania School of Mines" in other
    assert house.node.name in text


def _submit(browser: Browser, location: str) -> str:
    path = location.partition("?")[0]
    browser.follow(browser.submit(path, {"digest": hidden(browser.get(path), "digest")}, action=f"{path}/submit"))
    return path


def _publish(author: Browser, second: Browser, path: str) -> None:
    del author
    page = second.get(path)
    assert "now live" in text_of(
        second.follow(second.submit(path, {"digest": hidden(page, "digest")}, action=f"{path}/approve"))
    )
