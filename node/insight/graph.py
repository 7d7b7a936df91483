"""Ties with what they rest on, and the neighbourhood of a subject.

A tie is read like any claim: the live relations that state it and the responses to them are opinions, one of each
contributor, and are fused by the rules of :mod:`protocol.signals`. What the registry states has no grade and is not
fused; what we noted for ourselves stays apart from what a circle stated. Circles are never merged.

Who may see private ties is for the caller: they are given to these functions, or they are not.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from node.clock import day_of
from node.domain.circles import Roster
from node.domain.graph import ORIGINS, Link, Neighbourhood, Origin, OwnTie, Place, Tie
from node.domain.insight import Named, RelationView, ResponseView
from node.domain.statements import StoredStatement
from node.insight.opinions import Trust, equal_trust, policy
from node.insight.views import relation_view, response_view
from node.storage import circles, statements, subject_search
from node.storage.database import Transaction
from node.storage.graph import Edges
from protocol.identifiers import CircleId, KeyId, StatementId, SubjectId, VocabularyCode
from protocol.signals import Opinion, Signal, Stance, fuse
from protocol.statements import RelationBody, ResponseBody, Timestamp
from protocol.statements import Stance as ResponseStance
from protocol.vocabulary import Vocabulary

MAX_TIES: Final = 1_000
"""Ties of one reading that are opened and shown: more than a page holds, and a tenth of a second of work."""
MAX_EXPANDED: Final = 60
"""Neighbours whose own ties are read for the second step: what a drawing has room for."""
MAX_SECOND: Final = 240
"""Edges read of all of them together in the second step, of each end and origin."""
MAX_PASSED: Final = 200
"""Ties from which a subject is a hub: a funder of hundreds ties everything to everything, and so says nothing."""
_OWN_K: Final = 3
"""The cap for what we alone noted: the default of circles, so that both read alike."""
_ALONE: Final = KeyId("")
"""Stands for ourselves as the author of a private tie; no contributor has an empty key."""
_STANCES: Final[Mapping[ResponseStance, Stance | None]] = {
    "corroborates": "supports",
    "disputes": "contests",
    "adds-context": None,
}

_Claim = tuple[CircleId, SubjectId, VocabularyCode, SubjectId]


def concern_codes(vocabulary: Vocabulary) -> frozenset[VocabularyCode]:
    """The indicators whose polarity is concern."""
    return frozenset(code for code, each in vocabulary.indicators.items() if each.polarity == "concern")


def ties(edges: Edges, vocabulary: Vocabulary, links: Iterable[Link], *, private: Sequence[OwnTie] = ()) -> list[Tie]:
    """The ties behind these edges, in the order of the registry, the circles, and our own notes."""
    wanted = list(dict.fromkeys(links))
    numbers = sorted(link.seq for link in wanted if link.origin == "pooled")
    own = {each.id: each for each in private}
    found = [
        Tie("registry", link.subject, link.kind, link.object)
        for link in sorted(wanted, key=lambda each: (each.subject, each.kind, each.object))
        if link.origin == "registry"
    ]
    found += _pooled(edges, vocabulary, statements.by_seq(edges.tx, numbers, now=edges.now))
    return found + [_own(own[link.own], link, day_of(edges.now)) for link in wanted if link.own in own]


def neighbourhood(
    tx: Transaction,
    vocabulary: Vocabulary,
    subject: SubjectId,
    now: Timestamp,
    *,
    depth: int = 1,
    origins: Collection[Origin] = ORIGINS,
    private: Sequence[OwnTie] = (),
) -> Neighbourhood:
    """The ties of a subject, and with ``depth`` 2 those of its neighbours; bounded, and it says what it left out."""
    edges = Edges.at(tx, now)
    subject = edges.canonical(subject)
    noted = own_links(edges, private)
    near = [link for link in edges.of([subject], limit=MAX_TIES) if link.origin in origins]
    near = [*near, *(link for link in noted if "private" in origins and subject in {link.subject, link.object})]
    near = near[:MAX_TIES]
    chosen = list(dict.fromkeys(near))
    if depth > 1:
        chosen += _second(edges, subject, near, noted if "private" in origins else [], origins)
    shown = ties(edges, vocabulary, dict.fromkeys(chosen), private=private)
    met = dict.fromkeys([subject, *(end for link in chosen for end in (link.subject, link.object))])
    further = _further(edges.count(met) if set(origins) >= {"registry", "pooled"} else {}, chosen)
    return Neighbourhood(
        subject=subject,
        depth=depth,
        origins=tuple(each for each in ORIGINS if each in origins),
        places=places(edges, vocabulary, met, shown),
        ties=tuple(shown),
        further=further,
    )


def places(
    edges: Edges, vocabulary: Vocabulary, subjects: Iterable[SubjectId], shown: Iterable[Tie] = ()
) -> dict[SubjectId, Place]:
    """What to call each subject and which live concerns there are; the registry's name before one in a statement."""
    wanted = list(dict.fromkeys(subjects))
    known, _ = subject_search.shown(edges.tx, wanted)
    stated = _stated_labels(shown)
    concerns = edges.concerns(wanted, concern_codes(vocabulary))
    found = {}
    for subject in wanted:
        organisation = known.get(subject)
        indicators = [each for code, each in vocabulary.indicators.items() if code in concerns.get(subject, ())]
        found[subject] = Place(
            id=subject,
            label=organisation.label if organisation else stated.get(subject, subject),
            place=organisation.place if organisation else "",
            country=organisation.country if organisation else "",
            concerns=tuple(Named(each.id, each.label, each.polarity, each.definition) for each in indicators),
        )
    return found


