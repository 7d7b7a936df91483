"""Statements as a node keeps them: what was signed, where it stands in its log, and what has become of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId, VocabularyCode
from protocol.opinions import Standing
from protocol.projection import ClaimKey
from protocol.statements import Correction, Timestamp


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """What one signal is about. Findings on the same claim are fused with each other and with nothing else."""

    circle: CircleId
    subject: SubjectId
    indicator: VocabularyCode
    scope: VocabularyCode

    @property
    def key(self) -> ClaimKey:
        """The claim inside its circle."""
        return ClaimKey(self.subject, self.indicator, self.scope)


@dataclass(frozen=True, slots=True)
class Byline:
    """The name that a contributor has signed to one statement, and what stands in place of its key there."""

    handle: KeyId
    """Of the form of a key, and none: nothing can be computed from it about the key that signed."""
    name: str


def _nobody() -> Mapping[tuple[KeyId, StatementId], KeyId]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStatement(Standing):
    """One statement of one log, as it stands at the moment it was read, and where this node has it.

    ``jws`` is what the author signed. ``received`` is when this node first held it: local, never part of a signal.
    """

    circle: CircleId
    seq: int
    """Position in this node's feed: ascending in commit order, without gaps, different in every node."""
    received: Timestamp
    jws: bytes
    byline: Byline | None = None
    """Where its author has signed its name to it, or to the statement that it acts on."""
    named_targets: Mapping[tuple[KeyId, StatementId], KeyId] = field(default_factory=_nobody)
    """Of a response or reply: what stands in place of the key, for those of its targets that bear a name."""

    @property
    def shown(self) -> KeyId:
        """What readers see in place of the contributor's key: beside a name it would name all that it signed."""
        return self.contributor if self.byline is None else self.byline.handle

    @property
    def shown_name(self) -> tuple[KeyId, StatementId]:
        """The name of the statement as readers see it."""
        return self.shown, self.statement.id

    def shown_target(self, contributor: KeyId, statement: StatementId) -> KeyId:
        """What readers see in place of the key of a statement that this one answers."""
        return self.named_targets.get((contributor, statement), contributor)


@dataclass(frozen=True, slots=True)
class Act:
    """What an author did to a statement of its own: gave it another body, or took it back."""

    index: int
    issued: Timestamp
    expires: Timestamp
    """A correction may end its target earlier."""
    correction: Correction | None
    """None of a retraction."""
