"""Exports into files and the live stream, against a real node over HTTP."""

import contextlib
import csv
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import httpx2
import msgspec
import polars as pl
import pytest

from hanse_client import ForbiddenError, HanseClientError, Live, NodeUnreachableError, UnexpectedAnswerError
from hanse_client.client import ExportFormat
from node.domain.accounts import Role
from tests.client.conftest import Desk
from tests.node import statements as make
from tests.node.api.support import token_of

Fault: TypeAlias = Callable[[httpx2.Request], httpx2.Response]

pytestmark = pytest.mark.enable_socket


def test_an_export_holds_every_statement_in_each_form(desk: Desk, tmp_path: Path) -> None:
    expected = [each.provenance.id for each in desk.client.findings(kind=["finding", "relation"])]
    forms: tuple[ExportFormat, ...] = ("ndjson", "csv", "parquet")
    for form in forms:
        made = desk.client.export(tmp_path / f"pool.{form}", form, kind=["finding", "relation"])
        assert made.bytes == made.path.stat().st_size
    lines = [msgspec.json.decode(line) for line in (tmp_path / "pool.ndjson").read_bytes().splitlines()]
    assert [line["id"] for line in lines[1:-1]] == expected
    with (tmp_path / "pool.csv").open(encoding="utf-8", newline="") as file:
        assert set(expected) <= {value.removeprefix("'") for row in csv.reader(file) for value in row}
    assert pl.read_parquet(tmp_path / "pool.parquet")["id"].to_list() == expected


def test_an_export_says_what_was_left_out(desk: Desk, tmp_path: Path) -> None:
    mine = desk.client.export(tmp_path / "mine.ndjson")
    assert (mine.left_out, mine.words) == (0, "")
    public = desk.client.export(tmp_path / "public.ndjson", audience="public")
    assert public.rows == 0
    assert public.left_out == mine.rows
    assert "handling does not permit it" in public.words


def test_a_file_appears_only_when_it_is_whole(desk: Desk, tmp_path: Path) -> None:
    def cut(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=b'{"type":"export"}\n{"type":"statement"}\n', request=request)

    def broken(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=_breaking(request), request=request)

    target = tmp_path / "pool.ndjson"
    faults: tuple[tuple[ExportFormat, Fault, type[Exception]], ...] = (
        ("ndjson", cut, UnexpectedAnswerError),
        ("csv", cut, UnexpectedAnswerError),
        ("parquet", cut, UnexpectedAnswerError),
        ("ndjson", broken, NodeUnreachableError),
    )
    for form, fault, error in faults:
        desk.wire.faults = [fault]
        with pytest.raises(error):
            desk.client.export(target, form)
    officer = token_of(desk.pool.node.runtime, "officer-of-exports", Role.OFFICER)
    with desk.another(officer) as other, pytest.raises(ForbiddenError):
        other.export(target)
    assert list(tmp_path.iterdir()) == []


def _breaking(request: httpx2.Request) -> Iterator[bytes]:
    yield b'{"type":"export"}\n'
    raise httpx2.ReadError("cut", request=request)


def test_the_stream_goes_on_behind_a_cut_without_loss_or_repetition(desk: Desk) -> None:
    feed = desk.client.findings()
    list(feed)
    new = make.findings(desk.pool.circle, 6)
    desk.pool.say(1, *new[:3])
    stream = desk.client.stream(feed.cursor)
    first = [next(stream) for _ in range(2)]
    stream.close()

    again = desk.client.stream(first[-1].cursor)
    desk.wire.faults = [_cut_short]
    threading.Timer(0.2, lambda: desk.pool.say(1, *new[3:])).start()
    rest = [next(again) for _ in range(4)]
    again.close()
    assert [_id(each) for each in (*first, *rest)] == [each.id for each in new]


def _cut_short(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, content=b"event: finding\nda", request=request)


def _id(live: Live) -> str:
    return live.statement.provenance.id


def test_the_stream_needs_the_permission_to_take_away(desk: Desk) -> None:
    officer = token_of(desk.pool.node.runtime, "officer-of-streams", Role.OFFICER)
    with desk.another(officer) as other, pytest.raises(ForbiddenError):
        next(other.stream())


def test_without_reconnecting_the_stream_ends_with_its_connection(desk: Desk) -> None:
    desk.wire.faults = [_cut_short]
    with contextlib.closing(desk.client.stream(reconnect=False)) as stream:
        assert list(stream) == []
    with pytest.raises(HanseClientError):
        next(desk.client.stream("nonsense"))
