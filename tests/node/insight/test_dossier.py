"""Dossiers: what is unknown is said, concerns and assurances stand side by side, and no contributor is named."""

from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
from msgspec import structs

from node import circles, insight
from node.domain.insight import CircleReading, Dossier, GroupReading
from protocol.identifiers import SubjectId, VocabularyCode
from protocol.pseudonyms import pseudonym
from protocol.statements import DAY_SECONDS, Grade, Timestamp
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import WHOLE, Pool
from tests.node.subjects.registry import load_records, record, subject

DELIVERY = VocabularyCode("conduct-reliable-delivery")
GIFT = VocabularyCode("soft-gift-declared")


@pytest.fixture
def pool(quick_pool: Pool) -> Pool:
    """What a dossier is made of is tested on both databases elsewhere; here, what it says."""
    return quick_pool


def dossier_of(
    pool: Pool, vocabulary: Vocabulary, about: SubjectId = make.SUBJECT, now: Timestamp = make.IAT
) -> Dossier:
    with pool.database.read() as tx:
        return insight.dossier(tx, vocabulary, about, now)


def reading_of(pool: Pool, vocabulary: Vocabulary, now: Timestamp = make.IAT) -> CircleReading:
    (reading,) = dossier_of(pool, vocabulary, now=now).circles
    return reading


def group_of(reading: CircleReading, group: str) -> GroupReading:
    (found,) = [each for each in reading.groups if each.id == group]
    return found


def test_with_nothing_stated_every_indicator_is_listed_as_unknown(pool: Pool, vocabulary: Vocabulary) -> None:
    dossier = dossier_of(pool, vocabulary, subject(9))
    (reading,) = dossier.circles
    assert reading.is_unknown
    assert [named.id for group in reading.groups for named in group.unknown] == list(vocabulary.indicators)
    assert (dossier.label, dossier.organisation, dossier.as_of) == (subject(9), None, date(2026, 9, 4))


def test_concerns_assurances_and_context_stand_apart(pool: Pool, vocabulary: Vocabulary) -> None:
    for indicator in (make.INDICATOR, DELIVERY, GIFT):
        pool.find(1, make.finding_body(indicator=indicator))
    reading = reading_of(pool, vocabulary)
    governance, conduct, soft = (group_of(reading, each) for each in ("gov", "conduct", "soft"))
    assert [view.indicator.id for view in governance.concerns] == [make.INDICATOR]
    assert [view.indicator.id for view in conduct.assurances] == [DELIVERY]
    assert [view.indicator.id for view in soft.context] == [GIFT]
    assert DELIVERY not in {named.id for named in conduct.unknown}
    assert (governance.assurances, conduct.concerns, soft.concerns) == ((), (), ())


def test_no_type_of_a_dossier_has_a_place_for_a_total() -> None:
    names = {field.name for kind in (Dossier, CircleReading, GroupReading) for field in fields(kind)}
    assert not names & {"score", "total", "risk", "rating", "level", "rank"}


def test_responses_stand_beside_the_finding_they_answer(pool: Pool, vocabulary: Vocabulary) -> None:
    target = pool.find(1)
    pool.say(2, make.response(pool.circle, pool.contributor(1), target, "disputes"))
    pool.say(3, make.response(pool.circle, pool.contributor(1), target, "adds-context"))
    (view,) = group_of(reading_of(pool, vocabulary), "gov").concerns
    (finding,) = view.findings
    assert {response.stance for response in finding.responses} == {"disputes", "adds-context"}
    shown = {(finding.provenance.contributor, finding.provenance.id)} | {
        (response.provenance.contributor, response.provenance.id) for response in finding.responses
    }
    assert {each.statement for each in view.signal.contributions} <= shown


def test_corrected_and_retracted_findings_say_so(pool: Pool, vocabulary: Vocabulary) -> None:
    corrected, retracted = pool.find(1), pool.find(2)
    pool.say(1, make.correction(pool.circle, corrected, make.finding_body(summary="The register was read wrongly.")))
    pool.say(2, make.retraction(pool.circle, retracted))
    (view,) = group_of(reading_of(pool, vocabulary), "gov").concerns
    by_id = {finding.provenance.id: finding for finding in view.findings}
    assert by_id[corrected].provenance.state == "corrected"
    assert by_id[corrected].observation.summary == "The register was read wrongly."
    assert by_id[retracted].provenance.state == "retracted"
    assert by_id[retracted].observation.summary == ""
    assert view.signal.contributors == 1


