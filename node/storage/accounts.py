"""Reading and writing accounts, sessions, tokens and sign-in attempts. Secrets arrive here as hashes only."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from node.domain.accounts import Account, AccountId, ApiToken, Permission, Role
from node.errors import Code, HanseError
from node.storage.database import Transaction
from node.storage.tables.accounts import (
    ACCOUNT_ROLES,
    ACCOUNTS,
    API_TOKENS,
    SESSIONS,
    SETUP_LINKS,
    SIGN_IN_ATTEMPTS,
)
from node.storage.vault import Vault
from protocol.statements import Timestamp


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session that was found by its token's hash."""

    id: str
    account: AccountId
    expires: Timestamp


def add_account(tx: Transaction, vault: Vault, account: Account) -> None:
    """Store a new account; a login that is taken is a ``CONFLICT``."""
    values = {
        "id": account.id,
        "login": account.login,
        "display_name": vault.seal(account.display_name.encode(), place=_name_place(account.id)),
        "password_hash": None,
        "created": account.created,
        "disabled": account.disabled,
    }
    insert = postgresql.insert(ACCOUNTS) if tx.is_postgresql else sqlite.insert(ACCOUNTS)
    statement = insert.values(values).on_conflict_do_nothing(index_elements=["login"]).returning(ACCOUNTS.c.id)
    if tx.connection.execute(statement).first() is None:
        raise HanseError(Code.CONFLICT, "this login is taken.", remedy="Choose another one.")
    set_roles(tx, account.id, account.roles)


def set_roles(tx: Transaction, account: AccountId, roles: frozenset[Role]) -> None:
    """Replace the roles of an account."""
    tx.connection.execute(sa.delete(ACCOUNT_ROLES).where(ACCOUNT_ROLES.c.account_id == account))
    if roles:
        rows = [{"account_id": account, "role": role.value} for role in sorted(roles)]
        tx.connection.execute(sa.insert(ACCOUNT_ROLES), rows)


def lock_operators(tx: Transaction) -> None:
    """Keep others from locking, closing or changing the operators' accounts until the commit.

    In the order of their ids. On SQLite the transaction that writes is alone anyway.
    """
    operators = sa.select(ACCOUNT_ROLES.c.account_id).where(ACCOUNT_ROLES.c.role == Role.OPERATOR.value)
    query = sa.select(ACCOUNTS.c.id).where(ACCOUNTS.c.id.in_(operators)).order_by(ACCOUNTS.c.id).with_for_update()
    tx.connection.execute(query).all()


def get_account(tx: Transaction, vault: Vault, account: AccountId) -> Account | None:
    """The account with this id."""
    row = tx.connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.id == account)).first()
    return None if row is None else _account(tx, vault, row)


def find_account(tx: Transaction, vault: Vault, login: str) -> Account | None:
    """The account with this login, which is in lower case."""
    row = tx.connection.execute(sa.select(ACCOUNTS).where(ACCOUNTS.c.login == login)).first()
    return None if row is None else _account(tx, vault, row)


def list_accounts(tx: Transaction, vault: Vault) -> list[Account]:
    """Every account, by login."""
    rows = tx.connection.execute(sa.select(ACCOUNTS).order_by(ACCOUNTS.c.login)).all()
    return [_account(tx, vault, row) for row in rows]


def get_password_hash(tx: Transaction, account: AccountId) -> str | None:
    """The argon2id hash, or None before the setup link was used."""
    return tx.connection.execute(sa.select(ACCOUNTS.c.password_hash).where(ACCOUNTS.c.id == account)).scalar()


def set_password_hash(tx: Transaction, account: AccountId, password_hash: str) -> None:
    """Replace the argon2id hash."""
    tx.connection.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.id == account).values(password_hash=password_hash))


def set_disabled(tx: Transaction, account: AccountId, *, disabled: bool) -> None:
    """Close or reopen an account."""
    tx.connection.execute(sa.update(ACCOUNTS).where(ACCOUNTS.c.id == account).values(disabled=disabled))


def put_setup_link(tx: Transaction, account: AccountId, token_hash: str, expires: Timestamp) -> None:
    """Open a setup link; an older one of the same account stops working."""
    tx.connection.execute(sa.delete(SETUP_LINKS).where(SETUP_LINKS.c.account_id == account))
    values = {"account_id": account, "token_hash": token_hash, "expires": expires}
    tx.connection.execute(sa.insert(SETUP_LINKS).values(values))


def find_setup_link(tx: Transaction, token_hash: str, now: Timestamp) -> AccountId | None:
    """The account that an open setup link belongs to, without using the link up."""
    found = tx.connection.execute(
        sa.select(SETUP_LINKS.c.account_id).where(SETUP_LINKS.c.token_hash == token_hash, SETUP_LINKS.c.expires > now)
    ).scalar()
    return None if found is None else AccountId(found)


def use_setup_link(tx: Transaction, token_hash: str, now: Timestamp) -> AccountId | None:
    """Use a setup link up; of two requests with the same token exactly one gets the account."""
    found = tx.connection.execute(
        sa.delete(SETUP_LINKS)
        .where(SETUP_LINKS.c.token_hash == token_hash, SETUP_LINKS.c.expires > now)
        .returning(SETUP_LINKS.c.account_id)
    ).scalar()
    return None if found is None else AccountId(found)


def add_session(
    tx: Transaction, session: str, account: AccountId, token_hash: str, created: Timestamp, expires: Timestamp
) -> None:
    """Store a session, and forget those that have ended."""
    tx.connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.expires <= created))
    values = {
        "id": session,
        "account_id": account,
        "token_hash": token_hash,
        "created": created,
        "expires": expires,
    }
    tx.connection.execute(sa.insert(SESSIONS).values(values))


