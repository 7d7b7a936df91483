"""Briefings: every figure can be computed again from the statements, whatever has come since."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from node.clock import day_of
from node.domain.briefing import AsOf, Briefing, CircleFigures, SubjectFigures
from node.domain.circles import TrustPolicy
from node.errors import Code, HanseError
from node.insight.briefing import circle_briefing, figures_bytes, parse_as_of, parse_month, subject_briefing
from node.storage import circles, statements, trust
from protocol.statements import DAY_SECONDS, Grade, Handling, Timestamp
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import Pool
from tests.node.insight.test_signals import deliver, histories, refreshed

_LATER = Timestamp(make.IAT + 3 * DAY_SECONDS)
_SOON = Timestamp(make.IAT + 3_600)
"""Before anything has expired: what has is gone, from earlier states as well."""


def _of_circle(pool: Pool, vocabulary: Vocabulary, now: Timestamp = make.IAT, **asked: Any) -> Briefing:  # noqa: ANN401
    with pool.database.read() as tx:
        return circle_briefing(tx, vocabulary, pool.circle, now, **asked)


def _filled(pool: Pool, vocabulary: Vocabulary, seed: int) -> None:
    deliver(pool, histories(pool, seed), seed, vocabulary)


@pytest.mark.parametrize("seed", [4])
def test_stored_figures_and_those_computed_anew_are_the_same_bytes(
    pool: Pool, vocabulary: Vocabulary, seed: int
) -> None:
    _filled(pool, vocabulary, seed)
    for now in (make.IAT, _LATER):
        refreshed(pool, vocabulary, now)  # what has expired is gone by it, from both ways of counting
        anew = _of_circle(pool, vocabulary, now)
        stored = _of_circle(pool, vocabulary, now, most_claims=0)
        assert figures_bytes(stored.figures) == figures_bytes(anew.figures)
        assert stored == anew
        assert isinstance(stored.figures, CircleFigures)
        assert stored.figures.stated


@pytest.mark.parametrize("seed", [6])
def test_what_comes_later_changes_nothing_of_an_earlier_state(pool: Pool, vocabulary: Vocabulary, seed: int) -> None:
    logs = histories(pool, seed)
    half = [log[: len(log) // 2] for log in logs]
    deliver(pool, half, seed, vocabulary)
    refreshed(pool, vocabulary)
    first = _of_circle(pool, vocabulary)
    about = subject_briefing_of(pool, vocabulary)
    for author, log in enumerate(logs):
        pool.say(author, *log[len(half[author]) :], now=_SOON)
    refreshed(pool, vocabulary, _SOON)
    again = _of_circle(pool, vocabulary, _SOON, as_of=first.as_of)
    assert figures_bytes(again.figures) == figures_bytes(first.figures)
    assert (again.digest, again.sources) == (first.digest, first.sources)
    assert subject_briefing_of(pool, vocabulary, _SOON, as_of=about.as_of).digest == about.digest
    assert _of_circle(pool, vocabulary, _SOON).sources[0].pool_digest != first.sources[0].pool_digest


def subject_briefing_of(
    pool: Pool,
    vocabulary: Vocabulary,
    now: Timestamp = make.IAT,
    **asked: Any,  # noqa: ANN401
) -> Briefing:
    with pool.database.read() as tx:
        return subject_briefing(tx, vocabulary, make.SUBJECT, now, **asked)


def test_nodes_that_hold_the_same_have_the_same_state_and_figures(
    three_pools: list[Pool], vocabulary: Vocabulary
) -> None:
    logs = histories(three_pools[0], 8)
    made = []
    for number, pool in enumerate(three_pools):
        deliver(pool, logs, number, vocabulary)
        refreshed(pool, vocabulary)
        made.append(_of_circle(pool, vocabulary))
    assert made[0].digest == made[1].digest == made[2].digest
    assert made[0].sources == made[1].sources == made[2].sources


def test_a_decision_about_trust_changes_the_policy_that_a_briefing_names(
    quick_pool: Pool, vocabulary: Vocabulary
) -> None:
    pool = quick_pool
    pool.find(1)
    refreshed(pool, vocabulary)
    before = _of_circle(pool, vocabulary)
    with pool.database.write() as tx:
        voice = circles.get_roster(tx, pool.circle).voice(pool.contributor(1))
        muted = TrustPolicy(pool.circle, voice, "muted", 0, "Its statements were invented.", None, make.IAT)
        trust.add(tx, pool.node.runtime.vault, muted)
    after = _of_circle(pool, vocabulary, as_of=before.as_of)
    assert after.sources[0].policy_digest != before.sources[0].policy_digest
    assert after.sources[0].pool_digest == before.sources[0].pool_digest


@pytest.mark.parametrize(
    ("handling", "left_out"),
    [("TLP:CLEAR", 0), ("TLP:GREEN", 0), ("TLP:AMBER", 0), ("TLP:AMBER+STRICT", 1)],
)
def test_what_may_not_go_to_partners_is_in_none_of_their_figures(
    quick_pool: Pool, vocabulary: Vocabulary, handling: Handling, left_out: int
) -> None:
    pool = quick_pool
    body = msgspec.structs.replace(make.finding_body(), grade=Grade(reliability="A", credibility=2), handling=handling)
    pool.find(1, body)
    pool.find(2, msgspec.structs.replace(make.finding_body(make.OTHER_SUBJECT), handling="TLP:CLEAR"))
    refreshed(pool, vocabulary)
    made = _of_circle(pool, vocabulary, audience="partners")
    assert made.left_out == left_out
    assert isinstance(made.figures, CircleFigures)
    assert made.figures.live == 2 - left_out
    assert made.figures.subjects[0] == 2 - left_out
    assert made.mark.startswith("TLP:AMBER:")
    about = subject_briefing_of(pool, vocabulary, audience="partners")
    assert isinstance(about.figures, SubjectFigures)
    assert len(about.figures.circles[0].readings) == 1 - left_out
    assert _of_circle(pool, vocabulary).mark.startswith("TLP:AMBER+STRICT:")


def test_a_subject_has_its_concerns_and_assurances_side_by_side(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    pool = quick_pool
    pool.find(1)
    gone = pool.find(2)
    pool.say(2, make.retraction(pool.circle, gone))
    refreshed(pool, vocabulary)
    figures = subject_briefing_of(pool, vocabulary).figures
    assert isinstance(figures, SubjectFigures)
    (circle,) = figures.circles
    assert (circle.findings, circle.withdrawn, len(circle.readings)) == (1, 1, 1)


def test_a_page_does_not_compute_a_large_past_anew(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    pool = quick_pool
    pool.find(1)
    refreshed(pool, vocabulary)
    earlier = _of_circle(pool, vocabulary, most_claims=0).as_of
    pool.find(2)
    refreshed(pool, vocabulary)
    assert _of_circle(pool, vocabulary, most_claims=1, as_of=earlier).as_of == earlier
    with pytest.raises(HanseError) as refused:
        _of_circle(pool, vocabulary, most_claims=0, as_of=earlier)
    assert refused.value.code is Code.CONFLICT
    assert str(earlier) in refused.value.remedy


def test_a_state_is_a_position_and_a_day_and_nothing_else(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    pool = quick_pool
    pool.find(1)
    with pool.database.read() as tx:
        at = AsOf(statements.last_seq(tx), day_of(make.IAT))
    assert parse_as_of(str(at)) == at
    for text in ("", "1", "1.", ".2026-01-01", "1.2026-02-30", "1.2026-01-01 ", "-1.2026-01-01", "1.20260101"):
        with pytest.raises(HanseError):
            parse_as_of(text)
    for text in ("", "2026", "2026-13", "2026-1", "2026-01-01"):
        with pytest.raises(HanseError):
            parse_month(text)
    for future in (AsOf(at.position + 1, at.day), AsOf(at.position, at.day + timedelta(days=1))):
        with pytest.raises(HanseError) as refused:
            _of_circle(pool, vocabulary, as_of=future)
        assert refused.value.code is Code.INVALID
