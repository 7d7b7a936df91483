"""From statements to opinions: what each contributor holds of one claim, and nothing about who or where anybody is.

One contributor, one opinion: the latest by log index among its live findings on the claim and its live responses to
findings on it (clause 10.10). A response that adds context takes no stance, so it neither is an opinion nor replaces
one. A response stays its author's opinion when the finding it answers was retracted or has expired: it rests on its
own evidence. The log's own order decides, never a clock; between logs there is no order.

No country, name or type of the subject is an input here.

What lives here: which statements of several logs are the opinions on a claim. What does not: what one log says of
its own statements (:mod:`protocol.projection`), and what the opinions come to (:mod:`protocol.signals`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from protocol.identifiers import KeyId, StatementId
from protocol.projection import ClaimKey, State
from protocol.signals import Opinion, Stance
from protocol.statements import (
    Body,
    CorrectionBody,
    FindingBody,
    RelationBody,
    ResponseBody,
    RetractionBody,
    Statement,
)
from protocol.statements import Stance as ResponseStance
from protocol.vocabulary import Vocabulary

Trust: TypeAlias = Callable[[KeyId], int]
"""How far the reader trusts a contributor, in millionths (clause 10.5)."""

_STANCES: Final[Mapping[ResponseStance, Stance | None]] = {
    "corroborates": "supports",
    "disputes": "contests",
    "adds-context": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One statement of one log, as it stands at the moment it is read."""

    contributor: KeyId
    index: int
    statement: Statement
    """As it was signed."""
    body: Body
    """The live body, which a later correction may have replaced."""
    state: State

    @property
    def counts(self) -> bool:
        """Whether it is an opinion today."""
        return self.state in {"live", "corrected"}

    @property
    def name(self) -> tuple[KeyId, StatementId]:
        """Identifiers are unique only inside one log, so the contributor is part of the name."""
        return self.contributor, self.statement.id


_S = TypeVar("_S", bound=Standing)


@dataclass(frozen=True, slots=True)
class OnClaim(Generic[_S]):
    """The findings on one claim and the responses to them, in any state."""

    findings: tuple[_S, ...]
    responses: tuple[_S, ...]


def by_claim(findings: Iterable[_S], responses: Iterable[_S]) -> dict[ClaimKey, OnClaim[_S]]:
    """What is held of one circle, by claim and in the order of claims; only findings make a claim.

    A finding is on the claim of its live body, and so are the responses to it, whichever body they were made to.
    """
    grouped: dict[ClaimKey, tuple[list[_S], list[_S]]] = {}
    claim_of: dict[tuple[KeyId, StatementId], ClaimKey] = {}
    for each in findings:
        if isinstance(each.body, FindingBody):
            claim = ClaimKey(each.body.subject.id, each.body.indicator, each.body.scope)
            grouped.setdefault(claim, ([], []))[0].append(each)
            claim_of[each.name] = claim
    for each in responses:
        if isinstance(each.body, ResponseBody):
            target = (each.body.target.contributor, each.body.target.id)
            if target in claim_of:
                grouped[claim_of[target]][1].append(each)
    return {claim: OnClaim(tuple(found), tuple(answers)) for claim, (found, answers) in sorted(grouped.items())}


def opinions(held: OnClaim[_S], vocabulary: Vocabulary, trust: Trust) -> list[Opinion]:
    """At most one opinion per contributor, in the order of contributors; ``held`` is as :func:`by_claim` makes it."""
    strengths = {each.name: each.body.strength for each in held.findings if isinstance(each.body, FindingBody)}
    latest: dict[KeyId, tuple[int, Opinion]] = {}
    for each in (*held.findings, *held.responses):
        opinion = _opinion(each, strengths, vocabulary, trust) if each.counts else None
        known = latest.get(each.contributor)
        if opinion is not None and (known is None or known[0] < each.index):
            latest[each.contributor] = (each.index, opinion)
    return [opinion for _, (_, opinion) in sorted(latest.items(), key=lambda item: item[0])]


def _opinion(
    each: Standing, strengths: Mapping[tuple[KeyId, StatementId], int], vocabulary: Vocabulary, trust: Trust
) -> Opinion | None:
    body = each.body
    match body:
        case FindingBody():
            stance: Stance | None = "supports"
            strength = body.strength
        case ResponseBody():
            stance = _STANCES[body.stance]
            # A response says whether, not how much: what it stands to is what its target saw.
            strength = strengths[(body.target.contributor, body.target.id)]
        case RelationBody() | CorrectionBody() | RetractionBody():  # pragma: no branch - the union is closed
            return None
    if stance is None:
        return None
    return Opinion(
        contributor=each.contributor,
        statement=each.name,
        stance=stance,
        reliability=body.grade.reliability,
        credibility=body.grade.credibility,
        strength=strength,
        observed_until=body.observed.end,
        tier=vocabulary.best_tier(body.evidence_kinds),
        sources=frozenset(body.sources),
        trust_ppm=trust(each.contributor),
    )
