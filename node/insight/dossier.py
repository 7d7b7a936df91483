"""The dossier: everything this node may show about one subject.

Signals are computed here from the very statements that are shown beside them, for today, so a number and what
stands behind it cannot differ, and a round of :mod:`node.insight.refresh` that has not run yet changes nothing.
Concerns, assurances and context are separate lists; nothing adds them up, and an indicator that nobody has
stated anything about is listed as unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Final

from node.clock import day_of
from node.domain.circles import Roster
from node.domain.insight import (
    CircleReading,
    Dossier,
    FindingView,
    GroupReading,
    Movement,
    Named,
    RelationView,
    ResponseView,
    SignalView,
)
from node.domain.statements import Claim, StoredStatement
from node.insight.opinions import ClaimStatements, Trust, is_listed, policy, signal
from node.insight.replies import Replies, count, replies_to
from node.insight.union import Union, by_united_claim, statements_on, union_of
from node.insight.views import finding_view, relation_view, response_view
from node.insight.words import words
from node.storage import bylines, circles, statements
from node.storage import subjects as registry
from node.storage.database import Transaction
from protocol.identifiers import KeyId, StatementId, SubjectId, VocabularyCode
from protocol.signals import Signal
from protocol.statements import FindingBody, RelationBody, ResponseBody, Timestamp
from protocol.vocabulary import WHOLE, Indicator, Polarity, Vocabulary

MAX_RELATIONS: Final = 100
"""Relations of one identifier in one circle that a dossier opens: more than a page shows. A large funder has thousands,
which are drawn and listed where ties are."""


def dossier(tx: Transaction, vocabulary: Vocabulary, subject: SubjectId, now: Timestamp) -> Dossier:
    """What is known of a subject, whether or not the registry or any circle knows it.

    An alias is read as its canonical identifier (:mod:`node.insight.union`), and the dossier says so.
    """
    trust, union, asked = policy(tx), union_of(tx, subject), subject
    subject = union.canonical
    readings = tuple(_circle(tx, vocabulary, roster, union, now, trust) for roster in circles.list_rosters(tx))
    known = registry.get_many(tx, [subject]).get(subject)
    organisation = known if known and known.origin != "statement" else None
    successors = registry.get_many(tx, organisation.successors if organisation else ())
    names = registry.labels(tx, union.aliases)
    return Dossier(
        subject=subject,
        label=known.label if known else _stated_label(readings, subject),
        as_of=day_of(now),
        organisation=organisation,
        successors=tuple(successors[key] for key in sorted(successors)),
        circles=readings,
        asked=asked,
        aliases=tuple((alias, names.get(alias, alias)) for alias in union.aliases),
    )


def signal_view(
    claim: Claim,
    fused: Signal,
    vocabulary: Vocabulary,
    as_of: date,
    findings: tuple[FindingView, ...] = (),
    movement: Movement | None = None,
    replies: int = 0,
    names: Mapping[KeyId, str] = MappingProxyType({}),
) -> SignalView:
    """One signal in words, under an indicator that the vocabulary knows.

    What each opinion gave is in the order of its name: the order of voices, in which it is computed, is the same in
    every signal and would tell them apart.
    """
    return SignalView(
        circle=claim.circle,
        subject=claim.subject,
        indicator=named(vocabulary.indicators[claim.indicator]),
        scope=claim.scope,
        scope_label=vocabulary.scope_label(claim.scope),
        as_of=as_of,
        signal=in_order_of_names(fused),
        words=words(fused),
        findings=findings,
        movement=movement,
        replies=replies or count(each.replies for each in findings),
        names=names,
    )


def in_order_of_names(fused: Signal) -> Signal:
    """The same signal, its contributions in the order of their statements' names."""
    return replace(fused, contributions=tuple(sorted(fused.contributions, key=lambda each: each.statement)))


def _circle(
    tx: Transaction, vocabulary: Vocabulary, roster: Roster, union: Union, now: Timestamp, trust: Trust
) -> CircleReading:
    found = statements_on(tx, union, roster.circle, now, relations=MAX_RELATIONS)
    targets = [(stored.contributor, stored.statement.id) for stored in found]
    responses = statements.responses_to(tx, roster.circle, targets, now=now)
    answers = answers_to(responses)
    replies = replies_to(tx, roster.circle, targets, now)
    names = bylines.names_in(tx, roster.circle)
    k = roster.charter.small_number_threshold
    views: list[SignalView] = []
    unlisted: list[FindingView] = []
    for held in by_united_claim(roster.circle, union, found, responses):
        findings = finding_views(held, answers, replies)
        if not findings:
            continue
        if is_listed(held.claim.indicator, vocabulary):
            fused = signal(held, vocabulary, roster, trust, today=day_of(now))
            views.append(signal_view(held.claim, fused, vocabulary, day_of(now), findings, names=names))
        else:
            unlisted += findings
    return CircleReading(
        circle=roster.circle,
        name=roster.charter.name,
        members=len(roster.members),
        k=k,
        groups=_groups(views, vocabulary),
        relations=tuple(_relation_views(found, answers, replies)),
        unlisted=tuple(unlisted),
        further_relations=_further(tx, roster, union, found, now),
    )


