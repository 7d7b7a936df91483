"""One public source, one digest, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.sources import normal_form, source_digest, source_digests

SAME = [
    ("https://www.news.example/a/b?utm_source=x&id=7#top", "http://news.example/a/b/?id=7"),
    ("HTTPS://News.Example:443/a%20b", "https://news.example/a%20b"),
    ("https://news.example/?b=2&a=1", "https://news.example?a=1&b=2"),
    ("doi:10.1000/ABC.7", "https://doi.org/10.1000/abc.7"),
    ("10.1000/abc.7", "http://dx.doi.org/10.1000/ABC.7"),
    ("The Daily Tide, 3 May 2020, p. 4", "the daily tide  3 May 2020 p 4."),
    ("Ｔｈｅ Daily Tide", "The Daily Tide"),  # noqa: RUF001 - full-width letters are the point
    ("Café", "Cafe\u0301"),
]
DIFFERENT = [
    ("https://news.example/a", "https://news.example/b"),
    ("https://news.example/a?id=1", "https://news.example/a?id=2"),
    ("https://news.example:8443/a", "https://news.example/a"),
    ("https://news.example/A", "https://news.example/a"),
    ("The Daily Tide, 3 May 2020", "The Daily Tide, 4 May 2020"),
    ("doi:10.1000/abc.7", "doi:10.1000/abc.8"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_source_in_two_spellings_is_one_root(one: str, other: str) -> None:
    assert source_digest(one) == source_digest(other)
    assert len(source_digests([one, other, " "])) == 1


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_sources_are_two_roots(one: str, other: str) -> None:
    assert source_digest(one) != source_digest(other)


@given(st.text(max_size=200))
def test_every_text_has_one_form(text: str) -> None:
    assert normal_form(text) == normal_form(text)
    assert normal_form(text).partition(":")[0] in {"doi", "url", "cite"}


@given(st.sampled_from(["http://", "https://", "doi:10.1/"]), st.text(max_size=100))
def test_every_address_has_one_form(scheme: str, rest: str) -> None:
    source_digest(scheme + rest)
