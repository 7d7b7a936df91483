"""Questions with a name: kept for the account that asks them, sealed, and asked again by name."""

import re
from typing import Final

from node.domain.accounts import AccountId
from node.domain.identifiers import new_id
from node.domain.queries import SavedQuery
from node.errors import Code, HanseError
from node.insight.asking import Question, checked
from node.storage import saved as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary

MAX_SAVED: Final = 50
"""Saved questions of one account."""
PATTERN_NAME: Final = "^[a-z0-9][a-z0-9-]{0,39}$"
"""A name that can stand in an address."""


def save(
    tx: Transaction,
    vault: Vault,
    vocabulary: Vocabulary,
    account: AccountId,
    name: str,
    question: Question,
    now: Timestamp,
) -> SavedQuery:
    """Keep a question under a name, in place of one that has it. Raises ``INVALID`` for what is no question."""
    if not re.fullmatch(PATTERN_NAME, name):
        raise HanseError(
            Code.INVALID,
            "the name of a question has up to 40 small letters, digits and hyphens.",
            remedy="Name it as in `opaque-control-2026`.",
        )
    asked = checked(vocabulary, tx, question)
    if not asked:
        raise HanseError(Code.INVALID, "the question asks for nothing.", remedy="Give it at least one filter.")
    storage.lock(tx, account)
    held = storage.list_saved(tx, vault, account)
    for each in held:
        if each.name == name:
            storage.remove(tx, account, each.id)
    if len(held) >= MAX_SAVED and all(each.name != name for each in held):
        raise HanseError(Code.CONFLICT, f"an account keeps at most {MAX_SAVED} questions.", remedy="Remove one.")
    new = SavedQuery(new_id(), name, asked, now)
    storage.add(tx, vault, account, new)
    return new


def list_saved(tx: Transaction, vault: Vault, account: AccountId) -> list[SavedQuery]:
    """Every question of an account, by name."""
    return storage.list_saved(tx, vault, account)


def get(tx: Transaction, vault: Vault, account: AccountId, name: str) -> SavedQuery:
    """The question with this name; raises ``NOT_FOUND``, also for what others have saved."""
    for each in storage.list_saved(tx, vault, account):
        if each.name == name:
            return each
    raise HanseError(Code.NOT_FOUND, "you have no question of this name.", remedy="Ask for the list of them.")


def remove(tx: Transaction, vault: Vault, account: AccountId, name: str) -> None:
    """Forget the question with this name; raises ``NOT_FOUND``."""
    storage.remove(tx, account, get(tx, vault, account, name).id)
