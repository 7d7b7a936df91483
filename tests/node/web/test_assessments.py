"""My assessments: begun, answered, changed, closed; nothing that was typed is lost when something is wrong."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.domain.accounts import Role
from tests.node.web.house import PARTNER, PARTNER_NAME, Browser, House, hidden, make_house, text_of

HEAD = {"title": "Tidal test stand", "partner": PARTNER, "engagement_kind": "project", "purpose": "Turbines."}
ANSWER: dict[str, str | list[str]] = {
    "question": "q11",
    "indicator": "fund-source-opaque",
    "observation": "The register shows no owner.",
    "observed_from": "2025-03-01",
    "observed_until": "2026-05-12",
    "strength": "2",
    "reliability": "B",
    "credibility": "2",
    "evidence_kinds": ["public-register", "partner-disclosure"],
    "sources": "https://register.example/55\n\nhttps://accounts.example/2025",
}


@pytest.fixture(scope="module")
def own_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose casework these tests may change; each begins an assessment of its own."""
    house = make_house(Path(tmp_path_factory.mktemp("casework")))
    house.account("officer", Role.OFFICER, name="R. Tamsin")
    house.account("approver", Role.APPROVER)
    yield house
    for node in (house.node, *house.others):
        node.runtime.database.close()


@pytest.fixture
def officer(own_house: House) -> Browser:
    return own_house.browser("officer")


def begin(browser: Browser, **more: str) -> str:
    """The path of a new assessment."""
    answer = browser.submit("/assessments/new", HEAD | more)
    assert answer.status_code == 303, text_of(answer.text)
    return str(answer.headers["location"]).partition("?")[0]


def answered(browser: Browser, path: str, **more: str | list[str]) -> str:
    """The page of an assessment after one answer."""
    new = f"{path}/answers/new"
    version = hidden(browser.get(f"{new}?question=q11"), "version")
    answer = browser.submit(f"{new}?question=q11", ANSWER | {"version": version} | more, action=new)
    return browser.follow(answer)


def test_an_assessment_begins_from_a_dossier(officer: Browser) -> None:
    assert f'value="{PARTNER}"' in officer.get(f"/assessments/new?subject={PARTNER}")

    text = text_of(officer.get(begin(officer)))

    assert "Tidal test stand" in text
    assert PARTNER_NAME in text
    assert "0 of 6 answered" in text
    assert "Asked in every case" in text
    assert "Governance and legal standing" not in text


def test_a_name_that_fits_several_is_a_choice_for_a_person(officer: Browser) -> None:
    answer = officer.submit("/assessments/new", HEAD | {"partner": "Institute", "purpose": "Kept & safe"})

    assert answer.status_code == 422
    assert "Which of these is meant?" in answer.text
    assert "Institute of Tidal History" in answer.text
    assert "Kept &amp; safe" in answer.text
    assert 'value="Tidal test stand"' in answer.text
    chosen = officer.submit("/assessments/new", HEAD | {"partner": "Institute", "subject": PARTNER})
    assert PARTNER_NAME in officer.follow(chosen)


def test_an_affiliation_names_the_partner_where_that_is_certain_and_else_says_why_not(officer: Browser) -> None:
    sure = f"Department of Turbines, {PARTNER_NAME}"
    assert PARTNER_NAME in officer.follow(officer.submit("/assessments/new", HEAD | {"partner": sure}))

    answer = officer.submit("/assessments/new", HEAD | {"partner": PARTNER_NAME.replace("Mechanics", "Mecanics")})
    assert answer.status_code == 422
    assert "Which of these is meant?" in answer.text
    assert "A name like one of its own stands in the text" in answer.text
    assert f'value="{PARTNER}"' in answer.text


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"title": " ", "partner": ""}, "title", "This is required."),
        ({"title": "x" * 201}, "title", "At most 200 characters."),
        ({"engagement_kind": "piracy"}, "engagement_kind", "This code is not in the vocabulary."),
        ({"partner": "Nobody at All"}, "partner", "No organisation of this name"),
        ({"partner": "ror:0hans0112"}, "partner", "No organisation"),
        ({"purpose": "x" * 10_001}, "purpose", "At most 10000 characters."),
    ],
)
def test_a_wrong_head_keeps_what_was_typed(officer: Browser, change: dict[str, str], field: str, words: str) -> None:
    answer = officer.submit("/assessments/new", HEAD | {"unit": "Basin Laboratory"} | change)

    assert answer.status_code == 422
    assert f'id="{field}-wrong">{words}' in answer.text
    assert f'<a href="#{field}">{words}' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert 'value="Basin Laboratory"' in answer.text


