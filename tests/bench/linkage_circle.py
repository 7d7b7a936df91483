"""An invented circle of twenty institutions: what the world knows of each, and what each says in the circle.

Every institution has partners and fields drawn from long-tailed distributions that overlap with its neighbours', a
country with a language, a time zone and holidays, and habits of its own. The world knows a bibliography: with whom it
has published how often, in which fields, and where it is. What it says in the circle follows the same partners and
fields, and not only these: three findings in ten are about somebody new.
"""

import itertools
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from protocol.identifiers import Digest, SubjectId, VocabularyCode, encode_bytes
from protocol.statements import FindingBody, Grade, Period, Subject
from tests.node.subjects.registry import subject

MEMBERS: Final = 20
PARTNERS: Final = 300
"""Organisations that anybody in the circle might speak of."""
PUBLISHED: Final = 400
"""Joint publications that a bibliography knows of one institution."""
NEW: Final = 0.3
"""Of findings: about partners that the bibliography does not know yet."""
OFF_FIELD: Final = 0.2
"""Of findings: in a field that is not drawn from the institution's own."""
OWN_LANGUAGE: Final = 0.2
"""Of summaries, where an institution does not hold itself to one language."""
NATIONAL_SOURCE: Final = 0.25
"""Of findings: resting on a public register of the author's own country."""
HOURS: Final = range(9, 17)
"""Local hours in which somebody approves."""
_KNOWN_PARTNERS: Final = 60
_DAYS: Final = 365
_FIRST: Final = date(2025, 9, 1)
_FIELDS: Final = (
    "advanced-semiconductors",
    "artificial-intelligence",
    "quantum",
    "biotechnologies",
    "connectivity-navigation-digital",
    "advanced-sensing",
    "space-propulsion",
    "energy",
    "robotics-autonomous",
    "materials-manufacturing-recycling",
)
_KINDS: Final = ("project", "contract", "joint-laboratory", "visiting-programme", "donation", "student-exchange")
_INDICATORS: Final = ("gov-opaque-control", "fund-transparent", "recip-honoured", "conduct-scope-drift")
_WORDS: Final = {
    "en": "The owners named in the register differ from those named to us.",
    "de": "Die im Register genannten Eigentümer sind andere als die uns genannten.",
    "fr": "Les propriétaires inscrits au registre ne sont pas ceux qui nous ont été indiqués.",
    "nl": "De eigenaren in het register zijn anderen dan ons werd genoemd.",
    "sv": "Ägarna i registret är andra än de som har nämnts för oss.",
    "it": "I proprietari iscritti nel registro non sono quelli indicati a noi.",
    "fi": "Rekisteriin merkityt omistajat ovat muita kuin meille nimetyt.",
}
LANGUAGE_OF: Final[Mapping[str, str]] = {words: language for language, words in _WORDS.items()}


@dataclass(frozen=True, slots=True)
class Country:
    """Where several institutions are."""

    name: str
    language: str
    zone: int
    """Hours ahead of UTC."""
    holidays: frozenset[date]


@dataclass(frozen=True, slots=True)
class Profile:
    """What the world knows of one institution."""

    country: Country
    partners: Mapping[SubjectId, int]
    fields: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Saying:
    """One finding to be, and when it becomes known at the other nodes."""

    body: FindingBody
    day: date
    hour: int
    """UTC."""


@dataclass(frozen=True, slots=True)
class Institution:
    """One member: what is known of it, and what it says."""

    profile: Profile
    sayings: Sequence[Saying]


def register_digest(country: str, about: SubjectId) -> Digest:
    """The digest of a country's register about an organisation: whoever guesses the register can compute it."""
    return Digest(encode_bytes(sha256(f"hanse/v1/source\nurl:register.{country}.example/{about}".encode()).digest()))


def institutions(findings: int, spread: float, chance: random.Random) -> list[Institution]:
    """A circle, each of whose members says so much; ``spread`` is how far their tastes for partners are apart."""
    countries = _countries(chance)
    popularity = [1 / (rank + 1) ** 0.8 for rank in range(PARTNERS)]
    made = []
    for number in range(MEMBERS):
        taste = [weight * chance.lognormvariate(0, spread) for weight in popularity]
        made.append(_institution(countries[number % len(countries)], popularity, taste, findings, chance))
    return made


def _countries(chance: random.Random) -> list[Country]:
    days = [_FIRST + timedelta(days=offset) for offset in range(_DAYS)]
    shared = chance.sample(days, 4)
    zones = {"en": 0, "de": 1, "fr": 1, "nl": 1, "sv": 1, "it": 1, "fi": 2}
    return [
        Country(f"country-{language}", language, zone, frozenset([*shared, *chance.sample(days, 6)]))
        for language, zone in zones.items()
    ]


def _institution(
    country: Country, popularity: list[float], taste: list[float], findings: int, chance: random.Random
) -> Institution:
    known = sorted(range(PARTNERS), key=lambda each: -taste[each] * chance.random())[:_KNOWN_PARTNERS]
    weights = [taste[each] for each in known]
    fields = [chance.gammavariate(0.5, 1) + 1e-3 for _ in _FIELDS]
    kinds = [chance.gammavariate(1, 1) for _ in _KINDS]
    indicators = [chance.gammavariate(1, 1) for _ in _INDICATORS]
    published = Counter(subject(each) for each in chance.choices(known, weights, k=PUBLISHED))
    profile = Profile(country, published, Counter(chance.choices(_FIELDS, fields, k=PUBLISHED)))
    everybody = range(PARTNERS)
    said = []
    for _ in range(findings):
        new = chance.random() < NEW
        about = subject(chance.choices(everybody, popularity)[0] if new else chance.choices(known, weights)[0])
        topic = chance.choice(_FIELDS) if chance.random() < OFF_FIELD else chance.choices(_FIELDS, fields)[0]
        kind, indicator = chance.choices(_KINDS, kinds)[0], chance.choices(_INDICATORS, indicators)[0]
        said.append(_saying(country, about, (topic, kind, indicator), chance))
    return Institution(profile, said)


def _saying(country: Country, about: SubjectId, codes: tuple[str, str, str], chance: random.Random) -> Saying:
    topic, kind, indicator = codes
    days = (_FIRST + timedelta(days=chance.randrange(_DAYS)) for _ in itertools.count())
    day = next(each for each in days if each.weekday() < 5 and each not in country.holidays)
    language = country.language if chance.random() < OWN_LANGUAGE else "en"
    national = chance.random() < NATIONAL_SOURCE
    source = register_digest(country.name, about) if national else Digest(encode_bytes(chance.randbytes(32)))
    body = FindingBody(
        subject=Subject(id=about, label="Institute of Invented Studies"),
        indicator=VocabularyCode(indicator),
        scope=VocabularyCode("whole"),
        observed=Period(start=date(2025, 1, 1), end=date(2025, 8, 31)),
        strength=chance.randint(1, 4),
        grade=Grade(reliability="B", credibility=2),
        evidence_kinds=(VocabularyCode("public-register"),),
        sources=(source,),
        technology_domains=(VocabularyCode(topic),),
        engagement_kind=VocabularyCode(kind),
        mitigations=(),
        summary=_WORDS[language],
        handling="TLP:AMBER+STRICT",
    )
    return Saying(body, day, chance.choice(HOURS) - country.zone)
