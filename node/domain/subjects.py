"""Whom findings are about: organisations of the registry, and subjects that a circle named itself.

A country is here for one reason: so that a person can tell two organisations of one name apart. No rule of this
node reads it; a test permutes all countries and compares every signal and ranking.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from node.domain.accounts import AccountId
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, SubjectId, parse_subject_id
from protocol.statements import Timestamp

MAX_SEARCH_CHARACTERS: Final = 200
"""Unicode code points in a search: the longest organisation name in ROR has 183."""
MAX_NORMALISED_CHARACTERS: Final = 240
"""Code points of a normalised name that are indexed. Normalising may lengthen a name (``ß`` becomes ``ss``)."""
MAX_WORD_CHARACTERS: Final = 64
"""Code points of a word that is indexed alone; the longest in ROR has 58 and is a web address."""
MAX_KEY_CHARACTERS: Final = 100
"""Code points of an identifier of another registry, or of a domain."""

NameKind: TypeAlias = Literal["display", "label", "alias", "acronym"]
Status: TypeAlias = Literal["active", "inactive", "withdrawn", "unknown"]
"""``unknown``: the source of the record does not say. It is not the same as inactive."""
Origin: TypeAlias = Literal["registry", "minted", "statement"]
"""Where a subject's name comes from: the loaded registry, this node, or a pooled statement."""
Match: TypeAlias = Literal["identifier", "domain", "exact", "prefix", "word", "spelling"]
"""How a hit was found, best first; ``word``: its names have all the words, in any order, the last one perhaps only
begun; ``spelling``: the same, after one or two letters of a word were put right."""

KIND_ORDER: Final[tuple[NameKind, ...]] = ("display", "label", "alias", "acronym")
STATUS_ORDER: Final[tuple[Status, ...]] = ("active", "unknown", "inactive", "withdrawn")
MATCH_ORDER: Final[tuple[Match, ...]] = ("identifier", "domain", "exact", "prefix", "word", "spelling")


@dataclass(frozen=True, slots=True)
class Name:
    """One name of an organisation; ``language`` is a BCP 47 tag, or empty where the source does not say."""

    value: str
    kind: NameKind
    language: str = ""


@dataclass(frozen=True, slots=True)
class RegistryTie:
    """A tie that an organisation's own record states: ``relation`` is the registry's word (parent, child, ...)."""

    relation: str
    subject: SubjectId
    label: str


@dataclass(frozen=True, slots=True)
class RegistryRelation:
    """One edge that the registry states: the record of ``subject`` names ``object`` as its ``kind``.

    ``kind`` is the registry's own word: ``parent``, ``child``, ``related``, ``predecessor`` or ``successor``, so
    (a, parent, b) says that b is the parent of a. Most registries state a tie in both records, but not all do.
    """

    subject: SubjectId
    kind: str
    object: SubjectId


@dataclass(frozen=True, slots=True)
class SubjectLink:
    """A person's word, at this node, that ``alias`` is the same organisation as ``canonical``; it may be undone."""

    id: str
    alias: SubjectId
    canonical: SubjectId
    by: AccountId
    at: Timestamp
    reason: str = field(repr=False)
    undone_by: AccountId | None = None
    undone_at: Timestamp | None = None

    @property
    def is_live(self) -> bool:
        """Whether the two are read as one."""
        return self.undone_at is None


@dataclass(frozen=True, slots=True)
class Organisation:
    """What the registry, or this node, knows of one subject."""

    id: SubjectId
    label: str
    origin: Origin = "registry"
    status: Status = "unknown"
    names: tuple[Name, ...] = ()
    types: tuple[str, ...] = ()
    place: str = ""
    """Town and region, to tell homonyms apart."""
    country: str = ""
    """ISO 3166-1 alpha-2, for display only; empty where unknown."""
    established: int | None = None
    links: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()
    """Scheme and value in other registries (``grid``, ``isni``, ``wikidata``, ``fundref``, ``lei``)."""
    relations: tuple[RegistryTie, ...] = ()
    circle: CircleId | None = None
    """The circle in which a minted subject means something."""

    @property
    def successors(self) -> tuple[SubjectId, ...]:
        """Where the registry says this organisation went, when it was merged or withdrawn."""
        return tuple(tie.subject for tie in self.relations if tie.relation == "successor")


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One organisation that answers a search, with what tells it from its namesakes."""

    id: SubjectId
    label: str
    matched: str
    """The name, or the identifier, that answered."""
    match: Match
    kind: NameKind
    status: Status
    types: tuple[str, ...]
    place: str
    country: str
    origin: Origin
    alias: SubjectId | None = None
    """The identifier that answered, where a person at this node has linked it to ``id``."""


@dataclass(frozen=True, slots=True)
class SkippedRecord:
    """A record of the source that could not be used; ``position`` counts records from 1."""

    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did. Loading the same file again gives ``added == updated == 0``."""

    read: int
    added: int
    updated: int
    unchanged: int
    kept: int
    """Records that were left alone because the registry holds a newer or fuller one."""
    skipped: int
    withdrawn: int
    """Of the added and updated: those that the registry has withdrawn and that were not withdrawn here before."""
    examples: tuple[SkippedRecord, ...]
    """The first of the skipped records."""

    @property
    def changed(self) -> bool:
        """Whether the registry is different from before."""
        return bool(self.added or self.updated)


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """How far a load is: bytes of the source file, and records."""

    done_bytes: int
    total_bytes: int
    records: int


