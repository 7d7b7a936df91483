"""From statements to opinions: what each contributor holds of one claim, and nothing about who or where anybody is.

One contributor, one opinion: the latest by log index among its live findings on the claim and its live responses to
findings on it. A response that adds context takes no stance, so it neither is an opinion nor replaces one. A
response stays its author's opinion when the finding it answers was retracted or has expired: it rests on its own
evidence. The log's own order decides, never a clock.

No country, name or type of the subject is an input here; the registry is not even imported.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from node.domain.statements import Claim, StoredStatement
from protocol.decay import PPM
from protocol.identifiers import CircleId, KeyId, StatementId, VocabularyCode
from protocol.signals import Opinion, Signal, Stance, fuse
from protocol.statements import CorrectionBody, FindingBody, RelationBody, ResponseBody, RetractionBody
from protocol.statements import Stance as ResponseStance
from protocol.vocabulary import Vocabulary

Trust: TypeAlias = Callable[[CircleId, KeyId], int]
"""How far this node trusts a contributor, in millionths: its own policy, never a shared list."""

FULL_TRUST: Final = PPM
_STANCES: Final[Mapping[ResponseStance, Stance | None]] = {
    "corroborates": "supports",
    "disputes": "contests",
    "adds-context": None,
}


def equal_trust(_circle: CircleId, _contributor: KeyId) -> int:
    """The policy of a node that has not made one: every member's word weighs the same."""
    return FULL_TRUST


@dataclass(frozen=True, slots=True)
class ClaimStatements:
    """The findings on one claim and the responses to them, in any state."""

    claim: Claim
    findings: tuple[StoredStatement, ...]
    responses: tuple[StoredStatement, ...]


def by_claim(
    circle: CircleId, findings: Iterable[StoredStatement], responses: Iterable[StoredStatement]
) -> list[ClaimStatements]:
    """What is held of one circle, by claim and in the order of claims; only findings make a claim."""
    grouped: dict[Claim, tuple[list[StoredStatement], list[StoredStatement]]] = {}
    claim_of: dict[tuple[KeyId, StatementId], Claim] = {}
    for stored in findings:
        if isinstance(stored.body, FindingBody):
            claim = Claim(circle, stored.body.subject.id, stored.body.indicator, stored.body.scope)
            grouped.setdefault(claim, ([], []))[0].append(stored)
            claim_of[(stored.contributor, stored.statement.id)] = claim
    for stored in responses:
        if isinstance(stored.body, ResponseBody):
            target = (stored.body.target.contributor, stored.body.target.id)
            if target in claim_of:
                grouped[claim_of[target]][1].append(stored)
    return [ClaimStatements(claim, tuple(found), tuple(answers)) for claim, (found, answers) in sorted(grouped.items())]


def opinions(held: ClaimStatements, vocabulary: Vocabulary, trust: Trust = equal_trust) -> list[Opinion]:
    """At most one opinion per contributor, in the order of contributors."""
    strengths = {
        (stored.contributor, stored.statement.id): stored.body.strength
        for stored in held.findings
        if isinstance(stored.body, FindingBody)
    }
    latest: dict[KeyId, StoredStatement] = {}
    for stored in (*held.findings, *held.responses):
        if stored.counts and _stance(stored) is not None:
            known = latest.get(stored.contributor)
            if known is None or known.index < stored.index:
                latest[stored.contributor] = stored
    return [
        opinion
        for _, stored in sorted(latest.items())
        if (opinion := _opinion(stored, strengths, vocabulary, trust)) is not None
    ]


def signal(held: ClaimStatements, vocabulary: Vocabulary, *, k: int, today: date, trust: Trust = equal_trust) -> Signal:
    """The signal of one claim, from all that is held on it. The indicator is one that the vocabulary knows."""
    indicator = vocabulary.indicators[held.claim.indicator]
    return fuse(opinions(held, vocabulary, trust), half_life_months=indicator.half_life_months, k=k, today=today)


def is_listed(indicator: VocabularyCode, vocabulary: Vocabulary) -> bool:
    """Whether a signal can be computed: an unknown indicator has no half-life and no polarity."""
    return indicator in vocabulary.indicators


def _stance(stored: StoredStatement) -> Stance | None:
    match stored.body:
        case FindingBody():
            return "supports"
        case ResponseBody(stance=stance):
            return _STANCES[stance]
        case RelationBody() | CorrectionBody() | RetractionBody():
            return None


def _opinion(
    stored: StoredStatement, strengths: dict[tuple[KeyId, StatementId], int], vocabulary: Vocabulary, trust: Trust
) -> Opinion | None:
    stance, body = _stance(stored), stored.body
    if stance is None or not isinstance(body, FindingBody | ResponseBody):
        return None
    # A response says whether, not how much: what it stands to is what its target saw.
    target = None if isinstance(body, FindingBody) else (body.target.contributor, body.target.id)
    return Opinion(
        contributor=stored.contributor,
        statement=(stored.contributor, stored.statement.id),
        stance=stance,
        reliability=body.grade.reliability,
        credibility=body.grade.credibility,
        strength=strengths[target or (stored.contributor, stored.statement.id)],
        observed_until=body.observed.end,
        tier=vocabulary.best_tier(body.evidence_kinds),
        sources=frozenset(body.sources),
        trust_ppm=trust(stored.circle, stored.contributor),
    )
