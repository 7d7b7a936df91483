"""The dossier: all that this node may show about one organisation, and nothing that adds it up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from node.domain.accounts import Permission
from node.domain.graph import Kin, KinKind
from node.domain.insight import CircleReading, Dossier, FindingView, RelationView, SignalView
from node.domain.lists import Listing, PublicationKind, PublicationTie
from node.domain.subjects import Organisation
from node.errors import Code, HanseError
from node.insight import watch
from node.insight.dossier import dossier
from node.insight.rollup import roll_up
from node.storage import lists
from node.storage.database import Transaction
from node.web.assessments import own_ties
from node.web.formats import counted, identifier
from node.web.forms import sentence
from node.web.subjects import STATUS_WORDS
from node.web.ties import ORIGIN_WORDS, REGISTRY_WORDS, phrase
from node.web.translation import say
from node.web.visits import Requires, Visit
from protocol.errors import ProtocolError
from protocol.identifiers import SubjectId, parse_subject_id
from protocol.vocabulary import Vocabulary

ROUTER = APIRouter()
_Visit = Annotated[Visit, Depends(Requires(Permission.POOL_READ))]
MAX_TIES_SHOWN: Final = 40
"""Ties in a dossier; the page of ties has all of them, and a drawing."""
MAX_PUBLICATIONS: Final = 60
"""Lines of what publications tell."""
_KIN_WORDS: Final[Mapping[KinKind, str]] = {
    "parent": "Parents",
    "part": "Parts",
    "forerunner": "Forerunners",
    "successor": "Successors",
}
PUBLICATION_WORDS: Final[Mapping[PublicationKind, str]] = {
    "joint": "publishes jointly with",
    "shared": "one author gave both",
    "funder": "names as a funder",
}
_REGISTRY_WORDS: Final = {relation: both[0] for relation, both in REGISTRY_WORDS.items()}


@dataclass(frozen=True, slots=True)
class Side:
    """Signals of one polarity, with the group that each belongs to."""

    title: str
    absent: str
    signals: tuple[tuple[str, SignalView], ...]


@dataclass(frozen=True, slots=True)
class CirclePart:
    """One circle's reading, arranged for the page: two sides of equal weight, context apart, the unknown named."""

    reading: CircleReading
    standing: str
    sides: tuple[Side, Side]
    context: tuple[tuple[str, SignalView], ...]
    unknown: tuple[tuple[str, tuple[str, ...]], ...]
    unlisted: tuple[FindingView, ...]

    @property
    def has_signals(self) -> bool:
        """Whether any assurance or concern is stated."""
        return any(side.signals for side in self.sides)


@dataclass(frozen=True, slots=True)
class KinPart:
    """Relatives of one kind, each with the words for what makes it one."""

    title: str
    relatives: tuple[tuple[Kin, tuple[str, ...]], ...]
    more: int


@dataclass(frozen=True, slots=True)
class Outside:
    """What stands beside the readings, and enters none of them."""

    kin: tuple[KinPart, ...]
    listings: tuple[Listing, ...]
    publications: tuple[PublicationTie, ...]


@ROUTER.get("/subjects/{subject}")
def show_dossier(visit: _Visit, subject: str) -> Response:
    """Everything about one organisation, circle by circle."""
    parsed = subject_of(subject)
    visit.record("dossier-read", parsed)
    with visit.read() as tx:
        found = dossier(tx, visit.runtime.vocabulary, parsed, visit.now)
        outside = _outside(visit, tx, found)
        watched = watch.is_watched(tx, visit.runtime.vault, visit.principal.account, found.subject)
    if found.organisation is None and all(reading.is_unknown for reading in found.circles):
        raise HanseError(
            Code.NOT_FOUND,
            "no organisation with this identifier is in the registry, and no statement names it.",
            remedy="Search for it by name.",
        )
    return visit.render(
        "dossier.html",
        dossier=found,
        place=_place(found.organisation),
        aliases=_aliases(found),
        facts=_facts(found),
        parts=[_part(reading) for reading in found.circles],
        relations=_relations(found.circles),
        ties_shown=MAX_TIES_SHOWN,
        further_relations=sum(reading.further_relations for reading in found.circles),
        outside=outside,
        publication_words=PUBLICATION_WORDS,
        registry_words=_REGISTRY_WORDS,
        vocabulary=visit.runtime.vocabulary,
        may_assess=visit.may(Permission.ASSESSMENTS_WRITE),
        may_draft=visit.may(Permission.DRAFTS_WRITE),
        watched=watched,
    )


