"""``hanse lists`` as an operator uses it: what it takes, what it says, and what it refuses to guess."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from node.cli.main import app
from node.errors import Code, HanseError
from tests.node.subjects.registry import record, ror_id, write_lines

ABOUT = ("--name", "Export list", "--publisher", "Invented Trade Office", "--effect", "A licence is needed.")


def _run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)], catch_exceptions=True)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A node with one organisation in its registry."""
    folder = tmp_path / "aldermoor"
    assert _run(folder, "init", "--name", "Aldermoor", "--url", "https://aldermoor.example").exit_code == 0
    dump = write_lines(tmp_path / "records.jsonl.gz", [record(1, "Tidal Works")])
    assert _run(folder, "subjects", "load", str(dump)).exit_code == 0
    return folder


def test_a_list_is_imported_and_what_was_dropped_is_said(data: Path, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text(f"Who,What,ROR\nTidal Works,Entity,{ror_id(1)}\nWrenreed,Individual,\n", "utf-8")
    columns = ("--column", "name=Who", "--column", "kind=What", "--column", "ror=ROR", "--organisation", "Entity")

    done = _run(data, "lists", "import", str(table), *ABOUT, *columns)

    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "2 read: 1 added" in said
    assert "1 persons" in said
    assert "1 tied by an identifier, 0 to be confirmed" in said
    assert "Wrenreed" not in said


@pytest.mark.parametrize(
    "columns",
    [
        ("--column", "name=Who"),
        ("--column", "name=Who", "--column", "kind=What"),
        ("--column", "name=Who", "--column", "kind=What", "--organisation", "*"),
        ("--organisation", "*"),
        ("--column", "name"),
    ],
)
def test_which_rows_are_organisations_is_never_guessed(data: Path, tmp_path: Path, columns: tuple[str, ...]) -> None:
    table = tmp_path / "list.csv"
    table.write_text("Who,What\nTidal Works,Entity\n", "utf-8")
    done = _run(data, "lists", "import", str(table), *ABOUT, *columns)
    assert isinstance(done.exception, HanseError)
    assert done.exception.code == Code.INVALID


def test_publications_are_counted(data: Path, tmp_path: Path) -> None:
    works = tmp_path / "works.jsonl"
    named = [{"display_name": "Tidal Works", "ror": f"https://ror.org/{ror_id(1)}"}, {"display_name": "Grey Institute"}]
    works.write_text(json.dumps({"publication_year": 2025, "authorships": [{"institutions": named}]}) + "\n", "utf-8")

    done = _run(data, "lists", "publications", str(works), "--subject", "Tidal Works", "--until", "2026")

    assert done.exit_code == 0, done.output
    assert "1 works read" in " ".join(done.output.split())
    assert "1 organisations published with" in " ".join(done.output.split())
