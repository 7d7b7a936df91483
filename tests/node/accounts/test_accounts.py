"""Setup links, sign-in, sessions, tokens and roles, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import pytest

from node.accounts import manage, sign_in, tokens
from node.accounts.access_log import read_access_log
from node.accounts.secrets import MAX_HASHES_AT_ONCE, BusyError, check_password, hash_password, hash_secret, turn
from node.domain.accounts import (
    ROLE_PERMISSIONS,
    Account,
    Permission,
    Principal,
    Role,
    SignedIn,
    TooManyAttempts,
    WrongCredentials,
)
from node.errors import Code, HanseError
from node.storage.accounts import count_attempt
from node.storage.database import Database
from node.storage.vault import Vault
from protocol.statements import DAY_SECONDS, Timestamp

NOW = Timestamp(20_700 * DAY_SECONDS)
PASSWORD = "four words in a row"  # noqa: S105 - of an account of this test


def make(database: Database, vault: Vault, login: str = "Ada ", role: Role = Role.OFFICER) -> Account:
    with database.write() as tx:
        account, link = manage.create_account(
            tx, vault, login=login, display_name="Ada Q.", roles=frozenset({role}), now=NOW
        )
    manage.redeem_setup_link(database, vault, link.token, PASSWORD, NOW)
    return account


def enter(database: Database, vault: Vault, login: str = "ada", password: str = PASSWORD, now: int = NOW) -> object:
    return sign_in.sign_in(database, vault, login, password, now=Timestamp(now), session_seconds=36_000)


def principal(database: Database, vault: Vault) -> tuple[Principal, str]:
    outcome = enter(database, vault)
    assert isinstance(outcome, SignedIn)
    return outcome.principal, outcome.token


def test_a_setup_link_sets_a_password_once(database: Database, vault: Vault) -> None:
    with database.write() as tx:
        account, link = manage.create_account(
            tx, vault, login="Ada", display_name="Ada Q.", roles=frozenset({Role.OFFICER}), now=NOW
        )
        assert not manage.get_account(tx, vault, account.id).has_password
    with pytest.raises(HanseError) as short:
        manage.redeem_setup_link(database, vault, link.token, "short", NOW)
    assert short.value.code is Code.INVALID
    assert manage.redeem_setup_link(database, vault, link.token, PASSWORD, NOW) == account.id
    with pytest.raises(HanseError) as again:
        manage.redeem_setup_link(database, vault, link.token, PASSWORD, NOW)
    assert again.value.code is Code.NOT_FOUND
    assert link.token not in repr(link)


def test_a_setup_link_expires_and_is_replaced_by_a_newer_one(database: Database, vault: Vault) -> None:
    with database.write() as tx:
        account, old = manage.create_account(
            tx, vault, login="ada", display_name="Ada Q.", roles=frozenset({Role.OFFICER}), now=NOW
        )
        new = manage.renew_setup_link(tx, account.id, NOW)
        assert not manage.setup_link_is_open(tx, old.token, NOW)
        assert manage.setup_link_is_open(tx, new.token, Timestamp(NOW + manage.SETUP_SECONDS - 1))
        assert not manage.setup_link_is_open(tx, new.token, Timestamp(NOW + manage.SETUP_SECONDS))


def test_sign_in_takes_the_login_in_any_case_and_tells_failures_apart_from_nothing(
    database: Database, vault: Vault
) -> None:
    make(database, vault)
    assert isinstance(enter(database, vault, " ADA "), SignedIn)
    assert isinstance(enter(database, vault, password=PASSWORD.upper()), WrongCredentials)
    assert isinstance(enter(database, vault, "nobody"), WrongCredentials)


def test_sign_in_is_limited_per_login_known_or_not_and_success_clears_the_count(
    database: Database, vault: Vault
) -> None:
    make(database, vault)
    for login in ("ada", "nobody"):
        outcomes = [enter(database, vault, login, "wrong") for _ in range(sign_in.MAX_ATTEMPTS + 1)]
        assert all(isinstance(outcome, WrongCredentials) for outcome in outcomes[:-1])
        assert outcomes[-1] == TooManyAttempts(sign_in.ATTEMPT_WINDOW_SECONDS)
    assert isinstance(enter(database, vault), TooManyAttempts)
    later = NOW + sign_in.ATTEMPT_WINDOW_SECONDS
    assert isinstance(enter(database, vault, now=later), SignedIn)
    assert isinstance(enter(database, vault, now=later), SignedIn)


@pytest.mark.parametrize("login", ["a\x00b", "", "x" * 1_000, "not a login"])
def test_what_is_no_login_counts_and_fails_like_an_unknown_one(database: Database, vault: Vault, login: str) -> None:
    login_hash = hash_secret(login)
    assert enter(database, vault, login) == WrongCredentials()
    with database.write() as tx:
        assert manage.find_account(tx, vault, login) is None
        assert count_attempt(tx, login_hash, NOW, sign_in.ATTEMPT_WINDOW_SECONDS) == (2, NOW)


def test_a_session_ends_when_it_is_over_signed_out_or_disabled(database: Database, vault: Vault) -> None:
    account = make(database, vault)
    _, first = principal(database, vault)
    who, second = principal(database, vault)
    with database.read() as tx:
        assert sign_in.authenticate_session(tx, vault, first, Timestamp(NOW + 35_999)) is not None
        assert sign_in.authenticate_session(tx, vault, first, Timestamp(NOW + 36_000)) is None
        assert sign_in.authenticate_session(tx, vault, "unknown", NOW) is None
    with database.write() as tx:
        assert who.session is not None
        sign_in.sign_out(tx, who.session)
        assert sign_in.authenticate_session(tx, vault, second, NOW) is None
        assert sign_in.authenticate_session(tx, vault, first, NOW) is not None
        assert sign_in.sign_out_everywhere(tx, account.id) == 1
        assert sign_in.authenticate_session(tx, vault, first, NOW) is None
    _, third = principal(database, vault)
    with database.write() as tx:
        manage.disable_account(tx, vault, account.id)
        assert sign_in.authenticate_session(tx, vault, third, NOW) is None
    assert isinstance(enter(database, vault), WrongCredentials)


def test_a_form_of_another_session_is_refused(database: Database, vault: Vault) -> None:
    make(database, vault)
    one, _ = principal(database, vault)
    other, _ = principal(database, vault)
    assert one.csrf_token is not None
    assert other.csrf_token is not None
    sign_in.require_csrf(one, one.csrf_token)
    for presented in (other.csrf_token, "", "ä"):
        with pytest.raises(HanseError) as error:
            sign_in.require_csrf(one, presented)
        assert error.value.code is Code.FORBIDDEN


def test_a_token_carries_some_of_its_owners_permissions_until_it_ends(database: Database, vault: Vault) -> None:
    account = make(database, vault)
    who, _ = principal(database, vault)
    scope = frozenset({Permission.POOL_READ})
    with database.write() as tx:
        with pytest.raises(HanseError) as error:
            tokens.issue_token(
                tx, vault, who, name="x", permissions=frozenset({Permission.DRAFTS_APPROVE}), days=1, now=NOW
            )
        assert error.value.code is Code.FORBIDDEN
        issued = tokens.issue_token(tx, vault, who, name="Notebook", permissions=scope, days=1, now=NOW)
        assert issued.token.startswith("hanse_")
        found = tokens.authenticate_token(tx, vault, issued.token, NOW)
        assert found is not None
        assert found.principal.permissions == scope
        assert found.token.last_use is None
        tokens.note_use(tx, found.token, Timestamp(NOW + 5))
        assert tokens.list_tokens(tx, vault, account.id)[0].last_use == NOW - NOW % DAY_SECONDS
        assert tokens.authenticate_token(tx, vault, issued.token, Timestamp(NOW + DAY_SECONDS)) is None
        assert tokens.authenticate_token(tx, vault, issued.token[:-1], NOW) is None
        manage.set_roles(tx, vault, account.id, frozenset({Role.OPERATOR}))
        reduced = tokens.authenticate_token(tx, vault, issued.token, NOW)
        assert reduced is not None
        assert reduced.principal.permissions == frozenset()
        tokens.revoke_token(tx, account.id, issued.view.id)
        assert tokens.authenticate_token(tx, vault, issued.token, NOW) is None
        assert [view.revoked for view in tokens.list_tokens(tx, vault, account.id)] == [True]


def test_the_last_operator_stays(database: Database, vault: Vault) -> None:
    operator = make(database, vault, "op", Role.OPERATOR)
    with database.write() as tx:
        with pytest.raises(HanseError) as disabling:
            manage.disable_account(tx, vault, operator.id)
        with pytest.raises(HanseError) as changing:
            manage.set_roles(tx, vault, operator.id, frozenset({Role.AUDITOR}))
    assert {disabling.value.code, changing.value.code} == {Code.CONFLICT}


def test_two_operators_cannot_demote_each_other(database: Database, vault: Vault) -> None:
    """On PostgreSQL each would still see the other as an operator."""
    first, second = (make(database, vault, login, Role.OPERATOR) for login in ("op", "other"))
    demoted, waited = Event(), Event()

    def demote(account: Account, other: Event) -> None:
        with database.write() as tx:
            manage.set_roles(tx, vault, account.id, frozenset({Role.AUDITOR}))
            demoted.set()
            other.wait(timeout=0.5)

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(demote, second, waited)
        assert demoted.wait(timeout=10)
        two = threads.submit(demote, first, demoted)
        one.result(timeout=30)
        with pytest.raises(HanseError, match="last operator"):
            two.result(timeout=30)
    with database.read() as tx:
        assert [each.login for each in manage.list_accounts(tx, vault) if Role.OPERATOR in each.roles] == ["op"]


def test_a_new_password_ends_what_the_old_one_opened(database: Database, vault: Vault) -> None:
    account = make(database, vault)
    who, cookie = principal(database, vault)
    with database.write() as tx:
        scope = frozenset({Permission.POOL_READ})
        issued = tokens.issue_token(tx, vault, who, name="Notebook", permissions=scope, days=30, now=NOW)
        link = manage.renew_setup_link(tx, account.id, NOW)
    manage.redeem_setup_link(database, vault, link.token, PASSWORD.upper(), NOW)
    with database.read() as tx:
        assert sign_in.authenticate_session(tx, vault, cookie, NOW) is None
        assert tokens.authenticate_token(tx, vault, issued.token, NOW) is None
        assert [entry.action for entry in read_access_log(tx, before=None, limit=1)] == ["password-set"]


def test_a_flood_of_passwords_leaves_threads_to_others(database: Database, vault: Vault) -> None:
    """Where others have every turn, somebody is sent away after a moment instead of waiting behind them all."""
    make(database, vault)
    with database.write() as tx:
        account = manage.find_account(tx, vault, "ada")
        assert account is not None
        link = manage.renew_setup_link(tx, account.id, NOW)
    with ExitStack() as others:
        for _ in range(MAX_HASHES_AT_ONCE):
            others.enter_context(turn())
        assert enter(database, vault) == TooManyAttempts(sign_in.BUSY_SECONDS)
        with pytest.raises(BusyError):
            manage.redeem_setup_link(database, vault, link.token, PASSWORD, NOW)
    assert isinstance(enter(database, vault), SignedIn)
    assert manage.redeem_setup_link(database, vault, link.token, PASSWORD, NOW) == account.id


def test_logins_are_unique_in_any_case(database: Database, vault: Vault) -> None:
    make(database, vault)
    with pytest.raises(HanseError) as error:
        make(database, vault, "ADA")
    assert error.value.code is Code.CONFLICT
    assert isinstance(enter(database, vault), SignedIn)


@pytest.mark.parametrize("login", ["", " ", "a b", "-a", "a" * 65, "ä"])
def test_a_login_is_plain(database: Database, vault: Vault, login: str) -> None:
    with pytest.raises(HanseError) as error:
        make(database, vault, login)
    assert error.value.code is Code.INVALID


def test_every_role_and_permission_has_its_place() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role)
    assert frozenset().union(*ROLE_PERMISSIONS.values()) == frozenset(Permission)
    private = {Permission.ASSESSMENTS_READ, Permission.DRAFTS_READ}
    assert {role for role, given in ROLE_PERMISSIONS.items() if given & private} == {Role.OFFICER, Role.APPROVER}
    assert Permission.DRAFTS_APPROVE not in ROLE_PERMISSIONS[Role.OFFICER]


def test_passwords_are_bounded_and_normalised() -> None:
    with pytest.raises(HanseError):
        hash_password("x" * 257)
    stored = hash_password("Ça suffit pour nous")
    assert check_password(stored, "C\u0327a suffit pour nous")
    assert not check_password(stored, "Ca suffit pour nous")
    assert not check_password(stored, "x" * 100_000)
    assert not check_password(None, "Ça suffit pour nous")
