"""Ties and paths on pages: drawn and as a table, with what is private to us for those who may read casework alone."""

import re
from collections.abc import Iterator
from datetime import date

import pytest
from starlette.testclient import TestClient

from node.api import v1
from node.casework.assessments import create_assessment
from node.casework.ties import TieData, note_tie
from node.domain.accounts import Role
from node.domain.casework import AssessmentData, AssessmentId
from node.domain.lists import Columns, ListAbout
from node.storage import lists
from node.subjects.list_files import read_table
from node.subjects.lists import import_list
from node.sync import sync_once
from protocol.identifiers import VocabularyCode
from protocol.statements import Grade, Period, Subject
from tests.federation.support import InMemory, publish
from tests.node import statements as make
from tests.node.api.support import application, token_of
from tests.node.subjects.registry import load_records, record, subject
from tests.node.web.house import PARTNER, PARTNER_NAME, UNKNOWN_PARTNER, WORKS, House, make_house, text_of

CANARY = "Wrenreed"
HIDDEN = subject(20)
"""Tied to the partner by our own note alone; a member has a concern about it."""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with an officer's private tie, and a concern behind it."""
    directory = tmp_path_factory.mktemp("ties")
    house = make_house(directory)
    load_records(
        house.node.runtime.database,
        directory,
        [record(20, f"Society of the {CANARY}", country="MM"), record(21, "Verania Holding"), _with_parent()],
    )
    north, _ = house.others
    publish(north, house.circle, make.finding(house.circle, make.finding_body(HIDDEN)))
    sync_once(house.node.runtime, transport=InMemory([house.node, *house.others]))
    for role in Role:
        house.account(role.value, role)
    _note(house)
    yield house
    for node in (house.node, *house.others):
        node.runtime.database.close()


def _with_parent() -> dict[str, object]:
    made = record(22, "Port Calder Optics")
    made["relationships"] = [{"type": "parent", "id": f"https://ror.org/{subject(21)[4:]}", "label": "Verania Holding"}]
    return made


def _note(house: House) -> AssessmentId:
    runtime = house.node.runtime
    owner = house.account("owner", Role.OFFICER).id
    here = Subject(id=PARTNER, label=PARTNER_NAME)
    data = AssessmentData(title="Tides", subject=here, engagement_kind=VocabularyCode("project"))
    with runtime.database.write() as tx:
        made = create_assessment(tx, runtime.vault, runtime.vocabulary, owner, data, runtime.clock.now())
        tie = TieData(
            subject=here,
            relation="shares-address-with",
            object=Subject(id=HIDDEN, label=f"Society of the {CANARY}"),
            observed=Period(start=date(2026, 1, 1), end=date(2026, 2, 1)),
            grade=Grade(reliability="B", credibility=2),
            note=f"On the door: {CANARY}note",
        )
        note_tie(tx, runtime.vault, runtime.vocabulary, owner, made.id, tie, runtime.clock.now())
    return made.id


def test_a_drawing_is_an_image_with_words_and_a_table_beside_it(town: House) -> None:
    page = town.browser("analyst").get(f"/subjects/{PARTNER}/ties")

    pictures = re.findall(r'<svg class="ties-drawing (?:wide|narrow)".*?</svg>', page, re.DOTALL)
    assert len(pictures) == 2
    for picture in pictures:
        assert 'role="img"' in picture
        assert 'aria-label="What is tied to' in picture
        assert "The table below has the same content." in picture
        assert "runs a joint laboratory with (observed by members)" in re.sub(r"</text>\s*<text[^>]*>", " ", picture)
        assert "Calder Composite Works" in picture
        assert "style=" not in picture
    assert "runs a joint laboratory with Calder Composite Works" in text_of(page)


def test_private_ties_are_shown_and_marked_for_those_who_may_read_casework(town: House) -> None:
    for role in (Role.OFFICER, Role.APPROVER):
        browser = town.browser(role.value)
        ties, paths = browser.get(f"/subjects/{PARTNER}/ties"), browser.get(f"/subjects/{PARTNER}/paths")
        assert f"shares an address with Society of the {CANARY}" in text_of(ties)
        assert "(private to us)" in ties
        assert f"{CANARY}note" in ties
        assert "private to us" in text_of(paths)
        assert "crosses a border" in text_of(paths)
        only = browser.get(f"/subjects/{PARTNER}/ties?origin=registry&origin=pooled")
        assert CANARY not in only


def test_no_byte_of_a_private_tie_reaches_anybody_else(town: House) -> None:
    for role in (Role.ANALYST, Role.COORDINATOR):
        browser = town.browser(role.value)
        for path in (
            f"/subjects/{PARTNER}",
            f"/subjects/{PARTNER}/ties?depth=2&origin=private&origin=pooled",
            f"/subjects/{PARTNER}/ties?origin=private",
            f"/subjects/{PARTNER}/paths",
            f"/subjects/{HIDDEN}/ties",
        ):
            page = browser.get(path)
            assert f"{CANARY}note" not in page
            assert "private to us" not in page.casefold()
            assert HIDDEN not in page or path.startswith(f"/subjects/{HIDDEN}")


