"""The page for data subjects: found, counted, changed; and the name in no address and no log."""

from node.accounts.access_log import read_access_log
from node.casework.assessments import create_assessment
from node.domain.accounts import Role
from node.domain.casework import AssessmentData
from protocol.identifiers import VocabularyCode
from tests.node.web.house import House, text_of

NAME = "Perpetua Wrenfield"


def test_a_person_is_found_corrected_and_then_found_no_more(fresh_house: House) -> None:
    house = fresh_house
    officer = house.account("officer", Role.OFFICER)
    house.account("dpo", Role.DATA_PROTECTION)
    runtime = house.node.runtime
    data = AssessmentData(
        title="Tides", subject=None, engagement_kind=VocabularyCode("project"), purpose=f"Begun by {NAME} in 2024."
    )
    with runtime.database.write() as tx:
        create_assessment(tx, runtime.vault, runtime.vocabulary, officer.id, data, house.node.clock.now())
    browser = house.browser("dpo")
    found = browser.submit("/persons", {"name": "wrenfield perpetua"})
    assert found.status_code == 200
    assert f"Begun by {NAME} in 2024." in text_of(found.text)
    assert "/assessments/" not in found.text  # reading a person's traces is not reading casework
    counted = browser.submit("/persons", {"words": NAME, "instead": ""}, action="/persons/replace")
    said = text_of(counted.text)
    assert f"“{NAME}” stands in" in said
    assert "Assessments: 1" in said
    assert NAME in text_of(browser.submit("/persons", {"name": NAME}).text)
    done = browser.submit("/persons", {"words": NAME, "confirmed": "yes"}, action="/persons/replace")
    assert "is now “[removed]”" in text_of(done.text)
    assert "Nothing in this node holds these words" in text_of(browser.submit("/persons", {"name": NAME}).text)
    with runtime.database.read() as tx:
        lines = read_access_log(tx, limit=50)
    assert {"person-searched", "person-rectification-tried", "person-rectified"} <= {line.action for line in lines}
    assert not any("Wrenfield" in f"{line.action} {line.record}" for line in lines)


def test_words_that_cannot_be_meant_are_refused_on_the_page(fresh_house: House) -> None:
    fresh_house.account("dpo", Role.DATA_PROTECTION)
    browser = fresh_house.browser("dpo")
    for values, action in (({"name": "a"}, "/persons"), ({"words": "ab"}, "/persons/replace")):
        answer = browser.submit("/persons", values, action=action)
        assert answer.status_code == 422
        assert "letters" in text_of(answer.text)
