"""From numbers to a probability: one weight for each number and look, committed beside this module.

``python -m tests.bench.names_train`` makes ``model.json`` from the development data, always the same from the same
data. A weight says how strongly a number speaks for a link (above zero) or against one.
"""

import importlib.resources
from collections.abc import Mapping
from math import exp
from typing import Final

import msgspec

FILE: Final = "model.json"
_STEEP: Final = 30.0
"""Beyond this the probability is 0 or 1 for every purpose."""


class Model(msgspec.Struct, frozen=True):
    """The weights, and from which probability each mode links."""

    first: dict[str, float]
    """Of the first look: each organisation by itself."""
    second: dict[str, float]
    """Of the second look: among the others of the text."""
    safe: float
    balanced: float
    order: dict[str, float] = {}
    """Of the order in which organisations are suggested: who comes first, not who is linked."""


def strength(weights: Mapping[str, float], numbers: Mapping[str, float]) -> float:
    """What the numbers come to together."""
    return sum(weights.get(name, 0.0) * value for name, value in sorted(numbers.items()))


def probability(weights: Mapping[str, float], numbers: Mapping[str, float]) -> float:
    """How likely it is that the text means this organisation, 0 to 1."""
    total = strength(weights, numbers)
    return 1.0 / (1.0 + exp(-max(-_STEEP, min(_STEEP, total))))


def load() -> Model:
    """The committed weights."""
    return msgspec.json.decode(importlib.resources.files(__package__).joinpath(FILE).read_bytes(), type=Model)
