"""Every attack of the table, against real nodes: the outcome it names, nothing else changed, and honest exchange after.

The rows are in ``attacks/table.py``, and are those of ``docs/hostile-peers.md``. Attacks share a stage as long as they
leave it as it was, in whatever order they come: a defence that one attack wears down fails at the next.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.federation.attacks.stage import Attack, Stage, changed, set_stage
from tests.federation.attacks.table import ATTACKS, table, written
from tests.federation.conftest import making_nodes

IN_MEMORY = [("sqlite", attack) for attack in ATTACKS if not attack.sockets]
ON_BOTH = {
    "Equivocation",
    "Beside the question",
    "Behind a head",
    "Forged cosignature",
    "Spam under new keys",
    "Self-endorsement ring",
}
"""Attacks of which the other database could make something else: what they change is changed under its locks."""
IN_MEMORY += [("postgresql", attack) for attack in ATTACKS if attack.name in ON_BOTH]
ON_THE_WIRE = [attack for attack in ATTACKS if attack.sockets]


class Stages:
    """The stage of each database, set anew where an attack has spoilt it."""

    def __init__(self, request: pytest.FixtureRequest, directory: Path) -> None:
        self._request, self._directory = request, directory
        self._open: dict[str, tuple[Stage, ExitStack]] = {}
        self._count = 0

    def stage(self, kind: str) -> Stage:
        """One in good order."""
        if kind not in self._open:
            self._count += 1
            stack = ExitStack()
            directory = self._directory / str(self._count)
            url = self._request.getfixturevalue("postgresql_url") if kind == "postgresql" else ""
            self._open[kind] = set_stage(stack.enter_context(making_nodes(directory, url))), stack
        return self._open[kind][0]

    def close(self, kind: str) -> None:
        """Take a stage down."""
        if kind in self._open:
            self._open.pop(kind)[1].close()


@pytest.fixture(scope="module")
def stages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    """The stages of this module."""
    made = Stages(request, tmp_path_factory.mktemp("stages"))
    yield made
    for kind in ("sqlite", "postgresql"):
        made.close(kind)


def run(stages: Stages, kind: str, attack: Attack) -> None:
    stage = stages.stage(kind)
    before = stage.rows()
    keep = False
    try:
        attack.run(stage)
        assert changed(before, stage.rows()) <= attack.changes
        stage.make_good()
        stage.require_exchange()
        if not attack.spoils:
            stage.settle()
            keep = True
    finally:
        if not keep:
            stages.close(kind)


@pytest.mark.parametrize(("kind", "attack"), IN_MEMORY, ids=lambda each: each if isinstance(each, str) else each.name)
def test_an_attack_ends_as_the_table_says(stages: Stages, kind: str, attack: Attack) -> None:
    run(stages, kind, attack)


@pytest.mark.enable_socket
@pytest.mark.parametrize("attack", ON_THE_WIRE, ids=lambda attack: attack.name)
def test_an_attack_on_the_wire_ends_as_the_table_says(stages: Stages, attack: Attack) -> None:
    run(stages, "sqlite", attack)


def test_the_document_has_the_same_table() -> None:
    assert written() == table(), "run `python -m tests.federation.attacks.table --write`"


def test_every_row_has_a_name_of_its_own() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) > 50
