"""Who belongs to a circle: a pure function of its charter and of the set of facts that its logs hold.

The theory. A *line* is one contributor key of one institution: what a roster says of it. Founders have lines by the
charter. Everybody else's line comes from a card that q members have endorsed, or from a key statement in the log
of an earlier line of the same institution. Lines are admitted by a least fixpoint, and admitting is for ever: a
key that was ever admitted keeps its line, so that its log stays readable and its past votes keep their weight.
Removal stands beside that. It voids a log from an index on, and ends what comes after it.

What makes the result the same on every node that holds the same entries:

- Facts are a set. Neither the order in which logs arrive nor repetition enters, and no clock does: ``iat`` and ``exp``
  of these statements decide nothing here.
- Votes count by identity, not by key: an institution with ten keys is one voice. Nobody endorses itself, and nobody
  votes itself out: it leaves. So the thief of a key cannot move the cut that others set.
- Votes count wherever they stand in a log, also where other statements are void. Otherwise the removal of one member
  could undo the vote that removed another, and two members that remove each other would be a paradox.
- A fork is a fact, not a vote: from the fork point on nothing in that log counts, for nobody knows which history to
  believe.

A vote to remove a key from index n also follows that key: a key that could only have been reached through key
statements at or after n falls with it, whole. So nobody escapes a removal by changing keys, and nobody's honest
change before n is undone by it. ``docs/membership.md`` says what colluders can do.

What lives here: the rules of section 6 on members. What does not: who may be contacted, quotas, and trust.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from protocol.circles import Charter, Founder, members
from protocol.errors import ProtocolError
from protocol.fork import ForkPoint
from protocol.identifiers import CircleId, KeyId
from protocol.keys import PublicKey
from protocol.limits import MAX_FACTS, MAX_KEY_CHANGES
from protocol.messages.card import open_card_for, recall_card
from protocol.projection import WHOLE, Cut
from protocol.replica import AcceptedEntry
from protocol.statements import Endorsement, Key, Leave, Removal

_REMEMBERED: Final = 16_384
"""Cards kept in memory: those of the largest circle with ten key epochs for each member, about 1 kB each."""


@dataclass(frozen=True, slots=True, order=True)
class Endorses:
    """The log ``by`` holds, at ``index``, an endorsement of this card (one that :func:`open_card_for` accepts)."""

    by: KeyId
    index: int
    card: bytes


@dataclass(frozen=True, slots=True, order=True)
class Removes:
    """The log ``by`` holds a vote to remove ``target`` from ``from_index`` on."""

    by: KeyId
    index: int
    target: KeyId
    from_index: int


@dataclass(frozen=True, slots=True, order=True)
class Leaves:
    """The log ``by`` says that its author leaves."""

    by: KeyId
    index: int


@dataclass(frozen=True, slots=True, order=True)
class Rotates:
    """The log ``by`` names the key on this card as the one that takes its place."""

    by: KeyId
    index: int
    card: bytes


LogFact: TypeAlias = Endorses | Removes | Leaves | Rotates
"""What one entry of one log says about membership."""
Fact: TypeAlias = LogFact | ForkPoint


@dataclass(frozen=True, slots=True)
class ByCharter:
    """A founder."""


@dataclass(frozen=True, slots=True)
class ByEndorsement:
    """Admitted by the endorsements of these identities, ascending; at least as many as the quorum asks for."""

    identities: tuple[KeyId, ...]


@dataclass(frozen=True, slots=True)
class ByRotation:
    """Named by the key statement at ``index`` in the log of ``predecessor``."""

    predecessor: KeyId
    index: int


Basis: TypeAlias = ByCharter | ByEndorsement | ByRotation
Status: TypeAlias = Literal["current", "former", "left", "removed"]


@dataclass(frozen=True, slots=True)
class Line:
    """What the roster says of one admitted contributor key. ``current`` ones are the members."""

    founder: Founder
    """Name, address and keys, from the charter or the card."""
    identity: KeyId
    """The voice: the thumbprint of the identity key."""
    basis: Basis
    status: Status
    cut: Cut
    """From where on the log's statements are void."""
    superseded_by: KeyId | None
    removal_votes: Mapping[KeyId, int]
    """The identities that vote to remove it, each with the index from which on; those that follow it included."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A card that some have endorsed, and too few."""

    card: bytes
    founder: Founder
    endorsed_by: tuple[KeyId, ...]
    """Identities, ascending."""


