"""How evidence loses weight with age, in integers alone.

The weight of an observation halves every half-life. ``2 ** -e`` is taken from a table of 256 steps per half-life
and a right shift, so that every implementation gets the same bits; the table is published as
``schemas/signals/decay-v1.json``. Weight decays, not belief: an old signal returns to "unknown", never to "good".
"""

from math import isqrt
from typing import Final

PPM: Final = 1_000_000
STEPS: Final = 256
"""Table entries per half-life: two neighbours differ by 0.27 per cent."""

_SQUARE_ROOTS: Final = 8
"""256 = 2**8: eight square roots are one 256th root."""
_MONTH_NUMERATOR: Final = 487
_MONTH_DENOMINATOR: Final = 16
"""A month is 30.4375 = 487/16 days, a twelfth of the Julian year."""


def _entry(step: int) -> int:
    """``floor(1_000_000 * 2**(-step/256))``, exactly.

    Floors of square roots may be nested (Graham, Knuth, Patashnik, Concrete Mathematics, section 3.2).
    """
    value: int = PPM**STEPS >> step
    for _ in range(_SQUARE_ROOTS):
        value = isqrt(value)
    return value


TABLE: Final = tuple(_entry(step) for step in range(STEPS))


def decayed(mass: int, *, age_days: int, half_life_months: int | None) -> int:
    """What is left of ``mass`` after ``age_days`` (clause 10.4); an indicator without half-life does not decay.

    Never rises with age, and never with a shorter half-life. An age below zero counts as zero.
    """
    if half_life_months is None or age_days <= 0:
        return mass
    steps = age_days * _MONTH_DENOMINATOR * STEPS // (half_life_months * _MONTH_NUMERATOR)
    halvings, step = divmod(steps, STEPS)
    return mass * TABLE[step] // PPM >> halvings
