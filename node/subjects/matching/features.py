"""What speaks for and against each organisation that a text may mean, as numbers with names.

Every number is between -1 and 1 or nearly so. A country tells namesakes
apart; it has no weight of its own: permuting the countries of text and registry alike changes nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import log
from typing import Final

from rapidfuzz import fuzz

from node.subjects.matching import differences
from node.subjects.matching.candidates import Candidate, telling_of
from node.subjects.matching.index import KINDS, Index
from node.subjects.matching.mentions import UNKNOWN_RARITY, Mention
from node.subjects.matching.places import Evidence, places_of
from node.subjects.matching.text import Text, read, words_of
from node.subjects.matching.vocabulary import (
    GENERIC,
    LABORATORIES,
    QUALIFIERS,
    SMALL,
    UNIT_HEADS,
    UNITS,
)

_OF: Final = frozenset(["of", "de", "di", "da", "do", "dos", "del", "della", "des", "du", "for", "fur", "fuer", "of"])
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
SHORT_WORD: Final = 6
"""Letters below which a name of one word is likely to be something else too."""
_LIKE: Final = 0.85
"""Likeness from which a nearly fitting longer name is taken for one."""
_KIN: Final = {
    "HK": frozenset(["CN"]),
    "MO": frozenset(["CN"]),
    "PR": frozenset(["US"]),
    **dict.fromkeys(("GF", "GP", "MQ", "NC", "PF", "RE"), frozenset(["FR"])),
}
"""Countries and territories of which addresses often name another."""
_SCHOOLS: Final = frozenset(["school", "faculty", "college", "department", "medical"])


def weigh(index: Index, text: Text, found: Sequence[Candidate], evidence: Evidence) -> list[dict[str, float]]:
    """The numbers of every candidate, in the same order; a number that is absent is zero."""
    around = _Around(index, text, found, evidence)
    return [around.numbers(each) for each in found]


class _Around:
    """One text with all its candidates: what they say about each other."""

    def __init__(self, index: Index, text: Text, found: Sequence[Candidate], evidence: Evidence) -> None:
        self.index, self.text, self.found, self.evidence = index, text, found, evidence
        self.by_organisation = {each.organisation: each for each in found}
        self.firm = [each for each in found if each.mention.how in {"exact", "order"} and each.mention.length > 1]
        self.hosts = {each.organisation for each in self.firm if "education" in index.source.types[each.organisation]}
        self.bearers: dict[tuple[int, int, str], list[Candidate]] = defaultdict(list)
        for each in found:
            self.bearers[each.mention.start, each.mention.end, each.mention.how].append(each)
        self.weights = {
            word: index.rarity.get(word, UNKNOWN_RARITY)
            for number, word in enumerate(text.words)
            if number not in evidence.at and not word.isdigit()
        }
        self.weight = sum(self.weights.values()) or 1.0
        self.part_size: dict[int, int] = defaultdict(int)
        for part in text.part:
            self.part_size[part] += 1

    def numbers(self, each: Candidate) -> dict[str, float]:
        """All numbers of one candidate."""
        numbers = {"always": 1.0, "explains": self._explains(each)}
        self._name(each, numbers)
        self._registry(each, numbers)
        self._rivals(each, numbers)
        self._place(each, numbers)
        if each.mention.length:
            self._stand(each, numbers)
            numbers.update(dict.fromkeys(filter(None, (self._next(each), self._previous(each))), 1.0))
            if "previous_qualifier" in numbers and self.text.words[each.mention.start] == "university":
                numbers["previous_kind"] = 1.0
        self._overlaps(each, numbers)
        self._family(each, numbers)
        if each.rivals and not _decided(numbers):
            numbers["undecided"] = 1.0
        if numbers.get("exact") and not any(numbers.get(name, 0.0) > 0 for name in _DOUBTS):
            numbers["clean"] = 1.0
            for name in ("type_education", "country_same", "has_rival", "as_written", "laboratory"):
                if numbers.get(name):
                    numbers[f"clean_{name}"] = 1.0
            numbers["clean_telling"] = numbers["telling"]
        return numbers

    def _explains(self, each: Candidate) -> float:
        """How much of the text's words its names have, by how rare they are."""
        source = self.index.source
        theirs = {word for name in self.index.names_of(each.organisation) for word in source.name_words[name].split()}
        return sum(weight for word, weight in self.weights.items() if word in theirs) / self.weight

    def _name(self, each: Candidate, numbers: dict[str, float]) -> None:
        """How the text names it."""
        mention, text = each.mention, self.text
        telling = telling_of(self.index, text, mention)
        words = text.words[mention.start : mention.end]
        numbers[mention.how] = 1.0
        match mention.how:
            case "near":
                numbers["near_likeness"] = (mention.likeness - 0.8) * 4
                numbers["near_telling"] = telling
                numbers["near_spelling"] = self._spelling(each)
                numbers["near_education"] = float("education" in self.index.source.types[each.organisation])
                numbers["near_fills"] = self._fills(each)
                numbers["near_known"] = self._known(each.organisation)
                numbers["near_alone"] = float(not self.firm)
                numbers["near_alone_education"] = numbers["near_education"] * numbers["near_alone"]
                numbers["near_bare"] = float(differences.bare(text, mention))
                numbers["near_bare_education"] = numbers["near_education"] * numbers["near_bare"]
            case "short":
                numbers["short_left"] = 1.0 - mention.likeness
                numbers["short_telling"] = telling
                numbers["short_fills"] = self._fills(each)
                numbers["short_known"] = self._known(each.organisation)
                numbers["short_ahead"] = self._ahead(each)
            case "exact" | "order" | "spread":
                self._named(each, telling, numbers)
                numbers.update(differences.of_place(self.index, text, each, fits=self._fits(each.organisation)))
            case "acronym" | "initials":
                numbers["acronym_letters"] = min(1.0, (len(text.words[mention.start]) - 2) / 4)
                numbers["acronym_bracket"] = float(text.bracket[mention.start])
                numbers["acronym_known"] = self._known(each.organisation)
                numbers["acronym_ahead"] = self._ahead(each)
            case "host":
                pass
        if mention.how in {"near", "short"}:
            numbers.update(differences.of_names(self.index, text, mention))
        if mention.entry >= 0:
            numbers[f"kind_{KINDS[each.kind]}"] = 1.0
        if len(words) == 1 and mention.entry >= 0:
            numbers["one_word"] = 1.0
            numbers["one_word_short"] = float(len(words[0]) < SHORT_WORD)

    def _named(self, each: Candidate, telling: float, numbers: dict[str, float]) -> None:
        words = self.text.words[each.mention.start : each.mention.end]
        if any(word in self.index.word_country for word in words):
            numbers["rooted"] = 1.0
        elif each.mention.how == "exact":
            numbers["rootless_faint"] = max(0.0, 1.0 - telling)
        numbers["extended"] = min(1.0, log(1 + len(self.index.longer.get(each.mention.entry, ()))) / 4)
        numbers["telling"] = telling
        numbers["faint"] = max(0.0, 0.4 - telling) * 2.5
        numbers["as_written"] = float(self._as_written(each))
        numbers["to_the_letter"] = float(self._to_the_letter(each))
        if all(word in GENERIC for word in words):
            numbers["generic"] = 1.0
        if words[0] in UNITS:
            numbers["unit"] = 1.0
        elif (words[0] in LABORATORIES or "laboratory" in words) and self.hosts - {each.organisation}:
            numbers["laboratory"] = 1.0

    def _fills(self, each: Candidate) -> float:
        """How much of its part of the text it is."""
        first, last = self.text.part[each.mention.start], self.text.part[each.mention.end - 1]
        return each.mention.length / sum(self.part_size[part] for part in range(first, last + 1))

    def _known(self, organisation: int) -> float:
        """How much the registry holds of it, 0 to about 1."""
        index = self.index
        return min(1.0, (log(1 + index.name_count[organisation]) + log(1 + index.children[organisation])) / 5)

    def _ahead(self, each: Candidate) -> float:
        """How far it is better known than the others whom the same words may mean; below zero where it is less."""
        mention = each.mention
        others = [
            self._known(other.organisation)
            for other in self.bearers[mention.start, mention.end, mention.how]
            if other is not each and self._fits(other.organisation)
        ]
        return self._known(each.organisation) - max(others) if others else 0.5

    def _to_the_letter(self, each: Candidate) -> bool:
        """Whether one of its names stands there with its small words too."""
        start, end = each.mention.start, each.mention.end
        mine = (self.text.folded[start:end], self.text.before[start + 1 : end])
        for name in self.index.names_of(each.organisation):
            if len(self.index.source.name_words[name].split()) == end - start:
                words = read(self.index.source.name_text[name])
                if (words.folded, words.before[1:]) == mine:
                    return True
        return False

    def _registry(self, each: Candidate, numbers: dict[str, float]) -> None:
        """What the registry says of it, whatever the text says."""
        index = self.index
        numbers["children"] = min(1.0, log(1 + index.children[each.organisation]) / 4)
        numbers["known_names"] = min(1.0, log(1 + index.name_count[each.organisation]) / 3)
        numbers["ties"] = min(1.0, log(1 + index.source.ties[each.organisation]) / 4)
        numbers["closed"] = float(not index.source.active[each.organisation])
        types = index.source.types[each.organisation].split()
        for name in ("education", "healthcare", "company", "government", "facility", "funder"):
            if name in types:
                numbers[f"type_{name}"] = 1.0
        if not types:
            numbers["type_unknown"] = 1.0

    def _rivals(self, each: Candidate, numbers: dict[str, float]) -> None:
        """How it compares with those that the same words may mean."""
        numbers["rivals"] = min(1.0, log(1 + each.rivals) / 3)
        numbers["has_rival"] = float(each.rivals > 0)
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
        parts = max((self.index.children[other.organisation] for other in fitting), default=0)
        more = log((1 + self.index.children[each.organisation]) / (1 + parts)) if fitting else 0.0
        numbers["more_parts"] = max(-1.0, min(1.0, more / 2))
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
        following = evidence.after(each.mention.end)
        if not country:
            numbers["country_unknown"] = 1.0
        elif evidence.named:
            named = country in evidence.named or country == following
            fits = named or not _KIN.get(country, frozenset()).isdisjoint(evidence.named)
            numbers[f"{prefix}_same" if named else f"{prefix}_other"] = 1.0
            if not fits and len(evidence.named) == 1:
                numbers[f"{prefix}_elsewhere"] = 1.0
        elif evidence.hinted:
            weight, total = evidence.hinted.get(country, 0.0), sum(evidence.hinted.values())
            numbers[f"{prefix}_hint"] = min(1.0, weight / 2)
            numbers[f"{prefix}_hint_other"] = min(1.0, (total - weight) / 2) if weight < total / 3 else 0.0
        numbers["town_same"] = float(self._in_town(each))
        if country and following:
            numbers["next_country_same" if following == country else "next_country_other"] = 1.0

    def _in_town(self, each: Candidate) -> bool:
        """Whether the text names its town outside its name."""
        place = self.index.source.places[each.organisation]
        if not place:
            return False
        towns = places_of(place)
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

    def _stand(self, each: Candidate, numbers: dict[str, float]) -> None:
        """Where in the text it stands."""
        text, mention = self.text, each.mention
        first, last = text.part[mention.start], text.part[mention.end - 1]
        crossed = last - first - self._own_cuts(each) if last > first else 0
        numbers["crossing"] = max(0.0, min(1.0, crossed / 2))
        size = sum(self.part_size[part] for part in range(first, last + 1))
        numbers["fills_part"] = mention.length / size
        numbers["whole_text"] = float(mention.length == len(text))
        numbers["first_part"] = float(first == 0)
        numbers["bracketed"] = float(text.bracket[mention.start])

    def _next(self, each: Candidate) -> str:
        """What follows in the same part of the text."""
        text, after = self.text, each.mention.end
        if after == len(text) or text.part[after] != text.part[after - 1]:
            return ""
        word = text.words[after]
        if text.before[after] in _OF:
            return "next_of"
        if word in UNIT_HEADS:
            return "next_unit"
        if after in self.evidence.at or word in self.index.word_country or word[:1].isdigit():
            return "next_place"
        if text.before[after]:
            return "next_and"
        return f"next_{_sort(word)}"

    def _previous(self, each: Candidate) -> str:
        """What stands before it in the same part of the text."""
        text, start = self.text, each.mention.start
        if start == 0 or text.part[start - 1] != text.part[start]:
            return ""
        if text.before[start] in _OF:
            heads = any(text.words[n] in UNIT_HEADS for n in range(start) if text.part[n] == text.part[start])
            return "previous_of_unit" if heads else "previous_of"
        if text.before[start]:
            return "previous_and"
        return f"previous_{_sort(text.words[start - 1])}"

    def _own_cuts(self, each: Candidate) -> int:
        """Commas and brackets that the name itself has."""
        if each.mention.entry < 0:
            return 0
        row = self.index.entry_names[self.index.entry_first[each.mention.entry]]
        parts = read(self.index.source.name_text[row]).part
        return parts[-1] - parts[0] if parts else 0

    def _overlaps(self, each: Candidate, numbers: dict[str, float]) -> None:
        """Other organisations that the same words, or some of them, may mean."""
        mention, text = each.mention, self.text
        inside = near_inside = better = 0.0
        for other in self.found:
            theirs = other.mention
            if other.organisation == each.organisation or theirs.start >= mention.end or theirs.end <= mention.start:
                continue
            better = max(better, other.rough - each.rough)
            covers = theirs.start <= mention.start and theirs.end >= mention.end
            if covers and theirs.how == "spread" != mention.how:
                numbers["continued"] = 1.0
            if covers and theirs.length > mention.length:
                if theirs.how in {"exact", "order"}:
                    inside = max(inside, 0.3 if self._crosses(other) else 1.0)
                else:
                    near_inside = max(near_inside, (theirs.likeness - _LIKE) * 9)
            if theirs.how == "exact" and _interlock(theirs, mention):
                numbers["overlapping"] = 1.0
                if text.part[mention.start] != text.part[mention.end - 1]:
                    numbers["overlapping_crossing"] = 1.0
        numbers["inside_longer"] = inside
        numbers["inside_near"] = near_inside if inside < 1 else 0.0
        numbers["beaten"] = min(1.0, better * 2)
        numbers["best_here"] = float(better <= 0)

    def _family(self, each: Candidate, numbers: dict[str, float]) -> None:
        """Other organisations of the text that the registry, or the name itself, ties to it."""
        source, mention = self.index.source, each.mention
        parents = source.relations[each.organisation]
        for other in self.firm:
            self._beside(each, other, numbers)
        if mention.how == "order":
            numbers["order_of_two"] = float(mention.length == 2)  # noqa: PLR2004
            numbers["order_over"] = float("holds_university" in numbers or "holds_hospital" in numbers)
        for parent in parents:
            if "education" in source.types[parent]:
                numbers["part_of_university"] = 1.0
            if (named := self.by_organisation.get(parent)) and named.mention.how != "near":
                numbers["parent_named"] = 1.0
        if numbers.get("parent_named") and numbers.get("crossing"):
            numbers["crossing_child"] = 1.0
        numbers["repeated"] = float(each.support > 0)
        for how in each.also:
            numbers[f"also_{how}"] = 1.0
        numbers["alone"] = float(not self.firm)

    def _beside(self, each: Candidate, other: Candidate, numbers: dict[str, float]) -> None:
        """What another organisation whose name stands in the text is to it."""
        mention = each.mention
        theirs = other.mention
        smaller = theirs.length < mention.length and mention.start <= theirs.start and theirs.end <= mention.end
        if _is_school(self.text, theirs, mention):
            numbers["school_of"] = 1.0
        if _is_school(self.text, mention, theirs):
            numbers["has_school"] = 1.0
        if smaller and other is not each and "education" in self.index.source.types[other.organisation]:
            healthy = "hospital" in self.text.words[mention.start : mention.end]
            numbers["holds_hospital" if healthy else "holds_university"] = 1.0
        if each.organisation in self.index.source.relations[other.organisation]:
            numbers["child_named"] = 1.0

    def _crosses(self, each: Candidate) -> bool:
        """Whether its words stand in more parts of the text than its name has."""
        mention, part = each.mention, self.text.part
        crossed = part[mention.end - 1] - part[mention.start]
        return crossed > 0 and crossed > self._own_cuts(each)


def _sort(word: str) -> str:
    return "qualifier" if word in QUALIFIERS else "generic" if word in GENERIC else "other"


def _is_school(text: Text, whole: Mention, school: Mention) -> bool:
    """Whether one mention is a university's name and the other the same with "School of ..." after it."""
    begins = school.start == whole.start and whole.end < school.end
    return begins and text.words[whole.end] in _SCHOOLS


def _interlock(one: Mention, other: Mention) -> bool:
    """Whether each holds some words of the other and neither holds all."""
    return one.start < other.start < one.end < other.end or other.start < one.start < other.end < one.end


def _decided(numbers: Mapping[str, float]) -> bool:
    """Whether a text says more than a shared name, and what it says fits this organisation alone."""
    # Words that hint at a country are no evidence here: the shared name's own words hint alike for both.
    here = numbers.get("country_same", 0.0) > 0 and not numbers.get("rival_fits")
    town = numbers.get("town_same", 0.0) > 0 and not numbers.get("rival_in_town")
    return here or town


__all__ = ["weigh"]
