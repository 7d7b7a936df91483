"""How long things are kept: findings by their indicator, casework by the institution's own rule.

A finding ends by itself. Nothing lengthens its life: a correction can end it earlier and never later (clause 4.16), so
what is still true is assessed and published again. Casework never goes by itself: what is past the institution's limit
is listed, and a person decides.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

from protocol.statements import Timestamp

HALF_LIVES: Final = 2
"""A finding lives for two half-lives of its indicator, unless its author chooses another day: a quarter of its weight
is left then."""
DAYS_PER_MONTH: Final = 30
MONTH_SECONDS: Final = DAYS_PER_MONTH * 86_400
MAX_CASEWORK_MONTHS: Final = 600
"""Fifty years: longer than any rule on records asks for."""

CaseworkKind: TypeAlias = Literal["assessment", "engagement"]


def usual_days(half_life_months: int | None, retention_days: int) -> int:
    """Days for which a finding is kept unless its author says otherwise, within what the charter allows."""
    if half_life_months is None:
        return retention_days
    return min(retention_days, HALF_LIVES * half_life_months * DAYS_PER_MONTH)


def usual_words(half_life_months: int | None) -> str:
    """The same for whoever chooses the day."""
    if half_life_months is None:
        return "Evidence of this kind does not age: unless you say otherwise it is kept as long as the charter allows."
    return (
        f"Evidence of this kind loses half its weight in {half_life_months} months. Unless you say otherwise it is "
        f"kept for {HALF_LIVES * half_life_months} months, or as long as the charter allows, if that is less."
    )


@dataclass(frozen=True, slots=True)
class DueCase:
    """A closed case that is past the institution's limit. Its words stay sealed: this is for whoever keeps the list."""

    kind: CaseworkKind
    id: str
    closed: date
    """The day of its last change."""


def limit(now: Timestamp, months: int) -> Timestamp | None:
    """What was last changed before this moment is past the limit; none where the institution has set none."""
    return Timestamp(now - months * MONTH_SECONDS) if months else None
