"""The shared vocabulary: which codes a statement may use, and what each of them means to a person.

A vocabulary is one JSON file with a version (``schemas/vocabularies/v1.json``). Codes are never renamed and
never reused; a later version adds. That is why an unknown code is treated differently at the two ends:

- whoever *creates* a statement must use known codes only (:meth:`Vocabulary.require_known`, clause 4.9);
- whoever *receives* one keeps it readable by its form and reports what it does not know
  (:meth:`Vocabulary.unknown_codes`, clause 4.10): the author may simply have a newer vocabulary.

Parsing checks the file against itself: identifiers are unique, and every code that an entry mentions exists.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final, Literal, Protocol, TypeAlias, TypeVar

import msgspec

from protocol.errors import Code, Fault, ProtocolError, words_of
from protocol.identifiers import MAX_CODE_CHARACTERS, PATTERN_CODE, VocabularyCode, anchored
from protocol.limits import MAX_VOCABULARY_BYTES
from protocol.sponsored import known_finding
from protocol.statements import (
    Attribution,
    Correction,
    Endorsement,
    Erasure,
    Finding,
    FindingBody,
    Handling,
    Key,
    Leave,
    Relation,
    RelationBody,
    Reliability,
    Removal,
    Reply,
    Response,
    Retraction,
    Sponsored,
    Stance,
    Statement,
    Token,
    TokenKey,
)

WHOLE: Final = VocabularyCode("whole")
"""The scope of an observation that is not limited to one technology domain."""

Polarity: TypeAlias = Literal["concern", "assurance", "context"]
Tier: TypeAlias = Literal[0, 1, 2]
"""Evidence: 1 can found a finding, 2 needs a second root, 0 never raises evidence."""

_BEST_FIRST: Final[tuple[Tier, ...]] = (1, 2, 0)

_Code: TypeAlias = Annotated[
    VocabularyCode, msgspec.Meta(pattern=anchored(PATTERN_CODE), max_length=MAX_CODE_CHARACTERS)
]
_Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every member is required; ``label`` is for a person to read."""


class Term(_Entry, frozen=True, kw_only=True):
    """A code and its words."""

    id: _Code
    label: _Text


class DefinedTerm(_Entry, frozen=True, kw_only=True):
    """A code, its words and what exactly they mean."""

    id: _Code
    label: _Text
    definition: _Text


class Indicator(_Entry, frozen=True, kw_only=True):
    """What a finding can be about."""

    id: _Code
    group: _Code
    polarity: Polarity
    """``context`` never counts as a concern alone."""
    label: _Text
    definition: _Text
    evidence: tuple[_Code, ...]
    """Kinds of evidence that usually show it; a help for the officer, not a rule."""
    aggregate_only: bool
    """Rests on what members of the own institution reported, and so is held as an aggregate only."""
    half_life_months: Annotated[int, msgspec.Meta(ge=1, le=120)] | None
    """``None``: it does not age; it ends when a statement says so."""


class Question(_Entry, frozen=True, kw_only=True):
    """One question of the checklist; ``light`` questions are asked about every engagement."""

    id: _Code
    tier: Literal["light", "full"]
    question: _Text
    indicators: tuple[_Code, ...]


class TechnologyDomain(_Entry, frozen=True, kw_only=True):
    """An area of technology, and whether Recommendation (EU) 2023/2113 counts it among the four most sensitive."""

    id: _Code
    label: _Text
    eu_highest_risk: bool


class EvidenceSource(_Entry, frozen=True, kw_only=True):
    """A kind of evidence. One that is not ``exchanged`` stays in the case file and never stands in a statement."""

    id: _Code
    label: _Text
    tier: Tier
    exchanged: bool


class RelationKind(_Entry, frozen=True, kw_only=True):
    """How two subjects are tied: subject *label* object, and object *inverse_label* subject."""

    id: _Code
    label: _Text
    inverse_label: _Text
    symmetric: bool


class StanceTerm(_Entry, frozen=True, kw_only=True):
    """What a response can say."""

    id: Stance
    label: _Text
    definition: _Text