def _second(
    edges: Edges, subject: SubjectId, near: Sequence[Link], noted: Sequence[Link], origins: Collection[Origin]
) -> list[Link]:
    neighbours = list(dict.fromkeys(link.other(subject) for link in near))[:MAX_EXPANDED]
    counts = edges.count(neighbours)
    open_ones = [each for each in neighbours if counts.get(each, 0) <= MAX_PASSED]
    found = [link for link in edges.of(open_ones, limit=MAX_SECOND) if link.origin in origins]
    return found + [link for link in noted if link.subject in neighbours or link.object in neighbours]


def _further(counts: Mapping[SubjectId, int], chosen: Iterable[Link]) -> dict[SubjectId, int]:
    """How many ties each has that were not chosen. A tie in two records is one edge: so it is never more than that."""
    seen: dict[SubjectId, int] = {}
    for link in chosen:
        # The registry's counts take both records of a tie.
        weight = 2 if link.origin == "registry" else 1 if link.origin == "pooled" else 0
        for end in (link.subject, link.object):
            seen[end] = seen.get(end, 0) + weight
    return {subject: count - seen.get(subject, 0) for subject, count in counts.items() if count > seen.get(subject, 0)}


def _stated_labels(shown: Iterable[Tie]) -> dict[SubjectId, str]:
    labels: dict[SubjectId, str] = {}
    for tie in shown:
        for view in tie.statements:
            labels.update({view.subject: view.subject_label, view.object: view.object_label})
        if tie.own is not None:
            labels.setdefault(tie.own.subject.id, tie.own.subject.label)
            labels.setdefault(tie.own.object.id, tie.own.object.label)
    return labels


def _own(noted: OwnTie, link: Link, today: date) -> Tie:
    opinion = Opinion(
        contributor=_ALONE,
        statement=(_ALONE, StatementId(noted.id)),
        stance="supports",
        reliability=noted.grade.reliability,
        credibility=noted.grade.credibility,
        strength=1,
        observed_until=noted.observed.end,
        tier=1,
        sources=frozenset(),
        trust_ppm=equal_trust(CircleId(""), _ALONE),
    )
    fused = fuse([opinion], half_life_months=None, k=_OWN_K, today=today)
    return Tie("private", link.subject, noted.relation, link.object, signal=fused, own=noted)


def own_links(edges: Edges, private: Iterable[OwnTie]) -> list[Link]:
    """Our own ties as the search reads them, between the identifiers that theirs are read as."""
    found = []
    for each in private:
        ends = edges.canonical(each.subject.id), edges.canonical(each.object.id)
        if ends[0] != ends[1]:
            found.append(Link("private", *ends, own=each.id))
    return found


