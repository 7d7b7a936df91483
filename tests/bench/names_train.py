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
from math import exp
from pathlib import Path
from typing import Final

import msgspec

from node.subjects.matching import model as model_module
from node.subjects.matching import resolve, second
from node.subjects.matching.features import Candidate
from node.subjects.matching.model import Model, probability
from node.subjects.matching.resolve import Matcher, Weighed
from tests.bench.names_data import CROSSREF, NAMES, REGISTRY, SETS, matcher_of, read_set
from tests.bench.names_score import Score, score_links, score_rank

SEED: Final = 20_260_904
FOLDS: Final = 5
RIDGE: Final = 1.0
ROUNDS: Final = 8
SHARE: Final = {CROSSREF: 1.0}
"""How much a text of a set counts; of the others, whose labels leave organisations out more often, ``OTHERS``."""
OTHERS: Final = 0.2
SAFE_AIM: Final = 0.977
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


def judged(each: Example, weights: Mapping[str, float]) -> Judged:
    """By these weights of the second look."""
    scored = [
        (Weighed(one, numbers, probability(weights, numbers)), right)
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
    held_out = [judged(each, then_folds[each.fold]) for each in twice]
    safe, balanced = thresholds(held_out)
    final = Model(_rounded(first), _rounded(then), safe, balanced)
    for name in SETS:
        chosen = [each for each in held_out if each.name == name]
        rank = score_rank((each.meant, each.right) for each in chosen)
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
