"""What speaks for and against each organisation that a text may mean, as numbers with names.

Every number is between -1 and 1 or nearly so, and each has a sentence in ``docs/names.md``. A country tells namesakes
apart; it has no weight of its own: permuting the countries of text and registry alike changes nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from rapidfuzz import fuzz

from node.subjects.matching.index import KINDS, Index
from node.subjects.matching.mentions import Mention
from node.subjects.matching.places import Evidence, places_of
from node.subjects.matching.text import Text, fold, read, words_of
from node.subjects.matching.vocabulary import GENERIC, LABORATORIES, QUALIFIERS, SMALL, UNIT_HEADS, UNITS

MAX_CANDIDATES: Final = 40
"""Organisations that are weighed for one text, after a first rough order."""
_OF: Final = frozenset(["of", "de", "di", "da", "do", "dos", "del", "della", "des", "du", "for", "fur", "fuer", "of"])
_HOW: Final = {"exact": 1.0, "order": 0.9, "spread": 0.97, "near": 0.75, "acronym": 0.45, "host": 0.6}
_DOUBTS: Final = (
    "rival_fits",
    "inside_longer",
    "inside_near",
    "continued",
    "overlapping",
    "crossing",
    "country_other",
    "guess_other",
    "country_hint_other",
    "generic",
    "one_word",
    "unit",
    "next_of",
    "next_other",
    "next_generic",
    "next_qualifier",
    "previous_of",
    "previous_other",
    "previous_generic",
    "previous_qualifier",
    "holds_university",
    "closed",
    "kind_former",
)
"""Any of these keeps a match from being clean."""
FULL_RARITY: Final = 25.0
"""Sum of rarities from which a name is as telling as any."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One organisation that a text may mean, by its best mention."""

    organisation: int
    mention: Mention
    kind: int
    rough: float
    rivals: int
    """Other organisations that the same words may mean equally."""
    support: int
    """Further mentions of it elsewhere in the text."""


def candidates(index: Index, text: Text, mentions: Sequence[Mention], evidence: Evidence) -> list[Candidate]:
    """Each organisation once, best first by a rough measure."""
    best: dict[int, tuple[float, Mention, int, int]] = {}
    spans: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for mention in mentions:
        owners = dict.fromkeys(mention.organisations, 3) if mention.entry < 0 else index.owners(mention.entry)
        telling = telling_of(index, text, mention)
        for owner, kind in owners.items():
            rough = _HOW[mention.how] * mention.likeness * (0.4 + 0.6 * telling) - 0.03 * kind
            country = index.source.countries[owner]
            if country and evidence.named:
                rough += 0.1 if country in evidence.named else -0.2
            elif country and evidence.hinted:
                rough += 0.05 if country in evidence.hinted else -0.05
            spans[owner].add((mention.start, mention.end))
            known = best.get(owner)
            if known is None or rough > known[0]:
                best[owner] = (rough, mention, kind, len(owners) - 1)
    ordered = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))[:MAX_CANDIDATES]
    return [
        Candidate(owner, mention, kind, rough, rivals, _others(spans[owner], mention))
        for owner, (rough, mention, kind, rivals) in ordered
    ]


def _others(spans: set[tuple[int, int]], mention: Mention) -> int:
    return sum(1 for start, end in spans if end <= mention.start or start >= mention.end)


def telling_of(index: Index, text: Text, mention: Mention) -> float:
    """How rare the words of a mention are together, 0 to 1."""
    if mention.how == "host":
        return 1.0
    if mention.how == "acronym":
        return min(1.0, len(text.words[mention.start]) / 8)
    words = (
        text.words[mention.start : mention.end]
        if mention.how not in {"near", "spread"}
        else index.entry_words[mention.entry].split()
    )
    return min(1.0, sum(index.rarity.get(word, 8.0) for word in words) / FULL_RARITY)


def weigh(index: Index, text: Text, found: Sequence[Candidate], evidence: Evidence) -> list[dict[str, float]]:
    """The numbers of every candidate, in the same order; a number that is absent is zero."""
    around = _Around(index, text, found, evidence)
    return [around.numbers(each) for each in found]