def test_no_answer_of_the_api_holds_a_private_tie_whoever_asks(town: House) -> None:
    runtime = town.node.runtime
    with TestClient(application(runtime)) as client:
        for role in (Role.OFFICER, Role.ANALYST, Role.APPROVER):
            headers = {"Authorization": f"Bearer {token_of(runtime, f'{role.value}-api', role)}"}
            for path in (
                f"/subjects/{PARTNER}/relations?depth=2",
                f"/subjects/{PARTNER}/paths",
                f"/subjects/{PARTNER}/dossier",
            ):
                answer = client.get(v1.PREFIX + path, headers=headers)
                assert answer.status_code == 200
                assert CANARY not in answer.text
                assert HIDDEN not in answer.text
                assert "private" not in answer.text


def test_an_officer_notes_a_tie_and_removes_it(fresh_house: House) -> None:
    fresh_house.account("tamsin", Role.OFFICER)
    browser = fresh_house.browser("tamsin")
    made = browser.submit("/assessments/new", {"title": "Tides", "partner": PARTNER, "engagement_kind": "project"})
    path = made.headers["location"].partition("?")[0] + "/ties"
    form = {
        "relation": "~funds",
        "partner": "Calder Composite Works",
        "observed_from": "2026-01-01",
        "observed_until": "2026-02-01",
        "reliability": "B",
        "credibility": "2",
        "note": "Said at dinner.",
    }

    refused = browser.submit(path, {**form, "relation": "", "observed_from": "soon"})
    assert refused.status_code == 422
    assert "Choose how the two are tied." in refused.text
    page = browser.follow(browser.submit(path, form))

    assert f"Calder Composite Works funds {PARTNER_NAME} private to us" in text_of(page)
    assert "The tie is noted" in text_of(page)
    drawn = browser.get(f"/subjects/{PARTNER}/ties")
    assert "is funded by (private to us)" in drawn
    (remove,) = re.findall(rf'action="({re.escape(path)}/[^"]+/remove)"', page)
    assert "None yet." in text_of(browser.follow(browser.submit(path, {}, action=remove)))


def test_what_nobody_stated_is_unknown_and_no_all_clear(town: House) -> None:
    browser = town.browser("analyst")

    assert "No tie of this organisation is stated here." in text_of(browser.get(f"/subjects/{UNKNOWN_PARTNER}/ties"))
    assert "That is unknown, not an all-clear." in text_of(browser.get(f"/subjects/{UNKNOWN_PARTNER}/paths"))
    for path in ("ties", "paths"):
        browser.get(f"/subjects/circle:AAAAAAAAAAAAAAAAAAAAAA/{path}", 404)
    browser.get(f"/subjects/{WORKS}/ties?depth=9", 422)


def test_a_dossier_names_relatives_each_for_itself(town: House) -> None:
    browser = town.browser("analyst")

    part = text_of(browser.get(f"/subjects/{subject(22)}"))
    whole = text_of(browser.get(f"/subjects/{subject(21)}"))

    assert "Parents one Verania Holding" in part
    assert "is part of (in the registry) Nobody has stated anything about it: unknown." in part
    assert "Parts one Port Calder Optics" in whole
    assert "nothing said of one is said of another, and nothing is added up" in whole


def test_a_person_confirms_what_no_identifier_says(fresh_house: House) -> None:
    runtime = fresh_house.node.runtime
    table = runtime.settings.data / "list.csv"
    table.write_text("Name,No\nInstitute for Applied Tidal Mechanics,7\nNobody's Works,8\n", "utf-8")
    columns = Columns("Name", entry="No")
    with runtime.database.write() as tx:
        import_list(
            tx, ListAbout("Export list", "Office", "A licence is needed."), read_table(table, columns), make.IAT
        )
    fresh_house.account("tamsin", Role.OFFICER)
    browser = fresh_house.browser("tamsin")

    page = browser.get("/lists")
    assert "bears this name" in page
    with runtime.database.read() as tx:
        first, second = lists.pending(tx, limit=10)
    assert "On public lists" not in browser.get(f"/subjects/{PARTNER}")
    browser.follow(browser.submit("/lists", {"subject": PARTNER}, action=f"/lists/{first.id}"))
    browser.follow(browser.submit("/lists", {"subject": "none"}, action=f"/lists/{second.id}"))
    assert browser.submit("/lists", {}, action=f"/lists/{second.id}").status_code == 422

    text = text_of(browser.get(f"/subjects/{PARTNER}"))
    assert "Export list, Office entry 7" in text
    assert "tied by a person" in text
    assert "A licence is needed." in text
    assert "a list is not a verdict" in text
    assert "Nothing waits." in browser.get("/lists")
