"""Files of pooled statements: one flat row for each, and what the file says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

from protocol.identifiers import CircleId, Digest, KeyId, Pseudonym, StatementId, SubjectId, VocabularyCode
from protocol.projection import State
from protocol.statements import Handling, Kind, Reliability, Stance

Format: TypeAlias = Literal["ndjson", "csv", "parquet"]

MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One statement as a row of a file. ``None`` is what statements of this kind do not have."""

    seq: int
    """Its place in this node's feed."""
    circle: CircleId
    contributor: KeyId
    pseudonym: Pseudonym | str
    """The contributor's pseudonym, or the institution's name where it has signed that to the statement."""
    id: StatementId
    kind: Kind
    state: State
    issued: date
    expires: date
    handling: Handling
    """Its own; of a correction or retraction, that of what it acts on, the strictest that this ever had."""
    subject: SubjectId | None = None
    subject_label: str | None = None
    indicator: VocabularyCode | None = None
    scope: VocabularyCode | None = None
    strength: int | None = None
    technology_domains: tuple[VocabularyCode, ...] | None = None
    engagement_kind: VocabularyCode | None = None
    mitigations: tuple[VocabularyCode, ...] | None = None
    relation: VocabularyCode | None = None
    object: SubjectId | None = None
    object_label: str | None = None
    stance: Stance | None = None
    target_contributor: KeyId | None = None
    target: StatementId | None = None
    reason: VocabularyCode | None = None
    observed_from: date | None = None
    observed_until: date | None = None
    reliability: Reliability | None = None
    credibility: int | None = None
    evidence_kinds: tuple[VocabularyCode, ...] | None = None
    sources: tuple[Digest, ...] | None = None
    summary: str | None = None
    """Empty where the statement was retracted, has expired or is void; of a reply, what the organisation says."""
    answers: tuple[str, ...] | None = None
    """Of a reply: the statements that it answers, each as contributor and identifier with a slash between."""
    replied: date | None = None
    verified: VocabularyCode | None = None


@dataclass(frozen=True, slots=True)
class Cover:
    """What a file says of itself before its rows."""

    institution: str
    """The node that made it, and in which it stays unless its handling permits more."""
    position: str
    """The place of the feed at which it ends: ``as_of`` of a question that is to see the same."""
    day: date
    audience: str
    handling: Handling
    """The strictest mark that a row of it may bear."""
    marks: str
    """The same in words."""
