"""Eight real nodes in network namespaces: lost packets, partitions and ``kill -9`` at random, and all of them publish.

``python -m tests.bench.netns [minutes] [seed]`` prints one JSON object; it needs root and a kernel with network
namespaces. Each node is a ``hanse serve`` in a namespace of its own, with a publisher beside it; a cable leads from
each to one of two switches. Of the packets on every cable one in twenty is lost, in either direction. Every few seconds
a node, or one of its processes, is killed and later started again, and now and then the cables are divided anew between
the switches: all on one, or some on the other.

At the end all is mended and nobody publishes any more. Then all must agree within a few minutes, all that was
acknowledged must be held by everybody, and ``hanse ledger check`` must find nothing. What fails is said and the exit
code is 1; the folder with databases and logs is left for whoever looks into it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from tests.federation.agreement import require_agreement, require_clean, settle
from tests.federation.fleet import Fleet, Place, complaints, fleet, warnings
from tests.federation.publisher import acknowledged, refusals, unexpected

NODES: Final = 8
MINUTES: Final = 5
SYNC_SECONDS: Final = 5
PAUSE_SECONDS: Final = 1.5
"""Between two batches of one publisher, on average."""
KILL_SECONDS: Final = 4.0
"""Between two kills, on average: a node needs a second or two of a processor to start."""
LOSS: Final = 0.05
"""Of packets, on each cable and in each direction."""
DIVIDE: Final = 0.2
"""How likely it is that the cables are divided anew, at each kill."""
LIMIT_SECONDS: Final = 600
"""For agreement."""
_PORT: Final = 8000
_SEED: Final = 20
_RANDOM_WORD: Final = 4_294_963_256
"""Where a classic BPF program reads a random word (SKF_AD_OFF + SKF_AD_RANDOM)."""


@dataclass(frozen=True, slots=True)
class Wires:
    """Namespaces and cables; the switches are in a namespace of their own, which takes the cables with it."""

    prefix: str

    @property
    def hub(self) -> str:
        """The namespace of the two switches."""
        return f"{self.prefix}-hub"

    def namespace(self, number: int) -> str:
        """The namespace of one node."""
        return f"{self.prefix}-{number}"

    def lay(self) -> None:
        """Make everything, with all nodes on the first switch."""
        _run("ip", "netns", "add", self.hub)
        for switch in ("switch0", "switch1"):
            self._in_hub("ip", "link", "add", switch, "type", "bridge")
            self._in_hub("ip", "link", "set", switch, "up")
        for number in range(NODES):
            self._lay_cable(number)

    def divide(self, sides: Sequence[int]) -> None:
        """Put each node's cable on the switch with this number."""
        for number, side in enumerate(sides):
            self._in_hub("ip", "link", "set", f"cable{number}", "master", f"switch{side}")

    def remove(self) -> None:
        """Leave nothing behind."""
        for name in (self.hub, *map(self.namespace, range(NODES))):
            _run("ip", "netns", "del", name, check=False)

    def lost(self) -> int:
        """Packets that were dropped on purpose."""
        return sum(self._dropped(number) for number in range(NODES))

    def _lay_cable(self, number: int) -> None:
        name = self.namespace(number)
        _run("ip", "netns", "add", name)
        inside = ("ip", "netns", "exec", name)
        self._in_hub("ip", "link", "add", f"cable{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
        self._in_hub("ip", "link", "set", f"cable{number}", "up", "master", "switch0")
        _run(*inside, "ip", "address", "add", f"{_host(number)}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _run(*inside, "ip", "link", "set", device, "up")
        lose = _losing(LOSS)
        self._in_hub("tc", "qdisc", "add", "dev", f"cable{number}", "clsact")
        for direction in ("ingress", "egress"):
            self._in_hub("tc", "filter", "add", "dev", f"cable{number}", direction, "bpf", "da", "bytecode", lose)

    def _in_hub(self, *command: str) -> str:
        return _run("ip", "netns", "exec", self.hub, *command)

    def _dropped(self, number: int) -> int:
        told = self._in_hub("tc", "-s", "-j", "qdisc", "show", "dev", f"cable{number}")
        found = msgspec.json.decode(told, type=list[_Discipline])
        return sum(each.drops for each in found if each.kind == "clsact")


class _Discipline(msgspec.Struct):
    """What is read of a queueing discipline."""

    kind: str
    drops: int = 0


def run(minutes: float, seed: int, folder: Path) -> dict[str, float]:
    """All figures of one run; raises ``AssertionError`` where something does not hold."""
    random = Random(seed)  # noqa: S311  # a load, not a secret
    with laid() as wires:
        places = [Place(_host(number), _PORT, wires.namespace(number)) for number in range(NODES)]
        with fleet(folder, places, sync_seconds=SYNC_SECONDS, pause_seconds=PAUSE_SECONDS) as machines:
            machines.start()
            end = time.monotonic() + minutes * 60
            machines.disturb(
                lambda: time.monotonic() > end,
                random,
                every=KILL_SECONDS,
                meanwhile=lambda: _weather(machines, wires, random),
            )
            wires.divide([0] * NODES)
            machines.stop_publishing()
            machines.repair()
            settled = settle(machines, LIMIT_SECONDS)
            lost = wires.lost()
            codes = machines.stop()
            holding = require_agreement(machines)
            require_clean(machines)
            refused = [words for each in machines.machines for words in unexpected(each.data)]
            assert not refused, f"publishing was refused for no good reason: {refused}"
            assert set(codes.values()) == {0}, f"not every server ends well when it is told to: {codes}"
            return {
                "nodes": NODES,
                "minutes of kills": minutes,
                **machines.counts,
                "packets lost on purpose": lost,
                "statements acknowledged": sum(len(acknowledged(each.data)) for each in machines.machines),
                "statements held by everybody": sum(size for size, *_ in holding.logs.values()),
                "seconds to agreement": round(settled.seconds, 1),
                "rounds to agreement": settled.rounds,
                **_told(machines),
            }


@contextmanager
def laid() -> Iterator[Wires]:
    """Namespaces and cables, while the block runs."""
    wires = Wires(f"hanse{os.getpid()}")
    try:
        wires.lay()
        yield wires
    finally:
        wires.remove()


def _weather(machines: Fleet, wires: Wires, random: Random) -> None:
    """Now and then another partition; one time in three there is none."""
    if random.random() >= DIVIDE:
        return
    whole = random.random() < 1 / 3
    sides = [0 if whole else random.randint(0, 1) for _ in range(NODES)]
    machines.counts["partitions"] += len(set(sides)) > 1
    wires.divide(sides)


def _told(machines: Fleet) -> dict[str, int]:
    """What the nodes have logged and refused, by kind."""
    told: Counter[str] = Counter()
    for machine in machines.machines:
        told.update(f"warnings: {words}" for words in warnings(machine).elements())
        told.update("publishing refused: " + words.partition(":")[0] for words in refusals(machine.data))
        told.update("errors logged" for _ in complaints(machine))
    return {"errors logged": 0} | dict(told)


def _host(number: int) -> str:
    return f"10.77.0.{number + 1}"


def _losing(part: float) -> str:
    """A classifier that drops this part of all packets: a kernel may be without netem, hardly without this."""
    last = round(part * 2**32) - 1
    program = ((32, 0, 0, _RANDOM_WORD), (37, 1, 0, last), (6, 0, 0, 2), (6, 0, 0, 0))  # read, compare, drop, pass
    return ",".join([str(len(program)), *(" ".join(map(str, step)) for step in program)])


def _run(*command: str, check: bool = True) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # ours, without a shell
    if check and done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def main(arguments: list[str]) -> None:
    """Run once; the folder is kept when something does not hold."""
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("tc") is None:
        sys.exit("network namespaces need root, and the commands ip and tc")
    folder = Path(tempfile.mkdtemp(prefix="hanse-netns-"))
    try:
        figures = run(float(arguments[0]) if arguments else MINUTES, int((*arguments, "", "")[1] or _SEED), folder)
    except AssertionError as error:
        sys.exit(f"{error}\nDatabases and logs are in {folder}.")
    shutil.rmtree(folder)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(figures)).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
