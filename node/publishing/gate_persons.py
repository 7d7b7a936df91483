"""Names of persons: beside a title, with initials, or known to this node.

No list of first names and no language model: both would be worse for names that are rare where they were made.
A bare name that this node has never seen is not found here; that is what the second person is for.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from node.publishing.gate_contact import names_in_addresses
from node.publishing.gate_rule import Match, Rule
from node.publishing.gate_text import fold

# Latin, Greek and Cyrillic: a title, perhaps more titles, then a capitalised word that is not one of _NOT_NAMES.
_UPPER: Final = r"[^\W\d_a-zß-öø-ÿα-ωа-я]"
_NAME: Final = rf"{_UPPER}[\w'-]{{1,40}}+"
_PARTICLE: Final = r"(?:van|von|der|den|de|del|della|di|da|dos|du|la|le|el|al|bin|ibn|zu|ter|ten)"
_TITLES: Final = (
    r"Prof(?:essor(?:in)?|\.?\s?ssa)?\.?|Professeure?|Profesora?|Professore(?:ssa)?|Dr(?:\.|\b)(?:-?Ing\.?|\s?med\.?|\s?rer\.\s?nat\.?)?|"
    r"Doktor|Dott(?:\.|oressa|\.ssa)|PD|Mr\.?|Mrs\.?|Ms\.?|Mx\.?|Miss|Sir|Dame|Lord|Lady|Herrn?|Frau|Monsieur|Madame|"
    r"Mme|Mlle|M\.|Señora?|Sra?\.|Dña\.|Don|Signora?|Sig\.(?:ra)?|Ing\.|Dhr\.|Mevr\.|Mevrouw|Meneer|Hr\.|Fr\.|"
    r"Профессор|профессор|Доктор|доктор|Проф\.|проф\.|[Дд]-р|[Гг]-н|[Гг]-жа|[Гг]осподин|[Гг]оспожа|академик|"  # noqa: RUF001 - Cyrillic is meant
    r"Καθηγητής|Καθηγήτρια|Δρ\.?|κ\."
)
# Every repetition is bounded or possessive: an author's text must not be able to stop the node.
_TITLED: Final = re.compile(
    rf"(?<![\w.])(?:{_TITLES})(?:\s{{1,3}}(?:(?:{_TITLES})(?!\w)|h\.\s?c\.|mult\.|em\.)){{0,4}}+\s{{1,3}}"
    rf"(?P<name>(?:{_UPPER}\.\s?){{0,3}}+(?:{_PARTICLE}\s){{0,2}}+{_NAME}"
    rf"(?:\s(?:{_UPPER}\.\s?){{0,2}}+(?:{_PARTICLE}\s){{0,2}}+{_NAME}){{0,3}}+)"
)
_NOT_NAMES: Final = frozenset(
    [
        "Emeritus",
        "Emerita",
        "Sc",
        "Eng",
        "Ed",
        "Phil",
        "Med",
        "Position",
        "Positions",
        "Post",
        "Posts",
        "Chair",
        "Chairs",
        "Title",
        "Office",
        "Programme",
        "Program",
        "Stelle",
        "Stellen",
        "Titel",
        "Arts",
        "Business",
        "Juan",
        "Thesis",
        "Level",
        "Degree",
        "Students",
        "Student",
    ]
)
# Chinese, Japanese and Korean put the title after the name. A surname must begin it: "大学教授" names nobody.
_CHINESE_SURNAMES: Final = (
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何高林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖田董袁潘于蒋蔣蔡余"
    "杜叶葉程苏蘇魏吕呂丁任沈姚卢盧姜崔钟鍾谭譚陆陸汪范金石廖贾賈夏韦韋付方白邹鄒孟熊秦邱江尹薛闫閻段雷侯龙龍史陶黎贺賀顾顧"
    "毛郝龚龔邵万萬钱錢严嚴覃武戴莫孔向汤湯"
)
_HAN: Final = r"[\u4e00-\u9fff]"
_TITLED_AFTER: Final = (
    re.compile(rf"[{_CHINESE_SURNAMES}]{_HAN}{{0,2}}\s?(?:副教授|教授|博士|先生|女士|研究员|研究員|院士|老师|老師)"),
    re.compile(
        rf"(?:佐藤|鈴木|高橋|田中|伊藤|渡辺|山本|中村|小林|加藤|{_HAN}{{1,3}}\s?[\u3040-\u309f]{{1,4}})\s?(?:教授|博士|先生|さん|氏)"
    ),
    re.compile(
        r"[\uac00-\ud7a3]{2,4}\s(?:교수|박사|씨|선생님?|연구원)|[김이박최정강조윤장임][\uac00-\ud7a3]{1,2}\s?(?:교수|박사|씨)"
    ),
)
_TITLED_BEFORE: Final = (
    re.compile(
        r"(?:الدكتورة?|الأستاذة?|البروفيسورة?|البروفسور|السيدة?|د\.)\s+[\u0621-\u064a]{2,}(?:\s+[\u0621-\u064a]{2,})?"
    ),
    re.compile(r"(?:פרופ'|פרופסור|ד\"ר|מר|גב'|גברת)\s+[\u05d0-\u05ea]{2,}"),
    re.compile(r"(?:प्रो\.|डॉ\.?|श्री|श्रीमती)\s+[\u0900-\u097f]{2,}"),
)
_INITIALS: Final = re.compile(
    rf"(?<![\w.])(?:{_UPPER}\.[\s-]?){{1,3}}{_NAME}(?![\w.])|(?<![\w.]){_NAME},\s(?:{_UPPER}\.\s?){{1,3}}(?!\w)"
)
_NOT_INITIALS: Final = re.compile(r"(?:U\.\s?S|U\.\s?K|U\.\s?N|E\.\s?U|P\.\s?R|B\.|M\.)\.?\s?|E\.\s?[Cc]oli")
_CHAIR: Final = re.compile(
    r"\b(?i:chair|laboratory|lab|group|research group) of (?:Prof|Dr)|"
    r"\b(?:Lehrstuhl|Arbeitsgruppe|AG|Professur)\s+[A-ZÄÖÜ]\w+|"
    rf"\b{_NAME}(?:'s)?\s+[Ll]ab\b|\b[Cc]haire\s+{_NAME}|(?:кафедра|лаборатория)\s+{_UPPER}\w+|{_HAN}{{1,4}}(?:研究室|课题组|課題組)",
)
# In a sentence every noun of some languages has a capital, and a laboratory mostly bears a place's name: only what
# belongs to somebody, and the words for a chair that one person holds.
_CHAIR_IN_TEXT: Final = re.compile(
    r"\b(?i:chair|laboratory|lab|group|research group|institute|team) of (?:Prof|Dr)|"
    r"\b(?:Lehrstuhl|Arbeitsgruppe|Professur)\s+[A-ZÄÖÜ]\w+|"
    rf"\b(?P<owner>{_UPPER}[\w-]{{1,40}}+)'s\s(?:research\s)?(?:[Ll]ab(?:oratory)?|[Gg]roup|[Cc]hair)\b|\b[Cc]haire\s{_NAME}|"
    rf"(?:кафедра|лаборатория)\s{_UPPER}\w+|[{_CHINESE_SURNAMES}]{_HAN}{{1,2}}(?:研究室|课题组|課題組)",
)
_INSTITUTION: Final = re.compile(
    r"universi|institut|academ|akadem|college|school|hochschule|department|facult|fakult|laborator|cent(?:re|er)|"
    r"zentrum|hospital|ministr|company|industr|agency|office|council|corporation|foundation|group|project|partner",
    re.IGNORECASE,
)
"""Words of organisations: what has one of them is nobody's name."""
# Private notes say who somebody is: "contact: Jane Roe", "Dear Jane Roe", "CV Jane Roe".
_INTRODUCED: Final = re.compile(
    r"(?<!\w)(?i:principal investigator|PI|contact(?: person)?|signed by|represented by|supervised by|attention of|"
    r"attn|dear|regards|sincerely|(?:CV|curriculum vitae|passport|visa)(?: of)?|lebenslauf(?: von)?|"
    r"ansprechpartner(?:in)?|projektleiter(?:in)?|interlocutrice|interlocuteur|cher|chère)[\s:,.]{1,3}"
    rf"(?P<name>{_NAME} (?:{_UPPER}\. ?)?(?:{_PARTICLE} ){{0,2}}+(?P<last>{_NAME}))"
)
_DOCUMENT_WORDS: Final = re.compile(
    r"(?i)(?:agreement|contract|annex|letter|reply|answer|draft|final|signed|copy|scan|report|minutes|meeting|note|memo|"
    r"mou|nda|cv|resume|lebenslauf|passport|vertrag|anlage|brief|protokoll|contrat|annexe|lettre|application|"
    r"statement|form|invoice|budget|page|document|version|rev|the|and|of|for|with|from|mail|email|re|fwd|dr|prof|mr|mrs|ms|frau|herr)"
)
"""Words that say what a file is, and not whose."""
_NAME_WORDS: Final = range(2, 4)
"""Words that are left of a file's name when it is a person's name."""
_ROLE_WORDS: Final = frozenset(
    [
        "officer",
        "approver",
        "analyst",
        "operator",
        "coordinator",
        "auditor",
        "office",
        "security",
        "research",
        "university",
        "demo",
        "admin",
        "team",
        "second",
        "first",
        "person",
        "account",
        "test",
    ]
)
_MIN_SURNAME: Final = 4
"""Characters of a single known name that is looked for alone; shorter ones are words in too many languages."""

