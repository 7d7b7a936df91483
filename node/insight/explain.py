"""What a signal rests on and what would change it: every number down to the statements, and how firm the word is.

Pure, but for :func:`detail`: the same opinions are fused again without one contributor, without one root, with one
report more, and on later days. Nothing here is estimated: each alternative is what this node would show if it were so.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Final, TypeAlias

from node.clock import day_of
from node.domain.circles import Roster
from node.domain.explanation import Alternative, Explanation, Join, Name, Root, SignalDetail, Word
from node.domain.insight import FindingView
from node.domain.statements import Claim
from node.errors import Code, HanseError
from node.insight.dossier import answers_to, finding_views, signal_view
from node.insight.movement import doubled_expectation, histories, movement
from node.insight.opinions import ClaimStatements, fused, is_listed, policy, read_opinions
from node.insight.refresh import with_responses
from node.insight.replies import replies_to
from node.insight.union import Union, by_united_claim, union_of
from node.storage import bylines, circles, statements
from node.storage import subjects as registry
from node.storage.database import Transaction
from protocol.identifiers import CircleId, Digest, KeyId, StatementId, SubjectId, VocabularyCode
from protocol.signals import Contribution, Opinion, Signal, Stance
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary

MIN_TRIMMED: Final = 3
"""Contributors below which leaving out two leaves next to nothing."""
_HORIZON_DAYS: Final = 3_652
"""How far ahead a change of word is looked for: two half-lives of the most lasting indicator."""
_STEP_DAYS: Final = 28
_NEW: Final = KeyId("")
"""The voice of the report that has not been made: it sorts before every other and is nobody's."""

Fuse: TypeAlias = Callable[[Sequence[Opinion], date], Signal]
"""The fusion of one claim, with its half-life and its circle's threshold."""


def explain(held: Sequence[Opinion], fuse: Fuse, today: date) -> Explanation:
    """Every alternative of the signal that these opinions give today; at most some hundred fusions."""
    signal = fuse(held, today)
    counted = [each for each in signal.contributions if each.mass]

    def without(left_out: Iterable[Contribution]) -> Alternative:
        names = {each.statement for each in left_out}
        other = fuse([each for each in held if each.statement not in names], today)
        return _alternative(signal, other, sorted(names))

    numbers = sorted({each.root for each in counted if each.root is not None})
    by_root = [[each for each in signal.contributions if each.root == number] for number in numbers]
    changes_on, changes_to = _next_word(held, fuse, signal, today)
    return Explanation(
        roots=tuple(_roots(held, signal)),
        without_contributor=_most_first(without([each]) for each in counted),
        without_root=_most_first(without(each) for each in by_root),
        trimmed=without(_outermost(counted)) if len(counted) >= MIN_TRIMMED else None,
        one_more_supporting=fuse([*held, _report("supports", today)], today),
        one_more_contesting=fuse([*held, _report("contests", today)], today),
        changes_on=changes_on,
        changes_to=changes_to,
    )


def detail(tx: Transaction, vocabulary: Vocabulary, asked: Claim, now: Timestamp) -> SignalDetail:
    """One signal of today with its statements and its explanation, from the statements themselves.

    An alias is read as its canonical identifier. Raises ``NOT_FOUND`` where nobody has stated anything.
    """
    roster = next((each for each in circles.list_rosters(tx) if each.circle == asked.circle), None)
    union, today = union_of(tx, asked.subject), day_of(now)
    held = None if roster is None else _held(tx, union, asked, now)
    if roster is None or held is None or not is_listed(asked.indicator, vocabulary):
        raise HanseError(
            Code.NOT_FOUND,
            "nobody has stated anything that leads to such a reading: it is unknown.",
            remedy="Open the dossier to see what is known.",
        )
    trust = policy(tx)
    opinions = read_opinions(held, asked.circle, vocabulary, roster, trust)
    signal = fused(opinions, held.claim, vocabulary, roster, today=today)
    moved = None
    if not union.aliases:
        past = histories(tx, [(held.claim, held)], now)[held.claim]
        moved = movement(past, opinions, signal, vocabulary, roster, trust, today=today)
    replies = replies_to(tx, roster.circle, [each.name for each in held.findings], now)
    views = finding_views(held, answers_to(held.responses), replies)
    names = bylines.names_in(tx, roster.circle)
    return SignalDetail(
        view=signal_view(held.claim, signal, vocabulary, today, views, moved, names=names),
        label=registry.labels(tx, [union.canonical]).get(union.canonical) or _stated(views, union.canonical),
        circle_name=roster.charter.name,
        k=roster.charter.small_number_threshold,
        half_life_months=vocabulary.indicators[asked.indicator].half_life_months,
        movement=moved,
        explanation=explain(opinions, _fusion(held.claim, vocabulary, roster), today),
        ends=_first_end(views, signal),
    )


