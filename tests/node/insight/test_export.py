"""Files of statements: three formats that say the same, through one gate."""

import csv
import io
from typing import Any

import msgspec
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # the library ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.exports import Cover, Format
from node.domain.queries import NO_FILTER, StatementFilter
from node.insight import export
from node.insight.export_csv import cell
from node.insight.handling import Audience, Gate, may_go, permitted, strictest
from protocol.statements import Handling
from tests.node import statements as make
from tests.node.insight.support import Pool

HANDLINGS: tuple[Handling, ...] = ("TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT")


def test_what_may_go_to_whom_is_tlp() -> None:
    table = {audience: permitted(audience) for audience in _AUDIENCES}
    assert table == {
        "here": HANDLINGS,
        "institution": HANDLINGS,
        "partners": HANDLINGS[:3],
        "public": HANDLINGS[:1],
    }
    assert strictest(["TLP:GREEN", "TLP:AMBER"]) == "TLP:AMBER"


_AUDIENCES: tuple[Audience, ...] = ("here", "institution", "partners", "public")


@given(st.lists(st.sampled_from(HANDLINGS)), st.sampled_from(_AUDIENCES))
def test_the_gate_loses_nothing_that_it_does_not_count(marked: list[Handling], audience: Audience) -> None:
    gate: Gate[Handling] = Gate(audience, lambda each: each)
    through = list(gate.let_through(marked))
    assert len(through) + gate.left_out == len(marked)
    assert all(may_go(each, audience) for each in through)
    assert gate.mark == strictest(through)


@pytest.fixture
def filled(pool: Pool) -> Pool:
    """Findings of every handling, a relation, a response, a correction and a retraction."""
    found = [_marked(pool, handling) for handling in HANDLINGS]
    strict, clear = found[3], found[0]
    pool.say(1, *found, make.relation(pool.circle))
    pool.say(2, make.response(pool.circle, pool.contributor(1), clear.id))
    pool.say(1, make.correction(pool.circle, strict.id, _marked(pool, "TLP:CLEAR").body))
    pool.say(1, make.retraction(pool.circle, strict.id))
    return pool


def _marked(pool: Pool, handling: Handling) -> Any:  # noqa: ANN401 - msgspec.structs.replace says so
    body = msgspec.structs.replace(make.finding_body(summary=f'=Marked {handling}, "quoted".'), handling=handling)
    return make.finding(pool.circle, body)


def taken(pool: Pool, form: Format, audience: Audience = "institution", wanted: StatementFilter = NO_FILTER) -> bytes:
    with pool.database.read() as tx:
        cover = export.begin(tx, wanted, institution="Aldermoor", audience=audience, clock=pool.node.clock)
    return b"".join(export.write(pool.database, pool.node.clock, wanted, cover, audience, form))


def test_three_formats_say_the_same(filled: Pool) -> None:
    head, *lines, end = [msgspec.json.decode(line) for line in taken(filled, "ndjson").splitlines()]
    assert head["type"] == "export"
    assert head["handling"] == "TLP:AMBER+STRICT"
    assert (end["rows"], end["left_out"]) == (8, 0)
    file = pq.ParquetFile(io.BytesIO(taken(filled, "parquet")))
    assert file.metadata.metadata[b"hanse.rows"] == b"8"
    assert file.metadata.metadata[b"hanse.marks"].startswith(b"TLP:AMBER+STRICT")
    by_column = file.read().to_pylist()
    cells = list(csv.DictReader(io.StringIO(taken(filled, "csv").decode(), newline="")))
    assert cells.pop()["summary"] == "8 statements."
    for line, row, text in zip(lines, by_column, cells, strict=True):
        assert {
            name: str(value) if "observed" in name or name in {"issued", "expires"} else value
            for name, value in row.items()
            if value is not None
        } == {name: value for name, value in line.items() if value is not None}
        for name, value in line.items():
            shown = "" if value is None else " ".join(value) if isinstance(value, list) else str(value)
            assert text[name].removeprefix("'") == shown.removeprefix("'")
    assert [line["state"] for line in lines] == ["live"] * 3 + ["retracted"] + ["live"] * 4
    assert lines[3]["summary"] == ""


def test_what_may_not_go_is_left_out_and_said(filled: Pool) -> None:
    """A correction and a retraction go with the strictest handling that their target ever had."""
    *_, end = [msgspec.json.decode(line) for line in taken(filled, "ndjson", "partners").splitlines()]
    assert (end["rows"], end["left_out"]) == (6, 2)
    lines = [msgspec.json.decode(line) for line in taken(filled, "ndjson", "public").splitlines()]
    assert [line["handling"] for line in lines[1:-1]] == ["TLP:CLEAR", "TLP:CLEAR"]
    assert lines[-1]["words"] == "6 statements left out: their handling does not permit it."
    text = taken(filled, "csv", "public").decode()
    assert "6 statements left out" in text
    metadata = pq.ParquetFile(io.BytesIO(taken(filled, "parquet", "public"))).metadata.metadata
    assert metadata[b"hanse.left_out"] == b"6"
    assert metadata[b"hanse.handling"] == b"TLP:CLEAR"


def test_a_file_ends_where_the_feed_ended_when_it_began(filled: Pool) -> None:
    with filled.database.read() as tx:
        cover = export.begin(tx, NO_FILTER, institution="A", audience="institution", clock=filled.node.clock)
    filled.find(1)
    before = _rows(filled, cover)
    assert len(before) == 8
    with filled.database.read() as tx:
        again = export.begin(
            tx, NO_FILTER, institution="A", audience="institution", clock=filled.node.clock, as_of=cover.position
        )
    assert again.position == cover.position
    assert _rows(filled, again) == before


def _rows(pool: Pool, cover: Cover) -> list[Any]:
    return [row for batch in export.rows(pool.database, pool.node.clock, NO_FILTER, cover) for row in batch]


@given(st.text(max_size=30))
def test_no_cell_is_a_formula(text: str) -> None:
    written = cell(text)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert written in {text, f"'{text}"}
    assert (written.removeprefix("'")) == text
