"""``hanse demo --exit``: three processes, real sync, and a last line that a program can read."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from node.cli.demo.cast import FictionalRow, fictional_rows
from node.cli.demo.run import Counts
from protocol.vocabulary import WHOLE, Vocabulary
from tests.support import ROOT


@pytest.mark.enable_socket
def test_the_demo_ends_with_its_counts(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "node", "demo", "--exit", "--data", str(tmp_path / "demo")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    counts = msgspec.json.decode(done.stdout.splitlines()[-1].encode(), type=Counts)
    assert counts.nodes == 3
    assert counts.organisations == 303
    assert counts.statements_published > len(fictional_rows())
    assert counts.entries_replicated_and_verified == 2 * counts.statements_published
    assert counts.signals > 20
    assert "one piece each" in done.stdout
    assert "no single node knew this path" in " ".join(done.stdout.split())


def test_every_invented_row_is_in_the_vocabulary(vocabulary: Vocabulary) -> None:
    rows = fictional_rows()
    assert {row.indicator for row in rows} <= set(vocabulary.indicators)
    assert {row.question for row in rows} <= set(vocabulary.checklist)
    assert {row.scope for row in rows} <= {WHOLE, *vocabulary.technology_domains}
    assert _polarities(rows, vocabulary) >= {"concern", "assurance", "context"}


def _polarities(rows: list[FictionalRow], vocabulary: Vocabulary) -> set[str]:
    return {vocabulary.indicators[row.indicator].polarity for row in rows}
