"""Where a text may name an organisation: exact names, names in another order, names nearly so, acronyms, addresses.

A mention is a claim about some words of the text; which organisation they mean is decided later, over all of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from rapidfuzz import fuzz, process

from node.subjects.matching.index import MAX_NAME_WORDS, MIN_SPELLED, Index
from node.subjects.matching.places import Evidence
from node.subjects.matching.text import Text, is_acronym
from node.subjects.matching.vocabulary import GENERIC, KINDS_OF_ORGANISATIONS

How: TypeAlias = Literal["exact", "order", "spread", "short", "near", "acronym", "initials", "host"]

MAX_BAG_WORDS: Final = 7
"""Words of a name that is looked for in any order; each more costs a sort at every word of the text."""
MAX_NEAR: Final = 12
"""Nearly fitting names that are kept for each part of a text."""
MAX_NEAR_WHOLE: Final = 8
"""Nearly fitting names that are kept for the text as a whole."""
MAX_COMMON_ROWS: Final = 1_000
"""Names of one word beyond which it is not followed where a rarer word of the text has names."""
MAX_SCORED: Final = 60
"""Names whose likeness is computed, after their rare words are counted."""
MAX_BEARERS: Final = 40
"""Organisations that one acronym or name may stand for; beyond it says nothing."""
MAX_UNSAID: Final = 10
"""Organisations whose first letters an abbreviation may be; of more, it says too little."""
MAX_LOOKED: Final = 8
"""Rarest words of a part by which names are looked for."""
MAX_SPELLINGS: Final = 3
"""Known words that a misspelt one may stand for."""
MAX_COMPLETIONS: Final = 6
"""Known words that an abbreviation may stand for."""
MIN_STEM: Final = 3
"""Letters from which an abbreviation is completed."""
MAX_SHORT: Final = 6
"""Longer names that are kept for one shortened name."""
MAX_SHORT_WORDS: Final = 4
"""Words of a shortened name: its kind ("university") and what tells it from others of its kind."""
MAX_SHORT_MISSING: Final = 4
"""Words by which the full name may be longer."""
_MIN_TELLING: Final = 3.0
"""Rarity of the rarest word of a shortened name."""
_MIN_COVER: Final = 0.55
_MIN_COVER_WHOLE: Final = 0.7
_FULL_LEFT: Final = 30.0
"""Rarity of the words left out from which little speaks for a shortened name."""
_MIN_SPELLING: Final = 82.0
_ABBREVIATED_RARITY: Final = 3.0
"""Rarity of an abbreviation that is none of a word of the name."""
UNKNOWN_RARITY: Final = 9.0
"""Rarity of a word that no name has: as one that few have."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Words ``start`` to ``end`` of the text may name the organisations that bear ``entry``."""

    start: int
    end: int
    how: How
    entry: int
    """Row of the name, or -1 where ``organisations`` are given."""
    likeness: float
    """1 for the same words; below that, how far the name and the words cover each other."""
    organisations: tuple[int, ...] = ()

    @property
    def length(self) -> int:
        """Words."""
        return self.end - self.start


def inside(exact: Sequence[Mention]) -> set[int]:
    """Words of the text that stand in a name but do not begin it."""
    return {number for each in exact if each.how == "exact" for number in range(each.start + 1, each.end)}


def find(index: Index, text: Text, exact: list[Mention], evidence: Evidence) -> list[Mention]:
    """All mentions, unordered; they may overlap and contradict each other. ``exact``: those of :func:`find_exact`."""
    places = evidence.at
    if not _is_place(0, len(text), places):
        exact = [each for each in exact if not _is_place(each.start, each.end, places)]
    return [
        *exact,
        *_spread(index, text, exact),
        *_short(index, text, exact, evidence),
        *_acronyms(index, text, places),
        *_hosts(index, text),
        *_near(index, text, exact, places),
    ]


def _is_place(start: int, end: int, places: Mapping[int, str]) -> bool:
    return all(number in places for number in range(start, end))


def _spread(index: Index, text: Text, exact: list[Mention]) -> list[Mention]:
    """Names that continue one that stands here by words that stand elsewhere: a campus by its town."""
    found = []
    for mention in exact:
        if mention.how != "exact" or mention.length < 2:  # noqa: PLR2004
            continue
        elsewhere = {*text.words[: mention.start], *text.words[mention.end :]}
        for entry in index.longer.get(mention.entry, ()):
            more = index.entry_words[entry].split()[mention.length :]
            if more and all(word in elsewhere and word not in GENERIC for word in more):
                found.append(Mention(mention.start, mention.end, "spread", entry, 0.95))
    return found


def _short(index: Index, text: Text, exact: Sequence[Mention], evidence: Evidence) -> list[Mention]:
    """Names of which some words stand here and the others are left out: "University of Bari", "Courant Institute"."""
    held = {
        number
        for each in exact
        if each.how == "exact" and each.length > 1 and not _elsewhere(index, each, evidence)
        for number in range(each.start, each.end)
    }
    found: list[Mention] = []
    for number, word in enumerate(text.words):
        if word in KINDS_OF_ORGANISATIONS and number not in held:
            found += _shortened(index, text, number)
    return found


