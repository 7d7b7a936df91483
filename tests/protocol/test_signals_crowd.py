"""Signals on judgements of real people with known truth: recognising entailment, and the order of events.

The workers stand for contributors, each with one opinion of the same grade on each task they judged.
"""

import csv
import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import pytest

from protocol.decay import PPM
from protocol.signals import Opinion, fuse
from tests.protocol.opinions import TODAY, opinion
from tests.support import shared_data

GOLD_TASKS: Final = 20
Votes = Mapping[str, list[tuple[str, bool]]]


def _load(name: str) -> tuple[Votes, Mapping[str, bool]]:
    with shared_data(f"crowd/snow_{name}_truth.csv").open(encoding="utf-8") as file:
        labels = {row["task"]: row["label"] for row in csv.DictReader(file)}
    positive = max(labels.values())
    votes: dict[str, list[tuple[str, bool]]] = {}
    with shared_data(f"crowd/snow_{name}_answer.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            votes.setdefault(row["task"], []).append((row["worker"], row["label"] == positive))
    return votes, {task: label == positive for task, label in labels.items()}


def _opinions(votes: list[tuple[str, bool]], trust: Callable[[str], int]) -> list[Opinion]:
    return [opinion(worker, stance="supports" if yes else "contests", trust_ppm=trust(worker)) for worker, yes in votes]


def _right(opinions: list[Opinion], *, truth: bool) -> float:
    """1 for the right side, 0 for the wrong one; a tie counts half."""
    signal = fuse(opinions, half_life_months=None, k=3, today=TODAY)
    if signal.supporting_mass == signal.contesting_mass:
        return 0.5
    return float((signal.supporting_mass > signal.contesting_mass) == truth)


def _even(_worker: str) -> int:
    return PPM


@pytest.mark.parametrize(("name", "majority"), [("rte", 0.896), ("temp", 0.936)])
def test_with_equal_trust_no_worse_than_the_majority(name: str, majority: float) -> None:
    votes, truth = _load(name)
    rights = [_right(_opinions(each, _even), truth=truth[task]) for task, each in votes.items()]
    assert sum(rights) / len(rights) >= majority


@pytest.mark.parametrize(("name", "dawid_skene"), [("rte", 0.9275), ("temp", 0.942)])
def test_with_trust_learnt_from_twenty_tasks_near_dawid_skene(name: str, dawid_skene: float) -> None:
    votes, truth = _load(name)
    gold = set(random.Random(1).sample(sorted(truth), GOLD_TASKS))  # noqa: S311 - a fixed sample, not a secret
    judged = [(worker, yes == truth[task]) for task in gold for worker, yes in votes[task]]
    seen = Counter(worker for worker, _ in judged)
    right = Counter(worker for worker, correct in judged if correct)

    def trust(worker: str) -> int:
        rate = (right[worker] + 3) / (seen[worker] + 4)
        return max(0, int((2 * rate - 1) * PPM))

    rights = [_right(_opinions(each, trust), truth=truth[task]) for task, each in votes.items() if task not in gold]
    assert sum(rights) / len(rights) >= dawid_skene - 0.01


def test_copies_of_a_liar_weigh_like_one() -> None:
    votes, truth = _load("temp")

    def accuracy(copies: int) -> float:
        rights = []
        for task, each in votes.items():
            liar = [
                opinion(f"liar {number}", stance="contests" if truth[task] else "supports", sources="paper")
                for number in range(copies)
            ]
            rights.append(_right(_opinions(each, _even) + liar, truth=truth[task]))
        return sum(rights) / len(rights)

    assert accuracy(1) == accuracy(5) == accuracy(20)
