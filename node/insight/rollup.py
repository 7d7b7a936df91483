"""What is known of parents, parts and forerunners: beside the dossier, each for itself.

Nothing here joins two organisations. A concern about a parent is a concern about the parent: no signal is passed on to
a part, and none of them are counted together. What a tie to a relative rests on (the registry, a circle, our own note)
is said with it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from node.domain.graph import Kin, KinKind, OwnTie, Place, RollUp, Tie
from node.domain.insight import SignalView
from node.insight.graph import own_links, places, ties
from node.insight.signals import as_computed
from node.storage import circles, statements
from node.storage.database import Transaction
from node.storage.graph import Edges
from protocol.identifiers import CircleId, SubjectId
from protocol.statements import Timestamp
from protocol.vocabulary import Polarity, Vocabulary

MAX_KIN: Final = 40
"""Relatives of one kind that are named; the registry knows of organisations with a thousand parts."""
MAX_READ: Final = 12
"""Relatives of each kind whose signals are shown: more is a page nobody reads to its end."""
_POLARITIES: Final[tuple[Polarity, ...]] = ("assurance", "concern", "context")
_MAX_LINKS: Final = 1_000
"""Edges read of one subject, of each end and origin."""
KINDS: Final[tuple[KinKind, ...]] = ("parent", "part", "forerunner", "successor")
_KIN: Final[Mapping[str, tuple[KinKind, KinKind]]] = {
    "parent": ("parent", "part"),
    "predecessor": ("forerunner", "successor"),
    "parent-of": ("part", "parent"),
    "branch-of": ("parent", "part"),
    "is-joint-laboratory-of": ("parent", "part"),
    "controls": ("part", "parent"),
    "successor-of": ("forerunner", "successor"),
    "formerly-named": ("forerunner", "successor"),
}
"""What the object of a tie is to its subject, and the subject to its object, by the relation."""


def roll_up(
    tx: Transaction,
    vocabulary: Vocabulary,
    subject: SubjectId,
    now: Timestamp,
    *,
    private: Sequence[OwnTie] = (),
) -> RollUp:
    """The relatives of one subject, by kind, with what is known of each; those with a concern first."""
    edges = Edges.at(tx, now)
    subject = edges.canonical(subject)
    noted = own_links(edges, private)
    links = [
        *edges.of([subject], limit=_MAX_LINKS),
        *(link for link in noted if subject in {link.subject, link.object}),
    ]
    related = [link for link in links if link.origin != "registry" or link.kind in _KIN]
    by_kind: dict[KinKind, dict[SubjectId, list[Tie]]] = {}
    for tie in ties(edges, vocabulary, related, private=private):
        kind = _kind(tie, subject)
        if kind is not None:
            by_kind.setdefault(kind, {}).setdefault(tie.other(subject), []).append(tie)
    named = dict.fromkeys(each for found in by_kind.values() for each in found)
    stated = [tie for found in by_kind.values() for held in found.values() for tie in held]
    known = places(edges, vocabulary, named, stated)
    spoken_of = statements.subjects_with_findings(tx, list(named))
    names = {roster.circle: roster.charter.name for roster in circles.list_rosters(tx)}
    kin: list[Kin] = []
    more: dict[KinKind, int] = {}
    for kind in KINDS:
        ordered = _ordered(by_kind.get(kind, {}), known, spoken_of)
        more[kind] = max(0, len(ordered) - MAX_KIN)
        for number, relative in enumerate(ordered[:MAX_KIN]):
            read = relative in spoken_of and number < MAX_READ
            readings = _readings(tx, vocabulary, relative, names, now) if read else ()
            held = tuple(by_kind[kind][relative])
            kin.append(Kin(kind, known[relative], held, readings, stated=relative in spoken_of))
    return RollUp(tuple(kin), more)


def _readings(
    tx: Transaction, vocabulary: Vocabulary, relative: SubjectId, names: Mapping[CircleId, str], now: Timestamp
) -> tuple[tuple[str, SignalView], ...]:
    """By circle, and in it assurances, concerns, context."""
    found = [(names[view.circle], view) for view in as_computed(tx, vocabulary, relative, now)]
    return tuple(sorted(found, key=lambda each: (each[0], _POLARITIES.index(each[1].indicator.polarity))))


def _kind(tie: Tie, here: SubjectId) -> KinKind | None:
    kinds = _KIN.get(tie.relation)
    if kinds is None:
        return None
    return kinds[0] if tie.subject == here else kinds[1]


def _ordered(
    found: Mapping[SubjectId, object], known: Mapping[SubjectId, Place], spoken_of: Collection[SubjectId]
) -> list[SubjectId]:
    return sorted(
        found,
        key=lambda each: (not known[each].concerns, each not in spoken_of, known[each].label.casefold(), each),
    )