@dataclass(frozen=True, slots=True)
class Membership:
    """The roster that a set of facts comes to. Mappings are in the order of their keys."""

    lines: Mapping[KeyId, Line]
    candidates: tuple[Candidate, ...]
    ranks: Mapping[KeyId, int]

    @property
    def members(self) -> Mapping[KeyId, Line]:
        """The lines that are current: whom to contact, to answer, and to count."""
        return {key: line for key, line in self.lines.items() if line.status == "current"}

    def voice(self, contributor: KeyId) -> KeyId:
        """The identity that speaks with this key; a key that is not of this circle speaks for itself."""
        line = self.lines.get(contributor)
        return contributor if line is None else line.identity

    def order(self, contributor: KeyId) -> int:
        """The place among all keys, such that of two keys of one voice the later epoch has the greater one."""
        return self.ranks.get(contributor, -1)

    def cut(self, contributor: KeyId) -> Cut:
        """From where on the statements of this log are void."""
        line = self.lines.get(contributor)
        return WHOLE if line is None else line.cut


def facts_of(contributor: KeyId, entries: Iterable[AcceptedEntry]) -> list[LogFact]:
    """What these entries of one log say about membership (clause 6.10).

    The identifier of a statement plays no part, so it does not matter whether an earlier entry has the same one. A
    statement around a card that its keys have not signed for this circle says nothing.
    """
    facts: list[LogFact] = []
    for entry in entries:
        match entry.content:
            case Endorsement(circle=circle, body=vouched):
                facts += [Endorses(contributor, entry.index, card) for card in _good(vouched.card, circle)]
            case Key(circle=circle, body=change):
                facts += [Rotates(contributor, entry.index, card) for card in _good(change.card, circle)]
            case Removal(body=vote):
                facts.append(Removes(contributor, entry.index, vote.target, vote.from_index))
            case Leave():
                facts.append(Leaves(contributor, entry.index))
            case _:
                continue
    return facts


