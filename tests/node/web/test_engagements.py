"""Engagements, the way through the checklist, evidence files and the history, as an officer meets them."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Response

from node.accounts.access_log import read_access_log
from node.domain.accounts import Role
from node.domain.evidence import MAX_EVIDENCE_BYTES
from tests.node.casework.files import DOCX, PDF
from tests.node.web.house import PARTNER, PARTNER_NAME, Browser, House, hidden, make_house, text_of
from tests.node.web.test_assessments import ANSWER

ENTRY: dict[str, str | list[str]] = {
    "title": "Tidal test stand",
    "partner": PARTNER,
    "kind": "joint-laboratory",
    "begins": "2026-10-01",
    "ends": "2029-09-30",
    "amount": "85 000",
    "currency": "EUR",
    "funder": "Foundation for Estuary Research",
    "benefit": "Two doctoral posts.\nThe only basin of this size.",
    "governing_law": "Law of Verania",
}


@pytest.fixture(scope="module")
def own_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house whose casework these tests may change; each begins with an engagement of its own."""
    house = make_house(Path(tmp_path_factory.mktemp("engagements")))
    house.account("officer", Role.OFFICER, name="R. Tamsin")
    house.account("approver", Role.APPROVER)
    house.account("analyst", Role.ANALYST)
    house.account("operator", Role.OPERATOR, Role.AUDITOR)
    yield house
    for node in (house.node, *house.others):
        node.runtime.database.close()


@pytest.fixture
def officer(own_house: House) -> Browser:
    return own_house.browser("officer")


def engage(browser: Browser, **more: str | list[str]) -> str:
    """The path of a new engagement."""
    answer = browser.submit("/engagements/new", ENTRY | more)
    assert answer.status_code == 303, text_of(answer.text)
    return str(answer.headers["location"]).partition("?")[0]


def assess(browser: Browser, engagement: str) -> str:
    """The path of an assessment of it; the way leads to the first question."""
    answer = browser.submit(engagement, {}, action=f"{engagement}/assess")
    path = str(answer.headers["location"]).partition("?")[0]
    assert path.endswith("/questions/q01")
    return path.removesuffix("/questions/q01")


def send(browser: Browser, page: str, values: dict[str, str | list[str]], file: tuple[str, bytes] | None) -> Response:
    """Post the answer form of a page as a browser does, with a file."""
    html = browser.get(page)
    found = re.search(r'<form class="answering" method="post" action="([^"]+)"', html)
    assert found
    data = {"csrf": hidden(html, "csrf"), "version": hidden(html, "version"), "question": hidden(html, "question")}
    files = None if file is None else {"file": (file[0], io.BytesIO(file[1]), "application/x-anything")}
    return browser.client.post(found[1], data=data | values, files=files)


def plain(kind: str = "nothing-found", **more: str) -> dict[str, str | list[str]]:
    return {"indicator": kind, "words": "The consolidated list of 2026-09-01.", "day": "2026-09-03", **more}


def location(answer: Response) -> str:
    assert answer.status_code == 303, text_of(answer.text)[:2_000]
    return str(answer.headers["location"])


def test_an_engagement_is_recorded_listed_and_changed(officer: Browser) -> None:
    path = engage(officer, others=f"Calder Composite Works\n\n{PARTNER}")
    text = text_of(officer.get(path))
    for words in (
        PARTNER_NAME,
        "Calder Composite Works",
        "Planned",
        "Joint laboratory",
        "85 000 EUR",
        "from 1 Oct 2026 until 30 Sep 2029",
        "Foundation for Estuary Research",
        "Two doctoral posts.",
        "Law of Verania",
        "R. Tamsin",
    ):
        assert words in text, words
    assert path in officer.get("/engagements")
    assert path in officer.get("/engagements?whose=mine&status=any")
    assert path not in officer.get("/engagements?status=over")

    form = officer.get(f"{path}/edit")
    assert 'value="85000.00"' in form
    changed = officer.follow(
        officer.submit(f"{path}/edit", ENTRY | {"version": hidden(form, "version"), "amount": "", "title": "Renamed"})
    )
    assert "Renamed" in changed
    assert "not stated" in text_of(changed)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"title": " "}, "title", "This is required."),
        ({"kind": "piracy"}, "kind", "This code is not in the vocabulary."),
        ({"partner": "Nobody at All"}, "partner", "No organisation of this name"),
        ({"others": "Institute\n"}, "others", "Line 1 names no single organisation"),
        ({"begins": "soon"}, "begins", "Give the day as year-month-day"),
        ({"ends": "2025-01-01"}, "ends", "It ends before it begins."),
        ({"begins": "0026-10-01"}, "begins", "A day from 1900 to 2199."),
        ({"amount": "1,5"}, "amount", "The amount is digits"),
        ({"amount": "5", "currency": "XXX"}, "amount", "The currency is a code of three letters"),
        ({"funder": "x" * 201}, "funder", "At most 200 characters."),
        ({"technology_domains": ["dowsing"]}, "technology_domains", "This code is not in the vocabulary."),
    ],
)
def test_a_wrong_entry_keeps_what_was_typed(
    officer: Browser, change: dict[str, str | list[str]], field: str, words: str
) -> None:
    answer = officer.submit("/engagements/new", ENTRY | {"our_unit": "Coastal Engineering"} | change)
    assert answer.status_code == 422
    assert f'id="{field}-wrong">{words}' in answer.text
    assert 'value="Coastal Engineering"' in answer.text