class Strength(_Entry, frozen=True, kw_only=True):
    """How much was observed."""

    value: Annotated[int, msgspec.Meta(ge=1, le=4)]
    label: _Text


class ReliabilityGrade(_Entry, frozen=True, kw_only=True):
    """Admiralty scale, of the source."""

    value: Reliability
    label: _Text


class CredibilityGrade(_Entry, frozen=True, kw_only=True):
    """Admiralty scale, of the information."""

    value: Annotated[int, msgspec.Meta(ge=1, le=6)]
    label: _Text


class HandlingTerm(_Entry, frozen=True, kw_only=True):
    """TLP 2.0 in the words of this field."""

    value: Handling
    label: _Text
    definition: _Text


class VocabularyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file as it stands; see :class:`Vocabulary` for its use."""

    version: Annotated[int, msgspec.Meta(ge=1)]
    groups: tuple[Term, ...]
    indicators: tuple[Indicator, ...]
    checklist: tuple[Question, ...]
    mitigations: tuple[Term, ...]
    decisions: tuple[DefinedTerm, ...]
    technology_domains: tuple[TechnologyDomain, ...]
    evidence_sources: tuple[EvidenceSource, ...]
    engagement_kinds: tuple[DefinedTerm, ...]
    relations: tuple[RelationKind, ...]
    correction_reasons: tuple[DefinedTerm, ...]
    retraction_reasons: tuple[DefinedTerm, ...]
    removal_reasons: tuple[DefinedTerm, ...]
    erasure_reasons: tuple[DefinedTerm, ...]
    reply_verifications: tuple[DefinedTerm, ...]
    person_roles: tuple[DefinedTerm, ...]
    stances: tuple[StanceTerm, ...]
    strengths: tuple[Strength, ...]
    reliabilities: tuple[ReliabilityGrade, ...]
    credibilities: tuple[CredibilityGrade, ...]
    handlings: tuple[HandlingTerm, ...]


_FILES: Final = msgspec.json.Decoder(VocabularyFile)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One version of the vocabulary; every mapping is in the order of the file."""

    version: int
    groups: Mapping[VocabularyCode, Term]
    indicators: Mapping[VocabularyCode, Indicator]
    checklist: Mapping[VocabularyCode, Question]
    mitigations: Mapping[VocabularyCode, Term]
    decisions: Mapping[VocabularyCode, DefinedTerm]
    technology_domains: Mapping[VocabularyCode, TechnologyDomain]
    evidence_sources: Mapping[VocabularyCode, EvidenceSource]
    engagement_kinds: Mapping[VocabularyCode, DefinedTerm]
    relations: Mapping[VocabularyCode, RelationKind]
    correction_reasons: Mapping[VocabularyCode, DefinedTerm]
    retraction_reasons: Mapping[VocabularyCode, DefinedTerm]
    removal_reasons: Mapping[VocabularyCode, DefinedTerm]
    erasure_reasons: Mapping[VocabularyCode, DefinedTerm]
    reply_verifications: Mapping[VocabularyCode, DefinedTerm]
    person_roles: Mapping[VocabularyCode, DefinedTerm]
    stances: Mapping[Stance, StanceTerm]
    strengths: Mapping[int, str]
    reliabilities: Mapping[Reliability, str]
    credibilities: Mapping[int, str]
    handlings: Mapping[Handling, HandlingTerm]

    @classmethod
    def parse(cls, data: bytes) -> "Vocabulary":
        """From the bytes of a vocabulary file; raises ``TOO_LARGE``, ``MALFORMED`` or ``INCONSISTENT``.

        The fault is the operator's: vocabularies are installed, never received.
        """
        if len(data) > MAX_VOCABULARY_BYTES:
            raise _refusal(Code.TOO_LARGE, f"a vocabulary of {len(data)} bytes, at most {MAX_VOCABULARY_BYTES}")
        try:
            file = _FILES.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _refusal(Code.MALFORMED, f"the vocabulary: {words_of(error)}") from error
        vocabulary = cls(
            version=file.version,
            groups=_by_id(file.groups, "groups"),
            indicators=_by_id(file.indicators, "indicators"),
            checklist=_by_id(file.checklist, "checklist"),
            mitigations=_by_id(file.mitigations, "mitigations"),
            decisions=_by_id(file.decisions, "decisions"),
            technology_domains=_by_id(file.technology_domains, "technology_domains"),
            evidence_sources=_by_id(file.evidence_sources, "evidence_sources"),
            engagement_kinds=_by_id(file.engagement_kinds, "engagement_kinds"),
            relations=_by_id(file.relations, "relations"),
            correction_reasons=_by_id(file.correction_reasons, "correction_reasons"),
            retraction_reasons=_by_id(file.retraction_reasons, "retraction_reasons"),
            removal_reasons=_by_id(file.removal_reasons, "removal_reasons"),
            erasure_reasons=_by_id(file.erasure_reasons, "erasure_reasons"),
            reply_verifications=_by_id(file.reply_verifications, "reply_verifications"),
            person_roles=_by_id(file.person_roles, "person_roles"),
            stances=_unique(((term.id, term) for term in file.stances), "stances"),
            strengths=_unique(((word.value, word.label) for word in file.strengths), "strengths"),
            reliabilities=_unique(((word.value, word.label) for word in file.reliabilities), "reliabilities"),
            credibilities=_unique(((word.value, word.label) for word in file.credibilities), "credibilities"),
            handlings=_unique(((term.value, term) for term in file.handlings), "handlings"),
        )
        vocabulary._require_whole()
        return vocabulary

    def require_known(self, statement: Statement) -> None:
        """Refuse a statement of our own making that uses a code which may not travel (clause 4.9).

        Raises ``UNKNOWN_CODE``, naming every such field and code.
        """
        wrong = [*self.unknown_codes(statement), *self._kept_at_home(statement)]
        if wrong:
            raise ProtocolError(Code.UNKNOWN_CODE, "; ".join(wrong), fault=Fault.OURS)

    def unknown_codes(self, statement: Statement) -> tuple[str, ...]:
        """Each code that this version does not know, as ``field: code``, for a report (clause 4.10)."""
        return tuple(f"{field}: {code}" for field, code, known in self._codes(statement) if code not in known)

    def best_tier(self, evidence_kinds: Iterable[VocabularyCode]) -> Tier:
        """The best tier among kinds of evidence; 0 for none, and for kinds that this version does not know."""
        tiers = {self.evidence_sources[kind].tier for kind in evidence_kinds if kind in self.evidence_sources}
        return next((tier for tier in _BEST_FIRST if tier in tiers), 0)

    def scope_label(self, scope: VocabularyCode) -> str:
        """The words for a scope; an unknown one is shown as its code."""
        if scope == WHOLE:
            return "The whole organisation"
        domain = self.technology_domains.get(scope)
        return domain.label if domain else scope

    def _codes(self, statement: Statement) -> Iterator["_Use"]:
        match statement:
            case Reply() | Erasure() | Sponsored() | Attribution() | Token():
                yield from self._codes_beside(statement)
            case Endorsement() | Leave() | Key() | TokenKey():
                return
            case Removal():
                yield "body.reason", statement.body.reason, self.removal_reasons
            case Finding() | Relation() | Response() | Correction() | Retraction():  # pragma: no branch - closed
                yield from self._codes_of_observation(statement)

    def _codes_of_observation(
        self, statement: Finding | Relation | Response | Correction | Retraction
    ) -> Iterator["_Use"]:
        match statement:
            case Finding():
                yield from self._finding_codes("body", statement.body)
            case Relation():
                yield from self._relation_codes("body", statement.body)
            case Response():
                yield from _each("body.evidence_kinds", statement.body.evidence_kinds, self.evidence_sources)
            case Correction():
                yield "body.reason", statement.body.reason, self.correction_reasons
                if statement.body.finding is not None:
                    yield from self._finding_codes("body.finding", statement.body.finding)
                if statement.body.relation is not None:
                    yield from self._relation_codes("body.relation", statement.body.relation)
            case Retraction():  # pragma: no branch - the union is closed
                yield "body.reason", statement.body.reason, self.retraction_reasons

    def _codes_beside(self, statement: Reply | Erasure | Sponsored | Attribution | Token) -> Iterator["_Use"]:
        match statement:
            case Reply():
                yield "body.verified", statement.body.verified, self.reply_verifications
            case Erasure():
                yield "body.reason", statement.body.reason, self.erasure_reasons
            case Sponsored():
                yield from self._finding_codes("body.statement.body", known_finding(statement.body).body)
            case Token():
                yield "body.role", statement.body.role, self.person_roles
            case Attribution():  # pragma: no branch - the union is closed
                return

    def _finding_codes(self, path: str, body: FindingBody) -> Iterator["_Use"]:
        yield f"{path}.indicator", body.indicator, self.indicators
        if body.scope != WHOLE:
            yield f"{path}.scope", body.scope, self.technology_domains
        yield f"{path}.engagement_kind", body.engagement_kind, self.engagement_kinds
        yield from _each(f"{path}.technology_domains", body.technology_domains, self.technology_domains)
        yield from _each(f"{path}.mitigations", body.mitigations, self.mitigations)
        yield from _each(f"{path}.evidence_kinds", body.evidence_kinds, self.evidence_sources)

    def _relation_codes(self, path: str, body: RelationBody) -> Iterator["_Use"]:
        yield f"{path}.relation", body.relation, self.relations
        yield from _each(f"{path}.evidence_kinds", body.evidence_kinds, self.evidence_sources)

    def _kept_at_home(self, statement: Statement) -> Iterator[str]:
        for field, code, known in self._codes(statement):
            if known is self.evidence_sources and code in known and not self.evidence_sources[code].exchanged:
                yield f"{field}: {code} stays with the institution that received it"

    def _require_whole(self) -> None:
        """Every code that an entry mentions exists, and symmetric relations read the same both ways."""
        for indicator in self.indicators.values():
            _require({indicator.group}, self.groups, f"the group of {indicator.id}")
            _require(indicator.evidence, self.evidence_sources, f"the evidence of {indicator.id}")
        for question in self.checklist.values():
            _require(question.indicators, self.indicators, f"the indicators of {question.id}")
        for relation in self.relations.values():
            if relation.symmetric != (relation.label == relation.inverse_label):
                raise _refusal(Code.INCONSISTENT, f"the labels of {relation.id} do not fit its symmetry")
        if WHOLE in self.technology_domains:
            raise _refusal(Code.INCONSISTENT, f"{WHOLE} is a scope, not a technology domain")


