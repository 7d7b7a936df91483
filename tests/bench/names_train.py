"""Making ``node/subjects/matching/model.json``: logistic regressions, the same on every run.

``python -m tests.bench.names_train [--write] [--registry FILE …] [--names DIR]`` prints what cross-validation over the
development data says (five folds of texts; the text that is judged is never in the data that judged it) and, with
``--write``, writes weights from all of it. Thresholds are chosen on the held-out probabilities of Crossref alone, with
a margin: the safe one where links are right in ``SAFE_AIM`` of cases, the balanced one where F1 is highest among those
at which links are right in ``BALANCED_LEAST``.
"""

import argparse
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy import typing as npt

from node.subjects.matching import model as model_module
from node.subjects.matching import resolve, second
from node.subjects.matching.candidates import Candidate
from node.subjects.matching.model import Model, probability, strength
from node.subjects.matching.resolve import Matcher, Weighed
from tests.bench.names_data import CROSSREF, NAMES, REGISTRY, SETS, matcher_of, read_set
from tests.bench.names_score import Score, score_links, score_rank

SEED: Final = 20_260_904
FOLDS: Final = 5
RIDGE: Final = 1.0
ORDER_RIDGE: Final = 3.0
ROUNDS: Final = 10
ORDER_ROUNDS: Final = 30
_SMALLEST_STEP: Final = 1e-3
SHARE: Final = {CROSSREF: 1.0}
"""How much a text of a set counts; of the others, whose labels leave organisations out more often, ``OTHERS``."""
OTHERS: Final = 0.2
SAFE_AIM: Final = 0.977
BALANCED_LEAST: Final = 0.91
MODES: Final[tuple[resolve.Mode, ...]] = ("safe", "balanced")
_STEPS: Final = [number / 100 for number in range(5, 100)]

Numbers: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.intp]
Flags: TypeAlias = npt.NDArray[np.bool_]
Weights: TypeAlias = tuple[dict[str, float], dict[int, dict[str, float]]]
"""From all texts, and for each fold from the others."""


@dataclass(frozen=True, slots=True)
class Table:
    """Candidates, row by row: their numbers, whether they are right, how much they count, their text and its fold."""

    cells: Numbers
    right: Numbers
    share: Numbers
    text: Places
    fold: Places

    def where(self, chosen: Flags) -> "Table":
        """These rows alone."""
        return Table(self.cells[chosen], self.right[chosen], self.share[chosen], self.text[chosen], self.fold[chosen])


@dataclass(frozen=True, slots=True)
class Example:
    """One text: its candidates with their numbers, which of them are meant, and its fold."""

    name: str
    found: list[Candidate]
    numbers: list[Mapping[str, float]]
    right: list[bool]
    meant: int
    fold: int


def examples(having: Matcher, directory: Path) -> list[Example]:
    """All texts of all sets."""
    choose = random.Random(SEED)  # noqa: S311
    made = []
    for name in SETS:
        for each in read_set(directory, name):
            weighed = resolve.weigh(having, each.text)
            right = [having.index.subject(one.candidate.organisation) in each.meant for one in weighed]
            own = [{key: value for key, value in one.numbers.items() if not key.startswith("then_")} for one in weighed]
            found = [one.candidate for one in weighed]
            made.append(Example(name, found, list(own), right, len(each.meant), choose.randrange(FOLDS)))
    return made


def table(chosen: Sequence[Example], names: Sequence[str]) -> Table:
    """One row for each candidate, one column for each number."""
    columns = {name: number for number, name in enumerate(names)}
    count = sum(len(each.numbers) for each in chosen)
    cells, row = np.zeros((count, len(names))), 0
    for each in chosen:
        for numbers in each.numbers:
            for name, value in numbers.items():
                cells[row, columns[name]] = value
            row += 1
    sizes = [len(each.numbers) for each in chosen]
    return Table(
        cells,
        np.array([right for each in chosen for right in each.right], dtype=float),
        np.repeat([SHARE.get(each.name, OTHERS) for each in chosen], sizes),
        np.repeat(np.arange(len(chosen)), sizes),
        np.repeat([each.fold for each in chosen], sizes),
    )