def test_a_status_is_set_by_a_person_and_in_the_history(officer: Browser) -> None:
    path = engage(officer)
    page = officer.get(path)
    values = {"version": hidden(page, "version"), "status": "running"}
    assert "Nothing else changes by it." in officer.follow(officer.submit(path, values, action=f"{path}/status"))
    stale = officer.submit(path, values, action=f"{path}/status")
    assert stale.status_code == 409
    history = text_of(officer.get(f"{path}/history"))
    assert "R. Tamsin changed the status" in history
    assert "Status Planned Running" in history
    assert officer.submit(path, {"version": "2", "status": "cursed"}, action=f"{path}/status").status_code == 422


def test_the_way_leads_from_question_to_question_until_all_have_an_answer(officer: Browser) -> None:
    path = assess(officer, engage(officer))
    assert "Question 1 of 6. 0 of 6 answered." in text_of(officer.get(f"{path}/questions/q01"))
    step, seen = f"{path}/questions/q01", []
    for _ in range(6):
        seen.append(step.rpartition("/")[2])
        step = location(send(officer, step, plain(then="next"), None)).partition("?")[0]
    assert seen == ["q01", "q04", "q07", "q09", "q10", "q11"]
    assert step == path
    text = text_of(officer.get(path))
    assert "6 of 6 answered" in text
    assert "Every question that is asked has an answer." in text
    assert "Looked for, nothing found 3 Sep 2026 The consolidated list of 2026-09-01." in text
    assert "Answer the next question" not in text


def test_worth_and_risk_stand_beside_each_other_and_nothing_sums_them(officer: Browser) -> None:
    path = assess(officer, engage(officer))
    location(send(officer, f"{path}/questions/q11", ANSWER, None))
    location(send(officer, f"{path}/questions/q07", plain("not-known"), None))
    text = text_of(officer.get(path))
    side = text[text.index("Side by side") : text.index("How much is asked")]
    assert "Two doctoral posts." in side
    assert "Concerns Final origin of support cannot be traced some, B2" in side
    assert "Assurances None observed." in side
    assert "27 questions without an answer" in side
    assert "Nobody could answer this: Is the unit part of" in text


def test_more_is_asked_by_hand(officer: Browser) -> None:
    path = assess(officer, engage(officer))
    page = officer.get(path)
    assert "Governance and legal standing" not in page
    grown = officer.follow(officer.submit(path, {"version": hidden(page, "version")}, action=f"{path}/grow"))
    assert "An officer asked for it." in grown
    assert "Governance and legal standing" in grown


@pytest.mark.parametrize("kind", ["nothing-found", "not-known", "not-applicable"])
def test_no_answer_goes_without_a_word(officer: Browser, kind: str) -> None:
    path = assess(officer, engage(officer))
    answer = send(officer, f"{path}/questions/q04", plain(kind, words=""), None)
    assert answer.status_code == 422
    assert 'id="words-wrong">Say ' in answer.text
    future = send(officer, f"{path}/questions/q04", plain(kind, day="2099-01-01"), None)
    assert 'id="day-wrong">Nothing can have been looked for in the future.' in future.text
    assert 'id="day-wrong">Give the day' in send(officer, f"{path}/questions/q04", plain(kind, day="x"), None).text


def test_a_plain_answer_is_changed_into_another_and_into_an_observation(officer: Browser) -> None:
    path = assess(officer, engage(officer))
    step = f"{path}/questions/q11"
    location(send(officer, step, plain("not-known"), None))
    assert 'value="not-known" checked' in officer.get(step)
    location(send(officer, step, plain("nothing-found"), None))
    location(send(officer, step, ANSWER, None))
    text = text_of(officer.get(path))
    assert "Looked for, nothing found" not in text
    assert "The register shows no owner." in text
    assert 'value="nothing-found"' not in officer.get(step)
    refused = send(officer, step, plain("nothing-found"), None)
    assert "Something was observed under this question" in refused.text
    history = text_of(officer.get(f"{path}/history"))
    assert "Kind Asked, not known Looked for, nothing found" in history
    assert "From here on more is asked." in history


