"""Files that are broken on purpose, and names that break careless code: each ends in a clear report."""

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.subjects import normalise
from node.errors import Code, HanseError
from node.storage.database import Database
from node.subjects import load, search
from node.subjects.load import BATCH
from node.subjects.source import FREE_BYTES
from tests.node.subjects.registry import Json, record, ror_id, subject, write_dump, write_lines
from tests.node.subjects.test_load import _id as many_ids

LONG_NAME = record(1, "N" * 10_000_000)
NAMES = [
    ("جامعة المدّ والجزر", "جامعة المد والجزر"),
    ("אוּנִיבֶרְסִיטַת הַגֵּאוּת", "אוניברסיטת הגאות"),
    ("\u202eUniversity of Tides\u202c", "university of tides"),
    ("Universite\u0301 des Mare\u0301es", "Université des Marées"),
    ("ज्वार-भाटा संस्थान", "ज्वार भाटा संस्थान"),
    ("T\u0336i\u0336d\u0336e\u0336 Works", "tide works"),
    ("".join(chr(ord(letter) + 0xFEE0) for letter in "TIDES") + " Institute", "tides institute"),
    ("潮汐力学研究所", "力学研究"),
]


def bomb_gzip(path: Path) -> Path:
    path.write_bytes(gzip.compress(b"\n" * (FREE_BYTES + 2_000_000)))
    return path


def bomb_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("v1-ror-data_schema_v2.json", "[" + " " * (FREE_BYTES + 2_000_000) + "]")
    return path


@pytest.mark.parametrize("make", [bomb_gzip, bomb_zip])
def test_a_file_that_unpacks_without_measure_is_refused(
    shared_registry: Database, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    source = make(tmp_path / "bomb")
    assert source.stat().st_size < 200_000
    with pytest.raises(HanseError) as refusal:
        load(shared_registry, source)
    assert refusal.value.code is Code.BAD_FILE
    assert "times its size" in refusal.value.detail


@pytest.mark.parametrize("write", [write_lines, write_dump])
def test_a_name_of_ten_megabytes_is_passed_over_and_the_rest_is_loaded(
    database: Database, tmp_path: Path, write: Callable[[Path, list[Json]], Path]
) -> None:
    report = load(database, write(tmp_path / "file", [record(0, "Before"), LONG_NAME, record(2, "After")]))
    assert (report.added, report.skipped) == (2, 1)
    assert report.examples[0].position == 2
    assert report.examples[0].reason.startswith("longer than")


@pytest.mark.parametrize("write", [write_lines, write_dump])
def test_a_record_without_an_id_is_passed_over_and_said(
    database: Database, tmp_path: Path, write: Callable[[Path, list[Json]], Path]
) -> None:
    nameless = {key: value for key, value in record(1, "No id").items() if key != "id"}
    report = load(database, write(tmp_path / "file", [record(0, "Before"), nameless, record(2, "After")]))
    assert (report.added, report.skipped) == (2, 1)
    assert "id" in report.examples[0].reason
    assert "No id" not in report.examples[0].reason


def test_an_organisation_that_stands_twice_is_taken_once_however_far_apart(
    shared_registry: Database, tmp_path: Path
) -> None:
    first = {"id": f"https://ror.org/{ror_id(700)}", "name": "The First", "names": [], "detail": "names"}
    others = [first | {"id": many_ids(number), "name": f"Filler {number}"} for number in range(BATCH + 10)]
    report = load(shared_registry, write_lines(tmp_path / "twice", [first, *others, first | {"name": "The Second"}]))
    assert (report.read, report.added, report.skipped) == (BATCH + 12, BATCH + 11, 1)
    assert report.examples[0].position == BATCH + 12
    assert "twice" in report.examples[0].reason


@pytest.mark.parametrize(("name", "typed"), NAMES)
def test_names_in_every_direction_and_with_every_mark_are_found(
    database: Database, tmp_path: Path, name: str, typed: str
) -> None:
    load(database, write_lines(tmp_path / "names", [record(1, name)]))
    with database.read() as tx:
        found = search(tx, typed)
    assert [hit.id for hit in found] == [subject(1)]
    assert "\u202e" not in found[0].label


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_the_short_way_for_plain_letters_gives_what_the_long_way_gives(text: str) -> None:
    # An accent makes the long way of it; its own letter is taken off again.
    assert normalise(text + " é") == (normalise(text + " e"))