def find_session(tx: Transaction, token_hash: str, now: Timestamp) -> StoredSession | None:
    """The running session with this token hash."""
    row = tx.connection.execute(
        sa.select(SESSIONS).where(SESSIONS.c.token_hash == token_hash, SESSIONS.c.expires > now)
    ).first()
    return None if row is None else StoredSession(row.id, AccountId(row.account_id), Timestamp(row.expires))


def end_session(tx: Transaction, session: str) -> None:
    """End one session."""
    tx.connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.id == session))


def end_sessions(tx: Transaction, account: AccountId) -> int:
    """End every session of an account; how many there were."""
    return tx.connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.account_id == account)).rowcount


def add_api_token(tx: Transaction, vault: Vault, token: ApiToken, token_hash: str) -> None:
    """Store an API token's hash and what it permits."""
    values = {
        "id": token.id,
        "account_id": token.account,
        "name": vault.seal(token.name.encode(), place=_token_place(token.id)),
        "token_hash": token_hash,
        "permissions": " ".join(sorted(token.permissions)),
        "created": token.created,
        "expires": token.expires,
        "revoked": token.revoked,
        "last_use": token.last_use,
    }
    tx.connection.execute(sa.insert(API_TOKENS).values(values))


def find_api_token(tx: Transaction, vault: Vault, token_hash: str, now: Timestamp) -> ApiToken | None:
    """The valid API token with this hash."""
    row = tx.connection.execute(
        sa.select(API_TOKENS).where(
            API_TOKENS.c.token_hash == token_hash, API_TOKENS.c.expires > now, API_TOKENS.c.revoked.is_(other=False)
        )
    ).first()
    return None if row is None else _token(vault, row)


def list_api_tokens(tx: Transaction, vault: Vault, account: AccountId) -> list[ApiToken]:
    """Every API token of an account, newest first."""
    rows = tx.connection.execute(
        sa.select(API_TOKENS)
        .where(API_TOKENS.c.account_id == account)
        .order_by(API_TOKENS.c.created.desc(), API_TOKENS.c.id)
    ).all()
    return [_token(vault, row) for row in rows]


def set_last_use(tx: Transaction, token: str, day: Timestamp) -> None:
    """Set the day on which a token was last used."""
    tx.connection.execute(sa.update(API_TOKENS).where(API_TOKENS.c.id == token).values(last_use=day))


def revoke_api_token(tx: Transaction, account: AccountId, token: str) -> bool:
    """Revoke one token of this account; whether there was such a token."""
    result = tx.connection.execute(
        sa.update(API_TOKENS).where(API_TOKENS.c.id == token, API_TOKENS.c.account_id == account).values(revoked=True)
    )
    return result.rowcount == 1


def revoke_api_tokens(tx: Transaction, account: AccountId) -> None:
    """Revoke every token of an account."""
    tx.connection.execute(sa.update(API_TOKENS).where(API_TOKENS.c.account_id == account).values(revoked=True))


def count_attempt(tx: Transaction, login_hash: str, now: Timestamp, window_seconds: int) -> tuple[int, Timestamp]:
    """Count one attempt; how many the running window now holds, and when the window began.

    One statement, so that of several attempts at once each gets a number of its own.
    """
    tx.connection.execute(sa.delete(SIGN_IN_ATTEMPTS).where(SIGN_IN_ATTEMPTS.c.window_start <= now - window_seconds))
    insert = postgresql.insert(SIGN_IN_ATTEMPTS) if tx.is_postgresql else sqlite.insert(SIGN_IN_ATTEMPTS)
    row = tx.connection.execute(
        insert.values(login_hash=login_hash, window_start=now, attempts=1)
        .on_conflict_do_update(index_elements=["login_hash"], set_={"attempts": SIGN_IN_ATTEMPTS.c.attempts + 1})
        .returning(SIGN_IN_ATTEMPTS.c.attempts, SIGN_IN_ATTEMPTS.c.window_start)
    ).one()
    return row.attempts, Timestamp(row.window_start)


def forget_attempts(tx: Transaction, login_hash: str) -> None:
    """After a sign-in that succeeded."""
    tx.connection.execute(sa.delete(SIGN_IN_ATTEMPTS).where(SIGN_IN_ATTEMPTS.c.login_hash == login_hash))


def _account(tx: Transaction, vault: Vault, row: "sa.Row[tuple[object, ...]]") -> Account:
    roles: Sequence[str] = (
        tx.connection.execute(sa.select(ACCOUNT_ROLES.c.role).where(ACCOUNT_ROLES.c.account_id == row.id))
        .scalars()
        .all()
    )
    return Account(
        id=AccountId(row.id),
        login=row.login,
        display_name=vault.open(row.display_name, place=_name_place(row.id)).decode(),
        roles=frozenset(Role(role) for role in roles),
        created=Timestamp(row.created),
        disabled=row.disabled,
        has_password=row.password_hash is not None,
    )


def _token(vault: Vault, row: "sa.Row[tuple[object, ...]]") -> ApiToken:
    return ApiToken(
        id=row.id,
        account=AccountId(row.account_id),
        name=vault.open(row.name, place=_token_place(row.id)).decode(),
        permissions=frozenset(Permission(scope) for scope in row.permissions.split()),
        created=Timestamp(row.created),
        expires=Timestamp(row.expires),
        revoked=row.revoked,
        last_use=None if row.last_use is None else Timestamp(row.last_use),
    )


def _name_place(account: str) -> str:
    return f"accounts.display_name:{account}"


def _token_place(token: str) -> str:
    return f"api_tokens.name:{token}"
