"""Counts for coordinators, kept up with the signals.

Whatever changes how a finding stands marks its claim (:mod:`node.insight.refresh`), so here a claim that is computed
again takes back what it gave to the counts and gives what it gives now. A claim whose part is the same, as nearly all
are on a new day, writes nothing. The result is a pure function of the statements: a rebuild gives equal rows.

The parts are pure functions: what one claim gives (:func:`tally_of`), what a set of claims gives together
(:func:`counts_of`), and where a concern and an assurance stand against each other (:func:`tensions_of`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from node.clock import day_of
from node.domain.dashboard import ALL, Counts, Month, Side, SubjectsKey, Tallied, Tally, Tension, month_of
from node.domain.statements import Claim, StoredStatement
from node.insight.opinions import ClaimStatements
from node.storage import dashboard
from node.storage.database import Transaction
from protocol.identifiers import CircleId, KeyId, SubjectId, VocabularyCode
from protocol.opinions import Standing
from protocol.statements import FindingBody
from protocol.vocabulary import Vocabulary

LIKELY_PPM: Final = 550_000
"""From here on the scale of ICD 203 says "likely"."""
_SIDES: Final[tuple[Side, ...]] = ("concern", "assurance", "context")

Expected = Mapping[Claim, int]
"""Claims that have a signal, each with its expected probability in millionths."""


def reconcile(
    tx: Transaction, vocabulary: Vocabulary, claims: Sequence[Claim], held: Iterable[ClaimStatements]
) -> None:
    """Bring the counts to what these claims hold now; their signals have been stored before.

    Locks the circles in their order, so that two processes wait for each other in one direction only.
    """
    found = {each.claim: tally_of(each.claim, each.findings, vocabulary) for each in held}
    for circle, group in groupby(sorted(claims), key=lambda claim: claim.circle):
        some = list(group)
        subjects = sorted({claim.subject for claim in some})
        # Two who count one subject at once would both count it as new: the second reads behind this lock.
        dashboard.lock(tx, circle)
        before = dashboard.tallies_of(tx, circle, subjects)
        after = dict(before)
        for claim in some:
            now = found.get(claim)
            if now is None:
                after.pop(claim, None)
            else:
                after[claim] = now
        if before != after:
            dashboard.add(tx, _difference(counts_of(before), counts_of(after)))
            dashboard.put_tallies(tx, {c: t for c, t in after.items() if before.get(c) != t})
            dashboard.drop_tallies(tx, [claim for claim in before if claim not in after])
        _reconcile_tensions(tx, vocabulary, circle, subjects)


def forget(tx: Transaction) -> None:
    """Forget every count, before all claims are computed again."""
    dashboard.forget(tx)


def tally_of(claim: Claim, findings: Iterable[Standing], vocabulary: Vocabulary) -> Tally | None:
    """What the findings on one claim give to the counts; nothing where all of them are void."""
    stated: Counter[tuple[KeyId, Month, Month]] = Counter()
    live: Counter[tuple[KeyId, Month, Month]] = Counter()
    for finding in findings:
        if finding.state == "void" or not isinstance(finding.body, FindingBody):
            continue
        place = (
            finding.shown if isinstance(finding, StoredStatement) else finding.contributor,
            month_of(day_of(finding.statement.iat)),
            month_of(finding.body.observed.end),
        )
        stated[place] += 1
        live[place] += finding.counts
    if not stated:
        return None
    known = vocabulary.indicators.get(claim.indicator)
    return Tally(
        group=ALL if known is None else known.group,
        side="unlisted" if known is None else known.polarity,
        entries=tuple(Tallied(*place, stated[place], live[place]) for place in sorted(stated)),
    )


def counts_of(tallies: Mapping[Claim, Tally]) -> Counts:
    """What these claims give together. For subjects to be counted once, all claims of a subject are among them."""
    counts = Counts()
    sides: dict[tuple[SubjectsKey, SubjectId], set[Side]] = {}
    for claim, tally in tallies.items():
        for entry in tally.entries:
            for scope in (claim.scope, ALL):
                place = (claim.circle, scope, entry.issued, entry.contributor, tally.group, tally.side)
                stated, live = counts.contributions.get(place, (0, 0))
                counts.contributions[place] = (stated + entry.stated, live + entry.live)
            covered = (claim.circle, claim.scope, tally.group, tally.side, entry.seen)
            stated, live = counts.coverage.get(covered, (0, 0))
            counts.coverage[covered] = (stated + entry.stated, live + entry.live)
        if tally.live:
            for scope in (claim.scope, ALL):
                for group in {tally.group, ALL}:
                    sides.setdefault(((claim.circle, scope, group), claim.subject), set()).add(tally.side)
    for (key, _), seen in sides.items():
        least = counts.subjects.get(key, (0, 0, 0, 0))
        concerns, assurances, context = (side in seen for side in _SIDES)
        counts.subjects[key] = (least[0] + 1, least[1] + concerns, least[2] + assurances, least[3] + context)
    return counts


def tensions_of(expected: Expected, vocabulary: Vocabulary) -> list[Tension]:
    """Where a concern and an assurance of one group both read likely or more, of one subject and in one scope.

    Of several, the likeliest; of equally likely ones the first in the order of codes.
    """
    best: dict[tuple[CircleId, SubjectId, VocabularyCode, VocabularyCode], dict[Side, tuple[int, VocabularyCode]]] = {}
    for claim in sorted(expected):
        known = vocabulary.indicators.get(claim.indicator)
        if known is None or expected[claim] < LIKELY_PPM:
            continue
        place = best.setdefault((claim.circle, claim.subject, known.group, claim.scope), {})
        if expected[claim] > place.get(known.polarity, (0, ""))[0]:
            place[known.polarity] = (expected[claim], claim.indicator)
    found = []
    for (circle, subject, group, scope), sides in best.items():
        if "concern" in sides and "assurance" in sides:
            (concern_ppm, concern), (assurance_ppm, assurance) = sides["concern"], sides["assurance"]
            found.append(Tension(circle, subject, group, scope, concern, concern_ppm, assurance, assurance_ppm))
    return found


def _reconcile_tensions(
    tx: Transaction, vocabulary: Vocabulary, circle: CircleId, subjects: Sequence[SubjectId]
) -> None:
    expected = dashboard.expected_of(tx, circle, subjects, at_least=LIKELY_PPM)
    before = set(dashboard.tensions_of(tx, circle, subjects))
    after = set(tensions_of(expected, vocabulary))
    places = {(each.subject, each.group, each.scope) for each in after}
    dashboard.drop_tensions(tx, [each for each in before if (each.subject, each.group, each.scope) not in places])
    dashboard.put_tensions(tx, after - before)


def _difference(before: Counts, after: Counts) -> Counts:
    """What brings the one to the other."""
    change = Counts()
    for key in before.contributions.keys() | after.contributions.keys():
        two = _minus(after.contributions.get(key, (0, 0)), before.contributions.get(key, (0, 0)))
        if any(two):
            change.contributions[key] = (two[0], two[1])
    for covered in before.coverage.keys() | after.coverage.keys():
        two = _minus(after.coverage.get(covered, (0, 0)), before.coverage.get(covered, (0, 0)))
        if any(two):
            change.coverage[covered] = (two[0], two[1])
    for place in before.subjects.keys() | after.subjects.keys():
        four = _minus(after.subjects.get(place, (0, 0, 0, 0)), before.subjects.get(place, (0, 0, 0, 0)))
        if any(four):
            change.subjects[place] = (four[0], four[1], four[2], four[3])
    return change


def _minus(one: Sequence[int], other: Sequence[int]) -> list[int]:
    return [a - b for a, b in zip(one, other, strict=True)]
