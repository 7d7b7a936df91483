"""Who is a member, computed anew from everything that is held, and what that does to the logs.

The rules are :mod:`protocol.membership`; here they are applied to what the database holds, in the transaction that
brought the news. So the stored roster is at every moment the one that follows from the stored entries, whatever
came first, and a crash leaves both as they were.

A roster that changes may void what a log says from some index on, or put a key epoch behind another. Then that log is
read again, and the claims on which its voice has spoken are to be computed again.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from node.domain.circles import Basis
from node.ledger.reproject import read_again
from node.storage import circles
from node.storage import ledger as logs
from node.storage import membership as storage
from node.storage import projection as rows
from node.storage.circles import StoredLine
from node.storage.database import Transaction
from protocol.circles import Charter
from protocol.fork import ForkPoint
from protocol.identifiers import CircleId, KeyId
from protocol.keys import PublicKey
from protocol.membership import (
    ByCharter,
    ByEndorsement,
    ByRotation,
    Endorses,
    Fact,
    Leaves,
    Line,
    Membership,
    Removes,
    Rotates,
    membership,
)
from protocol.projection import WHOLE, ClaimKey, Cut
from protocol.statements import Endorsement, Key, Leave, Removal, Timestamp

_Lines: TypeAlias = Mapping[KeyId, StoredLine]
_NEVER: Final = 1 << 53
"""Behind the end of any log."""
NOBODYS: Final = Cut(void_from=0)
"""Of the log of a key that is no member's any more: a fork of another log has undone what had admitted it."""


def compute(tx: Transaction, circle: CircleId, charter: Charter) -> Membership:
    """The membership of a circle by everything that is held of it."""
    facts: list[Fact] = []
    for fact in storage.facts(tx, circle):
        by, index = fact.contributor, fact.index
        match fact.statement:
            case Endorsement(body=vouched):
                facts.append(Endorses(by, index, vouched.card.encode("ascii")))
            case Key(body=change):
                facts.append(Rotates(by, index, change.card.encode("ascii")))
            case Removal(body=vote):
                facts.append(Removes(by, index, vote.target, vote.from_index))
            case Leave():
                facts.append(Leaves(by, index))
            case _:  # no other kind is stored as a fact
                continue
    forks = storage.fork_points(tx, circle)
    facts += [ForkPoint(contributor, index) for contributor, index in forks.items()]
    return membership(charter, facts)


def recompute(tx: Transaction, circle: CircleId, now: Timestamp) -> set[ClaimKey]:
    """Bring roster and cuts to what is held now; the claims that this touches, for the caller to mark.

    Called in the transaction that stores a statement about membership or a fork, and in the one that joins. The
    caller has taken no mark on a claim yet.
    """
    rows.lock_feed(tx)
    charter = circles.lock(tx, circle).charter
    before = circles.stored_lines(tx, circle)
    found = compute(tx, circle, charter)
    after = {line.founder.key_id: line for line in stored(charter, found)}
    if list(before.values()) != list(after.values()):
        circles.put_roster(tx, circle, after.values())
    _follow_own(tx, circle, found, now)
    known = storage.cuts(tx, circle)
    cuts = {key: line.cut for key, line in found.lines.items() if line.cut != WHOLE}
    cuts |= dict.fromkeys((before.keys() | known.keys() | _held(tx, circle)) - found.lines.keys(), NOBODYS)
    moved = {key: cuts.get(key, WHOLE) for key in cuts.keys() | known.keys() if cuts.get(key) != known.get(key)}
    storage.put_cuts(tx, circle, moved)
    claims: set[ClaimKey] = set()
    for key, cut in sorted(moved.items()):
        claims |= _reread(tx, circle, key, found, known.get(key, WHOLE), cut, now)
    touched = _touched(before, after) | moved.keys()
    return claims | rows.claims_of(tx, circle, touched)


def _held(tx: Transaction, circle: CircleId) -> set[KeyId]:
    return {contributor for at, contributor in logs.list_names(tx) if at == circle}


def refresh_roster(tx: Transaction, circle: CircleId, now: Timestamp) -> None:
    """As :func:`recompute`, and marks the claims: for whoever has stored a fork, or has just joined."""
    rows.mark_dirty(tx, circle, recompute(tx, circle, now))


