"""Eight nodes on loopback under load, killed at random with ``kill -9``: in the end all agree, and nothing is lost.

The same in network namespaces, with loss and partitions, for as long as one likes: ``python -m tests.bench.netns``.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import sqlalchemy as sa

from node.storage.ledger import list_logs
from protocol.identifiers import StatementId
from tests.federation.agreement import require_agreement, require_clean, settle
from tests.federation.fleet import Place, complaints, fleet
from tests.federation.publisher import ACKNOWLEDGED, acknowledged, unexpected
from tests.federation.support import free_port

NODES = 8
KILLS = 6
LIMIT_SECONDS = 300
"""Before the test gives up: a busy machine is not a failure."""


@pytest.fixture
def server_databases(postgresql_url: str) -> Iterator[list[str]]:
    """Two databases of one PostgreSQL server."""
    url = sa.make_url(postgresql_url)
    names = [f"test_{os.urandom(6).hex()}" for _ in range(2)]
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for name in names:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield [url.set(database=name).render_as_string(hide_password=False) for name in names]
    with admin.connect() as connection:
        for name in names:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.mark.enable_socket
def test_nodes_that_are_killed_at_random_agree_in_the_end(tmp_path: Path, server_databases: list[str]) -> None:
    databases = [*server_databases, *[""] * (NODES - len(server_databases))]
    places = [Place("127.0.0.1", free_port(), database_url=url) for url in databases]
    with fleet(tmp_path, places, sync_seconds=3, pause_seconds=3) as machines:
        machines.start()
        machines.disturb(lambda: machines.counts.total() >= KILLS, Random(1), every=0.5)  # noqa: S311
        machines.stop_publishing()
        machines.repair()
        settle(machines, LIMIT_SECONDS)
        assert set(machines.stop().values()) == {0}

        holding = require_agreement(machines)
        require_clean(machines)
        assert len(holding.logs) == NODES
        assert sum(len(acknowledged(each.data)) for each in machines.machines) > NODES
        assert [line for each in machines.machines for line in complaints(each)] == []
        assert [line for each in machines.machines for line in unexpected(each.data)] == []

        first = machines.machines[0]
        with first.runtime.database.read() as tx:
            own = list_logs(tx, machines.circle)[0].contributor
        with (first.data / ACKNOWLEDGED).open("a") as file:
            file.write(f"{own} 0 {StatementId('A' * 22)}\n")
        with pytest.raises(AssertionError, match="nobody holds it"):
            require_agreement(machines)
