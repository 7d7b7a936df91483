"""How often contributors were right, learnt from questions whose answer became known: a suggestion, never a score.

Theory. A small Dawid and Skene (1979): each contributor has one unknown share of right answers, and what it gets wrong
is spread evenly over the other answers. A settled question has a known answer, or one known with a probability; an
open one has none, and its answer is estimated together with the shares (expectation maximisation, started from the
newcomer's share, a fixed point after some rounds). Each share is kept as a Beta distribution, so that it comes with
an interval: with three settled questions nearly everything is still possible, and that is shown.

Open questions teach who agrees with the others, not who is right: contributors who have agreed to lie agree well. So
they count for ``open_weight`` of a settled one, and for nothing unless the caller wants them to.

What lives here: shares, intervals, weights. What does not: which claims are settled (:mod:`node.insight.settling`),
and any decision: a weight changes when an operator writes a line of trust, and not before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Final, TypeAlias

PRIOR_RIGHT: Final = 4.0
PRIOR_WRONG: Final = 1.0
"""What is assumed of a newcomer, as if it had been right four times and wrong once. Circles admit those whose work
members know; and with five answers of its own a contributor outweighs the assumption."""
NEWCOMER: Final = PRIOR_RIGHT / (PRIOR_RIGHT + PRIOR_WRONG)
OPEN_WEIGHT: Final = 0.3
"""Of a settled question that an open one has, where open ones are used at all."""
TAIL: Final = 0.05
"""Left out at each end of an interval: it holds the share with probability 0.9."""
_ROUNDS: Final = 60
_STEADY: Final = 1e-6
"""Change of every share below which another round would change nothing that is shown."""
_ALMOST: Final = 1e-3
"""No share is 0 or 1: one answer must not make another one impossible."""
_FRACTION_STEPS: Final = 300
_FRACTION_PRECISION: Final = 1e-12
_TINY: Final = 1e-300
_HALVINGS: Final = 50

Question: TypeAlias = str
Answer: TypeAlias = str
Answers: TypeAlias = Mapping[str, Answer]
"""Of one question, by contributor."""
Settled: TypeAlias = Mapping[Question, Mapping[Answer, float]]
"""How probable each answer of a settled question is; those that are not named have nothing."""


@dataclass(frozen=True, slots=True)
class Share:
    """How often one contributor is right, as a Beta distribution with the newcomer's share as its prior."""

    right: float
    """Expected number of right answers, the prior's left out."""
    wrong: float
    settled: int
    """Settled questions among those it answered."""

    @property
    def mean(self) -> float:
        """The expected share of right answers."""
        return (PRIOR_RIGHT + self.right) / (PRIOR_RIGHT + PRIOR_WRONG + self.right + self.wrong)

    @property
    def interval(self) -> tuple[float, float]:
        """Between these two it lies with probability 0.9."""
        a, b = PRIOR_RIGHT + self.right, PRIOR_WRONG + self.wrong
        return beta_quantile(a, b, TAIL), beta_quantile(a, b, 1 - TAIL)


UNKNOWN: Final = Share(0.0, 0.0, 0)


def learn(
    answers: Mapping[Question, Answers], settled: Settled, *, classes: int = 2, open_weight: float = 0.0
) -> dict[str, Share]:
    """The share of each contributor that has answered a question that counts here; all others are ``UNKNOWN``.

    ``classes`` is the number of possible answers. Independent of the order of both mappings but for the last digits.
    """
    counting = {
        question: given
        for question, given in answers.items()
        if question in settled or (open_weight and len(given) > 1)
    }
    shares: dict[str, Share] = {}
    means: dict[str, float] = {}
    for _ in range(_ROUNDS):
        shares = _tally(counting, settled, _estimates(counting, settled, means, classes), open_weight)
        after = {who: share.mean for who, share in shares.items()}
        if all(abs(mean - means.get(who, NEWCOMER)) < _STEADY for who, mean in after.items()):
            break
        means = after
    return shares


def weight(share: Share, *, classes: int = 2) -> float:
    """The weight that a share earns among two answers or more: 1 for a newcomer's and better, 0 for guessing and worse.

    Between them it is proportional to how far the share is above chance. It never lifts anybody above those of whom
    nothing is known, who count in full.
    """
    chance = 1 / classes
    return max(0.0, min(1.0, (share.mean - chance) / (NEWCOMER - chance)))


def beta_quantile(a: float, b: float, probability: float) -> float:
    """The value below which a Beta(a, b) variable lies with this probability, to twelve digits, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _beta_below(a, b, middle) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _estimates(
    answers: Mapping[Question, Answers], settled: Settled, means: Mapping[str, float], classes: int
) -> dict[Question, Mapping[Answer, float]]:
    """How probable each answer of each question is, given the shares (the E step).

    What settles a question with less than certainty is weighed together with the answers.
    """
    estimates: dict[Question, Mapping[Answer, float]] = {}
    for question, given in answers.items():
        known = settled.get(question)
        if known is not None and max(known.values()) >= 1:
            estimates[question] = known
            continue
        logs = {answer: log(max(_TINY, known[answer])) if known else 0.0 for answer in known or set(given.values())}
        for who, said in given.items():
            right = min(1 - _ALMOST, max(_ALMOST, means.get(who, NEWCOMER)))
            wrong = (1 - right) / max(1, classes - 1)
            for answer in logs:
                logs[answer] += log(right if answer == said else wrong)
        most = max(logs.values())
        whole = sum(exp(each - most) for each in logs.values())
        estimates[question] = {answer: exp(each - most) / whole for answer, each in logs.items()}
    return estimates


def _tally(
    answers: Mapping[Question, Answers],
    settled: Settled,
    estimates: Mapping[Question, Mapping[Answer, float]],
    open_weight: float,
) -> dict[str, Share]:
    """Right and wrong answers of each contributor, as far as they can be expected (the M step)."""
    tallies: dict[str, list[float]] = {}
    for question, given in answers.items():
        counts = 1.0 if question in settled else open_weight
        for who, said in given.items():
            tally = tallies.setdefault(who, [0.0, 0.0, 0.0])
            right = estimates[question].get(said, 0.0)
            tally[0] += counts * right
            tally[1] += counts * (1 - right)
            tally[2] += question in settled
    return {who: Share(right, wrong, int(number)) for who, (right, wrong, number) in tallies.items()}


def _beta_below(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function (Press et al., Numerical Recipes, section 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Its continued fraction, by Lentz's method."""
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _FRACTION_STEPS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / _nonzero(1 + numerator * d), _nonzero(1 + numerator / c)
            value *= c * d
        if abs(c * d - 1) < _FRACTION_PRECISION:
            break
    return value


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
