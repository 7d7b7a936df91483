"""The organisations that a text may mean, each once, by its best mention, in a first rough order."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.subjects.matching.index import Index
from node.subjects.matching.mentions import How, Mention
from node.subjects.matching.places import Evidence
from node.subjects.matching.text import Text

MAX_CANDIDATES: Final = 25
"""Organisations that are weighed for one text, after a first rough order."""
_HOW: Final = {
    "exact": 1.0,
    "order": 0.9,
    "spread": 0.97,
    "near": 0.75,
    "short": 0.7,
    "acronym": 0.45,
    "initials": 0.4,
    "host": 0.6,
}
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
    also: frozenset[How] = frozenset()
    """In what other ways the text names it."""
    parents: tuple[int, ...] = ()
    """The organisations of which the registry calls it a part."""
    education: bool = False


def candidates(index: Index, text: Text, mentions: Sequence[Mention], evidence: Evidence) -> list[Candidate]:
    """Each organisation once, best first by a rough measure."""
    best: dict[int, tuple[float, Mention, int, int]] = {}
    spans: dict[int, set[tuple[int, int]]] = defaultdict(set)
    ways: dict[int, set[How]] = defaultdict(set)
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
            ways[owner].add(mention.how)
            known = best.get(owner)
            if known is None or (rough, mention.length) > (known[0], known[1].length):
                best[owner] = (rough, mention, kind, len(owners) - 1)
    ordered = sorted(best.items(), key=lambda item: (-item[1][0], item[0]))[:MAX_CANDIDATES]
    return [
        Candidate(
            owner,
            mention,
            kind,
            rough,
            rivals,
            _others(spans[owner], mention),
            frozenset(ways[owner] - {mention.how}),
            tuple(index.source.relations[owner]),
            "education" in index.source.types[owner],
        )
        for owner, (rough, mention, kind, rivals) in ordered
    ]


def _others(spans: set[tuple[int, int]], mention: Mention) -> int:
    return sum(1 for start, end in spans if end <= mention.start or start >= mention.end)


def telling_of(index: Index, text: Text, mention: Mention) -> float:
    """How rare the words of a mention are together, 0 to 1."""
    if mention.how == "host":
        return 1.0
    if mention.how in {"acronym", "initials"}:
        return min(1.0, len(text.words[mention.start]) / 8)
    words = (
        text.words[mention.start : mention.end]
        if mention.how not in {"near", "spread"}  # of a shortened name, what is left of it
        else index.entry_words[mention.entry].split()
    )
    return min(1.0, sum(index.rarity.get(word, 8.0) for word in words) / FULL_RARITY)


__all__ = ["Candidate", "candidates", "telling_of"]
