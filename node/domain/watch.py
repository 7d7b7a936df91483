"""Partners that somebody watches, and what has moved about them. Private: whom one watches hints at a case."""

from dataclasses import dataclass, field
from enum import StrEnum, unique

from node.domain.accounts import AccountId
from protocol.identifiers import CircleId, SubjectId, VocabularyCode
from protocol.statements import Timestamp


@unique
class Change(StrEnum):
    """What has become of one signal since its watcher was last told."""

    NEW = "new"
    MOVED = "moved"
    GONE = "gone"


@unique
class Pace(StrEnum):
    """When somebody is told outside the pages."""

    NEVER = "never"
    AT_ONCE = "at-once"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class Watch:
    """One organisation that one person watches."""

    id: str
    account: AccountId
    subject: SubjectId = field(repr=False)
    label: str = field(repr=False)
    relatives: bool
    """Whether its parents and parts, as the registry states them, are watched with it."""
    since: Timestamp


@dataclass(frozen=True, slots=True)
class Alert:
    """One signal about a watched organisation, or a relative of it, that is not what it was."""

    id: str
    watch: str
    at: Timestamp
    change: Change
    circle: CircleId
    subject: SubjectId = field(repr=False)
    label: str = field(repr=False)
    indicator: VocabularyCode = field(repr=False)
    scope: VocabularyCode = field(repr=False)
    before: str = field(repr=False)
    """The likelihood word, empty where there was no signal."""
    after: str = field(repr=False)
    seen: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """How somebody wants to be told."""

    account: AccountId
    address: str = field(repr=False)
    """An e-mail address, or empty."""
    pace: Pace
    told: Timestamp
    """When they were last told; 0 for never."""
