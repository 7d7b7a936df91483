"""Public lists and what publications tell: dated evidence from outside, beside what members state, never a verdict.

A list names organisations; persons on it are dropped while it is read and only counted. A listing is tied to an
organisation by an identifier that both bear, or by a person who looked; a name alone ties nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, TypeAlias

from node.domain.accounts import AccountId
from protocol.identifiers import SubjectId
from protocol.statements import Timestamp

MAX_LIST_NAME_CHARACTERS: Final = 200
MAX_ENTRY_CHARACTERS: Final = 200
"""The list's own reference of an entry."""
MAX_LISTED_NAME_CHARACTERS: Final = 500
MAX_EFFECT_CHARACTERS: Final = 2_000
"""What follows from a listing, in the list's words: a paragraph."""
MAX_TOPIC_CHARACTERS: Final = 120

ListingState: TypeAlias = Literal["identified", "confirmed", "pending", "dismissed"]
"""How an entry stands to our registry: an identifier said so, a person said so, nobody has said yet, it is none."""
PublicationKind: TypeAlias = Literal["joint", "shared", "funder"]
"""``joint``: works with both; ``shared``: works on which one author gave both; ``funder``: works that it paid for."""


@dataclass(frozen=True, slots=True)
class ListAbout:
    """What the person who imports a list says of it."""

    name: str
    publisher: str
    effect: str
    """What a listing legally means, where an entry does not say it itself."""
    published: date | None = None


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One organisation as a list names it."""

    entry: str
    name: str
    listed: date | None
    effect: str = ""
    link: str = ""
    identifiers: tuple[tuple[str, str], ...] = ()
    """Scheme and value: ``ror``, ``lei``, ``wikidata``, or the registry's word for a national number."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table say what; ``identifiers`` by scheme. ``kind`` and ``organisations`` belong together."""

    name: str
    entry: str = ""
    listed: str = ""
    effect: str = ""
    link: str = ""
    kind: str = ""
    organisations: tuple[str, ...] = ()
    """Values of ``kind`` that mean an organisation; empty where the whole list is declared to hold nothing else."""
    identifiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """One stored entry."""

    id: str
    list_name: str
    publisher: str
    entry: str
    name: str
    listed: date | None
    ended: Timestamp | None
    """When an import no longer found it; the list's own last day is not known here."""
    effect: str
    link: str
    identifiers: tuple[tuple[str, str], ...]
    state: ListingState
    subject: SubjectId | None
    imported: Timestamp
    decided_by: AccountId | None
    decided_at: Timestamp | None


@dataclass(frozen=True, slots=True)
class ListReport:
    """What an import did. Importing the same file again gives ``added == changed == ended == 0``."""

    read: int
    persons: int
    """Dropped while reading; nothing of them is kept."""
    unclear: int
    """Dropped because the list does not say whether it is a person."""
    other: int
    """Vessels, addresses and the like: nothing that an organisation is."""
    refused: tuple[tuple[int, str], ...]
    """Positions that could not be read, and why, without their content; the first of them."""
    refusals: int
    added: int
    changed: int
    unchanged: int
    ended: int
    identified: int
    pending: int


@dataclass(frozen=True, slots=True)
class PublicationTie:
    """How often, on one topic and in some years, publications join an organisation with another."""

    kind: PublicationKind
    topic: str
    other: SubjectId | None
    name: str
    works: int
    first_year: int
    last_year: int


@dataclass(frozen=True, slots=True)
class PublicationReport:
    """What an import of publications did."""

    read: int
    used: int
    """Works of the organisation, on the topic, in the years asked for."""
    refused: int
    partners: int
    funders: int
    first_year: int
    last_year: int
