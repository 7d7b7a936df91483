"""Signals: the fused reading of all live opinions on one claim.

Rules. A claim is a subject, an indicator and a scope. Every contributor has at most one opinion on it: its latest
finding or response, from its own evidence (the caller picks it). Concerns and assurances are different claims and
are never summed; no country and no name is an input. Everything is an integer, so two nodes that hold the same
opinions and the same trust get the same signal to the last bit, in whatever order the opinions came.

Theory. An opinion has a mass of evidence in micro-units: a grade (how reliable the source, how credible the
information) times the reader's trust in the contributor times decay. Supporting mass r and contesting mass s make
an opinion of subjective logic (Jøsang 2016): uncertainty W/(r+s+W) with the prior weight W = 2, and belief and
disbelief, which share the rest. So weight that vanishes becomes uncertainty, and nothing else.

1. *Roots.* Opinions that share a source digest, directly or through others, are one root: one newspaper cited ten
   times is one newspaper. Inside a root masses are averaged, between roots they add up (averaging and cumulative
   fusion; van der Heijden, Kopp and Kargl 2018). An opinion that names no source is a root of its own.
   The average is taken over the opinions that had mass before decay, so that a root does not grow when one of its
   opinions fades away; opinions that never had any neither dilute a root nor join two.
2. *Tiers.* Evidence of tier 0 has no mass. A root of tier 2 alone (press, reports of others) counts only beside
   another root.
3. *Cap.* No contributor supplies more than 1/k of the whole r + s + W: the largest c with
   k * c <= sum(min(m, c)) + W. One contributor alone gives belief 1/k at most for k = 3, two give 2/3.
4. *Squares.* Belief and disbelief share what is not uncertain as r*r to s*s. Where nobody contradicts, that is
   Jøsang's r/(r+s+W); where they do, several independent sources that agree say more than their share of the
   evidence, because each of them alone is right more often than wrong (Baron and others 2014: averages of judgements
   are too timid). Shares of r to s were measured to be far too near to the middle (``docs/signals.md``).

What is not decided here: who may see a signal (small numbers are suppressed by the reader's side, from ``roots``
and ``contributors``), and what anybody should do about it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal, TypeAlias

from protocol.decay import PPM, decayed
from protocol.errors import Code, Fault, ProtocolError
from protocol.identifiers import Digest, KeyId, StatementId
from protocol.statements import Reliability

MICRO: Final = 1_000_000
"""Micro-units in one unit of evidence mass."""

PRIOR_WEIGHT: Final = 2 * MICRO
"""W: the mass that uncertainty has when there is no evidence (Jøsang: two, the number of outcomes)."""

MIN_K: Final = 2
_STEP: Final = MICRO // 4
_RELIABILITY: Final[dict[Reliability, int]] = {"A": 8, "B": 5, "C": 3, "D": 1, "E": 0, "F": 0}
"""Units of mass. E is unreliable and F cannot be judged: neither is evidence, and neither is half a belief."""
_CREDIBILITY: Final = {1: 4, 2: 3, 3: 2, 4: 1, 5: 1, 6: 0}
"""Quarters of that mass. 5 is improbable: a quarter, against the opinion's own stance. 6 cannot be judged."""
_IMPROBABLE: Final = 5
_WEAK_TIER: Final = 2
_UNNUMBERED: Final = 0

Stance: TypeAlias = Literal["supports", "contests"]
LikelihoodWord: TypeAlias = Literal[
    "almost-no-chance", "very-unlikely", "unlikely", "roughly-even", "likely", "very-likely", "almost-certain"
]
Confidence: TypeAlias = Literal["low", "moderate", "high"]
Reason: TypeAlias = Literal["no-basis", "tier-0", "trust-0", "decayed", "negligible", "needs-second-root", "improbable"]
"""``negligible``: less than one micro-unit was left of the opinion's part in its root."""

