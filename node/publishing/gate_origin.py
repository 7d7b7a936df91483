"""Where people come from, and what else is never recorded about them.

Rules and vocabularies name behaviours and structures. "Chinese students", "Forscher aus Iran" and "étudiants
américains" say something about people by their origin; "a Chinese university" or "a contract under Swiss law"
does not. The rule looks for a word of origin *beside* a word for persons and works alike for every country: a
word of origin is recognised by its ending and a place by its capital letter, not from a list of countries.
"""

import re
from collections.abc import Iterator
from typing import Final

from node.publishing.gate_rule import Match, Rule

_PERSONS_EN: Final = (
    r"(?:students?|graduates?|scholars?|researchers?|scientists?|academics?|professors?|lecturers?|postdocs?|fellows?|"
    r"PhDs?|(?:doctoral|PhD)\s(?:students?|candidates?|researchers?)|staff|employees?|workers?|visitors?|nationals?|"
    r"citizens?|passport|people|persons?|men|women|engineers?|authors?|delegates?|members of staff|team members?)"
)
_IRREGULAR_EN: Final = (
    r"French|Dutch|Greek|Swiss|Thai|Czech|Slovak|Welsh|Filipino|Lao|Kazakh|Uzbek|Tajik|Kyrgyz|Turkmen|Afghan|Malay|"
    r"Uyghur|Arab|Basque|Serb|Croat"
)
"""Words of origin that no common ending shows."""
# Endings of English words of origin; the words after (?!...) have the ending and are none.
_ORIGIN_EN: Final = (
    rf"(?!(?:Visiting|British Academy|Postgraduate|Fulbright|Humboldtian|Wesleyan|Italianate|Christian|Lutheran|Human|"
    rf"Veteran|Librarian|Historian|Civilian|Guardian|Technician|Clinician|Physician|Mathematician|Statistician|"
    rf"Politician|Publish|Finish|English Literature|Alumni|Urban|Median|Victorian|Edwardian)\b)"
    rf"(?:[A-Z][a-z]+(?:ese|ish|ian|ean|can|ban|yan|nan|man(?=\s)|oan|gan|tan|lan|jan|li|qi|iti|ani|ini|wi|ngali)|{_IRREGULAR_EN})"
)
_MIDDLE_EN: Final = r"(?:-born|-national|-trained)?\s(?:(?:[a-z-]+)\s){0,2}?"
_ENGLISH: Final = re.compile(rf"\b(?:[Nn]on-)?{_ORIGIN_EN}{_MIDDLE_EN}(?i:{_PERSONS_EN})\b")
_ENGLISH_FROM: Final = re.compile(
    rf"\b(?i:{_PERSONS_EN})\s(?:coming\s|who\scome\s|originating\s)?from\s(?:the\s)?(?:mainland\s)?"
    r"(?P<place>(?:abroad\b|[A-Z][\w'-]+(?:\s(?:of\s)?[A-Z][\w'-]+){0,4}))"
)
_PERSONS_DE: Final = (
    r"(?:Student\w*|Studierende\w*|Forscher\w*|Forschende\w*|Wissenschaftler\w*|Doktorand\w*|Promovierende\w*|"
    r"Gastwissenschaftler\w*|Gastforscher\w*|Mitarbeiter\w*|Mitarbeitende\w*|Professor\w*|Staatsbürger\w*|"
    r"Staatsangehörig\w*|Absolvent\w*|Ingenieur\w*|Personen|Menschen)"
)
_GERMAN: Final = re.compile(
    r"\b(?!(?:akadem|techn|medizin|klin|polit|jurist|histor|phys|chem|biolog|theoret|empir|prakt|mathemat|statist|"
    r"städt|kathol|evangel|ökonom|deutschsprach|weibl|männl|admin|philosoph|log|dynam|europ|internation|intern)\w*isch)"
    rf"[a-zäöüA-ZÄÖÜ]{{3,}}ische[nrms]?\s(?:\w+\s)?{_PERSONS_DE}|\bdeutsche[nrms]?\s{_PERSONS_DE}"
)
_GERMAN_FROM: Final = re.compile(
    rf"\b{_PERSONS_DE}\saus\s(?:der\s|dem\s|den\s)?(?P<place>[A-ZÄÖÜ][\w-]+(?:\s[A-ZÄÖÜ][\w-]+){{0,3}})"
)
_INSTITUTIONS: Final = re.compile(
    r"universit|institut|academ|akadem|college|school|schule|department|faculty|fakult|laborator|labor|centre|center|"
    r"zentrum|hospital|klinik|ministr|compan|industr|firm|agency|office|verwaltung|technik|forschung|lehre|wirtschaft|"
    r"abteilung|group|council|corporation|foundation",
    re.IGNORECASE,
)
"""Where people may come from without it saying anything about their origin."""
_PERSONS_FR: Final = (
    r"(?:étudiante?s?|chercheu(?:rs?|ses?)|scientifiques?|doctorante?s?|professeure?s?|"
    r"universitaires?|ressortissante?s?|ingénieure?s?|stagiaires?)"
)
_FRENCH: Final = re.compile(
    rf"\b{_PERSONS_FR}\s(?:\w+\s)?"
    r"(?:[a-zé]+(?:ois|oises?|ais|aises?|iens?|iennes?|ains?|aines?|ols?|oles?|éens?|éennes?|ards?)|"
    r"russes?|grecs?|suisses?|belges?|turcs?|arabes?)\b",
    re.IGNORECASE,
)
_PERSONS_ES: Final = (
    r"(?:estudiantes?|investigador(?:es|as?)?|científic[oa]s?|"
    r"profesor(?:es|as?)?|doctorand[oa]s?|ciudadan[oa]s?|studenti|ricercator[ie]|dottorandi)"
)
_ROMANCE: Final = re.compile(
    rf"\b{_PERSONS_ES}\s(?:[a-zñáéíóú]+(?:nos?|nas?|eses?|esas?|ses|íes?|ñol(?:es|as?)?|anos?|ni|si|chi)|cin[ei]se?|rus[oa]s?|russi)\b",
    re.IGNORECASE,
)
_RUSSIAN: Final = re.compile(
    r"\b[а-яё]+(?:ские|ских|ский|ского|ская|ским)\s(?:[а-яё]+\s)?"  # noqa: RUF001 - Cyrillic is meant
    r"(?:студент|аспирант|учён|учен|исследовател|профессор|гражд|сотрудник)[а-яё]*",  # noqa: RUF001
    re.IGNORECASE,
)
_CHINESE: Final = re.compile(
    r"[\u4e00-\u9fff]{1,4}(?:国|國|籍|裔)的?(?:籍)?(?:留学生|留學生|学生|學生|学者|學者|研究员|研究員|研究人员|科学家|科學家|教授|员工|公民)"
)
_ARABIC: Final = re.compile(
    r"(?:طلاب|الطلاب|طلبة|باحثين|باحثون|الباحثين|الباحثون|علماء|العلماء)\s+\u0627?\u0644?[\u0621-\u064a]{3,}(?:يين|يون|ية|ي)\b"
)

