"""What a chart is made of: shapes on a ground, the table behind them, and the words for both."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from node.web.drawing import Anchor

Filling: TypeAlias = Literal["full", "hatch", "open"]
"""Three that can be told apart on paper: solid, hatched, and empty with an edge."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle; ``kind`` is the class that fills it."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    kind: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point on a scale."""

    x: float
    y: float
    kind: str


@dataclass(frozen=True, slots=True)
class Text:
    """One line of words; ``full`` is what it was cut from."""

    x: float
    y: float
    anchor: Anchor
    kind: str
    text: str
    full: str = ""


@dataclass(slots=True)
class Drawing:
    """Shapes from back to front, on a ground of this size."""

    width: float
    height: float = 0.0
    rects: list[Rect] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the table behind a chart."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The same in rows: the first cell of each is its head."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One chart. ``id`` is unique on its page and holds letters and hyphens alone."""

    id: str
    title: str
    description: str
    """What somebody who does not see it is told: what is drawn, and the most and the least of it."""
    wide: Drawing
    narrow: Drawing | None
    table: Table
    key: tuple[tuple[Filling, str], ...] = ()
    note: str = ""
    """What the drawing leaves out, or how it is read."""


def compact(value: int) -> str:
    """A number that fits a small field: ``940``, ``9.4k``, ``94k``, ``1.2m``; rounded down, the table has it whole."""
    for unit, letter in ((1_000_000, "m"), (1_000, "k")):
        if value >= 10 * unit:
            return f"{value // unit}{letter}"
        if value >= unit:
            return f"{value // unit}.{value % unit * 10 // unit}{letter}"
    return str(value)


def put(drawing: Drawing, x: float, y: float, anchor: Anchor, kind: str, text: str, whole: str = "") -> None:
    """Write a line of words onto a drawing."""
    full = whole if text.endswith("…") else ""
    drawing.texts.append(Text(round(x, 1), round(y, 1), anchor, kind, text, full))
