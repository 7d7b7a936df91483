"""Whether nodes that were left alone for a while hold the same, all of it and nothing else."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from typer.testing import CliRunner

from node import circles
from node.cli.main import app
from node.insight.refresh import catch_up
from node.runtime import Runtime
from node.storage import insight, peers
from node.storage import ledger as logs
from node.storage import statements as reading
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.projection import State
from protocol.statements import Timestamp
from tests.federation.fleet import Fleet
from tests.federation.publisher import acknowledged

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Settled:
    """How long it took until all held the same."""

    seconds: float
    rounds: int
    """Of the node that had most of them."""


@dataclass(frozen=True, slots=True)
class Holding:
    """All that a node has, and what it makes of it."""

    logs: Mapping[KeyId, tuple[int, bytes, bytes, str]]
    statements: Mapping[tuple[KeyId, StatementId], tuple[int, State]]
    members: tuple[str, ...]
    signals: tuple[bytes, ...]


def settle(fleet: Fleet, limit_seconds: float) -> Settled:
    """Wait, while nobody publishes any more, until every node holds as much of every log as its author."""
    began = time.monotonic()
    seen: dict[str, Timestamp | None] = {machine.name: machine.last_round() for machine in fleet.machines}
    rounds: Counter[str] = Counter()
    while True:
        for machine in fleet.machines:
            last = machine.last_round()
            rounds[machine.name] += last != seen[machine.name]
            seen[machine.name] = last
        sizes = [_sizes(machine.runtime, fleet.circle) for machine in fleet.machines]
        if all(each == sizes[0] for each in sizes):
            return Settled(time.monotonic() - began, max(rounds.values()))
        fleet.require_alive()
        assert time.monotonic() < began + limit_seconds, f"the nodes do not agree: {_differences(fleet, sizes)}"
        time.sleep(0.1)


def require_agreement(fleet: Fleet) -> Holding:
    """Every node holds all that was acknowledged, and all of them the same, and draw the same conclusions."""
    first = fleet.machines[0]
    now = first.runtime.clock.now()
    holding = _holding(first.runtime, fleet.circle, now)
    for machine in fleet.machines[1:]:
        other = _holding(machine.runtime, fleet.circle, now)
        both = f"{machine.name} and {first.name} differ in their"
        assert other.logs == holding.logs, f"{both} logs"
        assert other.members == holding.members, f"{both} members"
        assert other.statements == holding.statements, f"{both} statements"
        assert other.signals == holding.signals, f"{both} signals"
    for machine in fleet.machines:
        for each in acknowledged(machine.data):
            kept = holding.statements.get((each.contributor, each.id))
            assert kept is not None, f"{machine.name} was told that {each} is published, and nobody holds it"
            assert kept[0] == each.index, f"{machine.name} was told of {each}, and it stands at {kept[0]}"
    assert {status for *_, status in holding.logs.values()} == {"good"}, "a log is said to fork"
    return holding


def require_clean(fleet: Fleet) -> None:
    """``hanse ledger check`` finds nothing, anywhere."""
    for machine in fleet.machines:
        done = CliRunner().invoke(app, ["ledger", "check", "--data", str(machine.data)])
        assert done.exit_code == 0, f"{machine.name}: {done.output}"


def _sizes(runtime: Runtime, circle: CircleId) -> dict[KeyId, int]:
    with runtime.database.read() as tx:
        return {log: size for log, size in peers.covered_sizes(tx, circle).items() if size}


def _differences(fleet: Fleet, sizes: Sequence[Mapping[KeyId, int]]) -> list[str]:
    """Who lacks what of whom."""
    most: dict[KeyId, int] = {}
    for each in sizes:
        for log, size in each.items():
            most[log] = max(size, most.get(log, 0))
    return [
        f"{machine.name} lacks {most[log] - each.get(log, 0)} of {log}"
        for machine, each in zip(fleet.machines, sizes, strict=True)
        for log in most
        if each.get(log, 0) < most[log]
    ]


def _holding(runtime: Runtime, circle: CircleId, now: Timestamp) -> Holding:
    catch_up(runtime.database, runtime.vocabulary, now)
    with runtime.database.read() as tx:
        held = logs.list_logs(tx, circle)
        assert not [each for log in held for each in logs.list_unreadable(tx, log)], "an entry cannot be read"
        found: dict[tuple[KeyId, StatementId], tuple[int, State]] = {}
        after = 0
        while page := reading.feed(tx, after=after, limit=_PAGE, now=now, circle=circle):
            found |= {each.name: (each.index, each.state) for each in page}
            after = page[-1].seq
        return Holding(
            {log.contributor: (log.size, log.frontier.root(), log.covered, log.status) for log in held if log.size},
            found,
            tuple(sorted(repr(member) for member in circles.roster(tx, circle).lines.values())),
            tuple(signal for _, signal in insight.signal_bytes(tx)),
        )