def subject_of(text: str) -> SubjectId:
    """The identifier in a path, or ``NOT_FOUND``."""
    try:
        return parse_subject_id(text)
    except ProtocolError as error:
        raise HanseError(Code.NOT_FOUND, f"{error.detail}.", remedy="Search for the organisation by name.") from error


def _part(reading: CircleReading) -> CirclePart:
    groups = reading.groups
    return CirclePart(
        reading=reading,
        standing=f"{sentence(counted(reading.members, 'member'))}. {say('What they have shared, and nothing else.')}",
        sides=(
            Side(
                say("Assurances"),
                say("None is recorded here. That is unknown, not a lack of them."),
                tuple((group.label, signal) for group in groups for signal in group.assurances),
            ),
            Side(
                say("Concerns"),
                say("None is recorded here. That is unknown, not an all-clear."),
                tuple((group.label, signal) for group in groups for signal in group.concerns),
            ),
        ),
        context=tuple((group.label, signal) for group in groups for signal in group.context),
        unknown=tuple(
            (group.label, tuple(named.label for named in group.unknown)) for group in groups if group.unknown
        ),
        unlisted=reading.unlisted,
    )


def _relations(circles: Sequence[CircleReading]) -> list[tuple[str, RelationView]]:
    return [(reading.name, relation) for reading in circles for relation in reading.relations]


def _outside(visit: Visit, tx: Transaction, found: Dossier) -> Outside:
    vocabulary, subject = visit.runtime.vocabulary, found.subject
    ids = [subject, *(alias for alias, _ in found.aliases)]
    rolled = roll_up(tx, vocabulary, subject, visit.now, private=own_ties(visit, tx))
    parts = []
    for kind, title in _KIN_WORDS.items():
        relatives = tuple((kin, tuple(_tied(kin, subject, vocabulary))) for kin in rolled.of(kind))
        if relatives:
            parts.append(KinPart(title, relatives, rolled.more[kind]))
    return Outside(
        kin=tuple(parts),
        listings=tuple(lists.of_subjects(tx, ids)),
        publications=tuple(lists.publications_of(tx, ids, MAX_PUBLICATIONS)),
    )


def _tied(kin: Kin, subject: SubjectId, vocabulary: Vocabulary) -> Iterable[str]:
    """What makes it a relative, from whom."""
    return dict.fromkeys(
        f"{say(phrase(tie, subject, vocabulary))} ({say(ORIGIN_WORDS[tie.origin])})" for tie in kin.ties
    )


def _place(organisation: Organisation | None) -> str:
    if organisation is None:
        return say("Known from shared statements only; no registry entry is held here.")
    types = ", ".join(organisation.types).capitalize()
    where = ", ".join(part for part in (organisation.place, organisation.country) if part)
    if organisation.origin == "minted":
        return say("Named by this node for one circle; no registry lists it.")
    return ". ".join(part for part in (types, where) if part)


def _aliases(found: Dossier) -> list[str]:
    names = found.organisation.names if found.organisation else ()
    return list(dict.fromkeys(name.value for name in names if name.value != found.label))


def _facts(found: Dossier) -> list[tuple[str, str]]:
    facts = [(say("Identifier"), identifier(found.subject))]
    organisation = found.organisation
    if organisation is not None:
        if organisation.origin == "registry":
            facts.append((say("Status"), say(STATUS_WORDS[organisation.status])))
        if organisation.established is not None:
            facts.append((say("Established"), str(organisation.established)))
        facts.extend((scheme.upper(), value) for scheme, value in organisation.identifiers)
    return facts