def _further(tx: Transaction, roster: Roster, union: Union, found: Iterable[StoredStatement], now: Timestamp) -> int:
    """Live relations that were not read; counted only where the bound was met."""
    read = [stored for stored in found if isinstance(stored.body, RelationBody)]
    if len(read) < MAX_RELATIONS:
        return 0
    live = sum(stored.state in {"live", "corrected"} for stored in read)
    return max(0, statements.count_relations(tx, roster.circle, union.ids, now=now) - live)


Answers = dict[tuple[KeyId, StatementId], tuple[ResponseView, ...]]


def answers_to(responses: Iterable[StoredStatement]) -> Answers:
    """Responses that have not expired, by what they answer, in feed order."""
    answers: Answers = {}
    for stored in responses:
        if isinstance(stored.body, ResponseBody) and stored.state != "expired":
            target = (stored.body.target.contributor, stored.body.target.id)
            answers[target] = (*answers.get(target, ()), response_view(stored, stored.body))
    return answers


def finding_views(held: ClaimStatements, answers: Answers, replies: Replies) -> tuple[FindingView, ...]:
    """An expired finding is gone, unless a response to it still counts: then it is shown without its words."""
    views = []
    for stored in held.findings:
        to_it = answers.get((stored.contributor, stored.statement.id), ())
        if isinstance(stored.body, FindingBody) and (stored.state != "expired" or to_it):
            views.append(finding_view(stored, stored.body, to_it, replies.get(stored.name, ())))
    return tuple(views)


def _relation_views(found: Iterable[StoredStatement], answers: Answers, replies: Replies) -> Iterable[RelationView]:
    for stored in found:
        to_it = answers.get((stored.contributor, stored.statement.id), ())
        if isinstance(stored.body, RelationBody) and (stored.state != "expired" or to_it):
            yield relation_view(stored, stored.body, to_it, replies.get(stored.name, ()))


def _groups(views: Sequence[SignalView], vocabulary: Vocabulary) -> tuple[GroupReading, ...]:
    """Every group of the vocabulary in its order; nothing is left out because nothing is known."""
    by_indicator: dict[VocabularyCode, list[SignalView]] = {}
    for each in views:
        by_indicator.setdefault(each.indicator.id, []).append(each)
    readings = []
    for group in vocabulary.groups.values():
        indicators = [each for each in vocabulary.indicators.values() if each.group == group.id]
        readings.append(
            GroupReading(
                id=group.id,
                label=group.label,
                concerns=_of_polarity("concern", indicators, by_indicator),
                assurances=_of_polarity("assurance", indicators, by_indicator),
                context=_of_polarity("context", indicators, by_indicator),
                unknown=tuple(named(each) for each in indicators if each.id not in by_indicator),
            )
        )
    return tuple(readings)


def _of_polarity(
    polarity: Polarity, indicators: Sequence[Indicator], views: dict[VocabularyCode, list[SignalView]]
) -> tuple[SignalView, ...]:
    """In the order of the vocabulary; the whole organisation before single domains."""
    return tuple(
        each
        for indicator in indicators
        if indicator.polarity == polarity
        for each in sorted(views.get(indicator.id, ()), key=lambda view: (view.scope != WHOLE, view.scope))
    )


def named(indicator: Indicator) -> Named:
    """An indicator in words."""
    return Named(indicator.id, indicator.label, indicator.polarity, indicator.definition)


def _stated_label(readings: Iterable[CircleReading], subject: SubjectId) -> str:
    """What contributors call a subject that nobody here knows; the identifier where nobody calls it anything."""
    for reading in readings:
        for group in reading.groups:
            for each in (*group.concerns, *group.assurances, *group.context):
                return each.findings[-1].label
        for finding in reading.unlisted:
            return finding.label
        for relation in reading.relations:
            return relation.subject_label if relation.subject == subject else relation.object_label
    return subject
