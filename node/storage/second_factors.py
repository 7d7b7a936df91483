"""Second factors of local accounts: a sealed secret, and the last step of which a code was taken."""

from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from node.domain.accounts import AccountId
from node.storage.database import Transaction
from node.storage.tables.accounts import SECOND_FACTORS
from node.storage.vault import Vault

_NEVER: Final = -1


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What is kept of one."""

    secret: str = field(repr=False)
    confirmed: bool


def find(tx: Transaction, vault: Vault, account: AccountId) -> SecondFactor | None:
    """The second factor of an account, confirmed or still being set up."""
    row = tx.connection.execute(sa.select(SECOND_FACTORS).where(SECOND_FACTORS.c.account_id == account)).first()
    if row is None:
        return None
    secret = vault.open(row.secret, place=_place(account)).decode("ascii")
    return SecondFactor(secret, confirmed=row.last_step != _NEVER)


def put(tx: Transaction, vault: Vault, account: AccountId, secret: str) -> None:
    """Keep a secret that no code has confirmed yet."""
    sealed = vault.seal(secret.encode("ascii"), place=_place(account))
    values = {"account_id": account, "secret": sealed, "last_step": _NEVER}
    tx.connection.execute(sa.insert(SECOND_FACTORS).values(values))


def use(tx: Transaction, account: AccountId, step: int) -> bool:
    """Take a code of this step; False where one of it or a later one was taken. Of two at once one gets True."""
    newer = (SECOND_FACTORS.c.account_id == account) & (SECOND_FACTORS.c.last_step < step)
    return tx.connection.execute(sa.update(SECOND_FACTORS).where(newer).values(last_step=step)).rowcount == 1


def drop(tx: Transaction, account: AccountId) -> bool:
    """Forget the second factor; whether there was one."""
    return tx.connection.execute(sa.delete(SECOND_FACTORS).where(SECOND_FACTORS.c.account_id == account)).rowcount == 1


def _place(account: AccountId) -> str:
    return f"second_factors.secret:{account}"
