"""Signals: who has which opinion, kept incrementally, equal to a rebuild in every order of arrival."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Barrier

import pytest

from node import insight, subjects
from node.domain.insight import SignalView
from node.storage import statements as reading
from protocol.identifiers import SubjectId, VocabularyCode
from protocol.statements import DAY_SECONDS, FindingBody, Stance, Statement, Timestamp
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import Pool
from tests.node.subjects.registry import load_records, record, subject

SUBJECTS = (subject(1), subject(2), make.SUBJECT)
INDICATORS = (make.INDICATOR, VocabularyCode("conduct-reliable-delivery"), VocabularyCode("newer-indicator"))


STANCES: tuple[Stance, ...] = ("corroborates", "disputes", "adds-context")


def refreshed(pool: Pool, vocabulary: Vocabulary, now: Timestamp = make.IAT) -> int:
    return insight.catch_up(pool.database, vocabulary, now)


def signals(
    pool: Pool, vocabulary: Vocabulary, about: SubjectId = make.SUBJECT, now: Timestamp = make.IAT
) -> Sequence[SignalView]:
    refreshed(pool, vocabulary, now)
    with pool.database.read() as tx:
        return insight.signals(tx, vocabulary, about, now)


def test_each_contributor_has_one_opinion_the_latest_of_its_log(pool: Pool, vocabulary: Vocabulary) -> None:
    first = pool.find(1)
    pool.find(1)
    latest = pool.find(1)
    answered = make.response(pool.circle, pool.contributor(1), first, "corroborates")
    disputed = make.response(pool.circle, pool.contributor(1), latest, "disputes")
    pool.say(2, answered, disputed)
    pool.say(3, make.response(pool.circle, pool.contributor(1), first, "adds-context"))
    (view,) = signals(pool, vocabulary)
    opinions = {each.statement: each.counts_as for each in view.signal.contributions}
    assert opinions == {(pool.contributor(1), latest): "supports", (pool.contributor(2), disputed.id): "contests"}
    assert (view.signal.contributors, view.signal.conflict_ppm > 0) == (2, True)


def test_a_response_that_adds_context_does_not_replace_an_opinion(pool: Pool, vocabulary: Vocabulary) -> None:
    target = pool.find(1)
    own = pool.find(2)
    pool.say(2, make.response(pool.circle, pool.contributor(1), target, "adds-context"))
    (view,) = signals(pool, vocabulary)
    assert (pool.contributor(2), own) in {each.statement for each in view.signal.contributions}


def test_a_response_that_arrives_before_its_target_counts_when_the_target_comes(
    pool: Pool, vocabulary: Vocabulary
) -> None:
    target = make.finding(pool.circle)
    pool.say(2, make.response(pool.circle, pool.contributor(1), target.id, "corroborates"))
    assert signals(pool, vocabulary) == ()
    pool.say(1, target)
    (view,) = signals(pool, vocabulary)
    assert view.signal.contributors == 2


def test_a_retraction_takes_the_opinion_and_leaves_others_own_evidence(pool: Pool, vocabulary: Vocabulary) -> None:
    target = pool.find(1)
    pool.say(2, make.response(pool.circle, pool.contributor(1), target, "corroborates"))
    pool.say(1, make.retraction(pool.circle, target))
    (view,) = signals(pool, vocabulary)
    assert [each.statement[0] for each in view.signal.contributions] == [pool.contributor(2)]


def test_when_everything_is_retracted_there_is_no_signal(pool: Pool, vocabulary: Vocabulary) -> None:
    target = pool.find(1)
    assert len(signals(pool, vocabulary)) == 1
    pool.say(1, make.retraction(pool.circle, target))
    assert signals(pool, vocabulary) == ()


def test_a_correction_moves_the_opinion_to_its_new_claim(pool: Pool, vocabulary: Vocabulary) -> None:
    target = pool.find(1)
    refreshed(pool, vocabulary)
    pool.say(1, make.correction(pool.circle, target, make.finding_body(make.OTHER_SUBJECT)))
    assert signals(pool, vocabulary) == ()
    (view,) = signals(pool, vocabulary, make.OTHER_SUBJECT)
    assert view.signal.contributors == 1


def test_an_expired_statement_counts_no_more(pool: Pool, vocabulary: Vocabulary) -> None:
    pool.say(1, make.finding(pool.circle, life=DAY_SECONDS))
    assert len(signals(pool, vocabulary)) == 1
    assert signals(pool, vocabulary, now=Timestamp(make.IAT + DAY_SECONDS)) == ()


def test_evidence_of_yesterday_weighs_less_and_is_never_better(pool: Pool, vocabulary: Vocabulary) -> None:
    pool.find(1)
    (today,) = signals(pool, vocabulary)
    later = Timestamp(make.IAT + 400 * DAY_SECONDS)
    assert refreshed(pool, vocabulary, later) == 1
    assert refreshed(pool, vocabulary, later) == 0
    (aged,) = signals(pool, vocabulary, now=later)
    assert aged.signal.contributions[0].weighed_mass < today.signal.contributions[0].weighed_mass
    assert aged.signal.uncertainty_ppm >= today.signal.uncertainty_ppm
    assert aged.signal.disbelief_ppm == today.signal.disbelief_ppm == 0


def test_an_indicator_that_nobody_knows_has_no_signal_and_harms_no_other(pool: Pool, vocabulary: Vocabulary) -> None:
    pool.find(1, make.finding_body(indicator=VocabularyCode("newer-indicator")))
    pool.find(1)
    assert [view.indicator.id for view in signals(pool, vocabulary)] == [make.INDICATOR]


def test_a_subject_that_no_registry_knows_can_be_searched_by_its_stated_name(
    pool: Pool, vocabulary: Vocabulary
) -> None:
    pool.find(1)
    refreshed(pool, vocabulary)
    with pool.database.read() as tx:
        (hit,) = subjects.search(tx, "institute of invented")
    assert (hit.id, hit.origin) == (make.SUBJECT, "statement")


def refresh_and_crash(pool: Pool, vocabulary: Vocabulary) -> None:
    with pool.database.write() as tx:
        insight.refresh(tx, vocabulary, make.IAT)
        raise ZeroDivisionError


def test_a_failure_between_projection_and_refresh_is_repaired_by_the_next_round(
    pool: Pool, vocabulary: Vocabulary
) -> None:
    pool.find(1)
    with pytest.raises(ZeroDivisionError):
        refresh_and_crash(pool, vocabulary)
    assert pool.stored() == []
    assert refreshed(pool, vocabulary) == 1
    assert len(pool.stored()) == 1


def histories(pool: Pool, seed: int) -> list[list[Statement]]:
    """One history per contributor: findings, answers to each other's, corrections and retractions."""
    choose = random.Random(seed)  # noqa: S311
    logs: list[list[Statement]] = [[] for _ in pool.keys]
    named: list[tuple[int, Statement, FindingBody]] = []
    for _ in range(60):
        author = choose.randrange(len(logs))
        own = [(statement, body) for who, statement, body in named if who == author]
        step = choose.random()
        if step < 0.5 or not named:
            body = replace_grade(make.finding_body(choose.choice(SUBJECTS), choose.choice(INDICATORS)), choose)
            statement: Statement = make.finding(pool.circle, body, life=choose.choice((1, 3, 700)) * DAY_SECONDS)
            named.append((author, statement, body))
        elif step < 0.8:
            who, target, _ = choose.choice(named)
            statement = make.response(pool.circle, pool.contributor(who), target.id, choose.choice(STANCES))
        elif own and step < 0.9:
            target, _ = choose.choice(own)
            statement = make.correction(pool.circle, target.id, make.finding_body(choose.choice(SUBJECTS)))
        elif own:
            target, _ = own.pop()
            named = [each for each in named if each[1] is not target]
            statement = make.retraction(pool.circle, target.id)
        else:
            continue
        logs[author].append(statement)
    return logs


