"""Assessments: versions, history, and two officers at once."""

import msgspec
import pytest
import sqlalchemy as sa

from node.casework.assessments import (
    change_answer,
    change_assessment,
    get_assessment,
    history,
    list_assessments,
    remove_answer,
    set_status,
)
from node.casework.drafts import prefill_finding
from node.domain.casework import AssessmentStatus, Edit
from node.errors import Code, HanseError
from node.storage import circles
from protocol.identifiers import VocabularyCode
from protocol.statements import Grade, Timestamp
from tests.node.casework.office import MAILBOX, NOW, Office, head, observation


def edit(office: Office, version: int) -> Edit:
    return Edit(office.officer, version, Timestamp(NOW + version))


def test_every_change_is_kept_with_what_it_replaced(office: Office) -> None:
    assessment, answer = office.assess()
    vault, vocabulary = office.vault, office.vocabulary
    with office.database.write() as tx:
        change_assessment(tx, vault, vocabulary, assessment.id, head(title="Tides, again"), edit(office, 2))
        change_answer(tx, vault, vocabulary, assessment.id, answer.id, observation(strength=3), edit(office, 3))
        remove_answer(tx, vault, assessment.id, answer.id, edit(office, 4))
        set_status(tx, vault, assessment.id, AssessmentStatus.CLOSED, edit(office, 5))
        events = history(tx, vault, assessment.id)
        found = get_assessment(tx, vault, assessment.id)
    assert [event.kind for event in events] == [
        "created",
        "answered",
        "changed",
        "answer-changed",
        "answer-removed",
        "closed",
    ]
    assert "Joint laboratory on tides" in events[2].before
    assert '"strength":3' in events[4].before
    assert (found.version, found.data.title, found.answers) == (6, "Tides, again", ())


def test_the_second_of_two_officers_is_told(office: Office) -> None:
    assessment, _ = office.assess()
    with office.database.write() as tx:
        change_assessment(tx, office.vault, office.vocabulary, assessment.id, head(title="First"), edit(office, 2))
    with office.database.write() as tx, pytest.raises(HanseError) as error:
        change_assessment(tx, office.vault, office.vocabulary, assessment.id, head(title="Second"), edit(office, 2))
    assert error.value.code is Code.CONFLICT
    with office.database.read() as tx:
        assert get_assessment(tx, office.vault, assessment.id).data.title == "First"


def test_a_closed_assessment_is_not_changed(office: Office) -> None:
    assessment, _ = office.assess()
    with office.database.write() as tx:
        set_status(tx, office.vault, assessment.id, AssessmentStatus.CLOSED, edit(office, 2))
        with pytest.raises(HanseError) as error:
            change_assessment(tx, office.vault, office.vocabulary, assessment.id, head(), edit(office, 3))
        assert error.value.code is Code.CONFLICT
        set_status(tx, office.vault, assessment.id, AssessmentStatus.OPEN, edit(office, 3))
        change_assessment(tx, office.vault, office.vocabulary, assessment.id, head(), edit(office, 4))


def test_lists_are_by_owner_and_status(office: Office) -> None:
    first, _ = office.assess()
    office.assess()
    with office.database.write() as tx:
        set_status(tx, office.vault, first.id, AssessmentStatus.CLOSED, edit(office, 2))
        closed = list_assessments(tx, office.vault, owner=office.officer, status=AssessmentStatus.CLOSED)
        assert [found.id for found in closed] == [first.id]
        assert list_assessments(tx, office.vault, owner=office.approver) == []
        assert len(list_assessments(tx, office.vault, limit=1)) == 1


def test_a_finding_cannot_be_drafted_before_the_partner_is_identified(office: Office) -> None:
    assessment, answer = office.assess(head(subject=None))
    with office.database.read() as tx:
        roster = circles.get_roster(tx, office.circle)
    with pytest.raises(HanseError) as error:
        prefill_finding(assessment, answer, roster, office.vocabulary, contact=MAILBOX, now=NOW)
    assert error.value.code is Code.INVALID


def test_confirmed_by_one_source_is_not_confirmed(office: Office) -> None:
    grade = Grade(reliability="A", credibility=1)
    assessment, answer = office.assess(answer=observation(grade=grade))
    _, confirmed = office.assess(answer=observation(grade=grade, sources=("A register", "Another register")))
    with office.database.read() as tx:
        roster = circles.get_roster(tx, office.circle)
    lowered, kept = (
        prefill_finding(assessment, each, roster, office.vocabulary, contact=MAILBOX, now=NOW)
        for each in (answer, confirmed)
    )
    assert lowered.content.body.grade.credibility == 2
    assert len(lowered.notes) == 1
    assert kept.content.body.grade.credibility == 1
    assert kept.notes == ()


def test_sealed_values_do_not_move_between_rows(office: Office) -> None:
    first, _ = office.assess()
    second, _ = office.assess()
    with office.database.write() as tx:
        sealed = tx.connection.execute(
            sa.text("SELECT sealed FROM assessments WHERE id = :id"), {"id": first.id}
        ).scalar_one()
        tx.connection.execute(
            sa.text("UPDATE assessments SET sealed = :sealed WHERE id = :id"), {"sealed": sealed, "id": second.id}
        )
        with pytest.raises(HanseError) as error:
            get_assessment(tx, office.vault, second.id)
    assert error.value.code is Code.CORRUPTED


def test_values_survive_sealing_whatever_they_hold(office: Office) -> None:
    data = head(title="Þides — “Ænd”", unit="=1+1", technology_domains=(VocabularyCode("quantum"),) * 3)
    assessment, _ = office.assess(data)
    assert assessment.data.title == "Þides — “Ænd”"
    assert assessment.data.technology_domains == ("quantum",)
    assert msgspec.json.decode(msgspec.json.encode(assessment.data), type=type(data)) == assessment.data
