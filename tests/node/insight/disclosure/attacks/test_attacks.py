"""Every attack comes out as its row says, and the document shows the same rows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.vocabulary import Vocabulary
from tests.node.insight.disclosure.attacks.stage import MEMBERS, Stage
from tests.node.insight.disclosure.attacks.table import ATTACKS, Attack
from tests.node.insight.support import pools_of
from tests.support import ROOT


@pytest.fixture
def stage(tmp_path: Path, vocabulary: Vocabulary) -> Iterator[Stage]:
    """A circle of six."""
    (pool,) = pools_of(tmp_path, "sqlite://", members=MEMBERS)
    yield Stage(pool, vocabulary)
    pool.database.close()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack(attack: Attack, stage: Stage) -> None:
    attack.run(stage)


def test_the_document_shows_these_attacks() -> None:
    text = (ROOT / "docs" / "disclosure.md").read_text("utf-8")
    table = text.partition("## Attacks")[2].partition("\n## ")[0]
    head, *rows = re.findall(r"^\| ([a-z ]+) \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
    assert head == ("attack", "what is tried", "what comes of it")
    assert rows == [(attack.name, attack.tries, attack.outcome) for attack in ATTACKS]
