"""Saved questions of an account, sealed with the data key."""

import msgspec
import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.domain.queries import SavedQuery
from node.storage.database import Transaction
from node.storage.tables.accounts import ACCOUNTS
from node.storage.tables.saved import SAVED_QUERIES
from node.storage.vault import Vault


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    question: dict[str, tuple[str, ...]]


def lock(tx: Transaction, account: AccountId) -> None:
    """Until this transaction ends nobody else saves a question of this account."""
    tx.connection.execute(sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.id == account).with_for_update())


def list_saved(tx: Transaction, vault: Vault, account: AccountId) -> list[SavedQuery]:
    """Every saved question of an account, by name."""
    rows = tx.connection.execute(sa.select(SAVED_QUERIES).where(SAVED_QUERIES.c.account_id == account))
    found = []
    for row in rows:
        opened = msgspec.json.decode(vault.open(row.sealed, place=_place(row.id)), type=_Sealed)
        found.append(SavedQuery(row.id, opened.name, opened.question, row.changed))
    return sorted(found, key=lambda saved: saved.name)


def add(tx: Transaction, vault: Vault, account: AccountId, saved: SavedQuery) -> None:
    """Store a question under a name that this account has not given yet."""
    sealed = msgspec.json.encode(_Sealed(saved.name, {name: tuple(each) for name, each in saved.question.items()}))
    values = {
        "id": saved.id,
        "account_id": account,
        "sealed": vault.seal(sealed, place=_place(saved.id)),
        "changed": saved.changed,
    }
    tx.connection.execute(sa.insert(SAVED_QUERIES).values(values))


def remove(tx: Transaction, account: AccountId, saved: str) -> None:
    """Forget one."""
    row = sa.and_(SAVED_QUERIES.c.id == saved, SAVED_QUERIES.c.account_id == account)
    tx.connection.execute(sa.delete(SAVED_QUERIES).where(row))


def _place(row: str) -> str:
    return f"saved_queries.sealed:{row}"
