"""How much of one contributor's log we take in a day: what the charter allows, and no more.

A member that fills its log faster fills its own log only: its entries wait where they are, in their order, until later
days have room for them, and the logs of others are taken as ever. What is counted is what we take, by our own clock, so
two members may disagree for a day on where a log stands, and never on what stands in it.

A log that is new to us brings its past along, so it begins with the allowance of all the days for which the charter
keeps anything. From the first time that we have caught up with it, one day's allowance is the most that is saved up
while it grows; after days on which it did not grow, those days count as well, since a member that was away comes back
with all of them at once.

Logs that changes of keys connect share one quota, or a member could have another whenever it likes: each spends what
is left on all of them. Logs that were removed stand apart: the thief of a key must not use up what its victim may say
under the next one. So does a log whose key was endorsed anew.
"""

from collections.abc import Iterable

from node.domain.circles import Member, Roster
from node.domain.ledger import Allowance
from protocol.circles import Charter
from protocol.identifiers import KeyId
from protocol.statements import DAY_SECONDS, Timestamp


def first(charter: Charter, now: Timestamp) -> Allowance:
    """For a log of which we hold nothing: as much as the charter keeps."""
    return _days(charter, now // DAY_SECONDS, charter.retention_days)


def today(charter: Charter, known: Allowance, now: Timestamp) -> Allowance:
    """What may be taken now.

    A day that lies ahead was noted by a clock that has been set right since: the count begins anew, or a log would
    wait until that day has come.
    """
    day = now // DAY_SECONDS
    if day == known.day:
        return known
    if day < known.day:
        return _days(charter, day, 1)
    grown = _days(charter, day, day - known.day + 1)
    return Allowance(day, max(known.entries, grown.entries), max(known.bytes, grown.bytes))


def sharing(roster: Roster, contributor: KeyId) -> set[KeyId]:
    """The logs that share a quota with this one, itself among them."""
    line = roster.lines.get(contributor)
    found = {contributor}
    if line is None or line.status == "removed":
        return found
    for following in (_earlier, _later):
        key = following(line)
        while key is not None and key not in found and key in roster.lines:
            found.add(key)
            key = following(roster.lines[key])
    return {key for key in found if roster.lines[key].status != "removed"}


def least(charter: Charter, known: Iterable[Allowance], now: Timestamp) -> Allowance | None:
    """What is left where several logs share a quota: each notes what it has spent, so the least of them holds."""
    left = [today(charter, each, now) for each in known]
    if not left:
        return None
    return Allowance(now // DAY_SECONDS, min(each.entries for each in left), min(each.bytes for each in left))


def fitting(allowance: Allowance, lengths: list[int]) -> int:
    """How many entries of these lengths, from the first on, are within what is left."""
    left = allowance.bytes
    for count, length in enumerate(lengths[: max(0, allowance.entries)]):
        left -= length
        if left < 0:
            return count
    return min(len(lengths), max(0, allowance.entries))


def spend(charter: Charter, allowance: Allowance, lengths: list[int], *, caught_up: bool) -> Allowance:
    """What is left after taking entries of these lengths; ``caught_up``: we now hold all that we know of the log."""
    entries, size = allowance.entries - len(lengths), allowance.bytes - sum(lengths)
    if caught_up:
        one = _days(charter, allowance.day, 1)
        entries, size = min(entries, one.entries), min(size, one.bytes)
    return Allowance(allowance.day, entries, size)


def is_exhausted(charter: Charter, known: Allowance | None, now: Timestamp) -> bool:
    """Whether nothing at all may be taken of a log before another day."""
    if known is None:
        return False
    left = today(charter, known, now)
    return left.entries <= 0 or left.bytes <= 0


def _earlier(line: Member) -> KeyId | None:
    return line.rotated_from


def _later(line: Member) -> KeyId | None:
    return line.superseded_by


def _days(charter: Charter, day: int, count: int) -> Allowance:
    return Allowance(day, charter.quota_entries_per_day * count, charter.quota_bytes_per_day * count)
