"""Who may do what at one node: roles, permissions, and the values that sign-in hands out.

Every route of the API and of the pages names exactly one :class:`Permission`; :data:`ROLE_PERMISSIONS` is the
only place where roles are translated. An account has no field for who a person is beyond a display name, and
that is sealed at rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final, NewType

from node.errors import Code, HanseError
from protocol.statements import Timestamp

AccountId = NewType("AccountId", str)
"""128 random bits, 22 characters; what logs and foreign keys carry instead of a login."""


@unique
class Role(StrEnum):
    """What an institution appoints somebody to be; one account may have several."""

    OFFICER = "officer"
    APPROVER = "approver"
    COORDINATOR = "coordinator"
    ANALYST = "analyst"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    DATA_PROTECTION = "data-protection"
    OBSERVER = "observer"


@unique
class Permission(StrEnum):
    """What one route needs. The value is the scope of an API token."""

    ASSESSMENTS_READ = "assessments:read"
    ASSESSMENTS_WRITE = "assessments:write"
    DECISIONS_RECORD = "decisions:record"
    EVIDENCE_READ = "evidence:read"
    DRAFTS_READ = "drafts:read"
    DRAFTS_WRITE = "drafts:write"
    DRAFTS_APPROVE = "drafts:approve"
    REPLIES_WRITE = "replies:write"
    SHARED_READ = "shared:read"
    RECALL = "shared:recall"
    SUBJECTS_READ = "subjects:read"
    POOL_READ = "pool:read"
    POOL_EXPORT = "pool:export"
    REQUESTS_ASK = "requests:ask"
    REQUESTS_READ = "requests:read"
    REQUESTS_ANSWER = "requests:answer"
    RELEASES_READ = "releases:read"
    RELEASES_MANAGE = "releases:manage"
    RELEASES_APPROVE = "releases:approve"
    CIRCLES_READ = "circles:read"
    ROSTERS_READ = "rosters:read"
    CIRCLES_MANAGE = "circles:manage"
    OPERATIONS_READ = "operations:read"
    OPERATIONS_MANAGE = "operations:manage"
    ACCOUNTS_MANAGE = "accounts:manage"
    ACCESS_LOG_READ = "access-log:read"
    TOKENS_USE = "tokens:use"
    PERSONS_MANAGE = "persons:manage"
    OWN_ACCOUNT = "account:own"


_OUTSIDER: Final = frozenset({Permission.OWN_ACCOUNT, Permission.RELEASES_READ})
_EVERYBODY: Final = _OUTSIDER | {Permission.SUBJECTS_READ, Permission.CIRCLES_READ}
_POOL: Final = _EVERYBODY | {Permission.POOL_READ, Permission.SHARED_READ}

ROLE_PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.OFFICER: _POOL
    | {
        Permission.ASSESSMENTS_READ,
        Permission.ASSESSMENTS_WRITE,
        Permission.EVIDENCE_READ,
        Permission.DECISIONS_RECORD,
        Permission.DRAFTS_READ,
        Permission.DRAFTS_WRITE,
        Permission.REPLIES_WRITE,
        Permission.REQUESTS_ASK,
        Permission.REQUESTS_READ,
        Permission.REQUESTS_ANSWER,
        Permission.TOKENS_USE,
        Permission.ROSTERS_READ,
    },
    Role.APPROVER: _POOL
    | {
        Permission.ASSESSMENTS_READ,
        Permission.EVIDENCE_READ,
        Permission.DRAFTS_READ,
        Permission.DRAFTS_APPROVE,
        Permission.RECALL,
        Permission.REQUESTS_READ,
        Permission.REQUESTS_ANSWER,
        Permission.ROSTERS_READ,
        Permission.RELEASES_APPROVE,
    },
    Role.COORDINATOR: _POOL
    | {
        Permission.POOL_EXPORT,
        Permission.ROSTERS_READ,
        Permission.RELEASES_MANAGE,
        Permission.RELEASES_APPROVE,
    },
    Role.ANALYST: _POOL | {Permission.POOL_EXPORT, Permission.REQUESTS_ASK, Permission.REQUESTS_READ},
    Role.OPERATOR: _EVERYBODY
    | {
        Permission.OPERATIONS_READ,
        Permission.OPERATIONS_MANAGE,
        Permission.ACCOUNTS_MANAGE,
        Permission.ROSTERS_READ,
        Permission.CIRCLES_MANAGE,
    },
    Role.AUDITOR: _EVERYBODY
    | {Permission.ACCESS_LOG_READ, Permission.OPERATIONS_READ, Permission.SHARED_READ, Permission.ROSTERS_READ},
    Role.DATA_PROTECTION: _EVERYBODY
    | {Permission.PERSONS_MANAGE, Permission.ACCESS_LOG_READ, Permission.SHARED_READ, Permission.ROSTERS_READ},
    Role.OBSERVER: _OUTSIDER,
}
"""The one table. An operator keeps the machine running, speaks for the institution toward other nodes and sees no
casework; an auditor sees who read what. A coordinator reads which institutions are in a circle, and not which of them a
pseudonym is: it reads pooled findings. An observer is somebody outside the circle: it reads releases and nothing live,
not even how many statements there are."""

ROLE_LABELS: Final[Mapping[Role, str]] = {
    Role.OFFICER: "Records assessments and drafts findings",
    Role.APPROVER: "Reads casework and approves what leaves; never their own drafts",
    Role.COORDINATOR: "Reads and exports pooled findings, prepares releases, reads which institutions are in a circle",
    Role.ANALYST: "Reads and exports pooled findings",
    Role.OPERATOR: "Keeps the node running, manages accounts, peers and circles; sees no casework",
    Role.AUDITOR: "Reads the access log and what was shared; changes nothing",
    Role.DATA_PROTECTION: "Finds, corrects and removes what is kept on a person; reads the access log",
    Role.OBSERVER: "Reads releases made for those outside the circle; nothing of the pool itself",
}


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """Everything that any of these roles permits."""
    return frozenset().union(*(ROLE_PERMISSIONS[role] for role in roles))


@dataclass(frozen=True, slots=True)
class Account:
    """One person's access to this node."""

    id: AccountId
    login: str
    display_name: str = field(repr=False)
    """Sealed at rest; never in a log, never in a statement."""
    roles: frozenset[Role]
    created: Timestamp
    disabled: bool
    has_password: bool
    """False until the setup link was used."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, for as long as one request lasts. Made by authentication alone."""

    account: AccountId
    login: str
    display_name: str = field(repr=False)
    roles: frozenset[Role]
    permissions: frozenset[Permission]
    """An API token may carry fewer than the account's roles permit, never more."""
    session: str | None
    """The id of the session, or None when an API token asks."""
    csrf_token: str | None = field(repr=False)
    """What a form posted in this session must carry, or None when an API token asks."""

    def may(self, permission: Permission) -> bool:
        """Whether this is permitted."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raise ``FORBIDDEN`` unless this is permitted."""
        if permission not in self.permissions:
            raise HanseError(
                Code.FORBIDDEN,
                f"this needs the permission {permission.value}.",
                remedy="Ask the operator of this node for a role that has it.",
            )