def _pooled(edges: Edges, vocabulary: Vocabulary, stored: Iterable[StoredStatement]) -> list[Tie]:
    tx, trust = edges.tx, policy(edges.tx)
    rosters = {roster.circle: roster for roster in circles.list_rosters(tx)}
    claims: dict[_Claim, list[StoredStatement]] = {}
    for each in stored:
        if isinstance(each.body, RelationBody) and each.counts and each.circle in rosters:
            claims.setdefault(_claim(edges, each.circle, each.body, vocabulary), []).append(each)
    answers: dict[tuple[KeyId, StatementId], list[StoredStatement]] = {}
    for circle in {claim[0] for claim in claims}:
        names = [each.name for claim, held in claims.items() if claim[0] == circle for each in held]
        for answer in statements.responses_to(tx, circle, names, now=edges.now):
            if isinstance(answer.body, ResponseBody) and answer.counts:
                target = (answer.body.target.contributor, answer.body.target.id)
                answers.setdefault(target, []).append(answer)
    found = []
    for claim, held in sorted(claims.items(), key=lambda item: item[0]):
        said = [answer for each in held for answer in answers.get(each.name, ())]
        found.append(_tie(rosters[claim[0]], claim, held, said, vocabulary, edges.now, trust))
    return found


def _claim(edges: Edges, circle: CircleId, body: RelationBody, vocabulary: Vocabulary) -> _Claim:
    """What is stated: the same of two contributors is one claim, and a symmetric relation has no direction."""
    known = vocabulary.relations.get(body.relation)
    first, second = edges.canonical(body.subject.id), edges.canonical(body.object.id)
    if known is not None and known.symmetric:
        first, second = sorted((first, second))
    return circle, first, body.relation, second


def _tie(
    roster: Roster,
    claim: _Claim,
    held: Sequence[StoredStatement],
    answers: Sequence[StoredStatement],
    vocabulary: Vocabulary,
    now: Timestamp,
    trust: Trust,
) -> Tie:
    circle, subject, relation, tied = claim
    return Tie(
        origin="pooled",
        subject=subject,
        relation=relation,
        object=tied,
        circle=circle,
        circle_name=roster.charter.name,
        statements=tuple(_views(held, answers)),
        signal=_fused(roster, [*held, *answers], vocabulary, day_of(now), trust),
    )


def _views(held: Sequence[StoredStatement], answers: Sequence[StoredStatement]) -> Iterable[RelationView]:
    for each in held:
        if isinstance(each.body, RelationBody):
            yield relation_view(each, each.body, tuple(_replies(each, answers)))


def _replies(to: StoredStatement, answers: Sequence[StoredStatement]) -> Iterable[ResponseView]:
    for each in answers:
        if isinstance(each.body, ResponseBody) and (each.body.target.contributor, each.body.target.id) == to.name:
            yield response_view(each, each.body)


def _fused(
    roster: Roster, said: Iterable[StoredStatement], vocabulary: Vocabulary, today: date, trust: Trust
) -> Signal:
    """One opinion of each voice, its latest by the order of its logs; a tie does not age by itself."""
    latest: dict[KeyId, tuple[tuple[int, int], Opinion]] = {}
    for each in said:
        voice, place = roster.voice(each.contributor), (roster.order(each.contributor), each.index)
        opinion = _opinion(each, voice, vocabulary, trust)
        known = latest.get(voice)
        if opinion is not None and (known is None or known[0] < place):
            latest[voice] = (place, opinion)
    held = [opinion for _, opinion in latest.values()]
    return fuse(held, half_life_months=None, k=roster.charter.small_number_threshold, today=today)


def _opinion(each: StoredStatement, voice: KeyId, vocabulary: Vocabulary, trust: Trust) -> Opinion | None:
    body = each.body
    if isinstance(body, RelationBody):
        stance: Stance | None = "supports"
    elif isinstance(body, ResponseBody):
        stance = _STANCES[body.stance]
    else:
        return None
    if stance is None:
        return None
    return Opinion(
        contributor=voice,
        statement=each.name,
        stance=stance,
        reliability=body.grade.reliability,
        credibility=body.grade.credibility,
        strength=1,
        observed_until=body.observed.end,
        tier=vocabulary.best_tier(body.evidence_kinds),
        sources=frozenset(body.sources),
        trust_ppm=trust(each.circle, each.contributor),
    )
