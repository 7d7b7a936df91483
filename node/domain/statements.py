"""Statements as a node keeps them: what was signed, where it stands in its log, and what has become of it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId, VocabularyCode
from protocol.statements import (
    Correction,
    CorrectionBody,
    Finding,
    FindingBody,
    Relation,
    RelationBody,
    Response,
    ResponseBody,
    Retraction,
    RetractionBody,
    Statement,
    Timestamp,
)

Kind: TypeAlias = Literal["finding", "relation", "response", "correction", "retraction"]
State: TypeAlias = Literal["live", "corrected", "retracted", "expired"]
"""``live`` and ``corrected`` count; a retraction outweighs expiry, because it says more."""
Body: TypeAlias = FindingBody | RelationBody | ResponseBody | CorrectionBody | RetractionBody


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """What one signal is about. Findings on the same claim are fused with each other and with nothing else."""

    circle: CircleId
    subject: SubjectId
    indicator: VocabularyCode
    scope: VocabularyCode


@dataclass(frozen=True, slots=True)
class StoredStatement:
    """One statement of one log, as it stands at the moment it was read.

    ``jws`` is what the author signed and ``statement`` its decoding; ``body`` is the live body, which a later
    correction may have replaced. ``received`` is when this node first held it: local, never part of a signal.
    """

    circle: CircleId
    contributor: KeyId
    index: int
    seq: int
    """Position in this node's feed: ascending in commit order, without gaps, different in every node."""
    statement: Statement
    body: Body
    state: State
    received: Timestamp
    jws: bytes

    @property
    def counts(self) -> bool:
        """Whether it is an opinion today."""
        return self.state in {"live", "corrected"}


def kind_of(statement: Statement) -> Kind:
    """The ``kind`` member of the signed payload."""
    match statement:
        case Finding():
            return "finding"
        case Relation():
            return "relation"
        case Response():
            return "response"
        case Correction():
            return "correction"
        case Retraction():
            return "retraction"


@dataclass(frozen=True, slots=True)
class ClaimKey:
    """A claim inside the one circle that a log belongs to."""

    subject: SubjectId
    indicator: VocabularyCode
    scope: VocabularyCode


@dataclass(frozen=True, slots=True)
class Projected:
    """What a log says about one of its entries: a pure function of the log's own entries, in index order.

    Nothing of other logs is in here, so the order in which logs arrive cannot matter. ``subject`` to ``scope``
    are those of the live body; a correction has its new body's, a retraction its target's, a response none:
    a response's claim is its target's, looked up when it is asked for, since the target may arrive later.
    """

    index: int
    id: StatementId
    kind: Kind
    iat: Timestamp
    exp: Timestamp
    """When it stops counting: a correction may bring this forward, never put it off."""
    subject: SubjectId | None = None
    object: SubjectId | None = None
    indicator: VocabularyCode | None = None
    scope: VocabularyCode | None = None
    target_contributor: KeyId | None = None
    target_id: StatementId | None = None
    corrected_by: int | None = None
    """Index of the latest correction that holds."""
    retracted_by: int | None = None

    @property
    def claim(self) -> ClaimKey | None:
        """The claim it bears on by itself: a finding's, or that of what corrects or retracts a finding."""
        if self.subject is None or self.indicator is None or self.scope is None:
            return None
        return ClaimKey(self.subject, self.indicator, self.scope)