_APOSTROPHES: Final = dict.fromkeys((0x27, 0x60, 0xB4, 0x2BB, 0x2BC, 0x2018, 0x2019))
"""Apostrophes and what is typed for them: gone, so that ``King's`` and ``Kings`` are one."""
_LETTERS: Final = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "&": " and ",
    }
)
"""Letters that people type plain, and that Unicode does not decompose."""
_ASCII: Final = {**dict.fromkeys((0x27, 0x60)), ord("&"): " and ", 0: " "}
# Combining marks of Latin, Greek and Cyrillic; Hebrew points; Arabic vowel signs. Not all marks: in Indic scripts
# they are the vowels, and without them different names would become one.
_MARKS: Final = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0670]")
_ROR: Final = re.compile(
    r"(?:https?://)?(?:www\.)?(?:ror\.org/|ror:\s*|ror\s+)?(0[a-hj-km-np-tv-z0-9]{6}[0-9]{2})/?", re.IGNORECASE
)
_HOST: Final = re.compile(r"(?:https?://)?((?:[\w-]{1,63}\.)+[\w-]{2,63})(?:[:/?#].*)?", re.DOTALL)
# Thai and Lao, Burmese, Khmer, Japanese syllables, Han and its rarer characters.
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]"
)
_NO_WORD: Final = re.compile("[^0-9a-z]+")
_LEI: Final = re.compile(r"(?:lei:\s*|lei\s+)?([0-9A-Z]{18}[0-9]{2})", re.IGNORECASE | re.ASCII)


def normalise(name: str) -> str:
    """The form in which names are compared: NFKC, case folded, accents and punctuation gone, words single-spaced.

    A leading English article is left out, because half of the sources write it and half do not. A name without a
    letter or digit keeps its characters, so that it can still be found; but for U+0000, which no name has and not
    every database stores.
    """
    if name.isascii():
        # What follows, for the many names in which it comes to this.
        plain = name.lower().translate(_ASCII)
        return _without_article(_NO_WORD.sub(" ", plain).split() or plain.split())
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name.replace("\x00", " ")).casefold())
    plain = _MARKS.sub("", folded).translate(_APOSTROPHES).translate(_LETTERS)
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", plain).casefold())
    return _without_article(_split(plain) or plain.split())


def _without_article(words: list[str]) -> str:
    while len(words) > 1 and words[0] == "the":
        words = words[1:]
    return " ".join(words)[:MAX_NORMALISED_CHARACTERS].rstrip()


def parse_identifier(text: str) -> SubjectId | None:
    """The subject that a person means by a ROR address, a bare ROR id, an LEI or a subject id; ``None`` if none.

    Wrong check digits give ``None`` too: a mistyped identifier must not name another organisation.
    """
    text = text.strip()
    candidate = text
    if match := _ROR.fullmatch(text):
        candidate = f"ror:{match[1].lower()}"
    elif match := _LEI.fullmatch(text):
        candidate = f"lei:{match[1].upper()}"
    try:
        return parse_subject_id(candidate)
    except ProtocolError:
        return None


def identifier_key(value: str) -> str:
    """The form in which identifiers of other registries are compared: folded, without spaces and hyphens."""
    folded = unicodedata.normalize("NFKC", value.replace("\x00", "")).casefold()
    return "".join(c for c in folded if not c.isspace() and c not in "-\u2010\u2011\u2013")[:MAX_KEY_CHARACTERS]


def domain_of(link: str) -> str:
    """The host that a link or a bare domain names, without ``www.``; empty where there is none."""
    match = _HOST.fullmatch(link.strip().casefold())
    return match[1].removeprefix("www.") if match else ""


def words_of(normalised: str) -> list[str]:
    """The words of a normalised name by which it is found, in order; long ones are cut."""
    return [word[:MAX_WORD_CHARACTERS] for word in normalised.split(" ") if word]


def is_unspaced(word: str) -> bool:
    """Whether a word is of a script that writes no spaces between words, so that its parts are words too."""
    return not word.isascii() and _UNSPACED.search(word) is not None


def _split(text: str) -> list[str]:
    """Words: runs of letters, digits and the marks that belong to them in scripts that write vowels as marks."""
    return "".join(c if c.isalnum() or unicodedata.category(c) in {"Mn", "Mc"} else " " for c in text).split()
