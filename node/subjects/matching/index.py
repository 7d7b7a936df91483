"""What the matcher knows of the registry: names by their canonical form, words by how rare they are.

An index is a value: built from organisations in one pass, never changed, safe to share between threads. Its tables
are plain lists and arrays, so that 129,046 organisations fit into a few hundred megabytes without a library.

Organisations that the registry withdrew in favour of a successor lend it their names, marked ``former``. One that is
merely closed stays itself: an old text means the organisation of its time.
"""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import Final, Literal, TypeAlias

from node.domain.subjects import Name, Organisation
from node.subjects.matching.text import canonical, host_of
from node.subjects.matching.vocabulary import GENERIC
from protocol.identifiers import SubjectId

Kind: TypeAlias = Literal["display", "label", "alias", "acronym", "former", "clipped"]
_FULL: Final = ("display", "label", "alias")
_WRITTEN: Final = (0, 1, 2)
KINDS: Final[tuple[Kind, ...]] = ("display", "label", "alias", "acronym", "former", "clipped")

MAX_NAME_WORDS: Final = 40
"""Canonical words of a name that are compared; a name in Han script has a word for each character."""
MAX_WORD_NAMES: Final = 4_000
"""Names that one word may lead to when names are looked for by their words; commoner words only add to a score."""
MAX_CONTINUED: Final = 2
"""Words by which a longer name may continue a shorter one and still be looked for apart from it."""
MIN_SPELLED: Final = 5
"""Letters from which a word may be a misspelling, or the abbreviation, of another."""
FEWEST_NAMES: Final = 200_000
"""Names among which a word is rare or common: an extract of the registry is judged as the registry would be."""
_MIN_BEARERS: Final = 3
"""Organisations that a word must occur with before it says something of a country."""
_MAX_TIES: Final = 65_535
FEWEST_INITIALS: Final = 3
"""Words of a name whose first letters may stand for it; of two, too many names have the same."""
MOST_INITIALS: Final = 8
_NAMED_AFTER: Final = re.compile(r"\s+(?:named (?:after|for)|imeni|имени|im\.)\s.*$", re.IGNORECASE)
"""What follows is the person whom an organisation honours; texts leave it out."""
_LEGAL: Final = re.compile(
    r"(?<=\w),?\s+(?:& Co\b\.?|(?:Inc|Ltd|Limited|LLC|GmbH|Corp|Corporation|Incorporated|PLC|plc|Pvt|Co)\b\.?).*$"
)
"""The legal form of a company, and what follows it."""
_INNER_CAPITAL: Final = re.compile("[a-z\u00df-\u00f6\u00f8-\u00ff][A-Z\u00c0-\u00d6\u00d8-\u00de]")
_MIN_CLIPPED: Final = 3
"""Words that must be left of a name without the person it honours."""
_PURITY: Final = 0.8
"""Share of them that must be in one country."""


@dataclass(frozen=True, slots=True)
class Source:
    """What an index is made of, in a form that is stored: one row for each organisation, one for each name."""

    ids: list[str]
    labels: list[str]
    countries: list[str]
    places: list[str]
    types: list[str]
    """Space-separated."""
    active: list[bool]
    relations: list[list[int]]
    """Rows of the organisations that the registry names as parents."""
    ties: list[int]
    """How many relations the registry gives, of any kind."""
    hosts: list[list[str]]
    name_owner: list[int]
    name_kind: list[int]
    name_text: list[str]
    name_words: list[str]
    """Canonical words, single-spaced."""


