"""Workers of nodes in threads of their own, as ``hanse serve`` runs them, over a network in memory."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import httpx2

from node.storage import peers
from node.sync import run_worker
from protocol.identifiers import CircleId, KeyId
from tests.federation.support import Node

_PATIENCE_SECONDS: Final = 20
"""Before a test gives up: a busy machine is not a failure."""


def with_settings(node: Node, **changes: Any) -> Node:  # noqa: ANN401  # as the settings are
    """The same node under other settings."""
    return replace(node, runtime=replace(node.runtime, settings=replace(node.runtime.settings, **changes)))


@contextmanager
def working(
    *nodes: Node, transport: httpx2.BaseTransport, after_round: Callable[[], None] = lambda: None, gossip: bool = True
) -> Iterator[None]:
    """Run the worker of each node until the block ends; every worker has had its first round when it begins."""
    stop = threading.Event()
    ready = [threading.Event() for _ in nodes]

    def work(node: Node, first: threading.Event) -> None:
        def ended() -> None:
            first.set()
            after_round()

        run_worker(node.runtime, stop, after_round=ended, transport=transport, gossip=gossip)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(nodes, ready, strict=True)]
    for thread in threads:
        thread.start()
    try:
        for first in ready:
            assert first.wait(_PATIENCE_SECONDS)
        yield
    finally:
        stop.set()
        for node in nodes:
            node.runtime.wake.set()
        for thread in threads:
            thread.join(_PATIENCE_SECONDS)
    assert not any(thread.is_alive() for thread in threads)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look often; fail with these words when it takes too long."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def held(node: Node, circle: CircleId, log: KeyId) -> int:
    """How many entries of a log a node holds."""
    with node.runtime.database.read() as tx:
        return peers.held_sizes(tx, circle).get(log, 0)
