"""Statements as a node keeps them: what was signed, where it stands in its log, and what has become of it."""

from dataclasses import dataclass

from protocol.identifiers import CircleId, SubjectId, VocabularyCode
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


@dataclass(frozen=True, slots=True)
class Act:
    """What an author did to a statement of its own: gave it another body, or took it back."""

    index: int
    issued: Timestamp
    expires: Timestamp
    """A correction may end its target earlier."""
    correction: Correction | None
    """None of a retraction."""
