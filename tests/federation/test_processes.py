"""Eight nodes on loopback under load, killed at random with ``kill -9``: in the end all agree, and nothing is lost.

The same in network namespaces, with loss and partitions, for as long as one likes: ``python -m tests.bench.netns``.
"""

from pathlib import Path
from random import Random

import pytest

from tests.federation.agreement import require_agreement, require_clean, settle
from tests.federation.fleet import Place, complaints, fleet
from tests.federation.publisher import acknowledged
from tests.federation.support import free_port

NODES = 8
SECONDS = 12
"""Of kills."""


@pytest.mark.enable_socket
def test_nodes_that_are_killed_at_random_agree_in_the_end(tmp_path: Path) -> None:
    places = [Place("127.0.0.1", free_port()) for _ in range(NODES)]
    with fleet(tmp_path, places, sync_seconds=2, pause_seconds=1) as machines:
        machines.start()
        machines.disturb(SECONDS, Random(1), every=1)  # noqa: S311
        machines.stop_publishing()
        machines.repair()
        settle(machines, 120)
        assert set(machines.stop().values()) == {0}
        holding = require_agreement(machines)
        require_clean(machines)
        assert machines.counts.total() >= 5
        assert len(holding.logs) == NODES
        assert sum(len(acknowledged(each.data)) for each in machines.machines) > NODES
        assert [line for each in machines.machines for line in complaints(each)] == []
