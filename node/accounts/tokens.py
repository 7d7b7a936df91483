"""API tokens: scoped, expiring, revocable, and recognisable in a leaked file by their prefix."""

from dataclasses import dataclass
from typing import Final

from node.accounts.secrets import hash_secret, new_secret
from node.clock import midnight
from node.domain.accounts import AccountId, ApiToken, IssuedToken, Permission, Principal, permissions_of
from node.domain.identifiers import new_id
from node.errors import Code, HanseError
from node.storage import accounts as storage
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.statements import DAY_SECONDS, Timestamp

PREFIX: Final = "hanse_"
MAX_DAYS: Final = 366
"""The longest life of a token: one that nobody renews within a year is one that nobody misses."""
MAX_TOKENS: Final = 50
"""Tokens of one account, revoked ones included."""
MAX_NAME_CHARACTERS: Final = 80
"""The name of a token: one line, for its owner to know it by."""


def issue_token(
    tx: Transaction,
    vault: Vault,
    principal: Principal,
    *,
    name: str,
    permissions: frozenset[Permission],
    days: int,
    now: Timestamp,
) -> IssuedToken:
    """Make a token with some of the asker's own permissions. The token is in the answer and nowhere else."""
    if not permissions or not permissions <= principal.permissions:
        raise HanseError(Code.FORBIDDEN, "a token carries one or more of its owner's own permissions, and no others.")
    if not 1 <= days <= MAX_DAYS:
        raise HanseError(Code.INVALID, f"a token is valid for 1 to {MAX_DAYS} days.")
    if not 0 < len(name.strip()) <= MAX_NAME_CHARACTERS:
        raise HanseError(Code.INVALID, f"the name of a token has 1 to {MAX_NAME_CHARACTERS} characters.")
    if len(storage.list_api_tokens(tx, vault, principal.account)) >= MAX_TOKENS:
        raise HanseError(Code.CONFLICT, f"an account has at most {MAX_TOKENS} tokens.")
    token = PREFIX + new_secret()
    view = ApiToken(
        id=new_id(),
        account=principal.account,
        name=name.strip(),
        permissions=permissions,
        created=now,
        expires=Timestamp(now + days * DAY_SECONDS),
        revoked=False,
        last_use=None,
    )
    storage.add_api_token(tx, vault, view, hash_secret(token))
    return IssuedToken(view, token)


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """Who holds a token, and the token as its owner sees it."""

    principal: Principal
    token: ApiToken


def authenticate_token(tx: Transaction, vault: Vault, token: str, now: Timestamp) -> TokenHolder | None:
    """Who holds this API token; None when it is unknown, expired, revoked or its account disabled.

    It permits what it was issued with as far as the account's roles still permit it.
    """
    if not token.startswith(PREFIX):
        return None
    found = storage.find_api_token(tx, vault, hash_secret(token), now)
    account = None if found is None else storage.get_account(tx, vault, found.account)
    if found is None or account is None or account.disabled:
        return None
    principal = Principal(
        account=account.id,
        login=account.login,
        display_name=account.display_name,
        roles=account.roles,
        permissions=found.permissions & permissions_of(account.roles),
        session=None,
        csrf_token=None,
    )
    return TokenHolder(principal, found)


def note_use(tx: Transaction, token: ApiToken, now: Timestamp) -> None:
    """Remember that a token was used today. Days, because a time of day would tell its owner's habits."""
    storage.set_last_use(tx, token.id, midnight(now))


def is_noted(token: ApiToken, now: Timestamp) -> bool:
    """Whether today's use of a token is known already, so that a request need not write it again."""
    return token.last_use == midnight(now)


def list_tokens(tx: Transaction, vault: Vault, account: AccountId) -> list[ApiToken]:
    """Every token of an account, newest first."""
    return storage.list_api_tokens(tx, vault, account)


def revoke_token(tx: Transaction, account: AccountId, token: str) -> None:
    """Revoke one's own token; raises ``NOT_FOUND`` for anybody else's."""
    if not storage.revoke_api_token(tx, account, token):
        raise HanseError(Code.NOT_FOUND, "there is no such token.")
