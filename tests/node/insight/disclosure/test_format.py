"""Releases as bytes, and periods as text: nothing is lost, and garbage is a named error."""

import csv
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.disclosure import Content, NamedReading, Period, Unit
from node.errors import Code, HanseError
from node.insight.disclosure import divide
from node.insight.release_format import decode, encode, table
from protocol.identifiers import CircleId, VocabularyCode
from protocol.statements import DAY_SECONDS
from tests.node.insight.disclosure.tables import AXES, RULES, key, subject, tables

_PERIODS = st.one_of(
    st.builds(Period, st.integers(2000, 2999), st.integers(1, 12), st.just(1)),
    st.builds(Period, st.integers(2000, 2999), st.sampled_from((1, 4, 7, 10)), st.just(3)),
)


def _content(units: list[Unit], period: Period) -> Content:
    named = NamedReading(
        subject(1), '="Institute", of\nCells', VocabularyCode("gov-opaque-control"), VocabularyCode("whole"),
        "concern", "likely",
    )  # fmt: skip
    blocks = divide(units, AXES, RULES)
    return Content(CircleId(key("circle")), "Invented Circle", period, "partners", 1, RULES, blocks, (named,))


@given(tables(), _PERIODS)
def test_a_release_is_read_as_it_was_written(units: list[Unit], period: Period) -> None:
    content = _content(units, period)
    data = encode(content)
    assert decode(data) == content
    assert encode(decode(data)) == data
    assert b"reason" not in data


@given(tables())
def test_rows_of_the_table_sum_to_the_claims_and_hold_no_text(units: list[Unit]) -> None:
    text = table(_content(units, Period.parse("2026-Q3")))
    rows = list(csv.DictReader(text.splitlines()))
    assert sum(int(row["claims"] or 0) for row in rows) in {0, len(units)}
    assert "Institute" not in text


@given(_PERIODS)
def test_a_period_is_read_as_it_was_written_and_holds_whole_months(period: Period) -> None:
    assert Period.parse(str(period)) == period
    assert period.begin % DAY_SECONDS == period.end % DAY_SECONDS == 0
    assert period.begin < period.end
    assert (period.last + timedelta(days=1)).day == period.first.day == 1
    assert len(set(period.each_month())) == period.months


@given(_PERIODS, _PERIODS)
def test_periods_share_a_month_exactly_where_they_overlap(one: Period, other: Period) -> None:
    shared = set(one.each_month()) & set(other.each_month())
    assert bool(shared) == (one.begin < other.end and other.begin < one.end)


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-Q5", "2026-7", "1999-01", "2026-07 ", "\u0662026-07"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(HanseError) as refusal:
        Period.parse(text)
    assert refusal.value.code is Code.INVALID
