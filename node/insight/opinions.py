"""Signals of claims from what this node holds. Which statements are opinions: :mod:`protocol.opinions`.

No country, name or type of the subject is an input here; the registry is not even imported.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias, TypeVar

from node.domain.circles import FULL_TRUST, Roster
from node.domain.statements import Claim, StoredStatement
from node.storage import circles
from node.storage import trust as policies
from node.storage.database import Transaction
from protocol import opinions
from protocol.identifiers import CircleId, KeyId, VocabularyCode
from protocol.opinions import Standing
from protocol.signals import Opinion, Signal, fuse
from protocol.vocabulary import Vocabulary

Trust: TypeAlias = Callable[[CircleId, KeyId], int]
"""How far this node trusts a contributor, in millionths: its own policy, never a shared list."""


_S = TypeVar("_S", bound=Standing)


def policy(tx: Transaction) -> Trust:
    """What this node has decided about each voice, as it stands now; a voice without a decision counts in full.

    Takes any key epoch of a voice, or the voice itself.
    """
    rosters = {roster.circle: roster for roster in circles.list_rosters(tx)}
    weights = {circle: policies.weights(tx, circle) for circle in rosters}

    def trust(circle: CircleId, contributor: KeyId) -> int:
        roster = rosters.get(circle)
        voice = contributor if roster is None else roster.voice(contributor)
        return weights.get(circle, {}).get(voice, FULL_TRUST)

    return trust


def equal_trust(_circle: CircleId, _contributor: KeyId) -> int:
    """The policy of a node that has not made one: every member's word weighs the same."""
    return FULL_TRUST


@dataclass(frozen=True, slots=True)
class ClaimStatements(opinions.OnClaim[StoredStatement]):
    """The findings on one claim of one circle and the responses to them, in any state."""

    claim: Claim


def by_claim(
    circle: CircleId, findings: Iterable[StoredStatement], responses: Iterable[StoredStatement]
) -> list[ClaimStatements]:
    """What is held of one circle, by claim and in the order of claims; only findings make a claim."""
    return [
        ClaimStatements(held.findings, held.responses, Claim(circle, key.subject, key.indicator, key.scope))
        for key, held in opinions.by_claim(findings, responses).items()
    ]


def signal(held: ClaimStatements, vocabulary: Vocabulary, roster: Roster, trust: Trust, *, today: date) -> Signal:
    """The signal of one claim, from all that is held on it. The indicator is one that the vocabulary knows.

    The key epochs of one institution are one voice in it, and nobody who was removed or has left loses what it said
    before.
    """
    held_by = read_opinions(held, held.claim.circle, vocabulary, roster, trust)
    return fused(held_by, held.claim, vocabulary, roster, today=today)


def fused(held_by: Sequence[Opinion], claim: Claim, vocabulary: Vocabulary, roster: Roster, *, today: date) -> Signal:
    """The signal of a claim from the opinions on it, with the indicator's half-life and the charter's threshold."""
    half_life_months = vocabulary.indicators[claim.indicator].half_life_months
    return fuse(held_by, half_life_months=half_life_months, k=roster.charter.small_number_threshold, today=today)


def read_opinions(
    held: opinions.OnClaim[_S], circle: CircleId, vocabulary: Vocabulary, roster: Roster, trust: Trust
) -> list[Opinion]:
    """What each voice of the circle holds of a claim, weighed by this node's trust in it."""
    found = opinions.opinions(
        held, vocabulary, lambda contributor: trust(circle, contributor), voice=roster.voice, order=roster.order
    )
    shown = {
        each.name: each.shown_name
        for each in (*held.findings, *held.responses)
        if isinstance(each, StoredStatement) and each.byline is not None
    }
    # Of what bears its author's name, no number that is kept or shown names the key.
    return [replace(each, statement=shown[each.statement]) if each.statement in shown else each for each in found]


def is_listed(indicator: VocabularyCode, vocabulary: Vocabulary) -> bool:
    """Whether a signal can be computed: an unknown indicator has no half-life and no polarity."""
    return indicator in vocabulary.indicators
