"""Loading a registry: three packings, the same twice, broken records, broken files, and what a load may replace."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from node.domain.subjects import LoadProgress, RegistryRelation
from node.errors import Code, HanseError
from node.storage import subject_search
from node.storage import subjects as storage
from node.storage.database import Database
from node.storage.tables.base import METADATA
from node.subjects import get, load, search
from node.subjects.load import BATCH
from node.subjects.source import MAX_RECORD_BYTES, RawRecord, open_source
from tests.node.subjects.registry import extract, record, subject, write_dump, write_lines

RECORDS = [record(number, f"Invented Institute {number}") for number in range(40)]


def write_array(path: Path) -> Path:
    path.write_text(json.dumps(RECORDS), "utf-8")
    return path


PACKINGS: list[Callable[[Path], Path]] = [
    lambda path: write_lines(path, RECORDS),
    lambda path: write_dump(path, RECORDS),
    lambda path: write_dump(path, RECORDS, indent=None),
    write_array,
]


@pytest.mark.parametrize("pack", PACKINGS)
def test_each_packing_loads_and_loading_it_again_changes_nothing(
    database: Database, tmp_path: Path, pack: Callable[[Path], Path]
) -> None:
    source = pack(tmp_path / "registry")
    first = load(database, source)
    again = load(database, source)
    assert (first.added, first.skipped, first.changed) == (len(RECORDS), 0, True)
    assert (again.unchanged, again.added, again.updated, again.changed) == (len(RECORDS), 0, 0, False)
    with database.read() as tx:
        organisation = get(tx, subject(3))
        assert storage.count(tx) == len(RECORDS)
    assert organisation is not None
    assert (organisation.label, organisation.place, organisation.country) == ("Invented Institute 3", "Aldermoor", "NN")


def test_a_record_that_cannot_be_read_is_skipped_with_its_position(database: Database, tmp_path: Path) -> None:
    bad_check_digits = record(1, "Two") | {"id": "https://ror.org/0hans1199"}
    lines: list[dict[str, object] | str] = [
        record(0, "One"),
        "not JSON",
        bad_check_digits,
        record(2, "") | {"names": []},
        '{"id": "https://ror.org/0hans0y91"}',
        '"' + "x" * (MAX_RECORD_BYTES + 10) + '"',
        "",
        record(0, "One again"),
        record(3, "Last"),
    ]
    report = load(database, write_lines(tmp_path / "lines.gz", lines))
    assert (report.read, report.added, report.skipped) == (8, 2, 6)
    assert [each.position for each in report.examples] == [2, 3, 4, 5, 6, 7]
    assert all(each.reason and "Two" not in each.reason for each in report.examples)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[: len(data) // 2] + b"\0" * 40 + data[len(data) // 2 + 40 :],
        lambda _: b"",
        lambda _: b"[]",
        lambda _: b"PK\x03\x04 and no more",
        lambda _: b"\x1f\x8b and no more",
        lambda _: b"[1, 2, 3]",
        lambda _: b'[{"id": "never closed"',
        lambda _: b'[{"id": "\xff"}]',
        lambda _: b"[" + b"[" * 200_000,
        lambda _: b'[{"a":' + b"[" * 200_000,
    ],
)
@pytest.mark.parametrize("pack", [PACKINGS[0], PACKINGS[1]])
def test_a_damaged_file_is_refused_and_what_is_stored_stays(
    tmp_path: Path, pack: Callable[[Path], Path], spoil: Callable[[bytes], bytes]
) -> None:
    database = _sqlite(tmp_path)
    load(database, write_lines(tmp_path / "good.gz", [record(5, "Kept")]))
    source = pack(tmp_path / "registry")
    source.write_bytes(spoil(source.read_bytes()))
    with pytest.raises(HanseError) as refusal:
        load(database, source)
    assert refusal.value.code is Code.BAD_FILE
    assert str(tmp_path) not in refusal.value.detail
    with database.read() as tx:
        assert get(tx, subject(5)) is not None
    database.close()


@pytest.mark.parametrize("names", [["readme.txt"], ["a-ror-data_schema_v2.json", "b-ror-data_schema_v2.json"]])
def test_a_zip_without_one_dump_in_it_is_refused(tmp_path: Path, names: list[str]) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        for name in names:
            archive.writestr(name, "[]")
    database = _sqlite(tmp_path)
    with pytest.raises(HanseError) as refusal:
        load(database, tmp_path / "other.zip")
    assert refusal.value.code is Code.BAD_FILE
    database.close()


def test_a_file_that_is_not_there_is_named_without_its_directory(tmp_path: Path) -> None:
    database = _sqlite(tmp_path)
    with pytest.raises(HanseError) as refusal:
        load(database, tmp_path / "absent.zip")
    database.close()
    assert refusal.value.code is Code.BAD_FILE
    assert "absent.zip" in refusal.value.detail
    assert str(tmp_path) not in refusal.value.detail


def test_neither_an_extract_nor_an_older_dump_overwrites_a_fuller_record(database: Database, tmp_path: Path) -> None:
    load(database, write_lines(tmp_path / "a", [record(1, "Full", modified="2026-02-01")]))
    older = load(database, write_lines(tmp_path / "b", [record(1, "Older", modified="2025-02-01")]))
    smaller = load(database, write_lines(tmp_path / "c", [extract(1, "Names only")]))
    assert (older.kept, older.updated, smaller.kept) == (1, 0, 1)
    newer = load(database, write_lines(tmp_path / "d", [record(1, "Newer", modified="2026-03-01")]))
    assert newer.updated == 1
    with database.read() as tx:
        organisation = get(tx, subject(1))
        assert subject_search.named(tx, "full") == []
        assert [row.subject for row in subject_search.named(tx, "newer")] == [subject(1)]
    assert organisation is not None
    assert organisation.label == "Newer"


def test_a_text_that_was_read_before_counts_as_unchanged_only_while_its_record_stands(
    database: Database, tmp_path: Path
) -> None:
    first = write_lines(tmp_path / "first", [record(1, "First", modified="2026-01-01"), record(2, "Other")])
    load(database, first)
    load(database, write_lines(tmp_path / "second", [record(1, "Second", modified="2026-02-01"), record(2, "Other")]))
    report = load(database, first)
    assert (report.kept, report.unchanged, report.updated) == (1, 1, 0)
    twice = load(database, write_lines(tmp_path / "twice", [record(2, "Other"), record(2, "Other")]))
    assert (twice.unchanged, twice.skipped) == (1, 1)
    with database.read() as tx:
        assert [hit.label for hit in search(tx, "second")] == ["Second"]


def test_an_extract_says_unknown_where_it_does_not_know(database: Database, tmp_path: Path) -> None:
    load(
        database,
        write_lines(tmp_path / "a", [extract(1, "Names only"), extract(2, "More", detail="v1", status="inactive")]),
    )
    with database.read() as tx:
        names_only, more = get(tx, subject(1)), get(tx, subject(2))
    assert names_only is not None
    assert more is not None
    assert (names_only.status, more.status) == ("unknown", "inactive")


def test_a_withdrawn_organisation_stays_and_names_its_successor(database: Database, tmp_path: Path) -> None:
    load(database, write_lines(tmp_path / "a", [record(1, "Old"), record(2, "New"), record(3, "Other")]))
    merged = record(1, "Old", status="withdrawn", successor=2, modified="2026-03-01")
    report = load(database, write_lines(tmp_path / "b", [merged, record(2, "New"), record(3, "Other")]))
    assert (report.updated, report.unchanged, report.withdrawn) == (1, 2, 1)
    again = load(database, write_lines(tmp_path / "b", [merged]))
    assert (again.updated, again.withdrawn) == (0, 0)
    with database.read() as tx:
        old = get(tx, subject(1))
        assert [hit.id for hit in search(tx, subject(1))] == [subject(1)]
    assert old is not None
    assert (old.status, old.successors) == ("withdrawn", (subject(2),))


def test_progress_is_told_per_batch_and_ends_at_the_end(tmp_path: Path) -> None:
    database = _sqlite(tmp_path)
    count = BATCH + 1
    seen: list[LoadProgress] = []
    records = [extract(number % 1000, f"Name {number}") | {"id": _id(number)} for number in range(count)]
    report = load(database, write_lines(tmp_path / "many.gz", records), seen.append)
    assert report.added == count
    assert [each.records for each in seen] == [BATCH, count]
    assert seen[-1].done_bytes == seen[-1].total_bytes
    database.close()


def _id(number: int) -> str:
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    stem = "0z" + "".join(alphabet[number // 32**place % 32] for place in range(5))
    value = 0
    for character in stem:
        value = value * 32 + alphabet.index(character)
    return f"https://ror.org/{stem}{98 - (value * 100) % 97:02d}"


def _sqlite(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'registry.db'}")
    METADATA.create_all(database.engine)
    return database


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_longer_than_a_chunk_is_cut_at_its_records(tmp_path: Path, indent: int | None) -> None:
    records = [record(number, f"学 {number} " + "é" * (number % 400)) for number in range(1000)] * 3
    source = write_dump(tmp_path / "dump.zip", records, indent=indent)
    with open_source(source) as opened:
        texts = [raw.text for raw in opened.records() if isinstance(raw, RawRecord)]
    assert sum(map(len, texts)) > 1_500_000
    assert [json.JSONDecoder().decode(str(text)) for text in texts] == records


def test_the_registrys_own_relations_are_edges_that_a_newer_record_replaces(database: Database, tmp_path: Path) -> None:
    tied = [record(1, "Old", status="withdrawn", successor=2), record(2, "New")]
    load(database, write_lines(tmp_path / "a", tied))
    edge = RegistryRelation(subject(1), "successor", subject(2))
    with database.read() as tx:
        assert storage.registry_relations_of(tx, [subject(1)]) == [edge]
        assert storage.registry_relations_of(tx, [subject(2), subject(1)]) == [edge]
        assert storage.registry_relations_of(tx, [subject(3)]) == []
    load(database, write_lines(tmp_path / "b", [record(1, "Old", modified="2026-03-01", successor=3)]))
    with database.read() as tx:
        assert storage.registry_relations_of(tx, [subject(2)]) == []
        assert storage.registry_relations_of(tx, [subject(3)]) == [
            RegistryRelation(subject(1), "successor", subject(3))
        ]
