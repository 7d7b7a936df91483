"""What an all-seeing reader knows: everything that was ever written under a key, and what its author has promised.

A key in one node's hands signs one history. A second machine with the same key, or a restored backup that went on
without asking, signs another one; then the log has a true fork point, which the nodes have to find by themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from protocol.identifiers import KeyId

Entries = Sequence[bytes]


@dataclass(slots=True)
class Truth:
    """By log."""

    histories: dict[KeyId, list[list[bytes]]] = field(default_factory=dict)
    """None of them is the beginning of another; one, unless the log is forked."""
    promised: dict[KeyId, list[bytes]] = field(default_factory=dict)
    """What the author has acknowledged: it must never be lost."""
    authors: dict[KeyId, str] = field(default_factory=dict)

    def write(self, log: KeyId, entries: Entries) -> None:
        """Somebody with this key holds these entries, from the first on, signed."""
        known = self.histories.setdefault(log, [])
        if any(starts_with(each, entries) for each in known):
            return
        self.histories[log] = [each for each in known if not starts_with(entries, each)] + [list(entries)]

    def promise(self, author: str, log: KeyId, entries: Entries) -> None:
        """The author of this log has committed these entries."""
        self.authors[log] = author
        self.write(log, entries)
        if starts_with(entries, self.promised.get(log, [])):
            self.promised[log] = list(entries)

    def forget(self, log: KeyId, size: int) -> None:
        """What nobody holds any more was lost with a disk."""
        if log not in self.promised:
            return
        del self.promised[log][size:]
        if len(self.histories[log]) == 1:
            self.histories[log] = [list(self.promised[log])]

    def is_written(self, log: KeyId, entries: Entries) -> bool:
        """Whether somebody with the key wrote this beginning of a log."""
        return not entries or any(starts_with(each, entries) for each in self.histories.get(log, []))

    def fork_point(self, log: KeyId) -> int | None:
        """The first entry in which two histories differ; none where there is one history."""
        pairs = combinations(self.histories.get(log, []), 2)
        return min((_common(left, right) for left, right in pairs), default=None)

    def kept(self, log: KeyId) -> list[bytes]:
        """What of the promised entries must be held by everybody: all, or what precedes the fork."""
        return self.promised.get(log, [])[: self.fork_point(log)]


def starts_with(entries: Entries, beginning: Entries) -> bool:
    """Whether one list is the beginning of another, or all of it."""
    return len(beginning) <= len(entries) and list(entries[: len(beginning)]) == list(beginning)


def _common(left: Entries, right: Entries) -> int:
    for index, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return index
    return min(len(left), len(right))