def test_a_file_is_kept_with_an_answer_and_handed_out_to_be_saved(own_house: House, officer: Browser) -> None:
    path = assess(officer, engage(officer))
    location(send(officer, f"{path}/questions/q11", ANSWER, ("Accounts \u201925 \u2013 final.pdf", PDF)))
    page = officer.get(path)
    found = re.search(r'href="(/evidence/[\w-]{22})" download>([^<]+)<', page)
    assert found
    assert found[2] == "Accounts \u201925 \u2013 final.pdf"

    answer = officer.client.get(found[1])
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith('attachment; filename="evidence.pdf"; filename*=UTF-8')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["cache-control"] == "no-store"
    runtime = own_house.node.runtime
    with runtime.database.read() as tx:
        entries = read_access_log(tx, limit=20)
    opened = [entry for entry in entries if entry.action == "evidence-opened"]
    assert opened[0].record == found[1].rpartition("/")[2]

    assert own_house.browser("approver").client.get(found[1]).status_code == 200
    for login in ("analyst", "operator", ""):
        assert own_house.browser(login).client.get(found[1]).status_code in {303, 401, 403}, login
    assert officer.client.get("/evidence/" + "A" * 22).status_code == 404


def test_a_file_is_not_lost_where_another_field_is_wrong(own_house: House, officer: Browser) -> None:
    path = assess(officer, engage(officer))
    step = f"{path}/questions/q11"
    answer = send(officer, step, ANSWER | {"reliability": ""}, ("letter.docx", DOCX))
    assert answer.status_code == 422
    kept = re.search(r'name="files" value="([\w-]{22})" checked', answer.text)
    assert kept
    assert "letter.docx" in answer.text
    location(send(officer, step, ANSWER | {"files": kept[1]}, None))
    assert "letter.docx" in officer.get(path)

    # Without its tick it goes, from the disk as well, and the history says that it was there.
    found = re.search(rf'href="({path}/answers/[\w-]+)"', officer.get(path))
    assert found
    folder = own_house.node.runtime.settings.evidence
    before = {each for each in folder.rglob("*") if each.is_file()}
    location(send(officer, found[1], dict(ANSWER), None))
    assert "letter.docx" not in officer.get(path)
    assert {each for each in folder.rglob("*") if each.is_file()} < before
    assert "a file that is no longer kept" in officer.get(f"{path}/history")
    assert officer.client.get(f"/evidence/{kept[1]}").status_code == 404


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("page.pdf", b"<html><script>alert(1)</script>", "This kind of file is not taken as evidence."),
        ("empty.pdf", b"", "This kind of file is not taken as evidence."),
        ("cut.pdf", PDF[:30], "The file is not whole: its end is missing."),
        ("large.pdf", b"%PDF-" + bytes(MAX_EVIDENCE_BYTES) + b"%%EOF", "An evidence file has at most 10 MiB."),
    ],
    ids=["page", "empty", "cut", "large"],
)
def test_a_file_that_is_not_taken_is_said_at_its_field(officer: Browser, name: str, data: bytes, words: str) -> None:
    path = assess(officer, engage(officer))
    answer = send(officer, f"{path}/questions/q11", dict(ANSWER), (name, data))
    assert answer.status_code == 422
    assert f'id="file-wrong">{words}' in answer.text
    assert "The register shows no owner." in answer.text
    assert "0 of 6 answered" in text_of(officer.get(path))


def test_a_request_that_is_too_large_or_no_form_is_refused(own_house: House, officer: Browser) -> None:
    path = assess(officer, engage(officer))
    html = officer.get(f"{path}/questions/q11")
    action, token = f"{path}/answers/new", hidden(html, "csrf")
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert officer.client.post(action, content=b"x" * 11_000_000, headers=headers).status_code == 413
    nameless = b"--x\r\nContent-Disposition: form-data\r\n\r\nq\r\n--x--"
    for body in (b"", b"--x", b"--x\r\n\r\n", bytes(500), nameless):
        assert officer.client.post(action, content=body, headers=headers).status_code in {403, 422}
    two = [("file", ("a.pdf", PDF)), ("file", ("b.pdf", PDF))]
    assert officer.client.post(action, data={"csrf": token}, files=two).status_code == 422
    unsigned = own_house.browser().client.post(action, data={"csrf": token}, files={"file": ("a.pdf", PDF)})
    assert unsigned.status_code in {303, 401}
    assert officer.client.post(action, data=dict(ANSWER), files={"file": ("a.pdf", PDF)}).status_code == 403


def test_others_learn_nothing_of_engagements(own_house: House, officer: Browser) -> None:
    path = engage(officer, title="Heron canary engagement")
    for login in ("analyst", "operator"):
        browser = own_house.browser(login)
        for page in ("/engagements", path, f"{path}/history", f"{path}/edit"):
            assert browser.client.get(page).status_code == 403
        assert "Heron canary" not in browser.get("/")
    approver = own_house.browser("approver")
    assert "Heron canary" in approver.get(path)
    assert "Record the status" not in approver.get(path)
    assert approver.client.get(f"{path}/edit").status_code == 403
