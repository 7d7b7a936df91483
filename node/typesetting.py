"""Words as a PDF: tagged for screen readers (PDF/UA-1), made on this machine, with the same bytes every time.

The words reach the typesetter as data and never as markup, so a name cannot become an instruction: there is nothing to
escape and nothing that could be forgotten. Only the fonts that come with the typesetter are used, so that a PDF does
not depend on where it is made. A name in a script that they have no letters for is not dropped: in its place stands
that it is one; the page in a browser shows it.
"""

import re
import tempfile
import unicodedata
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import typst

UNPRINTABLE: Final = "a name in letters that this file does not have"
NO_LETTER: Final = "\u25af"
"""Stands in a text for a letter that the fonts do not have."""
_TEMPLATE: Final = "document.typ"
_STANDARD: Final = "ua-1"
_MISSING: Final = re.compile(r'the text `"(.+?)"` could not be displayed')
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]{1,6})\}")
_PROBE: Final = b"""#set document(title: "Probe")
#for letter in json(bytes(sys.inputs.data)) [ #letter \\ ]
"""
_INVISIBLE: Final = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Marks that turn the direction of text: a name could set the words after it back to front."""
_ISOLATE: Final = "\u2068{}\u2069"
_NO_LETTERS: Final = frozenset({"Cc", "Cn", "Co", "Cs"})
"""Controls, and what has no meaning outside one machine: no name has them, and nothing could be shown for them."""
_MOST_PROBES: Final = 8
_EPOCH: Final = date(1970, 1, 1)
_DAY_SECONDS: Final = 86_400


class Letters:
    """What can be printed of some texts with the fonts at hand."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._missing = missing_letters("".join(texts))

    def name(self, text: str) -> str:
        """A name, kept apart from the words around it; words that say so where it cannot be printed."""
        plain = text.translate(_INVISIBLE)
        return UNPRINTABLE if self._missing & set(plain) else _ISOLATE.format(plain) if plain else ""

    def line(self, text: str) -> str:
        """A text that may have a name of somebody's in it, with :data:`NO_LETTER` for what cannot be printed."""
        return "".join(NO_LETTER if letter in self._missing else letter for letter in text.translate(_INVISIBLE))


def typeset(template: bytes, data: object, day: date) -> bytes:
    """A template filled with data, as a tagged PDF dated on ``day``: equal data give equal bytes."""
    return _typeset(template, data, (day - _EPOCH).days * _DAY_SECONDS)


def missing_letters(text: str) -> set[str]:
    """Characters that the fonts have nothing for."""
    missing = {letter for letter in text if unicodedata.category(letter) in _NO_LETTERS}
    unknown = {letter for letter in text if not letter.isascii() and letter not in _ISOLATE}
    for _ in range(_MOST_PROBES):
        left = sorted(unknown - missing)
        found = _probe(left) if left else set()
        if not found:
            return missing
        missing |= found
    return missing | unknown


def _letter(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 16))


def _probe(letters: Iterable[str]) -> set[str]:
    """Those that the typesetter refuses, of which it names as many as it likes."""
    some = list(letters)
    try:
        _typeset(_PROBE, some, 0)
    except typst.TypstError as error:
        named = {letter for text in _MISSING.findall(error.diagnostic) for letter in _ESCAPED.sub(_letter, text)}
        return (named & set(some)) or set(some)
    return set()


def _typeset(source: bytes, data: object, stamp: int) -> bytes:
    # A directory with this one file: there is no other to be read, and no package to be fetched.
    with tempfile.TemporaryDirectory(prefix="hanse-typeset-") as name:
        root = Path(name)
        template = root / _TEMPLATE
        template.write_bytes(source)
        return typst.compile(
            template,
            format="pdf",
            root=root,
            package_path=root,
            package_cache_path=root,
            ignore_system_fonts=True,
            sys_inputs={"data": msgspec.json.encode(data).decode()},
            pdf_standards=[_STANDARD],
            timestamp=stamp,
        )