_WORDS: Final[tuple[tuple[int, LikelihoodWord], ...]] = (
    (50_000, "almost-no-chance"),
    (200_000, "very-unlikely"),
    (450_000, "unlikely"),
    (550_000, "roughly-even"),
    (800_000, "likely"),
    (950_000, "very-likely"),
)
"""Upper bounds in ppm, not included, of the words of ICD 203 (2015), section D.6.e."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one contributor holds of one claim, and how far the reader trusts it."""

    contributor: KeyId
    statement: tuple[KeyId, StatementId]
    stance: Stance
    reliability: Reliability
    credibility: int
    strength: int
    observed_until: date
    tier: int
    """The best tier of its kinds of evidence: 1, else 2, else 0."""
    sources: frozenset[Digest]
    trust_ppm: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What became of one opinion, step by step; each mass in micro-units and never above the one before it."""

    contributor: KeyId
    statement: tuple[KeyId, StatementId]
    counts_as: Stance
    """The opinion's stance, or the other one where it calls the information improbable."""
    root: int | None
    """Numbered from 1 in the order of ``contributions``; None for an opinion that never had mass."""
    grade_mass: int
    weighed_mass: int
    """After trust and decay."""
    averaged_mass: int
    """After averaging inside the root, and after the rule on tier 2."""
    mass: int
    """After the cap: what was counted."""
    reason: Reason | None
    """Why nothing was counted, or ``improbable``: why it counts against the opinion's own stance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """How likely a claim is on the pooled evidence, how sure that is, and what it rests on."""

    belief_ppm: int
    disbelief_ppm: int
    uncertainty_ppm: int
    """The three sum to 1_000_000. Uncertainty is rounded up, and the lesser of the other two down."""
    likelihood: LikelihoodWord | Literal["unknown"]
    """``unknown`` where nothing counted; that is no statement about the subject, good or bad."""
    confidence: Confidence
    supporting_mass: int
    contesting_mass: int
    roots: int
    contributors: int
    """Roots and contributors of which anything was counted."""
    conflict_ppm: int
    """How evenly supporting and contesting mass are split: 0 all on one side, 1_000_000 half and half."""
    largest_share_ppm: int
    """The largest contributor's share of the evidence that was counted."""
    newest: date | None
    oldest: date | None
    """Over all opinions, counted or not; None without opinions."""
    strength: tuple[int, int] | None
    """Least and most that counted supporting opinions saw; None without them."""
    contributions: tuple[Contribution, ...]
    """One for every opinion, by contributor and statement."""


def fuse(opinions: Iterable[Opinion], *, half_life_months: int | None, k: int, today: date) -> Signal:
    """The signal of one claim on one day (clauses 10.1 to 10.9); O(n log n) in the opinions and their sources.

    Raises ``INCONSISTENT``, our fault, for two opinions of one contributor and for values outside their scales.
    """
    ordered = sorted(opinions, key=lambda opinion: (opinion.contributor, opinion.statement))
    _require_valid(ordered, half_life_months, k)
    contributions = [_weighed(opinion, half_life_months, today) for opinion in ordered]
    contributions = _rooted(ordered, contributions)
    contributions = _averaged(ordered, contributions)
    limit = cap([contribution.averaged_mass for contribution in contributions], k=k)
    return _signal(ordered, [replace(each, mass=min(each.averaged_mass, limit)) for each in contributions])


def cap(masses: Sequence[int], *, k: int) -> int:
    """The largest c with ``k * c <= sum(min(m, c) for m in masses) + W``: no one supplies more than 1/k (clause 10.7).

    If the j largest masses are cut, c is (W + the rest) / (k - j); the first j whose c reaches the next mass is the
    right one, and there is one below k.
    """
    rest = sum(masses)
    cut = 0
    for mass in sorted(masses, reverse=True):
        if mass * (k - cut) <= PRIOR_WEIGHT + rest:
            break
        rest -= mass
        cut += 1
    return (PRIOR_WEIGHT + rest) // (k - cut)


def _require_valid(ordered: Sequence[Opinion], half_life_months: int | None, k: int) -> None:
    if k < MIN_K or (half_life_months is not None and half_life_months < 1):
        raise ProtocolError(Code.INCONSISTENT, "k is at least 2 and a half-life at least a month", fault=Fault.OURS)
    if len({opinion.contributor for opinion in ordered}) != len(ordered):
        raise ProtocolError(Code.INCONSISTENT, "two opinions of one contributor on one claim", fault=Fault.OURS)
    for opinion in ordered:
        if opinion.credibility not in _CREDIBILITY or not 0 <= opinion.trust_ppm <= PPM:
            raise ProtocolError(Code.INCONSISTENT, "a credibility or trust outside its scale", fault=Fault.OURS)


def _weighed(opinion: Opinion, half_life_months: int | None, today: date) -> Contribution:
    """Grade, tier, trust and decay of one opinion (clauses 10.2 to 10.5)."""
    grade = 0 if opinion.tier == 0 else _RELIABILITY[opinion.reliability] * _CREDIBILITY[opinion.credibility] * _STEP
    trusted = grade * opinion.trust_ppm // PPM
    age_days = (today - opinion.observed_until).days
    weighed = decayed(trusted, age_days=age_days, half_life_months=half_life_months)
    return Contribution(
        contributor=opinion.contributor,
        statement=opinion.statement,
        counts_as=_counts_as(opinion),
        root=_UNNUMBERED if trusted else None,
        grade_mass=grade,
        weighed_mass=weighed,
        averaged_mass=0,
        mass=0,
        reason=_reason(opinion, grade, trusted, weighed),
    )


def _counts_as(opinion: Opinion) -> Stance:
    if opinion.credibility != _IMPROBABLE:
        return opinion.stance
    return "contests" if opinion.stance == "supports" else "supports"


