"""What is new in the feed, for readers who wait: the same statements, gate and cursor as everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from node.domain.insight import StatementView
from node.domain.queries import StatementFilter
from node.insight.export import rows_of
from node.insight.handling import Audience, may_go
from node.insight.query import answered, cursor, read_cursor
from node.insight.replies import replies_of
from node.insight.search import search
from node.insight.views import view
from node.storage import statements
from node.storage.database import Transaction
from protocol.statements import Timestamp

MOST: Final = 100
"""Statements handed on at once."""


@dataclass(frozen=True, slots=True)
class News:
    """What came, with the cursor behind each; where to continue; how much the gate kept back."""

    items: Sequence[tuple[str, StatementView]]
    next: str
    more: bool
    left_out: int


def newest(tx: Transaction) -> str:
    """Where the feed ends now."""
    return cursor(statements.last_seq(tx))


def news(tx: Transaction, wanted: StatementFilter, after: str, audience: Audience, *, now: Timestamp) -> News:
    """What fits behind ``after``; cheap where nothing has come."""
    start = read_cursor(after)
    if statements.last_seq(tx) <= start:
        return News((), after, more=False, left_out=0)
    found = search(tx, wanted, after=start, limit=MOST, now=now)
    handlings = [row.handling for row in rows_of(tx, found.items)]
    replies = replies_of(tx, found.items, now)
    through = [
        (cursor(stored.seq), answered(view(stored), replies.get(stored.name, ())))
        for stored, handling in zip(found.items, handlings, strict=True)
        if may_go(handling, audience)
    ]
    return News(through, cursor(found.searched_to), found.more, len(found.items) - len(through))
