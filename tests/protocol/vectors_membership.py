"""Vectors for membership (clauses 6.9 to 6.15): facts, and the roster that they come to."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from protocol.canonical import encode
from protocol.circles import encode_charter
from protocol.fork import ForkPoint
from protocol.identifiers import KeyId
from protocol.membership import (
    ByCharter,
    ByEndorsement,
    ByRotation,
    Endorses,
    Fact,
    Leaves,
    Line,
    Membership,
    Removes,
    Rotates,
    membership,
)
from tests.protocol.parties import charter, endorses, key_id, leaves, removes, rotates
from tests.protocol.vector_file import Case, vector_file

CHARTER: Final = charter()
"""Five founders, two endorsements, three votes."""


def forked(log: str, index: int | None) -> ForkPoint:
    """A proven fork."""
    return ForkPoint(key_id(log), index)


def admits(key: str, *by: str, index: int = 0) -> tuple[Fact, ...]:
    """Endorsements of one card."""
    return tuple(endorses(each, key, index) for each in by or ("a", "b"))


def votes(target: str, from_index: int, *by: str) -> tuple[Fact, ...]:
    """Votes from one index on."""
    return tuple(removes(each, target, from_index, index=50) for each in by)


_Told = tuple[str, str, Sequence[Fact]]
_ADMISSION: Final[Sequence[_Told]] = (
    ("the founders", "6.9", ()),
    ("one endorsement of two", "6.11", admits("x", "a")),
    ("two endorsements", "6.11", admits("x")),
    ("two endorsements by one identity", "6.11", (rotates("a", "a2", 3), *admits("x", "a", "a2"))),
    (
        "two endorsements, one of them in the log of a later key",
        "6.11",
        (rotates("a", "a2", 3), *admits("x", "a2", "b")),
    ),
    ("an endorsement of oneself", "6.11", (rotates("a", "a2", 3), *admits("a3", "a2", "b"))),
    ("an endorsement by a candidate", "6.11", (*admits("x", "a"), *admits("y", "a", "x"))),
    ("an endorsement by who was admitted", "6.11", (*admits("x"), *admits("y", "c", "x"))),
    ("a ring of candidates", "6.11", (*admits("x", "y", "z"), *admits("y", "x", "z"), *admits("z", "x", "y"))),
    ("two cards with one key", "6.11", (*admits("x"), endorses("c", "x", 1, "z"), endorses("d", "x", 1, "z"))),
    ("a founder endorsed with another card", "6.11", (endorses("a", "e", 1, "z"), endorses("b", "e", 1, "z"))),
    ("an endorsement after a fork", "6.14", (*admits("x", "a", "b", index=5), forked("a", 5))),
    ("an endorsement before a fork", "6.14", (*admits("x", "a", "b", index=4), forked("a", 5), forked("a", 9))),
    ("a fork of which the place is not known", "6.14", (*admits("x"), forked("a", None))),
)
_ROTATION: Final[Sequence[_Told]] = (
    ("a key changed", "6.12", (rotates("a", "a2", 3),)),
    ("a key changed three times", "6.12", (rotates("a", "a2", 3), rotates("a2", "a3", 1), rotates("a3", "a4", 1))),
    ("the first key statement counts", "6.12", (rotates("a", "a2", 3), rotates("a", "a3", 4))),
    ("a key statement for another institution", "6.12", (rotates("a", "x", 3), rotates("a", "a2", 4))),
    ("a key statement for the same key", "6.12", (rotates("a", "a", 3),)),
    ("a key statement by a stranger", "6.12", (rotates("x", "x2", 3),)),
    ("a key statement after leaving", "6.12", (leaves("a", 2), rotates("a", "a2", 3))),
    ("leaving after a key statement", "6.12", (rotates("a", "a2", 3), leaves("a", 4))),
    ("a key statement after a fork", "6.14", (rotates("a", "a2", 3), forked("a", 3))),
    ("a later key endorsed as well", "6.12", (rotates("a", "a2", 3), *admits("a2", "b", "c"))),
    ("two keys into one", "6.12", (*admits("a2", "b", "c"), rotates("a", "a3", 3), rotates("a2", "a3", 1))),
    ("round in a circle", "6.12", (rotates("a", "a2", 3), rotates("a2", "a3", 1), rotates("a3", "a2", 1))),
)
_REMOVAL: Final[Sequence[_Told]] = (
    ("two votes of three", "6.13", votes("e", 0, "a", "b")),
    ("three votes", "6.13", votes("e", 7, "a", "b", "c")),
    ("three votes by two identities", "6.13", (rotates("a", "a2", 3), *votes("e", 7, "a", "a2", "b"))),
    (
        "the third smallest index",
        "6.13",
        (*votes("e", 9, "a"), *votes("e", 2, "b"), *votes("e", 5, "c"), *votes("e", 7, "d")),
    ),
    (
        "the smallest index of each identity",
        "6.13",
        (*votes("e", 9, "a"), *votes("e", 4, "a"), *votes("e", 7, "b", "c")),
    ),
    ("a vote against oneself", "6.13", votes("e", 7, "a", "b", "e")),
    ("members that remove each other", "6.13", (*votes("e", 0, "a", "b", "c"), *votes("a", 0, "c", "d", "e"))),
    ("votes of who was removed", "6.13", (*votes("e", 0, "a", "b", "c"), *votes("d", 3, "a", "b", "e"))),
    ("votes against a stranger", "6.13", votes("x", 0, "a", "b", "c")),
    ("a member by endorsement removed", "6.13", (*admits("x"), *votes("x", 2, "a", "b", "c"))),
    ("a vote after a fork", "6.14", (*votes("e", 7, "a", "b", "c"), forked("a", 50))),
    ("a fork before the cut", "6.14", (*votes("e", 7, "a", "b", "c"), forked("e", 4))),
    ("a forked log", "6.14", (forked("e", 4),)),
    ("leaving", "6.13", (leaves("e", 8), leaves("e", 12))),
    ("leaving, and removed", "6.13", (leaves("e", 8), *votes("e", 3, "a", "b", "c"))),
)
_FOLLOWING: Final[Sequence[_Told]] = (
    ("a key changed before the cut stands", "6.13", (rotates("e", "e2", 6), *votes("e", 7, "a", "b", "c"))),
    ("a key changed at the cut falls", "6.13", (rotates("e", "e2", 7), *votes("e", 7, "a", "b", "c"))),
    (
        "and all that come after it",
        "6.13",
        (rotates("e", "e2", 7), rotates("e2", "e3", 0), *votes("e", 7, "a", "b", "c")),
    ),
    (
        "votes follow a key that changes between them",
        "6.13",
        (rotates("e", "e2", 7), *votes("e", 7, "a"), *votes("e2", 1, "b", "c")),
    ),
    (
        "votes do not follow a key that changed before",
        "6.13",
        (rotates("e", "e2", 7), *votes("e", 8, "a"), *votes("e2", 1, "b", "c")),
    ),
    (
        "a new key endorsed after a removal",
        "6.13",
        (*votes("e", 7, "a", "b", "c"), *admits("e2", "a", "b")),
    ),
    (
        "a thief who names the new key in the old log",
        "6.13",
        (*votes("e", 7, "a", "b", "c"), *admits("e2", "a", "b"), rotates("e", "e2", 9)),
    ),
    (
        "a thief who names a key that the new one has changed to",
        "6.13",
        (*votes("e", 7, "a", "b", "c"), *admits("e2", "a", "b"), rotates("e2", "e3", 4), rotates("e", "e3", 9)),
    ),
    (
        "a circle of keys does not hold itself up",
        "6.13",
        (rotates("e", "e2", 7), rotates("e2", "e3", 0), rotates("e3", "e2", 0), *votes("e", 7, "a", "b", "c")),
    ),
)
TOLD: Final = (*_ADMISSION, *_ROTATION, *_REMOVAL, *_FOLLOWING)


def fact_members(fact: Fact) -> dict[str, object]:
    """A fact as JSON."""
    match fact:
        case Endorses():
            return {"fact": "endorses", "by": fact.by, "index": fact.index, "card": fact.card.decode()}
        case Removes():
            vote = {"target": fact.target, "from_index": fact.from_index}
            return {"fact": "removes", "by": fact.by, "index": fact.index} | vote
        case Leaves():
            return {"fact": "leaves", "by": fact.by, "index": fact.index}
        case Rotates():
            return {"fact": "rotates", "by": fact.by, "index": fact.index, "card": fact.card.decode()}
        case ForkPoint():
            return {"fact": "fork", "contributor": fact.contributor, "index": fact.index}


def _line(line: Line) -> dict[str, object]:
    match line.basis:
        case ByCharter():
            basis: dict[str, object] = {"by": "charter"}
        case ByEndorsement(identities):
            basis = {"by": "endorsement", "identities": list(identities)}
        case ByRotation(predecessor, index):
            basis = {"by": "rotation", "predecessor": predecessor, "index": index}
    return {
        "name": line.founder.name,
        "identity": line.identity,
        "basis": basis,
        "status": line.status,
        "void_from": line.cut.void_from,
        "closed_from": line.cut.closed_from,
        "superseded_by": line.superseded_by,
        "removal_votes": dict(line.removal_votes),
    }


def roster_members(roster: Membership) -> dict[str, object]:
    """A roster as JSON; epochs are the keys of each identity that has several, the latest last."""
    several: dict[KeyId, list[KeyId]] = {}
    for key in sorted(roster.lines, key=roster.order):
        several.setdefault(roster.voice(key), []).append(key)
    return {
        "lines": {key: _line(line) for key, line in roster.lines.items()},
        "candidates": [
            {"key": each.founder.key_id, "endorsed_by": list(each.endorsed_by)} for each in roster.candidates
        ],
        "epochs": {voice: keys for voice, keys in sorted(several.items()) if len(keys) > 1},
    }


def _cases() -> Iterable[Case]:
    for name, clause, facts in TOLD:
        roster = roster_members(membership(CHARTER, facts))
        yield Case(name, clause, {"facts": [fact_members(fact) for fact in facts], **roster})


def rosters() -> bytes:
    """Facts and rosters."""
    about = (
        "Facts that the logs of one circle hold, in any order and as often as one likes, and the roster that they come "
        "to. Two endorsements admit, three votes remove. Every card is well signed. epochs has the keys of each "
        "identity that has several, the latest last; candidates are ascending by the bytes of their cards."
    )
    terms: object = msgspec.json.decode(encode_charter(CHARTER))
    assert encode(terms) == encode_charter(CHARTER)
    return vector_file(about, {}, list(_cases()), charter=terms)


FILES: Final[dict[str, Callable[[], bytes]]] = {"vectors/membership.json": rosters}
