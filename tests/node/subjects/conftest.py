"""A small registry for tests that ask many things of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.storage.database import Database
from node.storage.tables.base import METADATA
from tests.node.subjects.registry import load_records, record


@pytest.fixture(scope="session")
def shared_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """An SQLite registry of a few invented organisations, made once."""
    directory: Path = tmp_path_factory.mktemp("registry")
    database = Database(f"sqlite:///{directory / 'registry.db'}")
    METADATA.create_all(database.engine)
    load_records(database, directory, [record(number, f"Invented Institute {number}") for number in range(20)])
    yield database
    database.close()
