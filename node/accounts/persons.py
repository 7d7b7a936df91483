"""What this node holds on a person: the question of a data subject, answered over every store."""

from node.domain.persons import Trace
from node.storage import person_search
from node.storage.database import Transaction
from node.storage.vault import Vault


def traces(tx: Transaction, vault: Vault, name: str) -> list[Trace]:
    """Every place that holds the words of this name; raises ``INVALID`` for one that is too short."""
    return list(person_search.find(tx, vault, name))
