"""Signing our name to one statement, in a circle whose members appear under pseudonyms.

Whoever reads pooled statements then sees our name there *instead of* our pseudonym, and nothing that ties the two. So
nothing may stand beside it that only one voice could have said: one voice has one opinion on a claim (clause 10.10),
and a second statement that counts for nothing would say that both are by the same hand. What cannot be undone: members
that hold our log see our key at both, and whoever has read the statement before has seen it under the pseudonym.
"""

from dataclasses import dataclass

from node.domain.accounts import AccountId
from node.domain.circles import Roster
from node.domain.publishing import AttributionContent, Draft
from node.domain.statements import Claim, StoredStatement
from node.errors import Code, HanseError
from node.publishing.drafts import create_draft, default_expiry
from node.storage import bylines, circles, statements
from node.storage.database import Transaction
from node.storage.vault import Vault
from protocol.identifiers import CircleId, StatementId
from protocol.statements import (
    Finding,
    FindingBody,
    Relation,
    Response,
    ResponseBody,
    Timestamp,
)


@dataclass(frozen=True, slots=True)
class Sight:
    """What the page says before anybody signs."""

    target: StoredStatement
    name: str
    """What will stand there."""
    under_pseudonym: int
    """Statements that stay under the pseudonym."""


def sight(tx: Transaction, circle: CircleId, statement: StatementId, now: Timestamp) -> Sight:
    """The statement to be signed and what stays under the pseudonym; raises as :func:`draft_attribution`."""
    roster = circles.get_roster(tx, circle)
    target = _target(tx, roster, statement, now)
    require_nothing_beside(tx, roster, statement, now)
    held = statements.counts(tx).get(circle, {})
    named = bylines.counts(tx).get(circle, {})
    stays = sum(held.get(key, 0) - sum(named.get(key, {}).values()) for key in roster.own_keys)
    return Sight(target, roster.own_member().name, max(stays - 1, 0))


def draft_attribution(
    tx: Transaction, vault: Vault, author: AccountId, circle: CircleId, statement: StatementId, now: Timestamp
) -> Draft:
    """Begin to sign our name to a statement of ours. It goes the way of every draft.

    Raises ``CONFLICT`` in a circle that names its members anyhow, for what is signed already or counts no more, and
    where another statement of ours on the same claim would tell.
    """
    roster = circles.get_roster(tx, circle)
    _target(tx, roster, statement, now)
    require_nothing_beside(tx, roster, statement, now)
    expires = default_expiry(roster, None, now)
    return create_draft(tx, vault, author, circle, AttributionContent(target=statement), expires=expires, now=now)


def require_nothing_beside(tx: Transaction, roster: Roster, statement: StatementId, now: Timestamp) -> None:
    """Raise ``CONFLICT`` where another statement of ours, without our name, bears on the same claim."""
    target = _target(tx, roster, statement, now)
    others = _ours_on(tx, roster, _claims(tx, target, now), now)
    if any(each.byline is None and each.name != target.name for each in others):
        raise HanseError(
            Code.CONFLICT,
            "another statement of ours is on the same claim, under our pseudonym: beside the name it would tell whose "
            "pseudonym that is.",
            remedy="Retract the other one first, or leave this one without a name.",
        )


def require_no_name_beside(tx: Transaction, roster: Roster, statement: Finding | Response, now: Timestamp) -> None:
    """Raise ``CONFLICT`` where we have signed our name on the claim that a new statement is about."""
    if roster.charter.attribution != "pseudonymous":
        return
    body = statement.body
    claims: list[Claim] = []
    if isinstance(body, FindingBody):
        claims = [Claim(roster.circle, body.subject.id, body.indicator, body.scope)]
    elif isinstance(body, ResponseBody):
        found = statements.get(tx, body.target.contributor, body.target.id, now=now)
        claims = [] if found is None else _claims(tx, found, now)
    if any(each.byline is not None and each.counts for each in _ours_on(tx, roster, claims, now)):
        raise HanseError(
            Code.CONFLICT,
            "a statement that bears our name is on the same claim: this one, under our pseudonym, would tell whose "
            "pseudonym it is.",
            remedy="Correct the one that bears our name instead.",
        )


def _target(tx: Transaction, roster: Roster, statement: StatementId, now: Timestamp) -> StoredStatement:
    if roster.charter.attribution != "pseudonymous":
        raise HanseError(Code.CONFLICT, "in this circle every statement is shown by name.")
    for key in (roster.own, *sorted(roster.own_keys - {roster.own})):
        found = statements.get(tx, key, statement, now=now)
        if found is None:
            continue
        if not isinstance(found.statement, Finding | Relation | Response) or not found.counts:
            raise HanseError(Code.CONFLICT, "a name is signed to findings, ties and responses that count.")
        if found.byline is not None:
            raise HanseError(Code.CONFLICT, "our name is signed to this already.")
        return found
    raise HanseError(Code.NOT_FOUND, "our log of this circle holds no such statement.")


def _claims(tx: Transaction, of: StoredStatement, now: Timestamp) -> list[Claim]:
    """The claim that a finding is on, or the one that a response answers on; a relation is on none."""
    body = of.body
    if isinstance(body, ResponseBody):
        answered = statements.get(tx, body.target.contributor, body.target.id, now=now)
        body = body if answered is None else answered.body
    if not isinstance(body, FindingBody):
        return []
    return [Claim(of.circle, body.subject.id, body.indicator, body.scope)]


def _ours_on(tx: Transaction, roster: Roster, claims: list[Claim], now: Timestamp) -> list[StoredStatement]:
    """Findings of ours on these claims, and responses of ours to any finding on them."""
    found: list[StoredStatement] = []
    for claim in claims:
        on = statements.of_claim(tx, claim, now=now)
        answers = statements.responses_to(tx, roster.circle, [each.name for each in on], now=now)
        found += [each for each in (*on, *answers) if each.contributor in roster.own_keys and each.counts]
    return found
