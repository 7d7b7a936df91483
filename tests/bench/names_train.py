"""Making ``node/subjects/matching/model.json``: a logistic regression, in plain Python, the same on every run.

``python -m tests.bench.names_train [--write] [--registry FILE …] [--names DIR]`` prints what cross-validation over the
development data says (five folds of texts; the text that is judged is never in the data that judged it) and, with
``--write``, writes weights from all of it. Thresholds are chosen on the held-out probabilities of Crossref alone, with
a margin: the safe one where links are right in ``SAFE_AIM`` of cases, the balanced one where F1 is highest.
"""

import argparse
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from pathlib import Path
from typing import Final

import msgspec

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
ROUNDS: Final = 8
ORDER_ROUNDS: Final = 6
_SMALLEST_STEP: Final = 1e-3
SHARE: Final = {CROSSREF: 1.0}
"""How much a text of a set counts; of the others, whose labels leave organisations out more often, ``OTHERS``."""
OTHERS: Final = 0.2
SAFE_AIM: Final = 0.9755
MODES: Final[tuple[resolve.Mode, ...]] = ("safe", "balanced")
_STEPS: Final = [number / 100 for number in range(5, 100)]

Row = tuple[list[tuple[int, float]], bool, float]


Columns = Mapping[str, int]


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


def rows(chosen: Sequence[Example], columns: Columns) -> list[Row]:
    """One row for each candidate."""
    return [
        ([(columns[name], value) for name, value in numbers.items() if value], right, SHARE.get(each.name, OTHERS))
        for each in chosen
        for numbers, right in zip(each.numbers, each.right, strict=True)
    ]


def cross_fit(chosen: Sequence[Example]) -> tuple[dict[str, float], dict[int, dict[str, float]]]:
    """Weights from all texts, and for each fold those from the other folds."""
    names = sorted({name for each in chosen for numbers in each.numbers for name in numbers})
    columns = {name: number for number, name in enumerate(names)}
    whole = fit(rows(chosen, columns), len(names))
    folds = {}
    for fold in range(FOLDS):
        data = rows([each for each in chosen if each.fold != fold], columns)
        folds[fold] = dict(zip(names, fit(data, len(names), whole, 3), strict=True))
    return dict(zip(names, whole, strict=True)), folds


def with_second(each: Example, first: Mapping[str, float]) -> Example:
    """The text with the numbers of the second look."""
    chances = [probability(first, numbers) for numbers in each.numbers]
    more = second.numbers(each.found, chances)
    both: list[Mapping[str, float]] = [{**own, **then} for own, then in zip(each.numbers, more, strict=True)]
    return replace(each, numbers=both)


def fit(data: Sequence[Row], size: int, start: Sequence[float] | None = None, rounds: int = ROUNDS) -> list[float]:
    """Weights of a ridge-penalised logistic regression by Newton's method; data in, numbers out, nothing random."""
    weights = list(start or [0.0] * size)
    for _ in range(rounds):
        slope = [-RIDGE * weight for weight in weights]
        curve = [[RIDGE if a == b else 0.0 for b in range(size)] for a in range(size)]
        for cells, right, share in data:
            chance = 1.0 / (1.0 + exp(-max(-30.0, min(30.0, sum(weights[at] * value for at, value in cells)))))
            error, bend = share * (right - chance), share * max(chance * (1.0 - chance), 1e-6)
            for at, value in cells:
                slope[at] += error * value
                line, pull = curve[at], bend * value
                for other, theirs in cells:
                    line[other] += pull * theirs
        step = solve(curve, slope)
        weights = [weight + change for weight, change in zip(weights, step, strict=True)]
    return weights


Texts = list[tuple[list[list[tuple[int, float]]], list[float]]]


