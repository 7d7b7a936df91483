"""What a search for a person's name finds in this node."""

from dataclasses import dataclass, field
from typing import Final

MAX_REPLACEMENT_CHARACTERS: Final = 200
"""Words that are put in the place of others: another spelling of a name, or what the person asked for."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One place that holds the words of a name. Not every place means that person: somebody has to look."""

    table: str
    column: str
    key: str
    """The row's own key, its parts joined by ``/``."""
    path: str
    """The page where it is read and changed, or empty."""
    excerpt: str = field(repr=False)
    """The words with what stands around them."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """One sealed text in which words stand, or stood."""

    table: str
    column: str
    key: str
    times: int
