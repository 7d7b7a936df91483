"""What sync needs of a node. ``node.runtime.Runtime`` is one; that module stands above this one."""

from threading import Event
from typing import Protocol

from node.clock import Clock
from node.domain.settings import Settings
from node.ledger.keyring import Keyring
from node.storage.database import Database
from node.storage.vault import Vault
from protocol.vocabulary import Vocabulary


class Parts(Protocol):
    """The parts of one node, read only."""

    @property
    def settings(self) -> Settings:
        """What the operator decided."""

    @property
    def database(self) -> Database:
        """Logs, rosters and what is known of peers."""

    @property
    def clock(self) -> Clock:
        """Dates entries and signatures."""

    @property
    def vault(self) -> Vault:
        """Opens letters that wait, and seals what letters bring."""

    @property
    def keyring(self) -> Keyring:
        """Signs requests."""

    @property
    def vocabulary(self) -> Vocabulary:
        """To count what it does not know."""

    @property
    def wake(self) -> Event:
        """Set when a peer has told this process of something new."""