def stored(charter: Charter, found: Membership) -> list[StoredLine]:
    """The lines as they are kept, in an order in which each follows from those before it.

    So a receiver that is sent the logs in this order knows whose a log is before it comes.
    """
    places = _places(found)
    return [
        StoredLine(
            founder=line.founder,
            basis=_basis(line),
            status=line.status,
            place=places[key],
            endorsers=line.basis.identities if isinstance(line.basis, ByEndorsement) else (),
            rotated_from=line.basis.predecessor if isinstance(line.basis, ByRotation) else None,
            void_from=line.cut.void_from,
            superseded_by=line.superseded_by,
            removed_by=tuple(line.removal_votes) if line.status == "removed" else (),
        )
        for key, line in _in_order(charter, found)
    ]


def _places(found: Membership) -> dict[KeyId, int]:
    """Of each key among those of its identity: small numbers that do not move when others join the circle."""
    by_voice: dict[KeyId, list[KeyId]] = {}
    for key, line in found.lines.items():
        by_voice.setdefault(line.identity, []).append(key)
    return {key: place for keys in by_voice.values() for place, key in enumerate(sorted(keys, key=found.order))}


def _in_order(charter: Charter, found: Membership) -> Iterable[tuple[KeyId, Line]]:
    """Every line after those that it follows from, in one pass: a chain of keys may be long."""
    waits = {key: _awaited(line, charter.endorsement_quorum) for key, line in found.lines.items()}
    followers: dict[_Name, list[KeyId]] = {}
    for key, (names, _) in waits.items():
        for name in names:
            followers.setdefault(name, []).append(key)
    missing = {key: count for key, (_, count) in waits.items()}
    ready = deque(key for key, count in missing.items() if not count)
    known: set[_Name] = set()
    left = dict(found.lines)
    while left:
        key = ready.popleft() if ready else next(iter(left))  # none is ready only where two name each other
        if key not in left:
            continue
        line = left.pop(key)
        yield key, line
        for name in {_Name("key", key), _Name("voice", line.identity)} - known:
            known.add(name)
            for follower in followers.get(name, ()):
                missing[follower] -= 1
                if not missing[follower]:
                    ready.append(follower)


class _Name(NamedTuple):
    """A line by its key, or all lines of one identity."""

    kind: Literal["key", "voice"]
    id: KeyId


def _awaited(line: Line, endorsement_quorum: int) -> tuple[list[_Name], int]:
    """What a line follows from, and how much of it is enough."""
    match line.basis:
        case ByCharter():
            return [], 0
        case ByRotation(predecessor=predecessor):
            return [_Name("key", predecessor)], 1
        case ByEndorsement(identities=identities):
            return [_Name("voice", each) for each in identities], endorsement_quorum


def _basis(line: Line) -> Basis:
    match line.basis:
        case ByCharter():
            return "founder"
        case ByEndorsement():
            return "endorsed"
        case ByRotation():
            return "rotated"


def _follow_own(tx: Transaction, circle: CircleId, found: Membership, now: Timestamp) -> None:
    """Our newest key is the one at the end of our own chain: also where a restored log told us of it.

    Whoever has stolen our keys may have made a ring of the chain. It has no end, and we stay where we are.
    """
    stored_own = circles.newest_own_key(tx, circle)
    own, passed = stored_own, {stored_own}
    while own in found.lines and (successor := found.lines[own].superseded_by) is not None:
        if successor in passed:
            return
        passed.add(successor)
        own = successor
    if own != stored_own:
        circles.add_own_key(tx, circle, own, now)


def _reread(
    tx: Transaction, circle: CircleId, key: KeyId, found: Membership, old: Cut, new: Cut, now: Timestamp
) -> set[ClaimKey]:
    """Read a log again where something that acts on other entries stands between two places of its cut."""
    log = logs.find_log(tx, circle, key)
    line = found.lines.get(key)
    if log is None or line is None:
        return set()
    ends = {_NEVER if at is None else at for at in (old.void_from, new.void_from)}
    if len(ends) == 1 or not rows.acts_between(tx, log, min(ends), max(ends)):
        return set()
    return read_again(tx, log, PublicKey.decode(line.founder.contributor_key), now).claims


def _touched(before: _Lines, after: _Lines) -> set[KeyId]:
    """The keys of voices that have several, where one of them came, went, or changed its place or its state."""
    voices: dict[str, set[KeyId]] = {}
    for lines in (before, after):
        for key, line in lines.items():
            voices.setdefault(line.founder.identity_key, set()).add(key)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    return {key for keys in voices.values() if len(keys) > 1 and keys & changed for key in keys}
