"""Circles in numbers, the vocabulary, and whether the node is alive."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from node import insight
from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import EXAMPLE_CIRCLE, READ_PROBLEMS, Model
from node.api.v1.signal_models import IndicatorBody
from node.domain.accounts import Permission
from node.domain.insight import CircleSummary, Polarity
from node.runtime import Runtime
from protocol.vocabulary import Vocabulary


class ContributorBody(Model):
    """One member, as everybody but the member nodes' operators reads it."""

    contributor: str
    pseudonym: str
    statements: int = Field(description="How many of its statements this node holds.")


class CircleBody(Model):
    """One circle of this node, without a roster."""

    circle: str = Field(examples=[EXAMPLE_CIRCLE])
    name: str
    purpose: str
    legal_basis: str
    k: int = Field(description="Small-number threshold.")
    retention_days: int
    vocabulary_version: int
    joined: datetime
    own: str = Field(description="This node's pseudonym in the circle.")
    contributors: list[ContributorBody]


class CircleList(Model):
    """All circles of this node."""

    items: list[CircleBody]


class TermBody(Model):
    """A code and its words."""

    id: str
    label: str


class EvidenceBody(Model):
    """A kind of evidence; tier 1 can found a finding, 2 needs a second root, 0 never raises evidence."""

    id: str
    label: str
    tier: Literal[0, 1, 2]


class RelationKindBody(Model):
    """How two subjects are tied, read both ways."""

    id: str
    label: str
    inverse_label: str
    symmetric: bool


class IndicatorTermBody(IndicatorBody):
    """An indicator with its group and how fast evidence for it ages."""

    group: str
    polarity: Polarity
    half_life_months: int | None = Field(description="`null`: it does not age.")


class VocabularyBody(Model):
    """The codes that statements use."""

    version: int
    groups: list[TermBody]
    indicators: list[IndicatorTermBody]
    technology_domains: list[TermBody]
    evidence_sources: list[EvidenceBody]
    relations: list[RelationKindBody]
    mitigations: list[TermBody]
    engagement_kinds: list[TermBody]


class Health(Model):
    """That the node answers, and nothing else: anybody may ask."""

    status: Literal["ok"]


def routes(runtime: Runtime) -> APIRouter:
    """``/circles``, ``/vocabulary`` and ``/health``."""
    router = APIRouter(tags=["node"])
    circles_needed = Depends(Needs(runtime, Permission.CIRCLES_READ))
    subjects_needed = Depends(Needs(runtime, Permission.SUBJECTS_READ))

    @router.get("/circles", summary="The circles of this node", responses=declared(*READ_PROBLEMS))
    def list_circles(caller: Annotated[Caller, circles_needed]) -> CircleList:
        with caller.reading("circles-read") as tx:
            return CircleList(items=[_circle_body(each) for each in insight.circle_summaries(tx)])

    @router.get("/vocabulary", summary="Codes and their words", responses=declared(*READ_PROBLEMS))
    def read_vocabulary(caller: Annotated[Caller, subjects_needed]) -> VocabularyBody:
        with caller.reading("vocabulary-read"):
            return _vocabulary_body(runtime.vocabulary)

    @router.get("/health", summary="Whether the node answers", responses=declared())
    def health() -> Health:
        with runtime.database.read():
            return Health(status="ok")

    return router


def _circle_body(summary: CircleSummary) -> CircleBody:
    return CircleBody.model_validate(
        {
            "circle": summary.circle,
            "name": summary.name,
            "purpose": summary.purpose,
            "legal_basis": summary.legal_basis,
            "k": summary.k,
            "retention_days": summary.retention_days,
            "vocabulary_version": summary.vocabulary_version,
            "joined": summary.joined,
            "own": summary.own,
            "contributors": [
                {"contributor": key, "pseudonym": name, "statements": held} for key, name, held in summary.contributors
            ],
        }
    )


def _vocabulary_body(vocabulary: Vocabulary) -> VocabularyBody:
    return VocabularyBody(
        version=vocabulary.version,
        groups=[TermBody.model_validate(each) for each in vocabulary.groups.values()],
        indicators=[IndicatorTermBody.model_validate(each) for each in vocabulary.indicators.values()],
        technology_domains=[TermBody.model_validate(each) for each in vocabulary.technology_domains.values()],
        evidence_sources=[EvidenceBody.model_validate(each) for each in vocabulary.evidence_sources.values()],
        relations=[RelationKindBody.model_validate(each) for each in vocabulary.relations.values()],
        mitigations=[TermBody.model_validate(each) for each in vocabulary.mitigations.values()],
        engagement_kinds=[TermBody.model_validate(each) for each in vocabulary.engagement_kinds.values()],
    )