def test_an_answer_is_recorded_under_its_question(officer: Browser) -> None:
    text = text_of(answered(officer, begin(officer)))

    assert "The answer is recorded." in text
    assert "concern some grade B2 1 Mar 2025 to 12 May 2026 Final origin of support cannot be traced" in text
    assert "The register shows no owner." in text
    assert "two sources named" in text
    assert "1 of 28 answered" in text
    assert "A concern was recorded: final origin of support cannot be traced." in text
    assert text.index("Asked in every case") < text.index("Governance and legal standing")


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"indicator": ""}, "indicator", "Choose what was observed."),
        ({"indicator": "mil-end-use-unclear"}, "indicator", "This indicator does not answer this question."),
        ({"observed_from": "yesterday"}, "observed_from", "Give the first day"),
        ({"observed_until": ""}, "observed_until", "Give the last day"),
        ({"observed_until": "2024-01-01"}, "observed_until", "The last day lies before the first."),
        ({"observed_until": "2099-01-01"}, "observed_until", "Nothing can have been observed in the future."),
        ({"strength": "9"}, "strength", "Say how much was observed."),
        ({"reliability": "G"}, "reliability", "Grade the source."),
        ({"credibility": "0"}, "credibility", "Grade the information."),
        ({"evidence_kinds": []}, "evidence_kinds", "Choose at least one kind of evidence."),
        ({"evidence_kinds": ["rumour"]}, "evidence_kinds", "This code is not in the vocabulary."),
        ({"sources": "x" * 2_001}, "sources", "At most 2000 characters."),
        ({"mitigations": ["none-such"]}, "mitigations", "This code is not in the vocabulary."),
    ],
)
def test_a_wrong_answer_keeps_what_was_typed(
    officer: Browser, change: dict[str, str | list[str]], field: str, words: str
) -> None:
    path = begin(officer)
    form = f"{path}/answers/new?question=q11"
    version = hidden(officer.get(form), "version")

    answer = officer.submit(form, ANSWER | {"version": version} | change, action=f"{path}/answers/new")

    assert answer.status_code == 422
    assert f'id="{field}-wrong">{words}' in answer.text
    assert "The register shows no owner." in answer.text
    assert 'value="partner-disclosure" checked' in answer.text or "evidence_kinds" in change
    assert officer.get(path).count("1 of 6") == 0


def test_assurances_and_concerns_need_the_same_fields(officer: Browser) -> None:
    path = begin(officer)
    page = officer.get(f"{path}/answers/new?question=q11")

    assert "Assurance. Final funder" in text_of(page)
    names = set(re.findall(r'<(?:input|select|textarea)[^>]* name="(\w+)"[^>]* required', page))
    assert names == {"words", "day", "observed_from", "observed_until", "reliability", "credibility"}
    short = page[page.index('class="if-plain"') : page.index('class="if-observed"')]
    assert 'name="words"' in short
    assert 'name="day"' in short


def test_an_answer_is_changed_and_removed(officer: Browser) -> None:
    path = begin(officer)
    page = answered(officer, path)
    found = re.search(rf'href="({path}/answers/[\w-]{{22}})"', page)
    assert found
    form = officer.get(found[1])
    assert "The register shows no owner." in form
    assert 'value="fund-source-opaque" checked' in form
    version = hidden(form, "version")

    changed = officer.follow(
        officer.submit(found[1], ANSWER | {"version": version, "observation": "Two owners now appear."})
    )
    removed = officer.follow(
        officer.submit(found[1], {"version": hidden(officer.get(found[1]), "version")}, action=f"{found[1]}/remove")
    )

    assert "Two owners now appear." in changed
    assert "Two owners now appear." not in removed
    assert "four changes so far" in text_of(removed)


