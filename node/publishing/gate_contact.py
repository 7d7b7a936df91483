"""Ways to reach or look up one person: mail addresses, telephone numbers, ORCID iDs, personal pages."""

import re
from collections.abc import Iterator
from typing import Final

from node.publishing.gate_rule import Match, Rule

_AT_SIGN: Final = r"(?:@|[(\[{<]\s*(?:at|ät|arobase|arroba|chiocciola)\s*[)\]}>])"
_AT_WORD: Final = r"(?:at|ät|arobase|arroba|chiocciola|klammeraffe)"
_DOT_SIGN: Final = r"(?:\.|[(\[{<]\s*(?:dot|punkt|point|punto|ponto)\s*[)\]}>])"
_DOT_WORD: Final = r"(?:dot|punkt|point|punto|ponto)"
_LOCAL: Final = r"[^\W_][\w.+%'-]{0,63}"
_LABEL: Final = r"[^\W_][\w-]{0,62}"

_EMAILS: Final = (
    # name@domain.org, name (at) domain [dot] org, with or without spaces around the signs.
    re.compile(rf"{_LOCAL}\s?{_AT_SIGN}\s?{_LABEL}(?:\s?{_DOT_SIGN}\s?{_LABEL})+", re.IGNORECASE),
    # name at domain dot org
    re.compile(rf"\b{_LOCAL}\s{_AT_WORD}\s{_LABEL}(?:\s{_DOT_WORD}\s{_LABEL})+\b", re.IGNORECASE),
    # first.last at domain.org: without the separator in the name it would be any "available at example.org".
    re.compile(rf"(?<![\w.+-])[^\W_]{{1,63}}[._][\w.+-]{{0,63}}\s{_AT_WORD}\s{_LABEL}(?:\.{_LABEL})+\b", re.IGNORECASE),
)
_PHONE_INTERNATIONAL: Final = re.compile(r"(?<![\w+])(?:\+|00)\s?[1-9](?:[\s()./-]{0,3}\d){6,14}(?![\d])")
_PHONE_NAMED: Final = re.compile(
    r"(?:\b(?:tel|telephone|phone|mobile|fax|telefon|handy|téléphone|teléfono|telefono|тел|телефон)\b|电话|電話|手机|هاتف)"
    r"[.:\s]{0,3}\+?(?:[\s()./-]{0,3}\d){5,15}",
    re.IGNORECASE,
)
_PHONE_NATIONAL: Final = re.compile(r"(?<![\w.,/-])\(?0[1-9]\d{0,4}\)?[\s/-]{1,2}\d{2,}(?:[\s/-]\d{2,}){0,4}(?![\w-])")
_MIN_NATIONAL_DIGITS: Final = 8
_ORCID: Final = re.compile(r"(?<![\w-])\d{4}\s?-\s?\d{4}\s?-\s?\d{4}\s?-\s?\d{3}[\dXx](?![\w-])")
_RESEARCHER_ID: Final = re.compile(r"(?<![\w-])[A-Z]{1,3}-\d{4}-(?:19|20)\d{2}(?![\w-])")
_URL: Final = re.compile(
    r"(?:https?://|www\.)[^\s<>\"']+|(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/[^\s<>\"']+", re.IGNORECASE
)
_PROFILE: Final = re.compile(
    r"linkedin\.com/in/|orcid\.org/|scholar\.google\.[a-z.]+/citations|researchgate\.net/profile/|dblp\.org/pid/|"
    r"academia\.edu/[A-Z]|publons\.com/researcher|facebook\.com/|instagram\.com/|(?:^|[/.])(?:twitter|x)\.com/|weibo\.com/u",
    re.IGNORECASE,
)
_PERSONAL_PATH: Final = re.compile(
    r"/~\w|/(?:people|person|persons|staff|profiles?|members?|faculty-members|mitarbeiter(?:innen)?|personen|"
    r"personnel|personal|homepages?|users?|cv|author|authors|team)/[^/?#\s]+",
    re.IGNORECASE,
)
FUNCTIONS: Final = frozenset(
    [
        "research",
        "security",
        "researchsecurity",
        "office",
        "info",
        "contact",
        "compliance",
        "due",
        "diligence",
        "duediligence",
        "international",
        "partnerships",
        "legal",
        "dpo",
        "privacy",
        "trusted",
        "export",
        "exportcontrol",
        "wissenssicherheit",
        "knowledge",
        "kennisveiligheid",
        "exportkontrolle",
        "forschung",
        "secretariat",
        "sekretariat",
        "mail",
        "service",
        "help",
    ]
)
"""Words that make the local part of an address an office's."""
_CHECK_DIGITS: Final = "0123456789X"
_ORCID_DIGITS: Final = 16

