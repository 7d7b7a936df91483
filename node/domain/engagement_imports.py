"""Engagements from a table: what its columns mean, what was made of each row, and how far it has come. Private."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final, NewType

from node.domain.accounts import AccountId
from node.domain.engagements import EngagementData, EngagementStatus
from protocol.identifiers import VocabularyCode
from protocol.statements import Subject, Timestamp

ImportId = NewType("ImportId", str)
"""128 random bits, 22 characters."""

FIELDS: Final = (
    "title",
    "partner",
    "partner_unit",
    "our_unit",
    "kind",
    "status",
    "begins",
    "ends",
    "amount",
    "currency",
    "funder",
    "technology_domains",
    "governing_law",
    "purpose",
    "benefit",
    "reference",
)
"""What a column can be. ``title`` or ``partner`` has to be there; the rest may stay out."""


@unique
class ImportState(StrEnum):
    """How far an import has come. A person takes it on from ``choosing`` and from ``checked``."""

    CHOOSING = "choosing"
    CHECKING = "checking"
    CHECKED = "checked"
    STORING = "storing"
    DONE = "done"

    @property
    def running(self) -> bool:
        """Whether rows are being worked through."""
        return self in {ImportState.CHECKING, ImportState.STORING}


@unique
class RowState(StrEnum):
    """What became of a row."""

    RAW = "raw"
    """Not looked at yet."""
    GOOD = "good"
    OPEN = "open"
    """Good, but its partner is not one organisation of the registry."""
    REFUSED = "refused"
    KNOWN = "known"
    """Its reference is that of an engagement that is here."""
    STORED = "stored"


@unique
class DayOrder(StrEnum):
    """How a date with full stops or slashes is read. Dates as YYYY-MM-DD are always understood."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


@unique
class DecimalMark(StrEnum):
    """What parts the decimals of an amount; the other mark then parts thousands."""

    POINT = "point"
    COMMA = "comma"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a person says that the table is to be read."""

    columns: Mapping[str, int] = field(default_factory=dict)
    """Of :data:`FIELDS`, the place of the column, from 0."""
    kind: VocabularyCode | None = None
    """Of rows that say none."""
    status: EngagementStatus = EngagementStatus.RUNNING
    """Of rows that say none."""
    currency: str = ""
    """Of amounts without one."""
    days: DayOrder = DayOrder.DAY_FIRST
    decimals: DecimalMark = DecimalMark.POINT
    take_open: bool = False
    """Whether rows whose partner is not identified come in, with the name as it stands before the title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagementImport:
    """One file on its way in."""

    id: ImportId
    account: AccountId
    state: ImportState
    created: Timestamp
    updated: Timestamp
    name: str = field(repr=False)
    """The file's own name."""
    header: tuple[str, ...] = field(repr=False)
    reading: Reading
    counts: Mapping[RowState, int]

    @property
    def rows(self) -> int:
        """Rows in all."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One row, and what became of it."""

    row: int
    state: RowState
    cells: tuple[str, ...] = field(repr=False)
    data: EngagementData | None = field(default=None, repr=False)
    status: EngagementStatus = EngagementStatus.RUNNING
    column: str = ""
    """The field at fault, of :data:`FIELDS`; empty where the row as a whole is."""
    reason: str = ""
    """In words, without the refused value."""
    offered: tuple[Subject, ...] = field(default=(), repr=False)
    """Organisations that the partner of an open row may be."""
