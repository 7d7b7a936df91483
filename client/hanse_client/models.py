"""Answers of a node as frozen values. A member that a newer node adds is passed over; nothing here is invented.

Days are :class:`datetime.date`, moments :class:`datetime.datetime` in UTC. Everything that a node says it does not
know is ``None`` or empty here too; ``unknown`` is an answer of its own and never zero.
"""

from datetime import date
from typing import Literal, TypeAlias

import msgspec

Polarity: TypeAlias = Literal["concern", "assurance", "context"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What all of them are."""


class Provenance(Answer, frozen=True, kw_only=True):
    """Where a statement comes from, and what has become of it."""

    circle: str
    contributor: str
    pseudonym: str
    id: str
    seq: int
    state: str
    issued: date
    expires: date
    received: date


class Observation(Answer, frozen=True, kw_only=True):
    """How it is known, and how it may be passed on."""

    observed_from: date
    observed_until: date
    reliability: str
    credibility: int
    evidence_kinds: tuple[str, ...]
    sources: tuple[str, ...]
    summary: str
    handling: str


class Response(Answer, frozen=True, kw_only=True, tag_field="kind", tag="response"):
    """Another contributor's stance on a finding or relation."""

    provenance: Provenance
    observation: Observation
    target_contributor: str
    target: str
    stance: str


class Finding(Answer, frozen=True, kw_only=True, tag_field="kind", tag="finding"):
    """One observation about one subject under one indicator, as it now stands."""

    provenance: Provenance
    observation: Observation
    subject: str
    label: str
    indicator: str
    scope: str
    strength: int
    technology_domains: tuple[str, ...]
    engagement_kind: str
    mitigations: tuple[str, ...]
    responses: tuple[Response, ...] = ()


class Relation(Answer, frozen=True, kw_only=True, tag_field="kind", tag="relation"):
    """One observation that two subjects are tied."""

    provenance: Provenance
    observation: Observation
    subject: str
    subject_label: str
    relation: str
    object: str
    object_label: str
    responses: tuple[Response, ...] = ()


class Correction(Answer, frozen=True, kw_only=True, tag_field="kind", tag="correction"):
    """The author gave its own statement a new body, which that statement now shows."""

    provenance: Provenance
    target: str
    reason: str


class Retraction(Answer, frozen=True, kw_only=True, tag_field="kind", tag="retraction"):
    """The author withdrew its own statement."""

    provenance: Provenance
    target: str
    reason: str


class Reply(Answer, frozen=True, kw_only=True, tag_field="kind", tag="reply"):
    """The assessed organisation's own word, carried by a member."""

    provenance: Provenance
    subject: str
    label: str
    targets: tuple[tuple[str, str], ...]
    """Contributor and identifier of each statement that it answers."""
    text: str
    replied: date
    verified: str
    handling: str


class Erasure(Answer, frozen=True, kw_only=True, tag_field="kind", tag="erasure"):
    """The author had the content of its own statement erased; it is nowhere any more."""

    provenance: Provenance
    target: str
    reason: str


class Attribution(Answer, frozen=True, kw_only=True, tag_field="kind", tag="attribution"):
    """The author signed its name to its own statement."""

    provenance: Provenance
    target: str


class Token(Answer, frozen=True, kw_only=True, tag_field="kind", tag="token"):
    """A person token stands beside a statement; the token itself is not shown."""

    provenance: Provenance
    target: str
    role: str
    epoch: int


Statement: TypeAlias = Finding | Relation | Response | Correction | Retraction | Reply | Erasure | Attribution | Token


class StatementPage(Answer, frozen=True, kw_only=True):
    """One page of statements, in the order in which the node received them."""

    items: tuple[Statement, ...]
    next: str
    more: bool
    position: str = ""


class StatementDetail(Answer, frozen=True, kw_only=True):
    """One statement as it stands, and the bytes that its author signed; ``None`` where they may not be read."""

    statement: Statement
    jws: str | None


class Indicator(Answer, frozen=True, kw_only=True):
    """A vocabulary entry in words."""

    id: str
    label: str
    polarity: Polarity
    definition: str


class Contribution(Answer, frozen=True, kw_only=True):
    """What one opinion counted for, in millionths of a unit of evidence."""

    pseudonym: str
    contributor: str
    statement: str
    counts_as: str
    mass: int
    root: int | None = None
    reason: str | None = None


class Movement(Answer, frozen=True, kw_only=True):
    """How far a signal has moved in 30 and in 90 days, and how many independent roots came in them."""

    moved_30_ppm: int
    moved_90_ppm: int
    roots_30: int
    roots_90: int


class Signal(Answer, frozen=True, kw_only=True):
    """How likely a claim is on the pooled evidence, how sure that is, and what it rests on."""

    circle: str
    subject: str
    indicator: Indicator
    scope: str
    scope_label: str
    as_of: date
    words: str
    likelihood: str
    confidence: str
    belief_ppm: int
    disbelief_ppm: int
    uncertainty_ppm: int
    roots: int
    contributors: int
    conflict_ppm: int
    largest_share_ppm: int
    newest: date | None
    oldest: date | None
    movement: Movement | None = None
    contributions: tuple[Contribution, ...] = ()
    findings: tuple[Finding, ...] = ()


class SignalPage(Answer, frozen=True, kw_only=True):
    """Signals; ``next`` is empty on the last page."""

    items: tuple[Signal, ...]
    next: str = ""


class Group(Answer, frozen=True, kw_only=True):
    """One group of indicators: three lists side by side that nothing adds up, and what is unknown."""

    id: str
    label: str
    concerns: tuple[Signal, ...]
    assurances: tuple[Signal, ...]
    context: tuple[Signal, ...]
    unknown: tuple[Indicator, ...]


class CircleReading(Answer, frozen=True, kw_only=True):
    """What one circle's members have stated about a subject."""

    circle: str
    name: str
    members: int
    k: int
    groups: tuple[Group, ...]
    relations: tuple[Relation, ...]
    unlisted: tuple[Finding, ...]
    further_relations: int = 0


class Name(Answer, frozen=True, kw_only=True):
    """One name of an organisation."""

    value: str
    kind: str
    language: str


class RegistryRelation(Answer, frozen=True, kw_only=True):
    """A tie that the registry states."""

    relation: str
    subject: str
    label: str


class Organisation(Answer, frozen=True, kw_only=True):
    """What the registry knows; ``country`` is for telling namesakes apart and nothing else."""

    id: str
    label: str
    origin: str
    status: str
    names: tuple[Name, ...]
    types: tuple[str, ...]
    place: str
    country: str
    established: int | None
    links: tuple[str, ...]
    domains: tuple[str, ...]
    identifiers: tuple[tuple[str, str], ...]
    relations: tuple[RegistryRelation, ...]
    successors: tuple[str, ...]


class Dossier(Answer, frozen=True, kw_only=True):
    """Everything that the node may show about one subject."""

    subject: str
    asked: str
    aliases: tuple[tuple[str, str], ...]
    label: str
    as_of: date
    organisation: Organisation | None
    successors: tuple[Organisation, ...]
    circles: tuple[CircleReading, ...]


class SubjectHit(Answer, frozen=True, kw_only=True):
    """One answer to a search for a name or identifier."""

    id: str
    label: str
    matched: str
    match: str
    status: str
    types: tuple[str, ...]
    place: str
    country: str
    origin: str
    alias: str | None = None


class Suggestion(Answer, frozen=True, kw_only=True):
    """An organisation that a text may mean."""

    subject: str
    name: str
    score: float
    why: str


class Match(Answer, frozen=True, kw_only=True):
    """Which organisations one text means. ``ror_ids`` are links that nobody has to look at."""

    id: str
    ror_ids: tuple[str, ...]
    suggestions: tuple[Suggestion, ...]


class Contributor(Answer, frozen=True, kw_only=True):
    """A member of a circle under its pseudonym."""

    contributor: str
    pseudonym: str
    statements: int


class Circle(Answer, frozen=True, kw_only=True):
    """One circle of the node, without a roster."""

    circle: str
    name: str
    purpose: str
    k: int
    own: str
    contributors: tuple[Contributor, ...]


class Term(Answer, frozen=True, kw_only=True):
    """A code and its words."""

    id: str
    label: str


class IndicatorTerm(Indicator, frozen=True, kw_only=True):
    """An indicator with its group and how fast evidence for it ages."""

    group: str
    half_life_months: int | None


class Vocabulary(Answer, frozen=True, kw_only=True):
    """The codes that statements use."""

    version: int
    groups: tuple[Term, ...]
    indicators: tuple[IndicatorTerm, ...]
    technology_domains: tuple[Term, ...]


class Items(Answer, frozen=True, kw_only=True):
    """A list that comes whole; each operation says of what."""

    items: msgspec.Raw
