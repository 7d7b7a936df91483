"""The built parts of one running node, passed to the edges. Nothing here is global: several fit in a process."""

from dataclasses import dataclass, field
from threading import Event

from node.accounts.openid import Provider
from node.accounts.rate import Rates
from node.clock import Clock
from node.domain.settings import Settings
from node.ledger.keyring import Keyring
from node.storage.database import Database
from node.storage.vault import Vault
from node.subjects.matching import Names
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
    names: Names
    """Who may be meant by a name: one index for all edges, made at the first question."""
    openid: Provider | None = None
    """The institution's sign-in service, where the settings name one."""
    rates: Rates = field(default_factory=Rates, compare=False)
    """What API tokens have used up, in this process."""
    wake: Event = field(default_factory=Event, compare=False)
    """Set when a peer has told this process of something new, so that the worker looks at once."""
    stopping: Event = field(default_factory=Event, compare=False)
    """Set when the server is about to stop, so that live streams end."""
