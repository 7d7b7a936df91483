"""Nodes as they run in life: each a ``hanse serve`` in a process of its own, and one that publishes beside it.

A machine can be killed (``kill -9``), whole or in part, at any moment, and started again. Whatever ends without having
been killed is a failure of ours.
"""

import multiprocessing
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from node import config
from node.app import build
from node.circles import Terms, card, create, join, sign
from node.cli.operate import create as create_node
from node.runtime import Runtime
from node.storage import peers
from node.sync.worker import HEARTBEAT
from protocol.identifiers import CircleId
from protocol.statements import Timestamp
from tests.federation import publisher
from tests.support import ROOT

LOG: Final = "serve.log"
START_SECONDS: Final = 300
"""For all nodes to have had their first round, on a machine with other work."""
STOP_SECONDS: Final = 60
MAX_DOWN: Final = 3
"""Machines that are down, or starting, at one moment: of eight, a majority stays. So a slow computer kills more slowly,
and what is killed was at work."""
_LOAD: Final = ("machine",) * 6 + ("server",) * 3 + ("publisher",)
"""What a kill hits, in these proportions."""


class _Event(msgspec.Struct):
    """What is read of a line in a server's log."""

    level: str
    event: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node runs."""

    host: str
    port: int
    namespace: str = ""
    database_url: str = ""


@dataclass(slots=True)
class Machine:
    """One node, its processes, and what the test reads in its database."""

    runtime: Runtime
    place: Place
    random: Random
    server: subprocess.Popen[bytes] | None = None
    publisher: ForkServerProcess | None = None
    before: Timestamp | None = None
    """The last round when its server was started."""

    @property
    def is_up(self) -> bool:
        """Whether it publishes, and its server has had a round since it was started."""
        return self.server is not None and self.publisher is not None and self.last_round() != self.before

    @property
    def data(self) -> Path:
        """The folder of the node."""
        return self.runtime.settings.data

    @property
    def name(self) -> str:
        """The invented name."""
        return self.runtime.settings.name

    def start_server(self) -> None:
        """Run ``hanse serve``."""
        self.before = self.last_round()
        command = [sys.executable, "-m", "node", "serve", "--data", str(self.data)]
        if self.place.namespace:
            command = ["ip", "netns", "exec", self.place.namespace, *command]
        with (self.data / LOG).open("ab") as log:
            self.server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)  # noqa: S603  # our own

    def start_publisher(self, circle: CircleId, pause_seconds: float) -> None:
        """Publish, until killed."""
        seed = self.random.getrandbits(32)
        order = publisher.Order(self.data, circle, seed, pause_seconds, self.place.namespace)
        self.publisher = _processes().Process(target=publisher.publish_for_ever, args=(order,), daemon=True)
        self.publisher.start()

    def kill_server(self) -> None:
        """Without a chance to tidy up."""
        if self.server is not None:
            self.server.send_signal(signal.SIGKILL)
            self.server.wait()
            self.server = None

    def kill_publisher(self) -> None:
        """Without a chance to tidy up."""
        if self.publisher is not None:
            self.publisher.kill()
            self.publisher.join()
            self.publisher = None

    def require_alive(self) -> None:
        """Whatever was started and not killed is running."""
        ended = self.server is not None and self.server.poll() is not None
        assert not ended, f"the server of {self.name} has ended by itself: {tail(self.data / LOG)}"
        assert self.publisher is None or self.publisher.is_alive(), f"the publisher of {self.name} has ended by itself"

    def last_round(self) -> Timestamp | None:
        """When its worker last finished a round."""
        with self.runtime.database.read() as tx:
            return peers.last_beat(tx, HEARTBEAT)


@dataclass(slots=True)
class Fleet:
    """Machines that have founded one circle."""

    machines: Sequence[Machine]
    circle: CircleId
    pause_seconds: float
    counts: Counter[str] = field(default_factory=Counter)

    def start(self) -> None:
        """Start every server, wait for the first round of each, and begin to publish."""
        for machine in self.machines:
            machine.start_server()
        deadline = time.monotonic() + START_SECONDS
        while not all(machine.last_round() for machine in self.machines):
            self.require_alive()
            assert time.monotonic() < deadline, "not every node has had a round"
            time.sleep(0.1)
        for machine in self.machines:
            machine.start_publisher(self.circle, self.pause_seconds)

    def require_alive(self) -> None:
        """Nothing has ended that was not killed."""
        for machine in self.machines:
            machine.require_alive()

    def repair(self) -> None:
        """Start every server that is down."""
        for machine in self.machines:
            if machine.server is None:
                machine.start_server()

    def kill(self, random: Random) -> None:
        """Kill one machine, or one process of it, if enough others are up."""
        up = [each for each in self.machines if each.is_up]
        if len(self.machines) - len(up) >= MAX_DOWN:
            return
        victim, what = random.choice(up), random.choice(_LOAD)
        self.counts[f"kills of a {what}"] += 1
        if what != "publisher":
            victim.kill_server()
        if what != "server":
            victim.kill_publisher()

    def disturb(
        self, until: Callable[[], bool], random: Random, *, every: float, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        """Kill and start again at random, every so many seconds; ``meanwhile`` is what else happens, at each step."""
        while not until():
            self.kill(random)
            meanwhile()
            time.sleep(random.uniform(0.3, 1.7) * every)
            self.require_alive()
            for machine in self.machines:
                if machine.server is None and random.random() < 0.6:
                    machine.start_server()
                if machine.publisher is None and random.random() < 0.6:
                    machine.start_publisher(self.circle, self.pause_seconds)

    def stop_publishing(self) -> None:
        """No more is acknowledged."""
        for machine in self.machines:
            machine.kill_publisher()

    def stop(self) -> dict[str, int]:
        """Stop every server as a supervisor does; the exit codes."""
        running = {each.name: each.server for each in self.machines if each.server is not None}
        for server in running.values():
            server.terminate()
        codes = {name: server.wait(STOP_SECONDS) for name, server in running.items()}
        for machine in self.machines:
            machine.server = None
        return codes

    def close(self) -> None:
        """Leave nothing running."""
        for machine in self.machines:
            machine.kill_publisher()
            machine.kill_server()
            machine.runtime.database.close()


@contextmanager
def fleet(folder: Path, places: Sequence[Place], *, sync_seconds: int, pause_seconds: float) -> Iterator[Fleet]:
    """Nodes with new keys below ``folder`` that have founded one circle; nothing of them runs when the block ends."""
    nodes = [_make(folder / f"node-{number}", place, sync_seconds) for number, place in enumerate(places)]
    circle = _found(nodes)
    machines = [
        Machine(node, place, Random(number))  # noqa: S311  # a load, not a secret
        for number, (node, place) in enumerate(zip(nodes, places, strict=True))
    ]
    made = Fleet(machines, circle, pause_seconds)
    try:
        yield made
    finally:
        made.close()


def tail(path: Path, lines: int = 5) -> str:
    """The end of a log."""
    return "\n".join(path.read_text("utf-8").splitlines()[-lines:])


def complaints(machine: Machine) -> list[str]:
    """What a server has logged as an error, and whatever is no event at all, such as a trace."""
    events = _events(machine)
    return [line for line, event in events if event is None or event.level in {"error", "critical"}]


def warnings(machine: Machine) -> Counter[str]:
    """What a server has warned of, by event and code."""
    events = (event for _, event in _events(machine) if event is not None and event.level == "warning")
    return Counter(f"{event.event} {event.code}".strip() for event in events)


def _events(machine: Machine) -> Iterator[tuple[str, _Event | None]]:
    for line in (machine.data / LOG).read_text("utf-8").splitlines():
        try:
            yield line, msgspec.json.decode(line, type=_Event)
        except msgspec.DecodeError:
            yield line, None


def _make(data: Path, place: Place, sync_seconds: int) -> Runtime:
    values: dict[str, config.Value] = {
        "name": f"Invented University {data.name}",
        "base_url": f"http://{place.host}:{place.port}",
        "listen_host": place.host,
        "listen_port": place.port,
        "allow_private_addresses": True,
        "sync_seconds": sync_seconds,
    }
    if place.database_url:
        values["database_url"] = place.database_url
    return build(create_node(data, values))


def _found(nodes: Sequence[Runtime]) -> CircleId:
    terms = Terms(name="Invented circle", purpose="Trying things out.", legal_basis="None is needed.")
    charter = create(nodes[0].keyring, terms, [card(node.keyring, node.settings) for node in nodes])
    for node in nodes[1:]:
        charter = sign(node.keyring, charter)
    for node in nodes:
        with node.database.write() as tx:
            circle = join(tx, node.keyring, charter, node.clock.now()).circle
    return circle


def _processes() -> ForkServerContext:
    """Publishers are forked from a process that has read the code already: they start in no time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([publisher.__name__])
    return context
