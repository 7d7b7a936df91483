"""From an assessment to a decision and its record, as an officer does it; and what the overview says afterwards."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from node.accounts import persons
from node.accounts.manage import find_account
from node.casework.assessments import add_answer, create_assessment
from node.casework.engagements import create_engagement, head_from
from node.domain.accounts import AccountId, Role
from node.domain.casework import AssessmentId, Edit
from node.domain.engagements import EngagementData, EngagementId
from node.storage import decisions as storage
from protocol.identifiers import VocabularyCode
from protocol.statements import DAY_SECONDS, Subject
from tests.node.casework.office import observation
from tests.node.web.house import PARTNER, PARTNER_NAME, Browser, House, hidden, text_of

_WITH: Final = "proceed-with-mitigations"


@dataclass(slots=True)
class Case:
    """An engagement with one assessment that has one answer."""

    house: House
    engagement: EngagementId
    assessment: AssessmentId
    browser: Browser

    @property
    def path(self) -> str:
        return f"/decisions/engagement/{self.engagement}"

    def decide(self, status: int = 303, **changes: str) -> str:
        """Fill in the form and send it; the page that follows."""
        page = self.browser.get(f"{self.path}/new")
        values = {
            "version": hidden(page, "version"),
            "seen": hidden(page, "seen"),
            "rows": hidden(page, "rows"),
            "outcome": _WITH,
            "office": "Vice-President for Research",
            "decided": "2026-09-04",
            "reasons": "The benefit is large.\nThe owners will be named.",
            "follow_up": "",
            "measure-1": "m-structure-disclosure",
            "owner-1": "Legal office",
            "due-1": "2026-10-01",
            "words-1": "Before signature.",
            "review": "2027-03-01",
        }
        answer = self.browser.submit(f"{self.path}/new", values | changes)
        assert answer.status_code == status, text_of(answer.text)[:2_000]
        return self.browser.follow(answer) if status == 303 else answer.text


def _account(house: House, login: str) -> AccountId:
    with house.node.runtime.database.read() as tx:
        account = find_account(tx, house.node.runtime.vault, login)
    assert account is not None
    return account.id


def open_case(house: House, *, login: str = "officer") -> Case:
    """A new one of this officer."""
    runtime, now = house.node.runtime, house.node.clock.now()
    data = EngagementData(
        title="Tidal laboratory",
        counterparts=(Subject(id=PARTNER, label=PARTNER_NAME),),
        kind=VocabularyCode("joint-laboratory"),
        benefit="Tide tables for the whole coast.",
    )
    account = _account(house, login)
    with runtime.database.write() as tx:
        made = create_engagement(tx, runtime.vault, runtime.vocabulary, account, data, now)
        assessment = create_assessment(tx, runtime.vault, runtime.vocabulary, account, head_from(made), now)
        edit = Edit(account, assessment.version, now)
        add_answer(tx, runtime.vault, runtime.vocabulary, assessment.id, observation(), edit)
    return Case(house, made.id, assessment.id, house.browser(login))


def test_nothing_is_chosen_and_no_figure_stands_near_the_form(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    case = open_case(fresh_house)
    page = case.browser.get(f"{case.path}/new")
    assert 'name="outcome"' in page
    assert not re.search(r'name="outcome"[^>]*checked', page)
    said = text_of(page.partition("<main")[2])
    assert "not a decision" in said
    assert "Tide tables for the whole coast." in said
    assert re.search(r"likely|unlikely|even chance", said)
    assert not re.search(r"\d+ of 100|%", said)


def test_a_paper_for_whoever_decides_proposes_nothing(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    case = open_case(fresh_house)
    said = text_of(case.browser.get(f"{case.path}/paper"))
    assert "It holds no decision and proposes none." in said
    assert "Tide tables for the whole coast." in said
    assert "Two registers name different owners." in said
    assert "Decided by" not in said
    case.decide()
    assert "Vice-President for Research" in text_of(case.browser.get(f"{case.path}/paper"))
    assert case.browser.client.get(f"{case.path}/paper.pdf").content.startswith(b"%PDF-")


def test_from_the_form_to_the_record_and_its_file(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER, name="R. Tamsin")
    case = open_case(fresh_house)
    assert "Nobody has decided yet." in text_of(case.browser.get(case.path))
    page = text_of(case.decide())
    assert "The decision is recorded" in page
    assert "Proceed with mitigations" in page
    assert "Legal office" in page
    record = case.browser.get(f"{case.path}/records/1")
    said = text_of(record)
    for words in (
        "Decision 1 of 4 September 2026",
        "Vice-President for Research",
        "Partner discloses parents, branches and joint units",
        "Tide tables for the whole coast.",
        "Two registers name different owners.",
        "usually reliable, probably true",
        f"What the pool knew: {PARTNER_NAME}",
        "of 100",
        "position",
        "The partner was not asked.",
        "R. Tamsin",
    ):
        assert words in said, words
    file = case.browser.client.get(f"{case.path}/records/1.pdf")
    assert file.status_code == 200
    assert file.headers["content-type"] == "application/pdf"
    assert file.content.startswith(b"%PDF-")
    assert "attachment" in file.headers["content-disposition"]


def test_the_record_reads_the_same_after_everything_has_changed(fresh_house: House) -> None:
    house = fresh_house
    house.account("officer", Role.OFFICER)
    case = open_case(house)
    case.decide()

    def sealed() -> str:
        return text_of(case.browser.get(f"{case.path}/records/1")).partition("Since then")[0]

    before = sealed()
    house.node.clock.advance(300 * DAY_SECONDS)
    case.browser = house.browser("officer")
    assert sealed() == before
    page = text_of(case.browser.get(f"{case.path}/records/1"))
    assert "past its day" in page


def test_what_is_missing_is_said_at_its_field(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    case = open_case(fresh_house)
    page = case.decide(422, outcome="", office="", reasons="", review="soon", **{"owner-1": ""})
    for field in ("outcome", "office", "reasons", "review", "owner-1"):
        assert f'href="#{field}"' in page, field
    assert 'href="#review"' in case.decide(422, review="")
    assert 'href="#measures"' in case.decide(422, outcome="proceed")
    more = case.decide(200, more="yes", outcome=_WITH)
    assert 'name="measure-5"' in more
    assert re.search(rf'value="{_WITH}" checked', more), "what was chosen stays chosen"


def test_a_case_that_has_changed_since_it_was_read_is_shown_again(fresh_house: House) -> None:
    house = fresh_house
    house.account("officer", Role.OFFICER)
    case = open_case(house)
    page = case.decide(409, seen="0" * 32)
    assert "has changed since you opened this page" in page
    with house.node.runtime.database.read() as tx:
        assert storage.reviews_until(tx, date.max, keeper=None, limit=10) == []


def test_the_partner_is_asked_and_its_answer_becomes_an_answer_that_is_confirmed(fresh_house: House) -> None:
    fresh_house.account("officer", Role.OFFICER)
    case = open_case(fresh_house)
    new = f"{case.path}/questions/new"
    asked = {"version": "0", "about": "gov-opaque-control", "question": "Who owns the laboratory?"}
    page = case.browser.follow(case.browser.submit(new, asked | {"sent": "2026-08-01"}))
    (path,) = set(re.findall(rf'href="({case.path}/questions/[\w-]{{22}})"', page))
    assert "no answer so far" in text_of(page)
    early = case.browser.submit(path, asked | {"version": "1", "sent": "2026-08-01", "received": "2026-07-01"})
    assert early.status_code == 422
    answer = asked | {
        "version": "1",
        "sent": "2026-08-01",
        "answer": "A foundation, as the deed attached says.",
        "received": "2026-08-20",
        "responsive": "yes",
    }
    form = case.browser.get(path)
    token = hidden(form, "csrf")
    deed = {"file": ("deed.pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n", "application/pdf")}
    page = case.browser.follow(case.browser.client.post(path, data=answer | {"csrf": token}, files=deed))
    said = text_of(page)
    assert "answered in good faith" in said
    assert "One file: deed.pdf" in said
    (deed_path,) = re.findall(r'href="(/evidence/[\w-]{22})"', page)
    assert case.browser.client.get(deed_path).content.startswith(b"%PDF-1.7")
    assert "File: deed.pdf" in text_of(case.browser.get(f"{case.path}/paper"))
    (onward,) = re.findall(r'href="(/assessments/[\w-]{22}/answers/new\?question=q28&amp;asked=[\w-]{22})"', page)
    prefilled = case.browser.get(onward.replace("&amp;", "&"))
    assert "A foundation, as the deed attached says." in prefilled
    assert not re.search(r'name="strength"[^>]*checked', prefilled), "how much and how sure is said by a person"


def test_measures_and_reviews_come_to_the_overview_when_they_are_due(fresh_house: House) -> None:
    house = fresh_house
    house.account("officer", Role.OFFICER)
    house.account("colleague", Role.OFFICER)
    case = open_case(house)
    case.decide()
    assert "Nothing waits for you" in text_of(case.browser.get("/"))
    house.node.clock.advance(200 * DAY_SECONDS)
    mine, other = house.browser("officer"), house.browser("colleague")
    home = text_of(mine.get("/"))
    assert "One review is due Tidal laboratory" in home
    assert "One measure is past its day" in home
    assert "One review is due" not in text_of(other.get("/"))
    assert "Tidal laboratory" in text_of(other.get("/decisions?whose=all&ahead=now"))
    other.follow(other.submit(case.path, {"version": "1"}, action=f"{case.path}/keep"))
    assert "One review is due" in text_of(other.get("/"))
    assert "One review is due" not in text_of(mine.get("/"))

    measures = re.findall(rf'href="({case.path}/measures/[\w-]{{22}})"', mine.get(case.path))
    done = {
        "version": "2",
        "measure": "m-structure-disclosure",
        "owner": "Legal office",
        "due": "2026-10-01",
        "state": "done",
        "done": "2026-09-30",
        "result": "helped",
        "result_words": "The deed names the owners.",
    }
    page = text_of(mine.follow(mine.submit(measures[0], done)))
    assert "It helped" in page
    review = {"version": "3", "kind": "still-right", "reason": "The deed is in order.", "next": "2027-09-01"}
    assert mine.submit(f"{case.path}/reviews/new", review | {"kind": ""}).status_code == 422
    page = text_of(mine.follow(mine.submit(f"{case.path}/reviews/new", review)))
    assert "The decision is still right" in page
    assert "Nothing waits for you" in text_of(other.get("/"))
    assert "it helped" in text_of(mine.get(f"{case.path}/records/1")).partition("Since then")[2]
    changes = text_of(mine.get(f"{case.path}/history"))
    assert "changed a measure" in changes
    assert "Result nothing It helped" in changes


def test_a_new_round_begins_without_answers_and_belongs_to_the_case(fresh_house: House) -> None:
    house = fresh_house
    house.account("officer", Role.OFFICER)
    case = open_case(house)
    case.decide()
    review = {"version": "1", "kind": "new-round", "reason": "New owners.", "next": "2027-09-01"}
    answer = case.browser.submit(f"{case.path}/reviews/new", review)
    began = answer.headers["location"].partition("?")[0]
    assert began.startswith("/assessments/")
    page = case.browser.get(case.path)
    assert f'href="{began}"' in page
    assert case.browser.client.get(f"/decisions{began.replace('assessments', 'assessment')}").headers["location"] == (
        case.path
    )


def test_an_approver_reads_and_records_nothing(fresh_house: House) -> None:
    house = fresh_house
    house.account("officer", Role.OFFICER)
    house.account("approver", Role.APPROVER)
    house.account("analyst", Role.ANALYST)
    case = open_case(house)
    case.decide()
    reader = house.browser("approver")
    page = reader.get(case.path)
    assert "Vice-President for Research" in page
    assert f"{case.path}/new" not in page
    assert "Legal office" in reader.get(f"{case.path}/records/1")
    reader.get(f"{case.path}/new", status=403)
    house.browser("analyst").get(case.path, status=403)
    reader.get("/decisions/engagement/AAAAAAAAAAAAAAAAAAAAAA", status=404)
    reader.get(f"{case.path}/records/2", status=404)
    reader.get("/decisions/partner/AAAAAAAAAAAAAAAAAAAAAA", status=404)


def test_a_record_from_which_a_person_was_removed_says_so(fresh_house: House) -> None:
    house = fresh_house
    house.account("officer", Role.OFFICER)
    case = open_case(house)
    case.decide(reasons="Asked by Zenobia Quarrelwick.")
    page = text_of(case.browser.get(f"{case.path}/records/1"))
    assert "and is as it was" in page
    runtime = house.node.runtime
    with runtime.database.write() as tx:
        assert persons.replace(tx, runtime.vault, "Zenobia Quarrelwick", "")
    for path in ("/records/1", "", "/history", "/new"):
        assert "Quarrelwick" not in case.browser.get(f"{case.path}{path}")
    page = text_of(case.browser.get(f"{case.path}/records/1"))
    assert "words about a person were removed" in page
    assert page.count("SHA-256") == 2
