"""The command line as an operator uses it: what it prints, what it leaves on disk, how it fails."""

import re
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from node import config
from node.cli.main import app
from node.cli.open import EXIT_OPERATOR, fail
from node.errors import Code, HanseError
from protocol.errors import Fault, ProtocolError

HEADER = (
    "reference,title,subject,engagement_kind,indicator,observation,observed_from,observed_until,"
    "strength,reliability,credibility,evidence_kinds\n"
)


def _run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data", str(data)], catch_exceptions=True)


def _init(data: Path, name: str = "Aldermoor University") -> None:
    done = _run(data, "init", "--name", name, "--url", f"https://{data.name}.example")
    assert done.exit_code == 0, done.output


def _refusal(result: Result) -> HanseError:
    assert isinstance(result.exception, HanseError), result.output
    return result.exception


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of a node that was just made."""
    folder = tmp_path / "aldermoor"
    _init(folder)
    return folder


def test_init_keeps_every_secret_from_others(data: Path) -> None:
    secrets = [path for path in (data / "keys").rglob("*") if path.is_file()]
    assert {path.name for path in secrets} == {"identity.key", "identity.pub", "request.key", "data.key"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}


def test_init_never_touches_a_node_that_is_there(data: Path) -> None:
    before = (data / "keys" / "data.key").read_bytes()
    refused = _refusal(_run(data, "init", "--name", "Other", "--url", "https://other.example"))
    assert refused.code is Code.CONFLICT
    assert (data / "keys" / "data.key").read_bytes() == before


def test_a_private_peer_is_a_host_with_a_port(tmp_path: Path) -> None:
    data = tmp_path / "new"
    assert _run(data, "init", "--name", "Aldermoor", "--url", "https://aldermoor.example").exit_code == 0
    settings = data / config.FILE_NAME
    before = settings.read_text("utf-8")
    settings.write_text(before + 'private_peers = ["Hanse.Campus.example", "10.1.2.3:8443"]\n', "utf-8")
    assert config.load(data).private_peers == ("hanse.campus.example:443", "10.1.2.3:8443")
    for wrong in ("https://hanse.campus.example", "host:70000", "host/path", "somebody@host", "a b", ":443", ""):
        settings.write_text(before + f'private_peers = ["{wrong}"]\n', "utf-8")
        with pytest.raises(HanseError) as caught:
            config.load(data)
        assert caught.value.code is Code.BAD_CONFIGURATION
        assert "private_peers" in caught.value.detail


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://aldermoor.example", "TLS"),
        ("https://aldermoor.example/path", "nothing after it"),
        ("ftp://aldermoor.example", "scheme"),
        ("https://999.1.1.1", "clause 6.4"),
        ("https://Aldermoor.example", "clause 6.4"),
        ("https://aldermoor.example:70000", "clause 6.4"),
    ],
)
def test_init_refuses_an_address_that_peers_cannot_use(tmp_path: Path, url: str, words: str) -> None:
    refused = _refusal(_run(tmp_path / "new", "init", "--name", "Aldermoor", "--url", url))
    assert refused.code is Code.BAD_CONFIGURATION
    assert words in refused.detail
    assert not (tmp_path / "new" / "keys").exists()


def test_settings_name_the_line_that_is_wrong(data: Path) -> None:
    settings = data / config.FILE_NAME
    settings.write_text(settings.read_text("utf-8") + "colour = 'blue'\n", "utf-8")
    assert "colour" in _refusal(_run(data, "accounts", "list")).detail
    settings.write_text("name = \n", "utf-8")
    assert "line 1" in _refusal(_run(data, "accounts", "list")).detail


def test_environment_wins_over_the_file(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANSE_LISTEN_PORT", "9999")
    assert config.load(data).listen_port == 9999


def test_keys_that_others_can_read_are_refused(data: Path) -> None:
    (data / "keys" / "data.key").chmod(0o640)
    refused = _refusal(_run(data, "accounts", "list"))
    assert refused.code is Code.BAD_KEY_FILE
    assert "chmod 600" in refused.remedy


def test_a_missing_or_foreign_data_key_is_named(data: Path, tmp_path: Path) -> None:
    assert _run(data, "accounts", "add", "ada", "--role", "officer").exit_code == 0
    key = data / "keys" / "data.key"
    _init(tmp_path / "northport")
    key.write_bytes((tmp_path / "northport" / "keys" / "data.key").read_bytes())
    assert _refusal(_run(data, "accounts", "list")).code is Code.CORRUPTED
    key.write_bytes(b"short")
    assert "5 bytes" in _refusal(_run(data, "accounts", "list")).detail
    key.unlink()
    assert _refusal(_run(data, "accounts", "list")).code is Code.BAD_KEY_FILE


def test_a_database_of_a_newer_version_is_left_alone(data: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{data / 'hanse.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    assert _refusal(_run(data, "accounts", "list")).code is Code.NEWER_DATABASE
    assert _refusal(_run(data, "migrate")).code is Code.NEWER_DATABASE


def test_an_account_gets_a_link_that_is_printed_whole(data: Path) -> None:
    added = _run(data, "accounts", "add", "ada", "--role", "officer", "--role", "analyst")
    assert re.fullmatch(r"https://aldermoor\.example/setup/[A-Za-z0-9_-]{43}\n", added.output)
    listed = _run(data, "accounts", "list").output
    assert "analyst, officer" in listed
    assert "waiting for its owner" in listed
    assert _run(data, "accounts", "token", "ada", "--name", "notebook").output.startswith("hanse_")


def test_a_lost_authenticator_is_taken_off_by_command(data: Path) -> None:
    assert _run(data, "accounts", "add", "ada", "--role", "operator").exit_code == 0
    assert "had no second factor" in _run(data, "accounts", "reset-second-factor", "Ada").output
    assert _refusal(_run(data, "accounts", "reset-second-factor", "nobody")).code is Code.NOT_FOUND


def test_a_data_subject_and_a_data_protection_officer_are_answered(data: Path) -> None:
    added = _run(data, "accounts", "add", "zq", "--role", "officer", "--name", "Z\u00e9nobie Quarrelwick")
    assert added.exit_code == 0
    assert "accounts.display_name" in _run(data, "persons", "find", "quarrelwick zenobie").output
    assert "Nothing in this node" in _run(data, "persons", "find", "Somebody Else").output
    assert _refusal(_run(data, "persons", "find", "Q")).code is Code.INVALID
    record = _run(data, "persons", "record").output
    for words in (
        "Record of processing activities",
        "staff with an account (1)",
        "None: this node is in no circle",
        "intact",
    ):
        assert words in record


def test_a_token_needs_somebody_who_may_read_the_pool(data: Path) -> None:
    assert _run(data, "accounts", "add", "op", "--role", "operator").exit_code == 0
    assert _refusal(_run(data, "accounts", "token", "op", "--name", "x")).code is Code.FORBIDDEN


def test_three_founders_make_a_circle_with_files_alone(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("aldermoor", "northport", "valdesk")]
    cards = []
    for folder in folders:
        _init(folder, folder.name.title())
        cards.append(tmp_path / f"{folder.name}.card")
        cards[-1].write_text(_run(folder, "circle", "card").output, "ascii")
    terms = ("--name", "Circle", "--purpose", "Together", "--legal-basis", "Public task")
    made = _run(folders[0], "circle", "create", *map(str, cards), *terms)
    charter = tmp_path / "circle.charter"
    charter.write_text(made.output, "utf-8")
    early = _run(folders[1], "circle", "join", str(charter))
    assert isinstance(early.exception, HanseError | ProtocolError)
    for folder in folders[1:]:
        assert _run(folder, "circle", "sign", str(charter)).exit_code == 0
    for folder in folders:
        joined = _run(folder, "circle", "join", str(charter))
        assert "under the pseudonym" in " ".join(joined.output.split())
    shown = _run(folders[2], "circle", "show").output
    assert "Circle" in shown
    assert _refusal(_run(folders[0], "circle", "join", str(charter))).code is Code.CONFLICT


def test_import_reports_every_row_and_keeps_the_good_ones(data: Path, tmp_path: Path) -> None:
    assert _run(data, "accounts", "add", "ada", "--role", "officer").exit_code == 0
    good = "A-1,Case,,project,conduct-responsive,Answered.,2026-01-01,2026-02-01,3,A,2,institution-record\n"
    bad = "A-2,Case,,project,no-such-indicator,Answered.,2026-01-01,2026-02-01,3,A,2,institution-record\n"
    file = tmp_path / "cases.csv"
    file.write_text(HEADER + good + bad, "utf-8")
    done = _run(data, "assessments", "import", str(file), "--as", "ada")
    assert done.exit_code == EXIT_OPERATOR, done.output
    assert "2 rows: 1 imported, 0 known already, 1 refused" in done.output
    assert "row 3: indicator:" in done.output


def test_ledger_check_and_export_of_an_empty_node(data: Path, tmp_path: Path) -> None:
    assert "are what they were" in _run(data, "ledger", "check").output
    target = tmp_path / "log.zip"
    assert _refusal(_run(data, "ledger", "export", "nonsense", str(target))).code is Code.INVALID
    assert not target.exists()


@pytest.mark.parametrize(("fault", "exit_code"), [(Fault.OURS, 1), (Fault.OPERATOR, 2), (Fault.PEER, 3)])
def test_exit_codes_say_who_has_to_act(fault: Fault, exit_code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert fail(HanseError(Code.INVALID, "what was wrong.", remedy="What to do.", fault=fault)) == exit_code
    assert capsys.readouterr().err == "hanse: what was wrong. What to do.\n       (invalid)\n"
