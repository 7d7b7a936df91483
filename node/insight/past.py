"""The pool as it stood at an earlier state: what it takes to compute a figure a second time.

A state is how many entries of each log of a circle are looked at. It is named by a position in this node's feed, from
which the sizes follow, and by a digest over every log's size and Merkle root, which is the same in every node that
holds the same entries. What was corrected or retracted behind the state stands here as it stood then; what has been
erased since cannot be had again, and is missing. Trust, membership and what is void are this node's policy of today:
its digest (:func:`policy_digest`) says whether it is the same as then.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Final, TypeAlias

import msgspec

from node.domain.circles import Roster
from node.domain.insight import StoredSignal
from node.domain.statements import Claim, StoredStatement
from node.insight.handling import Audience, may_go
from node.insight.movement import History, histories, movement
from node.insight.opinions import Trust, fused, is_listed, policy, read_opinions
from node.insight.refresh import BATCH, statements_of
from node.storage import ledger as logs
from node.storage import membership, past
from node.storage import trust as policies
from node.storage.database import Transaction
from protocol.identifiers import KeyId, StatementId, SubjectId
from protocol.merkle import tiles
from protocol.merkle.proofs import root_at
from protocol.opinions import OnClaim, Standing
from protocol.statements import FindingBody, ResponseBody, Timestamp
from protocol.vocabulary import Vocabulary

Told: TypeAlias = Callable[[int, int], None]
"""Hears how many claims of how many are done."""
_NOBODY: Final[OnClaim[StoredStatement]] = OnClaim((), ())


@dataclass(frozen=True, slots=True)
class PoolState:
    """How far each log of one circle is read."""

    position: int
    """In this node's feed: the last statement that counts."""
    sizes: Mapping[KeyId, int]
    digest: str
    """SHA-256 in hexadecimal over lines of ``log size root`` in the order of the logs: the same in other nodes."""


@dataclass(frozen=True, slots=True)
class PastClaim:
    """One claim at an earlier state, on a day."""

    claim: Claim
    findings: tuple[Standing, ...]
    signal: StoredSignal | None
    """None where nothing is an opinion, or where the vocabulary does not know the indicator."""
    left_out: int
    """Live statements whose handling does not permit the audience."""


def state_of(tx: Transaction, roster: Roster, position: int) -> PoolState:
    """The state of a circle after the statement at this position."""
    sizes: dict[KeyId, int] = {}
    lines = []
    for log in sorted(logs.list_logs(tx, roster.circle), key=lambda each: each.contributor):
        size = past.size_at(tx, log, position)
        if size:
            root = root_at(size, tiles.reader(logs.tile_fetch(tx, log), size))
            sizes[log.contributor] = size
            lines.append(f"{log.contributor} {size} {root.hex()}\n")
    return PoolState(position, sizes, sha256("".join(lines).encode()).hexdigest())


def policy_digest(tx: Transaction, roster: Roster, vocabulary: Vocabulary) -> str:
    """SHA-256 over all that this node brings to a reading: trust, voices, what is void, threshold, vocabulary."""
    cuts = membership.cuts(tx, roster.circle)
    parts = {
        "cuts": sorted((key, cut.void_from, cut.closed_from) for key, cut in cuts.items()),
        "k": roster.charter.small_number_threshold,
        "trust": sorted(policies.weights(tx, roster.circle).items()),
        "vocabulary": vocabulary.version,
        "voices": sorted((key, roster.voice(key), roster.order(key)) for key in roster.lines),
    }
    return sha256(msgspec.json.encode(parts)).hexdigest()


def read(  # noqa: PLR0913 - what a state is read with
    tx: Transaction,
    vocabulary: Vocabulary,
    roster: Roster,
    state: PoolState,
    day: date,
    now: Timestamp,
    *,
    audience: Audience = "institution",
    subject: SubjectId | None = None,
    told: Told | None = None,
) -> Iterator[PastClaim]:
    """Every claim of a circle, or of one subject in it, at this state and on this day, some at a time.

    ``now`` is the moment of reading: it decides nothing, because everything that was held is read.
    """
    trust = policy(tx)
    claims = _claims(tx, roster, state, subject)
    for start in range(0, len(claims), BATCH):
        if told is not None:
            told(start, len(claims))
        some = claims[start : start + BATCH]
        held = {each.claim: each for each in statements_of(tx, some, now)}
        pairs = [(claim, held.get(claim, _NOBODY)) for claim in some]
        for claim, history in histories(tx, pairs, now).items():
            yield _read(replace(history, sizes=state.sizes), claim, vocabulary, roster, trust, day, audience)


def _read(
    history: History, claim: Claim, vocabulary: Vocabulary, roster: Roster, trust: Trust, day: date, audience: Audience
) -> PastClaim:
    then, left_out = history.on(day), 0
    kept_back = [each for each in (*then.findings, *then.responses) if each.counts and not _may_go(each, audience)]
    if kept_back or audience != "institution":
        left_out, names = len(kept_back), {each.name for each in kept_back}
        history = replace(
            history,
            findings=_without(history.findings, names, audience),
            responses=_without(history.responses, names, audience),
        )
        then = history.on(day)
    signal = None
    if is_listed(claim.indicator, vocabulary):
        opinions = read_opinions(then, claim.circle, vocabulary, roster, trust)
        if opinions:
            reading = fused(opinions, claim, vocabulary, roster, today=day)
            moved = movement(history, opinions, reading, vocabulary, roster, trust, today=day)
            live = sum(finding.counts for finding in then.findings)
            signal = StoredSignal(claim, day, reading, live, moved)
    return PastClaim(claim, tuple(then.findings), signal, left_out)


def _may_go(standing: Standing, audience: Audience) -> bool:
    body = standing.body
    return not isinstance(body, FindingBody | ResponseBody) or may_go(body.handling, audience)


def _without(
    some: Iterable[StoredStatement], names: set[tuple[KeyId, StatementId]], audience: Audience
) -> tuple[StoredStatement, ...]:
    return tuple(each for each in some if each.name not in names and _may_go(each, audience))


def _claims(tx: Transaction, roster: Roster, state: PoolState, subject: SubjectId | None) -> Sequence[Claim]:
    """Those on which a finding stands now, and those that one has left since the state."""
    claims = set(past.claims_of(tx, roster.circle, subject))
    claims.update(past.left_since(tx, roster.circle, state.position))
    return sorted(claim for claim in claims if subject is None or claim.subject == subject)