def cross_fit(chosen: Sequence[Example]) -> Weights:
    """Weights from all texts, and for each fold those from the other folds."""
    return _cross(chosen, fit)


def order_fit(chosen: Sequence[Example]) -> Weights:
    """Weights for the order of suggestions from all texts, each counting once, and for each fold from the others."""
    return _cross(chosen, fit_order)


def _cross(chosen: Sequence[Example], learn: Callable[[Table], Numbers]) -> Weights:
    names = sorted({name for each in chosen for numbers in each.numbers for name in numbers})
    data = table(chosen, names)
    folds = {fold: _named(names, learn(data.where(data.fold != fold))) for fold in range(FOLDS)}
    return _named(names, learn(data)), folds


def _named(names: Sequence[str], weights: Numbers) -> dict[str, float]:
    return dict(zip(names, map(float, weights), strict=True))


def with_second(each: Example, first: Mapping[str, float]) -> Example:
    """The text with the numbers of the second look."""
    chances = [probability(first, numbers) for numbers in each.numbers]
    more = second.numbers(each.found, chances)
    both: list[Mapping[str, float]] = [{**own, **then} for own, then in zip(each.numbers, more, strict=True)]
    return replace(each, numbers=both)


def fit(data: Table) -> Numbers:
    """Weights of a ridge-penalised logistic regression by Newton's method; data in, numbers out, nothing random."""
    weights = np.zeros(data.cells.shape[1])
    for _ in range(ROUNDS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(data.cells @ weights, -30.0, 30.0)))
        bend = data.share * np.maximum(chance * (1.0 - chance), 1e-6)
        slope = data.cells.T @ (data.share * (data.right - chance)) - RIDGE * weights
        curve = data.cells.T @ (data.cells * bend[:, None]) + RIDGE * np.eye(len(weights))
        weights = weights + np.linalg.solve(curve, slope)
    return weights


def fit_order(data: Table) -> Numbers:
    """Weights by which one of those that are right comes first: a choice among the candidates of each text.

    Newton's method with the curve of the choice alone, which bends at least as much; a step that would make it worse
    is halved.
    """
    data = data.where(_undecided(data))
    starts = np.flatnonzero(np.r_[True, data.text[1:] != data.text[:-1]])
    group = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(data.text)]))
    weights = np.zeros(data.cells.shape[1])
    value = -np.inf
    for _ in range(ORDER_ROUNDS):
        chance, hit, value = _choice(data, weights, starts, group)
        wanted = chance * data.right / hit[group]
        slope = data.cells.T @ (wanted - chance) - ORDER_RIDGE * weights
        mean = np.add.reduceat(data.cells * chance[:, None], starts)
        curve = data.cells.T @ (data.cells * chance[:, None]) - mean.T @ mean + ORDER_RIDGE * np.eye(len(weights))
        step, part = np.linalg.solve(curve, slope), 1.0
        while part > _SMALLEST_STEP and _choice(data, weights + part * step, starts, group)[2] <= value:
            part /= 2
        if part <= _SMALLEST_STEP:
            break
        weights = weights + part * step
    return weights


def _undecided(data: Table) -> Flags:
    """The candidates of texts in which somebody is meant and somebody is not."""
    right = np.bincount(data.text, data.right)
    every = np.bincount(data.text)
    return ((right > 0) & (right < every))[data.text]


def _choice(data: Table, weights: Numbers, starts: Places, group: Places) -> tuple[Numbers, Numbers, float]:
    """The chance of each candidate to be first, that of each text's to be right, and how good that is in all."""
    total = data.cells @ weights
    raised = np.exp(total - np.maximum.reduceat(total, starts)[group])
    chance = raised / np.add.reduceat(raised, starts)[group]
    hit = np.maximum(np.add.reduceat(chance * data.right, starts), 1e-300)
    return chance, hit, float(np.log(hit).sum() - ORDER_RIDGE / 2 * weights @ weights)


