"""Vectors for digests of sources (clause 4.19)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from protocol.sources import normal_form, source_digest
from tests.protocol.vector_file import Case, vector_file


@dataclass(frozen=True)
class _Source:
    """One source in several spellings, and texts that look like it and are others."""

    name: str
    same: Sequence[str]
    others: Sequence[str] = ()


_SOURCES: Final = (
    _Source(
        "a DOI",
        (
            "10.1000/abc.7",
            "doi:10.1000/ABC.7",
            "DOI: 10.1000/abc.7.",
            " https://doi.org/10.1000/abc.7 ",
            "http://dx.doi.org/10.1000/abc.7,",
            "doi.org/10.1000/%61bc.7;",
        ),
        ("10.1000/abc.8", "10.100/abc.7", "10.1000/abc. 7", "https://doi.example/10.1000/abc.7", "10.1000/"),
    ),
    _Source(
        "an address",
        (
            "https://news.example/a/b",
            "http://www.news.example/a/b/",
            "HTTPS://News.Example.:443/a/b#top",
            "http://reader@news.example:80/a/b//",
            "https://news.example:/a/%62?",
            "https://news.example/a/b?utm_source=x&UTM_Medium=y&fbclid=z&gclid=&mc_cid=1&mc_eid=2&ref_src=3",
            "https://news.example/a/b?cmpid=1&ocid=2&&igshid=3",
        ),
        (
            "https://news.example/a/B",
            "https://news.example/a/b?id=7",
            "https://news.example/a/b?utm_=x",
            "https://news.example:8443/a/b",
            "https://m.news.example/a/b",
            "ftp://news.example/a/b",
            "https://news.example/a /b",
            "news.example/a/b",
        ),
    ),
    _Source(
        "a query",
        (
            "https://news.example/?b=2&a=1",
            "https://news.example?a=1&b=2",
            "https://news.example/?a=1&utm_id=9&&b=%32#part",
        ),
        ("https://news.example/?a=1&b=2&b=2", "https://news.example/?a=2&b=1", "https://news.example/?A=1&b=2"),
    ),
    _Source(
        "a query of words",
        ("https://news.example/?q=a+b%20c&empty", "https://news.example/?empty=&q=a%20b+c"),
        ("https://news.example/?q=a%2Bb%20c&empty",),
    ),
    _Source(
        "a path of many characters",
        (
            "https://news.example/ü(1)/~a,b;c/%zz%ff",
            "https://news.example/%C3%BC%281%29/%7ea%2Cb%3Bc/%25zz%EF%BF%BD",
            "https://news.example/u\u0308(1)%2f~a,b;c/%zz%FF/",
        ),
        ("https://news.example/u(1)/~a,b;c/%zz%ff",),
    ),
    _Source("www twice", ("https://www.www.example",), ("https://example", "https://www.example")),
    _Source("an address by number", ("http://[::1]:8443/a", "https://[::1]:8443/a/")),
    _Source("no address: brackets without an end", ("http://[::1/a", "HTTP 1 a")),
    _Source("no address: a port that is no number", ("https://news.example:80a/", "https news example 80a")),
    _Source("no address: a port above all ports", ("https://news.example:65536/", "https news example 65536")),
    _Source("no address: nothing for a host", ("https:///a", "https a")),
    _Source("no address: a host of www alone", ("https://www./a", "https www a")),
    _Source(
        "a citation",
        (
            "The Daily Tide, 3 May 2020, p. 4",
            "the daily tide  3 May 2020 p 4.",
            "THE DAILY TIDE (3 May 2020): p.4",
            "\N{FULLWIDTH LATIN CAPITAL LETTER T}he\N{NO-BREAK SPACE}Daily\tTide\N{EM DASH}3 May 2020\np. 4",
        ),
        ("The Daily Tide, 4 May 2020, p. 3", "The Daily Tides, 3 May 2020, p. 4", "TheDaily Tide, 3 May 2020, p. 4"),
    ),
    _Source("marks", ("Café", "Cafe\u0301", "CAFÉ!"), ("Cafe",)),
    _Source("a sharp s", ("Straße 7", "STRASSE 7"), ("Strase 7",)),
    _Source("another script", ("《潮汐日报》,2020年5月3日", "潮汐日报 2020年5月3日")),
    _Source("nothing", ("", "  ", "...")),
)


def _case(source: _Source) -> Case:
    return Case(
        source.name,
        "4.19",
        {
            "references": list(source.same),
            "normal_form": normal_form(source.same[0]),
            "digest": source_digest(source.same[0]),
            "others": [{"reference": each, "normal_form": normal_form(each)} for each in source.others],
        },
    )


def sources() -> bytes:
    """Spellings of one source, and of others."""
    about = (
        "Each case is one source: all its references have its normal form and digest, and the others have another. An "
        "author names no source where nothing but white space was given."
    )
    return vector_file(about, {}, [_case(source) for source in _SOURCES])


FILES: Final[dict[str, Callable[[], bytes]]] = {"vectors/sources.json": sources}
