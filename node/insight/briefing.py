"""Briefings: one page per circle and month, or per subject, whose figures can be computed again.

The figures of a circle come from the stored signals and counts where these tell of the very state that is asked for,
and otherwise from the statements (:mod:`node.insight.past`). Both ways give equal bytes; a test holds them to it. A
briefing for partners leaves out what its handling keeps in the institution, before anything is computed, and says how
much that was.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from itertools import groupby
from typing import Final

import msgspec

from node.clock import day_of
from node.domain.briefing import (
    Apart,
    AsOf,
    Briefing,
    CircleFigures,
    CircleReadings,
    Figures,
    GroupFigures,
    Reading,
    Said,
    Source,
    SubjectFigures,
)
from node.domain.circles import Roster
from node.domain.dashboard import (
    ALL,
    Contribution,
    Counts,
    Covered,
    Month,
    SubjectCounts,
    Tally,
    Tension,
    first_day,
    month_of,
)
from node.domain.insight import StoredSignal
from node.domain.statements import Claim
from node.errors import Code, HanseError
from node.insight import past
from node.insight.dashboard import FRESH_MONTHS, MIN_SHIFT_PPM
from node.insight.handling import Audience, marks, may_go, permitted
from node.insight.replies import stored_replies
from node.insight.tallies import LIKELY_PPM, counts_of, tally_of, tensions_of
from node.storage import circles, dashboard, replies, statements
from node.storage import subjects as registry
from node.storage.database import Transaction
from protocol.identifiers import CircleId, SubjectId, VocabularyCode
from protocol.statements import ReplyBody, Timestamp
from protocol.vocabulary import Polarity, Vocabulary

MOVED: Final = 5
"""Readings in each of the two lists: what one page has room for."""
APART: Final = 4
MOST_CLAIMS_OF_A_PAGE: Final = 5_000
"""Claims that a page computes anew while somebody waits, at most: some seconds. The command has no such bound."""
_AS_OF: Final = re.compile(r"([0-9]{1,18})\.([0-9]{4}-[0-9]{2}-[0-9]{2})", re.ASCII)
_BEGINNING: Final = Month(0)
_ENCODER: Final = msgspec.json.Encoder(order="deterministic")


def circle_briefing(  # noqa: PLR0913 - what one is asked for
    tx: Transaction,
    vocabulary: Vocabulary,
    circle: CircleId,
    now: Timestamp,
    *,
    month: Month | None = None,
    as_of: AsOf | None = None,
    audience: Audience = "institution",
    most_claims: int | None = None,
    told: past.Told | None = None,
) -> Briefing:
    """The briefing of a circle about one month, as it stands at a state; by default now.

    Raises ``NO_SUCH_MEMBER`` for a circle that we are not in, ``INVALID`` for a state that never was, ``CONFLICT``
    where more than ``most_claims`` claims would have to be computed anew.
    """
    roster, at = circles.get_roster(tx, circle), _at(tx, as_of, now)
    about = month_of(at.day) if month is None else month
    state = past.state_of(tx, roster, at.position)
    left_out = 0
    if _is_stored(tx, circle, at, audience, now):
        figures = _stored(tx, vocabulary, circle, about, at.day)
    else:
        if most_claims is not None and dashboard.has_more_claims(tx, circle, most_claims):
            raise _takes_long(circle, about, at)
        read = past.read(tx, vocabulary, roster, state, at.day, now, audience=audience, told=told)
        found = _gather(read, vocabulary)
        figures, left_out = found.figures(circle, about, at.day, vocabulary), found.left_out
    named = {each.subject for each in (*figures.assurances, *figures.concerns)} | {
        each.subject for each in figures.apart
    }
    return _briefing(
        roster.charter.name,
        figures,
        at,
        (_source(tx, vocabulary, roster, state),),
        audience,
        left_out,
        registry.labels(tx, sorted(named)),
        _replies(tx, roster.circle, named, at, audience, now),
    )


def subject_briefing(
    tx: Transaction,
    vocabulary: Vocabulary,
    subject: SubjectId,
    now: Timestamp,
    *,
    as_of: AsOf | None = None,
    audience: Audience = "institution",
) -> Briefing:
    """What every circle says about one subject, at a state; always computed from the statements.

    Identifiers that a person here has linked are read apart: a link is this node's own and no part of a state.
    """
    at, sources, readings, left_out = _at(tx, as_of, now), [], [], 0
    for roster in circles.list_rosters(tx):
        state = past.state_of(tx, roster, at.position)
        claims = list(past.read(tx, vocabulary, roster, state, at.day, now, audience=audience, subject=subject))
        standing = [finding for claim in claims for finding in claim.findings]
        live = sum(finding.counts for finding in standing)
        withdrawn = sum(finding.state in {"retracted", "expired"} for finding in standing)
        left_out += sum(claim.left_out for claim in claims)
        signals = tuple(reading_of(claim.signal) for claim in claims if claim.signal is not None)
        readings.append(CircleReadings(roster.circle, signals, live, withdrawn))
        sources.append(_source(tx, vocabulary, roster, state))
    labels = registry.labels(tx, [subject])
    figures = SubjectFigures(subject, tuple(readings))
    title = labels.get(subject, subject)
    said = tuple(each for reading in readings for each in _replies(tx, reading.circle, {subject}, at, audience, now))
    return _briefing(title, figures, at, tuple(sources), audience, left_out, labels, said)


def figures_bytes(figures: Figures) -> bytes:
    """The figures in the one encoding that their digest is over."""
    return _ENCODER.encode(figures)


def reading_of(stored: StoredSignal) -> Reading:
    """A signal in figures."""
    signal, claim = stored.signal, stored.claim
    return Reading(
        subject=claim.subject,
        indicator=claim.indicator,
        scope=claim.scope,
        likelihood=signal.likelihood,
        belief_ppm=signal.belief_ppm,
        uncertainty_ppm=signal.uncertainty_ppm,
        moved_30_ppm=stored.movement.moved_30_ppm,
        roots_30=stored.movement.roots_30,
        roots=signal.roots,
        contributors=signal.contributors,
        conflict_ppm=signal.conflict_ppm,
    )


def parse_as_of(text: str) -> AsOf:
    """Undo ``str(AsOf)``; raises ``INVALID``."""
    found = _AS_OF.fullmatch(text)
    try:
        day = date.fromisoformat(found[2]) if found else None
    except ValueError:
        day = None
    if found is None or day is None:
        raise HanseError(
            Code.INVALID,
            "this is no state of a pool.",
            remedy="Copy it from the foot of a briefing: a position and a day, as in 1234.2026-09-30.",
        )
    return AsOf(int(found[1]), day)


def parse_month(text: str) -> Month:
    """``2026-09``; raises ``INVALID``."""
    try:
        return month_of(date.fromisoformat(f"{text}-01"))
    except ValueError as error:
        raise HanseError(Code.INVALID, "this is no month.", remedy="Write it as in 2026-09.") from error


@dataclass(slots=True)
class _Gathered:
    """What was read of a whole circle at an earlier state: the tables of the present, in memory."""

    counts: Counts = field(default_factory=Counts)
    moved: list[Reading] = field(default_factory=list)
    tensions: list[Tension] = field(default_factory=list)
    left_out: int = 0

    def figures(self, circle: CircleId, month: Month, day: date, vocabulary: Vocabulary) -> CircleFigures:
        def most_moved(polarity: Polarity) -> tuple[Reading, ...]:
            some = [each for each in self.moved if vocabulary.indicators[each.indicator].polarity == polarity]
            return tuple(sorted(some, key=_by_movement, reverse=True)[:MOVED])

        contributions = [
            Contribution(contributor, issued, side, stated, live)
            for (_, scope, issued, contributor, _, side), (stated, live) in self.counts.contributions.items()
            if scope == ALL
        ]
        fresh_since = month_of(day) - FRESH_MONTHS
        covered = [
            Covered(scope, group, side, stated, live, live if seen >= fresh_since else 0, seen if live else None)
            for (_, scope, group, side, seen), (stated, live) in self.counts.coverage.items()
        ]
        return _circle_figures(
            circle,
            month,
            vocabulary,
            SubjectCounts(*self.counts.subjects.get((circle, ALL, ALL), (0, 0, 0, 0))),
            contributions,
            covered,
            (most_moved("assurance"), most_moved("concern")),
            sorted(self.tensions, key=_by_tension, reverse=True)[:APART],
        )


def _gather(claims: Iterable[past.PastClaim], vocabulary: Vocabulary) -> _Gathered:
    """``claims`` are in order, so that those of one subject come together."""
    found = _Gathered()
    for _, group in groupby(claims, key=lambda each: each.claim.subject):
        tallies: dict[Claim, Tally] = {}
        expected: dict[Claim, int] = {}
        for each in group:
            found.left_out += each.left_out
            tally = tally_of(each.claim, each.findings, vocabulary)
            if tally is not None:
                tallies[each.claim] = tally
            if each.signal is None:
                continue
            reading = reading_of(each.signal)
            if reading.likelihood != "unknown" and reading.expected_ppm >= LIKELY_PPM:
                expected[each.claim] = reading.expected_ppm
            if abs(reading.moved_30_ppm) >= MIN_SHIFT_PPM:
                found.moved.append(reading)
        _merge(found.counts, counts_of(tallies))
        found.tensions += tensions_of(expected, vocabulary)
    return found


def _merge(counts: Counts, more: Counts) -> None:
    for place, (stated, live) in more.contributions.items():
        before = counts.contributions.get(place, (0, 0))
        counts.contributions[place] = (before[0] + stated, before[1] + live)
    for covered, (stated, live) in more.coverage.items():
        before = counts.coverage.get(covered, (0, 0))
        counts.coverage[covered] = (before[0] + stated, before[1] + live)
    for key, four in more.subjects.items():
        least = counts.subjects.get(key, (0, 0, 0, 0))
        counts.subjects[key] = (least[0] + four[0], least[1] + four[1], least[2] + four[2], least[3] + four[3])


def _stored(tx: Transaction, vocabulary: Vocabulary, circle: CircleId, month: Month, day: date) -> CircleFigures:
    """The figures of the present, as last computed."""

    def most_moved(polarity: Polarity) -> tuple[Reading, ...]:
        indicators = [each.id for each in vocabulary.indicators.values() if each.polarity == polarity]
        return tuple(dashboard.most_moved(tx, circle, indicators, at_least=MIN_SHIFT_PPM, limit=MOVED))

    return _circle_figures(
        circle,
        month,
        vocabulary,
        dashboard.subject_counts(tx, circle),
        dashboard.contributions(tx, circle, since=_BEGINNING),
        dashboard.coverage(tx, circle, fresh_since=Month(month_of(day) - FRESH_MONTHS)),
        (most_moved("assurance"), most_moved("concern")),
        dashboard.strongest_tensions(tx, circle, limit=APART),
    )


def _circle_figures(
    circle: CircleId,
    month: Month,
    vocabulary: Vocabulary,
    subjects: SubjectCounts,
    contributions: Sequence[Contribution],
    covered: Sequence[Covered],
    moved: tuple[tuple[Reading, ...], tuple[Reading, ...]],
    tensions: Iterable[Tension],
) -> CircleFigures:
    new = [each for each in contributions if each.month == month]
    return CircleFigures(
        circle=circle,
        month=first_day(month).isoformat()[:7],
        subjects=(subjects.any, subjects.concerns, subjects.assurances, subjects.context),
        stated=sum(each.stated for each in contributions),
        live=sum(each.live for each in contributions),
        contributors=len({each.contributor for each in contributions if each.live}),
        month_stated=sum(each.stated for each in new),
        month_concerns=sum(each.stated for each in new if each.side == "concern"),
        month_assurances=sum(each.stated for each in new if each.side == "assurance"),
        month_contributors=len({each.contributor for each in new if each.stated}),
        assurances=moved[0],
        concerns=moved[1],
        apart=tuple(
            Apart(
                each.subject,
                each.group,
                each.scope,
                each.concern,
                each.concern_ppm,
                each.assurance,
                each.assurance_ppm,
            )
            for each in tensions
        ),
        groups=tuple(_group(group, covered) for group in vocabulary.groups),
    )


def _group(group: VocabularyCode, covered: Iterable[Covered]) -> GroupFigures:
    some = [each for each in covered if each.group == group]

    def live(side: Polarity) -> int:
        return sum(each.live for each in some if each.side == side)

    return GroupFigures(
        group=group,
        stated=sum(each.stated for each in some),
        live=sum(each.live for each in some),
        concerns=live("concern"),
        assurances=live("assurance"),
        context=live("context"),
        fresh=sum(each.fresh for each in some),
    )


def _briefing(
    title: str,
    figures: Figures,
    at: AsOf,
    sources: tuple[Source, ...],
    audience: Audience,
    left_out: int,
    labels: dict[SubjectId, str],
    said: tuple[Said, ...],
) -> Briefing:
    return Briefing(
        title=title,
        figures=figures,
        digest=sha256(figures_bytes(figures)).hexdigest(),
        as_of=at,
        sources=sources,
        # It may rest on anything that the audience may have, so it is marked as strictly as that can be.
        mark=marks(permitted(audience)[-1]),
        left_out=left_out,
        labels=labels,
        replies=said,
    )


def _replies(
    tx: Transaction, circle: CircleId, subjects: Collection[SubjectId], at: AsOf, audience: Audience, now: Timestamp
) -> tuple[Said, ...]:
    """What these organisations said up to a state, as far as it still counts and the audience may have it."""
    named = replies.targets_on_claims(tx, circle, subjects)
    names = [name for found in named.values() for name in found]
    claims: dict[int, set[tuple[SubjectId, VocabularyCode, VocabularyCode]]] = {}
    held: dict[int, ReplyBody] = {}
    standing = stored_replies(tx, circle, names, now) if names else {}
    for claim, of_claim in named.items():
        for stored in (each for name in of_claim for each in standing.get(name, ())):
            body = stored.body
            if isinstance(body, ReplyBody) and stored.seq <= at.position and may_go(body.handling, audience):
                held[stored.seq] = body
                claims.setdefault(stored.seq, set()).add((claim.subject, claim.indicator, claim.scope))
    return tuple(
        Said(circle, held[seq].subject.label, held[seq].replied, held[seq].text, frozenset(claims[seq]))
        for seq in sorted(held, reverse=True)
    )


def _source(tx: Transaction, vocabulary: Vocabulary, roster: Roster, state: past.PoolState) -> Source:
    return Source(
        circle=roster.circle,
        name=roster.charter.name,
        members=len(roster.members),
        k=roster.charter.small_number_threshold,
        pool_digest=state.digest,
        policy_digest=past.policy_digest(tx, roster, vocabulary),
    )


def _at(tx: Transaction, as_of: AsOf | None, now: Timestamp) -> AsOf:
    last, today = statements.last_seq(tx), day_of(now)
    if as_of is None:
        return AsOf(last, today)
    if as_of.position > last or as_of.day > today:
        raise HanseError(
            Code.INVALID,
            "this node has not come to that state yet.",
            remedy="Positions are numbered by each node for itself: compute it at the node that made the briefing.",
        )
    return as_of


def _is_stored(tx: Transaction, circle: CircleId, at: AsOf, audience: Audience, now: Timestamp) -> bool:
    present = at == AsOf(statements.last_seq(tx), day_of(now)) and audience == "institution"
    return present and dashboard.is_current(tx, circle, at.day)


def _takes_long(circle: CircleId, month: Month, at: AsOf) -> HanseError:
    about = first_day(month).isoformat()[:7]
    return HanseError(
        Code.CONFLICT,
        "this briefing has to be computed from the statements, which takes longer than a page may.",
        remedy=f"Run `hanse briefing {circle} --month {about} --as-of {at}` at the node, or ask for the present state "
        "when the signals of today are computed.",
    )


def _by_movement(reading: Reading) -> tuple[int, str, str, str]:
    return abs(reading.moved_30_ppm), reading.subject, reading.indicator, reading.scope


def _by_tension(tension: Tension) -> tuple[int, str, str, str]:
    return tension.tension_ppm, tension.subject, tension.group, tension.scope
