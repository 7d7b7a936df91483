"""Signals and dossiers in the API. There is no member for a total: concerns and assurances are never summed."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from node.api.v1.models import EXAMPLE_CIRCLE, EXAMPLE_SUBJECT, Model
from node.api.v1.statement_models import FindingBody, RelationBody
from node.api.v1.subjects import SubjectDetail
from node.domain.explanation import Alternative, SignalDetail
from node.domain.insight import CircleReading, Dossier, GroupReading, Polarity, SignalLine, SignalView
from protocol.identifiers import CircleId, KeyId
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


class MovementBody(Model):
    """How far a claim has moved against the same claim as it stood 30 and 90 days earlier."""

    moved_30_ppm: int = Field(
        description="Change of the expected probability, belief + uncertainty / 2, in millionths."
    )
    moved_90_ppm: int
    roots_30: int = Field(description="Independent roots that count now and that nobody had named 30 days earlier.")
    roots_90: int


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
    replies: int = Field(
        description="Replies of the organisation to the statements behind it; each stands at what it answers."
    )
    findings: list[FindingBody] = Field(description="What it rests on; empty in lists of signals.")
    movement: MovementBody | None = Field(description="`null` in dossiers, and where identifiers are linked.")


class SignalList(Model):
    """One page of signals; concerns and assurances are lines of equal standing."""

    items: list[SignalBody]
    next: str = Field(description="Give it as `after` for the next page; empty at the end of the list.")


class JoinBody(Model):
    """One public source that several opinions name."""

    source: str
    statements: list[tuple[str, str]] = Field(description="Contributor and identifier of each.")


class RootBody(Model):
    """Opinions that share sources, directly or through others, and count as one piece of evidence."""

    number: int
    statements: list[tuple[str, str]]
    joins: list[JoinBody]
    mass: int


class ReadingBody(Model):
    """What a signal would read."""

    likelihood: LikelihoodWord | Literal["unknown"]
    confidence: Confidence
    belief_ppm: int
    disbelief_ppm: int
    uncertainty_ppm: int


class AlternativeBody(Model):
    """The signal without some of its opinions."""

    left_out: list[tuple[str, str]]
    reading: ReadingBody
    moved_ppm: int
    changes_word: bool


class ExplanationBody(Model):
    """One signal with its statements, and what would change it."""

    signal: SignalBody
    k: int
    half_life_months: int | None
    roots: list[RootBody]
    holds: bool = Field(description="Whether the word is the same without any single contributor.")
    without_contributor: list[AlternativeBody] = Field(description="The one that changes most first.")
    without_root: list[AlternativeBody]
    trimmed: AlternativeBody | None = Field(
        description="Without the contributor that adds most and the one that takes away most; `null` below three."
    )
    one_more_supporting: ReadingBody = Field(description="With one more independent report of grade B2, of today.")
    one_more_contesting: ReadingBody
    changes_on: date | None = Field(description="When age alone gives another word; `null`: not in ten years.")
    changes_to: LikelihoodWord | Literal["unknown"] | None
    ends: date | None = Field(description="When the first of the statements that count ends.")


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
        contributions=[_contribution(view.circle, each, view.names) for each in signal.contributions],
        replies=view.replies,
        findings=[FindingBody.model_validate(each) for each in view.findings],
        movement=None if view.movement is None else MovementBody.model_validate(view.movement),
    )


def line_body(line: SignalLine) -> SignalBody:
    """One signal of a list."""
    stored = line.stored
    view = SignalView(
        circle=stored.claim.circle,
        subject=stored.claim.subject,
        indicator=line.indicator,
        scope=stored.claim.scope,
        scope_label=line.scope_label,
        as_of=stored.as_of,
        signal=stored.signal,
        words=line.words,
        movement=stored.movement,
        replies=line.replies,
        names=line.names,
    )
    return signal_body(view)


def explanation_body(detail: SignalDetail) -> ExplanationBody:
    """One signal, explained."""
    found = detail.explanation
    return ExplanationBody(
        signal=signal_body(detail.view),
        k=detail.k,
        half_life_months=detail.half_life_months,
        roots=[RootBody.model_validate(each) for each in found.roots],
        holds=found.holds,
        without_contributor=[_alternative(each) for each in found.without_contributor],
        without_root=[_alternative(each) for each in found.without_root],
        trimmed=None if found.trimmed is None else _alternative(found.trimmed),
        one_more_supporting=ReadingBody.model_validate(found.one_more_supporting),
        one_more_contesting=ReadingBody.model_validate(found.one_more_contesting),
        changes_on=found.changes_on,
        changes_to=found.changes_to,
        ends=detail.ends,
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


def _alternative(each: Alternative) -> AlternativeBody:
    return AlternativeBody(
        left_out=list(each.left_out),
        reading=ReadingBody.model_validate(each.signal),
        moved_ppm=each.moved_ppm,
        changes_word=each.changes_word,
    )


def _contribution(circle: CircleId, each: Contribution, names: Mapping[KeyId, str]) -> ContributionBody:
    # The contribution's own contributor is the voice: an identity, the same in every circle, which stays inside.
    contributor, statement = each.statement
    return ContributionBody(
        pseudonym=names.get(contributor) or pseudonym(circle, contributor),
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
