"""Charts drawn on the server: bars, stacked bars over time, a matrix, ranges on a scale from 0 to 100.

Each function is pure: values in, a :class:`Figure` out, which ``charts.html`` prints as SVG with the table behind it.
Nothing is said by a colour alone: a length has its number beside it, a tone its figure inside it, a filling a name in
the key. No chart has a colour for good or bad. What a drawing has no room for, it says; the table has everything.

There are two drawings of a chart, for a wide and for a narrow screen, because text that shrinks with its drawing cannot
be read. A matrix has one: on a narrow screen it is moved sideways.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.web.drawing import measure, wrap
from node.web.figures import Cell, Dot, Drawing, Figure, Filling, Line, Rect, Table, compact, put
from node.web.formats import number

_WIDE: Final = 900.0
_NARROW: Final = 360.0
_FONT: Final = 14.5
_SMALL: Final = 12.5
_LINE: Final = 18.0
_UNKNOWN: Final = "A point stands for unknown: nobody has stated anything there, which is not a zero."
_HOW_TO_READ: Final = (
    "Filled: expected today. The line: what is open. The scale is marked where the word for it changes."
)
_MAX_BARS: Final = 24
_LEAST_ROOM: Final = 60.0
"""Of the longest bar: words that are longer still run over the edge, and stand in the table."""
_LONG_TICK: Final = 100_000
_TONES: Final = 4
"""Steps of a matrix: more cannot be told apart, and the number is inside each cell anyway."""
_ROUND: Final = (10, 12, 16, 20, 24, 30, 40, 50, 60, 80)
"""Tops of an axis, in tenths of a power of ten."""
_SCALE: Final = (0, 20, 45, 55, 80, 100)
"""Where the words of likelihood change on a range chart, in hundredths; the outermost two words are not marked."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: ``words`` stand behind its number."""

    label: str
    value: int
    words: str = ""
    href: str = ""
    filling: Filling = "full"


