"""What needs one person today: the form in which every part of the pages tells the overview of it.

A part offers ``needs(visit, tx)`` and one line in :data:`node.web.home.ASKED`. It asks for what the visitor's roles
permit and for nothing else, with one bounded query, and returns nothing where nothing waits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from node.storage.database import Transaction
from node.web.visits import Visit

MAX_ITEMS: Final = 6
"""Lines under one need; whoever has more of them waiting opens the list."""


@dataclass(frozen=True, slots=True)
class Item:
    """One of the things that wait, with where it is dealt with."""

    title: str = field(repr=False)
    path: str
    meta: str = ""
    """Since when, until when, from whom: a few words."""


@dataclass(frozen=True, slots=True)
class Need:
    """One kind of thing that waits."""

    words: str
    """A whole sentence without its full stop, which says how many: ``Two drafts wait for your approval``."""
    path: str
    """The list of all of them."""
    count: int = 1
    items: tuple[Item, ...] = ()
    """The first :data:`MAX_ITEMS` of them, most urgent first; may be empty."""


Ask: TypeAlias = Callable[[Visit, Transaction], Sequence[Need]]
"""What one part of the pages is asked for."""
