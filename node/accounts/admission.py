"""Which account somebody gets who has signed in through the institution.

An identity is issuer and subject, never a login or an address: those may be given to somebody else one day, and a claim
that only looks like a login here must not open that account. The first sign-in of an identity makes an account; every
sign-in sets its roles to what the provider says that day. Who has no role here any more is not let in, and what was
open for them ends.
"""

from hashlib import sha256
from typing import Final

from node.accounts.access_log import record_access
from node.accounts.manage import MAX_DISPLAY_NAME_CHARACTERS, may_be_login, normalise_login, set_roles
from node.domain.accounts import Account, AccountId
from node.domain.identifiers import new_id
from node.domain.openid import Identity
from node.errors import Code, HanseError
from node.storage import accounts as storage
from node.storage import identities
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import encode_bytes
from protocol.statements import Timestamp

_BETWEEN: Final = "\x1f"
"""Between issuer and subject before they are hashed: no claim that is read holds a control character."""


def admit(tx: Transaction, vault: Vault, identity: Identity, now: Timestamp) -> Account | HanseError:
    """The account of this identity, made at its first sign-in; or why it is not let in.

    A refusal is returned and not raised, because what was written with it (sessions that end) must be kept.
    """
    found = identities.find_account(tx, identity_hash(identity))
    if found is None:
        return _make(tx, vault, identity, now)
    account = storage.get_account(tx, vault, found)
    if account is None or account.disabled:
        return _refusal("your account at this node is closed.", "Ask the operator of this node.")
    if not identity.roles:
        ended = storage.end_sessions(tx, account.id)
        storage.revoke_api_tokens(tx, account.id)
        record_access(tx, vault, account.id, "sign-in-without-role", str(ended), now)
        return _no_role()
    if identity.roles != account.roles:
        try:
            set_roles(tx, vault, account.id, identity.roles)
        except HanseError as error:
            # The last operator: a slip at the provider must not leave a node that nobody can run.
            if error.code is not Code.CONFLICT:
                raise
            return account
        record_access(tx, vault, account.id, "roles-from-provider", "", now)
    return storage.get_account(tx, vault, account.id) or account


def identity_hash(identity: Identity) -> str:
    """What is stored of an identity."""
    return encode_bytes(sha256(f"{identity.issuer}{_BETWEEN}{identity.subject}".encode()).digest())


def _make(tx: Transaction, vault: Vault, identity: Identity, now: Timestamp) -> Account | HanseError:
    login = normalise_login(identity.login)
    if not identity.roles:
        return _no_role()
    if not may_be_login(login):
        return _refusal(
            "what your institution's sign-in service gives as your login cannot be one here.",
            "Ask the operator of this node to set openid_login_claim to another claim.",
        )
    if storage.find_account(tx, vault, login) is not None:
        return _refusal(
            "an account with your login exists here already, and it is not tied to your institution's sign-in.",
            "Sign in with its password, or ask the operator of this node.",
        )
    account = Account(
        AccountId(new_id()),
        login,
        (identity.display_name or login)[:MAX_DISPLAY_NAME_CHARACTERS],
        identity.roles,
        now,
        disabled=False,
        has_password=False,
    )
    storage.add_account(tx, vault, account)
    identities.add(tx, identity_hash(identity), account.id)
    record_access(tx, vault, account.id, "account-from-provider", account.id, now)
    return account


def _no_role() -> HanseError:
    return _refusal(
        "your institution has given you no role at this node.",
        "Ask those who run the sign-in service for the group that this node knows, or the operator of this node.",
    )


def _refusal(detail: str, remedy: str) -> HanseError:
    return HanseError(Code.FORBIDDEN, detail, remedy=remedy)
