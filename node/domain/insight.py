"""What a node shows about a subject: views of pooled statements under pseudonyms, and the reading of them.

Four answers are kept apart: *unknown* (nobody stated anything: an entry in ``unknown``), *withheld* (the held-back
fields of a statement, which only its author can give), *without weight* (stated, but nothing counted: a signal
whose likelihood is ``unknown``), and a signal. Concerns, assurances and context stand in separate lists and no
type here has a place for a sum of them.

Nothing in these types names an institution as a contributor: only its pseudonym in that circle and its key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, TypeAlias

from node.domain.statements import Claim
from node.domain.subjects import Organisation
from protocol.identifiers import CircleId, Digest, KeyId, Pseudonym, StatementId, SubjectId, VocabularyCode
from protocol.projection import State
from protocol.signals import LikelihoodWord, Signal
from protocol.statements import Handling, Kind, Reliability, Stance, Timestamp

Polarity: TypeAlias = Literal["concern", "assurance", "context"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a statement comes from, and what has become of it."""

    circle: CircleId
    contributor: KeyId
    """The contributor's key; where ``attributed``, what stands in its place beside the name."""
    pseudonym: Pseudonym | str
    """What people read: the contributor's pseudonym, or the institution's name where it has signed that to this."""
    id: StatementId
    kind: Kind
    seq: int
    """Position in this node's feed; other nodes number differently."""
    state: State
    issued: date
    expires: date
    received: date
    """Of the first hour at which this node held it only the day: hours of work would tell whose it is."""
    attributed: bool = False
    """Whether its author has signed its name to it. Nothing then says which pseudonym it has elsewhere."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What findings, relations and responses say of their evidence."""

    observed_from: date
    observed_until: date
    reliability: Reliability
    credibility: int
    evidence_kinds: tuple[VocabularyCode, ...]
    sources: tuple[Digest, ...]
    summary: str
    """Empty where the statement was retracted, has expired or is void: that it was there is shown, not what it said."""
    handling: Handling


@dataclass(frozen=True, slots=True)
class ResponseView:
    """Another contributor's stance on a statement, from its own evidence."""

    provenance: Provenance
    observation: Observation
    target_contributor: KeyId
    target: StatementId
    stance: Stance


@dataclass(frozen=True, slots=True)
class ReplyView:
    """What an organisation says to what is said of it, as a member carries it."""

    provenance: Provenance
    """Of the member that carries it."""
    subject: SubjectId
    label: str
    """The organisation that replies."""
    targets: tuple[tuple[KeyId, StatementId], ...]
    """The statements that it answers, as readers name them."""
    text: str
    """Empty where the reply was retracted, has ended or is void."""
    replied: date
    """The day of the organisation's own letter."""
    verified: VocabularyCode
    handling: Handling


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding as it now stands: the body that a correction gave it, if there is one."""

    provenance: Provenance
    observation: Observation
    subject: SubjectId
    label: str
    """The author's name for the subject, for noticing a mistyped identifier."""
    indicator: VocabularyCode
    scope: VocabularyCode
    strength: int
    technology_domains: tuple[VocabularyCode, ...]
    engagement_kind: VocabularyCode
    mitigations: tuple[VocabularyCode, ...]
    responses: tuple[ResponseView, ...] = ()
    """Filled in a dossier; in a feed every response is an item of its own."""
    replies: tuple[ReplyView, ...] = ()
    """Of its subject, wherever it is shown."""
    sponsored: bool = False
    """Whether a sponsor publishes it for another member, whom nobody else learns."""


@dataclass(frozen=True, slots=True)
class RelationView:
    """One pooled relation: ``subject`` *relation* ``object``."""

    provenance: Provenance
    observation: Observation
    subject: SubjectId
    subject_label: str
    relation: VocabularyCode
    object: SubjectId
    object_label: str
    responses: tuple[ResponseView, ...] = ()
    replies: tuple[ReplyView, ...] = ()
    """Of either end."""


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """Says that the author gave its own statement a new body, which that statement now shows."""

    provenance: Provenance
    target: StatementId
    reason: VocabularyCode


@dataclass(frozen=True, slots=True)
class RetractionView:
    """Says that the author withdrew its own statement."""

    provenance: Provenance
    target: StatementId
    reason: VocabularyCode


@dataclass(frozen=True, slots=True)
class ErasureView:
    """Says that the author had the content of its own statement erased. What it was stands nowhere any more."""

    provenance: Provenance
    target: StatementId
    reason: VocabularyCode


@dataclass(frozen=True, slots=True)
class AttributionView:
    """Says that the author signed its name to its own statement."""

    provenance: Provenance
    target: StatementId


@dataclass(frozen=True, slots=True)
class TokenView:
    """Says that a person token stands beside a statement. The token itself is for members that ask with one."""

    provenance: Provenance
    target: StatementId
    role: VocabularyCode
    epoch: int


StatementView: TypeAlias = (
    FindingView
    | RelationView
    | ResponseView
    | CorrectionView
    | RetractionView
    | ReplyView
    | ErasureView
    | AttributionView
    | TokenView
)


@dataclass(frozen=True, slots=True)
class Named:
    """A vocabulary entry in words."""

    id: VocabularyCode
    label: str
    polarity: Polarity
    definition: str


@dataclass(frozen=True, slots=True)
class Movement:
    """How far a claim has moved against the same claim as it stood 30 and 90 days earlier (``docs/signals.md``).

    In millionths of the expected probability, belief + uncertainty / 2; below zero where it has become less likely.
    """

    moved_30_ppm: int = 0
    moved_90_ppm: int = 0
    roots_30: int = 0
    """Roots that count now and that nobody had named 30 days earlier."""
    roots_90: int = 0