_SPECIAL: Final = re.compile(
    r"\b(?:nationalit(?:y|ies)|citizenships?|ethnic(?:ity|ities|ally)?|race|racial|religio(?:n|ns|us)|birthplace|"
    r"place of birth|born in|native language|mother tongue|political opinions?|party membership|trade union|"
    r"sexual orientation|Staatsangehörigkeit(?:en)?|Staatsbürgerschaft(?:en)?|Nationalität(?:en)?|Herkunftsland|"
    r"Religion(?:szugehörigkeit)?|Muttersprache|Parteimitgliedschaft|gebürtige[nrs]?|nationalités?|citoyenneté|"
    r"origine ethnique|confession religieuse|nacionalidad(?:es)?|ciudadanía|religión|nazionalità|cittadinanza|"
    r"национальност[ьи]|гражданств[оа]|вероисповедани[ея])\b"  # noqa: RUF001 - Cyrillic is meant
    r"|国籍|國籍|民族|宗教|出生地|الجنسية|الديانة",
    re.IGNORECASE,
)
_ORIGIN_PATTERNS: Final = (_ENGLISH, _GERMAN, _FRENCH, _ROMANCE, _RUSSIAN, _CHINESE, _ARABIC)
_FROM_PATTERNS: Final = (_ENGLISH_FROM, _GERMAN_FROM)

_ORIGIN_WORDS: Final = (
    "This describes people by where they come from. Describe what the organisation did, or which of its units or "
    "programmes is meant. If the words are about an organisation, say so."
)
_SPECIAL_WORDS: Final = (
    "Origin, belief and the like of people are never recorded. If the words are about a rule or a document and not "
    "about people, say so."
)


def origin_matches(text: str) -> Iterator[Match]:
    """People described by origin, and special categories, in a folded text."""
    for pattern in _ORIGIN_PATTERNS:
        for found in pattern.finditer(text):
            yield Match(Rule.ORIGIN_OF_PERSONS, found.start(), found.end(), _ORIGIN_WORDS, overridable=True)
    for pattern in _FROM_PATTERNS:
        for found in pattern.finditer(text):
            if not _INSTITUTIONS.search(found.group("place")):
                yield Match(Rule.ORIGIN_OF_PERSONS, found.start(), found.end(), _ORIGIN_WORDS, overridable=True)
    for found in _SPECIAL.finditer(text):
        yield Match(Rule.SPECIAL_CATEGORY, found.start(), found.end(), _SPECIAL_WORDS, overridable=True)
