"""Keeping signals true: recompute the claims that something touched, and those that a day has passed over.

Reconciliation: whatever changes a statement marks its claim in the same transaction; here the marks are taken
and the signals computed again from all statements, in one transaction too. A crash between the two is repaired
by the next round. The result does not depend on the order of arrival: :func:`rebuild` gives the same bytes.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Final

from node.clock import day_of
from node.domain.insight import StoredSignal
from node.domain.statements import Claim, StoredStatement
from node.domain.subjects import Organisation
from node.insight import tallies
from node.insight.movement import histories, movement
from node.insight.opinions import ClaimStatements, by_claim, fused, is_listed, policy, read_opinions
from node.storage import circles, insight, naming, projection, statements
from node.storage import subjects as registry
from node.storage.database import Database, Transaction
from protocol.identifiers import CircleId, SubjectId
from protocol.statements import FindingBody, Timestamp
from protocol.vocabulary import Vocabulary

BATCH: Final = 2_000
"""Claims recomputed in one transaction: about a second of work, during which SQLite has no other writer."""


def refresh(tx: Transaction, vocabulary: Vocabulary, now: Timestamp, *, limit: int = BATCH) -> int:
    """Recompute the signals of at most ``limit`` touched claims; how many that were.

    Takes marks and never makes one: whoever held marks that others want and waited for theirs could wait for ever.
    """
    claims = statements.take_dirty_claims(tx, limit)
    labels = _recompute(tx, vocabulary, claims, now)
    registry.notice(tx, [*labels.values(), *naming.take_names(tx, now)])
    return len(claims)


def freshen(database: Database, vocabulary: Vocabulary, now: Timestamp, *, limit: int = BATCH) -> int:
    """Recompute at most ``limit`` signals: touched claims first, then those of an earlier day.

    Returns how many were looked at; fewer than ``limit`` means that none is left. What time alone has touched is
    marked in transactions of its own, each in the one order in which everybody marks, and committed before any
    mark is taken. So publishers and workers on PostgreSQL wait for each other in one direction only.
    """
    while True:
        with database.write() as tx:
            if not projection.sweep_expired(tx, now):
                break
    with database.write() as tx:
        done = refresh(tx, vocabulary, now, limit=limit)
    if done < limit:
        with database.write() as tx:
            aged = _mark_aged(tx, now, limit - done)
        if aged:
            with database.write() as tx:
                done += refresh(tx, vocabulary, now, limit=limit - done)
    return done


def catch_up(database: Database, vocabulary: Vocabulary, now: Timestamp) -> int:
    """Refresh in transactions of its own until nothing is left; how many signals that were."""
    total = 0
    while True:
        done = freshen(database, vocabulary, now)
        total += done
        if done < BATCH:
            return total


def rebuild(tx: Transaction, vocabulary: Vocabulary, now: Timestamp) -> int:
    """Forget every signal and compute all of them again from the statements; how many claims that were."""
    insight.drop_all_signals(tx)
    tallies.forget(tx)
    claims = insight.all_claims(tx)
    for start in range(0, len(claims), BATCH):
        _recompute(tx, vocabulary, claims[start : start + BATCH], now)
    return len(claims)


def statements_of(tx: Transaction, claims: Iterable[Claim], now: Timestamp) -> list[ClaimStatements]:
    """All statements of these claims; a claim without findings is left out. ``claims`` are in order."""
    found: list[ClaimStatements] = []
    for circle, group in groupby(claims, key=lambda claim: claim.circle):
        wanted = set(group)
        if len(wanted) == 1:
            findings = [each for claim in wanted for each in statements.of_claim(tx, claim, now=now)]
        else:
            findings = statements.of_subjects(tx, circle, {claim.subject for claim in wanted}, now=now)
            findings = [each for each in findings if _is_on(each, wanted)]
        found += [held for held in with_responses(tx, circle, findings, now) if held.claim in wanted]
    return found


def _is_on(stored: StoredStatement, claims: Collection[Claim]) -> bool:
    body = stored.body
    if not isinstance(body, FindingBody):
        return False
    return Claim(stored.circle, body.subject.id, body.indicator, body.scope) in claims


def with_responses(
    tx: Transaction, circle: CircleId, findings: list[StoredStatement], now: Timestamp
) -> list[ClaimStatements]:
    """These findings of one circle with the responses to them, by claim."""
    targets = [(stored.contributor, stored.statement.id) for stored in findings]
    return by_claim(circle, findings, statements.responses_to(tx, circle, targets, now=now))


def _mark_aged(tx: Transaction, now: Timestamp, limit: int) -> int:
    """Mark claims whose signal was computed for an earlier day; how many.

    Marking them makes one path, and one lock, of both reasons to recompute.
    """
    aged = insight.stale_claims(tx, day_of(now), limit)
    for circle, group in groupby(sorted(aged), key=lambda claim: claim.circle):
        projection.mark_dirty(tx, circle, [claim.key for claim in group])
    return len(aged)


def _recompute(
    tx: Transaction, vocabulary: Vocabulary, claims: list[Claim], now: Timestamp
) -> dict[SubjectId, Organisation]:
    """Write the signals of these claims as they are now; what their subjects are called in them."""
    labels: dict[SubjectId, Organisation] = {}
    held = statements_of(tx, claims, now)
    for each in held:
        _note_label(each, labels)
    signals = read(tx, vocabulary, held, now)
    insight.put_signals(tx, signals)
    there = {stored.claim for stored in signals}
    insight.drop_signals(tx, [claim for claim in claims if claim not in there])
    tallies.reconcile(tx, vocabulary, claims, held)
    return labels


def read(
    tx: Transaction, vocabulary: Vocabulary, held: Sequence[ClaimStatements], now: Timestamp
) -> list[StoredSignal]:
    """The signals of these claims on the day of ``now``, with how each has moved.

    Without an opinion there is no signal: all that was said was retracted or has expired. Nor is there one under an
    indicator that the vocabulary does not know.
    """
    today, trust = day_of(now), policy(tx)
    rosters = {roster.circle: roster for roster in circles.list_rosters(tx)}
    listed = [each for each in held if is_listed(each.claim.indicator, vocabulary)]
    past = histories(tx, [(each.claim, each) for each in listed], now)
    signals = []
    for each in listed:
        claim, roster = each.claim, rosters[each.claim.circle]
        opinions = read_opinions(each, claim.circle, vocabulary, roster, trust)
        if opinions:
            signal = fused(opinions, claim, vocabulary, roster, today=today)
            moved = movement(past[claim], opinions, signal, vocabulary, roster, trust, today=today)
            live = sum(finding.counts for finding in each.findings)
            signals.append(StoredSignal(claim, today, signal, live, moved))
    return signals


def _note_label(held: ClaimStatements, labels: dict[SubjectId, Organisation]) -> None:
    """What a contributor calls a subject, so that it can be searched where no registry knows it."""
    body = held.findings[-1].body
    if isinstance(body, FindingBody) and held.findings[-1].counts:
        labels[body.subject.id] = Organisation(
            id=body.subject.id,
            label=body.subject.label,
            origin="statement",
            circle=held.claim.circle,
        )
