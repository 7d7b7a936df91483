"""Signals and dossiers in the API. There is no member for a total: concerns and assurances are never summed."""

from datetime import date
from typing import Literal

from pydantic import Field

from node.api.v1.models import EXAMPLE_CIRCLE, EXAMPLE_SUBJECT, Model
from node.api.v1.statement_models import FindingBody, RelationBody
from node.api.v1.subjects import SubjectDetail
from node.domain.insight import CircleReading, Dossier, GroupReading, Polarity, SignalView
from protocol.identifiers import CircleId
from protocol.pseudonyms import pseudonym
from protocol.signals import Confidence, Contribution, LikelihoodWord, Reason, Stance


class IndicatorBody(Model):
    """A vocabulary entry in words."""

    id: str = Field(examples=["conduct-reliable-delivery"])
    label: str
    polarity: Polarity
    definition: str


class ContributionBody(Model):
    """What one opinion counted for, step by step, in millionths of a unit of evidence."""

    pseudonym: str
    contributor: str
    statement: str = Field(description="Identifier of the statement in the contributor's log.")
    counts_as: Stance
    root: int | None = Field(description="Opinions with the same number share a source and count once.")
    grade_mass: int
    weighed_mass: int
    averaged_mass: int
    mass: int
    reason: Reason | None = Field(description="Why nothing was counted, or why it counts the other way.")


class SignalBody(Model):
    """How likely a claim is on the pooled evidence, how sure that is, and what it rests on."""

    circle: str = Field(examples=[EXAMPLE_CIRCLE])
    subject: str = Field(examples=[EXAMPLE_SUBJECT])
    indicator: IndicatorBody
    scope: str
    scope_label: str
    as_of: date
    words: str = Field(description="The signal in one sentence.")
    likelihood: LikelihoodWord | Literal["unknown"] = Field(description="ICD 203; `unknown` where nothing counted.")
    confidence: Confidence
    belief_ppm: int
    disbelief_ppm: int
    uncertainty_ppm: int = Field(description="The three sum to 1,000,000.")
    roots: int = Field(description="Independent sources of which anything was counted.")
    contributors: int
    conflict_ppm: int
    largest_share_ppm: int
    newest: date | None
    oldest: date | None
    strength: tuple[int, int] | None
    contributions: list[ContributionBody]
    findings: list[FindingBody] = Field(description="What it rests on; empty in lists of signals.")


class SignalList(Model):
    """Signals on one subject, by circle."""

    items: list[SignalBody]


class GroupBody(Model):
    """One group of indicators: three lists side by side, and what is unknown."""

    id: str
    label: str
    concerns: list[SignalBody]
    assurances: list[SignalBody]
    context: list[SignalBody]
    unknown: list[IndicatorBody] = Field(description="Nobody has stated anything: unknown, not safe.")


class CircleReadingBody(Model):
    """What one circle's members have stated. Circles are never merged."""

    circle: str
    name: str
    members: int
    k: int
    groups: list[GroupBody]
    relations: list[RelationBody]
    unlisted: list[FindingBody] = Field(description="Findings under an indicator that this node does not know.")
    further_relations: int = Field(description="Live relations beyond those shown here; the list of ties has them.")


class DossierBody(Model):
    """Everything this node may show about one subject."""

    subject: str = Field(
        description="What was asked for, or the identifier that this node reads it as.", examples=[EXAMPLE_SUBJECT]
    )
    asked: str = Field(examples=[EXAMPLE_SUBJECT])
    aliases: list[tuple[str, str]] = Field(
        description="Other identifiers that a person at this node has linked to `subject`, each with its name; the"
        " signals rest on the statements about all of them."
    )
    label: str
    as_of: date
    organisation: SubjectDetail | None = Field(description="From the registry; `null` where it does not list it.")
    successors: list[SubjectDetail]
    circles: list[CircleReadingBody]


def signal_body(view: SignalView) -> SignalBody:
    """One signal."""
    signal = view.signal
    return SignalBody(
        circle=view.circle,
        subject=view.subject,
        indicator=IndicatorBody.model_validate(view.indicator),
        scope=view.scope,
        scope_label=view.scope_label,
        as_of=view.as_of,
        words=view.words,
        likelihood=signal.likelihood,
        confidence=signal.confidence,
        belief_ppm=signal.belief_ppm,
        disbelief_ppm=signal.disbelief_ppm,
        uncertainty_ppm=signal.uncertainty_ppm,
        roots=signal.roots,
        contributors=signal.contributors,
        conflict_ppm=signal.conflict_ppm,
        largest_share_ppm=signal.largest_share_ppm,
        newest=signal.newest,
        oldest=signal.oldest,
        strength=signal.strength,
        contributions=[_contribution(view.circle, each) for each in signal.contributions],
        findings=[FindingBody.model_validate(each) for each in view.findings],
    )


def dossier_body(dossier: Dossier) -> DossierBody:
    """One dossier."""
    return DossierBody(
        subject=dossier.subject,
        asked=dossier.asked,
        aliases=list(dossier.aliases),
        label=dossier.label,
        as_of=dossier.as_of,
        organisation=SubjectDetail.model_validate(dossier.organisation) if dossier.organisation else None,
        successors=[SubjectDetail.model_validate(each) for each in dossier.successors],
        circles=[_circle(each) for each in dossier.circles],
    )


def _circle(reading: CircleReading) -> CircleReadingBody:
    return CircleReadingBody(
        circle=reading.circle,
        name=reading.name,
        members=reading.members,
        k=reading.k,
        groups=[_group(each) for each in reading.groups],
        relations=[RelationBody.model_validate(each) for each in reading.relations],
        unlisted=[FindingBody.model_validate(each) for each in reading.unlisted],
        further_relations=reading.further_relations,
    )


def _group(group: GroupReading) -> GroupBody:
    return GroupBody(
        id=group.id,
        label=group.label,
        concerns=[signal_body(each) for each in group.concerns],
        assurances=[signal_body(each) for each in group.assurances],
        context=[signal_body(each) for each in group.context],
        unknown=[IndicatorBody.model_validate(each) for each in group.unknown],
    )


def _contribution(circle: CircleId, each: Contribution) -> ContributionBody:
    # The contribution's own contributor is the voice: an identity, the same in every circle, which stays inside.
    contributor, statement = each.statement
    return ContributionBody(
        pseudonym=pseudonym(circle, contributor),
        contributor=contributor,
        statement=statement,
        counts_as=each.counts_as,
        root=each.root,
        grade_mass=each.grade_mass,
        weighed_mass=each.weighed_mass,
        averaged_mass=each.averaged_mass,
        mass=each.mass,
        reason=each.reason,
    )