@dataclass(frozen=True, slots=True)
class Series:
    """One part of stacked bars, the first at the bottom."""

    label: str
    filling: Filling
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """``None`` is unknown, which is not zero."""

    value: int | None
    words: str = ""
    """What the table says of it beside the number."""
    href: str = ""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One row, a cell for each column."""

    label: str
    cells: Sequence[MatrixCell]


@dataclass(frozen=True, slots=True)
class Range:
    """What is open between ``low`` and ``high``, a point in it, and where that point was: hundredths, 0 to 100."""

    label: str
    low: int
    high: int
    point: int
    was: int | None = None
    words: str = ""
    href: str = ""


def bars(name: str, title: str, rows: Sequence[Bar], heads: tuple[str, str]) -> Figure:
    """Horizontal bars in the order given; ``heads`` name the label and the number."""
    drawn = rows[:_MAX_BARS]
    most = max((row.value for row in rows), default=0)
    more = len(rows) - len(drawn)
    return Figure(
        id=name,
        title=title,
        description=_summary(rows, heads),
        wide=_bars_wide(drawn, most),
        narrow=_bars_narrow(drawn, most),
        table=Table(
            (*heads, *(("",) if any(row.words for row in rows) else ())),
            tuple(
                (
                    Cell(row.label, row.href),
                    Cell(f"{row.value:,}"),
                    *((Cell(row.words),) if any(each.words for each in rows) else ()),
                )
                for row in rows
            ),
        ),
        note=f"{number(more).capitalize()} more stand in the table." if more else "",
    )


def stacked(name: str, title: str, periods: Sequence[str], series: Sequence[Series]) -> Figure:
    """Bars over time, one for each period, in parts; every series has a value for every period."""
    totals = [sum(values) for values in zip(*(each.values for each in series), strict=True)] if series else []
    most = max(totals, default=0)
    when = periods[totals.index(most)] if most else ""
    sums = [f"{each.label.lower()} {sum(each.values):,}" for each in series]
    top = f" The most in one of them is {most:,}, in {when}." if most else ""
    return Figure(
        id=name,
        title=title,
        description=f"{number(len(periods)).capitalize()} months, {_joined(sums)}.{top} The table has every number.",
        wide=_stacked(periods, series, _ceiling(most), _WIDE, 220.0),
        narrow=_stacked(periods, series, _ceiling(most), _NARROW, 170.0),
        table=Table(
            ("Month", *(each.label for each in series), "Together"),
            tuple(
                (Cell(period), *(Cell(f"{each.values[at]:,}") for each in series), Cell(f"{totals[at]:,}"))
                for at, period in enumerate(periods)
            ),
        ),
        key=tuple((each.filling, each.label) for each in series),
    )


def matrix(
    name: str,
    title: str,
    columns: Sequence[str],
    rows: Sequence[MatrixRow],
    corner: str,
    *,
    whole: int | None = None,
) -> Figure:
    """Numbers in a grid, darker where there are more. A point stands where nothing is known at all.

    ``whole`` is what shares are of: their tones then rise evenly up to it.
    """
    cells = [cell for row in rows for cell in row.cells]
    unknown = sum(cell.value is None for cell in cells)
    zero = sum(cell.value == 0 for cell in cells)
    most = max((cell.value or 0 for cell in cells), default=0)
    return Figure(
        id=name,
        title=title,
        description=(
            f"{number(len(rows)).capitalize()} rows and {number(len(columns))} columns. "
            f"Unknown in {unknown} of {len(cells)} fields, zero in {zero}; the largest number is {most:,}."
        ),
        wide=_matrix(columns, rows, most if whole is None else whole, even=whole is not None),
        narrow=None,
        table=Table(
            (corner, *columns),
            tuple((Cell(row.label), *(Cell(_said(cell), cell.href) for cell in row.cells)) for row in rows),
        ),
        note=_UNKNOWN if unknown else "",
    )


def ranges(name: str, title: str, rows: Sequence[Range], heads: tuple[str, str], *, was: str = "") -> Figure:
    """A line for what is open, a filled point for what is expected, an empty one for where that was (``was``)."""
    return Figure(
        id=name,
        title=title,
        description=(
            f"{number(len(rows)).capitalize()} {'row' if len(rows) == 1 else 'rows'} on a scale from 0 to 100. "
            + " ".join(f"{row.label}: {_range_words(row, was)}." for row in rows[:_MAX_BARS])
        ),
        wide=_ranges(rows, _WIDE, 330.0),
        narrow=_ranges(rows, _NARROW, 0.0),
        table=Table(
            (heads[0], heads[1], "Open between", *((was.capitalize(),) if was else ()), ""),
            tuple(
                (
                    Cell(row.label, row.href),
                    Cell(str(row.point)),
                    Cell(f"{row.low} and {row.high}"),
                    *((Cell("not stated yet" if row.was is None else str(row.was)),) if was else ()),
                    Cell(row.words),
                )
                for row in rows
            ),
        ),
        note=_HOW_TO_READ + (f" Empty: {was}." if was else ""),
    )


def _summary(rows: Sequence[Bar], heads: tuple[str, str]) -> str:
    if not rows:
        return "Nothing to draw."
    most, least = max(rows, key=lambda row: row.value), min(rows, key=lambda row: row.value)
    return (
        f"{number(len(rows)).capitalize()} {'bar' if len(rows) == 1 else 'bars'}, {heads[1].lower()} by "
        f"{heads[0].lower()}. Most: {most.label}, {most.value:,}. Least: {least.label}, {least.value:,}."
    )


def _bars_wide(rows: Sequence[Bar], most: int) -> Drawing:
    drawing = Drawing(_WIDE)
    left, y = 300.0, 4.0
    room = max(_WIDE - left - _room_for_words(rows), _LEAST_ROOM)
    for row in rows:
        lines = wrap(row.label, left - 16, _FONT, 2)
        height = max(len(lines) * _LINE, 22.0) + 6
        for at, line in enumerate(lines):
            put(drawing, left - 12, y + _LINE * (at + 1) - 3, "end", "name", line, row.label)
        _bar(drawing, row, left, y + 2, room, most)
        y += height
    drawing.height = y
    return drawing


def _bars_narrow(rows: Sequence[Bar], most: int) -> Drawing:
    drawing = Drawing(_NARROW)
    room = max(_NARROW - _room_for_words(rows), _LEAST_ROOM)
    y = 2.0
    for row in rows:
        for line in wrap(row.label, _NARROW - 4, _FONT, 3):
            y += _LINE
            put(drawing, 1, y - 3, "start", "name", line, row.label)
        _bar(drawing, row, 1, y + 2, room, most)
        y += 30
    drawing.height = y
    return drawing


def _bar(drawing: Drawing, row: Bar, x: float, y: float, room: float, most: int) -> None:
    length = _part(row.value, most, room)
    if row.value:
        drawing.rects.append(Rect(x, y, max(length, 1.5), 15, row.filling))
    drawing.lines.append(Line(x, y - 2, x, y + 17, "axis"))
    put(drawing, x + length + 7, y + 12, "start", "value", _beside(row))


def _beside(row: Bar) -> str:
    return f"{row.value:,}" + (f" · {row.words}" if row.words else "")


def _room_for_words(rows: Sequence[Bar]) -> float:
    """So that the longest bar with the longest words still fits."""
    return max((measure(_beside(row), _SMALL) for row in rows), default=0) + 14


def _stacked(periods: Sequence[str], series: Sequence[Series], ceiling: int, width: float, height: float) -> Drawing:
    drawing = Drawing(width, height + 34)
    left, top = 46.0, 10.0
    room = width - left - 6
    for part in range(5):
        value = ceiling * part // 4
        y = round(top + height - 10 - (height - 10) * part / 4, 1)
        drawing.lines.append(Line(left, y, width - 6, y, "axis" if part == 0 else "grid"))
        put(drawing, left - 8, y + 4, "end", "value", _tick(value))
    step = room / max(len(periods), 1)
    every = max(1, -(-len(periods) * 58 // int(room)))
    for at, period in enumerate(periods):
        x, y = left + step * at, top + height - 10
        for each in series:
            tall = _part(each.values[at], ceiling, height - 10)
            y -= tall
            if each.values[at]:
                drawing.rects.append(
                    Rect(round(x + step * 0.14, 1), round(y, 1), round(step * 0.72, 1), tall, each.filling)
                )
        if (len(periods) - 1 - at) % every == 0:
            last = at == len(periods) - 1
            put(
                drawing,
                width - 1 if last else x + step / 2,
                top + height + 8,
                "end" if last else "middle",
                "note",
                period,
            )
    return drawing


def _tick(value: int) -> str:
    return f"{value:,}" if value < _LONG_TICK else compact(value)


def _matrix(columns: Sequence[str], rows: Sequence[MatrixRow], most: int, *, even: bool) -> Drawing:
    widest = max((measure(row.label, _SMALL) for row in rows), default=0)
    left, tall = min(268.0, widest + 24), 30.0
    long = max((measure(column, _SMALL) for column in columns), default=0) > (_WIDE - left) / max(len(columns), 1)
    right, top = (_WIDE - 96, 122.0) if long else (_WIDE, 24.0)
    step = min((right - left) / max(len(columns), 1), 90.0)
    drawing = Drawing(_WIDE, top + tall * len(rows) + 4)
    for at, column in enumerate(columns):
        middle = left + step * at + step / 2
        if long:
            (line,) = wrap(column, 156, _SMALL, 1)
            put(drawing, middle, top - 8, "start", "column", line, column)
        else:
            put(drawing, middle, top - 8, "middle", "note", column)
    for place, row in enumerate(rows):
        y = top + tall * place
        lines = wrap(row.label, left - 14, _SMALL, 2)
        for at, line in enumerate(lines):
            offset = 13 * (at - (len(lines) - 1) / 2)
            put(drawing, left - 10, y + tall / 2 + 4 + offset, "end", "note", line, row.label)
        for at, cell in enumerate(row.cells):
            tone = _even_tone(cell.value, most) if even else _tone(cell.value, most)
            _field(drawing, cell, (left + step * at + 1, y + 1, step - 2, tall - 2), tone)
    return drawing


def _field(drawing: Drawing, cell: MatrixCell, box: tuple[float, float, float, float], tone: int) -> None:
    x, y, width, height = (round(each, 1) for each in box)
    drawing.rects.append(Rect(x, y, width, height, "blank" if cell.value is None else f"tone-{tone}"))
    said = "·" if cell.value is None else compact(cell.value)
    put(drawing, x + width / 2, y + height / 2 + 4.5, "middle", f"in in-{tone}", said)


def _even_tone(value: int | None, most: int) -> int:
    """0 for nothing, then quarters of the most."""
    return min(_TONES, 1 + (value - 1) * _TONES // most) if value else 0


def _tone(value: int | None, most: int) -> int:
    """0 for nothing, then by powers: each tone stands for about as many times more as the one before."""
    if not value:
        return 0
    tone, bound = 1, max(most, 1)
    root = bound ** (1 / _TONES)
    while tone < _TONES and value > root**tone:
        tone += 1
    return tone


def _ranges(rows: Sequence[Range], width: float, left: float) -> Drawing:
    drawing = Drawing(width)
    start, room = left + 8, width - left - 24
    top = 24.0
    y = top
    for row in rows:
        if left:
            lines = wrap(row.label, left - 14, _FONT, 2)
            for at, line in enumerate(lines):
                put(drawing, left - 10, y + _LINE * (at + 1) - 2, "end", "name", line, row.label)
            middle = y + _LINE * len(lines) / 2 + 3
            after = y + max(len(lines) * _LINE, 22) + 10
        else:
            for line in wrap(row.label, width - 4, _FONT, 3):
                y += _LINE
                put(drawing, 1, y - 3, "start", "name", line, row.label)
            middle, after = y + 10, y + 24
        _range(drawing, row, start, room, round(middle, 1))
        y = after
    drawing.height = y + 6
    for value in _SCALE:
        x = round(start + room * value / 100, 1)
        drawing.lines.insert(0, Line(x, top - 4, x, y, "grid"))
        put(drawing, x, top - 10, "middle", "value", str(value))
    return drawing


def _range(drawing: Drawing, row: Range, start: float, room: float, y: float) -> None:
    def at(value: int) -> float:
        return round(start + room * value / 100, 1)

    drawing.lines.append(Line(at(row.low), y, at(row.high), y, "open"))
    for end in (row.low, row.high):
        drawing.lines.append(Line(at(end), y - 4, at(end), y + 4, "open"))
    if row.was is not None and row.was != row.point:
        drawing.lines.append(Line(at(row.was), y, at(row.point), y, "moved"))
        drawing.dots.append(Dot(at(row.was), y, "was"))
    drawing.dots.append(Dot(at(row.point), y, "now"))


def _range_words(row: Range, was: str) -> str:
    moved = "" if not was or row.was is None else f", {was} {row.was}"
    return f"{row.point}, open between {row.low} and {row.high}{moved}"


def _said(cell: MatrixCell) -> str:
    if cell.value is None:
        return "unknown"
    return f"{cell.value:,}" + (f" ({cell.words})" if cell.words else "")


def _part(value: int, most: int, room: float) -> float:
    return round(room * value / most, 1) if most else 0.0


def _ceiling(most: int) -> int:
    """The top of an axis: a round number that four divides, so that its quarters are whole."""
    scale = 1
    while True:
        for tenths in _ROUND:
            value, rest = divmod(tenths * scale, 10)
            if not rest and value % 4 == 0 and value >= most:
                return value
        scale *= 10


def _joined(parts: Sequence[str]) -> str:
    return ", ".join(parts) if parts else "nothing"