def replace_grade(body: FindingBody, choose: random.Random) -> FindingBody:
    import msgspec  # noqa: PLC0415

    grade = make.finding_body().grade
    return msgspec.structs.replace(
        body,
        grade=msgspec.structs.replace(grade, reliability=choose.choice("ABCDEF"), credibility=choose.randint(2, 6)),
    )


def deliver(pool: Pool, logs: list[list[Statement]], seed: int, vocabulary: Vocabulary) -> None:
    """Feed the logs in pieces, in some order, refreshing now and then."""
    choose = random.Random(seed)  # noqa: S311
    rest = {author: list(log) for author, log in enumerate(logs) if log}
    while rest:
        author = choose.choice(sorted(rest))
        count = choose.randint(1, 6)
        piece, rest[author] = rest[author][:count], rest[author][count:]
        pool.say(author, *piece)
        if not rest[author]:
            del rest[author]
        if choose.random() < 0.4:
            with pool.database.write() as tx:
                insight.refresh(tx, vocabulary, make.IAT, limit=choose.choice((1, 3, 100)))


@pytest.mark.parametrize("seed", [1, 2])
def test_every_order_of_arrival_and_a_rebuild_give_the_same_bytes(
    three_pools: list[Pool], vocabulary: Vocabulary, seed: int
) -> None:
    logs = histories(three_pools[0], seed)
    for number, pool in enumerate(three_pools):
        deliver(pool, logs, 100 * seed + number, vocabulary)
    for now in (make.IAT, Timestamp(make.IAT + 2 * DAY_SECONDS)):
        for pool in three_pools:
            refreshed(pool, vocabulary, now)
        incremental = [pool.stored() for pool in three_pools]
        assert incremental[0]
        assert incremental[0] == incremental[1] == incremental[2]
        with three_pools[0].database.write() as tx:
            insight.rebuild(tx, vocabulary, now)
        assert three_pools[0].stored() == incremental[0]


