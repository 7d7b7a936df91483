"""What the fusion is put through: learnt trust, copies, coordinated liars, one contributor less."""

import random
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd  # type: ignore[import-untyped]  # no stubs
from crowdkit.aggregation import DawidSkene

from node.insight.reliability import OPEN_WEIGHT, UNKNOWN, learn, weight
from tests.bench.crowd_data import Crowd
from tests.bench.crowd_fusion import Score, Trust, Voice, in_full, majority, read, scored

GOLD: Final = 20
"""Tasks whose truth is known to whoever learns trust."""
COPIES: Final = (0, 1, 5, 20)
SHARES: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Of all opinions on a task that coordinated liars give."""
AGREE: Final = 3
_MIN_ANSWERS: Final = 10
"""Of a worker who may be called bad."""
_ROUNDS: Final = 100

More = Callable[[str, str], list[Voice]]


@dataclass(frozen=True, slots=True)
class Learnt:
    """Mean scores over the tasks outside the gold ones, over several draws of these."""

    majority: float
    equal: float
    dawid_skene: float
    gold: float
    gold_brier: float
    open: float
    open_brier: float


class Baseline:
    """Dawid and Skene by crowd-kit, fitted once on all answers."""

    def __init__(self, crowd: Crowd) -> None:
        rows = [(task, who, said) for task, given in crowd.votes.items() for who, said in given.items()]
        model = DawidSkene(n_iter=_ROUNDS)
        frame = pd.DataFrame(rows, columns=["task", "worker", "label"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library uses what pandas is about to drop; that is not ours to fix
            self._labels: Mapping[str, str] = model.fit_predict(frame).to_dict()
        probabilities = model.probas_
        if probabilities is None:
            raise AssertionError
        self._probabilities: Mapping[str, Mapping[str, float]] = probabilities.to_dict(orient="index")

    def accuracy(self, tasks: Mapping[str, str]) -> float:
        """Share of these tasks decided rightly."""
        return sum(self._labels[task] == label for task, label in tasks.items()) / max(1, len(tasks))

    def brier(self, crowd: Crowd) -> float:
        """As :class:`Score` has it."""
        distances = [
            (self._probabilities[task].get(each, 0.0) - (each == label)) ** 2
            for task, label in crowd.truth.items()
            for each in crowd.classes
        ]
        return sum(distances) / max(1, len(distances))


def learnt(crowd: Crowd, baseline: Baseline, draws: int) -> Learnt:
    """Trust learnt from 20 tasks, alone and with what the others agree on; scored on the tasks outside them."""
    sums = [0.0] * 7
    for draw in range(draws):
        gold = gold_tasks(crowd, draw)
        rest = {task: label for task, label in crowd.truth.items() if task not in gold}
        alone = scored(crowd, rest, learnt_trust(crowd, gold, 0.0))
        opened = scored(crowd, rest, learnt_trust(crowd, gold, OPEN_WEIGHT))
        figures = (
            majority(crowd, rest).accuracy,
            scored(crowd, rest).accuracy,
            baseline.accuracy(rest),
            alone.accuracy,
            alone.mean_brier,
            opened.accuracy,
            opened.mean_brier,
        )
        sums = [total + each for total, each in zip(sums, figures, strict=True)]
    return Learnt(*(total / draws for total in sums))


def gold_tasks(crowd: Crowd, draw: int) -> dict[str, str]:
    """Some tasks with their truth: at most half of them, where there are few."""
    chosen = random.Random(draw).sample(sorted(crowd.truth), min(GOLD, len(crowd.truth) // 2))  # noqa: S311
    return {task: crowd.truth[task] for task in chosen}


def learnt_trust(
    crowd: Crowd, gold: Mapping[str, str], open_weight: float, more: Mapping[str, Mapping[str, str]] | None = None
) -> Trust:
    """The product's suggestion of weights from settled tasks; ``more`` are answers of others by task."""
    answers = {task: {**given, **(more or {}).get(task, {})} for task, given in crowd.votes.items()}
    settled = {task: {label: 1.0} for task, label in gold.items()}
    classes = max(2, len(crowd.classes))
    shares = learn(answers, settled, classes=classes, open_weight=open_weight)
    return lambda worker: weight(shares.get(worker, UNKNOWN), classes=classes)


def worst_worker(crowd: Crowd) -> str:
    """The worker who is wrong most often, of those who have judged at least ten tasks or as many as anybody."""
    seen: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for task, label in crowd.truth.items():
        for who, said in crowd.votes[task].items():
            seen[who] += 1
            right[who] += said == label
    least = min(_MIN_ANSWERS, max(seen.values()))
    return min((who for who in sorted(seen) if seen[who] >= least), key=lambda who: (right[who] / seen[who], who))