_Use: TypeAlias = tuple[str, VocabularyCode, Mapping[VocabularyCode, object]]
"""Field path, code used there, and where that code would have to be known."""


class _Identified(Protocol):
    @property
    def id(self) -> VocabularyCode: ...


_K = TypeVar("_K")
_V = TypeVar("_V")
_I = TypeVar("_I", bound=_Identified)


def _each(path: str, codes: Iterable[VocabularyCode], known: Mapping[VocabularyCode, object]) -> Iterator[_Use]:
    for code in codes:
        yield path, code, known


def _by_id(entries: Iterable[_I], name: str) -> Mapping[VocabularyCode, _I]:
    return _unique(((entry.id, entry) for entry in entries), name)


def _unique(pairs: Iterable[tuple[_K, _V]], name: str) -> Mapping[_K, _V]:
    result: dict[_K, _V] = {}
    for key, value in pairs:
        if key in result:
            raise _refusal(Code.INCONSISTENT, f"{key} stands twice in {name}")
        result[key] = value
    return MappingProxyType(result)


def _require(codes: Iterable[VocabularyCode], known: Mapping[VocabularyCode, object], what: str) -> None:
    for code in codes:
        if code not in known:
            raise _refusal(Code.INCONSISTENT, f"{what} names {code}, which the vocabulary does not hold")


def _refusal(code: Code, detail: str) -> ProtocolError:
    return ProtocolError(code, detail, fault=Fault.OPERATOR)
