"""The feed in pages, single statements, and counts."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import insight
from node.domain.queries import StatementFilter, StatementsPage
from node.errors import Code, HanseError
from node.insight.query import cursor, read_cursor
from protocol.identifiers import StatementId, SubjectId, VocabularyCode
from protocol.vocabulary import Vocabulary
from tests.node import statements as make
from tests.node.insight.support import Pool


def page(pool: Pool, after: str = "", limit: int = 100, filters: StatementFilter | None = None) -> StatementsPage:
    with pool.database.read() as tx:
        return insight.findings(tx, after, limit, filters or StatementFilter(), now=make.IAT)


def read_all(pool: Pool, limit: int, filters: StatementFilter | None = None) -> list[StatementId]:
    seen: list[StatementId] = []
    after, more = "", True
    while more:
        one = page(pool, after, limit, filters)
        assert len(one.items) <= limit
        seen += [item.provenance.id for item in one.items]
        after, more = one.next, one.more
    return seen


def test_pages_hold_everything_once_and_continue_with_what_is_new(pool: Pool) -> None:
    first = [pool.find(number % 3 + 1) for number in range(7)]
    assert read_all(pool, 3) == read_all(pool, 7) == first
    end = page(pool).next
    assert page(pool, end).items == ()
    assert page(pool, end).next == end
    new = pool.find(2)
    assert [item.provenance.id for item in page(pool, end).items] == [new]


def test_filters_keep_what_bears_on_them(pool: Pool) -> None:
    concern = pool.find(1)
    other = pool.find(1, make.finding_body(make.OTHER_SUBJECT, VocabularyCode("fund-transparent")))
    answer = make.response(pool.circle, pool.contributor(1), concern, "disputes")
    relation = make.relation(pool.circle)
    pool.say(2, answer, relation)
    assert read_all(pool, 1, StatementFilter(subjects=(make.SUBJECT,))) == [concern, relation.id]
    assert read_all(pool, 9, StatementFilter(subjects=(make.OTHER_SUBJECT,))) == [other, relation.id]
    assert read_all(pool, 9, StatementFilter(indicators=(VocabularyCode("fund-transparent"),))) == [other]
    assert read_all(pool, 9, StatementFilter(kinds=("response", "relation"))) == [answer.id, relation.id]
    assert read_all(pool, 9, StatementFilter(circles=(pool.circle,))) == [concern, other, answer.id, relation.id]


def test_a_correction_comes_under_what_it_moves_its_target_from(pool: Pool) -> None:
    """A poller of the old subject or indicator learns that what it read is said of another now."""
    transparent = VocabularyCode("fund-transparent")
    finding, tie = make.finding(pool.circle), make.relation(pool.circle)
    pool.say(1, finding, tie)
    filters = [
        StatementFilter(subjects=(make.SUBJECT,)),
        StatementFilter(indicators=(make.INDICATOR,)),
        StatementFilter(subjects=(make.SUBJECT,), indicators=(make.INDICATOR,)),
        StatementFilter(subjects=(make.OTHER_SUBJECT,)),
        StatementFilter(indicators=(transparent,)),
    ]
    ends = [page(pool, filters=each).next for each in filters]
    third = SubjectId(f"circle:{make.new_id()}")
    moved = make.correction(pool.circle, finding.id, make.finding_body(third, transparent))
    untied = make.correction(pool.circle, tie.id, make.relation(pool.circle, tied_to=third).body)
    same = make.correction(pool.circle, finding.id, make.finding_body(third, transparent, summary="In other words."))
    pool.say(1, moved, untied, same)
    seen = [
        [item.provenance.id for item in page(pool, end, filters=each).items]
        for end, each in zip(ends, filters, strict=True)
    ]
    assert seen == [[moved.id, untied.id], [moved.id], [moved.id], [untied.id], [moved.id, same.id]]


def test_responses_are_not_asked_for_by_subject(pool: Pool) -> None:
    """They could come before their target, and nobody would ever see them under that filter."""
    for filters in (StatementFilter(subjects=(make.SUBJECT,)), StatementFilter(indicators=(make.INDICATOR,))):
        with pytest.raises(HanseError, match="names a statement"):
            page(pool, filters=replace(filters, kinds=("response",)))


def test_a_filter_that_leaves_everything_out_does_not_read_it_again(pool: Pool) -> None:
    pool.find(1)
    nothing = page(pool, filters=StatementFilter(kinds=("retraction",)))
    assert (nothing.items, nothing.more) == ((), False)
    assert nothing.next == page(pool).next


@pytest.mark.parametrize("cursor", ["x", "AAAA", "AgAAAAAAAAAB", "AQAAAAAAAAAB=", "Af__________", "é", "A" * 400])
def test_a_cursor_of_somebody_else_is_refused(cursor: str) -> None:
    with pytest.raises(HanseError) as refusal:
        read_cursor(cursor)
    assert refusal.value.code is Code.INVALID


@given(st.text(max_size=20))
def test_any_text_is_a_cursor_or_a_named_error(text: str) -> None:
    try:
        number = read_cursor(text)
    except HanseError as error:
        number, code = -1, error.code
        assert code is Code.INVALID
    assert number < 1 << 63


@given(st.integers(min_value=0, max_value=(1 << 63) - 1))
def test_a_cursor_says_where_it_was(seq: int) -> None:
    assert read_cursor(cursor(seq)) == seq


def test_a_statement_comes_with_the_bytes_its_author_signed(pool: Pool) -> None:
    found = pool.find(1)
    with pool.database.read() as tx:
        detail = insight.statement(tx, pool.contributor(1), found, now=make.IAT)
        with pytest.raises(HanseError) as refusal:
            insight.statement(tx, pool.contributor(2), found, now=make.IAT)
    assert detail.view.provenance.id == found
    assert detail.jws is not None
    assert detail.jws.count(b".") == 2
    assert refusal.value.code is Code.NOT_FOUND


def test_what_was_retracted_is_not_read_back_from_its_bytes(pool: Pool) -> None:
    found = pool.find(1)
    correction = make.correction(pool.circle, found, make.finding_body(summary="Better words."))
    retraction = make.retraction(pool.circle, found)
    pool.say(1, correction)
    assert _bytes_of(pool, found) is not None
    assert _bytes_of(pool, correction.id) is not None
    pool.say(1, retraction)
    assert _bytes_of(pool, found) is None
    assert _bytes_of(pool, correction.id) is None
    assert _bytes_of(pool, retraction.id) is not None


def _bytes_of(pool: Pool, statement: StatementId) -> bytes | None:
    with pool.database.read() as tx:
        return insight.statement(tx, pool.contributor(1), statement, now=make.IAT).jws


def test_the_overview_counts_what_is_held(pool: Pool, vocabulary: Vocabulary) -> None:
    pool.find(1)
    pool.say(2, make.relation(pool.circle, make.OTHER_SUBJECT, make.SUBJECT))
    insight.catch_up(pool.database, vocabulary, make.IAT)
    with pool.database.read() as tx:
        overview = insight.overview(tx)
        (circle,) = insight.circle_summaries(tx)
    assert (overview.circles, overview.contributors, overview.statements, overview.subjects) == (1, 4, 2, 2)
    assert (overview.signals, overview.last_sync) == (1, None)
    assert sorted(number for _, _, number in circle.contributors) == [0, 0, 1, 1]
    assert circle.own in {name for _, name, _ in circle.contributors}
