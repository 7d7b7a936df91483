"""Ties and paths: what is tied to a subject, and how it is tied to subjects with a concern.

Private ties of this institution are in no answer, whoever asks: they are read on its own pages.
"""

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from node.api.authentication import Caller, Needs
from node.api.problems import declared
from node.api.v1.models import EXAMPLE_CIRCLE, EXAMPLE_SUBJECT, READ_PROBLEMS, Model, SubjectPath
from node.api.v1.signal_models import IndicatorBody
from node.api.v1.statement_models import RelationBody
from node.domain.accounts import Permission
from node.domain.graph import Border, Hop, Knowledge, Origin, Path, PathReading, Place, Tie
from node.insight.graph import MAX_TIES, neighbourhood
from node.insight.paths import paths
from node.runtime import Runtime
from protocol.errors import Code as ProtocolCode
from protocol.identifiers import parse_subject_id
from protocol.signals import Confidence, LikelihoodWord

_SHARED: Final[tuple[Origin, ...]] = ("registry", "pooled")


class PlaceBody(Model):
    """A subject as one point of the graph."""

    id: str = Field(examples=[EXAMPLE_SUBJECT])
    label: str
    place: str
    country: str = Field(description="For identification, and for saying whether a path crosses a border.")
    concerns: list[IndicatorBody] = Field(description="Under which a live finding exists: to be read, no verdict.")


class TieBody(Model):
    """`subject` *relation* `object`, from the registry or from one circle; never of both."""

    origin: Origin
    subject: str
    relation: str = Field(description="A code of the vocabulary, or the registry's word.", examples=["funds"])
    object: str
    circle: str | None = Field(description="`null` for the registry's.", examples=[EXAMPLE_CIRCLE])
    observed_from: date | None
    observed_until: date | None
    likelihood: LikelihoodWord | Literal["unknown"] | None = Field(
        description="As of a signal; `null`: the registry gives no grade."
    )
    confidence: Confidence | None
    roots: int = Field(description="Independent sources; 0 for the registry's.")
    contributors: int
    statements: list[RelationBody] = Field(description="The live relations behind it, with responses by others.")


class RelationList(Model):
    """What is tied to a subject."""

    subject: str
    depth: int
    places: list[PlaceBody]
    ties: list[TieBody]
    further: dict[str, int] = Field(description="Ties of a subject that are stated and not among `ties`.")


class HopBody(Model):
    """One step of a path, with every tie that makes it, the best evidenced first."""

    start: str
    end: str
    strength_ppm: int
    ties: list[TieBody]


class PathBody(Model):
    """One shortest path."""

    nodes: list[str]
    hops: list[HopBody]
    weakest: int = Field(description="Which of the hops is the least well evidenced, from 0.")
    roots: int = Field(description="Independent roots of evidence behind the pooled ties.")
    contributors: list[str] = Field(description="Pseudonyms.")
    origins: list[Origin]
    border: Border
    knowledge: Knowledge = Field(
        description="`nobody-alone`: no single node knew this path; `public`: all of it is in the registry; "
        "`not-said`: it joins circles, and whether two pseudonyms are one institution is not told."
    )


class HubBody(Model):
    """A subject with too many ties to be passed through."""

    subject: str
    ties: int


class PathList(Model):
    """Shortest paths of at most four ties to subjects with a live concern, the nearest first, and what was left out."""

    subject: str
    places: list[PlaceBody]
    paths: list[PathBody]
    reached: int
    hubs: list[HubBody]
    unread: int = Field(description="Subjects that were reached and not followed, because too many were met at once.")
    further_targets: int = Field(description="Subjects with a concern that were reached and are not shown.")
    ended_after: int = Field(
        description="Ties after which the search ended, because enough concerns were that near; 0 where it went on."
    )


def routes(runtime: Runtime) -> APIRouter:
    """``/subjects/{subject}/relations`` and ``/subjects/{subject}/paths``."""
    router = APIRouter(tags=["insight"])
    needs = Depends(Needs(runtime, Permission.POOL_READ))
    problems = declared(*READ_PROBLEMS, ProtocolCode.BAD_IDENTIFIER)

    @router.get("/subjects/{subject}/relations", summary="What is tied to one subject", responses=problems)
    def list_relations(
        subject: SubjectPath,
        caller: Annotated[Caller, needs],
        depth: Annotated[int, Query(ge=1, le=2, description="2: also what is tied to the neighbours.")] = 1,
    ) -> RelationList:
        """The registry's ties and those of the circles, kept apart by `origin`; at most a thousand."""
        identifier = parse_subject_id(subject)
        with caller.reading("ties-read", identifier) as tx:
            found = neighbourhood(tx, runtime.vocabulary, identifier, caller.now, depth=depth, origins=_SHARED)
        return RelationList(
            subject=identifier,
            depth=depth,
            places=[_place(each) for each in found.places.values()],
            ties=[_tie(each) for each in found.ties[: depth * MAX_TIES]],
            further={str(subject): number for subject, number in found.further.items()},
        )

    @router.get("/subjects/{subject}/paths", summary="Paths to subjects with a concern", responses=problems)
    def list_paths(subject: SubjectPath, caller: Annotated[Caller, needs]) -> PathList:
        """A path is a reason to ask. It says nothing about a subject that is on it."""
        identifier = parse_subject_id(subject)
        with caller.reading("paths-read", identifier) as tx:
            return _paths(paths(tx, runtime.vocabulary, identifier, caller.now))

    return router


def _paths(found: PathReading) -> PathList:
    return PathList(
        subject=found.subject,
        places=[_place(each) for each in found.places.values()],
        paths=[_path(each) for each in found.paths],
        reached=found.reached,
        hubs=[HubBody(subject=subject, ties=number) for subject, number in found.left_out.hubs],
        unread=found.left_out.unread,
        further_targets=found.left_out.targets,
        ended_after=found.left_out.ended,
    )


def _path(path: Path) -> PathBody:
    return PathBody(
        nodes=list(path.nodes),
        hops=[_hop(each) for each in path.hops],
        weakest=path.weakest,
        roots=path.roots,
        contributors=list(path.contributors),
        origins=list(path.origins),
        border=path.border,
        knowledge=path.knowledge,
    )


def _hop(hop: Hop) -> HopBody:
    return HopBody(start=hop.start, end=hop.end, strength_ppm=hop.strength_ppm, ties=[_tie(each) for each in hop.ties])


def _tie(tie: Tie) -> TieBody:
    signal, period = tie.signal, tie.period or (None, None)
    return TieBody(
        origin=tie.origin,
        subject=tie.subject,
        relation=tie.relation,
        object=tie.object,
        circle=tie.circle,
        observed_from=period[0],
        observed_until=period[1],
        likelihood=signal.likelihood if signal else None,
        confidence=signal.confidence if signal else None,
        roots=signal.roots if signal else 0,
        contributors=signal.contributors if signal else 0,
        statements=[RelationBody.model_validate(each) for each in tie.statements],
    )


def _place(place: Place) -> PlaceBody:
    return PlaceBody(
        id=place.id,
        label=place.label,
        place=place.place,
        country=place.country,
        concerns=[IndicatorBody.model_validate(each) for each in place.concerns],
    )
