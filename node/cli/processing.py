"""The record of processing activities (GDPR, Article 30(1)), filled from a node's settings and circles.

What the software knows stands in it; what only the institution knows is a line that asks for it. It describes, and
decides nothing: whoever is responsible signs another document.
"""

from collections.abc import Iterator
from typing import Final

from node.accounts.access_log import verify_access_log
from node.clock import day_of
from node.domain.circles import Roster
from node.domain.settings import Settings
from node.insight.watch import KEPT_SECONDS
from node.runtime import Runtime
from node.storage import accounts as storage
from node.storage import circles
from node.storage.database import Transaction

_DAY_SECONDS: Final = 86_400


def record_of_processing(tx: Transaction, runtime: Runtime) -> str:
    """The record as Markdown."""
    settings = runtime.settings
    people = storage.list_accounts(tx, runtime.vault)
    rosters = circles.list_rosters(tx)
    log = verify_access_log(tx, runtime.vault)
    lines = [
        f"# Record of processing activities: Hanse at {settings.name}",
        "",
        f"Made on {day_of(runtime.clock.now())} from the settings and circles of the node at {settings.base_url}.",
        "Lines that begin with *To be filled in* are for the institution.",
        "",
        "## Controller",
        "",
        f"- {settings.name}",
        "- *To be filled in:* contact of the controller and of the data protection officer",
        "",
        "## Purposes",
        "",
        "- Due diligence on organisations with which the institution cooperates or means to.",
        "- Exchange of signed findings about organisations with the members of the circles below.",
        "",
        "## Categories of persons and of data",
        "",
        "| persons | data | where |",
        "| --- | --- | --- |",
        f"| staff with an account ({len(people)}) | login, name, roles, what they did | accounts, access log |",
        "| persons whom staff name in casework | whatever staff write there | casework, sealed; never exchanged |",
        "| persons behind small organisations | what is said of these, after a gate against names | findings |",
        "",
        "No field for nationality, origin, religion, opinion, health or party of a person exists.",
        "",
        "## Recipients",
        "",
        *_recipients(rosters),
        *_outside(settings),
        "",
        "## Transfers to third countries",
        "",
        "- *To be filled in:* for each member above outside the European Economic Area, the basis of the transfer.",
        "",
        "## Time limits for erasure",
        "",
        *(f"- Findings in *{each.charter.name}*: at most {each.charter.retention_days:,} days." for each in rosters),
        f"- Alerts about watched partners: {KEPT_SECONDS // _DAY_SECONDS} days.",
        "- Casework: until staff remove it. *To be filled in:* the institution's own limit.",
        f"- Access log: not shortened; {log.entries:,} lines now.",
        "",
        "## Security measures",
        "",
        "- Casework, names, addresses and reasons are encrypted at rest (AES-256-GCM); the key is not in the database.",
        f"- The access log is a chain of hashes; today it is {'intact' if log.intact else 'BROKEN'}.",
        "- A second person approves what leaves, byte for byte.",
        f"- Sign-in: {_sign_in(settings)}.",
        f"- Connections: {'TLS everywhere' if settings.secure_cookies else 'without TLS, on a closed network'}.",
    ]
    return "\n".join(lines)


def _recipients(rosters: list[Roster]) -> Iterator[str]:
    if not rosters:
        yield "- None: this node is in no circle."
    for roster in rosters:
        names = ", ".join(sorted(member.name for member in roster.others)) or "nobody else yet"
        yield f"- Circle *{roster.charter.name}* (legal basis: {roster.charter.legal_basis}): {names}."


def _outside(settings: Settings) -> Iterator[str]:
    if settings.openid is not None:
        yield f"- The institution's sign-in service, {settings.openid.issuer}: that somebody signs in."
    if settings.mail is not None:
        yield f"- The mail server {settings.mail.host}: e-mail addresses of staff who want notices."
    if settings.webhook is not None:
        yield "- A service of the institution: account numbers of staff who want notices."


def _sign_in(settings: Settings) -> str:
    ways = []
    if settings.openid is not None:
        ways.append("the institution's OpenID Connect provider")
    if settings.local_accounts:
        ways.append("passwords (argon2id), with an optional second factor")
    return " or ".join(ways)
