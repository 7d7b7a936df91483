"""Counts for coordinators: what the statements say, however they arrived, and the same again after a rebuild."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import msgspec
import pytest

from node import insight
from node.domain.dashboard import ALL, SubjectCounts, month_of
from node.domain.statements import Claim
from node.insight.tallies import tensions_of
from node.storage import dashboard
from protocol.identifiers import SubjectId, VocabularyCode
from protocol.statements import DAY_SECONDS, FindingBody, Grade, Timestamp
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import WHOLE, Pool
from tests.node.insight.test_signals import deliver, histories, refreshed

_START = month_of(date(2000, 1, 1))
_CONCERN = make.INDICATOR
_ASSURANCE = VocabularyCode("gov-transparent-governance")
_SCOPE = VocabularyCode("quantum")


def _rows(pool: Pool) -> dict[str, list[tuple[Any, ...]]]:
    with pool.database.read() as tx:
        rows = dashboard.every_row(tx)
    # A sum that has come down to nothing says what no row says: it names no subject.
    return rows | {"subject_counts": [row for row in rows["subject_counts"] if any(row[3:])]}


def _counts(pool: Pool) -> list[tuple[str, int, int]]:
    with pool.database.read() as tx:
        return [(c.side, c.stated, c.live) for c in dashboard.contributions(tx, pool.circle, since=_START)]


def _subjects(pool: Pool, scope: VocabularyCode = ALL, group: VocabularyCode = ALL) -> SubjectCounts:
    with pool.database.read() as tx:
        return dashboard.subject_counts(tx, pool.circle, scope=scope, group=group)


def _sure(indicator: VocabularyCode, scope: VocabularyCode = WHOLE) -> FindingBody:
    body = make.finding_body(indicator=indicator)
    return msgspec.structs.replace(body, grade=Grade(reliability="A", credibility=2), scope=scope)


@pytest.mark.parametrize("seed", [3])
def test_every_order_of_arrival_and_a_rebuild_give_the_same_counts(
    three_pools: list[Pool], vocabulary: Vocabulary, seed: int
) -> None:
    logs = histories(three_pools[0], seed)
    for number, pool in enumerate(three_pools):
        deliver(pool, logs, 100 * seed + number, vocabulary)
    for days in (0, 2, 800):
        now = Timestamp(make.IAT + days * DAY_SECONDS)
        for pool in three_pools:
            refreshed(pool, vocabulary, now)
        kept = [_rows(pool) for pool in three_pools]
        assert bool(kept[0]["contribution_counts"]) is (days < 800)  # by then everything has expired, and is gone
        assert kept[0] == kept[1] == kept[2]
        with three_pools[0].database.write() as tx:
            insight.rebuild(tx, vocabulary, now)
        assert _rows(three_pools[0]) == kept[0]


def test_a_finding_is_counted_once_whatever_becomes_of_it(pool: Pool, vocabulary: Vocabulary) -> None:
    first = pool.find(1)
    pool.find(2)
    refreshed(pool, vocabulary)
    assert _counts(pool) == [("concern", 1, 1), ("concern", 1, 1)]
    assert _subjects(pool) == SubjectCounts(1, 1, 0, 0)

    pool.say(1, make.retraction(pool.circle, first))
    refreshed(pool, vocabulary)
    assert sorted(_counts(pool)) == [("concern", 1, 0), ("concern", 1, 1)]

    refreshed(pool, vocabulary, Timestamp(make.IAT + make.LIFE))
    assert _counts(pool) == []  # what has expired is not counted any more, not even as having been stated
    assert _subjects(pool) == SubjectCounts()


def test_a_correction_takes_the_count_to_where_the_finding_now_stands(pool: Pool, vocabulary: Vocabulary) -> None:
    first = pool.find(1)
    refreshed(pool, vocabulary)
    pool.say(1, make.correction(pool.circle, first, make.finding_body(make.OTHER_SUBJECT, _ASSURANCE)))
    refreshed(pool, vocabulary)
    assert _counts(pool) == [("assurance", 1, 1)]
    assert _subjects(pool) == SubjectCounts(1, 0, 1, 0)


def test_what_nobody_stated_is_no_row_and_what_ended_is_a_zero(pool: Pool, vocabulary: Vocabulary) -> None:
    gone = pool.find(1, _sure(_CONCERN, _SCOPE))
    pool.find(2, _sure(_CONCERN))
    pool.say(1, make.retraction(pool.circle, gone))
    refreshed(pool, vocabulary)
    with pool.database.read() as tx:
        found = dashboard.coverage(tx, pool.circle, fresh_since=_START)
    assert [(each.scope, each.stated, each.live, each.newest) for each in found] == [
        ("quantum", 1, 0, None),
        ("whole", 1, 1, month_of(date(2026, 6, 30))),
    ]


def test_a_subject_is_counted_once_in_each_view(pool: Pool, vocabulary: Vocabulary) -> None:
    pool.find(1, _sure(_CONCERN))
    pool.find(1, _sure(_ASSURANCE, _SCOPE))
    pool.find(2, _sure(_ASSURANCE))
    refreshed(pool, vocabulary)
    assert _subjects(pool) == SubjectCounts(1, 1, 1, 0)
    assert _subjects(pool, scope=_SCOPE) == SubjectCounts(1, 0, 1, 0)
    assert _subjects(pool, group=VocabularyCode("gov")) == SubjectCounts(1, 1, 1, 0)
    assert _subjects(pool, group=VocabularyCode("mil")) == SubjectCounts()


def test_concern_and_assurance_of_one_group_are_a_tension_until_one_of_them_goes(
    pool: Pool, vocabulary: Vocabulary
) -> None:
    pool.find(1, _sure(_CONCERN))
    praised = pool.find(2, _sure(_ASSURANCE))
    refreshed(pool, vocabulary)
    with pool.database.read() as tx:
        (found,) = dashboard.strongest_tensions(tx, pool.circle, limit=5)
        assert dashboard.strongest_tensions(tx, pool.circle, limit=5, scope=_SCOPE) == []
    assert (found.concern, found.assurance, found.group) == (_CONCERN, _ASSURANCE, "gov")
    assert found.tension_ppm == found.concern_ppm == found.assurance_ppm
    pool.say(2, make.retraction(pool.circle, praised))
    refreshed(pool, vocabulary)
    with pool.database.read() as tx:
        assert dashboard.strongest_tensions(tx, pool.circle, limit=5) == []


def test_an_assurance_about_another_domain_contradicts_no_concern(pool: Pool, vocabulary: Vocabulary) -> None:
    def claim(indicator: VocabularyCode, scope: str) -> Claim:
        return Claim(pool.circle, make.SUBJECT, indicator, VocabularyCode(scope))

    assert tensions_of({claim(_CONCERN, "whole"): 900_000, claim(_ASSURANCE, "quantum"): 900_000}, vocabulary) == []
    assert tensions_of({claim(_CONCERN, "whole"): 900_000, claim(_ASSURANCE, "whole"): 549_999}, vocabulary) == []
    assert tensions_of({claim(_CONCERN, "whole"): 900_000, claim(_ASSURANCE, "whole"): 550_000}, vocabulary)


def test_an_unknown_indicator_is_counted_as_unlisted(pool: Pool, vocabulary: Vocabulary) -> None:
    pool.find(1, make.finding_body(indicator=VocabularyCode("from-a-later-vocabulary")))
    refreshed(pool, vocabulary)
    assert _counts(pool) == [("unlisted", 1, 1)]


def test_two_workers_count_a_subject_once(pool: Pool, vocabulary: Vocabulary) -> None:
    """Each takes other claims of the same subjects; neither sees what the other has not committed."""
    for number in range(12):
        subject = SubjectId(f"circle:{chr(65 + number) * 21}A")
        for indicator in (_CONCERN, _ASSURANCE):
            for scope in ("whole", "quantum", "energy"):
                body = make.finding_body(subject, indicator)
                pool.find(1, msgspec.structs.replace(body, scope=VocabularyCode(scope)))

    def work(_: int) -> None:
        for _ in range(12):
            with pool.database.write() as tx:
                insight.refresh(tx, vocabulary, make.IAT, limit=3)

    with ThreadPoolExecutor(4) as executor:
        list(executor.map(work, range(4)))
    refreshed(pool, vocabulary)
    assert _subjects(pool) == SubjectCounts(12, 12, 12, 0)
    kept = _rows(pool)
    with pool.database.write() as tx:
        insight.rebuild(tx, vocabulary, make.IAT)
    assert _rows(pool) == kept
