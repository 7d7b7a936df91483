"""Drawing a neighbourhood: where every word and line stands, computed here, so that the page needs no script.

The subject stands in the middle and its ties go out to both sides (or below it, on a narrow screen), in groups that
say in words how they are tied and who says so. Every name has a row of its own, so no two can collide. What a drawing
has no room for is counted in words; the table below it has the same content, and all of it.

Words first: a line style only repeats the origin that a group's heading names, and a filled mark only repeats the words
"a concern is recorded" beside it.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from node.domain.graph import ORIGINS, Neighbourhood, Origin, Place
from node.web.formats import counted, number
from node.web.ties import ORIGIN_WORDS, phrase
from protocol.identifiers import SubjectId
from protocol.vocabulary import Vocabulary

Width: TypeAlias = Literal["wide", "narrow"]
Anchor: TypeAlias = Literal["start", "middle", "end"]

MAX_NEIGHBOURS: Final = 48
"""Neighbours in one drawing: a screen and a half of rows. The others are counted, and stand in the table."""
MAX_GROUPS: Final = 14
"""Kinds of tie in one drawing; more are summed up in words."""
MIN_ROWS: Final = 2
"""Rows that every group gets before any gets more."""
MAX_SECOND: Final = 3
"""Further subjects shown at one neighbour in a drawing of two steps."""
_MAX_NEAR_OF_TWO: Final = 22
"""Neighbours in a drawing of two steps, where each takes several rows."""
_LINE: Final = 18.0
_SMALL_LINE: Final = 15.0
_FONT: Final = 14.5
_SMALL_FONT: Final = 12.5
_MAX_LINES: Final = 2
_NARROW_GLYPHS: Final = frozenset("fijlrtI.,:;'|!()[]-/ ")
_WIDE_GLYPHS: Final = frozenset("mwMW@%&—ÆŒ")


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text; ``x`` and ``y`` are where its baseline begins, ends or has its middle."""

    x: float
    y: float
    anchor: Anchor
    kind: str
    """The class that styles it: ``name``, ``head``, ``note`` or ``centre``."""
    text: str
    full: str = ""
    """The whole name, where ``text`` is cut."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``kind`` is the origin that its style repeats."""

    path: str
    kind: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point; filled where a concern is recorded."""

    x: float
    y: float
    concern: bool
    small: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that the template prints, from back to front."""

    width: float
    height: float
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]
    words: tuple[Words, ...]
    box: tuple[float, float, float, float]
    """Of the subject in the middle: left, top, width, height."""
    title: str
    description: str
    drawn: int
    total: int


