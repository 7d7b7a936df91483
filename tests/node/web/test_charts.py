"""Charts: what is drawn is what the table says, unknown is not zero, and no text of a stranger becomes markup."""

from html.parser import HTMLParser
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, PackageLoader, StrictUndefined

from node.web import charts
from node.web.charts import Bar, MatrixCell, MatrixRow, Range, Series
from node.web.figures import Drawing, Figure, Rect, compact

_NAMES: Final = st.text(min_size=1, max_size=60)
_COUNTS: Final = st.integers(0, 2_000_000)
_HOSTILE: Final = "</text><script>alert('1')</script>\" onload=\"x"


class _Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _print(figure: Figure) -> str:
    environment = Environment(loader=PackageLoader("node.web", "templates"), autoescape=True, undefined=StrictUndefined)
    return environment.from_string("{% import 'charts.html' as charts %}{{ charts.figure(figure) }}").render(
        figure=figure
    )


def _drawings(figure: Figure) -> list[Drawing]:
    return [figure.wide, *([figure.narrow] if figure.narrow else [])]


def _figures() -> list[Figure]:
    return [
        charts.bars("b", "Bars", [Bar("One", 3, "of ten"), Bar("Two", 0)], ("Name", "Findings")),
        charts.stacked("s", "Stacked", ["Jul 2026", "Aug 2026"], [Series("Concerns", "full", [1, 2])]),
        charts.matrix("m", "Matrix", ["x", "y"], [MatrixRow("a", [MatrixCell(None), MatrixCell(0)])], "Group"),
        charts.ranges("r", "Ranges", [Range("a", 10, 60, 35, was=20)], ("Claim", "Expected"), was="30 days ago"),
    ]


@given(rows=st.lists(st.tuples(_NAMES, _COUNTS), max_size=40))
def test_bars_are_as_long_as_their_numbers_and_the_table_has_all(rows: list[tuple[str, int]]) -> None:
    figure = charts.bars("b", "Bars", [Bar(label, value) for label, value in rows], ("Name", "Findings"))
    assert [(row[0].text, row[1].text) for row in figure.table.rows] == [(label, f"{value:,}") for label, value in rows]
    for drawing in _drawings(figure):
        drawn = [value for _, value in rows[:24] if value]
        assert len(drawing.rects) == len(drawn)
        longest = max((rect.width for rect in drawing.rects), default=0)
        for rect, value in zip(drawing.rects, drawn, strict=True):
            assert rect.width == pytest.approx(max(1.5, longest * value / max(drawn)), abs=0.2)


@given(values=st.lists(st.tuples(_COUNTS, _COUNTS), min_size=1, max_size=36))
def test_stacks_do_not_overlap_and_end_below_the_top(values: list[tuple[int, int]]) -> None:
    series = [
        Series("Concerns", "full", [one for one, _ in values]),
        Series("Assurances", "hatch", [two for _, two in values]),
    ]
    figure = charts.stacked("s", "Stacked", [f"m{at}" for at in range(len(values))], series)
    for drawing in _drawings(figure):
        assert all(rect.y >= 0 and rect.x + rect.width <= drawing.width for rect in drawing.rects)
        by_column: dict[float, list[Rect]] = {}
        for rect in drawing.rects:
            by_column.setdefault(rect.x, []).append(rect)
        for column in by_column.values():
            for lower, upper in pairwise(column):
                assert upper.y + upper.height == pytest.approx(lower.y, abs=0.2)
    assert [row[-1].text for row in figure.table.rows] == [f"{one + two:,}" for one, two in values]


@given(cells=st.lists(st.none() | _COUNTS, min_size=1, max_size=12))
def test_a_matrix_keeps_unknown_apart_from_zero_and_darkens_with_the_number(cells: list[int | None]) -> None:
    figure = charts.matrix(
        "m",
        "Matrix",
        [str(at) for at in range(len(cells))],
        [MatrixRow("row", [MatrixCell(v) for v in cells])],
        "Group",
    )
    for value, rect, cell in zip(cells, figure.wide.rects, figure.table.rows[0][1:], strict=True):
        assert cell.text == ("unknown" if value is None else f"{value:,}")
        assert (rect.kind == "blank") == (value is None)
        assert (rect.kind == "tone-0") == (value == 0)
    order = sorted(
        (value, rect.kind) for value, rect in zip(cells, figure.wide.rects, strict=True) if value is not None
    )
    assert [kind for _, kind in order] == sorted(kind for _, kind in order)


@given(rows=st.lists(st.tuples(_NAMES, st.integers(0, 100), st.integers(0, 100), st.none() | st.integers(0, 100))))
def test_ranges_stay_on_their_scale(rows: list[tuple[str, int, int, int | None]]) -> None:
    drawn = [Range(label, min(a, b), max(a, b), (a + b) // 2, was) for label, a, b, was in rows]
    figure = charts.ranges("r", "Ranges", drawn, ("Claim", "Expected"), was="30 days ago")
    for drawing in _drawings(figure):
        assert all(0 <= dot.x <= drawing.width for dot in drawing.dots)
        assert sum(dot.kind == "now" for dot in drawing.dots) == len(rows)


@pytest.mark.parametrize("figure", _figures(), ids=lambda figure: figure.id)
def test_a_chart_has_a_name_a_description_and_a_table(figure: Figure) -> None:
    elements = _Elements()
    elements.feed(_print(figure))
    drawings = [attributes for tag, attributes in elements.found if tag == "svg" and attributes.get("role") == "img"]
    assert len(drawings) == len(_drawings(figure))
    ids = {attributes["id"] for _, attributes in elements.found if "id" in attributes}
    for attributes in drawings:
        assert attributes["aria-label"] == figure.title
        assert attributes["aria-describedby"] in ids
    tags = [tag for tag, _ in elements.found]
    assert tags.count("table") == 1
    assert "script" not in tags


@pytest.mark.parametrize(
    "figure",
    [
        charts.bars("b", _HOSTILE, [Bar(_HOSTILE, 3, _HOSTILE)], (_HOSTILE, _HOSTILE)),
        charts.matrix("m", _HOSTILE, [_HOSTILE], [MatrixRow(_HOSTILE, [MatrixCell(1, _HOSTILE)])], _HOSTILE),
        charts.ranges("r", _HOSTILE, [Range(_HOSTILE, 1, 2, 1, words=_HOSTILE)], (_HOSTILE, _HOSTILE)),
        charts.stacked("s", _HOSTILE, [_HOSTILE], [Series(_HOSTILE, "full", [1])]),
    ],
    ids=lambda figure: figure.id,
)
def test_names_are_text_and_never_markup(figure: Figure) -> None:
    elements = _Elements()
    elements.feed(_print(figure))
    assert "script" not in {tag for tag, _ in elements.found}
    assert not any("onload" in attributes for _, attributes in elements.found)


@given(value=st.integers(0, 99_999_999))
def test_a_compact_number_is_short_and_never_too_large(value: int) -> None:
    said = compact(value)
    assert len(said) <= 4
    factor = {"k": 1_000, "m": 1_000_000}.get(said[-1], 1)
    assert float(said.rstrip("km")) * factor <= value + 1e-6
