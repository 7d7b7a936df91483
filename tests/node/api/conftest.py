"""An API on each database, and one in a file for what depends on no database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node.api.support import Api, api_of
from tests.node.insight.support import pools_of


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[Api]:
    """On each database."""
    (pool,) = pools_of(tmp_path, database_url)
    with api_of(pool) as api:
        yield api
    pool.database.close()


@pytest.fixture
def quick_api(tmp_path: Path) -> Iterator[Api]:
    """On SQLite alone."""
    (pool,) = pools_of(tmp_path, f"sqlite:///{tmp_path / 'hanse.db'}")
    with api_of(pool) as api:
        yield api
    pool.database.close()
