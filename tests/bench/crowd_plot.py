"""The reliability plot: what signals expect, against how often it was so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from tests.bench.crowd_fusion import Score

_SIZE: Final = 360
_LEFT: Final = 56
_TOP: Final = 16
_BOTTOM: Final = 48
_RIGHT: Final = 230
_BOUNDS: Final = (0.05, 0.20, 0.45, 0.55, 0.80, 0.95)
_TONES: Final = ("#1b4f72", "#7d5a00", "#6c3483", "#145a32", "#641e16", "#4d5656")
_DASHES: Final = ("", ' stroke-dasharray="6 4"')
_SURE: Final = 1.96
"""Standard errors on each side that hold 95 of 100 samples."""


@dataclass(frozen=True, slots=True)
class Line:
    """The bins of one set under one policy."""

    label: str
    bins: Mapping[str, Sequence[float]]


def line(label: str, score: Score) -> Line:
    """The bins of one score, by word."""
    return Line(label, score.bins)


def plot(lines: Sequence[Line]) -> str:
    """An SVG that stands alone; the figures are in the table beside it."""
    width, height = _LEFT + _SIZE + _RIGHT, _TOP + _SIZE + _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-size="12">',
        "<style>text { font-family: system-ui, sans-serif }</style>",
        "<title>How often claims were so, by what their signal expected; bars hold 95 of 100 samples</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *_axes(),
    ]
    for number, each in enumerate(lines):
        parts += _drawn(each, _TONES[number // 2 % len(_TONES)], _DASHES[number % 2], number)
    return "\n".join([*parts, "</svg>", ""])


def _axes() -> list[str]:
    bottom, right = _TOP + _SIZE, _LEFT + _SIZE
    parts = [f'<path d="M{_LEFT} {bottom}L{right} {_TOP}" stroke="#aeb6bf" stroke-width="6" opacity=".45"/>']
    for bound in _BOUNDS:
        parts.append(f'<path d="M{_x(bound):.1f} {_TOP}V{bottom}" stroke="#d5d8dc"/>')
        parts.append(f'<path d="M{_LEFT} {_y(bound):.1f}H{right}" stroke="#e5e8e8"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{_y(bound) + 4:.1f}" text-anchor="end">{bound:.0%}</text>')
        parts.append(f'<text x="{_x(bound):.1f}" y="{bottom + 18}" text-anchor="middle">{bound * 100:.0f}</text>')
    parts.append(f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIZE}" height="{_SIZE}" fill="none" stroke="#808b96"/>')
    middle = _LEFT + _SIZE / 2
    parts.append(
        f'<text x="{middle}" y="{bottom + 38}" text-anchor="middle">expected, in hundredths; lines: words</text>'
    )
    return parts


def _drawn(each: Line, tone: str, dash: str, number: int) -> list[str]:
    points = sorted((expected / claims, so / claims, claims) for claims, expected, so in each.bins.values() if claims)
    path = "L".join(f"{_x(expected):.1f} {_y(so):.1f}" for expected, so, _ in points)
    parts = [f'<path d="M{path}" fill="none" stroke="{tone}" stroke-width="1.5"{dash}/>']
    for expected, so, claims in points:
        reach = _SURE * sqrt(max(so * (1 - so), 0.25 / claims) / claims)
        low, high = max(0.0, so - reach), min(1.0, so + reach)
        parts.append(f'<path d="M{_x(expected):.1f} {_y(low):.1f}V{_y(high):.1f}" stroke="{tone}"/>')
        parts.append(f'<circle cx="{_x(expected):.1f}" cy="{_y(so):.1f}" r="3.5" fill="{tone}"/>')
    x, y = _LEFT + _SIZE + 16, _TOP + 14 + 22 * number
    parts.append(f'<path d="M{x} {y - 4}h26" stroke="{tone}" stroke-width="2"{dash}/>')
    parts.append(f'<text x="{x + 34}" y="{y}">{each.label}</text>')
    return parts


def _x(share: float) -> float:
    return _LEFT + share * _SIZE


def _y(share: float) -> float:
    return _TOP + (1 - share) * _SIZE
