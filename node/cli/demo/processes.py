"""The three servers of the demo: processes of their own, each with its own database and keys."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import httpx2

from node.circles import roster
from node.cli.demo.casework import Desk
from node.errors import Code, HanseError
from node.storage.ledger import list_logs
from protocol.errors import Fault

START_SECONDS: Final = 60
"""A node on a slow machine starts within this."""
SYNC_SECONDS: Final = 120
"""Three nodes on a slow machine have everything within this."""
STOP_SECONDS: Final = 20
_PAUSE: Final = 0.1


@contextmanager
def serving(desks: Sequence[Desk]) -> Iterator[None]:
    """Run ``hanse serve`` for every node while the block runs."""
    processes = []
    for desk in desks:
        log = (desk.runtime.settings.data / "serve.log").open("wb")
        command = [sys.executable, "-m", "node", "serve", "--data", str(desk.runtime.settings.data)]
        processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))  # noqa: S603  # our own
        log.close()
    try:
        for desk, process in zip(desks, processes, strict=True):
            _wait_until_up(desk, process)
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_up(desk: Desk, process: subprocess.Popen[bytes]) -> None:
    address = f"{desk.runtime.settings.base_url}/api/v1/health"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(address, timeout=1).is_success:
                return
        except httpx2.TransportError:
            time.sleep(_PAUSE)
    raise HanseError(
        Code.PEER_UNREACHABLE,
        f"the node of {desk.player.name} did not start.",
        remedy=f"Its log is {desk.runtime.settings.data / 'serve.log'}.",
        fault=Fault.OURS,
    )


def wait_until_replicated(desks: Sequence[Desk]) -> int:
    """Wait until every node holds every log in full; how many entries came from others."""
    own = [own_entries(desk) for desk in desks]
    deadline = time.monotonic() + SYNC_SECONDS
    while time.monotonic() < deadline:
        if all(_held(desk) == sum(own) for desk in desks):
            return sum(sum(own) - mine for mine in own)
        time.sleep(_PAUSE)
    raise HanseError(
        Code.PEER_UNREACHABLE,
        "the nodes did not exchange everything in time.",
        remedy="Look at serve.log in the nodes' folders.",
        fault=Fault.OURS,
    )


def own_entries(desk: Desk) -> int:
    """How many statements this node has published."""
    with desk.runtime.database.read() as tx:
        own = roster(tx, desk.circle).own
        return sum(log.size for log in list_logs(tx, desk.circle) if log.contributor == own)


def _held(desk: Desk) -> int:
    with desk.runtime.database.read() as tx:
        return sum(log.size for log in list_logs(tx, desk.circle))