class _Around:
    """One text with all its candidates: what they say about each other."""

    def __init__(self, index: Index, text: Text, found: Sequence[Candidate], evidence: Evidence) -> None:
        self.index, self.text, self.found, self.evidence = index, text, found, evidence
        self.squashed = "".join(text.words)
        self.by_organisation = {each.organisation: each for each in found}
        self.firm = [each for each in found if each.mention.how in {"exact", "order"} and each.mention.length > 1]
        self.hosts = any("education" in index.source.types[each.organisation] for each in self.firm)
        self.bearers: dict[tuple[int, int, str], list[Candidate]] = defaultdict(list)
        for each in found:
            self.bearers[each.mention.start, each.mention.end, each.mention.how].append(each)
        self.part_size: dict[int, int] = defaultdict(int)
        for part in text.part:
            self.part_size[part] += 1

    def numbers(self, each: Candidate) -> dict[str, float]:
        """All numbers of one candidate."""
        numbers = {"always": 1.0}
        self._name(each, numbers)
        self._place(each, numbers)
        if each.mention.length:
            self._neighbours(each, numbers)
        self._others(each, numbers)
        if each.rivals and not self._decided(each, numbers):
            numbers["undecided"] = 1.0
        if numbers.get("exact") and not any(numbers.get(name, 0.0) > 0 for name in _DOUBTS):
            numbers["clean"] = 1.0
            for name in ("type_education", "country_same", "has_rival", "as_written", "laboratory"):
                if numbers.get(name):
                    numbers[f"clean_{name}"] = 1.0
            numbers["clean_telling"] = numbers["telling"]
        return numbers

    def _decided(self, each: Candidate, numbers: Mapping[str, float]) -> bool:
        """Whether the text says more than the shared name, and what it says fits this organisation alone."""
        here = numbers.get("country_same", 0.0) > 0 and not numbers.get("rival_fits")
        town = numbers.get("town_same", 0.0) > 0 and not numbers.get("rival_in_town")
        return here or town

    def _name(self, each: Candidate, numbers: dict[str, float]) -> None:
        index, mention, text = self.index, each.mention, self.text
        telling = telling_of(index, text, mention)
        words = text.words[mention.start : mention.end]
        numbers[mention.how] = 1.0
        kind = KINDS[each.kind]
        if mention.how not in {"acronym", "host"}:
            numbers[f"kind_{kind}"] = 1.0
        if mention.how == "near":
            numbers["near_likeness"] = (mention.likeness - 0.8) * 4
            numbers["near_telling"] = telling
            numbers["near_spelling"] = self._spelling(each)
        elif mention.how in {"exact", "order", "spread"}:
            numbers["telling"] = telling
            numbers["faint"] = max(0.0, 0.4 - telling) * 2.5
            numbers["as_written"] = float(self._as_written(each))
            if all(word in GENERIC for word in words):
                numbers["generic"] = 1.0
            if words[0] in UNITS:
                numbers["unit"] = 1.0
            elif (words[0] in LABORATORIES or "laboratory" in words) and self.hosts:
                numbers["laboratory"] = 1.0
        elif mention.how == "acronym":
            numbers["acronym_letters"] = min(1.0, (len(text.words[mention.start]) - 2) / 4)
            numbers["acronym_bracket"] = float(text.bracket[mention.start])
        if len(words) == 1 and mention.how in {"exact", "order", "near"}:
            numbers["one_word"] = 1.0
            numbers["one_word_short"] = float(len(words[0]) < 6)  # noqa: PLR2004
        numbers["rivals"] = min(1.0, log(1 + each.rivals) / 3)
        numbers["has_rival"] = float(each.rivals > 0)
        self._rivals(each, numbers)
        numbers["known_names"] = min(1.0, log(1 + index.name_count[each.organisation]) / 3)
        numbers["closed"] = float(not index.source.active[each.organisation])
        types = index.source.types[each.organisation].split()
        for name in ("education", "healthcare", "company", "government", "facility", "funder"):
            if name in types:
                numbers[f"type_{name}"] = 1.0
        if not types:
            numbers["type_unknown"] = 1.0

    def _rivals(self, each: Candidate, numbers: dict[str, float]) -> None:
        """How it compares with those that the same words may mean."""
        mention, source = each.mention, self.index.source
        others = [
            other
            for other in self.bearers[mention.start, mention.end, mention.how]
            if other is not each and (other.mention.entry == mention.entry or mention.entry < 0)
        ]
        if not others:
            return
        fitting = [other for other in others if self._fits(other.organisation)]
        numbers["rival_fits"] = float(bool(fitting))
        numbers["rival_in_town"] = float(any(self._in_town(other) for other in others))
        mine = self.index.name_count[each.organisation]
        theirs = max((self.index.name_count[other.organisation] for other in fitting), default=0)
        numbers["better_known"] = max(-1.0, min(1.0, log((1 + mine) / (1 + theirs)) / 2)) if fitting else 0.0
        if any(each.organisation in source.relations[other.organisation] for other in others):
            numbers["parent_of_rival"] = 1.0
        if any(other.organisation in source.relations[each.organisation] for other in others):
            numbers["child_of_rival"] = 1.0
        if any(other.kind < each.kind for other in fitting):
            numbers["rival_name_better"] = 1.0

    def _fits(self, organisation: int) -> bool:
        country = self.index.source.countries[organisation]
        if not country:
            return True
        if self.evidence.named:
            return country in self.evidence.named
        hinted = self.evidence.hinted
        return country in hinted if sum(hinted.values()) > 1 else True

    def _spelling(self, each: Candidate) -> float:
        mention = each.mention
        window = "".join(self.text.words[mention.start : mention.end])
        name = self.index.entry_words[mention.entry].replace(" ", "")
        return max(0.0, fuzz.ratio(window, name) / 50.0 - 1.0)

    def _as_written(self, each: Candidate) -> bool:
        mention = each.mention
        written = self.text.folded[mention.start : mention.end]
        for name in self.index.names_of(each.organisation):
            words = tuple(word for word in words_of(self.index.source.name_text[name]) if word not in SMALL)
            if words == written or "".join(words) == "".join(written):
                return True
        return False

    def _place(self, each: Candidate, numbers: dict[str, float]) -> None:
        source, evidence = self.index.source, self.evidence
        country = source.countries[each.organisation]
        if not country:
            country = self._likely_country(each)
            prefix = "guess"
        else:
            prefix = "country"
        if not country:
            numbers["country_unknown"] = 1.0
        elif evidence.named:
            numbers[f"{prefix}_same" if country in evidence.named else f"{prefix}_other"] = 1.0
        elif evidence.hinted:
            weight, total = evidence.hinted.get(country, 0.0), sum(evidence.hinted.values())
            numbers[f"{prefix}_hint"] = min(1.0, weight / 2)
            numbers[f"{prefix}_hint_other"] = min(1.0, (total - weight) / 2) if weight < total / 3 else 0.0
        numbers["town_same"] = float(self._in_town(each))

    def _in_town(self, each: Candidate) -> bool:
        """Whether the text names its town outside its name."""
        towns = places_of(self.index.source.places[each.organisation])
        mention = each.mention
        outside = "".join(self.text.words[: mention.start]) + " " + "".join(self.text.words[mention.end :])
        return bool(towns) and towns[0] in outside

    def _likely_country(self, each: Candidate) -> str:
        counts: dict[str, float] = defaultdict(float)
        names = self.index.names_of(each.organisation)
        for name in names[:6]:
            for word in self.index.source.name_words[name].split():
                if hint := self.index.word_country.get(word):
                    counts[hint[0]] += hint[1]
        return max(counts, key=lambda country: counts[country]) if counts else ""

    def _neighbours(self, each: Candidate, numbers: dict[str, float]) -> None:
        text, mention = self.text, each.mention
        first, last = text.part[mention.start], text.part[mention.end - 1]
        crossed = last - first - self._own_cuts(each) if last > first else 0
        numbers["crossing"] = max(0.0, min(1.0, crossed / 2))
        size = sum(self.part_size[part] for part in range(first, last + 1))
        numbers["fills_part"] = mention.length / size
        numbers["whole_text"] = float(mention.length == len(text))
        after, before = mention.end, mention.start - 1
        if after < len(text) and text.part[after] == last:
            word = text.words[after]
            if text.before[after] in _OF:
                numbers["next_of"] = 1.0
            elif word in UNIT_HEADS:
                numbers["next_unit"] = 1.0
            elif after in self.evidence.at or word in self.index.word_country or word[:1].isdigit():
                numbers["next_place"] = 1.0
            elif text.before[after]:
                numbers["next_and"] = 1.0
            elif word in QUALIFIERS:
                numbers["next_qualifier"] = 1.0
            elif word in GENERIC:
                numbers["next_generic"] = 1.0
            else:
                numbers["next_other"] = 1.0
        if before >= 0 and text.part[before] == first:
            if text.before[mention.start] in _OF:
                heads = any(text.words[n] in UNIT_HEADS for n in range(before, -1, -1) if text.part[n] == first)
                numbers["previous_of_unit" if heads else "previous_of"] = 1.0
            elif text.before[mention.start]:
                numbers["previous_and"] = 1.0
            elif text.words[before] in QUALIFIERS:
                numbers["previous_qualifier"] = 1.0
            elif text.words[before] in GENERIC:
                numbers["previous_generic"] = 1.0
            else:
                numbers["previous_other"] = 1.0
        numbers["first_part"] = float(first == 0)
        numbers["bracketed"] = float(text.bracket[mention.start])

    def _own_cuts(self, each: Candidate) -> int:
        """Commas and brackets that the name itself has."""
        if each.mention.entry < 0:
            return 0
        row = self.index.entry_names[self.index.entry_first[each.mention.entry]]
        parts = read(self.index.source.name_text[row]).part
        return parts[-1] - parts[0] if parts else 0

    def _others(self, each: Candidate, numbers: dict[str, float]) -> None:
        mention, text = each.mention, self.text
        inside = near_inside = better = 0.0
        for other in self.found:
            theirs = other.mention
            if other.organisation == each.organisation or theirs.start >= mention.end or theirs.end <= mention.start:
                continue
            better = max(better, other.rough - each.rough)
            if (
                theirs.how == "spread"
                and mention.how != "spread"
                and theirs.start <= mention.start
                and theirs.end >= mention.end
            ):
                numbers["continued"] = 1.0
            if theirs.how == "exact" and (
                theirs.start < mention.start < theirs.end < mention.end
                or mention.start < theirs.start < mention.end < theirs.end
            ):
                numbers["overlapping"] = 1.0
                if text.part[mention.start] != text.part[mention.end - 1]:
                    numbers["overlapping_crossing"] = 1.0
            if theirs.length > mention.length and theirs.start <= mention.start and theirs.end >= mention.end:
                if theirs.how in {"exact", "order"}:
                    crossing = text.part[theirs.end - 1] - text.part[theirs.start] > self._own_cuts(other)
                    inside = max(inside, 0.3 if crossing else 1.0)
                elif theirs.likeness > 0.85:  # noqa: PLR2004
                    near_inside = max(near_inside, (theirs.likeness - 0.85) * 9)
        for other in self.firm:
            theirs = other.mention
            if theirs.length < mention.length and theirs.start >= mention.start and theirs.end <= mention.end:
                if (
                    other.organisation != each.organisation
                    and "education" in self.index.source.types[other.organisation]
                ):
                    healthy = "hospital" in text.words[mention.start : mention.end]
                    numbers["holds_hospital" if healthy else "holds_university"] = 1.0
        types = self.index.source.types
        if any("education" in types[parent] for parent in self.index.source.relations[each.organisation]):
            numbers["part_of_university"] = 1.0
        numbers["inside_longer"] = inside
        numbers["inside_near"] = near_inside if inside < 1 else 0.0
        numbers["beaten"] = min(1.0, better * 2)
        numbers["best_here"] = float(better <= 0)
        numbers["repeated"] = float(each.support > 0)
        parents = self.index.source.relations[each.organisation]
        if any(
            parent in self.by_organisation and self.by_organisation[parent].mention.how != "near" for parent in parents
        ):
            numbers["parent_named"] = 1.0
        if any(each.organisation in self.index.source.relations[other.organisation] for other in self.firm):
            numbers["child_named"] = 1.0
        numbers["alone"] = float(not self.firm)


__all__ = ["Candidate", "candidates", "fold", "telling_of", "weigh"]
