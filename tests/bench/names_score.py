"""Counting right and wrong links, and how far up the list the right organisation stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Score:
    """Links over a set: each link and each meant organisation counts once."""

    right: int
    made: int
    meant: int
    exact: int
    """Texts of which every link is right and none is missing."""
    texts: int

    @property
    def precision(self) -> float:
        """Share of the links that are right."""
        return self.right / self.made if self.made else 0.0

    @property
    def recall(self) -> float:
        """Share of the meant organisations that are linked."""
        return self.right / self.meant if self.meant else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of the two."""
        return 2 * self.right / (self.made + self.meant) if self.made + self.meant else 0.0

    def __str__(self) -> str:
        return f"P {self.precision:.4f} R {self.recall:.4f} F1 {self.f1:.4f}"


@dataclass(frozen=True, slots=True)
class Rank:
    """Texts in which an organisation is meant: how many have one first, and among the first five."""

    texts: int
    first: int
    five: int

    def __str__(self) -> str:
        return f"R@1 {self.first / max(1, self.texts):.4f} R@5 {self.five / max(1, self.texts):.4f}"


def score_links(texts: Iterable[tuple[int, Sequence[bool]]]) -> Score:
    """From the number of meant organisations and whether each link is right, text by text."""
    right = made = meant = exact = count = 0
    for wanted, links in texts:
        count, meant, made, right = count + 1, meant + wanted, made + len(links), right + sum(links)
        exact += sum(links) == len(links) == wanted
    return Score(right, made, meant, exact, count)


def score_rank(texts: Iterable[tuple[int, Sequence[bool]]]) -> Rank:
    """From whether each suggestion is right, best first; texts that mean nobody are left out."""
    ranked = [right for wanted, right in texts if wanted]
    return Rank(len(ranked), sum(any(each[:1]) for each in ranked), sum(any(each[:5]) for each in ranked))
