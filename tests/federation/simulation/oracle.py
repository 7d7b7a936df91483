"""What must hold after every step, however badly the network and the processes have behaved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.domain.ledger import Log
from node.insight.refresh import catch_up
from node.storage import insight
from node.storage import ledger as logs
from node.storage import statements as reading
from node.storage.database import Transaction
from protocol.identifiers import KeyId, StatementId
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import leaf_hash
from protocol.projection import State
from protocol.statements import Body
from tests.federation.simulation.world import World

Holding: TypeAlias = tuple[tuple[KeyId, int], ...]
"""How much a node holds of each log."""

_EVERYTHING: Final = 10_000


@dataclass(frozen=True, slots=True)
class View:
    """All that a node concludes from what it holds: two nodes that hold the same must have equal ones."""

    lines: Mapping[KeyId, str]
    statements: Mapping[tuple[KeyId, StatementId], tuple[State, Body]]
    signals: tuple[bytes, ...]


def judge(world: World) -> None:
    """Raise ``AssertionError`` unless everything that was promised is so at this moment."""
    views: dict[Holding, tuple[str, View]] = {}
    for name in world.actors:
        holding = _require_true_prefixes(world, name)
        view = _view(world, name)
        other, known = views.setdefault(holding, (name, view))
        assert view == known, f"{name} and {other} hold the same and conclude otherwise"


def require_agreement(world: World, names: list[str]) -> None:
    """These nodes hold everything that was ever acknowledged, and conclude the same from it."""
    everything = {(log, len(entries)) for log, entries in world.truth.items() if entries}
    first = _view(world, names[0])
    for name in names:
        assert set(_require_true_prefixes(world, name)) == everything, f"{name} lacks something"
        assert _view(world, name) == first, f"{name} and {names[0]} conclude otherwise"


def _require_true_prefixes(world: World, name: str) -> Holding:
    """Nothing is held that its author did not sign, and the author has lost nothing that it acknowledged."""
    with world.actors[name].node.runtime.database.read() as tx:
        held = logs.list_logs(tx, world.circle)
        own = world.own_logs[name]
        for log in held:
            truth = world.truth.get(log.contributor, [])
            assert log.size <= len(truth), f"{name} holds {log.size} of {len(truth)} entries of {log.contributor}"
            assert log.frontier.root() == EMPTY.extend(map(leaf_hash, truth[: log.size])).root(), f"{name} holds others"
            assert logs.read_entries(tx, log, 0, log.size) == truth[: log.size]
            if log.contributor in own and not world.actors[name].restored:
                assert log.size == len(truth), f"{name} has lost what it acknowledged"
            _require_signed(log)
    return tuple((log.contributor, log.size) for log in held if log.size)


def _require_signed(log: Log) -> None:
    assert log.covered_size <= log.size
    assert bool(log.covered) == bool(log.covered_size)


def _view(world: World, name: str) -> View:
    runtime = world.actors[name].node.runtime
    catch_up(runtime.database, runtime.vocabulary, world.now)
    with runtime.database.read() as tx:
        page = reading.feed(tx, after=0, limit=_EVERYTHING, now=world.now, circle=world.circle)
        lines = {key: repr(line) for key, line in world.roster(name).lines.items()}
        return View(lines, {each.name: (each.state, each.body) for each in page}, _signals(tx))


def _signals(tx: Transaction) -> tuple[bytes, ...]:
    return tuple(signal for _, signal in insight.signal_bytes(tx))
