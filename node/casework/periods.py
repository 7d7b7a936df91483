"""The phrases in which public cases say when, as periods. Total: what cannot be read is None.

==============================  =======================================================================
phrase                          period
==============================  =======================================================================
``2020-04-22``                  that day
``January 2020``                that month
``spring 2020``                 March to May; summer, autumn and winter likewise (winter from December)
``2014``                        that year
``after December 2019``         the month after
``before spring 2020``          the twelve months before
``by spring 2020``              the twelve months that end with it
==============================  =======================================================================

``about``, ``early``, ``late``, ``mid`` and ``revealed`` do not change the period, nor does a remark in brackets. An
open end is closed early, because the end of the period is where the evidence begins to age: a case must not look
fresher than its source says. Seasons are the northern ones, as in the articles.
"""

import calendar
import re
from datetime import date, timedelta
from typing import Final

from protocol.statements import Period

_REMARK: Final = re.compile(r"\s*\([^()]*\)\s*$")
_QUALIFIER: Final = re.compile(r"(?:about|early|late|mid|revealed|in)\s+", re.IGNORECASE)
_OPEN: Final = re.compile(r"(after|before|by)\s+(.+)", re.IGNORECASE)
_DAY: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_YEAR: Final = re.compile(r"(\d{4})")
_NAMED: Final = re.compile(r"([A-Za-z]+)\s+(\d{4})")
_MONTHS: Final = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_SEASONS: Final = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_SEASON_MONTHS: Final = 3
_YEAR_MONTHS: Final = 12
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2199


def read_period(phrase: str) -> Period | None:
    """The period that a phrase means, or None."""
    text = _REMARK.sub("", phrase.strip())
    while (shorter := _QUALIFIER.sub("", text, count=1)) != text and _QUALIFIER.match(text):
        text = shorter
    if found := _OPEN.fullmatch(text):
        inner = _closed(found[2])
        return None if inner is None else _open(found[1].lower(), inner)
    return _closed(text)


def _closed(text: str) -> Period | None:
    if found := _DAY.fullmatch(text):
        try:
            day = date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            return None
        return Period(start=day, end=day)
    if found := _YEAR.fullmatch(text):
        return _months(int(found[1]), 1, _YEAR_MONTHS)
    if found := _NAMED.fullmatch(text):
        word, year = found[1].lower(), int(found[2])
        if word in _MONTHS:
            return _months(year, _MONTHS[word], 1)
        if word in _SEASONS:
            return _months(year, _SEASONS[word], _SEASON_MONTHS)
    return None


def _open(word: str, period: Period) -> Period:
    if word == "after":
        start = period.end + timedelta(days=1)
        return Period(start=start, end=_month_end(start.year, start.month))
    end = period.end if word == "by" else period.start - timedelta(days=1)
    # A year back to the day after: 2019-06-01 to 2020-05-31. Days past the 28th have no namesake in every month.
    after = end + timedelta(days=1)
    return Period(start=date(after.year - 1, after.month, min(after.day, 28)), end=end)


def _months(year: int, month: int, count: int) -> Period | None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    last = month - 1 + count - 1
    return Period(start=date(year, month, 1), end=_month_end(year + last // _YEAR_MONTHS, last % _YEAR_MONTHS + 1))


def _month_end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])
