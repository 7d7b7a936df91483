"""The roster with its reasons: who endorsed whom, who voted against whom, and why this node counts each as it does."""

from collections.abc import Mapping

from node.circles.changes import counted
from node.domain.circles import (
    CandidateView,
    LineView,
    Member,
    MembersView,
    RemovalVote,
    Roster,
    TrustPolicy,
)
from node.ledger.membership import compute
from node.storage import circles, trust
from node.storage import ledger as logs
from node.storage import membership as storage
from node.storage.database import Transaction
from node.storage.membership import Fact
from node.storage.vault import Vault
from protocol.identifiers import CircleId, KeyId
from protocol.keys import PublicKey
from protocol.membership import Candidate
from protocol.messages.card import recall_card
from protocol.statements import Endorsement, Removal


def members_view(tx: Transaction, vault: Vault, circle: CircleId) -> MembersView:
    """Every key epoch of a circle, current members first, and the candidates. For whoever may see the roster."""
    roster = circles.get_roster(tx, circle)
    facts = storage.facts(tx, circle)
    policies = trust.policies(tx, vault, circle)
    sizes = {log.contributor: log.size for log in logs.list_logs(tx, circle)}
    endorsed, against = _endorsements(roster, facts), _votes(roster, facts)
    lines = [
        _line(
            roster,
            member,
            entries=sizes.get(member.contributor, 0),
            endorsed=tuple(endorsed.get(member.contributor, {}).values()),
            against=tuple(against.get(member.contributor, {}).values()),
            policy=policies.get(member.identity),
        )
        for member in roster.lines.values()
    ]
    found = compute(tx, circle, roster.charter)
    return MembersView(
        circle=circle,
        name=roster.charter.name,
        status=roster.status,
        endorsement_quorum=roster.charter.endorsement_quorum,
        removal_quorum=roster.charter.removal_quorum,
        lines=tuple(sorted(lines, key=_by_standing)),
        candidates=tuple(_candidate(roster, each) for each in found.candidates),
    )


def _by_standing(line: LineView) -> tuple[bool, str, KeyId]:
    member = line.member
    return member.status != "current", member.name.casefold(), member.contributor


def _endorsements(roster: Roster, facts: list[Fact]) -> Mapping[KeyId, dict[KeyId, str]]:
    """By endorsed key: the identities that vouch for it, with their names. Of oneself it counts for nothing."""
    found: dict[KeyId, dict[KeyId, str]] = {}
    for fact in facts:
        by = roster.lines.get(fact.contributor)
        if by is not None and isinstance(fact.statement, Endorsement):
            card = recall_card(fact.statement.body.card.encode("ascii"))
            if PublicKey.decode(card.identity_key).key_id != by.identity:
                found.setdefault(card.key_id, {})[by.identity] = name_of(roster, by.identity)
    return found


def _votes(roster: Roster, facts: list[Fact]) -> Mapping[KeyId, dict[KeyId, RemovalVote]]:
    """By target: of each identity the vote that reaches back furthest."""
    found: dict[KeyId, dict[KeyId, RemovalVote]] = {}
    for fact in facts:
        by = roster.lines.get(fact.contributor)
        if by is None or not isinstance(fact.statement, Removal):
            continue
        vote = fact.statement.body
        votes = found.setdefault(vote.target, {})
        known = votes.get(by.identity)
        if known is None or vote.from_index < known.from_index:
            votes[by.identity] = RemovalVote(name_of(roster, by.identity), by.identity, vote.from_index, vote.reason)
    return found


def name_of(roster: Roster, identity: KeyId) -> str:
    """What an institution calls itself under its newest key."""
    lines = [line for line in roster.lines.values() if line.identity == identity]
    newest = max(lines, key=lambda line: roster.order(line.contributor), default=None)
    return identity if newest is None else newest.name


def _line(
    roster: Roster,
    member: Member,
    *,
    entries: int,
    endorsed: tuple[str, ...],
    against: tuple[RemovalVote, ...],
    policy: TrustPolicy | None,
) -> LineView:
    return LineView(
        member=member,
        is_own=member.contributor in roster.own_keys,
        entries=entries,
        endorsements=endorsed,
        removal_votes=against,
        trust=policy,
        why=(_admitted(roster, member), *_standing(roster, member, len(against))),
        cut=() if member.void_from is None else (f"Its statements from entry {member.void_from} on are void.",),
    )


def _admitted(roster: Roster, member: Member) -> str:
    match member.basis:
        case "founder":
            return "A founder: its key stands in the charter, which every founder has signed."
        case "endorsed":
            names = [name_of(roster, identity) for identity in member.endorsers]
            needed = counted(roster.charter.endorsement_quorum)
            return f"Endorsed by {listed(names)}; the charter asks for {needed}."
        case "rotated":
            return (
                "The same institution under a later key: the key before named it, and the identity key and the new key "
                "have signed that."
            )


def _standing(roster: Roster, member: Member, votes: int) -> tuple[str, ...]:
    needed = roster.charter.removal_quorum
    match member.status:
        case "current" if votes:
            return (f"{counted(votes).capitalize()} voted to remove it; the charter asks for {needed}.",)
        case "current":
            return ()
        case "former":
            return ("A former key. Its log takes corrections and retractions only; a later key has its place.",)
        case "left":
            return ("It has left the circle.",)
        case "removed":
            names = listed([name_of(roster, identity) for identity in member.removed_by])
            return (f"Removed by the votes of {names}; the charter asks for {needed}.",)


def _candidate(roster: Roster, candidate: Candidate) -> CandidateView:
    founder = candidate.founder
    return CandidateView(
        name=founder.name,
        url=founder.url,
        identity=PublicKey.decode(founder.identity_key).key_id,
        contributor=founder.key_id,
        card=candidate.card,
        endorsers=tuple(name_of(roster, identity) for identity in candidate.endorsed_by),
        needed=max(0, roster.charter.endorsement_quorum - len(candidate.endorsed_by)),
    )


def listed(names: list[str]) -> str:
    """Names in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "nobody"