class Index:
    """The registry, ready for matching."""

    __slots__ = (
        "acronyms",
        "bags",
        "children",
        "entries",
        "entry_first",
        "entry_names",
        "entry_total",
        "entry_words",
        "hosts",
        "initials",
        "longer",
        "name_count",
        "names_first",
        "near",
        "postings",
        "rarity",
        "source",
        "tokens",
        "word_country",
    )

    def __init__(self, source: Source) -> None:
        self.source = source
        self.names_first = _firsts(source.name_owner, len(source.ids))
        self.entries: dict[str, int] = {}
        """Squashed canonical name (its words without spaces) to entry."""
        self.bags: dict[str, int | list[int]] = {}
        """Sorted canonical words to the entries that have them in another order."""
        self.acronyms: dict[str, list[int]] = defaultdict(list)
        """Acronym, folded, to organisations."""
        self.entry_words: list[str] = []
        bearers: list[list[int]] = []
        for name, words in enumerate(source.name_words):
            if KINDS[source.name_kind[name]] == "acronym":
                owners = self.acronyms[words.replace(" ", "")]
                if source.name_owner[name] not in owners:
                    owners.append(source.name_owner[name])
                continue
            squashed = words.replace(" ", "")
            entry = self.entries.get(squashed)
            if entry is None:
                entry = self.entries[squashed] = len(bearers)
                self.entry_words.append(words)
                bearers.append([name])
            else:
                bearers[entry].append(name)
        self.entry_first = array("I", [0])
        self.entry_names = array("I")
        for names in bearers:
            self.entry_names.extend(names)
            self.entry_first.append(len(self.entry_names))
        del bearers
        self._index_words()
        self._countries()
        self.initials = self._initials()
        """First letters of names, to the organisations of which the registry has no acronym."""
        self.hosts: dict[str, list[int]] = defaultdict(list)
        for organisation, hosts in enumerate(source.hosts):
            for host in hosts:
                self.hosts[host].append(organisation)
        self.name_count = array("H", (min(65_535, b - a) for a, b in pairwise(self.names_first)))
        self.children = array("I", bytes(4 * len(source.ids)))
        """How many organisations the registry calls parts of each."""
        for parents in source.relations:
            for parent in parents:
                self.children[parent] += 1

    def _index_words(self) -> None:
        counts: Counter[str] = Counter()
        for words in self.entry_words:
            counts.update(set(words.split()))
        total = max(len(self.entry_words), FEWEST_NAMES) + 1
        self.rarity: dict[str, float] = {word: log(total / count) for word, count in counts.items()}
        self.postings: dict[str, array[int]] = {
            word: array("I") for word, count in counts.items() if count <= MAX_WORD_NAMES
        }
        for entry, words in enumerate(self.entry_words):
            split = words.split()
            for word in set(split):
                if (rows := self.postings.get(word)) is not None:
                    rows.append(entry)
            if 1 < len(split) <= MAX_NAME_WORDS:
                bag = " ".join(sorted(split))
                known = self.bags.setdefault(bag, entry)
                if known != entry:
                    self.bags[bag] = [*known, entry] if isinstance(known, list) else [known, entry]
        self.entry_total = array("f", (sum(self.rarity[word] for word in words.split()) for words in self.entry_words))
        self._extend()
        self.near: dict[str, list[str]] = defaultdict(list)
        """Longer words by their first two letters, for finding a misspelt one."""
        for word in counts:
            if len(word) >= MIN_SPELLED and not word.isdigit():
                self.near[word[:2]].append(word)

    def _initials(self) -> dict[str, list[int]]:
        source, found = self.source, defaultdict[str, list[int]](list)
        acronym = KINDS.index("acronym")
        having = {owner for owner, kind in zip(source.name_owner, source.name_kind, strict=True) if kind == acronym}
        for name, owner in enumerate(source.name_owner):
            if owner in having or KINDS[source.name_kind[name]] not in _FULL:
                continue
            words = source.name_words[name].split()
            if FEWEST_INITIALS <= len(words) <= MOST_INITIALS:
                owners = found["".join(word[0] for word in words)]
                if owner not in owners:
                    owners.append(owner)
        return dict(found)

    def _extend(self) -> None:
        """For each name those that continue it by up to two words: "University of California", then "Berkeley"."""
        self.longer: dict[int, list[int]] = {}
        for entry, words in enumerate(self.entry_words):
            split = words.split()
            for end in range(max(2, len(split) - MAX_CONTINUED), len(split)):
                shorter = self.entries.get("".join(split[:end]))
                if shorter is not None:
                    self.longer.setdefault(shorter, []).append(entry)

    def _countries(self) -> None:
        bearers = Counter(word for words, _ in self._words_by_country() for word in words)
        seen: dict[str, Counter[str]] = defaultdict(Counter)
        for words, country in self._words_by_country():
            for word in words:
                if bearers[word] >= _MIN_BEARERS:  # most words have one: a counter for each would take much memory
                    seen[word][country] += 1
        del bearers
        self.word_country: dict[str, tuple[str, float]] = {}
        for word, counter in seen.items():
            (country, count), total = counter.most_common(1)[0], counter.total()
            if total >= _MIN_BEARERS and count / total >= _PURITY and not word.isdigit():
                self.word_country[word] = (country, count / total)

    def _words_by_country(self) -> Iterator[tuple[set[str], str]]:
        """The telling words in the names of each organisation, with its country."""
        source = self.source
        for organisation, country in enumerate(source.countries):
            if country:
                words = {word for name in self.names_of(organisation) for word in source.name_words[name].split()}
                yield words - GENERIC, country

    def owners(self, entry: int) -> dict[int, int]:
        """The organisations that bear a name, each with its best kind."""
        found: dict[int, int] = {}
        for name in self.entry_names[self.entry_first[entry] : self.entry_first[entry + 1]]:
            owner, kind = self.source.name_owner[name], self.source.name_kind[name]
            found[owner] = min(kind, found.get(owner, kind))
        return found

    def names_of(self, organisation: int) -> range:
        """Rows of the names of one organisation."""
        return range(self.names_first[organisation], self.names_first[organisation + 1])

    def subject(self, organisation: int) -> SubjectId:
        """Its identifier."""
        return SubjectId(self.source.ids[organisation])

    def __len__(self) -> int:
        """How many organisations."""
        return len(self.source.ids)


