"""How soon a finding is readable everywhere, with pings and by rounds alone, and what eight nodes cost at rest.

``python -m tests.bench.gossip [seconds at rest]`` prints one JSON object. Eight real nodes in eight processes on
loopback, each with server, worker and SQLite, as ``hanse serve`` runs them. One publishes a finding; the time is taken
until the statement can be read from the database of each of the seven others. The baseline of the same run is the same
eight nodes without pings, under rounds of the same length; quote the ratio, since the seconds depend on the machine
and on the length of a round.

At rest nothing is published, with rounds of the usual length. Processor seconds are those of the node's process, from
the kernel. Bytes are counted on the loopback interface of a network of the run's own, where the kernel permits that
(``unshare -n``); each byte is counted once, so the sum is divided by eight.
"""

import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final

import httpx2
import msgspec
import structlog
import uvicorn

from node.api.connections import BoundedProtocol
from node.clock import SystemClock
from node.storage import peers
from node.storage.database import Database
from node.sync import run_worker
from protocol.identifiers import CircleId, KeyId
from tests.federation.support import Node, application, circle_of, free_port, make_node, open_node, publish
from tests.node import statements as make

NODES: Final = 8
ROUND_SECONDS: Final = 10
"""Between rounds while times are taken: shorter than the usual 60, so that the baseline ends."""
WITH_PINGS: Final = 20
BY_ROUNDS: Final = 6
"""Findings that are published and timed."""
REST_SECONDS: Final = 120
USUAL_SECONDS: Final = 60
"""Between rounds, where an operator has set nothing else."""
_START_SECONDS: Final = 120
_LIMIT_SECONDS: Final = 300
_OWN_NETWORK: Final = "--own-network"


