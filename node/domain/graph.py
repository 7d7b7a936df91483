"""Ties between subjects: where each comes from, what it rests on, and the paths that they make.

Three origins are kept apart and never merged: what the registry states, what contributors stated in a circle
(*pooled*), and what this institution noted for itself (*private*: never leaves, and only its officers see it).
A path joins ties of several origins, and says of each which it is.

A country is here to say whether a path crosses a border; no order and no choice depends on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, TypeAlias

from node.domain.insight import Named, RelationView, SignalView
from protocol.decay import PPM
from protocol.identifiers import CircleId, Pseudonym, SubjectId
from protocol.signals import Signal
from protocol.statements import Grade, Period, Subject, Timestamp

Origin: TypeAlias = Literal["registry", "pooled", "private"]
ORIGINS: Final[tuple[Origin, ...]] = ("registry", "pooled", "private")
Border: TypeAlias = Literal["crosses", "stays", "unknown"]
"""``unknown``: at least one country on the path is not known here, and the known ones are the same."""
Knowledge: TypeAlias = Literal["nobody-alone", "one-member", "ourselves", "public", "not-said"]
"""Who could have known a whole path without the others. ``not-said``: it joins circles, and whether two pseudonyms are
one institution is not told."""
KinKind: TypeAlias = Literal["parent", "part", "forerunner", "successor"]

MAX_NOTE_CHARACTERS: Final = 2_000
"""What an officer writes beside a private tie: half a page."""


@dataclass(frozen=True, slots=True)
class Link:
    """One stated tie as the search reads it: two ends, and where the rest is to be had."""

    origin: Origin
    subject: SubjectId
    object: SubjectId
    kind: str = ""
    """The registry's word; empty for the others, whose relation is in what they name."""
    seq: int = 0
    """Of a pooled relation: its place in the feed."""
    own: str = ""
    """Of a private tie: its identifier."""

    def other(self, end: SubjectId) -> SubjectId:
        """The end that is not ``end``."""
        return self.object if self.subject == end else self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTie:
    """A tie that an officer noted for this institution alone. It never leaves the node."""

    id: str
    subject: Subject = field(repr=False)
    relation: str = field(repr=False)
    object: Subject = field(repr=False)
    observed: Period = field(repr=False)
    grade: Grade = field(repr=False)
    noted: Timestamp
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Tie:
    """``subject`` *relation* ``object``, from one origin; pooled ones of one circle, with all who stated it."""

    origin: Origin
    subject: SubjectId
    relation: str
    """A code of the vocabulary, or the registry's word."""
    object: SubjectId
    circle: CircleId | None = None
    circle_name: str = ""
    statements: tuple[RelationView, ...] = ()
    """The live pooled relations behind it, with the responses to them."""
    signal: Signal | None = None
    """How well it is evidenced, from what contributors (or we ourselves) state; the registry states without a grade."""
    own: OwnTie | None = field(default=None, repr=False)

    @property
    def strength_ppm(self) -> int:
        """How likely it is, for finding the weakest of a path: belief and half of what is open, as in a signal's words.

        A public registry's word, which anybody can check, is full.
        """
        return PPM if self.signal is None else self.signal.belief_ppm + self.signal.uncertainty_ppm // 2

    @property
    def period(self) -> tuple[date, date] | None:
        """From the first to the last day on which it was observed."""
        days = [(each.observation.observed_from, each.observation.observed_until) for each in self.statements]
        if self.own is not None:
            days.append((self.own.observed.start, self.own.observed.end))
        return (min(first for first, _ in days), max(last for _, last in days)) if days else None

    def other(self, end: SubjectId) -> SubjectId:
        """The end that is not ``end``."""
        return self.object if self.subject == end else self.subject


@dataclass(frozen=True, slots=True)
class Place:
    """A subject as one point of a drawing or a path."""

    id: SubjectId
    label: str
    place: str
    country: str
    """For telling borders and namesakes; empty where unknown."""
    concerns: tuple[Named, ...]
    """The indicators of concern under which a live finding exists: something to read, never a verdict."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path, with every tie that makes it, the best evidenced first."""

    start: SubjectId
    end: SubjectId
    ties: tuple[Tie, ...]

    @property
    def strength_ppm(self) -> int:
        """The strength of its best tie."""
        return max(tie.strength_ppm for tie in self.ties)


@dataclass(frozen=True, slots=True)
class Path:
    """How one subject is tied to another that a concern was stated about."""

    nodes: tuple[SubjectId, ...]
    hops: tuple[Hop, ...]
    weakest: int
    """Which of the hops is the least well evidenced; the first of several."""
    roots: int
    """Independent roots of evidence behind the pooled and private ties; the registry is not counted among them."""
    contributors: tuple[Pseudonym | str, ...]
    origins: tuple[Origin, ...]
    border: Border
    knowledge: Knowledge


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a search did not look at, so that nobody takes it for absent."""

    hubs: tuple[tuple[SubjectId, int], ...] = ()
    """Subjects with too many ties to be passed through, and how many they have."""
    unread: int = 0
    """Subjects that were reached and whose own ties were not read, because the bound was met."""
    targets: int = 0
    """Subjects with a concern that were reached and are not shown."""
    ended: int = 0
    """After how many ties the search ended, because enough concerns were that near; 0 where it went all the way."""

    @property
    def anything(self) -> bool:
        """Whether something was left out."""
        return bool(self.hubs or self.unread or self.targets or self.ended)


@dataclass(frozen=True, slots=True)
class PathReading:
    """The shortest paths from one subject to those that a live concern was stated about."""

    subject: SubjectId
    places: Mapping[SubjectId, Place]
    paths: tuple[Path, ...]
    left_out: LeftOut
    reached: int
    """Subjects that were reached in all."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """What is tied to a subject directly, and with ``depth`` 2 what is tied to that."""

    subject: SubjectId
    depth: int
    origins: tuple[Origin, ...]
    places: Mapping[SubjectId, Place]
    ties: tuple[Tie, ...]
    """The subject's own first."""
    further: Mapping[SubjectId, int]
    """Ties that a subject has and that are not among ``ties``: how many."""

    def of(self, subject: SubjectId) -> tuple[Tie, ...]:
        """The ties of one subject."""
        return tuple(tie for tie in self.ties if subject in {tie.subject, tie.object})


@dataclass(frozen=True, slots=True)
class Kin:
    """One relative of a subject, and what is known of that relative alone."""

    kind: KinKind
    place: Place
    ties: tuple[Tie, ...]
    """What makes it one, by origin."""
    readings: tuple[tuple[str, SignalView], ...]
    """Its own signals as last computed, each with the name of its circle: assurances, concerns, context. Empty where
    nothing is stated of it, or where they were not read."""
    stated: bool
    """Whether anything is stated of it. Where it is and ``readings`` is empty, its dossier has what is stated."""


@dataclass(frozen=True, slots=True)
class RollUp:
    """Parents, parts, forerunners and successors, each for itself; there is no place here for a sum."""

    kin: tuple[Kin, ...]
    more: Mapping[KinKind, int]
    """Relatives of each kind that are not among ``kin``."""

    def of(self, kind: KinKind) -> tuple[Kin, ...]:
        """Those of one kind."""
        return tuple(each for each in self.kin if each.kind == kind)
