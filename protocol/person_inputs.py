"""What a person token is made from: one person, in one spelling (clauses 11.2 to 11.4).

Two members who know of the same person must come to the same bytes, or they never find each other; two persons must
not come to the same bytes, or somebody is asked about a stranger. Where the two pull apart, the second decides: letters
with and without marks stay different, initials are refused, nothing is guessed. A miss is silence, which says nothing;
a false hit would be a suspicion.

What lives here is pure text. The bytes that come out name a person: they are never logged, stored in clear, or sent.
"""

import re
import unicodedata
from typing import Final, NewType

from protocol.errors import Code, ProtocolError
from protocol.identifiers import SubjectId

PersonInput = NewType("PersonInput", bytes)
"""The input of the function that makes tokens. It names a person: it stays where it was made."""

MAX_NAME_CHARACTERS: Final = 200
"""Unicode code points of a name as it is typed, and again as it is normalised: some become several."""
MAX_ORCID_CHARACTERS: Final = 64
"""Of an ORCID iD as it is typed: the longest address of one has 37."""
_CONTEXT: Final = "hanse/v1/person"
_DASHES: Final = re.compile("[\u2010-\u2015\u2212]")
_APOSTROPHES: Final = re.compile("['\u02bb\u02bc\u2018\u2019]")
"""In all their forms: people leave them out, and what stands before one is no word."""
_ORCID: Final = re.compile(
    r"(?:(?:https?://)?(?:www\.)?orcid\.org/|orcid(?: id)?:? ?)?"
    r"([0-9]{4})(-?)([0-9]{4})\2([0-9]{4})\2([0-9]{3}[0-9x])/?"
)


def orcid_input(text: str) -> PersonInput:
    """The input of an ORCID iD, in any of the spellings in which people write one (clause 11.3).

    Raises ``BAD_IDENTIFIER``, whose words never repeat the text.
    """
    plain = _DASHES.sub("-", " ".join(unicodedata.normalize("NFKC", text).split())).lower()
    match = _ORCID.fullmatch(plain) if len(text) <= MAX_ORCID_CHARACTERS else None
    if match is None:
        raise ProtocolError(Code.BAD_IDENTIFIER, "an ORCID iD has four groups of four digits; the last may be an X")
    digits = "".join(match.group(1, 3, 4, 5))
    if _check_digit(digits[:-1]) != digits[-1].upper():
        raise ProtocolError(Code.BAD_IDENTIFIER, "the check digit of this ORCID iD is wrong: a digit is mistyped")
    grouped = "-".join(digits[start : start + 4] for start in range(0, len(digits), 4)).upper()
    return _input("orcid", grouped)


def named_input(name: str, organisation: SubjectId) -> PersonInput:
    """The input of a name at an organisation (clause 11.4): weaker than an ORCID iD, for two may bear one name.

    Raises ``MALFORMED``, whose words never repeat the name.
    """
    return _input("name", organisation, " ".join(name_words(name)))


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name, ascending: the order in which families and given names are written tells nothing here."""
    if len(name) > MAX_NAME_CHARACTERS:
        raise _refused(f"a name has at most {MAX_NAME_CHARACTERS} characters")
    folded = _APOSTROPHES.sub("", _folded(name))
    if any(unicodedata.category(character) in {"Cn", "Co", "Cs"} for character in folded):
        # An unassigned character may be folded otherwise by a node that knows it.
        raise _refused("a name holds a character that not every node knows")
    words = sorted("".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded).split())
    if not words or len(folded) > MAX_NAME_CHARACTERS:
        raise _refused("a name has letters")
    if any(len(word) == 1 and unicodedata.category(word) == "Ll" for word in words):
        raise _refused("initials are no name: give the names in full, and leave out what is only an initial")
    if sum(map(len, words)) == 1:
        raise _refused("one character is no name")
    return tuple(words)


def _folded(name: str) -> str:
    """NFKC_Casefold of the Unicode Standard (section 3.13, R5 with NFKC), without what is never seen."""
    text = unicodedata.normalize("NFKC", name)
    while (again := unicodedata.normalize("NFKC", _without_format(text).casefold())) != text:
        text = again
    return text


def _without_format(text: str) -> str:
    """Joiners, direction marks and soft hyphens are not part of a name."""
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def _check_digit(digits: str) -> str:
    """ISO/IEC 7064 MOD 11-2."""
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2
    rest = (12 - total % 11) % 11
    return "X" if rest == 10 else str(rest)  # noqa: PLR2004 - ten is written as X


def _input(*parts: str) -> PersonInput:
    """Line by line behind the name of what this is: no two ways of naming a person can give the same bytes."""
    return PersonInput("\n".join((_CONTEXT, *parts)).encode())


def _refused(words: str) -> ProtocolError:
    return ProtocolError(Code.MALFORMED, words)
