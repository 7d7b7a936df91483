"""What a node knows of its own processing of personal data."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from node.accounts.access_log import verify_access_log
from node.clock import day_of
from node.domain import retention
from node.domain.accounts import ROLE_LABELS, Role
from node.domain.circles import Roster
from node.domain.settings import Settings
from node.domain.transfers import BASIS_WORDS, Transfer
from node.insight.watch import KEPT_SECONDS
from node.runtime import Runtime
from node.storage import accounts, circles, transfers
from node.storage import retention as due
from node.storage.database import Transaction
from protocol.identifiers import KeyId
from protocol.vocabulary import Vocabulary

_DAY_SECONDS: Final = 86_400
MAX_DUE: Final = 1_000
"""Closed cases counted: whoever has more past the limit has a list to work through either way."""


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """Another member of a circle, who receives what is published there."""

    name: str
    url: str
    transfer: str
    """The recorded basis, in words; empty where none was recorded."""


@dataclass(frozen=True, slots=True)
class CircleFacts:
    """One circle of this node."""

    name: str
    id: str
    purpose: str
    legal_basis: str
    retention_days: int
    threshold: int
    attribution: str
    token_operators: tuple[str, ...]
    others: tuple[MemberFacts, ...]
    founded_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the templates are filled with."""

    institution: str
    base_url: str
    made: date
    contact: str
    staff: int
    roles: tuple[tuple[str, int], ...]
    """What an account with a role may do, and how many have it."""
    circles: tuple[CircleFacts, ...]
    casework_months: int
    due: int
    """Closed cases past that limit."""
    alert_days: int
    finding_months: tuple[int, int]
    """The shortest and the longest that a finding of an ageing kind is kept for, unless its author says otherwise."""
    access_log_entries: int
    access_log_intact: bool
    sign_in: str
    session_hours: int
    secure: bool
    database: str
    outside: tuple[str, ...]
    """Services that this node tells something, and what."""
    replies_intake: bool
    token_evaluations_per_day: int


def facts(tx: Transaction, runtime: Runtime) -> Facts:
    """Read them. Opens the names of accounts only to count them, and no casework."""
    settings, now = runtime.settings, runtime.clock.now()
    people = accounts.list_accounts(tx, runtime.vault)
    held = Counter(role for account in people for role in account.roles)
    log = verify_access_log(tx, runtime.vault)
    recorded = transfers.all_transfers(tx)
    return Facts(
        institution=settings.name,
        base_url=settings.base_url,
        made=day_of(now),
        contact=settings.privacy_contact,
        staff=len(people),
        roles=tuple((ROLE_LABELS[role], held[role]) for role in Role if held[role]),
        circles=tuple(_circle(roster, recorded) for roster in circles.list_rosters(tx)),
        casework_months=settings.casework_retention_months,
        due=len(due.due(tx, now, settings.casework_retention_months, most=MAX_DUE)),
        alert_days=KEPT_SECONDS // _DAY_SECONDS,
        finding_months=_finding_months(runtime.vocabulary),
        access_log_entries=log.entries,
        access_log_intact=log.intact,
        sign_in=_sign_in(settings),
        session_hours=settings.session_hours,
        secure=settings.secure_cookies,
        database="PostgreSQL" if settings.database_url.startswith("postgresql") else "SQLite",
        outside=tuple(_outside(settings)),
        replies_intake=settings.replies_intake,
        token_evaluations_per_day=settings.token_evaluations_per_day,
    )


def _circle(roster: Roster, recorded: dict[KeyId, Transfer]) -> CircleFacts:
    charter = roster.charter
    operators = set(charter.token_operators)
    return CircleFacts(
        name=charter.name,
        id=roster.circle,
        purpose=charter.purpose,
        legal_basis=charter.legal_basis,
        retention_days=charter.retention_days,
        threshold=charter.small_number_threshold,
        attribution=charter.attribution,
        token_operators=tuple(sorted(line.name for key, line in roster.lines.items() if key in operators)),
        others=tuple(
            sorted(
                (
                    MemberFacts(member.name, member.url, _basis(recorded.get(member.identity)))
                    for member in roster.others
                ),
                key=lambda member: member.name.casefold(),
            )
        ),
        founded_by=tuple(sorted(founder.name for founder in charter.founders)),
    )


def _basis(transfer: Transfer | None) -> str:
    if transfer is None:
        return ""
    return BASIS_WORDS[transfer.basis] + (f", {transfer.reference}" if transfer.reference else "")


def _finding_months(vocabulary: Vocabulary) -> tuple[int, int]:
    ages: Sequence[int] = [each.half_life_months for each in vocabulary.indicators.values() if each.half_life_months]
    return retention.HALF_LIVES * min(ages), retention.HALF_LIVES * max(ages)


def _outside(settings: Settings) -> Iterator[str]:
    if settings.openid is not None:
        yield f"The institution's sign-in service, {settings.openid.issuer}: that somebody signs in."
    if settings.mail is not None:
        yield f"The mail server {settings.mail.host}: e-mail addresses of staff who want notices."
    if settings.webhook is not None:
        yield "A service of the institution: account numbers of staff who want notices."


def _sign_in(settings: Settings) -> str:
    ways = []
    if settings.openid is not None:
        ways.append("the institution's OpenID Connect provider")
    if settings.local_accounts:
        ways.append("passwords (argon2id), with an optional second factor")
    return " or ".join(ways)
