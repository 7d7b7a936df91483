"""Who calls the API, and whether they may: a bearer token, a permission per route, a line in the access log.

Every route takes its caller from ``Depends(Needs(runtime, Permission.…))``; a test walks all routes and fails where
one has none. A token that is unknown, expired, revoked or of a disabled account gets one and the same answer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBasic, HTTPBasicCredentials, HTTPBearer

from node.accounts.access_log import record_access
from node.accounts.rate import REQUESTS_PER_WINDOW, WINDOW_SECONDS
from node.accounts.tokens import authenticate_token, is_noted, note_use
from node.api.answer_headers import add_headers
from node.domain.accounts import Permission, Principal
from node.errors import Code, HanseError
from node.runtime import Runtime
from node.storage.database import Transaction
from protocol.statements import Timestamp

MAX_TOKEN_CHARACTERS: Final = 200
"""A token of ours has about fifty; more is not looked up."""

_BEARER: Final = HTTPBearer(
    scheme_name="token",
    bearerFormat="hanse_…",
    description="An API token of this node. It carries permissions; each operation names the one it needs.",
    auto_error=False,
)

_BASIC: Final = HTTPBasic(scheme_name="token as password", auto_error=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking in this request, with the permission of the route already checked."""

    runtime: Runtime
    principal: Principal
    now: Timestamp
    token: str = field(repr=False)
    """The token itself: a stream asks again whether it is still good."""
    expires: Timestamp
    """When it ends."""

    @contextmanager
    def reading(self, action: str, record: str = "") -> Iterator[Transaction]:
        """A transaction to read in; the read is in the access log before anything is answered.

        Two transactions, so that readers do not queue for the write lock while they read. When the second
        fails, the request fails. A read that raises showed nothing and is not recorded.
        """
        with self.runtime.database.read() as tx:
            yield tx
        with self.runtime.database.write() as tx:
            self.record(tx, action, record)

    @contextmanager
    def writing(self, action: str, record: str = "") -> Iterator[Transaction]:
        """One transaction to change something in, access log included."""
        with self.runtime.database.write() as tx:
            yield tx
            self.record(tx, action, record)

    def is_still_admitted(self) -> bool:
        """Whether the token is still good and still permits what it did."""
        with self.runtime.database.read() as tx:
            holder = authenticate_token(tx, self.runtime.vault, self.token, self.runtime.clock.now())
        return holder is not None and holder.principal.permissions >= self.principal.permissions

    def record(self, tx: Transaction, action: str, record: str = "") -> None:
        """Add to the access log in a transaction of the caller's; the last thing in it."""
        record_access(tx, self.runtime.vault, self.principal.account, action, record, self.now)


class Needs:
    """The dependency that every route has: lets a caller with one permission in, and nobody else."""

    def __init__(self, runtime: Runtime, permission: Permission) -> None:
        self._runtime = runtime
        self.permission = permission

    def __call__(
        self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
    ) -> Caller:
        """The caller; raises ``NOT_SIGNED_IN``, ``FORBIDDEN`` or ``TOO_MANY_REQUESTS``."""
        return self.admit(request, None if credentials is None else credentials.credentials)

    def admit(self, request: Request, token: str | None) -> Caller:
        """The same for a token that has come in whatever way."""
        runtime, now, holder = self._runtime, self._runtime.clock.now(), None
        if token is not None and len(token) <= MAX_TOKEN_CHARACTERS:
            with runtime.database.read() as tx:
                holder = authenticate_token(tx, runtime.vault, token, now)
        if token is None or holder is None:
            raise HanseError(
                Code.NOT_SIGNED_IN,
                "this needs a valid API token.",
                remedy="Send `Authorization: Bearer <token>`; make a token on the page of your account.",
            )
        allowance = runtime.rates.count(holder.token.id, now)
        add_headers(request, allowance.headers)
        if allowance.refused:
            raise HanseError(
                Code.TOO_MANY_REQUESTS,
                f"this token has made {REQUESTS_PER_WINDOW} requests in {WINDOW_SECONDS} seconds.",
                remedy=f"Ask again in {allowance.reset} seconds; for many statements take an export.",
            )
        holder.principal.require(self.permission)
        if not is_noted(holder.token, now):
            with runtime.database.write() as tx:
                note_use(tx, holder.token, now)
        return Caller(runtime, holder.principal, now, token, holder.token.expires)


class NeedsForTools(Needs):
    """The same for feeds that other tools read: these may know user name and password alone.

    The token is then the password; whatever stands as the user name is ignored.
    """

    def __call__(  # type: ignore[override]  # a dependency is called by its parameters' names, and never as a Needs
        self,
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
        basic: Annotated[HTTPBasicCredentials | None, Depends(_BASIC)],
    ) -> Caller:
        """The caller; raises ``NOT_SIGNED_IN`` or ``FORBIDDEN``."""
        if bearer is not None:
            return self.admit(request, bearer.credentials)
        return self.admit(request, None if basic is None else basic.password)
