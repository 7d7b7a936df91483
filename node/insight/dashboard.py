"""The dashboard of a circle: where the pool agrees, disagrees, moves, ages and is blind.

Reads what is kept up with the signals (:mod:`node.insight.tallies`, :mod:`node.insight.signals`), so it costs the same
in a pool of a million findings. Concerns and assurances have lists of equal length and are never summed into one.
Contributors are pseudonyms, the exchange is shown in counts, and no country is an input or an output.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from node.clock import day_of
from node.domain.circles import Roster
from node.domain.dashboard import (
    ALL,
    Board,
    BoardFilter,
    Contribution,
    Exchange,
    Month,
    SubjectCounts,
    Tension,
    TensionLine,
    month_of,
)
from node.domain.insight import SignalFilter, SignalLine, SignalOrder
from node.insight.signals import indicators_of, listed
from node.storage import bylines, circles, dashboard, forks, peers
from node.storage import subjects as registry
from node.storage.database import Transaction
from protocol.decay import PPM
from protocol.identifiers import CircleId, KeyId, Pseudonym, SubjectId
from protocol.pseudonyms import pseudonym
from protocol.statements import Timestamp
from protocol.vocabulary import Polarity, Vocabulary

LINES: Final = 6
"""Readings in each list: what is read in a minute; behind it is the whole list of signals."""
MONTHS: Final = 24
"""Of contributions: two years, so that a season can be told from a trend."""
FRESH_MONTHS: Final = 12
"""Evidence of the last twelve months counts as fresh here: less than most half-lives, and a whole academic year."""
MIN_SHIFT_PPM: Final = PPM // 50
"""A reading has moved from two hundredths on; less is what evidence loses by growing a month older."""
CONTESTED_PPM: Final = 2 * PPM // 5
"""Conflict from which a reading is contested: at least a fifth of the counted evidence is on the lesser side."""
_TWO: Final = 2


def board(tx: Transaction, vocabulary: Vocabulary, circle: CircleId, filters: BoardFilter, now: Timestamp) -> Board:
    """The dashboard on the day of ``now``, as true as the last refresh of the signals.

    Raises ``NO_SUCH_MEMBER`` for a circle that we are not in, ``INVALID`` for a code that the vocabulary does not know.
    """
    roster, today = circles.get_roster(tx, circle), day_of(now)
    last = month_of(today)
    months = tuple(Month(last - back) for back in reversed(range(MONTHS)))
    given = dashboard.contributions(
        tx, circle, since=months[0], scope=filters.scope or ALL, group=filters.group, side=filters.side
    )
    covered = dashboard.coverage(
        tx,
        circle,
        fresh_since=Month(last - FRESH_MONTHS),
        scope=filters.scope,
        group=filters.group,
        side=filters.side,
    )
    by_group = dashboard.subjects_by_group(tx, circle, scope=filters.scope or ALL)
    order: SignalOrder = "moved-30" if filters.days == 30 else "moved-90"  # noqa: PLR2004 - a day is a day
    return Board(
        circle=circle,
        name=roster.charter.name,
        as_of=today,
        k=roster.charter.small_number_threshold,
        members=len(roster.members),
        filters=filters,
        subjects=dashboard.subject_counts(tx, circle, scope=filters.scope or ALL, group=filters.group or ALL),
        subjects_by_group={
            group: by_group.get(group, SubjectCounts()) for group in vocabulary.groups if filters.group in {None, group}
        },
        moved_concerns=_lines(tx, vocabulary, circle, filters, order, "concern", now),
        moved_assurances=_lines(tx, vocabulary, circle, filters, order, "assurance", now),
        moved_context=_lines(tx, vocabulary, circle, filters, order, "context", now),
        contested=_contested(tx, vocabulary, circle, filters, now),
        tensions=() if filters.side else _tensions(tx, vocabulary, circle, filters),
        coverage=tuple(covered),
        contributions=tuple(given),
        pseudonyms=_pseudonyms(tx, roster, given),
        months=months,
        exchange=exchange(tx, roster),
    )


def exchange(tx: Transaction, roster: Roster) -> Exchange:
    """How the exchange in one circle goes, in counts alone."""
    others = {member.contributor for member in roster.others}
    known = {each.contributor: each for each in peers.list_peers(tx) if each.circle == roster.circle}
    held = peers.held_sizes(tx, roster.circle)
    announced: dict[KeyId, int] = {}
    for hint in peers.list_hints(tx):
        if hint.circle == roster.circle:
            announced[hint.log] = max(announced.get(hint.log, 0), hint.size)
    hinted = sum(max(0, size - held.get(log, 0)) for log, size in announced.items())
    told = max((each.lag for key, each in known.items() if key in others), default=0)
    return Exchange(
        members=len(others),
        silent=sum(bool(known[key].failures) for key in others & known.keys()),
        never=sum(key not in known or known[key].last_success is None for key in others),
        behind=max(hinted, told),
        unreadable=tuple(dashboard.unreadable(tx, roster.circle)),
        forked=len(forks.list_forks(tx, roster.circle)),
    )


def tension_lines(tx: Transaction, vocabulary: Vocabulary, tensions: Iterable[Tension]) -> tuple[TensionLine, ...]:
    """Tensions in words; ``tensions`` are under indicators that the vocabulary knows."""
    found = list(tensions)
    labels = registry.labels(tx, sorted({each.subject for each in found}))
    return tuple(_tension_line(each, vocabulary, labels) for each in found)


def _tension_line(tension: Tension, vocabulary: Vocabulary, labels: Mapping[SubjectId, str]) -> TensionLine:
    return TensionLine(
        tension=tension,
        label=labels.get(tension.subject, tension.subject),
        group=vocabulary.groups[tension.group].label,
        scope=vocabulary.scope_label(tension.scope),
        concern=vocabulary.indicators[tension.concern].label,
        assurance=vocabulary.indicators[tension.assurance].label,
    )


def _tensions(
    tx: Transaction, vocabulary: Vocabulary, circle: CircleId, filters: BoardFilter
) -> tuple[TensionLine, ...]:
    found = dashboard.strongest_tensions(tx, circle, limit=LINES, group=filters.group, scope=filters.scope)
    known = [each for each in found if {each.concern, each.assurance} <= vocabulary.indicators.keys()]
    return tension_lines(tx, vocabulary, known)


def _lines(
    tx: Transaction,
    vocabulary: Vocabulary,
    circle: CircleId,
    filters: BoardFilter,
    order: SignalOrder,
    polarity: Polarity,
    now: Timestamp,
) -> tuple[SignalLine, ...]:
    if filters.side not in {None, polarity}:
        return ()
    chosen = SignalFilter(
        indicators=indicators_of(vocabulary, group=filters.group, indicator=None, polarity=polarity),
        min_shift_ppm=MIN_SHIFT_PPM,
        scope=filters.scope,
    )
    return listed(tx, vocabulary, chosen, circle=circle, order=order, limit=LINES, now=now).items


def _contested(
    tx: Transaction, vocabulary: Vocabulary, circle: CircleId, filters: BoardFilter, now: Timestamp
) -> tuple[SignalLine, ...]:
    chosen = SignalFilter(
        indicators=indicators_of(vocabulary, group=filters.group, indicator=None, polarity=filters.side),
        min_contributors=_TWO,
        min_conflict_ppm=CONTESTED_PPM,
        scope=filters.scope,
    )
    return listed(tx, vocabulary, chosen, circle=circle, order="contributors", limit=LINES, now=now).items


def _pseudonyms(tx: Transaction, roster: Roster, given: Iterable[Contribution]) -> dict[KeyId, Pseudonym | str]:
    """Of whoever stated something or could; an institution's name for what it has signed that to."""
    keys = {each.contributor for each in given} | roster.members.keys()
    names = {key: name for (circle, key), name in bylines.names(tx).items() if circle == roster.circle}
    return {key: names.get(key) or pseudonym(roster.circle, key) for key in sorted(keys)}
