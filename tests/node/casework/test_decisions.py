"""Decisions: never by default, never changed, with the case as it stood; measures, reviews, and two people at once."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

import pytest
import sqlalchemy as sa

from node.casework.assessments import change_assessment
from node.casework.case_files import case_file, case_of, history, take_over
from node.casework.checks import FieldError
from node.casework.decisions import (
    Act,
    add_measure,
    change_measure,
    checked_decision,
    checked_measure,
    due_measures,
    due_reviews,
    record_decision,
    record_review,
)
from node.casework.engagements import create_engagement, head_from
from node.casework.record import gather, state_of
from node.domain.casework import Edit
from node.domain.decisions import (
    CaseFile,
    CaseFileId,
    CaseKind,
    CaseRef,
    DecisionData,
    MeasureData,
    MeasureResult,
    MeasureState,
    ReviewData,
    ReviewKind,
)
from node.domain.documents import Document, texts
from node.domain.engagements import EngagementData
from node.domain.money import Money
from node.errors import Code, HanseError
from node.storage import decisions as storage
from protocol.identifiers import VocabularyCode
from protocol.statements import DAY_SECONDS, Timestamp
from protocol.vocabulary import Vocabulary
from tests.node.casework.deciding import POOL, TODAY, decide, decision, edit, measure, new_case
from tests.node.casework.office import NOW, PARTNER, Office, head

_LATER: Final = Timestamp(NOW + 100 * DAY_SECONDS)
_EMPTY: Final = CaseFile(id=CaseFileId(""), ref=CaseRef(CaseKind.ASSESSMENT, "x"), version=0, keeper=None, review=None)


def _file(office: Office, ref: CaseRef) -> CaseFile:
    with office.database.read() as tx:
        return case_file(tx, office.vault, ref)


def _record(office: Office, ref: CaseRef, number: int = 1) -> Document:
    with office.database.read() as tx:
        case = case_file(tx, office.vault, ref)
        return storage.decode_record(storage.record_bytes(tx, office.vault, case.decisions[number - 1].id))


def test_a_decision_is_kept_with_its_measures_and_its_review(office: Office) -> None:
    ref = new_case(office)
    assert _file(office, ref).standing is None
    with office.database.write() as tx:
        made = decide(tx, office, ref)
    case = _file(office, ref)
    assert (case.version, case.keeper, case.review) == (1, office.officer, date(2027, 3, 1))
    assert case.standing == made
    (kept,) = case.measures
    assert (kept.decision, kept.data) == (1, measure())


def test_a_later_decision_takes_the_place_of_the_earlier_one_which_stays(office: Office) -> None:
    ref = new_case(office)
    with office.database.write() as tx:
        first = decide(tx, office, ref)
    before = _record(office, ref)
    with office.database.write() as tx:
        second = decide(tx, office, ref, decision(reasons="The owners were named."), ())
    case = _file(office, ref)
    assert case.decisions == (first, second)
    assert case.standing == second
    assert _record(office, ref) == before
    assert [each.title for each in _record(office, ref, 2).sections[1].entries] == [
        office.vocabulary.mitigations[VocabularyCode("m-structure-disclosure")].label
    ], "a measure that is still open goes on under the next decision"
    with office.database.read() as tx:
        events = history(tx, office.vault, ref)
    assert [event.kind for event in events] == ["decided", "decided"]
    assert "The benefit is large." in events[1].before
    assert "The owners were named." in events[1].after


@pytest.mark.parametrize(
    ("data", "measures", "field"),
    [
        (decision(outcome=VocabularyCode("approve")), (), "outcome"),
        (decision(office="  "), (measure(),), "office"),
        (decision(reasons=" \n "), (measure(),), "reasons"),
        (decision(decided=TODAY + timedelta(days=1)), (measure(),), "decided"),
        (decision(review=None), (measure(),), "review"),
        (decision(review=TODAY), (measure(),), "review"),
        (decision(review=TODAY + timedelta(days=4_000)), (measure(),), "review"),
        (decision(), (), "measures"),
        (decision(outcome=VocabularyCode("proceed")), (measure(),), "measures"),
        (decision(outcome=VocabularyCode("pause")), (), "follow_up"),
        (decision(outcome=VocabularyCode("terminate"), review=None), (), "follow_up"),
        (decision(outcome=VocabularyCode("pause"), follow_up="Who owns it?", review=None), (), "review"),
    ],
)
def test_what_a_decision_needs_is_asked_for_by_field(
    vocabulary: Vocabulary, data: DecisionData, measures: tuple[MeasureData, ...], field: str
) -> None:
    with pytest.raises(FieldError) as refused:
        checked_decision(data, _EMPTY, measures, vocabulary, TODAY)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "proceed", "review": None},
        {"outcome": "pause", "follow_up": "Who owns it?"},
        {"outcome": "decline", "review": None},
        {"outcome": "terminate", "review": None, "follow_up": "By the end of the year."},
    ],
)
def test_every_outcome_can_be_recorded_without_a_measure(vocabulary: Vocabulary, changes: Mapping[str, object]) -> None:
    asked = decision(**changes)
    assert checked_decision(asked, _EMPTY, (), vocabulary, TODAY) == asked


def test_to_proceed_without_more_needs_every_measure_settled(office: Office) -> None:
    ref = new_case(office)
    with office.database.write() as tx:
        decide(tx, office, ref)
    plain = decision(outcome=VocabularyCode("proceed"), review=None)
    with office.database.write() as tx, pytest.raises(FieldError) as refused:
        decide(tx, office, ref, plain, ())
    assert refused.value.field == "measures"
    (open_one,) = _file(office, ref).measures
    done = measure(state=MeasureState.DONE, done=TODAY, result=MeasureResult.HELPED)
    with office.database.write() as tx:
        change_measure(tx, office.vault, office.vocabulary, ref, open_one.id, done, edit(office.officer, 1))
        decide(tx, office, ref, plain, ())
    assert _file(office, ref).review is None


def test_what_has_changed_since_it_was_read_is_not_decided_on(office: Office) -> None:
    ref = new_case(office)
    with office.database.read() as tx:
        seen = state_of(gather(tx, office.vault, ref), case_file(tx, office.vault, ref), POOL)
    act = Act(decision(), (measure(),), POOL, seen)
    with office.database.write() as tx:
        found = gather(tx, office.vault, ref).assessments[0]
        change = Edit(office.colleague, found.version, NOW)
        change_assessment(tx, office.vault, office.vocabulary, found.id, head(purpose="Something else."), change)
    with office.database.write() as tx, pytest.raises(HanseError) as refused:
        record_decision(tx, office.vault, office.vocabulary, ref, act, edit(office.officer, 0))
    assert refused.value.code is Code.CONFLICT
    assert _file(office, ref).version == 0


def test_the_second_of_two_people_is_told(office: Office) -> None:
    ref = new_case(office)
    with office.database.write() as tx:
        decide(tx, office, ref)
        add_measure(tx, office.vault, office.vocabulary, ref, measure(), edit(office.officer, 1))
    review = ReviewData(kind=ReviewKind.STILL_RIGHT, reason="Nothing new.", next=date(2027, 9, 1))
    with office.database.write() as tx, pytest.raises(HanseError) as refused:
        record_review(tx, office.vault, ref, review, edit(office.colleague, 1))
    assert refused.value.code is Code.CONFLICT
    assert len(_file(office, ref).measures) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"owner": ""}, "owner"),
        ({"measure": "m-none"}, "measure"),
        ({"due": date(2099, 1, 1)}, "due"),
        ({"state": MeasureState.DONE}, "done"),
        ({"state": MeasureState.DONE, "done": TODAY + timedelta(days=1)}, "done"),
        ({"state": MeasureState.DROPPED}, "result_words"),
        ({"state": MeasureState.OPEN, "done": TODAY}, "state"),
        ({"state": MeasureState.DROPPED, "result_words": "Not needed.", "result": MeasureResult.HELPED}, "state"),
    ],
)
def test_a_measure_says_what_became_of_it(vocabulary: Vocabulary, changes: Mapping[str, object], field: str) -> None:
    with pytest.raises(FieldError) as refused:
        checked_measure(measure(**changes), vocabulary, TODAY)
    assert refused.value.field == field


def test_measures_and_reviews_are_due_for_whoever_keeps_the_case(office: Office) -> None:
    ref, other = new_case(office), new_case(office)
    with office.database.write() as tx:
        decide(tx, office, ref)
        decide(tx, office, other, decision(review=date(2027, 1, 1)), (measure(due=date(2026, 9, 20)),))
        take_over(tx, office.vault, other, edit(office.colleague, 1))
    with office.database.read() as tx:
        late = date(2026, 12, 1)
        assert [each.ref for each in due_measures(tx, office.vault, late)] == [other, ref]
        assert [each.ref for each in due_measures(tx, office.vault, late, keeper=office.officer)] == [ref]
        assert due_measures(tx, office.vault, date(2026, 9, 19)) == []
        assert [each.ref for each in due_reviews(tx, date(2027, 12, 1))] == [other, ref]
        assert [each.ref for each in due_reviews(tx, date(2027, 1, 1), keeper=office.colleague)] == [other]
        assert due_reviews(tx, date(2026, 12, 31)) == []
        assert storage.count_due(tx, date(2026, 10, 1), office.officer) == (0, 0), "the day itself is not past"
        assert storage.count_due(tx, date(2027, 3, 1), office.officer) == (1, 1)
        standing = storage.standing(tx, office.vault, CaseKind.ASSESSMENT, [ref.id, other.id, "unknown"])
    assert {case: day for case, (_, day) in standing.items()} == {ref.id: date(2027, 3, 1), other.id: date(2027, 1, 1)}
    assert all(found is not None and found.number == 1 for found, _ in standing.values())


def test_a_review_says_why_and_sets_the_next_day(office: Office) -> None:
    ref = new_case(office)
    still = ReviewData(kind=ReviewKind.STILL_RIGHT, reason="Nothing new.", next=date(2027, 9, 1))
    with office.database.write() as tx, pytest.raises(HanseError) as refused:
        record_review(tx, office.vault, ref, still, edit(office.officer, 0))
    assert refused.value.code is Code.CONFLICT
    with office.database.write() as tx:
        decide(tx, office, ref)
    for data, field in (
        (ReviewData(kind=ReviewKind.STILL_RIGHT, reason=" ", next=date(2027, 9, 1)), "reason"),
        (ReviewData(kind=ReviewKind.STILL_RIGHT, reason="So it is.", next=None), "next"),
        (ReviewData(kind=ReviewKind.NEW_ROUND, reason="So it is.", next=TODAY), "next"),
    ):
        with office.database.write() as tx, pytest.raises(FieldError) as wrong:
            record_review(tx, office.vault, ref, data, edit(office.officer, 1))
        assert wrong.value.field == field
    with office.database.write() as tx:
        record_review(tx, office.vault, ref, still, edit(office.colleague, 1, _LATER))
    case = _file(office, ref)
    assert [(each.number, each.account, each.data) for each in case.reviews] == [(1, office.colleague, still)]
    assert (case.review, case.keeper) == (date(2027, 9, 1), office.officer)


def test_an_assessment_of_an_engagement_is_part_of_its_case(office: Office) -> None:
    data = EngagementData(
        title="Tidal laboratory",
        counterparts=(PARTNER,),
        kind=VocabularyCode("joint-laboratory"),
        amount=Money(minor=12_000_000, currency="EUR"),
        funder="The partner",
        benefit="Better tide tables.",
    )
    with office.database.write() as tx:
        engagement = create_engagement(tx, office.vault, office.vocabulary, office.officer, data, NOW)
    assessment, _ = office.assess(head_from(engagement))
    with office.database.write() as tx:
        ref = case_of(tx, office.vault, CaseKind.ASSESSMENT, assessment.id)
        assert ref == CaseRef(CaseKind.ENGAGEMENT, engagement.id)
        decide(tx, office, ref)
    said = "\n".join(texts(_record(office, ref)))
    for words in (
        "Tidal laboratory",
        PARTNER.label,
        "120\u202f000\u00a0EUR",
        "Better tide tables.",
        "Two registers name different owners.",
        "grade B2: usually reliable, probably true",
        "Two sources, likely.",
        "Vice-President for Research",
        "Legal office",
        "The partner was not asked.",
    ):
        assert words in said


def test_nothing_that_was_typed_stands_in_clear(office: Office) -> None:
    ref = new_case(office)
    word = "Quillfeathering"
    with office.database.write() as tx:
        decide(
            tx,
            office,
            ref,
            decision(office=word, reasons=word, follow_up=word),
            (measure(words=word, owner=word),),
        )
        record_review(
            tx,
            office.vault,
            ref,
            ReviewData(kind=ReviewKind.STILL_RIGHT, reason=word, next=date(2027, 9, 1)),
            edit(office.officer, 1),
        )
        for table in ("decisions", "measures", "case_reviews", "case_file_events", "case_files"):
            for row in tx.connection.execute(sa.text(f"SELECT * FROM {table}")):  # noqa: S608 - names from above
                assert not any(word in str(bytes(each) if isinstance(each, memoryview) else each) for each in row)
    assert word not in repr(_file(office, ref))
