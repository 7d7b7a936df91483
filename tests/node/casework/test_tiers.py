"""When the full tier is asked: what calls for it, in words, and that it never goes away again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.casework.assessments import (
    add_answer,
    answer_plainly,
    change_assessment,
    create_assessment,
    get_assessment,
    grow,
    history,
    remove_answer,
)
from node.casework.engagements import change_engagement, create_engagement, head_from
from node.casework.tiers import FULL_FROM, answered, asked, in_words, is_large, next_open, reasons
from node.clock import day_of
from node.domain.accounts import AccountId
from node.domain.casework import (
    Answer,
    AnswerData,
    AnswerId,
    Assessment,
    AssessmentData,
    AssessmentId,
    AssessmentStatus,
    Edit,
    Growth,
    GrowthCause,
    PlainData,
    PlainKind,
    Tier,
)
from node.domain.engagements import Engagement, EngagementData
from node.domain.money import CURRENCIES, Money
from protocol.identifiers import VocabularyCode
from protocol.vocabulary import Vocabulary
from tests.node.casework.office import NOW, Office, head, observation

LARGE = Money(minor=FULL_FROM["EUR"], currency="EUR")


def plain_head(**changes: object) -> AssessmentData:
    """A head that calls for nothing by itself."""
    return head(technology_domains=(VocabularyCode("none-listed"),), **changes)


def begin(office: Office, data: AssessmentData | None = None) -> Assessment:
    with office.database.write() as tx:
        return create_assessment(tx, office.vault, office.vocabulary, office.officer, data or plain_head(), NOW)


def now(office: Office, assessment: AssessmentId) -> Assessment:
    with office.database.read() as tx:
        return get_assessment(tx, office.vault, assessment)


def answer(office: Office, found: Assessment, data: AnswerData) -> Assessment:
    with office.database.write() as tx:
        add_answer(tx, office.vault, office.vocabulary, found.id, data, Edit(office.officer, found.version, NOW))
    return now(office, found.id)


def plainly(office: Office, found: Assessment, question: str, kind: PlainKind) -> Assessment:
    data = PlainData(question=VocabularyCode(question), kind=kind, words="Asked the dean.", day=day_of(NOW))
    with office.database.write() as tx:
        answer_plainly(tx, office.vault, office.vocabulary, found.id, data, Edit(office.officer, found.version, NOW))
    return now(office, found.id)


def engage(office: Office, **changes: object) -> Engagement:
    values: dict[str, object] = {"title": "Tides", "counterparts": (), "kind": VocabularyCode("project")} | changes
    data = EngagementData(**values)  # type: ignore[arg-type]
    with office.database.write() as tx:
        return create_engagement(tx, office.vault, office.vocabulary, office.officer, data, NOW)


def test_six_questions_are_asked_first(office: Office) -> None:
    found = begin(office)
    assert (found.tier, found.growth) == (Tier.LIGHT, ())
    questions = [each.id for each in asked(found.tier, office.vocabulary)]
    assert questions == ["q01", "q04", "q07", "q09", "q10", "q11"]
    assert len(asked(Tier.FULL, office.vocabulary)) == 28


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (observation(), "A concern was recorded: ownership or control cannot be established."),
        (
            observation(
                question=VocabularyCode("q04"), indicator=VocabularyCode("gov-restriction-listing"), strength=1
            ),
            "A concern was recorded: ",
        ),
        (
            observation(question=VocabularyCode("q09"), indicator=VocabularyCode("mil-sensitive-field"), strength=1),
            "The planned work touches a controlled or critical field of technology.",
        ),
    ],
)
def test_an_answer_calls_for_more_and_says_why(office: Office, data: AnswerData, words: str) -> None:
    found = answer(office, begin(office), data)
    assert found.tier is Tier.FULL
    assert in_words(found.growth[0], office.vocabulary).startswith(words)
    with office.database.read() as tx:
        assert history(tx, office.vault, found.id)[-1].grown == found.growth


@pytest.mark.parametrize(
    "data",
    [
        observation(strength=1),
        observation(indicator=VocabularyCode("gov-transparent-governance"), strength=4),
        observation(question=VocabularyCode("q25"), indicator=VocabularyCode("soft-gift-declared"), strength=4),
    ],
    ids=["a trace", "an assurance", "a declared gift"],
)
def test_what_calls_for_nothing_leaves_the_light_tier(office: Office, data: AnswerData) -> None:
    assert answer(office, begin(office), data).tier is Tier.LIGHT


def test_not_known_calls_for_more_and_nothing_found_does_not(office: Office) -> None:
    found = plainly(office, begin(office), "q07", PlainKind.NOTHING_FOUND)
    assert found.tier is Tier.LIGHT
    found = plainly(office, found, "q09", PlainKind.NOT_APPLICABLE)
    assert found.tier is Tier.LIGHT
    found = plainly(office, found, "q07", PlainKind.NOT_KNOWN)
    assert found.growth == (Growth(GrowthCause.UNANSWERED, VocabularyCode("q07")),)
    assert "military or security body?" in in_words(found.growth[0], office.vocabulary)


def test_amount_and_field_call_for_more_from_the_beginning(office: Office) -> None:
    engagement = engage(office, amount=LARGE, technology_domains=(VocabularyCode("quantum"),))
    found = begin(office, head_from(engagement))
    assert {each.cause for each in found.growth} == {GrowthCause.AMOUNT, GrowthCause.DOMAIN}
    assert begin(office, head_from(engage(office, amount=Money(minor=LARGE.minor - 1, currency="EUR")))).growth == ()


def test_an_engagement_that_grows_takes_its_open_assessments_along(office: Office) -> None:
    engagement = engage(office)
    found = begin(office, head_from(engagement))
    edit = Edit(office.officer, engagement.version, NOW)
    with office.database.write() as tx:
        change_engagement(
            tx, office.vault, office.vocabulary, engagement.id, replace(engagement.data, amount=LARGE), edit
        )
    grown = now(office, found.id)
    assert grown.growth == (Growth(GrowthCause.AMOUNT),)
    assert grown.version == found.version + 1
    with office.database.read() as tx:
        assert history(tx, office.vault, found.id)[-1].kind == "grown"


def test_it_never_shrinks(office: Office) -> None:
    found = answer(office, begin(office, head(title="Quantum")), observation())
    assert {each.cause for each in found.growth} == {GrowthCause.DOMAIN, GrowthCause.CONCERN}
    with office.database.write() as tx:
        edit = Edit(office.officer, found.version, NOW)
        remove_answer(tx, office.vault, found.id, found.answers[0].id, edit)
        edit = Edit(office.officer, found.version + 1, NOW)
        change_assessment(tx, office.vault, office.vocabulary, found.id, plain_head(), edit)
    assert set(now(office, found.id).growth) == set(found.growth)


def test_an_officer_asks_for_more_by_hand_and_once(office: Office) -> None:
    found = begin(office)
    with office.database.write() as tx:
        grown = grow(tx, office.vault, found.id, Edit(office.officer, 1, NOW))
        assert grown.growth == (Growth(GrowthCause.BY_HAND),)
        assert grow(tx, office.vault, found.id, Edit(office.officer, 2, NOW)).version == 2
    assert in_words(grown.growth[0], office.vocabulary) == "An officer asked for it."


def test_the_next_question_is_the_next_without_an_answer(office: Office) -> None:
    found = begin(office)
    assert next_open(found, office.vocabulary) == office.vocabulary.checklist[VocabularyCode("q01")]
    found = plainly(office, found, "q04", PlainKind.NOTHING_FOUND)
    after_first = next_open(found, office.vocabulary, VocabularyCode("q01"))
    assert after_first is not None
    assert after_first.id == "q07"
    for question in ("q07", "q09", "q10", "q11"):
        found = plainly(office, found, question, PlainKind.NOTHING_FOUND)
    last = next_open(found, office.vocabulary, VocabularyCode("q11"))
    assert last is not None
    assert last.id == "q01"
    found = plainly(office, found, "q01", PlainKind.NOT_APPLICABLE)
    assert next_open(found, office.vocabulary) is None
    assert len(answered(found)) == 6


def test_every_bar_is_in_a_currency_and_others_always_ask_for_more() -> None:
    assert set(FULL_FROM) <= set(CURRENCIES)
    assert is_large(Money(minor=1, currency="KES"))
    assert not is_large(Money(minor=FULL_FROM["JPY"] - 1, currency="JPY"))


@given(
    steps=st.lists(st.sampled_from([0, 1, 2, 3]), max_size=6),
    minor=st.integers(0, 2 * LARGE.minor),
    sensitive=st.booleans(),
)
def test_reasons_only_grow_and_hang_on_no_order(
    vocabulary: Vocabulary, steps: list[int], minor: int, *, sensitive: bool
) -> None:
    offered = [
        observation(),
        observation(strength=1),
        observation(indicator=VocabularyCode("gov-transparent-governance")),
    ]
    engagement = EngagementData(
        title="Tides", kind=VocabularyCode("project"), amount=Money(minor=minor, currency="EUR")
    )
    data = head(technology_domains=(VocabularyCode("quantum"),) if sensitive else ())
    found = _bare(data)
    for step in steps:
        more = _with(found, offered[step]) if step < len(offered) else found
        grown = replace(more, growth=reasons(more, engagement, vocabulary))
        assert set(grown.growth) >= set(found.growth)
        assert reasons(grown, engagement, vocabulary) == grown.growth
        found = grown
    at_once = replace(found, growth=(), answers=found.answers[::-1])
    assert set(reasons(at_once, engagement, vocabulary)) == set(reasons(found, engagement, vocabulary))


def _bare(data: AssessmentData) -> Assessment:
    return Assessment(
        id=AssessmentId("A" * 22),
        version=1,
        owner=AccountId("A" * 22),
        status=AssessmentStatus.OPEN,
        created=NOW,
        updated=NOW,
        data=data,
        answers=(),
    )


def _with(found: Assessment, data: AnswerData) -> Assessment:
    answer_ = Answer(
        id=AnswerId(f"{len(found.answers):022}"), assessment=found.id, version=1, created=NOW, updated=NOW, data=data
    )
    return replace(found, answers=(*found.answers, answer_))
