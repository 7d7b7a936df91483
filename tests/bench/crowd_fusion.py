"""The product's fusion on judgements with known truth: one claim for each class of a task.

A worker's answer supports the claim of the class that it names and contests those of the others; every opinion has the
same grade, is of today and of tier 1. The claim with the greatest expected probability (belief + uncertainty / 2)
decides; where several have it, each of them is right for its share of one. A class that nobody named is a claim that
everybody contests: it is scored, and decides nothing.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

from protocol.decay import PPM
from protocol.signals import LikelihoodWord, Signal, Stance, fuse
from protocol.statements import Reliability
from tests.bench.crowd_data import Crowd
from tests.protocol.opinions import TODAY, opinion

RELIABILITY: Final[Reliability] = "B"
CREDIBILITY: Final = 2
"""Of every judgement: usually reliable and probably true, the middle of what findings say of themselves."""
K: Final = 3

Trust: TypeAlias = Callable[[str], float]
"""The weight of a worker, 0 to 1."""
Voice: TypeAlias = tuple[str, str, str]
"""One opinion on a task: who, which class, and the source it shares with others (empty: its own)."""
_Kind: TypeAlias = tuple[Stance, int, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """The claims of one task: those that somebody named, and what a class reads that nobody did."""

    named: Mapping[str, Signal]
    unnamed: Signal

    def expected(self, label: str) -> float:
        """The expected probability of one class."""
        signal = self.named.get(label, self.unnamed)
        return (signal.belief_ppm + signal.uncertainty_ppm / 2) / PPM

    def word(self, label: str) -> LikelihoodWord | str:
        """Its word."""
        return self.named.get(label, self.unnamed).likelihood


@dataclass(slots=True)
class Score:
    """How good decisions and probabilities were over some tasks."""

    right: float = 0.0
    brier: float = 0.0
    tasks: int = 0
    bins: dict[str, list[float]] = field(default_factory=dict)
    """By word: claims, sum of expected probabilities, how many were so."""

    @property
    def accuracy(self) -> float:
        """Share of tasks decided rightly, ties shared."""
        return self.right / max(1, self.tasks)

    @property
    def mean_brier(self) -> float:
        """Mean squared distance of the probabilities of all classes from what was so; with two classes the usual."""
        return self.brier / max(1, self.tasks)


def in_full(_worker: str) -> float:
    """Everybody weighs the same."""
    return 1.0


def read(voices: list[Voice], trust: Trust) -> Reading:
    """Fuse the claims of one task."""
    weights = {who: round(trust(who) * PPM) for who, _, _ in voices}
    labels = {label for _, label, _ in voices}
    return Reading(
        {
            label: _fused(
                tuple(
                    sorted(("supports" if said == label else "contests", weights[who], of) for who, said, of in voices)
                )
            )
            for label in labels
        },
        _fused(tuple(sorted(("contests", weights[who], of) for who, _, of in voices))),
    )


def scored(
    crowd: Crowd,
    tasks: Mapping[str, str],
    trust: Trust = in_full,
    more: Callable[[str, str], list[Voice]] = lambda _task, _label: [],
) -> Score:
    """Decisions and probabilities of the signal over these tasks and their truth; ``more`` adds to the voices."""
    score = Score()
    for task, label in tasks.items():
        voices = [(worker, said, "") for worker, said in crowd.votes[task].items()]
        add(score, read(replaced(voices, more(task, label)), trust), crowd, label)
    return score


def add(score: Score, reading: Reading, crowd: Crowd, truth: str) -> None:
    """Count one task in."""
    expected = {label: reading.expected(label) for label in crowd.classes}
    best = max(expected[label] for label in reading.named)
    winners = [label for label in reading.named if expected[label] == best]
    score.right += (truth in winners) / len(winners)
    score.brier += _distance(expected, truth)
    score.tasks += 1
    for label in crowd.classes:
        count = score.bins.setdefault(reading.word(label), [0.0, 0.0, 0.0])
        for place, value in enumerate((1.0, expected[label], float(label == truth))):
            count[place] += value


def replaced(voices: list[Voice], more: list[Voice]) -> list[Voice]:
    """Both, those of ``more`` in the place of the same worker's."""
    return list({who: (who, said, of) for who, said, of in (*voices, *more)}.values())


def majority(
    crowd: Crowd, tasks: Mapping[str, str], more: Callable[[str, str], list[Voice]] = lambda _task, _label: []
) -> Score:
    """The most votes decide, ties shared; the share of votes is the probability."""
    score = Score()
    for task, truth in tasks.items():
        voices = [(worker, said, "") for worker, said in crowd.votes[task].items()]
        votes = Counter(said for _, said, _ in replaced(voices, more(task, truth)))
        winners = [label for label, number in votes.items() if number == max(votes.values())]
        score.right += (truth in winners) / len(winners)
        score.brier += _distance({label: votes[label] / votes.total() for label in crowd.classes}, truth)
        score.tasks += 1
    return score


def _distance(expected: Mapping[str, float], truth: str) -> float:
    return sum((each - (label == truth)) ** 2 for label, each in expected.items()) / len(expected)


@lru_cache(maxsize=200_000)
def _fused(kinds: tuple[_Kind, ...]) -> Signal:
    """The signal of opinions of these kinds, whoever holds them: who that is changes nothing (clause 10.1)."""
    opinions = [
        opinion(
            f"worker {number}",
            stance=stance,
            reliability=RELIABILITY,
            credibility=CREDIBILITY,
            sources=source,
            trust_ppm=trust,
        )
        for number, (stance, trust, source) in enumerate(kinds)
    ]
    return fuse(opinions, half_life_months=None, k=K, today=TODAY)
