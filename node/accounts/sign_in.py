"""Sign-in and sessions.

A sign-in takes two short transactions with the password hash between them. The attempt is counted and
committed before the password is looked at, so that guesses made at the same time cannot slip past the limit
and a failure cannot roll its own count back; and no write lock is held while argon2 works.
"""

from typing import Final

from node.accounts.manage import may_be_login, normalise_login
from node.accounts.secrets import (
    BusyError,
    check_password,
    csrf_token,
    hash_password,
    hash_secret,
    needs_rehash,
    new_secret,
    same_secret,
)
from node.domain.accounts import (
    Account,
    AccountId,
    PasswordAccepted,
    Principal,
    SignedIn,
    SignInOutcome,
    TooManyAttempts,
    WrongCredentials,
    permissions_of,
)
from node.domain.identifiers import new_id
from node.errors import Code, HanseError
from node.storage import accounts as storage
from node.storage import second_factors
from node.storage.database import Database, Transaction
from node.storage.vault import Vault
from protocol.statements import Timestamp

MAX_ATTEMPTS: Final = 10
"""Sign-ins for one login within the window. Somebody who mistypes is not locked out; a guesser gets 960 a day."""
ATTEMPT_WINDOW_SECONDS: Final = 900
BUSY_SECONDS: Final = 60
"""When to come back after a sign-in for which too many others left no turn."""


def sign_in(
    database: Database, vault: Vault, login: str, password: str, *, now: Timestamp, session_seconds: int
) -> SignInOutcome:
    """Check a login and password and begin a session.

    Returns failures instead of raising them, so that the caller can record them in the access log. An unknown
    login takes as long as a known one and counts toward its own limit.
    """
    login = normalise_login(login)
    login_hash = hash_secret(login)
    with database.write() as tx:
        attempts, window_start = storage.count_attempt(tx, login_hash, now, ATTEMPT_WINDOW_SECONDS)
        if attempts > MAX_ATTEMPTS:
            return TooManyAttempts(window_start + ATTEMPT_WINDOW_SECONDS - now)
        account = storage.find_account(tx, vault, login) if may_be_login(login) else None
        password_hash = None if account is None else storage.get_password_hash(tx, account.id)
    try:
        right = check_password(password_hash, password)
        if not right or account is None or password_hash is None or account.disabled:
            return WrongCredentials()
        fresh_hash = hash_password(password) if needs_rehash(password_hash) else None
    except BusyError:
        return TooManyAttempts(BUSY_SECONDS)
    with database.write() as tx:
        # Disabled or given another password between the two transactions: the stored state decides.
        current = storage.get_account(tx, vault, account.id)
        if current is None or current.disabled or storage.get_password_hash(tx, account.id) != password_hash:
            return WrongCredentials()
        if fresh_hash is not None:
            storage.set_password_hash(tx, account.id, fresh_hash)
        storage.forget_attempts(tx, login_hash)
        factor = second_factors.find(tx, vault, current.id)
        if factor is not None and factor.confirmed:
            return PasswordAccepted(current.id, fresh_hash or password_hash)
        return begin_session(tx, current, now=now, session_seconds=session_seconds)


def begin_session(tx: Transaction, account: Account, *, now: Timestamp, session_seconds: int) -> SignedIn:
    """Begin a session for somebody whose identity has been established."""
    session, token = new_id(), new_secret()
    expires = Timestamp(now + session_seconds)
    storage.add_session(tx, session, account.id, hash_secret(token), now, expires)
    return SignedIn(_principal(account, session, token), token, expires)


def authenticate_session(tx: Transaction, vault: Vault, token: str, now: Timestamp) -> Principal | None:
    """Who holds this session cookie; None when it is unknown, ended, expired or its account disabled.

    A session's life is absolute: using it does not prolong it. Works in a read transaction.
    """
    session = storage.find_session(tx, hash_secret(token), now)
    account = None if session is None else storage.get_account(tx, vault, session.account)
    if session is None or account is None or account.disabled:
        return None
    return _principal(account, session.id, token)


def require_csrf(principal: Principal, presented: str) -> None:
    """Refuse a form that was not made in this session. API tokens carry no cookie and need none."""
    if principal.csrf_token is not None and not same_secret(principal.csrf_token, presented):
        raise HanseError(
            Code.FORBIDDEN,
            "the form does not belong to this session.",
            remedy="Open the page again and repeat what you did.",
        )


def sign_out(tx: Transaction, session: str) -> None:
    """End one session."""
    storage.end_session(tx, session)


def sign_out_everywhere(tx: Transaction, account: AccountId) -> int:
    """End every session of an account; how many there were."""
    return storage.end_sessions(tx, account)


def _principal(account: Account, session: str, token: str) -> Principal:
    return Principal(
        account=account.id,
        login=account.login,
        display_name=account.display_name,
        roles=account.roles,
        permissions=permissions_of(account.roles),
        session=session,
        csrf_token=csrf_token(token),
    )