def order_fit(
    chosen: Sequence[Example], start: Mapping[str, float]
) -> tuple[dict[str, float], dict[int, dict[str, float]]]:
    """Weights for the order of suggestions from all texts, each counting once, and for each fold from the others."""
    names = sorted(start)
    columns = {name: number for number, name in enumerate(names)}
    whole = fit_order(_lists(chosen, columns), [start[name] for name in names], ORDER_ROUNDS)
    folds = {}
    for fold in range(FOLDS):
        data = _lists([each for each in chosen if each.fold != fold], columns)
        folds[fold] = dict(zip(names, fit_order(data, whole, 3), strict=True))
    return dict(zip(names, whole, strict=True)), folds


def _lists(chosen: Sequence[Example], columns: Columns) -> Texts:
    """Texts in which somebody is meant and somebody is not, with the share of each candidate in being right."""
    return [
        (
            [[(columns[name], value) for name, value in numbers.items() if value] for numbers in each.numbers],
            [right / sum(each.right) for right in each.right],
        )
        for each in chosen
        if any(each.right) and not all(each.right)
    ]


def fit_order(data: Texts, start: Sequence[float], rounds: int) -> list[float]:
    """Weights by which those that are right come before those that are not: a choice among the candidates of each text.

    Newton's method; a step that would make it worse is halved.
    """
    weights, size = list(start), len(start)
    value = _order_value(data, weights)
    for _ in range(rounds):
        slope = [-RIDGE * weight for weight in weights]
        curve = [[RIDGE if a == b else 0.0 for b in range(size)] for a in range(size)]
        for lines, shares in data:
            chances = _chances(lines, weights)
            mean: dict[int, float] = {}
            for cells, chance, share in zip(lines, chances, shares, strict=True):
                for at, value_here in cells:
                    slope[at] += (share - chance) * value_here
                    mean[at] = mean.get(at, 0.0) + chance * value_here
                    line, pull = curve[at], chance * value_here
                    for other, theirs in cells:
                        line[other] += pull * theirs
            for at, pull in mean.items():
                line = curve[at]
                for other, theirs in mean.items():
                    line[other] -= pull * theirs
        step, part = solve(curve, slope), 1.0
        while part > _SMALLEST_STEP:
            tried = [weight + part * change for weight, change in zip(weights, step, strict=True)]
            if (reached := _order_value(data, tried)) > value:
                weights, value = tried, reached
                break
            part /= 2
    return weights


def _chances(lines: Sequence[Sequence[tuple[int, float]]], weights: Sequence[float]) -> list[float]:
    totals = [sum(weights[at] * value for at, value in cells) for cells in lines]
    raised = [exp(total - max(totals)) for total in totals]
    return [each / sum(raised) for each in raised]


def _order_value(data: Texts, weights: Sequence[float]) -> float:
    value = -RIDGE / 2 * sum(weight * weight for weight in weights)
    for lines, shares in data:
        for share, chance in zip(shares, _chances(lines, weights), strict=True):
            value += share * log(max(chance, 1e-300)) if share else 0.0
    return value


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve a positive definite system by elimination."""
    size = len(right)
    lines = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    for at in range(size):
        pivot = lines[at][at]
        for below in range(at + 1, size):
            if factor := lines[below][at] / pivot:
                lines[below] = [a - factor * b for a, b in zip(lines[below], lines[at], strict=True)]
    found = [0.0] * size
    for at in range(size - 1, -1, -1):
        line = lines[at]
        found[at] = (line[size] - sum(line[other] * found[other] for other in range(at + 1, size))) / line[at]
    return found


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
    balanced = max(_STEPS, key=lambda step: linked(crossref, Model({}, {}, 0, step), "balanced").f1)
    good = [step for step in _STEPS if linked(crossref, Model({}, {}, step, 0), "safe").precision >= SAFE_AIM]
    return min(good, default=0.99), balanced


def train(having: Matcher, directory: Path) -> Model:
    """Cross-validate, say what it gives, and return weights from everything."""
    once = examples(having, directory)
    first, first_folds = cross_fit(once)
    # Each text meets the second look as a new text would: with first probabilities that did not see its labels.
    twice = [with_second(each, first_folds[each.fold]) for each in once]
    then, then_folds = cross_fit(twice)
    order, order_folds = order_fit(twice, then)
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
