"""One public source, one digest, however it is written."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.identifiers import Digest, parse_digest
from protocol.sources import normal_form, source_digest, source_digests
from tests.protocol.vector_file import load_cases


class _Other(msgspec.Struct):
    reference: str
    normal_form: str


class _Source(msgspec.Struct):
    """A case of vectors/sources.json."""

    name: str
    references: list[str]
    normal_form: str
    digest: Digest
    others: list[_Other]


VECTORS = load_cases("sources.json", _Source)

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


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case.name)
def test_vectors(case: _Source) -> None:
    assert {normal_form(each) for each in case.references} == {case.normal_form}
    assert {source_digest(each) for each in case.references} == {case.digest}
    assert [normal_form(each.reference) for each in case.others] == [each.normal_form for each in case.others]
    assert case.normal_form not in {each.normal_form for each in case.others}
    assert case.digest not in source_digests(each.reference for each in case.others)


def test_sources_of_different_cases_are_different() -> None:
    assert len({case.digest for case in VECTORS}) == len(VECTORS)


@pytest.mark.parametrize(
    ("reference", "form"),
    [
        ("https://news.example:99999/a", "cite:https news example 99999 a"),  # no port: urlsplit refuses it
        ("http://[::1/a", "cite:http 1 a"),  # no host, by its brackets
        ("https://www./a", "cite:https www a"),  # nothing is left of the host
        ("https:///a", "cite:https a"),
    ],
)
def test_what_is_no_address_is_compared_by_its_words(reference: str, form: str) -> None:
    assert normal_form(reference) == form


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
    digest = source_digest(scheme + rest)
    assert parse_digest(digest) == digest
    assert source_digest(f"  {scheme}{rest}\n") == digest
