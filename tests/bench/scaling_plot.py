"""One picture: the share of members that have a finding, over the time since it was published."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import Final

_WIDTH: Final = 720
_HEIGHT: Final = 400
_LEFT: Final = 56
_RIGHT: Final = 210
_TOP: Final = 16
_BOTTOM: Final = 48
_FIRST: Final = 0.1
"""Seconds at the left edge; the axis is logarithmic."""
_LAST: Final = 1_000.0
_POINTS: Final = 120
_COLOURS: Final = ("#1b4f72", "#1b4f72", "#7d5a00", "#7d5a00", "#6c3483", "#6c3483")


@dataclass(frozen=True, slots=True)
class Curve:
    """Seconds at which one member after the other had it, and how many members there were to reach."""

    label: str
    seconds: tuple[float, ...]
    members: int
    dashed: bool


def plot(curves: Sequence[Curve]) -> str:
    """An SVG that stands alone; the same figures are in the table beside it."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" font-size="12">',
        "<style>text { font-family: system-ui, sans-serif }</style>",
        "<title>Share of members that have a finding, over seconds since it was published</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        *_axes(),
    ]
    for number, curve in enumerate(curves):
        colour = _COLOURS[number % len(_COLOURS)]
        dash = ' stroke-dasharray="6 4"' if curve.dashed else ""
        parts.append(f'<path d="{_path(curve)}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        y = _TOP + 14 + 22 * number
        x = _WIDTH - _RIGHT + 14
        parts.append(f'<path d="M{x} {y - 4}h26" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(f'<text x="{x + 32}" y="{y}">{curve.label}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _x(seconds: float) -> float:
    share = log10(max(seconds, _FIRST) / _FIRST) / log10(_LAST / _FIRST)
    return _LEFT + min(1.0, share) * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _TOP + (1 - share) * (_HEIGHT - _TOP - _BOTTOM)


def _path(curve: Curve) -> str:
    step = max(1, len(curve.seconds) // _POINTS)
    places = [*range(0, len(curve.seconds), step), len(curve.seconds) - 1]
    points = [f"{_x(curve.seconds[at]):.1f} {_y((at + 1) / curve.members):.1f}" for at in places]
    return "M" + "L".join(points)


def _axes() -> list[str]:
    parts = []
    for percent in (0, 25, 50, 75, 99):
        y = _y(percent / 100)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#d5d8dc"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{percent} %</text>')
    for seconds in (0.1, 1, 10, 100, 1_000):
        x = _x(seconds)
        parts.append(f'<path d="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#eaeded"/>')
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{seconds:g} s</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">after it was published</text>')
    return parts
