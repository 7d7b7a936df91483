"""The built parts of one running node, passed to the edges. Nothing here is global: several fit in a process."""

from dataclasses import dataclass

from node.clock import Clock
from node.domain.settings import Settings
from node.ledger.keyring import Keyring
from node.storage.database import Database
from node.storage.vault import Vault
from protocol.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Runtime:
    """One node."""

    settings: Settings
    database: Database
    clock: Clock
    vault: Vault
    keyring: Keyring
    vocabulary: Vocabulary