def membership(charter: Charter, facts: Iterable[Fact]) -> Membership:
    """The roster by the clauses 6.9 to 6.15; the same for every order and repetition of ``facts``."""
    held = _counted(facts)
    admitted = _admit(charter, held)
    votes = _votes(admitted, held)
    lines = {key: _line(key, admitted, held, votes, charter.removal_quorum) for key in sorted(admitted.identities)}
    return Membership(
        lines=MappingProxyType(lines),
        candidates=_candidates(admitted, held, lines),
        ranks=MappingProxyType(_ranks(lines)),
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """The facts that count, each kind by what it is looked up by."""

    endorsers: Mapping[bytes, set[KeyId]]
    """The logs that endorse a card."""
    endorsed: Mapping[KeyId, set[bytes]]
    """The cards that a log endorses."""
    votes: Mapping[KeyId, set[tuple[KeyId, int]]]
    """Log and index, by target."""
    rotation: Mapping[KeyId, tuple[int, bytes]]
    """The first key statement of a log."""
    left: Mapping[KeyId, int]
    forked: Mapping[KeyId, int]


def _counted(facts: Iterable[Fact]) -> _Held:
    known = _first(set(facts))
    forked: dict[KeyId, int] = {}
    for fact in known:
        if isinstance(fact, ForkPoint) and fact.index is not None:
            forked[fact.contributor] = min(fact.index, forked.get(fact.contributor, fact.index))
    endorsers, endorsed, votes = defaultdict(set), defaultdict(set), defaultdict(set)
    rotation: dict[KeyId, tuple[int, bytes]] = {}
    left: dict[KeyId, int] = {}
    for fact in known:
        if isinstance(fact, ForkPoint) or (fact.by in forked and fact.index >= forked[fact.by]):
            continue
        match fact:
            case Endorses():
                endorsers[fact.card].add(fact.by)
                endorsed[fact.by].add(fact.card)
            case Removes():
                votes[fact.target].add((fact.by, fact.from_index))
            case Leaves():
                left[fact.by] = min(fact.index, left.get(fact.by, fact.index))
            case Rotates():  # pragma: no branch - the union is closed
                place = (fact.index, fact.card)
                rotation[fact.by] = min(place, rotation.get(fact.by, place))
    return _Held(endorsers, endorsed, votes, rotation, left, forked)


def _first(facts: set[Fact]) -> set[Fact]:
    """The facts without those that stand in a log behind the first :data:`MAX_FACTS` of that log (clause 6.10)."""
    by_log: dict[KeyId, list[LogFact]] = defaultdict(list)
    for fact in facts:
        if not isinstance(fact, ForkPoint):
            by_log[fact.by].append(fact)
    for said in by_log.values():
        facts = facts.difference(sorted(said, key=lambda fact: fact.index)[MAX_FACTS:])
    return facts


@dataclass(frozen=True, slots=True)
class _Admitted:
    """The fixpoint. One contributor key may stand on several admitted cards; its line is then chosen among them."""

    founders: Mapping[KeyId, Founder]
    identities: dict[KeyId, set[KeyId]] = field(default_factory=dict)
    """Whose voices a key speaks with: one, unless its holder has put it on cards of several identities."""
    changes: dict[KeyId, int] = field(default_factory=dict)
    """The fewest changes of keys that lead to a key."""
    cards: dict[KeyId, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    by_endorsement: set[bytes] = field(default_factory=set)
    by_rotation: dict[bytes, set[KeyId]] = field(default_factory=lambda: defaultdict(set))
    """The logs whose key statements name an admitted card."""

    def voices(self, keys: Iterable[KeyId]) -> set[KeyId]:
        return {identity for key in keys for identity in self.identities.get(key, ())}


def _admit(charter: Charter, held: _Held) -> _Admitted:
    """The least fixpoint of clause 6.11, in one pass over what each newly admitted key says."""
    founders = members(charter)
    admitted = _Admitted(founders)
    waiting: deque[KeyId] = deque()

    def admit(key: KeyId, identity: KeyId, changes: int = 0) -> None:
        known = admitted.identities.setdefault(key, set())
        if identity not in known or changes < admitted.changes[key]:
            known.add(identity)
            admitted.changes[key] = min(changes, admitted.changes.get(key, changes))
            waiting.append(key)

    for key, founder in founders.items():
        admit(key, _thumbprint(founder.identity_key))
    while waiting:
        log = waiting.popleft()
        for card in held.endorsed.get(log, frozenset()) - admitted.by_endorsement:
            named = _card(card)
            if len(_endorsers(card, admitted, held)) >= charter.endorsement_quorum:
                admitted.by_endorsement.add(card)
                admitted.cards[named.key].add(card)
                admit(named.key, named.identity)
        if (found := _rotation(log, admitted, held)) is not None:
            named = _card(found[1])
            admitted.by_rotation[found[1]].add(log)
            admitted.cards[named.key].add(found[1])
            admit(named.key, named.identity, admitted.changes[log] + 1)
    return admitted


def _endorsers(card: bytes, admitted: _Admitted, held: _Held) -> set[KeyId]:
    """The identities that vouch for a card, that of the card itself left out."""
    return admitted.voices(held.endorsers.get(card, ())) - {_card(card).identity}


def _rotation(log: KeyId, admitted: _Admitted, held: _Held) -> tuple[int, bytes] | None:
    """The key statement of this log, if it names another key of the same institution and stands before leaving.

    None of a key that too many changes have led to.
    """
    index, card = held.rotation.get(log, (0, b""))
    if not card or held.left.get(log, index) < index or admitted.changes[log] >= MAX_KEY_CHANGES:
        return None
    named = _card(card)
    return (index, card) if named.key != log and named.identity in admitted.identities[log] else None


def _votes(admitted: _Admitted, held: _Held) -> Mapping[KeyId, Mapping[KeyId, int]]:
    """Who votes to remove whom, and from which index on; with the votes that follow a key to its successors."""
    votes: dict[KeyId, dict[KeyId, int]] = defaultdict(dict)
    for target in held.votes.keys() & admitted.identities.keys():
        for log, from_index in held.votes[target]:
            for identity in admitted.voices([log]) - admitted.identities[target]:  # who goes by itself, leaves
                votes[target][identity] = min(from_index, votes[target].get(identity, from_index))
    successors = {log: (found[0], _card(found[1]).key) for log, found in _rotations(admitted, held)}
    standing = admitted.founders.keys() | {_card(card).key for card in admitted.by_endorsement}
    for voter in {identity for log in successors for identity in votes.get(log, ())}:
        cuts = {log: against[voter] for log, against in votes.items() if voter in against}
        reached = _reached(standing, successors, cuts)
        for key in admitted.identities.keys() - reached:
            votes[key][voter] = 0
    return votes


def _rotations(admitted: _Admitted, held: _Held) -> Iterable[tuple[KeyId, tuple[int, bytes]]]:
    for log in admitted.identities:
        if (found := _rotation(log, admitted, held)) is not None:
            yield log, found


def _reached(
    standing: Iterable[KeyId], successors: Mapping[KeyId, tuple[int, KeyId]], cuts: Mapping[KeyId, int]
) -> set[KeyId]:
    """The keys that stand by themselves, or to which a key statement leads that these cuts of one voter leave."""
    reached = set(standing)
    waiting = list(reached)
    while waiting:
        log = waiting.pop()
        if log not in successors:
            continue
        index, successor = successors[log]
        if successor not in reached and index < cuts.get(log, index + 1):
            reached.add(successor)
            waiting.append(successor)
    return reached


def _line(
    key: KeyId, admitted: _Admitted, held: _Held, votes: Mapping[KeyId, Mapping[KeyId, int]], removal_quorum: int
) -> Line:
    against = votes.get(key, {})
    removed = len(against) >= removal_quorum
    left = held.left.get(key)
    changed = held.rotation[key][0] if key in held.rotation else None
    cuts = [sorted(against.values())[removal_quorum - 1]] if removed else []
    cuts += [held.forked[key]] if key in held.forked else []
    cuts += [left + 1] if left is not None else []
    status: Status = "current"
    if removed:
        status = "removed"
    elif left is not None and (changed is None or left < changed):
        status = "left"
    elif changed is not None:
        status = "former"
    found = _rotation(key, admitted, held)
    founder, basis = _chosen(key, admitted, held)
    return Line(
        founder=founder,
        identity=_thumbprint(founder.identity_key),
        basis=basis,
        status=status,
        cut=Cut(void_from=min(cuts, default=None), closed_from=changed),
        superseded_by=None if found is None else _card(found[1]).key,
        removal_votes=MappingProxyType(dict(sorted(against.items()))),
    )


def _chosen(key: KeyId, admitted: _Admitted, held: _Held) -> tuple[Founder, Basis]:
    """The charter's word for a founder; else the card with the smallest bytes, an endorsed one first (clause 6.11)."""
    if key in admitted.founders:
        return admitted.founders[key], ByCharter()
    if endorsed := admitted.cards[key] & admitted.by_endorsement:
        card = min(endorsed)
        return _card(card).founder, ByEndorsement(tuple(sorted(_endorsers(card, admitted, held))))
    card = min(admitted.cards[key])
    predecessor = min(admitted.by_rotation[card])
    return _card(card).founder, ByRotation(predecessor, held.rotation[predecessor][0])


def _candidates(admitted: _Admitted, held: _Held, lines: Mapping[KeyId, Line]) -> tuple[Candidate, ...]:
    found = []
    for card in sorted(held.endorsers):
        endorsed_by = _endorsers(card, admitted, held)
        if endorsed_by and _card(card).key not in lines:
            found.append(Candidate(card, _card(card).founder, tuple(sorted(endorsed_by))))
    return tuple(found)


def _ranks(lines: Mapping[KeyId, Line]) -> dict[KeyId, int]:
    """A total order of keys, in which later epochs come later (clause 6.15).

    Chains of key statements that lead to a current key come after those that do not; inside a chain its own order.
    """
    depth: dict[KeyId, tuple[KeyId, int]] = {}
    """The first key of the chain, and how many key statements lie between."""
    waiting = deque((key, (key, 0)) for key, line in lines.items() if not isinstance(line.basis, ByRotation))
    while waiting:
        key, place = waiting.popleft()
        if key in depth:
            continue
        depth[key] = place
        successor = lines[key].superseded_by
        if successor is not None:
            waiting.append((successor, (place[0], place[1] + 1)))
    alive = {depth[key][0] for key, line in lines.items() if line.status == "current"}
    places = {key: (depth[key][0] in alive, depth[key][1], key) for key in depth}
    return {key: rank for rank, (_, _, key) in enumerate(sorted(places.values()))}


@dataclass(frozen=True, slots=True)
class _Card:
    founder: Founder
    key: KeyId
    identity: KeyId


@lru_cache(maxsize=_REMEMBERED)
def _card(jws: bytes) -> _Card:
    founder = recall_card(jws).founder()
    return _Card(founder, founder.key_id, _thumbprint(founder.identity_key))


@lru_cache(maxsize=_REMEMBERED)
def _thumbprint(key: str) -> KeyId:
    return PublicKey.decode(key).key_id


def _good(card: str, circle: CircleId) -> tuple[bytes, ...]:
    jws = card.encode("ascii")
    try:
        open_card_for(jws, circle)
    except ProtocolError:
        return ()
    return (jws,)
