"""The second look: how an organisation stands among the others of its text, once each has a first probability.

An affiliation names a department's university and hospital side by side, or one name inside another. What the first
look gave each of them says which is meant, and which only lends its words.
"""

from collections.abc import Sequence
from math import log
from typing import Final

from node.subjects.matching.candidates import Candidate

_EDGE: Final = 1e-4
"""Probabilities are kept this far from 0 and 1 before their odds are taken."""
_LIKELY: Final = 0.5


def numbers(found: Sequence[Candidate], first: Sequence[float]) -> list[dict[str, float]]:
    """Further numbers for each candidate of one text, from the first probabilities of all of them."""
    likely = sum(chance > _LIKELY for chance in first) / 5
    return [_of(at, found, first, likely) for at in range(len(found))]


def _of(at: int, found: Sequence[Candidate], first: Sequence[float], likely: float) -> dict[str, float]:
    mine, chance = found[at].mention, first[at]
    overlap = elsewhere = inside = holds = before = after = parent = child = campus = 0.0
    for other, theirs in zip(found, first, strict=True):
        there = other.mention
        if other is found[at]:
            continue
        if other.organisation in found[at].parents:
            parent = max(parent, theirs)
        if found[at].organisation in other.parents:
            child = max(child, theirs)
        if there.start < mine.end and there.end > mine.start:
            overlap = max(overlap, theirs)
            if there.length > mine.length and there.start <= mine.start and there.end >= mine.end:
                inside = max(inside, theirs)
            if there.length < mine.length and there.start >= mine.start and there.end <= mine.end:
                holds = max(holds, theirs)
        else:
            elsewhere = max(elsewhere, theirs)
            if there.start < mine.start:
                before = max(before, theirs)
            else:
                after = max(after, theirs)
            if other.education:
                campus = max(campus, theirs)
    rank = sum(theirs > chance for theirs in first)
    kept = min(1 - _EDGE, max(_EDGE, chance))
    return {
        "then_odds": log(kept / (1 - kept)) / 5,
        "then_overlap": overlap,
        "then_elsewhere": elsewhere,
        "then_inside": inside,
        "then_holds": holds,
        "then_first": float(rank == 0),
        "then_second": float(rank == 1),
        "then_overlap_both": overlap * chance,
        "then_elsewhere_both": elsewhere * chance,
        "then_likely": likely,
        "then_before": before,
        "then_after": after,
        "then_before_both": before * chance,
        "then_after_both": after * chance,
        "then_parent": parent,
        "then_child": child,
        "then_parent_both": parent * chance,
        "then_child_both": child * chance,
        "then_campus": campus * (not found[at].education),
        "then_campus_before": campus * (before >= campus) * (not found[at].education),
        "then_elsewhere_ahead": max(0.0, elsewhere - chance),
        "then_overlap_ahead": max(0.0, overlap - chance),
    }
