"""Text as the matcher reads it: words with their parts, one form for the ways in which a word is written.

A name is compared by its *canonical* words: folded as every search here folds, words for one thing in several
languages and abbreviations made one (``Universität``, ``univ.`` and ``university``), small words left out. Nothing
is transliterated: a name in one script never becomes a name in another. Scripts that set no spaces between words
are read character by character, so that a name can be found inside a longer run.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Final

from node.subjects.matching.vocabulary import CANONICAL, SMALL

MAX_CHARACTERS: Final = 4_000
"""Code points of a text that is matched; the longest affiliation among 3,000 published ones has 1,400."""
MAX_WORDS: Final = 400
"""Words of a text that are looked at: work grows with them, and no name comes so late in an affiliation."""

_MARKS: Final = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0670\u0640]")
_APOSTROPHES: Final = re.compile("[\u0027\u0060\u00b4\u02bb\u02bc\u02b9\u02bf\u2018\u2019\u201b\u2032]")
_LETTERS: Final = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ß": "ss",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    }
)
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai, Lao, Myanmar, Khmer, kana and Han."""
_TOKEN: Final = re.compile(
    rf"(?P<mail>[\w.+-]+@[\w.-]+)|(?P<link>(?:https?://|www\.)[^\s,;]+)|(?P<one>[{_UNSPACED}])"
    rf"|(?P<word>[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|(?<=\w)[\u0900-\u0d7f\u200c\u200d])*)"
    r"|(?P<amp>&)|(?P<stop>\.)|(?P<open>[(\[{\uff08\uff3b\u300c])|(?P<close>[)\]}\uff09\uff3d\u300d])"
    r"|(?P<cut>[,;:/|\u2022\u00b7\n\t<>=\"\u201c\u201d\u201e\u00ab\u00bb\u060c\u3001\uff0c\uff1b\u3002\u2014]"
    r"|\s[-\u2013]\s|\s[-\u2013](?=\w))"
)
_ELIDED: Final = re.compile("\\b[dDlL][\u0027\u2019](?=\\w)")
"""The articles in ``d'Orsay`` and ``L'Aquila``."""
_INITIALS: Final = re.compile(r"\b(?:[^\W\d_]\.\s?){2,}")
"""``M. D.`` and ``U.S.A.``: one word."""
_RUN: Final = re.compile(
    "(?<=[a-z\u00df-\u00f6\u00f8-\u00ff])(?=[A-Z\u00c0-\u00d6\u00d8-\u00de])|(?<=[^\\W\\d_]{3})(?=\\d{4})|(?<=\\d{4})(?=[^\\W\\d_]{3})"
)
"""Where words that run together are parted: ``LausanneSwitzerland``, ``Lausanne1015``."""
_MIN_RUN: Final = 9
"""Letters from which a word may be two; shorter ones are written so, as ``McGill`` is."""
_LABEL: Final = re.compile(r"\d{1,2}(?=[A-Z][^\W\d_]{2})")
"""The number of an author, run together with the first word."""
_JOINED: Final = re.compile(r"\b([A-Z]{2,})&([A-Z])\b")
"""``AT&T``: one word, and no \"at\" in it."""
_TAGS: Final = re.compile(r"<[^<>]{0,200}>|#TAB#|#N#|\[email\]")
_ACRONYM_LETTERS: Final = 2


@dataclass(frozen=True, slots=True)
class Text:
    """One text, word by word; the lists run side by side. Small words are not among them."""

    words: tuple[str, ...]
    """Canonical words."""
    folded: tuple[str, ...]
    """The same words, folded but not made one with others."""
    written: tuple[str, ...]
    """The same words as they were written."""
    part: tuple[int, ...]
    """Number of the part (between commas, brackets and the like) in which a word stands."""
    bracket: tuple[bool, ...]
    """Whether a word stands in brackets."""
    before: tuple[str, ...]
    """The small word directly before, folded, or nothing."""
    cut_short: tuple[bool, ...]
    """Whether a full stop follows directly, as after an abbreviation."""
    domains: tuple[str, ...]
    """Hosts of mail and web addresses in the text."""

    def __len__(self) -> int:
        """How many words."""
        return len(self.words)


