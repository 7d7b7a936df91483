"""From statements to opinions: what each contributor holds of one claim, and nothing about who or where anybody is.

One voice, one opinion: the latest by log index among its live findings on the claim and its live responses to
findings on it (clause 10.10). A voice is an institution under all the contributor keys that it has had in the circle;
what it says under a later key replaces what it said under an earlier one. A response that adds context takes no
stance, so it neither is an opinion nor replaces one. A response stays its author's opinion when the finding it answers
was retracted or has expired: it rests on its own evidence. One to what is void is nobody's opinion: behind a fork
point one node holds this and another that, and what hangs on it would count here and not there. The log's own order
decides, never a clock; between the logs of two voices there is no order.

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
from protocol.statements import Body, FindingBody, ResponseBody, Statement
from protocol.statements import Stance as ResponseStance
from protocol.vocabulary import Vocabulary

Trust: TypeAlias = Callable[[KeyId], int]
"""How far the reader trusts a voice, in millionths (clause 10.5)."""

Voice: TypeAlias = Callable[[KeyId], KeyId]
"""Whose voice a contributor key speaks with: :meth:`protocol.membership.Membership.voice`."""
Order: TypeAlias = Callable[[KeyId], int]
"""Which of one voice's keys comes after which, the greatest last: :meth:`protocol.membership.Membership.order`."""

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


def each_its_own(contributor: KeyId) -> KeyId:
    """The voices of a circle in which nobody has changed its key."""
    return contributor


def in_no_order(contributor: KeyId) -> int:  # noqa: ARG001 - an Order asks which key
    """The order of keys where each voice has one."""
    return 0


def opinions(
    held: OnClaim[_S],
    vocabulary: Vocabulary,
    trust: Trust,
    voice: Voice = each_its_own,
    order: Order = in_no_order,
) -> list[Opinion]:
    """At most one opinion per voice, in the order of voices; ``held`` is as :func:`by_claim` makes it.

    The contributor of an opinion is its voice, which is the same in every circle and so never shown to anybody;
    the log it was taken from is the first part of ``statement``.
    """
    strengths = {
        each.name: each.body.strength
        for each in held.findings
        if isinstance(each.body, FindingBody) and each.state != "void"
    }
    latest: dict[KeyId, tuple[tuple[int, KeyId, int], Opinion]] = {}
    for each in (*held.findings, *held.responses):
        speaker = voice(each.contributor)
        place = (order(each.contributor), each.contributor, each.index)
        opinion = _opinion(each, speaker, strengths, vocabulary, trust) if each.counts else None
        known = latest.get(speaker)
        if opinion is not None and (known is None or known[0] < place):
            latest[speaker] = (place, opinion)
    return [opinion for _, (_, opinion) in sorted(latest.items(), key=lambda item: item[0])]


def _opinion(
    each: Standing,
    speaker: KeyId,
    strengths: Mapping[tuple[KeyId, StatementId], int],
    vocabulary: Vocabulary,
    trust: Trust,
) -> Opinion | None:
    body = each.body
    if isinstance(body, FindingBody):
        stance: Stance | None = "supports"
        strength = body.strength
    elif isinstance(body, ResponseBody):
        target = (body.target.contributor, body.target.id)
        stance = _STANCES[body.stance] if target in strengths else None  # not to what is void
        # A response says whether, not how much: what it stands to is what its target saw.
        strength = strengths.get(target, 0)
    else:
        return None
    if stance is None:
        return None
    return Opinion(
        contributor=speaker,
        statement=each.name,
        stance=stance,
        reliability=body.grade.reliability,
        credibility=body.grade.credibility,
        strength=strength,
        observed_until=body.observed.end,
        tier=vocabulary.best_tier(body.evidence_kinds),
        sources=frozenset(body.sources),
        trust_ppm=trust(speaker),
    )
