"""Making and changing accounts. Whether the asker may do so is checked by the route, with its permission."""

import re
from typing import Final

from node.accounts.access_log import record_access
from node.accounts.secrets import hash_password, hash_secret, new_secret
from node.domain.accounts import Account, AccountId, Role, SetupLink
from node.domain.identifiers import new_id
from node.errors import Code, HanseError
from node.storage import accounts as storage
from node.storage import identities
from node.storage.database import Database, Transaction
from node.storage.vault import Vault
from protocol.statements import Timestamp

SETUP_SECONDS: Final = 72 * 3_600
"""How long a setup link works: over a weekend, not over a holiday."""
MAX_LOGIN_CHARACTERS: Final = 64
MAX_DISPLAY_NAME_CHARACTERS: Final = 120
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]*")


def normalise_login(text: str) -> str:
    """The one spelling of a login: lower case, no surrounding space."""
    return text.strip().lower()


def may_be_login(text: str) -> bool:
    """Whether an account could have this login; what a stranger typed may be anything, U+0000 included."""
    return len(text) <= MAX_LOGIN_CHARACTERS and _LOGIN.fullmatch(text) is not None


def create_account(
    tx: Transaction, vault: Vault, *, login: str, display_name: str, roles: frozenset[Role], now: Timestamp
) -> tuple[Account, SetupLink]:
    """Make an account without a password, and the link with which its owner sets one."""
    login = normalise_login(login)
    if not may_be_login(login):
        raise HanseError(
            Code.INVALID,
            f"a login has 1 to {MAX_LOGIN_CHARACTERS} of the characters a-z, 0-9 and . _ @ + -",
        )
    display_name = display_name.strip()
    if not 0 < len(display_name) <= MAX_DISPLAY_NAME_CHARACTERS:
        raise HanseError(Code.INVALID, f"a display name has 1 to {MAX_DISPLAY_NAME_CHARACTERS} characters.")
    if not roles:
        raise HanseError(Code.INVALID, "an account has at least one role.")
    account = Account(AccountId(new_id()), login, display_name, roles, now, disabled=False, has_password=False)
    storage.add_account(tx, vault, account)
    return account, renew_setup_link(tx, account.id, now)


def renew_setup_link(tx: Transaction, account: AccountId, now: Timestamp) -> SetupLink:
    """A fresh link for a new or forgotten password. The old link stops working; the old password does not.

    Raises ``CONFLICT`` for somebody who signs in through the institution: who leaves it must not keep a password here.
    """
    if identities.has_any(tx, account):
        raise HanseError(
            Code.CONFLICT,
            "this person signs in through the institution and has no password here.",
            remedy="Lost access is restored there.",
        )
    link = SetupLink(account, new_secret(), Timestamp(now + SETUP_SECONDS))
    storage.put_setup_link(tx, account, hash_secret(link.token), link.expires)
    return link


def setup_link_is_open(tx: Transaction, token: str, now: Timestamp) -> bool:
    """Whether a setup link would still work; for the page that asks for the password."""
    return storage.find_setup_link(tx, hash_secret(token), now) is not None


def setup_link_login(tx: Transaction, vault: Vault, token: str, now: Timestamp) -> str | None:
    """The login that an open setup link is for: for the page that asks for the password, and password managers."""
    account = storage.find_setup_link(tx, hash_secret(token), now)
    found = None if account is None else storage.get_account(tx, vault, account)
    return None if found is None else found.login


def redeem_setup_link(database: Database, vault: Vault, token: str, password: str, now: Timestamp) -> AccountId:
    """Set the password, use the link up, and end every session and API token of the account.

    Takes the database, because no transaction is open while argon2 works. A password that is refused leaves the
    link open. Raises ``NOT_FOUND`` for a link that is unknown, used or expired: nobody can tell which.
    """
    token_hash = hash_secret(token)
    with database.read() as tx:
        if storage.find_setup_link(tx, token_hash, now) is None:
            raise _closed_link()
    password_hash = hash_password(password)
    with database.write() as tx:
        account = storage.use_setup_link(tx, token_hash, now)
        if account is None:
            raise _closed_link()
        storage.set_password_hash(tx, account, password_hash)
        storage.end_sessions(tx, account)
        storage.revoke_api_tokens(tx, account)
        record_access(tx, vault, account, "password-set", "", now)
    return account


def set_roles(tx: Transaction, vault: Vault, account: AccountId, roles: frozenset[Role]) -> None:
    """Replace the roles; running sessions have the new ones at their next request."""
    if not roles:
        raise HanseError(Code.INVALID, "an account has at least one role.", remedy="Disable it instead.")
    if Role.OPERATOR not in roles:
        _require_other_operator(tx, vault, account)
    else:
        get_account(tx, vault, account)
    storage.set_roles(tx, account, roles)


def disable_account(tx: Transaction, vault: Vault, account: AccountId) -> None:
    """Close an account: its sessions end, its API tokens stop working."""
    _require_other_operator(tx, vault, account)
    storage.set_disabled(tx, account, disabled=True)
    storage.end_sessions(tx, account)


def enable_account(tx: Transaction, vault: Vault, account: AccountId) -> None:
    """Reopen an account with the password it had."""
    get_account(tx, vault, account)
    storage.set_disabled(tx, account, disabled=False)


def get_account(tx: Transaction, vault: Vault, account: AccountId) -> Account:
    """The account with this id; raises ``NOT_FOUND``."""
    found = storage.get_account(tx, vault, account)
    if found is None:
        raise HanseError(Code.NOT_FOUND, "there is no such account.")
    return found


def find_account(tx: Transaction, vault: Vault, login: str) -> Account | None:
    """The account with this login in any spelling, or None."""
    login = normalise_login(login)
    return storage.find_account(tx, vault, login) if may_be_login(login) else None


def list_accounts(tx: Transaction, vault: Vault) -> list[Account]:
    """Every account, by login."""
    return storage.list_accounts(tx, vault)


def display_names(tx: Transaction, vault: Vault) -> dict[AccountId, str]:
    """Names by id, for pages inside this node. Never for anything that leaves."""
    return {account.id: account.display_name for account in storage.list_accounts(tx, vault)}


def _require_other_operator(tx: Transaction, vault: Vault, account: AccountId) -> None:
    # Until the commit nobody else counts operators: two of them could each take the other's role and leave none.
    storage.lock_operators(tx)
    found = get_account(tx, vault, account)
    if Role.OPERATOR not in found.roles or found.disabled:
        return
    others = (other for other in storage.list_accounts(tx, vault) if other.id != found.id and not other.disabled)
    if not any(Role.OPERATOR in other.roles for other in others):
        raise HanseError(
            Code.CONFLICT,
            "this is the last operator of the node.",
            remedy="Give another account the role operator first.",
        )


def _closed_link() -> HanseError:
    return HanseError(
        Code.NOT_FOUND,
        "this setup link is unknown, used or expired.",
        remedy="Ask the operator of this node for a new one.",
    )