def _reason(opinion: Opinion, grade: int, trusted: int, weighed: int) -> Reason | None:
    """The first step at which nothing was left; :func:`_averaged` may find a later one."""
    if opinion.tier == 0:
        return "tier-0"
    if grade == 0:
        return "no-basis"
    if trusted == 0:
        return "trust-0"
    if weighed == 0:
        return "decayed"
    return "improbable" if opinion.credibility == _IMPROBABLE else None


def _rooted(ordered: Sequence[Opinion], contributions: Sequence[Contribution]) -> list[Contribution]:
    """Number the roots of the opinions that had mass before decay: union-find over source digests (clause 10.6)."""
    parents = list(range(len(ordered)))

    def find(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    first: dict[Digest, int] = {}
    for place, opinion in enumerate(ordered):
        if contributions[place].root is None:
            continue
        for source in opinion.sources:
            # The smaller place becomes the parent, so the numbers do not depend on the order inside a set.
            low, high = sorted((find(first.setdefault(source, place)), find(place)))
            parents[high] = low
    numbers: dict[int, int] = {}
    return [
        each if each.root is None else replace(each, root=numbers.setdefault(find(place), len(numbers) + 1))
        for place, each in enumerate(contributions)
    ]


def _averaged(ordered: Sequence[Opinion], contributions: Sequence[Contribution]) -> list[Contribution]:
    """Average inside each root; then a root of tier 2 alone counts only beside another one (clause 10.6)."""
    members: dict[int | None, int] = {}
    for each in contributions:
        members[each.root] = members.get(each.root, 0) + 1
    averaged = [each if each.root is None else _part(each, members[each.root]) for each in contributions]
    with_mass = {each.root for each in averaged if each.averaged_mass}
    strong = {each.root for opinion, each in zip(ordered, averaged, strict=True) if opinion.tier != _WEAK_TIER}
    if len(with_mass) == 1 and not with_mass & strong:
        return [
            replace(each, averaged_mass=0, reason="needs-second-root") if each.averaged_mass else each
            for each in averaged
        ]
    return averaged


def _part(contribution: Contribution, members: int) -> Contribution:
    part = contribution.weighed_mass // members
    lost = contribution.weighed_mass > 0 and part == 0
    return replace(contribution, averaged_mass=part, reason="negligible" if lost else contribution.reason)


def _signal(ordered: Sequence[Opinion], contributions: Sequence[Contribution]) -> Signal:
    supporting = sum(each.mass for each in contributions if each.counts_as == "supports")
    contesting = sum(each.mass for each in contributions if each.counts_as == "contests")
    evidence = supporting + contesting
    whole = evidence + PRIOR_WEIGHT
    uncertainty = -(-PRIOR_WEIGHT * PPM // whole)
    belief = _believed(supporting, contesting, PPM - uncertainty)
    counted = [each for each in contributions if each.mass]
    strengths = [
        opinion.strength
        for opinion, each in zip(ordered, contributions, strict=True)
        if each.mass and each.counts_as == "supports"
    ]
    days = [opinion.observed_until for opinion in ordered]
    return Signal(
        belief_ppm=belief,
        disbelief_ppm=PPM - belief - uncertainty,
        uncertainty_ppm=uncertainty,
        likelihood=_word(2 * belief + uncertainty) if evidence else "unknown",
        confidence=_confidence(uncertainty),
        supporting_mass=supporting,
        contesting_mass=contesting,
        roots=len({each.root for each in counted}),
        contributors=len(counted),
        conflict_ppm=2 * min(supporting, contesting) * PPM // evidence if evidence else 0,
        largest_share_ppm=max(each.mass for each in counted) * PPM // evidence if evidence else 0,
        newest=max(days, default=None),
        oldest=min(days, default=None),
        strength=(min(strengths), max(strengths)) if strengths else None,
        contributions=tuple(contributions),
    )


def _believed(supporting: int, contesting: int, certain: int) -> int:
    """Its part of ``certain`` by squares (clause 10.8): the lesser side rounded down, the other the rest.

    No product here reaches 2**63.
    """
    if not supporting:
        return 0
    lesser = min(supporting, contesting) * PPM // (supporting + contesting)
    greater = PPM - lesser
    part = certain * (lesser * lesser) // (lesser * lesser + greater * greater)
    return part if supporting <= contesting else certain - part


def _word(doubled_expectation: int) -> LikelihoodWord:
    """The word for the expected probability, belief + uncertainty / 2 (clause 10.8)."""
    for bound, word in _WORDS:
        if doubled_expectation < 2 * bound:
            return word
    return "almost-certain"


def _confidence(uncertainty: int) -> Confidence:
    """High below a third of uncertainty, moderate below two thirds (clause 10.8)."""
    if 3 * uncertainty < PPM:
        return "high"
    return "moderate" if 3 * uncertainty < 2 * PPM else "low"