_TITLED_WORDS: Final = (
    "This reads as the name of a person beside a title. Persons never leave. If an organisation is named after "
    "somebody, say so."
)
_INITIALS_WORDS: Final = (
    "This reads as the name of a person with initials. Persons never leave, authors of papers neither."
)
_KNOWN_WORDS: Final = "This is the name of a person that this node knows: an account's, or one in the case file."
_SURNAME_WORDS: Final = (
    "This is part of the name of a person that this node knows. If it names something else, say what."
)
_LIKELY_WORDS: Final = (
    "This reads as the name of a person in the case file: its answers, questions, decisions or files. If it names "
    "something else, say what."
)
_UNIT_WORDS: Final = (
    "A unit named after one person, or small enough to be one. Record the finding one level up, or say why the unit is "
    "larger than it sounds."
)


def person_matches(text: str) -> Iterator[Match]:
    """Names beside a title and names with initials, in a folded text."""
    for start, end, _ in _titled(text):
        yield Match(Rule.TITLED_NAME, start, end, _TITLED_WORDS, overridable=True)
    for found in _INITIALS.finditer(text):
        if not _NOT_INITIALS.match(found.group()):
            yield Match(Rule.NAME_WITH_INITIALS, found.start(), found.end(), _INITIALS_WORDS, overridable=True)


