"""Who has applied what we took back: member by member, by their receipts and by how their nodes can be reached."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from node.domain.circles import Roster
from node.storage import circles, gone, peers, receipts, statements
from node.storage import projection as rows
from node.storage.database import Transaction
from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.statements import Timestamp

Standing: TypeAlias = Literal["applied", "waiting", "unreachable"]
"""``applied``: its receipt is here; ``unreachable``: it has none and the last attempts to reach it failed."""


@dataclass(frozen=True, slots=True)
class Applied:
    """How one member stands to the last thing that was done to a statement."""

    name: str
    contributor: KeyId
    standing: Standing
    since: Timestamp | None
    """When it was applied, or since when the member cannot be reached; none where neither is known."""


@dataclass(frozen=True, slots=True)
class Act:
    """The last thing that was done to a statement of ours."""

    kind: str
    """``correction``, ``retraction`` or ``erasure``."""
    index: int
    """Its place in our log."""
    at: Timestamp
    """The day on which it was signed."""
    members: tuple[Applied, ...]


def act_on(tx: Transaction, circle: CircleId, statement: StatementId) -> Act | None:
    """The last correction, retraction or erasure of a statement in one of our logs, and who has applied it."""
    roster = circles.get_roster(tx, circle)
    for key in (roster.own, *sorted(roster.own_keys - {roster.own})):
        found = rows.last_act_on(tx, circle, key, statement)
        if found is not None:
            kind, index, iat = found
            return Act(kind, index, iat, _members(tx, roster, key, index))
    return None


def is_ours(tx: Transaction, circle: CircleId, statement: StatementId, now: Timestamp) -> bool:
    """Whether a log of ours holds this statement, or held it."""
    roster = circles.get_roster(tx, circle)
    return any(
        statements.get(tx, key, statement, now=now) is not None or gone.find(tx, key, statement) is not None
        for key in roster.own_keys
    )


def _members(tx: Transaction, roster: Roster, log: KeyId, index: int) -> tuple[Applied, ...]:
    given = receipts.of_log(tx, roster.circle, log)
    states = {state.contributor: state for state in peers.list_peers(tx) if state.circle == roster.circle}
    found = []
    for member in roster.others:
        receipt, state = given.get(member.identity), states.get(member.contributor)
        if receipt is not None and receipt.size > index:
            found.append(Applied(member.name, member.contributor, "applied", receipt.at))
        elif state is not None and state.failures:
            found.append(Applied(member.name, member.contributor, "unreachable", state.last_success))
        else:
            found.append(Applied(member.name, member.contributor, "waiting", None))
    return tuple(sorted(found, key=lambda each: each.name))