@dataclass(frozen=True, slots=True)
class Judged:
    """One text, its candidates in the order that weights gave them."""

    name: str
    weighed: list[Weighed]
    right: list[bool]
    meant: int


def in_order(each: Judged) -> list[bool]:
    """Whether each suggestion is right, in the order in which they are suggested."""
    pairs = sorted(zip(each.weighed, each.right, strict=True), key=lambda pair: -pair[0].order)
    return [right for _, right in pairs]


def judged(each: Example, weights: Mapping[str, float], order: Mapping[str, float]) -> Judged:
    """By these weights of the second look and of the order."""
    scored = [
        (Weighed(one, numbers, probability(weights, numbers), strength(order, numbers)), right)
        for one, numbers, right in zip(each.found, each.numbers, each.right, strict=True)
    ]
    scored.sort(key=lambda item: (-item[0].probability, -item[0].candidate.rough, item[0].candidate.organisation))
    return Judged(each.name, [one for one, _ in scored], [right for _, right in scored], each.meant)


def linked(chosen: Sequence[Judged], weights: Model, mode: resolve.Mode) -> Score:
    """What these thresholds link in these texts."""
    return score_links(
        (each.meant, [each.right[rank] for rank in resolve.links(weights, each.weighed, mode)]) for each in chosen
    )


def thresholds(held_out: Sequence[Judged]) -> tuple[float, float]:
    """Safe, then balanced."""
    crossref = [each for each in held_out if each.name == CROSSREF]
    tried = {step: linked(crossref, Model({}, {}, 0, step), "balanced") for step in _STEPS}
    enough = [step for step in _STEPS if tried[step].precision >= BALANCED_LEAST]
    balanced = max(enough, key=lambda step: tried[step].f1, default=0.5)
    good = [step for step in _STEPS if linked(crossref, Model({}, {}, step, 0), "safe").precision >= SAFE_AIM]
    return min(good, default=0.99), balanced


def train(having: Matcher, directory: Path) -> Model:
    """Cross-validate, say what it gives, and return weights from everything."""
    once = examples(having, directory)
    first, first_folds = cross_fit(once)
    # Each text meets the second look as a new text would: with first probabilities that did not see its labels.
    twice = [with_second(each, first_folds[each.fold]) for each in once]
    then, then_folds = cross_fit(twice)
    order, order_folds = order_fit(twice)
    held_out = [judged(each, then_folds[each.fold], order_folds[each.fold]) for each in twice]
    safe, balanced = thresholds(held_out)
    final = Model(_rounded(first), _rounded(then), safe, balanced, _rounded(order))
    for name in SETS:
        chosen = [each for each in held_out if each.name == name]
        rank = score_rank((each.meant, in_order(each)) for each in chosen)
        scores = ", ".join(f"{mode} {linked(chosen, final, mode)}" for mode in MODES)
        sys.stdout.write(f"{name}: {scores}, {rank}\n")
    crossref = [each for each in held_out if each.name == CROSSREF]
    for step in _STEPS[::5]:
        tried = Model({}, {}, step, step)
        scores = ", ".join(f"{mode} {linked(crossref, tried, mode)}" for mode in MODES)
        sys.stdout.write(f"crossref at {step}: {scores}\n")
    sys.stdout.write(f"thresholds: safe {safe}, balanced {balanced}\n")
    return final


def _rounded(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: round(weight, 3) for name, weight in weights.items()}


def main() -> None:
    """Train, and write where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registry", type=Path, action="append")
    parser.add_argument("--names", type=Path, default=NAMES)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    made = train(matcher_of(options.registry or [REGISTRY]), options.names)
    if options.write:
        path = Path(model_module.__file__).with_name(model_module.FILE)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(made, order="sorted"), indent=1) + b"\n")


if __name__ == "__main__":
    main()