def fold(text: str) -> str:
    """Case, accents and forms of letters gone; Unicode's compatibility forms made plain."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = _MARKS.sub("", folded).translate(_LETTERS)
    return unicodedata.normalize("NFKC", plain)


def read(text: str) -> Text:
    """The words of ``text``, at most ``MAX_WORDS``. The caller has bounded the text's length."""
    words: list[str] = []
    folded: list[str] = []
    written: list[str] = []
    parts: list[int] = []
    brackets: list[bool] = []
    before: list[str] = []
    cut_short: list[bool] = []
    domains: list[str] = []
    part, depth, small = 0, 0, ""
    for kind, token in _tokens(text):
        if kind == "stop":
            if cut_short:
                cut_short[-1] = not small
        elif kind in {"word", "one"}:
            plain = fold(token)
            if plain in SMALL:
                small = plain
                continue
            cut_short.append(False)
            words.append(CANONICAL.get(plain, plain))
            folded.append(plain)
            written.append(token)
            parts.append(part)
            brackets.append(depth > 0)
            before.append(small)
            small = ""
            if len(words) == MAX_WORDS:
                break
        elif kind in {"mail", "link"}:
            domains.append(_host(token))
        elif kind == "amp":
            small = "and"
        else:
            part, small = part + 1, ""
            depth = max(0, depth + {"open": 1, "close": -1}.get(kind, 0))
    return Text(
        tuple(words),
        tuple(folded),
        tuple(written),
        tuple(parts),
        tuple(brackets),
        tuple(before),
        tuple(cut_short),
        tuple(domains),
    )


def canonical(name: str) -> tuple[str, ...]:
    """The canonical words of one name; a name of small words alone keeps them."""
    plain = [fold(token) for kind, token in _tokens(name) if kind in {"word", "one"}]
    kept = [CANONICAL.get(word, word) for word in plain if word not in SMALL]
    return tuple(kept or plain)


def words_of(name: str) -> tuple[str, ...]:
    """The folded words of a name, small ones included: for telling how exactly two names agree."""
    return tuple(fold(token) for kind, token in _tokens(name) if kind in {"word", "one"})


def is_acronym(word: str) -> bool:
    """Whether a word is written as acronyms are: at least two capitals, and more of them than small letters."""
    capitals = sum(character.isupper() for character in word)
    return capitals >= _ACRONYM_LETTERS and capitals * 2 > len(word)


def host_of(link: str) -> str:
    """The registrable-looking host of a web or mail address, without ``www.``."""
    return _host(link)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    if "&" in text:
        text = unescape(unescape(text))  # some sources escape what is escaped
        text = _JOINED.sub(r"\1\2", text)
    if not text.isascii():
        # Composed, and without the marks that are no letters of their own: they would end a word.
        text = _MARKS.sub("", unicodedata.normalize("NFC", text))
    text = _INITIALS.sub(lambda found: found[0].replace(".", "").replace(" ", "") + " ", text)
    text = _APOSTROPHES.sub("", _ELIDED.sub(" ", _TAGS.sub(";", text.replace("\x00", " "))))
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        token = match[0]
        if kind == "word":
            for piece in _pieces(token):
                yield kind, piece
        else:
            yield kind, token


def _pieces(token: str) -> list[str]:
    """The words of a token: one, unless several run together. Names and texts are parted alike."""
    label = _LABEL.match(token)
    pieces = [label[0], token[label.end() :]] if label else [token]
    return [part for piece in pieces for part in (_RUN.split(piece) if len(piece) >= _MIN_RUN else [piece])]


def _host(address: str) -> str:
    host = address.rsplit("@", 1)[-1].split("://", 1)[-1].split("/", 1)[0].split(":", 1)[0]
    return host.strip(".").lower().removeprefix("www.")
