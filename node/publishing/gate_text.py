"""One spelling for matching: what a reader would take for the same text becomes the same text.

Compatibility forms are folded (NFKC: full-width letters, digits and signs), invisible characters are dropped,
every digit becomes ASCII, every dash a hyphen, every space a space. Each folded character remembers where it
came from, so that a hit can be shown in the text as it was written.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

_DASHES: Final = "\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}"
_SAME: Final = {
    **dict.fromkeys(_DASHES, "-"),
    **dict.fromkeys("\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}\N{MODIFIER LETTER APOSTROPHE}", "'"),
    "\N{IDEOGRAPHIC FULL STOP}": ".",
    "\N{ONE DOT LEADER}": ".",
    "\N{HALFWIDTH IDEOGRAPHIC FULL STOP}": ".",
}
_INVISIBLE: Final = frozenset(
    {
        "\N{COMBINING GRAPHEME JOINER}",
        "\N{HANGUL FILLER}",
        "\N{HALFWIDTH HANGUL FILLER}",
        "\N{HANGUL CHOSEONG FILLER}",
        "\N{HANGUL JUNGSEONG FILLER}",
    }
)


@dataclass(frozen=True, slots=True)
class Folded:
    """A text for matching, and where each of its characters came from."""

    text: str
    origin: tuple[tuple[int, int], ...]
    """For each character: start and end in the original text."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original text that became ``text[start:end]``, which is not empty."""
        return self.origin[start][0], self.origin[end - 1][1]


def fold(original: str) -> Folded:
    """The folded form of a text."""
    characters: list[str] = []
    origin: list[tuple[int, int]] = []
    start = 0
    while start < len(original):
        end = start + 1
        # A base and the marks upon it are one letter, and are composed as one.
        while end < len(original) and unicodedata.combining(original[end]):
            end += 1
        for character in unicodedata.normalize("NFKC", original[start:end]):
            plain = _plain(character)
            if plain:
                characters.append(plain)
                origin.append((start, end))
        start = end
    return Folded("".join(characters), tuple(origin))


def _plain(character: str) -> str:
    """One character, or none where a reader sees nothing."""
    category = unicodedata.category(character)
    if category in {"Cf", "Mn"} or character in _INVISIBLE:
        # Marks that did not compose are decoration upon a letter already taken; in scripts whose vowels are
        # marks the patterns below name no word, so nothing is lost.
        return ""
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category == "Zs":
        return " "
    return _SAME.get(character, character)