_EMAIL_WORDS: Final = (
    "This is an e-mail address, or written so that a reader can make one of it. Addresses do not leave."
)
_PHONE_WORDS: Final = "This is a telephone number. Numbers of persons and offices do not leave."
_PHONE_MAYBE: Final = "This has the shape of a telephone number. If it is another number, say which."
_ORCID_WORDS: Final = "This is an ORCID iD: it names one person. Persons are never part of a statement."
_ORCID_MAYBE: Final = "This has the shape of an ORCID iD with a wrong check digit. If it is another number, say which."
_ID_WORDS: Final = "This has the shape of a researcher's identifier. If it is another number, say which."
_PROFILE_WORDS: Final = "This address leads to one person's profile. Cite the publication or the institution's page."
_PAGE_WORDS: Final = (
    "This address looks like one person's page. Cite a page about the organisation, or say why it is one."
)


def contact_matches(text: str) -> Iterator[Match]:
    """Every way to reach or look up a person in a folded text."""
    for pattern in _EMAILS:
        for found in pattern.finditer(text):
            yield Match(Rule.EMAIL, found.start(), found.end(), _EMAIL_WORDS, overridable=False)
    yield from _phones(text)
    for found in _ORCID.finditer(text):
        valid = _orcid_checks(found.group())
        yield Match(
            Rule.ORCID, found.start(), found.end(), _ORCID_WORDS if valid else _ORCID_MAYBE, overridable=not valid
        )
    for found in _RESEARCHER_ID.finditer(text):
        yield Match(Rule.RESEARCHER_ID, found.start(), found.end(), _ID_WORDS, overridable=True)
    for found in _URL.finditer(text):
        if _PROFILE.search(found.group()):
            yield Match(Rule.PERSONAL_PAGE, found.start(), found.end(), _PROFILE_WORDS, overridable=False)
        elif _PERSONAL_PATH.search(found.group()):
            yield Match(Rule.PERSONAL_PAGE, found.start(), found.end(), _PAGE_WORDS, overridable=True)


def mailbox_in(text: str) -> tuple[int, int] | None:
    """Where the only mail address of a folded text stands, if the text is nothing but one."""
    found = _EMAILS[0].fullmatch(text.strip())
    return None if found is None else (text.index(found.group()), text.index(found.group()) + len(found.group()))


def names_in_addresses(text: str) -> set[str]:
    """The names that addresses of the form first.last tell, in a folded text; an office's tell none."""
    names: set[str] = set()
    for found in _EMAILS[0].finditer(text):
        local = re.split(r"@|\s|[(\[{<]", found.group(), maxsplit=1)[0]
        words = [word for word in re.split(r"[._]", local) if len(word) > 1]
        if len(words) > 1 and all(word.isalpha() and word.lower() not in FUNCTIONS for word in words):
            names |= {" ".join(word.capitalize() for word in words), words[-1].capitalize()}
    return names


def _phones(text: str) -> Iterator[Match]:
    for pattern in (_PHONE_INTERNATIONAL, _PHONE_NAMED):
        for found in pattern.finditer(text):
            yield Match(Rule.PHONE, found.start(), found.end(), _PHONE_WORDS, overridable=False)
    for found in _PHONE_NATIONAL.finditer(text):
        if sum(character.isdigit() for character in found.group()) >= _MIN_NATIONAL_DIGITS:
            yield Match(Rule.PHONE, found.start(), found.end(), _PHONE_MAYBE, overridable=True)


def _orcid_checks(text: str) -> bool:
    """ISO/IEC 7064 MOD 11-2, as ORCID documents it."""
    digits = [character for character in text.upper() if character in _CHECK_DIGITS]
    total = 0
    for digit in digits[: _ORCID_DIGITS - 1]:
        total = (total + int(digit)) * 2
    return _CHECK_DIGITS[(12 - total % 11) % 11] == digits[-1]
