"""Nodes in one process under one simulated clock, and what an all-seeing reader knows of them.

The world keeps the truth: for every log the entries that its author has acknowledged. A step may fail in any way that
the network or a crash gives it; what the step leaves behind is for the oracle to judge.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from node import circles
from node.domain.circles import Prepared, Roster
from node.domain.peering import Pin
from node.errors import HanseError
from node.storage import circles as charters
from node.storage import ledger as logs
from node.storage import pins
from node.storage.database import Database, Transaction
from node.sync import confirm_own_log, sync_once
from node.sync.outbound import Outbound
from node.sync.push import push
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, KeyId
from protocol.keys import PublicKey
from protocol.messages.card import open_card
from protocol.statements import Statement, Timestamp
from tests.federation.simulation.crash import CrashedError, Fuse
from tests.federation.simulation.network import CALM, Network
from tests.federation.support import Node, circle_of, make_node, open_node, publish
from tests.node.statements import IAT

MAX_SKEW_SECONDS: Final = 120
"""Clocks differ by up to twice this: below the 300 seconds for which a signature is fresh."""
_NOON: Final = Timestamp(IAT + 43_200)
"""The world begins at noon, so that differing clocks begin on one day."""
_NO_CIRCLE: Final = CircleId("")


@dataclass(slots=True)
class Actor:
    """One institution: the node that runs now, and the fuse of its process."""

    name: str
    node: Node
    fuse: Fuse
    skew: int
    backup: Path | None = None
    restored: bool = False
    """It runs on a backup and has not yet compared its log with the members'."""


