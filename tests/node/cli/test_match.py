"""``hanse subjects match``: files in, files out."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from node.cli.main import app
from node.errors import Code, HanseError
from tests.node.subjects.registry import record, ror_id, write_lines

ADDRESS = f"https://ror.org/{ror_id(1)}"


def _match(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["subjects", "match", *map(str, words)])


def _refused(result: Result) -> HanseError:
    assert isinstance(result.exception, HanseError), result.output
    return result.exception


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A registry file with two organisations."""
    records = [record(1, "Aldermoor University"), record(2, "Northport College of Lanterns")]
    return write_lines(tmp_path / "registry.jsonl.gz", records)


def test_every_good_line_is_answered_and_every_bad_one_is_named(tmp_path: Path, registry: Path) -> None:
    source, target = tmp_path / "in.ndjson", tmp_path / "out.ndjson"
    lines = [
        b'{"id": "a", "affiliation": "Department of Waves, Aldermoor University"}',
        b"",
        b"{broken",
        b'{"id": "b"}',
        b'{"id": 7, "affiliation": "", "more": 1}',
        b'{"id": "long", "affiliation": "' + b"x" * 10_000_000 + b'"}',
        b'{"id": "\xff", "affiliation": "x"}',
        b'{"id": "c", "affiliation": "' + b"y" * 5_000 + b'"}',
        b'{"id": "d", "affiliation": "Northport Colege of Lanterns"}',
    ]
    source.write_bytes(b"\n".join(lines))
    done = _match("--in", source, "--out", target, "--registry", registry)
    assert done.exit_code == 0, done.output
    answers = [json.loads(line) for line in target.read_bytes().splitlines()]  # noqa: TID251
    assert [each["id"] for each in answers] == ["a", 7, "d"]
    assert [each["ror_ids"] for each in answers] == [[ADDRESS], [], []]
    assert set(answers[0]["suggestions"][0]) == {"id", "name", "score", "why"}
    assert answers[2]["suggestions"][0]["name"] == "Northport College of Lanterns"
    for number in (3, 4, 6, 7, 8):
        assert f"line {number}:" in done.output
    assert "3 texts matched, 1 of them linked; 5 lines could not be read." in done.output


def test_the_node_s_own_registry_is_used_without_a_file(tmp_path: Path, registry: Path) -> None:
    data, source, target = tmp_path / "node", tmp_path / "in.ndjson", tmp_path / "out.ndjson"
    runner = CliRunner()
    made = ["init", "--name", "Aldermoor University", "--url", "https://a.example", "--data", str(data)]
    assert runner.invoke(app, made).exit_code == 0
    source.write_text('{"id": "a", "affiliation": "Aldermoor University"}\n', encoding="utf-8")
    empty = _refused(_match("--in", source, "--out", target, "--data", data))
    assert empty.code is Code.NOT_FOUND
    assert runner.invoke(app, ["subjects", "load", str(registry), "--data", str(data)]).exit_code == 0
    assert _match("--in", source, "--out", target, "--data", data).exit_code == 0
    assert ADDRESS in target.read_text("utf-8")
    assert len(list((data / "matching").glob("names-*.bin"))) == 1


def test_a_failure_leaves_no_output(tmp_path: Path, registry: Path) -> None:
    target = tmp_path / "out.ndjson"
    assert _refused(_match("--in", tmp_path / "no", "--out", target, "--registry", registry)).code is Code.BAD_FILE
    source = tmp_path / "in.ndjson"
    source.write_bytes(b"")
    assert _refused(_match("--in", source, "--out", target, "--registry", source)).code is Code.BAD_FILE
    assert not target.exists()
    assert not list(tmp_path.glob("*.part"))


def test_the_index_may_be_built_right_after_loading(tmp_path: Path, registry: Path) -> None:
    data, runner = tmp_path / "node", CliRunner()
    made = ["init", "--name", "Aldermoor University", "--url", "https://a.example", "--data", str(data)]
    assert runner.invoke(app, made).exit_code == 0
    loaded = runner.invoke(app, ["subjects", "load", str(registry), "--index", "--data", str(data)])
    assert loaded.exit_code == 0, loaded.output
    assert "building the index of names" in loaded.output
    assert len(list((data / "matching").glob("names-*.bin"))) == 1