def _elsewhere(index: Index, mention: Mention, evidence: Evidence) -> bool:
    """Whether all who bear this name are in countries that the text does not name, though it names one."""
    countries = {index.source.countries[owner] for owner in index.owners(mention.entry)}
    return bool(evidence.named) and "" not in countries and countries.isdisjoint(evidence.named)


def _shortened(index: Index, text: Text, number: int) -> list[Mention]:
    """The longest run of words around the kind of an organisation that some name holds, and the names that hold it."""
    part = text.part
    for length in range(MAX_SHORT_WORDS, 1, -1):
        found: list[tuple[float, int, int]] = []
        for start in range(max(0, number - length + 1), number + 1):
            end = start + length
            if end > len(text) or part[start] != part[end - 1]:
                continue
            words = text.words[start:end]
            rarest = max(words, key=lambda word: index.rarity.get(word, 0.0))
            if index.rarity.get(rarest, 0.0) < _MIN_TELLING or len(set(words)) < length:
                continue
            for entry in index.postings.get(rarest, ()):
                name = index.entry_words[entry].split()
                if len(name) - length <= MAX_SHORT_MISSING and set(words) <= set(name):
                    found.append((_left_out(index, text, name, words), start, entry))
        if found:
            found.sort()
            return [
                Mention(start, start + length, "short", entry, max(0.2, 1.0 - left / _FULL_LEFT))
                for left, start, entry in found[:MAX_SHORT]
            ]
    return []


def _left_out(index: Index, text: Text, name: Sequence[str], words: Sequence[str]) -> float:
    """How telling the words are by which the name is longer, those that stand elsewhere in the text taken off."""
    more = [word for word in name if word not in words]
    return sum(index.rarity[word] * (0.1 if word in text.words else 1.0) for word in more)


def find_exact(index: Index, text: Text) -> list[Mention]:
    """Names that stand in the text word by word, in their order or another."""
    found: list[Mention] = []
    entries, bags, words = index.entries, index.bags, text.words
    for start in range(len(words)):
        squashed, plain = "", True
        for end in range(start, min(len(words), start + MAX_NAME_WORDS)):
            squashed += words[end]
            plain = plain and len(words[end]) > 1
            entry = entries.get(squashed)
            if entry is not None and (end > start or words[end] not in GENERIC or len(words) == 1):
                found.append(Mention(start, end + 1, "exact", entry, 1.0))
                continue
            if 0 < end - start < MAX_BAG_WORDS and text.part[start] == text.part[end] and plain:
                bag = bags.get(" ".join(sorted(words[start : end + 1])))
                if bag is not None:
                    entries_in_order = bag if isinstance(bag, list) else [bag]
                    found += [Mention(start, end + 1, "order", each, 0.97) for each in entries_in_order]
    return found


def _acronyms(index: Index, text: Text, places: Mapping[int, str]) -> list[Mention]:
    found = []
    for number, word in enumerate(text.written):
        alone = len(text) == 1 and len(word) > 2  # noqa: PLR2004
        if alone or (is_acronym(word) and number not in places):
            bearers = index.acronyms.get(text.folded[number], ())
            if 0 < len(bearers) <= MAX_BEARERS:
                found.append(Mention(number, number + 1, "acronym", -1, 1.0, tuple(bearers)))
            unsaid = index.initials.get(text.folded[number], ())
            if 0 < len(unsaid) <= MAX_UNSAID:
                found.append(Mention(number, number + 1, "initials", -1, 1.0, tuple(unsaid)))
    return found


def _hosts(index: Index, text: Text) -> list[Mention]:
    found = []
    for host in text.domains:
        parts = host.split(".")
        for start in range(max(1, len(parts) - 1)):
            bearers = index.hosts.get(".".join(parts[start:]), ())
            if 0 < len(bearers) <= MAX_BEARERS:
                found.append(Mention(0, 0, "host", -1, 1.0, tuple(bearers)))
                break
    return found


def _near(index: Index, text: Text, exact: list[Mention], places: Mapping[int, str]) -> list[Mention]:
    """Names that share their rare words with one part of the text, or with the whole of it."""
    covered = [number in places for number in range(len(text))]
    named = set[int]()
    for mention in exact:
        if mention.length > 1:
            named.update(range(mention.start, mention.end))
    for number in named:
        covered[number] = True
    spelled = [_spellings(index, text, number) for number in range(len(text))]
    starts = [0, *(n for n in range(1, len(text)) if text.part[n] != text.part[n - 1]), len(text)]
    found: list[Mention] = []
    for start, end in pairwise(starts):
        if not all(covered[start:end]):
            found += _near_words(index, text, spelled, range(start, end), _MIN_COVER, MAX_NEAR)
    if len(starts) > 2:  # noqa: PLR2004
        free = [number for number in range(len(text)) if number not in named]
        found += _near_words(index, text, spelled, free, _MIN_COVER_WHOLE, MAX_NEAR_WHOLE)
    return found


