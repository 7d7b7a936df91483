"""How much of one contributor's log we take in a day: what the charter allows, and no more.

A member that fills its log faster fills its own log only: its entries wait where they are, in their order, until later
days have room for them, and the logs of others are taken as ever. What is counted is what we take, by our own clock, so
two members may disagree for a day on where a log stands, and never on what stands in it.

A log that is new to us brings its past along, so it begins with the allowance of all the days for which the charter
keeps anything. From the first time that we have caught up with it, one day's allowance is the most that is saved up
while it grows; after days on which it did not grow, those days count as well, since a member that was away comes back
with all of them at once.
"""

from node.domain.ledger import Allowance
from protocol.circles import Charter
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


def _days(charter: Charter, day: int, count: int) -> Allowance:
    return Allowance(day, charter.quota_entries_per_day * count, charter.quota_bytes_per_day * count)