def unit_matches(text: str) -> Iterator[Match]:
    """Units that are one person's, in the folded name of a subject."""
    for found in _CHAIR.finditer(text):
        yield Match(Rule.SMALL_UNIT, found.start(), found.end(), _UNIT_WORDS, overridable=True)


def unit_in_text_matches(text: str) -> Iterator[Match]:
    """Units that are one person's, in a folded text in which every sentence may have names of places."""
    for found in _CHAIR_IN_TEXT.finditer(text):
        owner = found.group("owner")
        if owner is None or not _INSTITUTION.search(owner):
            yield Match(Rule.SMALL_UNIT, found.start(), found.end(), _UNIT_WORDS, overridable=True)


def known_name_matches(text: str, names: Iterable[str]) -> Iterator[Match]:
    """Names that this node knows, in a folded text: the whole name in either order, or the surname alone."""
    for name in names:
        words = [re.escape(word) for word in re.split(r"[\s,]+", fold(name).text) if len(word) > 1]
        if len(words) > 1:
            orders = (words, words[::-1])
            pattern = "|".join(r"[\s,.]{1,3}(?:\w\.?\s)?".join(order) for order in orders)
            for found in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE):
                yield Match(Rule.KNOWN_NAME, found.start(), found.end(), _KNOWN_WORDS, overridable=False)
        surname = words[-1] if words else ""
        if len(surname) >= _MIN_SURNAME and surname.lower() not in _ROLE_WORDS:
            for found in re.finditer(rf"(?<!\w){surname}(?!\w)", text):
                yield Match(Rule.KNOWN_NAME, found.start(), found.end(), _SURNAME_WORDS, overridable=True)


def likely_name_matches(text: str, names: Iterable[str]) -> Iterator[Match]:
    """What reads as a name in the case file, in a folded text: exactly those words, in either order."""
    for name in names:
        words = [re.escape(word) for word in fold(name).text.split()]
        if len(words) == 1 and len(words[0]) < _MIN_SURNAME:
            continue
        pattern = "|".join({r"[\s,.]{1,3}(?:\w\.?\s)?".join(order) for order in (words, words[::-1])})
        for found in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text):
            yield Match(Rule.KNOWN_NAME, found.start(), found.end(), _LIKELY_WORDS, overridable=True)


def likely_names_in(text: str) -> set[str]:
    """Names that a private text gives away by what stands before them, by initials or by an address."""
    folded = fold(text).text
    names = names_in_addresses(folded)
    for found in _INTRODUCED.finditer(folded):
        names |= {found.group("name"), found.group("last")}
    for found in _INITIALS.finditer(folded):
        if not _NOT_INITIALS.match(found.group()):
            names |= {word for word in re.split(r"[\s,.]+", found.group()) if len(word) >= _MIN_SURNAME}
    return {name for name in names if not _INSTITUTION.search(name)}


def likely_names_in_file(name: str) -> set[str]:
    """The same of a file's name, and what is left of it when no word says what the file is."""
    words = re.sub(r"[\W_]+", " ", fold(name.rpartition(".")[0] or name).text).split()
    text = " ".join(words)
    rest = [word for word in words if not _DOCUMENT_WORDS.fullmatch(word) and not word.isdigit()]
    named = len(rest) in _NAME_WORDS and all(re.fullmatch(_NAME, word) for word in rest)
    whole = {" ".join(rest)} if named and not _INSTITUTION.search(text) else set()
    return names_in(text) | likely_names_in(text) | whole


def names_in(text: str) -> set[str]:
    """The names that stand beside a title, without it: what the case file knows of persons."""
    return {name for _, _, name in _titled(fold(text).text) if name}


def _titled(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _TITLED.finditer(text):
        name = found.group("name")
        if name.split()[0].strip(".") not in _NOT_NAMES:
            yield found.start(), found.end(), name
    for pattern in (*_TITLED_AFTER, *_TITLED_BEFORE):
        for found in pattern.finditer(text):
            yield found.start(), found.end(), ""
