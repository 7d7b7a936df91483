"""Casework past the institution's limit: named on the overview, listed, deleted by a person and never by itself."""

import sqlalchemy as sa

from node.casework.assessments import create_assessment, set_status
from node.casework.engagements import create_engagement
from node.casework.engagements import set_status as set_engagement_status
from node.clock import day_of
from node.domain.accounts import Role
from node.domain.casework import AssessmentData, AssessmentStatus, Edit
from node.domain.engagements import EngagementData, EngagementId, EngagementStatus
from node.storage.casework import list_assessments
from node.storage.retention import due
from node.storage.tables.decisions import CASE_FILES
from protocol.identifiers import VocabularyCode
from protocol.statements import Timestamp
from tests.node.web.house import House, text_of

_YEAR = 366 * 86_400
_PROJECT = VocabularyCode("project")


def _closed(house: House, owner: str) -> tuple[str, str]:
    runtime, now = house.node.runtime, house.node.clock.now()
    account = house.account(owner, Role.OFFICER).id
    with runtime.database.write() as tx:
        engagement = create_engagement(
            tx, runtime.vault, runtime.vocabulary, account, EngagementData(title="Old works", kind=_PROJECT), now
        )
        edit = Edit(account, engagement.version, now)
        set_engagement_status(tx, runtime.vault, engagement.id, EngagementStatus.ENDED, edit)
        assessment = create_assessment(
            tx,
            runtime.vault,
            runtime.vocabulary,
            account,
            AssessmentData(title="Old partner", subject=None, engagement_kind=_PROJECT),
            now,
        )
        set_status(tx, runtime.vault, assessment.id, AssessmentStatus.CLOSED, Edit(account, assessment.version, now))
    return assessment.id, engagement.id


def test_closed_cases_are_listed_after_the_limit_and_not_before(fresh_house: House) -> None:
    _closed(fresh_house, "officer")
    browser = fresh_house.browser("officer")
    assert "past the limit" not in text_of(browser.get("/"))
    assert "No closed case is past the limit." in text_of(browser.get("/assessments/due"))
    fresh_house.node.clock.advance(11 * _YEAR)
    browser = fresh_house.browser("officer")
    assert "Two closed cases are past the limit for keeping casework" in text_of(browser.get("/"))
    page = text_of(browser.get("/assessments/due"))
    assert "Old works" in page
    assert "Old partner" in page


def test_a_person_deletes_what_they_have_looked_at_and_nothing_else(fresh_house: House) -> None:
    assessment, engagement = _closed(fresh_house, "officer")
    fresh_house.account("approver", Role.APPROVER)
    fresh_house.node.clock.advance(11 * _YEAR)
    browser, path = fresh_house.browser("officer"), "/assessments/due"
    assert "Delete what is chosen" not in fresh_house.browser("approver").get(path)
    assert browser.submit(path, {"looked": "yes"}).status_code == 422
    assert browser.submit(path, {"case": assessment}).status_code == 422
    assert browser.submit(path, {"case": "A" * 22, "looked": "yes"}).status_code == 422
    page = text_of(browser.follow(browser.submit(path, {"case": assessment, "looked": "yes"})))
    assert "The cases are deleted" in page
    assert "Old partner" not in page
    assert "Old works" in page
    browser.follow(browser.submit(path, {"case": engagement, "looked": "yes"}))
    runtime = fresh_house.node.runtime
    with runtime.database.read() as tx:
        assert list_assessments(tx, runtime.vault, owner=None, status=None, limit=10, offset=0) == []
        assert due(tx, fresh_house.node.clock.now(), 120, most=10) == []


def test_what_is_still_looked_after_is_not_due(fresh_house: House) -> None:
    """A review ahead, an open measure or a later change in its file; an assessment waits for its engagement."""
    _, engagement = _closed(fresh_house, "officer")
    runtime, now = fresh_house.node.runtime, fresh_house.node.clock.now()
    account = fresh_house.account("second", Role.OFFICER).id
    with runtime.database.write() as tx:
        data = AssessmentData(title="Part", subject=None, engagement_kind=_PROJECT, engagement=EngagementId(engagement))
        part = create_assessment(tx, runtime.vault, runtime.vocabulary, account, data, now)
        set_status(tx, runtime.vault, part.id, AssessmentStatus.CLOSED, Edit(account, part.version, now))
    later = Timestamp(now + 11 * _YEAR)
    row = {"id": "F" * 22, "engagement_id": engagement, "version": 1, "keeper": account, "review": None}
    with runtime.database.write() as tx:
        tx.connection.execute(sa.insert(CASE_FILES).values(row))
        assert len(due(tx, later, 120, most=10)) == 3
        tx.connection.execute(sa.update(CASE_FILES).values(review=day_of(later).isoformat()))
        (left,) = due(tx, later, 120, most=10)
    assert left.kind == "assessment"
    assert left.id != part.id
