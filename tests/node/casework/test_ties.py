"""Private ties: noted with an assessment, sealed where they are stored, and gone when they are removed."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from node.casework.assessments import get_assessment, set_status
from node.casework.ties import TieData, all_ties, forget_tie, note_tie, ties_of
from node.domain.casework import AssessmentId, AssessmentStatus, Edit
from node.domain.graph import MAX_NOTE_CHARACTERS
from node.errors import Code, HanseError
from node.storage.tables.base import METADATA
from protocol.identifiers import SubjectId
from protocol.statements import Grade, Period, Subject
from tests.node.casework.office import NOW, PARTNER, Office

CANARY = "zyxcanary"
"""Stands in every private field of a tie, each time with another ending."""
OTHER = Subject(id=SubjectId("circle:BAAAAAAAAAAAAAAAAAAAAA"), label=f"{CANARY} Works")
DATA = TieData(
    subject=PARTNER,
    relation="shares-address-with",
    object=OTHER,
    observed=Period(start=date(2026, 1, 1), end=date(2026, 2, 1)),
    grade=Grade(reliability="B", credibility=2),
    note=f"  Seen on the door: {CANARY}note. ",
)


def note(office: Office, data: TieData = DATA) -> tuple[AssessmentId, str]:
    assessment, _ = office.assess()
    with office.database.write() as tx:
        tie = note_tie(tx, office.vault, office.vocabulary, office.officer, assessment.id, data, NOW)
    return assessment.id, tie.id


def test_a_tie_is_kept_as_it_was_noted(office: Office) -> None:
    assessment, tie = note(office)
    with office.database.read() as tx:
        (kept,) = ties_of(tx, office.vault, assessment)
        assert all_ties(tx, office.vault) == [kept]
    assert (kept.id, kept.subject, kept.object, kept.note) == (tie, PARTNER, OTHER, f"Seen on the door: {CANARY}note.")
    assert (kept.observed, kept.grade, kept.noted) == (DATA.observed, DATA.grade, NOW)
    assert CANARY not in repr(kept)


def test_nothing_of_a_tie_is_stored_in_clear(office: Office) -> None:
    note(office)
    with office.database.read() as tx:
        stored = b"\n".join(
            bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
            for table in METADATA.sorted_tables
            for row in tx.connection.execute(sa.select(table))
            for value in row
        )
    for private in (CANARY, OTHER.id, DATA.relation):
        assert private.encode() not in stored


def test_a_tie_can_be_removed_by_its_assessment_alone(office: Office) -> None:
    assessment, tie = note(office)
    other, _ = office.assess()
    with office.database.write() as tx, pytest.raises(HanseError) as refused:
        forget_tie(tx, office.vault, other.id, tie)
    assert refused.value.code == Code.NOT_FOUND
    with office.database.write() as tx:
        forget_tie(tx, office.vault, assessment, tie)
        assert ties_of(tx, office.vault, assessment) == []


def test_a_closed_assessment_takes_no_tie_and_loses_none(office: Office) -> None:
    assessment, tie = note(office)
    with office.database.write() as tx:
        version = get_assessment(tx, office.vault, assessment).version
        set_status(tx, office.vault, assessment, AssessmentStatus.CLOSED, Edit(office.officer, version, NOW))
    with office.database.write() as tx, pytest.raises(HanseError) as refused:
        note_tie(tx, office.vault, office.vocabulary, office.officer, assessment, DATA, NOW)
    assert refused.value.code == Code.CONFLICT
    with office.database.write() as tx, pytest.raises(HanseError) as refused:
        forget_tie(tx, office.vault, assessment, tie)
    assert refused.value.code == Code.CONFLICT


@pytest.mark.parametrize(
    "data",
    [
        replace(DATA, relation=f"{CANARY}relation"),
        replace(DATA, object=PARTNER),
        replace(DATA, observed=Period(start=date(2026, 1, 1), end=date(2027, 1, 1))),
        replace(DATA, note=CANARY * MAX_NOTE_CHARACTERS),
    ],
)
def test_what_is_wrong_is_said_without_repeating_it(office: Office, data: TieData) -> None:
    with pytest.raises(HanseError) as refused:
        note(office, data)
    assert refused.value.code == Code.INVALID
    assert CANARY not in str(refused.value)