def _near_words(
    index: Index, text: Text, spelled: Sequence[Sequence[str]], numbers: Sequence[int], least: float, most: int
) -> list[Mention]:
    """Names of which these words of the text, as they are or as they may be meant, make up ``least`` or more."""
    rarity, totals = index.rarity, index.entry_total
    stands: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        for word in spelled[number]:
            stands[word].append(number)
    scores = _shared(index, [spelled[number] for number in numbers if spelled[number]])
    best = nlargest(MAX_SCORED, scores, key=lambda entry: (scores[entry] * scores[entry] / totals[entry], -entry))
    found = []
    for entry in best:
        words = index.entry_words[entry].split()
        cover = sum(rarity[word] for word in words if word in stands) / totals[entry]
        if cover >= least:
            mention = _placed(index, text, stands, entry, cover)
            if mention is not None:
                found.append(mention)
    found.sort(key=lambda mention: -mention.likeness)
    return found[:most]


def _shared(index: Index, slots: Iterable[Sequence[str]]) -> dict[int, float]:
    """Names that have some of the rarest words, with the rarity of what they have.

    A slot is one word of the text with the words that it may stand for; it is as rare as the commonest of them.
    """
    rarity, postings = index.rarity, index.postings
    distinct = {words[0]: words for words in slots}
    value = {
        first: min(rarity[word] for word in words if word in postings)
        for first, words in distinct.items()
        if any(word in postings for word in words)
    }
    scores: dict[int, float] = defaultdict(float)
    for first in nlargest(MAX_LOOKED, value, key=value.__getitem__):
        for word in distinct[first]:
            rows = postings.get(word, ())
            if len(rows) > MAX_COMMON_ROWS and scores:
                continue  # rarer words have found enough
            weight = rarity.get(word, 0.0)
            for entry in rows:
                scores[entry] += weight
    return scores


def _placed(index: Index, text: Text, spelled: dict[str, list[int]], entry: int, cover: float) -> Mention | None:
    """Where the words of a name stand: the narrowest window, and how much of the window is not in the name."""
    words = index.entry_words[entry].split()
    places = sorted({number for word in words for number in spelled.get(word, ())})
    if not places:
        return None
    if len(places) == 1 and len(words) > 1 and text.words[places[0]] in GENERIC:
        return None
    start, end = places[0], places[-1] + 1
    # Drop far-away repetitions of a word: keep the densest run of as many places as the name has words.
    want = min(len(places), len(words))
    span = min((places[i + want - 1] - places[i], places[i]) for i in range(len(places) - want + 1))
    start, end = span[1], span[1] + span[0] + 1
    name = index.entry_words[entry]
    window = " ".join(text.words[start:end])
    ratio = fuzz.ratio(name, window) / 100.0
    inside = sum(index.rarity.get(word, UNKNOWN_RARITY) for word in text.words[start:end])
    if any(text.cut_short[start:end]):  # abbreviations are compared word by word, by what they begin
        ratio = max(ratio, cover * len(words) / max(len(words), end - start))
        inside = sum(_rarity_of(index, text, number, words) for number in range(start, end))
    shared = sum(index.rarity[word] for word in set(words) if word in spelled)
    likeness = min(0.96, (cover * min(1.0, shared / inside if inside else 0.0)) ** 0.5 * 0.6 + ratio * 0.4)
    return Mention(start, end, "near", entry, likeness)


def _rarity_of(index: Index, text: Text, number: int, words: Sequence[str]) -> float:
    """How telling a word of the text is; an abbreviation counts as the word of the name that it abbreviates."""
    word = text.words[number]
    if not text.cut_short[number]:
        return index.rarity.get(word, UNKNOWN_RARITY)
    return max((index.rarity[each] for each in words if each.startswith(word)), default=_ABBREVIATED_RARITY)


def _spellings(index: Index, text: Text, number: int) -> list[str]:
    """The word itself; else the known words that it abbreviates, or is a misspelling of."""
    word, cut_short = text.words[number], text.cut_short[number]
    known = word in index.rarity
    if known and (not cut_short or word != text.folded[number]):
        return [word]
    if len(word) < MIN_STEM or word.isdigit():
        return [word]
    bucket = index.near.get(word[:2], ())
    if cut_short:
        longer = [each for each in bucket if each.startswith(word) and len(each) > len(word)]
        found = sorted(longer, key=lambda each: index.rarity[each])[:MAX_COMPLETIONS]
        return [word, *found] if known else found
    if len(word) < MIN_SPELLED:
        return [word]
    close = process.extract(word, bucket, scorer=fuzz.ratio, score_cutoff=_MIN_SPELLING, limit=MAX_SPELLINGS)
    return [each for each, _, _ in close]


__all__ = ["How", "Mention", "find", "find_exact", "inside"]