def test_countries_change_no_signal(pool: Pool, tmp_path: Path, vocabulary: Vocabulary) -> None:
    deliver(pool, histories(pool, 7), 7, vocabulary)
    stored = []
    for countries in (("NN", "MM"), ("MM", "NN"), ("OO", "PP")):
        records = [record(number, f"Invented {number}", country=countries[number - 1]) for number in (1, 2)]
        load_records(pool.database, tmp_path, records)
        with pool.database.write() as tx:
            insight.rebuild(tx, vocabulary, make.IAT)
        stored.append(pool.stored())
    assert stored[0]
    assert stored[0] == stored[1] == stored[2]


def test_what_is_stored_is_what_the_dossier_shows(pool: Pool, vocabulary: Vocabulary) -> None:
    deliver(pool, histories(pool, 3), 3, vocabulary)
    for about in SUBJECTS:
        listed = signals(pool, vocabulary, about)
        with pool.database.read() as tx:
            dossier = insight.dossier(tx, vocabulary, about, make.IAT)
            assert len(reading.of_subject(tx, pool.circle, about, now=make.IAT)) > 0
        (reading_of_circle,) = dossier.circles
        shown = [
            replace(view, findings=())
            for group in reading_of_circle.groups
            for view in (*group.concerns, *group.assurances, *group.context)
            if view.signal.contributions
        ]
        without = [replace(view, movement=None) for view in listed]
        assert sorted(shown, key=lambda view: (view.indicator.id, view.scope)) == without


def test_workers_that_refresh_at_once_lose_and_double_nothing(pool: Pool, vocabulary: Vocabulary) -> None:
    for number in range(12):
        pool.find(number % 3 + 1, make.finding_body(SubjectId(f"circle:{make.new_id()}")))
        pool.find(number % 3 + 1)

    def work(_: int) -> int:
        done = 0
        while True:
            with pool.database.write() as tx:
                taken = insight.refresh(tx, vocabulary, make.IAT, limit=2)
            done += taken
            if taken < 2:
                return done

    with ThreadPoolExecutor(3) as workers:
        done = sum(workers.map(work, range(3)))
    assert (done, len(pool.stored())) == (13, 13)
    assert refreshed(pool, vocabulary) == 0


def test_publishers_and_workers_on_a_new_day_never_wait_in_a_circle(pool: Pool, vocabulary: Vocabulary) -> None:
    """Publishing touches 200 claims, most of which a worker marks at the same time because their day is over."""
    bodies = [make.finding_body(SubjectId(f"circle:{make.new_id()}")) for _ in range(200)]
    pool.say(0, *[make.finding(pool.circle, body) for body in bodies])
    refreshed(pool, vocabulary)
    for day in (1, 2, 3):
        now = Timestamp(make.IAT + day * DAY_SECONDS)
        # Some marks are there already, so that every worker takes some before it looks for the claims of yesterday.
        pool.say(3, *[make.finding(pool.circle, body) for body in bodies[60 * day - 60 : 60 * day]])
        start = Barrier(5)

        def publish(author: int, start: Barrier = start, now: Timestamp = now) -> int:
            new = [make.finding(pool.circle, body) for body in bodies]
            start.wait()
            pool.say(author, *new, now=now)
            return 0

        def work(limit: int, start: Barrier = start, now: Timestamp = now) -> int:
            start.wait()
            return insight.freshen(pool.database, vocabulary, now, limit=limit)

        with ThreadPoolExecutor(5) as threads:
            at_once = [threads.submit(publish, author) for author in (1, 2)]
            at_once += [threads.submit(work, limit) for limit in (30, 30, 2_000)]
            for each in at_once:
                each.result(timeout=60)
        refreshed(pool, vocabulary, now)
    stored = pool.stored()
    assert len(stored) == 200
    with pool.database.write() as tx:
        insight.rebuild(tx, vocabulary, now)
    assert pool.stored() == stored


def test_a_signal_of_an_earlier_day_is_computed_again_when_it_is_read(pool: Pool, vocabulary: Vocabulary) -> None:
    pool.find(1)
    (today,) = signals(pool, vocabulary)
    later = Timestamp(make.IAT + 30 * DAY_SECONDS)
    with pool.database.read() as tx:
        (aged,) = insight.signals(tx, vocabulary, make.SUBJECT, later)
    assert aged.as_of == date(2026, 10, 4)
    assert aged.signal.contributions[0].weighed_mass < today.signal.contributions[0].weighed_mass
