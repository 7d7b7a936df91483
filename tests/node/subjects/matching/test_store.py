"""The index on disk: made once, remade when the registry changes, never trusted when damaged."""

from pathlib import Path

from node.storage.database import Database
from node.storage.matching import registry_digest
from node.subjects import mint
from node.subjects.matching import Names, matches
from node.subjects.matching.store import open_index, read
from protocol.identifiers import CircleId
from tests.node.subjects.registry import load_records, record, subject


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*"))


def test_the_index_is_built_once_and_read_from_disk_after_that(database: Database, tmp_path: Path) -> None:
    load_records(database, tmp_path, [record(1, "Aldermoor University"), record(2, "Northport College")])
    folder, said = tmp_path / "matching", list[str]()
    built = open_index(database, folder, said.append)
    (path,) = _files(folder)
    kept = open_index(database, folder, said.append)
    assert said == ["building the index of names"]
    assert built.source == kept.source == read(path)


def test_a_changed_registry_makes_a_new_index_and_leaves_no_old_one(database: Database, tmp_path: Path) -> None:
    load_records(database, tmp_path, [record(1, "Aldermoor University")])
    folder = tmp_path / "matching"
    open_index(database, folder)
    (old,) = _files(folder)
    load_records(database, tmp_path, [record(1, "Aldermoor University of Tides", modified="2026-02-01")])
    index = open_index(database, folder)
    assert index.source.labels == ["Aldermoor University of Tides"]
    assert _files(folder) != [old]
    assert len(_files(folder)) == 1


def test_a_minted_subject_is_no_part_of_the_registry(database: Database, tmp_path: Path) -> None:
    load_records(database, tmp_path, [record(1, "Aldermoor University")])
    with database.write() as tx:
        before = registry_digest(tx)
        mint(tx, CircleId("c" * 43), "Aldermoor Reading Room")
        assert registry_digest(tx) == before
    assert len(open_index(database, tmp_path / "matching")) == 1


def test_a_damaged_file_is_made_anew(database: Database, tmp_path: Path) -> None:
    load_records(database, tmp_path, [record(1, "Aldermoor University")])
    folder = tmp_path / "matching"
    good = open_index(database, folder)
    (path,) = _files(folder)
    whole = path.read_bytes()
    for broken in (b"", whole[:20], whole[:-1], whole[:40] + bytes([whole[40] ^ 1]) + whole[41:], b"\x80" * 500):
        path.write_bytes(broken)
        assert read(path) is None
        assert open_index(database, folder).source == good.source
        assert path.read_bytes() == whole


def test_a_folder_that_cannot_be_written_to_stops_nobody(database: Database, tmp_path: Path) -> None:
    load_records(database, tmp_path, [record(1, "Aldermoor University")])
    blocked = tmp_path / "a file"
    blocked.write_bytes(b"")
    said = list[str]()
    assert len(open_index(database, blocked / "matching", said.append)) == 1
    assert said == ["building the index of names", "the index could not be kept on disk"]


def test_a_running_node_keeps_one_matcher(database: Database, tmp_path: Path) -> None:
    load_records(database, tmp_path, [record(1, "Aldermoor University")])
    names = Names(database, tmp_path)
    having = names.matcher()
    assert names.matcher() is having
    assert [each.subject for each in matches(having, "Aldermoor University").links] == [subject(1)]
