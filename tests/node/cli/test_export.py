"""``hanse export``: the same files as by the API, on the node itself."""

from pathlib import Path

import msgspec
from typer.testing import CliRunner, Result

from node.cli.main import app
from node.errors import Code, HanseError


def _run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)], catch_exceptions=True)


def test_a_file_is_written_once_and_says_for_whom_it_is(tmp_path: Path) -> None:
    data, file = tmp_path / "aldermoor", tmp_path / "public.ndjson"
    assert _run(data, "init", "--name", "Aldermoor", "--url", "https://aldermoor.example").exit_code == 0
    done = _run(data, "export", str(file), "--for", "public", "--filter", "state=live", "--filter", "state=corrected")
    assert done.exit_code == 0, done.output
    head, end = [msgspec.json.decode(line) for line in file.read_bytes().splitlines()]
    assert (head["audience"], head["handling"], end["rows"]) == ("public", "TLP:CLEAR", 0)
    refusals = {
        (str(file),): Code.BAD_FILE,
        (str(tmp_path / "sheet.xls"),): Code.INVALID,
        (str(tmp_path / "a.csv"), "--filter", "state"): Code.INVALID,
        (str(tmp_path / "a.csv"), "--filter", "state=alive"): Code.INVALID,
        (str(tmp_path / "a.csv"), "--for", "everybody"): Code.INVALID,
    }
    for words, code in refusals.items():
        refused = _run(data, "export", *words)
        assert isinstance(refused.exception, HanseError)
        assert refused.exception.code is code
    assert not (tmp_path / "a.csv").exists()
