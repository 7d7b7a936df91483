"""How claims move: against what a node would have said that had stopped listening 30 or 90 days earlier."""

import random
from datetime import timedelta
from typing import Final

import msgspec
import pytest

from node import insight
from node.clock import day_of
from node.domain.insight import Movement, StoredSignal
from node.domain.statements import Claim
from node.insight.movement import doubled_expectation
from node.storage import insight as storage
from protocol.identifiers import VocabularyCode
from protocol.statements import DAY_SECONDS, Stance, Statement, Timestamp
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import Pool

DAYS: Final = 120
SUBJECTS: Final = (make.SUBJECT, make.OTHER_SUBJECT)
INDICATORS: Final = (make.INDICATOR, VocabularyCode("conduct-reliable-delivery"), VocabularyCode("fund-dependence"))
HALF: Final = 500_000
STANCES: Final[tuple[Stance, ...]] = ("corroborates", "disputes")


def on(day: int) -> Timestamp:
    """A day, counted from the one on which every test begins."""
    return Timestamp(make.IAT + day * DAY_SECONDS)


def issued(statement: Statement, day: int, *, life: int | None = None) -> Statement:
    """The statement as it would have been written on another day."""
    exp = on(day + life) if life is not None else Timestamp(statement.exp + day * DAY_SECONDS)
    return msgspec.structs.replace(statement, iat=on(day), exp=exp)


def histories(pool: Pool, seed: int) -> list[list[Statement]]:
    """Four months of each contributor: findings, answers, corrections to other claims, retractions; days ascend."""
    choose = random.Random(seed)  # noqa: S311 - an invented history, not a secret
    logs: list[list[Statement]] = [[] for _ in pool.keys]
    named: list[tuple[int, Statement]] = []
    for step in range(90):
        day, author = step * DAYS // 90, choose.randrange(len(logs))
        own = [statement for who, statement in named if who == author]
        kind, life = choose.random(), choose.choice((20, 45, 100, 700))
        body = make.finding_body(choose.choice(SUBJECTS), choose.choice(INDICATORS))
        if kind < 0.45 or not named:
            statement = issued(make.finding(pool.circle, body), day, life=life)
            named.append((author, statement))
        elif kind < 0.7:
            who, target = choose.choice(named)
            stance = choose.choice(STANCES)
            statement = issued(make.response(pool.circle, pool.contributor(who), target.id, stance), day, life=life)
        elif own and kind < 0.9:
            statement = issued(make.correction(pool.circle, choose.choice(own).id, body), day, life=life)
        elif own:
            target = choose.choice(own)
            named = [each for each in named if each[1] is not target]
            statement = issued(make.retraction(pool.circle, target.id), day)
        else:
            continue
        logs[author].append(statement)
    return logs


def said_by(logs: list[list[Statement]], day: int) -> list[list[Statement]]:
    return [[each for each in log if each.iat <= on(day)] for log in logs]


def deliver(pool: Pool, logs: list[list[Statement]], seed: int, vocabulary: Vocabulary, day: int) -> None:
    """Feed the logs in pieces, in some order, refreshing now and then on the last day."""
    choose = random.Random(seed)  # noqa: S311
    rest = {author: list(log) for author, log in enumerate(logs) if log}
    while rest:
        author = choose.choice(sorted(rest))
        count = choose.randint(1, 7)
        pool.say(author, *rest[author][:count], now=on(day))
        rest[author] = rest[author][count:]
        rest = {author: log for author, log in rest.items() if log}
        if choose.random() < 0.5:
            insight.catch_up(pool.database, vocabulary, on(day))