@dataclass(slots=True)
class World:
    """Everything there is. Every step of a simulation is a call of one of its methods."""

    folder: Path
    random: Random
    network: Network
    actors: dict[str, Actor] = field(default_factory=dict)
    now: Timestamp = _NOON
    truth: dict[KeyId, list[bytes]] = field(default_factory=dict)
    """By log: the entries that the author has acknowledged, in order."""
    own_logs: dict[str, set[KeyId]] = field(default_factory=dict)
    circle: CircleId = _NO_CIRCLE

    @classmethod
    def of(cls, folder: Path, names: list[str], seed: int) -> "World":
        """Nodes that have founded one circle together."""
        world = cls(folder, Random(seed), Network(seed))  # noqa: S311 - a repeatable run, no secret
        for name in names:
            world.add(name)
        world.circle = circle_of([actor.node for actor in world.actors.values()], k=2)
        for name in names:
            world._note_own(name)
        return world

    def add(self, name: str) -> Actor:
        """A new institution, not yet in any circle."""
        node = make_node(self.folder, name)
        actor = Actor(name, node, Fuse(node.runtime.database), self.random.randint(-MAX_SKEW_SECONDS, MAX_SKEW_SECONDS))
        self.actors[name] = actor
        self._set_clock(actor)
        self.network.connect(node)
        return actor

    def add_candidate(self, name: str, source: str) -> None:
        """A new institution that has the charter from another one and has made a card."""
        self.add(name)
        with self._database(source).read() as tx:
            signed = charters.signed_charter(tx, self.circle)
        runtime = self.actors[name].node.runtime
        assert signed is not None
        card = circles.card(runtime.keyring, runtime.settings)
        with runtime.database.write() as tx:
            circles.join(tx, runtime.keyring, signed, runtime.clock.now(), card=card)
        self._note_own(name)

    def close(self) -> None:
        """Let go of every database."""
        for actor in self.actors.values():
            actor.node.runtime.database.close()

    def pass_time(self, seconds: int) -> None:
        """All clocks go on, each with its own error; what was under way arrives late."""
        self.now = Timestamp(self.now + seconds)
        for actor in self.actors.values():
            self._set_clock(actor)
        self.network.deliver_late()

    def heal(self) -> None:
        """Everybody can reach everybody, and nothing is lost any more."""
        self.network.weather = CALM
        self.network.cut = frozenset()

    def settle(self, rounds: int) -> None:
        """Everybody asks everybody, so many times."""
        for _ in range(rounds):
            for name in self.actors:
                self.sync(name)

    def restart(self, name: str) -> None:
        """The process ends and another one opens the same files."""
        actor = self.actors[name]
        actor.node.runtime.database.close()
        actor.node = open_node(self.folder, name)
        actor.fuse = Fuse(actor.node.runtime.database)
        self._set_clock(actor)
        self.network.connect(actor.node)

    @contextmanager
    def crashing(self, name: str, writes: int) -> Iterator[None]:
        """The process of this node dies before a write in the block, or at its end, and runs again."""
        self.actors[name].fuse.light(writes)
        try:
            yield
        except CrashedError:
            pass
        finally:
            self.restart(name)
            self._learn(name)

    def publish(self, name: str, *statements: Statement) -> bool:
        """As every edge publishes: compare our log with the members', then append. Whether it was acknowledged."""
        node = self.actors[name].node
        return self._signing(name, lambda: publish(node, self.circle, *statements))

    def change(self, name: str, prepare: Callable[[Transaction], Prepared]) -> bool:
        """Prepare a membership statement and confirm it. Whether it was acknowledged."""
        runtime = self.actors[name].node.runtime

        def act() -> None:
            with runtime.database.write() as tx:
                payload = prepare(tx).payload
            with runtime.database.write() as tx:
                circles.confirm(tx, runtime.keyring, self.circle, payload, runtime.clock.now())

        return self._signing(name, act)

    def endorse(self, name: str, candidate: str) -> bool:
        """Confirm a candidate's identity, as after a telephone call, and endorse its card."""
        runtime = self.actors[name].node.runtime
        with self._database(candidate).read() as tx:
            card = circles.candidate_card(tx, circles.roster(tx, self.circle).own)
        if card is None:
            return False
        content = open_card(card)
        identity, request = PublicKey.decode(content.identity_key), PublicKey.decode(content.request_key)
        pin = Pin(identity, request, content.name, content.url, "fingerprint", "", self.now)
        with runtime.database.write() as tx:
            pins.confirm(tx, pin)
        return self.change(name, lambda tx: circles.prepare_endorse(tx, self.circle, card, runtime.clock.now()))

    def sync(self, name: str) -> None:
        """Ask every member that the node knows."""
        actor = self.actors[name]
        report = sync_once(actor.node.runtime, transport=self.network.of(actor.node))
        assert not [each for each in report.problems if each.code == "corrupted"]
        self._compared(name)

    def push(self, name: str) -> None:
        """Bring every member what it lacks, as a node that nobody can reach."""
        actor = self.actors[name]
        roster = self.roster(name)
        with Outbound(actor.node.runtime, transport=self.network.of(actor.node)) as outbound:
            for member in roster.others:
                try:
                    push(actor.node.runtime, outbound, roster, member)
                except (HanseError, ProtocolError):
                    continue

    def back_up(self, name: str) -> None:
        """Copy keys and database, as an operator would with the node stopped."""
        actor = self.actors[name]
        actor.node.runtime.database.close()
        actor.backup = self.folder / f"{name}.backup"
        shutil.rmtree(actor.backup, ignore_errors=True)
        shutil.copytree(self.folder / name, actor.backup)
        self.restart(name)

    def restore(self, name: str) -> None:
        """Put the last backup back. What reached nobody else is lost with the disk; that is no promise of ours."""
        actor = self.actors[name]
        if actor.backup is None:
            return
        actor.node.runtime.database.close()
        shutil.rmtree(self.folder / name)
        shutil.copytree(actor.backup, self.folder / name)
        self.restart(name)
        self.network.forget_late()
        actor.restored = True
        for log in self.own_logs[name]:
            del self.truth.get(log, [])[self._most_held(log) :]

    def roster(self, name: str) -> Roster:
        """Who is in the circle, as this node sees it."""
        with self._database(name).read() as tx:
            return circles.roster(tx, self.circle)

    def members(self) -> list[str]:
        """The nodes that are members in their own view."""
        return [name for name in self.actors if self.roster(name).status == "member"]

    def size(self, name: str, log: KeyId) -> int:
        """How much a node holds of a log."""
        with self._database(name).read() as tx:
            held = logs.find_log(tx, self.circle, log)
        return 0 if held is None else held.size

    def _signing(self, name: str, act: Callable[[], object]) -> bool:
        actor = self.actors[name]
        try:
            confirm_own_log(actor.node.runtime, self.circle, transport=self.network.of(actor.node))
            self._compared(name)
            act()
        except (HanseError, ProtocolError):
            return False
        else:
            return True
        finally:
            if not actor.fuse.is_dead:
                self._learn(name)

    def _learn(self, name: str) -> None:
        """The truth grows by what an author's database holds committed."""
        self._note_own(name)
        with self._database(name).read() as tx:
            for log in self.own_logs[name]:
                held = logs.find_log(tx, self.circle, log)
                known = self.truth.setdefault(log, [])
                if held is not None and held.size > len(known):
                    known += logs.read_entries(tx, held, len(known), held.size)

    def _compared(self, name: str) -> None:
        """A restored node that holds all of its own log again is as good as any."""
        self._learn(name)
        actor = self.actors[name]
        logs_of = self.own_logs[name]
        actor.restored = actor.restored and any(self.size(name, log) < len(self.truth.get(log, ())) for log in logs_of)

    def _most_held(self, log: KeyId) -> int:
        return max(self.size(name, log) for name in self.actors)

    def _note_own(self, name: str) -> None:
        self.own_logs.setdefault(name, set()).update(self.roster(name).own_keys)

    def _database(self, name: str) -> Database:
        return self.actors[name].node.runtime.database

    def _set_clock(self, actor: Actor) -> None:
        actor.node.clock.moment = Timestamp(self.now + actor.skew)
