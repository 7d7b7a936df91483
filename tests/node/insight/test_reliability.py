"""How often contributors were right: shares that come out, intervals that hold, and nobody lifted by agreement."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node import insight
from node.domain.settling import Settled
from node.domain.statements import Claim
from node.errors import HanseError
from node.insight.reliability import (
    NEWCOMER,
    OPEN_WEIGHT,
    UNKNOWN,
    Answers,
    Share,
    beta_quantile,
    learn,
    weight,
)
from node.insight.settling import MIN_SETTLED, settle, suggestions
from protocol.identifiers import StatementId, SubjectId
from protocol.pseudonyms import pseudonym
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import WHOLE, Pool

SO = {"so": 1.0}


def invented(seed: int, questions: int, shares: dict[str, float]) -> tuple[dict[str, Answers], dict[str, str]]:
    """Answers of members who are right as often as this, and the truth."""
    choose = random.Random(seed)  # noqa: S311 - an invented history, not a secret
    truth = {f"question {number}": choose.choice(("so", "not-so")) for number in range(questions)}
    other = {"so": "not-so", "not-so": "so"}
    answers: dict[str, Answers] = {
        question: {who: answer if choose.random() < share else other[answer] for who, share in shares.items()}
        for question, answer in truth.items()
    }
    return answers, truth


def test_shares_come_out_and_lie_in_their_intervals() -> None:
    real = {"careful": 0.95, "usual": 0.8, "guessing": 0.5, "wrong": 0.2}
    answers, truth = invented(1, 300, real)
    found = learn(answers, {question: {answer: 1.0} for question, answer in truth.items()})
    for who, share in real.items():
        low, high = found[who].interval
        assert low <= share <= high
        assert abs(found[who].mean - share) < 0.06
        assert found[who].settled == 300
    assert [round(weight(found[who]), 1) for who in real] == pytest.approx([1.0, 1.0, 0.0, 0.0], abs=0.21)


def test_few_claims_move_little_and_the_interval_says_so() -> None:
    once = learn({"q": {"a": "so", "b": "not-so"}}, {"q": SO})
    assert UNKNOWN.mean == NEWCOMER
    assert once["b"].mean < UNKNOWN.mean < once["a"].mean
    assert once["b"].interval[1] - once["b"].interval[0] > 0.4
    assert weight(UNKNOWN) == weight(once["a"]) == 1.0


def test_what_is_settled_with_less_than_certainty_counts_less() -> None:
    answers = {f"q{number}": {"a": "so"} for number in range(10)}
    sure = learn(answers, {question: {"not-so": 1.0} for question in answers})["a"]
    unsure = learn(answers, {question: {"not-so": 0.8, "so": 0.2} for question in answers})["a"]
    assert sure.mean < unsure.mean < NEWCOMER


def test_open_questions_teach_only_who_asks_for_it_and_liars_gain_by_them() -> None:
    """Why the product does not: nine who have agreed on an error outvote three who are right."""
    shares = {f"honest {number}": 0.95 for number in range(3)}
    answers, truth = invented(2, 60, shares)
    lie = {"so": "not-so", "not-so": "so"}
    with_liars = {
        question: {**given, **{f"liar {number}": lie[truth[question]] for number in range(9)}}
        for question, given in answers.items()
    }
    known = {question: {truth[question]: 1.0} for question in list(truth)[:6]}
    settled_alone = learn(with_liars, known)
    opened = learn(with_liars, known, open_weight=1.0)
    assert weight(settled_alone["liar 1"]) == 0.0
    assert weight(settled_alone["honest 1"]) > 0.9
    assert opened["liar 1"].mean > settled_alone["liar 1"].mean
    assert set(learn(answers, {}, open_weight=OPEN_WEIGHT)) == set(shares)
    assert learn(answers, {}) == {}


@settings(max_examples=60)
@given(right=st.floats(0, 500), wrong=st.floats(0, 500), classes=st.integers(2, 20))
def test_weights_and_intervals_stay_on_their_scales(right: float, wrong: float, classes: int) -> None:
    share = Share(right, wrong, 1)
    low, high = share.interval
    assert 0 <= low <= share.mean <= high <= 1
    assert 0 <= weight(share, classes=classes) <= 1
    assert weight(Share(right + 1, wrong, 1), classes=classes) >= weight(share, classes=classes)


@pytest.mark.parametrize(
    ("a", "b", "probability", "value"),
    [(1, 1, 0.3, 0.3), (2, 1, 0.25, 0.5), (1, 3, 1 - 0.5**3, 0.5), (5, 5, 0.5, 0.5), (8, 1, 0.5**8, 0.5)],
)
def test_quantiles_are_those_of_the_beta_distribution(a: float, b: float, probability: float, value: float) -> None:
    assert beta_quantile(a, b, probability) == pytest.approx(value, abs=1e-9)


def settled(pool: Pool, subject: SubjectId, answer: Settled, reason: str = "As the register says by now.") -> None:
    runtime = pool.node.runtime
    with pool.database.write() as tx:
        claim = Claim(pool.circle, subject, make.INDICATOR, WHOLE)
        settle(tx, runtime.vault, claim, answer, reason, None, make.IAT)


def suggested(pool: Pool) -> dict[str, tuple[int, int, bool]]:
    """Settled claims, hundredths, and whether that is enough, by contributor key."""
    with pool.database.read() as tx:
        found = {each.pseudonym: each for each in suggestions(tx, pool.circle, make.IAT)}
    return {
        key.public.key_id: (found[name].settled, found[name].hundredths, found[name].enough)
        for key in pool.keys
        if (name := pseudonym(pool.circle, key.public.key_id)) in found
    }


def test_a_mark_judges_everybody_who_had_said_something_but_us(pool: Pool, vocabulary: Vocabulary) -> None:
    subjects = [SubjectId(f"circle:{make.new_id()}") for _ in range(MIN_SETTLED)]
    first = subjects[0]
    for number, about in enumerate(subjects):
        target = pool.find(1, make.finding_body(about))
        pool.say(2, make.response(pool.circle, pool.contributor(1), target, "disputes"))
        settled(pool, about, "not-so" if number else "open")
    insight.catch_up(pool.database, vocabulary, make.IAT)
    before, found = pool.stored(), suggested(pool)
    assert pool.contributor(0) not in found
    assert found[pool.contributor(1)][0] == found[pool.contributor(2)][0] == MIN_SETTLED - 1
    assert not found[pool.contributor(1)][2]
    settled(pool, first, "so")
    settled(pool, first, "not-so")
    found = suggested(pool)
    assert found[pool.contributor(1)][0] == found[pool.contributor(2)][0] == MIN_SETTLED
    assert found[pool.contributor(1)][1] < 50
    assert found[pool.contributor(2)] == (MIN_SETTLED, 100, True)
    assert found[pool.contributor(3)] == (0, 100, False)
    assert pool.stored() == before


def test_our_own_word_and_an_author_who_was_wrong_settle_claims_too(pool: Pool) -> None:
    for _ in range(6):
        about = SubjectId(f"circle:{make.new_id()}")
        target = pool.find(1, make.finding_body(about))
        pool.say(0, make.response(pool.circle, pool.contributor(1), target, "disputes"))
        erred: StatementId = pool.find(2, make.finding_body(SubjectId(f"circle:{make.new_id()}")))
        pool.say(2, make.retraction(pool.circle, erred))
    found = suggested(pool)
    assert found[pool.contributor(1)][0] == found[pool.contributor(2)][0] == 6
    assert found[pool.contributor(1)][1] < 60
    assert found[pool.contributor(2)][1] < 70
    assert found[pool.contributor(3)] == (0, 100, False)


def test_a_mark_needs_a_reason(quick_pool: Pool) -> None:
    with pytest.raises(HanseError, match="a reason"):
        settled(quick_pool, make.SUBJECT, "so", "")