STILL: Final = Movement()


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """One signal as it was last computed, the day for which that was, and what lists show beside it."""

    claim: Claim
    as_of: date
    signal: Signal
    findings: int = 0
    """Live ones on the claim."""
    movement: Movement = STILL


SignalOrder: TypeAlias = Literal["subject", "moved-30", "moved-90", "newest", "contributors"]
"""How a list of signals is ordered: by identifier of the subject ascending, or by the greatest or newest first."""


@dataclass(frozen=True, slots=True)
class SignalFilter:
    """Which signals of a circle to list; what is not set is no restriction."""

    indicators: frozenset[VocabularyCode] | None = None
    likelihoods: frozenset[LikelihoodWord | Literal["unknown"]] | None = None
    min_roots: int = 0
    min_contributors: int = 0
    min_conflict_ppm: int = 0
    min_shift_ppm: int = 0
    """Least movement in either direction, over the days that the order is about; 30 for orders about none."""
    scope: VocabularyCode | None = None


@dataclass(frozen=True, slots=True)
class SignalPlace:
    """A place in a list of signals: the value that its order is about (empty: none) and the claim."""

    value: str | int
    claim: Claim


@dataclass(frozen=True, slots=True)
class SignalLine:
    """One signal in a list, as it was last computed."""

    stored: StoredSignal
    label: str
    """The subject's."""
    indicator: Named
    scope_label: str
    words: str
    replies: int = 0
    """Replies of the subject to the statements behind it."""
    names: Mapping[KeyId, str] = field(default_factory=dict)
    """As those of a :class:`SignalView`."""


@dataclass(frozen=True, slots=True)
class SignalPage:
    """One page of a list of signals."""

    items: tuple[SignalLine, ...]
    next: str
    """Where the next page begins; empty at the end of the list."""


@dataclass(frozen=True, slots=True)
class SignalView:
    """One signal with everything it rests on.

    ``signal.contributions`` says for each opinion what it counted, and names the statement it came from: one of
    ``findings`` or of their ``responses``.
    """

    circle: CircleId
    subject: SubjectId
    indicator: Named
    scope: VocabularyCode
    scope_label: str
    as_of: date
    signal: Signal
    words: str
    """The signal in one exact sentence."""
    findings: tuple[FindingView, ...] = ()
    """Newest last; retracted and corrected ones are there and say so. Empty in lists of signals."""
    movement: Movement | None = None
    """None where it was not asked for: a dossier says how things stand."""
    replies: int = 0
    """Replies of the subject to the statements behind it; each is shown at the statements that it answers."""
    names: Mapping[KeyId, str] = field(default_factory=dict)
    """Institutions that have signed their names to statements of the circle, by what stands in place of their keys."""


@dataclass(frozen=True, slots=True)
class GroupReading:
    """One group of indicators: what is known, side by side and never summed, and what is not."""

    id: VocabularyCode
    label: str
    concerns: tuple[SignalView, ...]
    assurances: tuple[SignalView, ...]
    context: tuple[SignalView, ...]
    unknown: tuple[Named, ...]
    """Indicators about which no statement exists: unknown, not safe."""

    @property
    def is_unknown(self) -> bool:
        """Whether nothing at all is known in this group."""
        return not (self.concerns or self.assurances or self.context)


@dataclass(frozen=True, slots=True)
class CircleReading:
    """What one circle's members have stated about a subject. Circles are never merged."""

    circle: CircleId
    name: str
    members: int
    k: int
    groups: tuple[GroupReading, ...]
    relations: tuple[RelationView, ...]
    unlisted: tuple[FindingView, ...]
    """Findings under an indicator that this node's vocabulary does not know: shown, without a signal."""
    further_relations: int = 0
    """Live relations beyond those that were read: to be had one by one where ties are shown."""

    @property
    def is_unknown(self) -> bool:
        """Whether no member has stated anything that is still to be seen."""
        return all(group.is_unknown for group in self.groups) and not self.relations and not self.unlisted


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything this node may show about one subject on one day."""

    subject: SubjectId
    label: str
    as_of: date
    organisation: Organisation | None
    """What the registry says, its own relations among it; kept apart from what contributors say."""
    successors: tuple[Organisation, ...]
    circles: tuple[CircleReading, ...]
    asked: SubjectId
    """The identifier that was asked for: ``subject``, or one that a person at this node has linked to it."""
    aliases: tuple[tuple[SubjectId, str], ...]
    """The other identifiers that this node reads as ``subject``, each with its own name."""


@dataclass(frozen=True, slots=True)
class StatementDetail:
    """One statement with the bytes its author signed."""

    view: StatementView
    jws: bytes | None
    """None where the statement was retracted or has ended: its words are not read back from its bytes."""


@dataclass(frozen=True, slots=True)
class CircleSummary:
    """One circle in numbers, without names of its members."""

    circle: CircleId
    name: str
    purpose: str
    legal_basis: str
    k: int
    retention_days: int
    vocabulary_version: int
    joined: Timestamp
    own: Pseudonym
    """How this node appears in the circle."""
    contributors: tuple[tuple[KeyId, Pseudonym | str, int], ...]
    """Key, pseudonym and number of statements held here: of every member, and of former keys that have some."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What this node holds, in counts."""

    circles: int
    contributors: int
    statements: int
    subjects: int
    """Subjects about which a finding or relation is held; not the size of the registry."""
    organisations: int
    signals: int
    last_sync: Timestamp | None
    """When a peer was last pulled with success; ``None`` before the first time."""
