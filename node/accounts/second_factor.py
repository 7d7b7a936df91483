"""A second factor for local accounts: six digits from an authenticator, after RFC 6238 (TOTP).

SHA-1, six digits and thirty seconds, because every authenticator has these. A code counts once: the step that it was
made for is remembered, and no code of that step or an earlier one is taken again (RFC 6238, section 5.2). The secret is
sealed at rest. Who has lost the authenticator is let in again by an operator, who takes the factor off.

Between password and code a browser holds a sealed note that the password was right. It names the password that was
checked, ends after minutes, and belongs to one browser, so it cannot be kept, passed on or used after a new password.
"""

from dataclasses import dataclass
from typing import Final

import msgspec
import pyotp

from node.accounts.secrets import hash_secret, same_secret
from node.accounts.sign_in import ATTEMPT_WINDOW_SECONDS, MAX_ATTEMPTS, begin_session
from node.domain.accounts import (
    AccountId,
    PasswordAccepted,
    SignedIn,
    SignInOutcome,
    TooManyAttempts,
    WrongCredentials,
)
from node.errors import Code, HanseError
from node.storage import accounts as storage
from node.storage import second_factors
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.errors import ProtocolError
from protocol.identifiers import decode_bytes, encode_bytes
from protocol.statements import Timestamp

STEP_SECONDS: Final = 30
DIGITS: Final = 6
DRIFT_STEPS: Final = 1
"""Steps before and after the present one that are taken as well (RFC 6238, section 5.2 advises one)."""
SECRET_CHARACTERS: Final = 32
"""Base32 characters of a secret: 160 bits (RFC 4226, section 4, requirement 6)."""
CODE_SECONDS: Final = 300
"""Between password and code: time enough to fetch a telephone."""
MAX_NOTE_CHARACTERS: Final = 1_000
MAX_CODE_CHARACTERS: Final = 20
_MINUTE_SECONDS: Final = 60
_PLACE: Final = "form.second-factor:note"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret that somebody is about to put into an authenticator."""

    secret: str
    """Base32, for typing."""
    uri: str
    """``otpauth://…``, for a QR code."""


class _Note(msgspec.Struct, frozen=True):
    """That the password of this account was right, in this browser, until then."""

    account: str
    password: str
    browser: str
    expires: int


def begin_enrolment(tx: Transaction, vault: Vault, account: AccountId, login: str, institution: str) -> Enrolment:
    """A new secret, which counts only once a code made with it has come back; raises ``CONFLICT`` if one counts."""
    known = second_factors.find(tx, vault, account)
    if known is not None and known.confirmed:
        raise _conflict("this account has a second factor already.", "Take it off first.")
    secret = pyotp.random_base32(SECRET_CHARACTERS) if known is None else known.secret
    if known is None:
        second_factors.put(tx, vault, account, secret)
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS, name=login, issuer=f"Hanse {institution}")
    return Enrolment(secret, totp.provisioning_uri())


def confirm_enrolment(tx: Transaction, vault: Vault, account: AccountId, code: str, now: Timestamp) -> None:
    """From now on this account needs a code; raises ``INVALID`` for a wrong one."""
    known = second_factors.find(tx, vault, account)
    if known is None or known.confirmed:
        raise _conflict("no second factor is being set up.", "Begin again.")
    step = _step_of(known.secret, code, now)
    if step is None:
        raise _wrong_code()
    second_factors.use(tx, account, step)


