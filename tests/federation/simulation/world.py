"""Nodes in one process under one simulated clock, and an all-seeing reader beside them.

A step may fail in any way that the network or a crash gives it; what the step leaves behind is for the oracle to judge
(:mod:`tests.federation.simulation.oracle`). Beside the institutions there may be twins: machines that run with a copy
of an institution's keys and say what they like.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Final

from sqlalchemy import event

from node import circles
from node.domain.circles import Roster
from node.storage import circles as charters
from node.storage import ledger as logs
from node.storage.database import Database
from protocol.circles import add_signatures
from protocol.identifiers import CircleId, KeyId
from protocol.statements import Timestamp
from tests.federation.simulation.crash import CrashedError, Fuse
from tests.federation.simulation.faults import Fault
from tests.federation.simulation.network import CALM, Network
from tests.federation.simulation.truth import Truth, starts_with
from tests.federation.support import Node, confirm_logs, make_node, open_node
from tests.node.statements import IAT

MAX_SKEW_SECONDS: Final = 120
"""Clocks differ by up to twice this: below the 300 seconds for which a signature is fresh."""
QUORUM: Final = 2
"""Members that admit, and members that remove: so few that both happen often."""
_NOON: Final = Timestamp(IAT + 43_200)
"""The world begins at noon, so that differing clocks begin on one day."""
_NO_CIRCLE: Final = CircleId("")


@dataclass(slots=True)
class Actor:
    """One machine: the node that runs now, and the fuse of its process."""

    name: str
    node: Node
    fuse: Fuse
    skew: int
    twin_of: str = ""
    backup: Path | None = None
    restored: bool = False
    """It runs on a backup and has not yet got back what it had promised."""
    fault: Fault | None = None


@dataclass(slots=True)
class World:
    """Everything there is."""

    folder: Path
    random: Random
    network: Network
    counts: Counter[str]
    """What has happened, for reports."""
    actors: dict[str, Actor] = field(default_factory=dict)
    """The institutions."""
    twins: dict[str, Actor] = field(default_factory=dict)
    now: Timestamp = _NOON
    truth: Truth = field(default_factory=Truth)
    own_logs: dict[str, set[KeyId]] = field(default_factory=dict)
    excused: set[KeyId] = field(default_factory=set)
    """Logs that their authors may have forked after a restore, since nobody in reach could have told them."""
    circle: CircleId = _NO_CIRCLE
    problems: dict[str, list[str]] = field(default_factory=dict)
    """What the last sync of each node complained of, for whoever looks for the cause of a failure."""

    @classmethod
    def of(cls, folder: Path, names: list[str], seed: int, counts: Counter[str] | None = None) -> "World":
        """Nodes that have founded one circle together."""
        counted: Counter[str] = Counter() if counts is None else counts
        world = cls(folder, Random(seed), Network(seed, counted), counted)  # noqa: S311 - repeatable, no secret
        for name in names:
            world.add(name)
        world.circle = _found([actor.node for actor in world.actors.values()])
        for name in names:
            world.learn(name)
        return world

    def add(self, name: str) -> None:
        """A new institution, not yet in any circle."""
        self.actors[name] = self._actor(name, make_node(self.folder, name))
        self.network.connect(self.actors[name].node)

    def add_candidate(self, name: str, source: str) -> None:
        """A new institution that has the charter from another one and has made a card."""
        self.add(name)
        with self.database(source).read() as tx:
            signed = charters.signed_charter(tx, self.circle)
        runtime = self.actors[name].node.runtime
        assert signed is not None
        card = circles.card(runtime.keyring, runtime.settings, self.circle)
        with runtime.database.write() as tx:
            circles.join(tx, runtime.keyring, signed, runtime.clock.now(), card=card)
        self.learn(name)

    def add_twin(self, name: str) -> str:
        """A machine with the keys and the database of this moment; some requests to the institution reach it."""
        actor = self.actors[name]
        twin = f"{name}-twin"
        self.close_node(name)
        shutil.copytree(self.folder / name, self.folder / twin)
        self.restart(name)
        self.twins[twin] = self._actor(twin, open_node(self.folder, twin, url=actor.node.url))
        self.twins[twin].twin_of = name
        confirm_logs(self.twins[twin].node, self.circle)
        self.network.let_in(self.twins[twin].node)
        self.counts["twins"] += 1
        return twin

    def close(self) -> None:
        """Let go of every database."""
        for name in (*self.actors, *self.twins):
            self.close_node(name)

    def close_node(self, name: str) -> None:
        """The process has ended well."""
        self.database(name).close()

    def who(self, name: str) -> Actor:
        """An institution, or a twin."""
        return self.actors.get(name) or self.twins[name]

    def pass_time(self, seconds: int) -> None:
        """All clocks go on, each with its own error; what was under way arrives late."""
        self.now = Timestamp(self.now + seconds)
        for actor in (*self.actors.values(), *self.twins.values()):
            self._set_clock(actor)
        self.network.deliver_late()

    def step_clock(self, name: str, seconds: int) -> None:
        """One clock is set to something else."""
        self.who(name).skew = seconds
        self._set_clock(self.who(name))

    def heal(self) -> None:
        """Everybody can reach everybody, clocks are right, and nothing is lost any more."""
        self.network.weather = CALM
        self.network.cut = frozenset()
        for name, actor in self.actors.items():
            if abs(actor.skew) > MAX_SKEW_SECONDS:
                self.step_clock(name, 0)

    def end_of_evil(self) -> None:
        """The twins are found and switched off; who has lied stops."""
        self.network.shut_out_impostors()
        self.network.liars = frozenset()

    def restart(self, name: str) -> None:
        """The process ends and another one opens the same files."""
        actor = self.actors[name]
        self.close_node(name)
        again = self._actor(name, open_node(self.folder, name))
        actor.node, actor.fuse = again.node, again.fuse
        self._set_clock(actor)
        self.network.connect(actor.node)

    @contextmanager
    def crashing(self, name: str, writes: int) -> Iterator[None]:
        """The process of this node dies before a write in the block, or at its end, and runs again."""
        actor = self.actors[name]
        actor.fuse.light(writes)
        try:
            yield
        except CrashedError:
            pass
        finally:
            self.counts["crashes"] += actor.fuse.is_dead
            self.restart(name)
            self.learn(name)

    def back_up(self, name: str) -> None:
        """Copy keys and database, as an operator would with the node stopped."""
        actor = self.actors[name]
        self.close_node(name)
        actor.backup = self.folder / f"{name}.backup"
        shutil.rmtree(actor.backup, ignore_errors=True)
        shutil.copytree(self.folder / name, actor.backup)
        self.restart(name)

    def restore(self, name: str) -> None:
        """Put the last backup back. What reached nobody else is lost with the disk; that is no promise of ours."""
        actor = self.actors[name]
        assert actor.backup is not None
        self.close_node(name)
        shutil.rmtree(self.folder / name)
        shutil.copytree(actor.backup, self.folder / name)
        self.restart(name)
        self.counts["restores"] += 1
        if actor.fault is Fault.LOSES_WRITES:
            return
        self.network.forget_late()
        actor.restored = True
        for log, author in self.truth.authors.items():
            if author in self.actors and self.actors[author].restored:
                self.truth.forget(log, max(self.size(each, log) for each in self.actors))

    def roster(self, name: str) -> Roster:
        """Who is in the circle, as this node sees it."""
        with self.database(name).read() as tx:
            return circles.roster(tx, self.circle)

    def talks(self) -> set[tuple[str, str]]:
        """The pairs each of which is a member in the eyes of the other, so that they ask and answer one another."""
        names = {name: each.node.runtime.keyring.identity_public().key_id for name, each in self.actors.items()}
        known = {name: {line.identity for line in self.roster(name).members.values()} for name in self.actors}
        return {
            (one, other)
            for one, other in permutations(names, 2)
            if {names[one], names[other]} <= known[one] & known[other]
        }

    def size(self, name: str, log: KeyId) -> int:
        """How much a node holds of a log."""
        with self.database(name).read() as tx:
            held = logs.find_log(tx, self.circle, log)
        return 0 if held is None else held.size

    def learn(self, name: str) -> None:
        """The truth grows by what the database of a key's holder has committed."""
        actor = self.who(name)
        owner = actor.twin_of or name
        self.own_logs.setdefault(name, set()).update(self.roster(name).own_keys)
        complete = True
        with self.database(name).read() as tx:
            for key in self.own_logs[name]:
                held = logs.find_log(tx, self.circle, key)
                entries = [] if held is None else logs.read_entries(tx, held, 0, held.size)
                if actor.twin_of:
                    self.truth.authors.setdefault(key, owner)
                    self.truth.write(key, entries)
                else:
                    self.truth.promise(owner, key, entries)
                    complete = complete and starts_with(entries, self.truth.promised.get(key, []))
        actor.restored = actor.restored and not complete

    def database(self, name: str) -> Database:
        """Of the node that runs now."""
        return self.who(name).node.runtime.database

    def _actor(self, name: str, node: Node) -> Actor:
        event.listen(node.runtime.database.engine, "connect", _without_power_cuts)
        actor = Actor(name, node, Fuse(node.runtime.database), self.random.randint(-MAX_SKEW_SECONDS, MAX_SKEW_SECONDS))
        self._set_clock(actor)
        return actor

    def _set_clock(self, actor: Actor) -> None:
        actor.node.clock.moment = Timestamp(self.now + actor.skew)


def _found(nodes: list[Node]) -> CircleId:
    """A circle in which two admit and two remove."""
    terms = circles.Terms(
        name="Invented Circle",
        purpose="Trying things out.",
        legal_basis="None is needed.",
        endorsement_quorum=QUORUM,
        removal_quorum=QUORUM,
        small_number_threshold=2,
    )
    cards = [circles.card(node.runtime.keyring, node.runtime.settings) for node in nodes]
    signed = draft = circles.create(nodes[0].runtime.keyring, terms, cards)
    for node in nodes:
        signed = add_signatures(signed, circles.sign(node.runtime.keyring, draft))
    for node in nodes:
        with node.runtime.database.write() as tx:
            circle = circles.join(tx, node.runtime.keyring, signed, node.clock.now()).circle
    return circle


def _without_power_cuts(dbapi_connection: object, _record: object) -> None:
    """Processes die here, the machine does not: the operating system keeps what was written, and waiting is in vain."""
    cursor = dbapi_connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.close()