def run(rest_seconds: int) -> dict[str, float]:
    """All figures of one run."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    directory = Path(tempfile.mkdtemp(prefix="hanse-gossip-"))
    try:
        ports = [free_port() for _ in range(NODES)]
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        nodes = [_live(make_node(directory, f"node-{n}", url=url)) for n, url in enumerate(urls)]
        circle = circle_of(nodes)
        with _serving(directory, ports, ROUND_SECONDS, gossip=True):
            told = _times(nodes, circle, WITH_PINGS)
        with _serving(directory, ports, ROUND_SECONDS, gossip=False):
            asked = _times(nodes, circle, BY_ROUNDS)
        with _serving(directory, ports, USUAL_SECONDS, gossip=True) as processes:
            rest = _rest(processes, rest_seconds)
        for node in nodes:
            node.runtime.database.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return {
        "nodes": NODES,
        "seconds between rounds while timed": ROUND_SECONDS,
        "findings timed with pings": WITH_PINGS,
        "with pings, seconds to a node, median": round(statistics.median(told), 2),
        "with pings, seconds to a node, p95": round(_p95(told), 2),
        "findings timed by rounds alone": BY_ROUNDS,
        "by rounds alone, seconds to a node, median": round(statistics.median(asked), 2),
        "by rounds alone, seconds to a node, p95": round(_p95(asked), 2),
        "rounds alone take so many times as long, median": round(statistics.median(asked) / statistics.median(told), 1),
    } | rest


def _times(nodes: Sequence[Node], circle: CircleId, count: int) -> list[float]:
    """The seconds from each publication until each of the others has the finding."""
    taken: list[float] = []
    for number in range(count):
        author = nodes[number % len(nodes)]
        (new,) = publish(author, circle, make.finding(circle))
        taken += _arrivals([node for node in nodes if node is not author], circle, author.own(circle), new.index + 1)
    return taken


def _arrivals(nodes: Sequence[Node], circle: CircleId, log: KeyId, size: int) -> list[float]:
    began = time.monotonic()
    missing, taken = list(nodes), []
    while missing:
        if time.monotonic() - began > _LIMIT_SECONDS:
            raise TimeoutError(f"{len(missing)} nodes never got it")
        arrived = [node for node in missing if _held(node.runtime.database, circle, log) >= size]
        taken += [time.monotonic() - began] * len(arrived)
        missing = [node for node in missing if node not in arrived]
        time.sleep(0.02)
    return taken


def _held(database: Database, circle: CircleId, log: KeyId) -> int:
    with database.read() as tx:
        return peers.covered_sizes(tx, circle).get(log, 0)


def _rest(processes: Sequence[SpawnProcess], seconds: int) -> dict[str, float]:
    time.sleep(5)  # what starting leaves to do
    cpu, sent = sum(_cpu(each) for each in processes), _loopback_bytes()
    time.sleep(seconds)
    cpu, sent = sum(_cpu(each) for each in processes) - cpu, _loopback_bytes() - sent
    each_minute = 60 / seconds / len(processes)
    figures = {
        "at rest, seconds between rounds": float(USUAL_SECONDS),
        "at rest, processor seconds per node and minute": round(cpu * each_minute, 3),
    }
    if _OWN_NETWORK in sys.argv:
        figures["at rest, bytes on the wire per node and minute"] = round(sent * each_minute)
    return figures


def _cpu(process: SpawnProcess) -> float:
    """Seconds that a process has used, in its own code and in the kernel's."""
    fields = Path(f"/proc/{process.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _loopback_bytes() -> int:
    lines = Path("/proc/net/dev").read_text("ascii").splitlines()
    return next(int(line.partition(":")[2].split()[0]) for line in lines if line.strip().startswith("lo:"))


@contextmanager
def _serving(
    directory: Path, ports: Sequence[int], sync_seconds: int, *, gossip: bool
) -> Iterator[Sequence[SpawnProcess]]:
    spawn = multiprocessing.get_context("spawn")
    processes = [
        spawn.Process(target=_serve, args=(directory, number, port, sync_seconds, gossip), daemon=True)
        for number, port in enumerate(ports)
    ]
    for process in processes:
        process.start()
    try:
        for port in ports:
            _wait(port)
        time.sleep(ROUND_SECONDS)  # the first rounds
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _wait(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/federation/v1/node", timeout=2).is_success:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise TimeoutError(f"nobody serves on port {port}")


def _serve(directory: Path, number: int, port: int, sync_seconds: int, gossip: bool) -> None:  # noqa: FBT001  # of a process
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    node = _live(open_node(directory, f"node-{number}", url=f"http://127.0.0.1:{port}"))
    runtime = replace(node.runtime, settings=replace(node.runtime.settings, sync_seconds=sync_seconds))
    app = application(Node(runtime, node.clock))
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, http=BoundedProtocol, log_level="critical", lifespan="off", ws="none"
        )
    )

    stop = threading.Event()
    options = {"after_round": lambda: None, "gossip": gossip}
    worker = threading.Thread(target=run_worker, args=(runtime, stop), kwargs=options)
    worker.start()
    server.run()
    stop.set()
    worker.join()


def _live(node: Node) -> Node:
    """The node under the machine's clock."""
    return replace(node, runtime=replace(node.runtime, clock=SystemClock()))


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _in_own_network(arguments: Sequence[str]) -> int | None:
    """Run again in a network namespace with nothing but a loopback interface; None where that is not allowed."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return None
    if subprocess.run(["unshare", "--net", "true"], check=False).returncode:  # noqa: S607  # wherever the system has it
        return None
    again = f'ip link set lo up && exec "{sys.executable}" -m tests.bench.gossip "$@" {_OWN_NETWORK}'
    command = ["unshare", "--net", "sh", "-c", again, "sh", *arguments]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # this very program


def main(arguments: list[str]) -> None:
    """Measure in a network of its own, or else in the machine's."""
    if _OWN_NETWORK not in arguments and (done := _in_own_network(arguments)) is not None:
        sys.exit(done)
    seconds = [int(each) for each in arguments if each.isdigit()]
    figures = run(seconds[0] if seconds else REST_SECONDS)
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(figures)).decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