def count_own_attempt(tx: Transaction, account: AccountId, now: Timestamp) -> None:
    """Count an attempt to take one's own second factor off; raises ``TOO_MANY_REQUESTS``.

    In a transaction of its own before :func:`remove_own`, whose refusal would take the count back. Counted apart from
    sign-ins: who guesses in a browser that was left open must not lock its owner out as well.
    """
    attempts, start = storage.count_attempt(tx, _own_attempts(account), now, ATTEMPT_WINDOW_SECONDS)
    if attempts > MAX_ATTEMPTS:
        minutes = -(-(start + ATTEMPT_WINDOW_SECONDS - now) // _MINUTE_SECONDS)
        raise HanseError(
            Code.TOO_MANY_REQUESTS, "too many codes were tried.", remedy=f"Try again in {minutes} minutes."
        )


def remove_own(tx: Transaction, vault: Vault, account: AccountId, code: str, now: Timestamp) -> None:
    """Take one's own second factor off, with a code of it: who finds a browser open must not. Raises ``INVALID``."""
    known = second_factors.find(tx, vault, account)
    if known is None:
        return
    step = _step_of(known.secret, code, now)
    if known.confirmed and (step is None or not second_factors.use(tx, account, step)):
        raise _wrong_code()
    storage.forget_attempts(tx, _own_attempts(account))
    second_factors.drop(tx, account)


def reset(tx: Transaction, account: AccountId) -> bool:
    """Take somebody's second factor off and end their sessions; whether there was one. For operators."""
    storage.end_sessions(tx, account)
    return second_factors.drop(tx, account)


def is_on(tx: Transaction, vault: Vault, account: AccountId) -> bool:
    """Whether this account needs a code."""
    known = second_factors.find(tx, vault, account)
    return known is not None and known.confirmed


def note_of(vault: Vault, outcome: PasswordAccepted, browser: str, now: Timestamp) -> str:
    """What the form that asks for the code carries. ``browser`` is the token of its forms."""
    note = _Note(outcome.account, outcome.password_hash, hash_secret(browser), now + CODE_SECONDS)
    return encode_bytes(vault.seal(msgspec.json.encode(note), place=_PLACE))


def enter_code(
    tx: Transaction, vault: Vault, note: str, code: str, browser: str, *, now: Timestamp, session_seconds: int
) -> SignInOutcome | None:
    """Begin the session of who has given the password before; None where that was too long ago, or not here.

    Attempts are counted for the account, whatever browser they come from, and the count stays if the code is wrong.
    """
    opened = _open(vault, note)
    if opened is None or now > opened.expires or not same_secret(opened.browser, hash_secret(browser)):
        return None
    account = storage.get_account(tx, vault, AccountId(opened.account))
    if account is None or account.disabled or storage.get_password_hash(tx, account.id) != opened.password:
        return None
    key = hash_secret(f"code:{account.id}")
    attempts, window_start = storage.count_attempt(tx, key, now, ATTEMPT_WINDOW_SECONDS)
    if attempts > MAX_ATTEMPTS:
        return TooManyAttempts(window_start + ATTEMPT_WINDOW_SECONDS - now)
    known = second_factors.find(tx, vault, account.id)
    if known is None or not known.confirmed:
        return None
    step = _step_of(known.secret, code, now)
    if step is None or not second_factors.use(tx, account.id, step):
        return WrongCredentials()
    storage.forget_attempts(tx, key)
    outcome: SignedIn = begin_session(tx, account, now=now, session_seconds=session_seconds)
    return outcome


def _own_attempts(account: AccountId) -> str:
    return hash_secret(f"own-code:{account}")


def _step_of(secret: str, code: str, now: Timestamp) -> int | None:
    """The step that this code was made for, of those that are taken now."""
    typed = "".join(code.split())
    if len(code) > MAX_CODE_CHARACTERS or len(typed) != DIGITS or not (typed.isascii() and typed.isdigit()):
        return None
    totp = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_SECONDS)
    present = now // STEP_SECONDS
    found = None
    for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        if same_secret(totp.generate_otp(step), typed):  # no early end: the time taken does not tell which
            found = step
    return found


def _open(vault: Vault, note: str) -> _Note | None:
    if not note or len(note) > MAX_NOTE_CHARACTERS:
        return None
    try:
        return msgspec.json.decode(vault.open(decode_bytes(note), place=_PLACE), type=_Note)
    except (HanseError, ProtocolError, msgspec.DecodeError):
        return None


def _wrong_code() -> HanseError:
    return HanseError(
        Code.INVALID,
        "this is not the code that your authenticator shows now, or it was used before.",
        remedy="Wait for the next one; if it stays wrong, compare the clocks of both devices.",
    )


def _conflict(detail: str, remedy: str) -> HanseError:
    return HanseError(Code.CONFLICT, detail, remedy=remedy)
