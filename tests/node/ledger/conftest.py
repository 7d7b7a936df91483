"""The ledger's own fixture."""

from pathlib import Path

import pytest

from node.domain.settings import Settings
from node.ledger.keyring import Keyring
from node.storage.database import Database
from tests.node.ledger.support import Home, settle


@pytest.fixture
def home(database: Database, keyring: Keyring, tmp_path: Path) -> Home:
    """A node in a circle of one, on each database."""
    settings = Settings(name="Aldermoor", base_url="http://aldermoor.example", data=tmp_path, database_url="")
    return settle(database, keyring, settings)