def test_a_claim_whose_every_finding_is_retracted_is_shown_without_weight(pool: Pool, vocabulary: Vocabulary) -> None:
    pool.say(1, make.retraction(pool.circle, pool.find(1)))
    (view,) = group_of(reading_of(pool, vocabulary), "gov").concerns
    assert (view.signal.likelihood, view.words) == ("unknown", "Unknown: nothing that is said of this counts today.")


def test_an_expired_finding_is_gone_unless_a_live_response_answers_it(pool: Pool, vocabulary: Vocabulary) -> None:
    short = make.finding(pool.circle, life=DAY_SECONDS)
    answered = make.finding(pool.circle, make.finding_body(indicator=DELIVERY), life=DAY_SECONDS)
    pool.say(1, short, answered)
    pool.say(2, make.response(pool.circle, pool.contributor(1), answered.id, "corroborates"))
    reading = reading_of(pool, vocabulary, Timestamp(make.IAT + DAY_SECONDS))
    assert group_of(reading, "gov").is_unknown
    (view,) = group_of(reading, "conduct").assurances
    (finding,) = view.findings
    assert (finding.provenance.state, finding.observation.summary) == ("expired", "")
    assert view.signal.contributors == 1


def test_pooled_relations_stand_apart_from_those_of_the_registry(
    pool: Pool, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    load_records(pool.database, tmp_path, [record(1, "Old", status="withdrawn", successor=2), record(2, "New")])
    pool.say(1, make.relation(pool.circle, subject(1), make.OTHER_SUBJECT))
    dossier = dossier_of(pool, vocabulary, subject(1))
    (reading,) = dossier.circles
    assert [each.object for each in reading.relations] == [make.OTHER_SUBJECT]
    assert dossier.organisation is not None
    assert [each.subject for each in dossier.organisation.relations] == [subject(2)]
    assert [each.label for each in dossier.successors] == ["New"]
    (other,) = dossier_of(pool, vocabulary, make.OTHER_SUBJECT).circles
    assert [each.subject for each in other.relations] == [subject(1)]


def test_a_finding_under_an_unknown_indicator_is_listed_without_a_signal(pool: Pool, vocabulary: Vocabulary) -> None:
    newer = pool.find(1, make.finding_body(indicator=VocabularyCode("newer-indicator")))
    reading = reading_of(pool, vocabulary)
    assert [each.provenance.id for each in reading.unlisted] == [newer]
    assert all(group.is_unknown for group in reading.groups)
    assert not reading.is_unknown


def test_no_name_or_address_of_a_member_is_in_anything_that_is_shown(pool: Pool, vocabulary: Vocabulary) -> None:
    pool.say(2, make.response(pool.circle, pool.contributor(1), pool.find(1), "disputes"))
    with pool.database.read() as tx:
        roster = circles.roster(tx, pool.circle)
        shown = repr(
            (
                insight.dossier(tx, vocabulary, make.SUBJECT, make.IAT),
                insight.findings(tx, "", 100, now=make.IAT),
                insight.circle_summaries(tx),
                insight.overview(tx),
            )
        )
    for member in roster.members.values():
        assert member.name not in shown
        assert member.url not in shown
    assert pseudonym(pool.circle, pool.contributor(1)) in shown


def test_words_say_what_was_counted_and_what_was_not(pool: Pool, vocabulary: Vocabulary) -> None:
    pool.find(1)
    (view,) = group_of(reading_of(pool, vocabulary), "gov").concerns
    assert view.words == (
        "Likely (55 to 80 %), with low confidence (uncertainty 67 %): 1 contributor on 1 independent root, "
        "evidence until 2026-06-30; nobody contests it."
    )
    pool.say(2, make.response(pool.circle, pool.contributor(1), view.findings[0].provenance.id, "disputes"))
    (view,) = group_of(reading_of(pool, vocabulary), "gov").concerns
    assert "1 support and 1 contest it (conflict " in view.words


def test_words_for_a_statement_without_weight_say_why(pool: Pool, vocabulary: Vocabulary) -> None:
    cannot_judge = structs.replace(make.finding_body(), grade=Grade(reliability="F", credibility=6))
    pool.find(1, cannot_judge)
    (view,) = group_of(reading_of(pool, vocabulary), "gov").concerns
    assert view.scope == WHOLE
    assert view.words == (
        "Unknown: 1 statement carries no weight, because the source or the information cannot be judged, "
        "or is unreliable."
    )
