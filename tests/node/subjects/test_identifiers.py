"""LEIs and national numbers: checked, found as they are typed, and kept when the registry brings newer records."""

from pathlib import Path

import pytest

from node.errors import Code, HanseError
from node.storage.database import Database
from node.subjects import get, resolve_exact, search
from node.subjects.identifiers import add_identifiers
from tests.node.subjects.registry import load_records, record, ror_id, subject

# Made for these tests: the letters spell no register, the check digits are right.
LEI = "5299HANSETESTS0000"


def lei() -> str:
    value = int("".join(str(int(each, 36)) for each in LEI + "00"))
    return f"{LEI}{98 - value % 97:02}"


@pytest.fixture
def table(database: Database, tmp_path: Path) -> Path:
    load_records(database, tmp_path, [record(1, "Tide Works"), record(2, "Harbour Works")])
    path = tmp_path / "identifiers.csv"
    lines = [
        "subject,scheme,value",
        f"https://ror.org/{ror_id(1)},lei,{lei()}",
        f"{subject(1)},NN-REG,0293 7842",
        f"{subject(2)},lei,{lei()[:-1]}x",
        f"{subject(9)},NN-REG,1",
        "nobody,NN-REG,2",
        f"{subject(2)},not a scheme!,3",
    ]
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_identifiers_are_added_once_and_bad_rows_are_said(database: Database, table: Path) -> None:
    first, again = add_identifiers(database, table), add_identifiers(database, table)
    assert (first.read, first.added, first.skipped) == (6, 2, 4)
    assert (again.added, again.unchanged) == (0, 2)
    assert [each.position for each in first.examples] == [4, 5, 6, 7]


def test_they_are_found_in_every_spelling_and_outlive_a_newer_record(
    database: Database, table: Path, tmp_path: Path
) -> None:
    add_identifiers(database, table)
    load_records(database, tmp_path, [record(1, "Tide Works, renamed", modified="2026-05-01")])
    with database.read() as tx:
        for typed in (lei(), f"lei:{lei().lower()}", "02937842", "0293-7842", "NN-REG 02937842", "nn-reg:0293 7842"):
            (hit,) = search(tx, typed)
            assert (hit.id, hit.match) == (subject(1), "identifier"), typed
        assert {each.id for each in search(tx, "grid.1.2")} == {subject(1), subject(2)}
        for typed in (lei(), f"lei:{lei().lower()}", "NN-REG 02937842", "nn-reg:0293 7842"):
            found = resolve_exact(tx, typed)
            assert found is not None, typed
            assert found.id == hit.id
        # A number alone may be of any register.
        assert resolve_exact(tx, "02937842") is None
        assert resolve_exact(tx, "grid grid.1.2") is None, "two organisations are called so"
        organisation = get(tx, subject(1))
    assert organisation is not None
    assert ("NN-REG", "0293 7842") in organisation.identifiers


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"subject,scheme,value\n\xff", b'subject,scheme,value\n"'])
def test_what_is_no_table_is_refused(database: Database, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(HanseError) as refusal:
        add_identifiers(database, path)
    assert refusal.value.code is Code.BAD_FILE


def test_a_domain_finds_its_organisation_while_it_is_typed(database: Database, tmp_path: Path) -> None:
    tides = record(1, "Tide Works") | {"links": [{"type": "website", "value": "https://www.tides.example/en?x=1"}]}
    load_records(database, tmp_path, [tides, record(2, "Harbour Works")])
    with database.read() as tx:
        for typed in ("tides.example", "https://tides.example/", "www.tides.ex"):
            assert [(hit.id, hit.match) for hit in search(tx, typed)] == [(subject(1), "domain")], typed
