"""Which account somebody has who signs in through the institution."""

import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.storage.database import Transaction
from node.storage.tables.accounts import ACCOUNT_IDENTITIES


def find_account(tx: Transaction, identity_hash: str) -> AccountId | None:
    """The account that this identity has here."""
    query = sa.select(ACCOUNT_IDENTITIES.c.account_id).where(ACCOUNT_IDENTITIES.c.identity_hash == identity_hash)
    found = tx.connection.execute(query).scalar()
    return None if found is None else AccountId(found)


def add(tx: Transaction, identity_hash: str, account: AccountId) -> None:
    """Tie an identity to an account."""
    values = {"identity_hash": identity_hash, "account_id": account}
    tx.connection.execute(sa.insert(ACCOUNT_IDENTITIES).values(values))


def has_any(tx: Transaction, account: AccountId) -> bool:
    """Whether this account belongs to somebody who signs in through the institution."""
    query = sa.select(sa.exists().where(ACCOUNT_IDENTITIES.c.account_id == account))
    return bool(tx.connection.execute(query).scalar_one())