def gather(organisations: Iterable[Organisation], countries: Collection[str] = ()) -> Source:
    """The rows of an index, in the order of the identifiers. Only subjects with a ROR id: others have no such link."""
    kept = {each.id: each for each in organisations if each.id.startswith("ror:") and each.origin == "registry"}
    heirs = _heirs(kept)
    ids = sorted(set(kept) - set(heirs))
    row = {subject: number for number, subject in enumerate(ids)}
    former: dict[SubjectId, list[Organisation]] = defaultdict(list)
    for old, new in heirs.items():
        for heir in new:
            former[heir].append(kept[old])
    source = Source(
        ids=[str(each) for each in ids],
        labels=[],
        countries=[],
        places=[],
        types=[],
        active=[],
        relations=[],
        ties=[],
        hosts=[],
        name_owner=[],
        name_kind=[],
        name_text=[],
        name_words=[],
    )
    for subject in ids:
        each = kept[subject]
        source.labels.append(each.label)
        source.countries.append(each.country)
        source.places.append(each.place)
        source.types.append(" ".join(each.types))
        source.active.append(each.status in {"active", "unknown"})
        source.relations.append(
            sorted({row[t.subject] for t in each.relations if t.relation == "parent" and t.subject in row})
        )
        source.ties.append(min(_MAX_TIES, len(each.relations)))
        source.hosts.append(_hosts(each))
        _add_names(source, row[subject], each, former[subject], countries)
    return source


def build(organisations: Iterable[Organisation], countries: Collection[str] = ()) -> Index:
    """An index of these organisations."""
    return Index(gather(organisations, countries))


def _heirs(kept: Mapping[SubjectId, Organisation]) -> dict[SubjectId, tuple[SubjectId, ...]]:
    """Withdrawn organisations and those that their names now lead to; one without a successor is left out."""
    found: dict[SubjectId, tuple[SubjectId, ...]] = {}
    for subject, each in kept.items():
        if each.status == "withdrawn":
            found[subject] = _living(kept, subject)
    return found


def _living(kept: Mapping[SubjectId, Organisation], subject: SubjectId) -> tuple[SubjectId, ...]:
    seen, ahead, living = {subject}, [subject], []
    while ahead:
        for successor in kept[ahead.pop()].successors:
            if successor in seen or successor not in kept:
                continue
            seen.add(successor)
            if kept[successor].status == "withdrawn":
                ahead.append(successor)
            else:
                living.append(successor)
    return tuple(sorted(living))


def _add_names(
    source: Source, row: int, each: Organisation, former: Sequence[Organisation], countries: Collection[str]
) -> None:
    seen: set[tuple[str, bool]] = set()
    texts = [(each.label, 0), *((name.value, _kind(name)) for name in each.names)]
    texts += [(name.value, 4) for old in former for name in old.names if name.kind != "acronym"]
    texts += [
        (plain, kind)
        for text, kind in texts
        if KINDS[kind] in _FULL
        if (plain := _without_country(text, countries)) != text
    ]
    texts += [(text.lower(), kind) for text, kind in texts if kind in _WRITTEN and _runs(text)]
    clipped = KINDS.index("clipped")
    texts += [(short, clipped) for text, kind in texts if kind in _WRITTEN for short in _clipped(text)]
    for text, kind in texts:
        words = " ".join(canonical(text)[:MAX_NAME_WORDS])
        acronym = KINDS[kind] == "acronym"
        if words and (words, acronym) not in seen:
            seen.add((words, acronym))
            source.name_owner.append(row)
            source.name_kind.append(kind)
            source.name_text.append(text)
            source.name_words.append(words)


def _runs(text: str) -> bool:
    """Whether a name has capitals inside its words, which are parted there: ``HydroSciences``."""
    return bool(_INNER_CAPITAL.search(text)) and canonical(text) != canonical(text.lower())


def _clipped(text: str) -> Iterator[str]:
    """The name as texts shorten it: without the person it honours, or the legal form of a company."""
    short = _NAMED_AFTER.sub("", text)
    if short != text and len(canonical(short)) >= _MIN_CLIPPED:
        yield short
    short = _LEGAL.sub("", text)
    if short != text and short:
        yield short


def _kind(name: Name) -> int:
    """A name without a language is an alias, whatever an extract calls it."""
    return KINDS.index("alias" if name.kind == "label" and not name.language else name.kind)


def _without_country(text: str, countries: Collection[str]) -> str:
    """``Thales (France)`` without its bracket: how the registry tells companies of one name apart."""
    head, bracket, tail = text.rstrip().rpartition(" (")
    stands = bracket and tail.endswith(")") and len(head) > 1 and "".join(canonical(tail)) in countries
    return head if stands else text


def _hosts(each: Organisation) -> list[str]:
    hosts = {host_of(text) for text in (*each.domains, *each.links)}
    return sorted(host for host in hosts if "." in host and "wikipedia" not in host)


def _firsts(owners: Sequence[int], count: int) -> "array[int]":
    firsts = array("I", bytes(4 * (count + 1)))
    for owner in owners:
        firsts[owner + 1] += 1
    for number in range(count):
        firsts[number + 1] += firsts[number]
    return firsts
