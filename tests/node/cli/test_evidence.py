"""What the worker does for evidence files after each round."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.accounts.manage import create_account
from node.casework import evidence
from node.cli.assessments import tidy_evidence
from node.domain.accounts import Role
from node.runtime import Runtime
from node.storage.evidence import EvidenceFiles
from tests.federation.support import Node, make_node
from tests.node.casework.files import PDF


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = make_node(tmp_path, "aldermoor")
    yield made
    made.runtime.database.close()


def add(runtime: Runtime) -> Path:
    """A file that no answer names; its place."""
    folder, now = EvidenceFiles(runtime.settings.evidence, runtime.vault), runtime.clock.now()
    with evidence.staged(folder, "a.pdf", io.BytesIO(PDF)) as upload, runtime.database.write() as tx:
        roles = frozenset({Role.OFFICER})
        account, _ = create_account(tx, runtime.vault, login="o", display_name="O", roles=roles, now=now)
        file = evidence.keep(tx, runtime.vault, folder, upload, account.id, now)
    return runtime.settings.evidence / file.content[:2] / file.content


def test_a_file_that_nobody_named_goes_a_day_later(node: Node) -> None:
    place = add(node.runtime)
    tidy_evidence(node.runtime)
    assert place.is_file()
    node.clock.advance(evidence.FORM_SECONDS + 1)
    tidy_evidence(node.runtime)
    assert not place.exists()


def test_a_disk_that_refuses_does_not_end_the_worker(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    place = add(node.runtime)
    (place.parent / f"{place.parent.name}-a-folder-where-a-file-should-be").mkdir()
    tidy_evidence(node.runtime)
    assert "evidence-not-tidied" in capsys.readouterr().out
    assert place.is_file()


def test_a_node_without_files_has_nothing_to_tidy(node: Node) -> None:
    tidy_evidence(node.runtime)
    assert not node.runtime.settings.evidence.exists()