def _fusion(claim: Claim, vocabulary: Vocabulary, roster: Roster) -> Fuse:
    return lambda held, day: fused(held, claim, vocabulary, roster, today=day)


def _held(tx: Transaction, union: Union, asked: Claim, now: Timestamp) -> ClaimStatements | None:
    """All that is held on the claim, under every identifier that is read as its subject."""
    found = [
        stored
        for subject in union.ids
        for stored in statements.of_claim(tx, Claim(asked.circle, subject, asked.indicator, asked.scope), now=now)
    ]
    responses = [each for held in with_responses(tx, asked.circle, found, now) for each in held.responses]
    return next(iter(by_united_claim(asked.circle, union, found, responses)), None)


def _alternative(signal: Signal, other: Signal, names: Sequence[Name]) -> Alternative:
    moved = doubled_expectation(other) - doubled_expectation(signal)
    return Alternative(tuple(names), other, moved // 2, other.likelihood != signal.likelihood)


def _most_first(alternatives: Iterable[Alternative]) -> tuple[Alternative, ...]:
    return tuple(sorted(alternatives, key=lambda each: (-abs(each.moved_ppm), each.left_out)))


def _outermost(counted: Sequence[Contribution]) -> list[Contribution]:
    """The contributor that adds most and the one that takes away most, as far as there are such."""
    sides: tuple[Stance, ...] = ("supports", "contests")
    on_side = ([each for each in counted if each.counts_as == side] for side in sides)
    return [max(some, key=lambda each: (each.mass, each.statement)) for some in on_side if some]


def _roots(held: Sequence[Opinion], signal: Signal) -> Iterable[Root]:
    sources = {each.statement: each.sources for each in held}
    numbers = sorted({each.root for each in signal.contributions if each.root is not None})
    for number in numbers:
        members = [each for each in signal.contributions if each.root == number]
        naming: dict[Digest, list[Name]] = {}
        for each in members:
            for source in sources[each.statement]:
                naming.setdefault(source, []).append(each.statement)
        joins = [Join(source, tuple(names)) for source, names in sorted(naming.items()) if len(names) > 1]
        yield Root(number, tuple(each.statement for each in members), tuple(joins), sum(each.mass for each in members))


def _report(stance: Stance, today: date) -> Opinion:
    """One more, of grade B2, from first-hand evidence of today and a source that nobody has named."""
    return Opinion(
        contributor=_NEW,
        statement=(_NEW, StatementId("")),
        stance=stance,
        reliability="B",
        credibility=2,
        strength=1,
        observed_until=today,
        tier=1,
        sources=frozenset(),
        trust_ppm=1_000_000,
    )


def _next_word(held: Sequence[Opinion], fuse: Fuse, signal: Signal, today: date) -> tuple[date | None, Word | None]:
    """When age alone gives another word: found to the day, unless it came back within four weeks."""
    if signal.likelihood == "unknown":
        return None, None
    earlier = 0
    for later in range(_STEP_DAYS, _HORIZON_DAYS, _STEP_DAYS):
        if fuse(held, today + timedelta(days=later)).likelihood == signal.likelihood:
            earlier = later
            continue
        while later - earlier > 1:
            middle = (earlier + later) // 2
            if fuse(held, today + timedelta(days=middle)).likelihood == signal.likelihood:
                earlier = middle
            else:
                later = middle  # noqa: PLW2901 - the window closes on the day
        day = today + timedelta(days=later)
        return day, fuse(held, day).likelihood
    return None, None


def _first_end(views: Collection[FindingView], signal: Signal) -> date | None:
    counted = {each.statement for each in signal.contributions if each.mass}
    of = [view.provenance for view in views] + [each.provenance for view in views for each in view.responses]
    return min((each.expires for each in of if (each.contributor, each.id) in counted), default=None)


def _stated(views: Sequence[FindingView], subject: SubjectId) -> str:
    return views[-1].label if views else subject


def claim_of(circle: str, subject: SubjectId, indicator: str, scope: str) -> Claim:
    """A claim from the parts of an address; whether there is such a one is for :func:`detail` to say."""
    return Claim(CircleId(circle), subject, VocabularyCode(indicator), VocabularyCode(scope))
