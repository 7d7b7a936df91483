"""Pools of four contributors."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node.insight.support import Pool, pools_of


@pytest.fixture
def pool(database_url: str, tmp_path: Path) -> Iterator[Pool]:
    """A node on each database, in a circle of four."""
    (pool,) = pools_of(tmp_path, database_url)
    yield pool
    pool.database.close()


@pytest.fixture
def quick_pool(tmp_path: Path) -> Iterator[Pool]:
    """The same in memory, for what depends on no database."""
    (pool,) = pools_of(tmp_path, "sqlite://")
    yield pool
    pool.database.close()


@pytest.fixture
def three_pools(database_url: str, tmp_path: Path) -> Iterator[list[Pool]]:
    """Three nodes of a circle of four, the first on each database."""
    pools = pools_of(tmp_path, database_url, "sqlite://", "sqlite://")
    yield pools
    for pool in pools:
        pool.database.close()
