"""Fixtures of casework."""

from pathlib import Path

import pytest

from node.ledger.keyring import Keyring
from node.storage.database import Database
from node.storage.vault import Vault
from protocol.vocabulary import Vocabulary
from tests.node.casework.office import Office, open_office


@pytest.fixture
def office(database: Database, vault: Vault, keyring: Keyring, vocabulary: Vocabulary, tmp_path: Path) -> Office:
    """An institution at work, on each database."""
    return open_office(database, vault, keyring, vocabulary, tmp_path)