def test_a_change_that_somebody_else_overtook_is_not_lost_silently(officer: Browser) -> None:
    path = begin(officer)
    stale = hidden(officer.get(f"{path}/edit"), "version")
    answered(officer, path)

    answer = officer.submit(f"{path}/edit", HEAD | {"title": "Another title", "version": stale})

    assert answer.status_code == 409
    assert "Something changed in the meantime" in answer.text
    assert "Another title" not in officer.get(path)


def test_a_closed_assessment_is_read_only_until_it_is_opened_again(officer: Browser) -> None:
    path = begin(officer)
    form = officer.get(path)

    closed = officer.follow(
        officer.submit(path, {"version": hidden(form, "version"), "status": "closed"}, action=f"{path}/status")
    )
    assert "The assessment is closed." in closed
    assert "/questions/" not in closed
    assert "Tidal test stand" in officer.get("/assessments?status=closed")
    opened = officer.follow(
        officer.submit(path, {"version": hidden(closed, "version"), "status": "open"}, action=f"{path}/status")
    )
    assert "/questions/q01" in opened


def test_the_overview_and_the_list_show_open_work(own_house: House, officer: Browser) -> None:
    own_house.node.clock.advance(60)
    path = begin(officer, title="The newest work of all")

    assert path in officer.get("/")
    assert path in officer.get("/assessments")
    theirs = own_house.browser("approver").get("/assessments")
    assert "The newest work of all" in theirs
    assert "R. Tamsin" in theirs
    assert "Begin an assessment" not in theirs


@pytest.mark.parametrize("path", ["?whose=yours", "?status=odd", "?page=0", "?page=x"])
def test_a_list_asked_for_wrongly_says_so(officer: Browser, path: str) -> None:
    officer.get(f"/assessments{path}", 422)


def test_private_words_are_not_in_what_others_get(own_house: House, officer: Browser) -> None:
    begin(officer, title="Heron canary title")

    for path in ("/", "/search?q=heron", f"/subjects/{PARTNER}", "/shared", "/node"):
        assert "Heron canary" not in own_house.browser("approver").get(path)


def test_a_file_is_imported_and_every_refused_row_is_explained(officer: Browser) -> None:
    table = (
        "reference,title,subject,engagement_kind,indicator,observation,observed_from,observed_until,strength,"
        "reliability,credibility,evidence_kinds\n"
        f"A-1,Imported work,{PARTNER},project,fund-source-opaque,Seen.,2025-01-01,2025-02-01,2,B,2,public-register\n"
        "A-2,Another,Nobody At All,project,,,,,,,,\n"
        f"A-3,<b>Third</b>,{PARTNER},piracy,,,,,,,,\n"
    )
    token = hidden(officer.get("/assessments/import"), "csrf")
    answer = officer.client.post("/assessments/import", data={"csrf": token}, files={"file": ("a.csv", table.encode())})

    text = text_of(answer.text)
    assert answer.status_code == 200
    assert "Three rows read: one assessment begun, two rows refused, no rows known from before." in text
    assert "3 subject" in text
    assert "4 engagement_kind" in text
    again = officer.client.post("/assessments/import", data={"csrf": token}, files={"file": ("a.csv", table.encode())})
    assert "one row known from before" in text_of(again.text)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n"])
def test_a_file_that_cannot_be_read_is_said_at_the_field(officer: Browser, data: bytes) -> None:
    token = hidden(officer.get("/assessments/import"), "csrf")

    answer = officer.client.post("/assessments/import", data={"csrf": token}, files={"file": ("a.csv", data)})

    assert answer.status_code == 422
    assert 'id="file-wrong"' in answer.text


def test_a_file_without_the_token_is_not_read(officer: Browser) -> None:
    answer = officer.client.post("/assessments/import", files={"file": ("a.csv", b"x" * 100)})

    assert answer.status_code == 403
