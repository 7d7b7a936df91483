"""What is known of parents, parts and forerunners: beside the dossier, each for itself.

Nothing here joins two organisations. A concern about a parent is a concern about the parent: no signal is passed on to
a part, and none of them are counted together. What a tie to a relative rests on (the registry, a circle, our own note)
is said with it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from node.domain.graph import Kin, KinKind, OwnTie, Place, RollUp, Tie
from node.insight.dossier import dossier
from node.insight.graph import own_links, places, ties
from node.storage import statements
from node.storage.database import Transaction
from node.storage.graph import Edges
from protocol.identifiers import SubjectId
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary

MAX_KIN: Final = 40
"""Relatives of one kind that are named; the registry knows of organisations with a thousand parts."""
MAX_READ: Final = 12
"""Relatives whose readings are computed: each is a dossier of its own."""
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
    kin: list[Kin] = []
    more: dict[KinKind, int] = {}
    for kind in KINDS:
        ordered = _ordered(by_kind.get(kind, {}), known, spoken_of)
        more[kind] = max(0, len(ordered) - MAX_KIN)
        for number, relative in enumerate(ordered[:MAX_KIN]):
            read = relative in spoken_of and number < MAX_READ
            circles = dossier(tx, vocabulary, relative, now).circles if read else ()
            held = tuple(by_kind[kind][relative])
            kin.append(Kin(kind, known[relative], held, circles, stated=relative in spoken_of))
    return RollUp(tuple(kin), more)


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