def copies_of(crowd: Crowd, worker: str, copies: int) -> More:
    """Copies of one worker's answers wherever it has given one: all share one source, the worker too."""

    def more(task: str, _label: str) -> list[Voice]:
        said = crowd.votes[task].get(worker)
        names = [worker, *(f"copy {number} of {worker}" for number in range(copies))]
        return [] if said is None or not copies else [(name, said, "copied") for name in names]

    return more


def liar_with_copies(crowd: Crowd, copies: int) -> More:
    """One liar on every task, as often as there are copies; all share one source."""
    return lambda task, label: [(f"liar {number}", wrong(crowd, task, label), "copied") for number in range(copies)]


def coordinated(crowd: Crowd, share: float) -> More:
    """New contributors who give this share of the opinions on every task, each from its own source, all with one lie.

    Where the share is no whole number of them, one more lies on as many of the tasks as it takes.
    """

    def more(task: str, label: str) -> list[Voice]:
        exact = share / (1 - share) * len(crowd.votes[task])
        whole = int(exact) + (_drawn(f"more {task}") < exact - int(exact))
        return [(f"liar {number}", wrong(crowd, task, label), "") for number in range(whole)]

    return more


def one_voice(more: More) -> More:
    """The same opinions as the admission rule counts them: one institution, one voice, whatever keys it has."""

    def counted(task: str, label: str) -> list[Voice]:
        return more(task, label)[:1]

    return counted


def liars_with_learnt_trust(crowd: Crowd, share: float, draw: int, *, patient: bool) -> Score:
    """Liars among those whose weight is learnt; patient ones tell the truth on the tasks that it is learnt from."""
    lie = coordinated(crowd, share)
    gold = gold_tasks(crowd, draw)
    said = {
        task: {who: label if patient and task in gold else lied for who, lied, _ in lie(task, label)}
        for task, label in crowd.truth.items()
    }
    rest = {task: label for task, label in crowd.truth.items() if task not in gold}
    return scored(crowd, rest, learnt_trust(crowd, gold, 0.0, said), lie)


@dataclass(slots=True)
class LeftOut:
    """What leaving one contributor out does to the class that is ahead, on tasks where at least three agree on it."""

    tasks: int = 0
    unanimous: int = 0
    """Tasks that nobody contests."""
    unanimous_word: int = 0
    """Of these, those on which somebody's departure changes the word."""
    word: int = 0
    """Tasks on which somebody's departure changes the word."""
    words: int = 0
    """By more than one step."""
    side: int = 0
    """From above one half to below."""


_STEPS: Final = (
    "almost-no-chance", "very-unlikely", "unlikely", "roughly-even", "likely", "very-likely", "almost-certain"
)  # fmt: skip


def leave_one_out(crowd: Crowd, tasks: Mapping[str, str]) -> LeftOut:
    """Over these tasks, with equal trust."""
    found = LeftOut()
    for task in tasks:
        voices = [(who, said, "") for who, said in crowd.votes[task].items()]
        label, agreeing = Counter(said for _, said, _ in voices).most_common(1)[0]
        if agreeing < AGREE:
            continue
        reading = read(voices, in_full)
        found.tasks += 1
        found.unanimous += agreeing == len(voices)
        changes = [
            _change(reading.word(label), reading.expected(label), voices, left, label)
            for left in {(said == label) for _, said, _ in voices}
        ]
        found.unanimous_word += agreeing == len(voices) and any(steps for steps, _ in changes)
        found.word += any(steps for steps, _ in changes)
        found.words += any(steps > 1 for steps, _ in changes)
        found.side += any(side for _, side in changes)
    return found


def _change(word: str, expected: float, voices: Sequence[Voice], agreeing: bool, label: str) -> tuple[int, bool]:  # noqa: FBT001
    """Steps between the words, and whether the side changed, when one who agrees, or one who does not, leaves."""
    gone = next(who for who, said, _ in voices if (said == label) == agreeing)
    rest = read([voice for voice in voices if voice[0] != gone], in_full)
    steps = abs(_STEPS.index(rest.word(label)) - _STEPS.index(word))
    return steps, (rest.expected(label) > 0.5) != (expected > 0.5)


def wrong(crowd: Crowd, task: str, label: str) -> str:
    """The lie that all tell: one class that is not the truth, drawn by the task."""
    others = [each for each in crowd.classes if each != label] or [label]
    return others[int(_drawn(task) * len(others))]


def _drawn(word: str) -> float:
    """Between 0 and 1, the same in every run."""
    return zlib.crc32(word.encode()) / 2**32