def rows(pool: Pool, vocabulary: Vocabulary, day: int) -> dict[Claim, StoredSignal]:
    insight.catch_up(pool.database, vocabulary, on(day))
    with pool.database.read() as tx:
        return {row.claim: row for about in SUBJECTS for row in storage.signals_of(tx, about)}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_movement_is_what_a_node_says_that_had_heard_nothing_since(
    three_pools: list[Pool], vocabulary: Vocabulary, seed: int
) -> None:
    today, month, quarter = three_pools
    logs = histories(today, seed)
    deliver(today, logs, seed, vocabulary, DAYS)
    deliver(month, said_by(logs, DAYS - 30), seed, vocabulary, DAYS - 30)
    deliver(quarter, said_by(logs, DAYS - 90), seed, vocabulary, DAYS - 90)
    now = rows(today, vocabulary, DAYS)
    then = [rows(month, vocabulary, DAYS - 30), rows(quarter, vocabulary, DAYS - 90)]
    assert len(now) > 3
    for claim, row in now.items():
        doubled = [
            doubled_expectation(row.signal)
            - (doubled_expectation(before[claim].signal) if claim in before else 2 * HALF)
            for before in then
        ]
        moved = (row.movement.moved_30_ppm, row.movement.moved_90_ppm)
        assert moved == tuple(abs(each) // 2 * (1 if each >= 0 else -1) for each in doubled)
    assert any(row.movement.moved_30_ppm > 0 for row in now.values())
    assert any(row.movement.moved_90_ppm < 0 for row in now.values())


@pytest.mark.parametrize("seed", [4])
def test_every_order_of_arrival_and_a_rebuild_give_equal_rows(
    three_pools: list[Pool], vocabulary: Vocabulary, seed: int
) -> None:
    logs = histories(three_pools[0], seed)
    for number, pool in enumerate(three_pools):
        deliver(pool, logs, 10 * seed + number, vocabulary, DAYS)
        insight.catch_up(pool.database, vocabulary, on(DAYS))
    stored = [pool.stored() for pool in three_pools]
    assert stored[0]
    assert stored[0] == stored[1] == stored[2]
    with three_pools[0].database.write() as tx:
        insight.rebuild(tx, vocabulary, on(DAYS))
    assert three_pools[0].stored() == stored[0]


def test_an_answer_to_what_has_moved_away_arrives_late_and_still_belongs_to_the_past_of_where_it_was(
    pool: Pool, vocabulary: Vocabulary
) -> None:
    """It changes a claim on which neither it nor its target stands any more."""
    moved, staying = make.finding(pool.circle), make.finding(pool.circle)
    pool.say(1, moved)
    pool.say(0, staying)
    away = make.correction(pool.circle, moved.id, make.finding_body(make.OTHER_SUBJECT))
    pool.say(1, issued(away, 70), now=on(70))
    before = rows(pool, vocabulary, 80)
    pool.say(2, make.response(pool.circle, pool.contributor(1), moved.id), now=on(80))
    after = rows(pool, vocabulary, 80)
    (claim,) = (claim for claim in after if claim.subject == make.SUBJECT)
    assert after[claim].movement.moved_30_ppm < before[claim].movement.moved_30_ppm < 0
    stored = pool.stored()
    with pool.database.write() as tx:
        insight.rebuild(tx, vocabulary, on(80))
    assert pool.stored() == stored


def test_a_correction_of_the_scope_alone_is_a_move(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    moved = make.finding(quick_pool.circle)
    quick_pool.say(1, moved)
    quick_pool.say(2, make.finding(quick_pool.circle))
    narrower = msgspec.structs.replace(make.finding_body(), scope=VocabularyCode("quantum"))
    quick_pool.say(1, issued(make.correction(quick_pool.circle, moved.id, narrower), 40), now=on(40))
    found = {str(claim.scope): row.movement for claim, row in rows(quick_pool, vocabulary, 60).items()}
    assert found["whole"].moved_30_ppm < -100_000
    assert found["quantum"].moved_30_ppm > 100_000
    assert found["quantum"].roots_30 == 1


def test_new_roots_are_those_of_which_nothing_was_there(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    first = make.finding_body()
    quick_pool.say(1, make.finding(quick_pool.circle, first))
    again = msgspec.structs.replace(first, sources=tuple(sorted((*first.sources, *make.finding_body().sources))))
    quick_pool.say(2, issued(make.finding(quick_pool.circle, again), 50), now=on(50))
    quick_pool.say(3, issued(make.finding(quick_pool.circle), 50), now=on(50))
    (row,) = rows(quick_pool, vocabulary, 60).values()
    assert (row.signal.roots, row.signal.contributors, row.findings) == (2, 3, 3)
    assert (row.movement.roots_30, row.movement.roots_90) == (1, 2)


def test_who_says_again_what_rests_on_no_named_source_brings_no_new_root(
    quick_pool: Pool, vocabulary: Vocabulary
) -> None:
    unsourced = msgspec.structs.replace(make.finding_body(), sources=())
    quick_pool.say(1, make.finding(quick_pool.circle, unsourced))
    quick_pool.say(1, issued(make.finding(quick_pool.circle, unsourced), 50), now=on(50))
    (row,) = rows(quick_pool, vocabulary, 60).values()
    assert (row.movement.roots_30, row.movement.roots_90) == (0, 1)


def test_age_alone_moves_towards_the_middle(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    quick_pool.find(1)
    quick_pool.find(2)
    (row,) = rows(quick_pool, vocabulary, 700).values()
    assert row.movement.moved_90_ppm < row.movement.moved_30_ppm < 0
    assert (row.movement.roots_30, row.movement.roots_90) == (0, 0)


def test_what_has_just_been_said_has_moved_from_unknown(quick_pool: Pool, vocabulary: Vocabulary) -> None:
    quick_pool.find(1)
    (row,) = rows(quick_pool, vocabulary, 0).values()
    moved = (doubled_expectation(row.signal) - 2 * HALF) // 2
    assert row.movement == Movement(moved, moved, 1, 1)
    assert row.as_of == day_of(make.IAT) == day_of(on(1)) - timedelta(days=1)