@dataclass(frozen=True, slots=True)
class _Row:
    """One neighbour with what is tied to it further on."""

    place: Place
    notes: tuple[str, ...]
    second: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbours tied in the same way, by the same origins."""

    heading: str
    origin: Origin
    rows: tuple[_Row, ...]
    more: int


@dataclass(slots=True)
class _Canvas:
    """What has been put down so far."""

    lines: list[Line] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Column:
    """One side: where its spine stands, which way it goes, and how wide its words may be."""

    spine: float
    side: Literal[1, -1]
    room: float

    @property
    def anchor(self) -> Anchor:
        """Words begin at the spine."""
        return "start" if self.side == 1 else "end"

    def at(self, offset: float) -> float:
        """So far from the spine, outwards."""
        return round(self.spine + self.side * offset, 1)


def draw(found: Neighbourhood, vocabulary: Vocabulary, width: Width) -> Drawing:
    """The neighbourhood as a picture for a wide or a narrow screen."""
    groups, total = _groups(found, vocabulary)
    here = found.places[found.subject]
    return _wide(found, here, groups, total) if width == "wide" else _narrow(found, here, groups, total)


def _wide(found: Neighbourhood, here: Place, groups: Sequence[_Group], total: int) -> Drawing:
    whole, middle, box_width = 980.0, 490.0, 190.0
    left, right = _balanced(groups)
    canvas = _Canvas()
    spine = middle + box_width / 2 + 46
    columns = (_Column(spine, 1, whole - spine - 20), _Column(whole - spine, -1, whole - spine - 20))
    heights = [
        sum(_height(group, column.room) for group in side) for side, column in zip((right, left), columns, strict=True)
    ]
    label = wrap(here.label, box_width - 28, _FONT * 1.1, 4)
    box_height = len(label) * 20.0 + 26
    height = max(*heights, box_height) + 16
    centre = height / 2
    box = (middle - box_width / 2, centre - box_height / 2, box_width, box_height)
    for side, column, tall in zip((right, left), columns, heights, strict=True):
        y = (height - tall) / 2
        for group in side:
            start = (middle + column.side * box_width / 2, centre)
            y = _put_group(canvas, group, column, y, start)
    _put_centre(canvas, label, middle, box)
    return _drawing(canvas, whole, height, box, found, here, groups, total)


def _narrow(found: Neighbourhood, here: Place, groups: Sequence[_Group], total: int) -> Drawing:
    whole = 380.0
    canvas = _Canvas()
    label = wrap(here.label, whole - 40, _FONT * 1.1, 4)
    box = (1.0, 1.0, whole - 2, len(label) * 20.0 + 26)
    column = _Column(22.0, 1, whole - 26)
    y = box[1] + box[3] + 16
    for group in groups:
        y = _put_group(canvas, group, column, y, (column.spine, box[1] + box[3]))
    _put_centre(canvas, label, whole / 2, box)
    return _drawing(canvas, whole, y + 4, box, found, here, groups, total)


def _drawing(
    canvas: _Canvas,
    width: float,
    height: float,
    box: tuple[float, float, float, float],
    found: Neighbourhood,
    here: Place,
    groups: Sequence[_Group],
    total: int,
) -> Drawing:
    drawn = sum(len(group.rows) for group in groups)
    return Drawing(
        width=width,
        height=round(height, 1),
        lines=tuple(canvas.lines),
        marks=tuple(canvas.marks),
        words=tuple(canvas.words),
        box=box,
        title=f"What is tied to {here.label}",
        description=_description(here, groups, total, found.depth),
        drawn=drawn,
        total=total,
    )


def _description(here: Place, groups: Sequence[_Group], total: int, depth: int) -> str:
    parts = [
        f"{here.label} {group.heading}: {counted(len(group.rows) + group.more, 'organisation')}" for group in groups
    ]
    steps = ", and what is tied to these" if depth > 1 else ""
    return (
        f"{counted(total, 'neighbour').capitalize()}{steps}. {'; '.join(parts)}. The table below has the same content."
    )


def _put_centre(canvas: _Canvas, label: Sequence[str], x: float, box: tuple[float, float, float, float]) -> None:
    y = box[1] + 28
    for line in label:
        canvas.words.append(Words(x, round(y, 1), "middle", "centre", line))
        y += 20


def _put_group(canvas: _Canvas, group: _Group, column: _Column, y: float, start: tuple[float, float]) -> float:
    """Heading, rows, the spine that holds them, and the line from the subject; returns where the next group begins."""
    for line in wrap(group.heading, column.room - 12, _SMALL_FONT, 3):
        y += _SMALL_LINE
        canvas.words.append(Words(column.at(12), round(y, 1), column.anchor, "head", line))
    y += 4
    first = last = y + _LINE - 5
    for row in group.rows:
        last = y + _LINE - 5
        canvas.lines.append(Line(f"M{column.spine:g} {last:g}H{column.at(14):g}", group.origin))
        canvas.marks.append(Mark(column.at(19), round(last, 1), bool(row.place.concerns)))
        y = _put_row(canvas, row, column, y)
    if group.more:
        y += _LINE
        if not group.rows:
            last = y - 5
            canvas.lines.append(Line(f"M{column.spine:g} {last:g}H{column.at(14):g}", group.origin))
        canvas.words.append(Words(column.at(30), round(y, 1), column.anchor, "note", f"and {number(group.more)} more"))
    canvas.lines.append(Line(f"M{column.spine:g} {first:g}V{last:g}", group.origin))
    canvas.lines.append(Line(_curve(start, (column.spine, (first + last) / 2)), group.origin))
    return y + 14


def _put_row(canvas: _Canvas, row: _Row, column: _Column, y: float) -> float:
    for line in wrap(row.place.label, column.room - 34, _FONT, _MAX_LINES):
        y += _LINE
        full = row.place.label if line.endswith("…") else ""
        canvas.words.append(Words(column.at(30), round(y, 1), column.anchor, "name", line, full))
    for note in row.notes:
        y += _SMALL_LINE
        canvas.words.append(Words(column.at(30), round(y, 1), column.anchor, "note", note))
    for text in row.second:
        for place, line in enumerate(wrap(text, column.room - 60, _SMALL_FONT, _MAX_LINES)):
            y += _SMALL_LINE + 1
            if place == 0:
                canvas.lines.append(Line(f"M{column.at(36):g} {y - 4:g}H{column.at(48):g}", "second"))
            canvas.words.append(Words(column.at(54), round(y, 1), column.anchor, "second", line))
    return y + 4


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    if x1 == x2:
        return f"M{x1:g} {y1:g}V{y2:g}"
    bend = (x1 + x2) / 2
    return f"M{x1:g} {y1:g}C{bend:g} {y1:g} {bend:g} {y2:g} {x2:g} {y2:g}"


def _height(group: _Group, room: float) -> float:
    heading = len(wrap(group.heading, room - 12, _SMALL_FONT, 3)) * _SMALL_LINE + 4
    return heading + sum(_row_height(row, room) for row in group.rows) + (_LINE if group.more else 0) + 14


def _row_height(row: _Row, room: float) -> float:
    names = len(wrap(row.place.label, room - 34, _FONT, _MAX_LINES)) * _LINE
    second = sum(len(wrap(text, room - 60, _SMALL_FONT, _MAX_LINES)) for text in row.second) * (_SMALL_LINE + 1)
    return names + len(row.notes) * _SMALL_LINE + second + 4


def _balanced(groups: Sequence[_Group]) -> tuple[list[_Group], list[_Group]]:
    """Two sides of about the same height; the right one begins, so that few ties read like a sentence."""
    left: list[_Group] = []
    right: list[_Group] = []
    tall = {1: 0.0, -1: 0.0}
    for group in sorted(groups, key=lambda each: -_height(each, 400)):
        side = 1 if tall[1] <= tall[-1] else -1
        (right if side == 1 else left).append(group)
        tall[side] += _height(group, 400)
    order = {id(group): place for place, group in enumerate(groups)}
    return sorted(left, key=lambda each: order[id(each)]), sorted(right, key=lambda each: order[id(each)])


def _groups(found: Neighbourhood, vocabulary: Vocabulary) -> tuple[list[_Group], int]:
    """Neighbours by how they are tied, our own notes first and the largest groups last; how many neighbours in all."""
    ways: dict[SubjectId, set[tuple[str, Origin]]] = {}
    for tie in found.of(found.subject):
        ways.setdefault(tie.other(found.subject), set()).add((phrase(tie, found.subject, vocabulary), tie.origin))
    grouped: dict[tuple[tuple[str, Origin], ...], list[SubjectId]] = {}
    for neighbour, way in ways.items():
        grouped.setdefault(tuple(sorted(way)), []).append(neighbour)
    largest = sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0]))
    rest = sum(len(members) for _, members in largest[MAX_GROUPS:])
    ordered = sorted(largest[:MAX_GROUPS], key=lambda item: (_leading(item[0]), len(item[1]), item[0]))
    limits = _shares([len(members) for _, members in ordered], _MAX_NEAR_OF_TWO if found.depth > 1 else MAX_NEIGHBOURS)
    groups = [
        _Group(
            _heading(way), _leading_origin(way), _rows(found, members, limit, vocabulary), max(0, len(members) - limit)
        )
        for (way, members), limit in zip(ordered, limits, strict=True)
    ]
    if rest:
        groups.append(_Group("is tied in other ways", "pooled", (), rest))
    return groups, len(ways)


def _rows(found: Neighbourhood, members: Iterable[SubjectId], limit: int, vocabulary: Vocabulary) -> tuple[_Row, ...]:
    """Those with a concern first, then those with the most further ties, then the alphabet."""

    def order(subject: SubjectId) -> tuple[bool, int, str, SubjectId]:
        place = found.places[subject]
        return not place.concerns, -found.further.get(subject, 0), place.label.casefold(), subject

    return tuple(_row(found, each, vocabulary) for each in sorted(members, key=order)[:limit])


def _row(found: Neighbourhood, subject: SubjectId, vocabulary: Vocabulary) -> _Row:
    place = found.places[subject]
    beyond = _beyond(found, subject, vocabulary) if found.depth > 1 else []
    further = found.further.get(subject, 0) + max(0, len(beyond) - MAX_SECOND)
    notes = []
    if place.concerns:
        notes.append("a concern is recorded")
    if further:
        notes.append(counted(further, "further tie"))
    return _Row(place, tuple([" · ".join(notes)] if notes else []), tuple(beyond[:MAX_SECOND]))


def _beyond(found: Neighbourhood, subject: SubjectId, vocabulary: Vocabulary) -> list[str]:
    """What a neighbour is tied to, but for the subject in the middle; those with a concern first."""
    said: dict[str, bool] = {}
    for tie in found.of(subject):
        other = tie.other(subject)
        if other != found.subject:
            place = found.places[other]
            mark = " (a concern is recorded)" if place.concerns else ""
            mark += f" ({ORIGIN_WORDS[tie.origin]})" if tie.origin == "private" else ""
            said[f"{phrase(tie, subject, vocabulary)} {place.label}{mark}"] = not place.concerns
    return sorted(said, key=lambda text: (said[text], text.casefold()))


def _shares(sizes: Sequence[int], room: int) -> list[int]:
    """How many rows each group gets: a few for all, then one more in turn while there is room."""
    shares = [min(size, MIN_ROWS) for size in sizes]
    left = room - sum(shares)
    while left > 0 and any(share < size for share, size in zip(shares, sizes, strict=True)):
        for place, size in enumerate(sizes):
            if shares[place] < size and left > 0:
                shares[place] += 1
                left -= 1
    # One row that says "and one more" is no shorter than the one it stands for.
    return [size if size - share == 1 else share for share, size in zip(shares, sizes, strict=True)]


def _heading(way: Iterable[tuple[str, Origin]]) -> str:
    said: dict[Origin, list[str]] = {}
    for words, origin in way:
        said.setdefault(origin, []).append(words)
    parts = [f"{' and '.join(said[origin])} ({ORIGIN_WORDS[origin]})" for origin in ORIGINS if origin in said]
    return "; ".join(parts)


def _leading_origin(way: Iterable[tuple[str, Origin]]) -> Origin:
    origins = {origin for _, origin in way}
    return next(each for each in reversed(ORIGINS) if each in origins)


def _leading(way: Iterable[tuple[str, Origin]]) -> int:
    return -ORIGINS.index(_leading_origin(way))


def wrap(text: str, room: float, size: float, most: int) -> list[str]:
    """Lines that fit; the last ends in an ellipsis where there were more."""

    def fits(line: str) -> bool:
        return measure(line, size) <= room

    lines: list[str] = []
    line = ""
    for word in text.split() or [text]:
        longer = f"{line} {word}".strip()
        if line and not fits(longer):
            lines.append(line)
            line = word
        else:
            line = longer
    lines.append(line)
    if len(lines) > most:
        lines = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return [each if fits(each) else _cut(each, fits) for each in lines]


def _cut(line: str, fits: Callable[[str], bool]) -> str:
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(line[:middle] + "…") else (low, middle - 1)
    return line[:low].rstrip() + "…"


def measure(text: str, size: float) -> float:
    """How wide a line is at most, in the serif faces that pages are set in: nothing here can ask a font."""
    return sum(_glyph(character) for character in text) * size


def _glyph(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in {"W", "F"}:
        return 1.0
    if character in _NARROW_GLYPHS:
        return 0.36
    if character in _WIDE_GLYPHS:
        return 0.95
    return 0.72 if character.isupper() else 0.55