@dataclass(frozen=True, slots=True)
class SetupLink:
    """A one-time secret that sets a password. Shown once; only its SHA-256 is stored."""

    account: AccountId
    token: str = field(repr=False)
    expires: Timestamp


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session has begun. ``token`` goes into the cookie and is stored nowhere."""

    principal: Principal
    token: str = field(repr=False)
    expires: Timestamp


@dataclass(frozen=True, slots=True)
class PasswordAccepted:
    """The password is right, and the account needs a code as well: no session has begun."""

    account: AccountId
    password_hash: str = field(repr=False)
    """Which password it was: a code that comes after a new one was set begins nothing."""


@dataclass(frozen=True, slots=True)
class WrongCredentials:
    """Unknown login, wrong password, disabled or not yet set up: nobody outside can tell which."""


@dataclass(frozen=True, slots=True)
class TooManyAttempts:
    """The limit for this login is used up, whether or not the login exists."""

    retry_after: int
    """Seconds."""


SignInOutcome = SignedIn | PasswordAccepted | WrongCredentials | TooManyAttempts


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A scoped, revocable key for programs, as its owner sees it."""

    id: str
    account: AccountId
    name: str = field(repr=False)
    permissions: frozenset[Permission]
    created: Timestamp
    expires: Timestamp
    revoked: bool
    last_use: Timestamp | None
    """The day on which it was last used; None where it never was."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """The only moment at which the token itself is known."""

    view: ApiToken
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """One row of the access log. Identifiers only: no name, no text of a case."""

    seq: int
    """From 1, without gaps."""
    at: Timestamp
    account: AccountId | None
    """None where nobody was signed in."""
    action: str
    """A stable word, such as ``assessment-read``."""
    record: str
    """What was touched: an identifier, or empty."""
    hash: str
    """SHA-256 over this row and the hash before it, base64url."""


@dataclass(frozen=True, slots=True)
class AccessLogCheck:
    """The outcome of recomputing the whole access log."""

    entries: int
    broken_at: int | None
    """The first row whose hash does not fit, or None."""
    head_matches: bool
    """Whether the sealed head names exactly the last row: False means that rows were cut off or added."""

    @property
    def intact(self) -> bool:
        """Whether nothing was changed, removed or inserted."""
        return self.broken_at is None and self.head_matches
