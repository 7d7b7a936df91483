"""Everything that a node holds, taken out: whole, in the clear, without secrets, readable by anybody's program."""

import hashlib
import io
import stat
import zipfile
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from node.accounts.manage import create_account
from node.app import build
from node.casework import evidence
from node.casework.assessments import create_assessment
from node.cli.main import app
from node.config import load
from node.domain.accounts import Role
from node.domain.casework import AssessmentData
from node.errors import Code, HanseError
from node.storage import everything, tables
from node.storage.evidence import EvidenceFiles
from node.storage.tables.base import METADATA
from protocol.identifiers import VocabularyCode

CANARY = "Thrushwick"
SENTENCE = f"Agreed with {CANARY} in the spring."
FILE = b"%PDF-1.7\n" + CANARY.encode() * 100 + b"\n%%EOF\n"


def filled(data: Path) -> str:
    """A new node with an officer, an assessment and a file of evidence; the hash of the setup link's token."""
    made = CliRunner().invoke(
        app, ["init", "--data", str(data), "--name", "Aldermoor", "--url", "https://aldermoor.example"]
    )
    assert made.exit_code == 0, made.output
    runtime = build(load(data))
    now = runtime.clock.now()
    files = EvidenceFiles(runtime.settings.evidence, runtime.vault)
    with evidence.staged(files, "minutes.pdf", io.BytesIO(FILE)) as upload, runtime.database.write() as tx:
        account, link = create_account(
            tx, runtime.vault, login="officer", display_name="O", roles=frozenset({Role.OFFICER}), now=now
        )
        head = AssessmentData(title="T", subject=None, engagement_kind=VocabularyCode("project"), purpose=SENTENCE)
        assessment = create_assessment(tx, runtime.vault, runtime.vocabulary, account.id, head, now)
        kept = evidence.keep(tx, runtime.vault, files, upload, account.id, now)
        evidence.use(tx, assessment.id, [kept.id])
    runtime.database.close()
    return hashlib.sha256(link.token.encode()).hexdigest()


def test_everything_is_there_in_the_clear_and_no_secret(tmp_path: Path) -> None:
    data, target = tmp_path / "node", tmp_path / "everything.zip"
    filled(data)
    done = CliRunner().invoke(app, ["take-out", str(target), "--data", str(data)])
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with zipfile.ZipFile(target) as archive:
        manifest = msgspec.json.decode(archive.read("manifest.json"))
        for name, about in manifest["files"].items():
            content = archive.read(name)
            assert hashlib.sha256(content).hexdigest() == about["sha256"]
            if name.startswith("tables/"):
                assert content.count(b"\n") == about["rows"]
        assert {f"tables/{name}.ndjson" for name in everything.names()} <= set(archive.namelist())
        (line,) = archive.read("tables/assessments.ndjson").splitlines()
        assert SENTENCE in str(msgspec.json.decode(line)["sealed"])
        (held,) = [name for name in archive.namelist() if name.startswith("evidence/")]
        assert archive.read(held) == FILE
        assert b"token_hash" not in archive.read("tables/setup_links.ndjson")
    again = CliRunner().invoke(app, ["take-out", str(target), "--data", str(data)])
    assert isinstance(again.exception, HanseError)
    assert again.exception.code is Code.BAD_FILE


def test_every_table_and_column_is_taken_along_or_left_out_with_a_reason() -> None:
    tables.load()
    columns = {f"{table.name}.{column.name}" for table in METADATA.sorted_tables for column in table.columns}
    assert everything.DERIVED.keys() <= METADATA.tables.keys()
    assert everything.SECRETS.keys() <= columns
    assert set(everything.names()) | everything.DERIVED.keys() == METADATA.tables.keys()
    assert all({**everything.DERIVED, **everything.SECRETS}.values())


@pytest.mark.parametrize("word", ["hash", "secret", "password"])
def test_a_column_that_is_called_like_a_secret_is_left_out(word: str) -> None:
    tables.load()
    open_ones = {"access_log.hash", "account_identities.identity_hash", "sign_in_attempts.login_hash", "tiles.hashes"}
    called = {
        f"{table.name}.{column.name}"
        for table in METADATA.sorted_tables
        for column in table.columns
        if word in column.name and table.name not in everything.DERIVED
    }
    assert called - open_ones <= everything.SECRETS.keys()
