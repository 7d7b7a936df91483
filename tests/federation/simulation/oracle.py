"""What must hold after every step, however badly the network, the processes and the peers have behaved.

- Nothing unverified is used: what a node holds of a log is the beginning of something that was signed with its key,
  entry by entry, and the checkpoint that it keeps is signed over exactly that.
- Nothing acknowledged is lost: an author holds all that it has promised, except while it runs on an old backup.
- A key in one node's hands signs one history, and nobody says of such a log that it forks. Of a log that does fork,
  nothing before the fork is void.
- Nodes that hold the same conclude the same: who is a member, what every statement is worth, every signal.

And at the end, when the network is whole again and the evil is over, all that still talk to one another hold the same.
Of a log that forks nobody knows where, all know that it does; each may hold another part of it, and conclude from that.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.domain.circles import Roster
from node.domain.ledger import Log
from node.insight.refresh import catch_up
from node.ledger.check import Damage, check
from node.storage import insight
from node.storage import ledger as logs
from node.storage import statements as reading
from node.storage.database import Transaction
from protocol.identifiers import KeyId, StatementId
from protocol.keys import PublicKey
from protocol.merkle.checkpoint import open_checkpoint, origin
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import leaf_hash
from protocol.projection import State
from protocol.statements import Body, Timestamp
from tests.federation.simulation.crash import Fuse
from tests.federation.simulation.truth import starts_with
from tests.federation.simulation.world import World

Holding: TypeAlias = tuple[KeyId, int, str, int | None]
"""Of one log: how many entries count, their root, and where it is known to fork; -1 if nobody has shown where."""

_EVERYTHING: Final = 10_000
_NOWHERE: Final = -1


@dataclass(frozen=True, slots=True)
class View:
    """All that a node concludes from what it holds: two nodes that hold the same must have equal ones."""

    lines: Mapping[KeyId, str]
    statements: Mapping[tuple[KeyId, StatementId], tuple[State, Body]]
    signals: tuple[bytes, ...]


Seen: TypeAlias = tuple[tuple[Holding, ...], View]


class Oracle:
    """Judges one world; a node that has not written since is not looked at again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: dict[str, tuple[Fuse, int, Timestamp, Seen]] = {}

    def judge(self) -> None:
        """Raise ``AssertionError`` unless everything that was promised is so at this moment."""
        for log in self._world.truth.histories:
            _require_one_history(self._world, log)
        views: dict[tuple[Holding, ...], tuple[str, View]] = {}
        for name in self._world.actors:
            holding, view = self._look_at(name)
            other, known = views.setdefault(holding, (name, view))
            _require_same_view(name, view, other, known)

    def require_agreement(self) -> None:
        """All that still talk to one another hold the same, all that was promised among it; their logs are clean."""
        world = self._world
        for names in circles_of_talk(world):
            unproven = _unproven(world, names)
            assert not unproven, f"{names} have stopped logs of which none can show why: {unproven}"
            first = names[0]
            holding, view = self._look_at(first)
            for name in names[1:]:
                held, seen = self._look_at(name)
                if set(held) == set(holding):
                    _require_same_view(name, seen, first, view)
                    continue
                both = seen.lines.keys() & view.lines.keys()
                differs = _settled(held, both) ^ _settled(holding, both)
                assert not differs, f"{name} and {first} do not hold the same: {sorted(differs, key=repr)}"
                stopped = {key for key, _, _, fork in (*held, *holding) if fork == _NOWHERE}
                assert stopped, f"{name} and {first} do not hold the same of what one of them does not know"
                world.counts["pairs with other parts of a fork that nobody can locate"] += 1
            _require_everything(world, names)
        for name, actor in world.actors.items():
            damage = [each for each in check(actor.node.runtime.database, world.now) if isinstance(each, Damage)]
            assert not damage, f"the check of {name} finds {damage}"

    def _look_at(self, name: str) -> Seen:
        """What a node holds and concludes."""
        fuse, now = self._world.actors[name].fuse, self._world.now
        known = self._seen.get(name)
        if known is not None and known[:3] == (fuse, fuse.writes, now):
            return known[3]
        found = _verified(self._world, name), _view(self._world, name)
        self._seen[name] = (fuse, fuse.writes, now, found)
        return found


def circles_of_talk(world: World) -> list[list[str]]:
    """The institutions, as far as they are members in one another's eyes, in groups that talk."""
    left = list(world.actors)
    talks = world.talks()
    groups = []
    while left:
        group = [left.pop(0)]
        for name in group:
            near = [each for each in left if (name, each) in talks]
            group += near
            left = [each for each in left if each not in near]
        groups.append(group)
    return [group for group in groups if len(group) > 1]


def _settled(holding: Iterable[Holding], logs_of: AbstractSet[KeyId]) -> set[Holding]:
    """What must be the same at all, of these logs: of one that forks nobody knows where, that it does."""
    known = (each for each in holding if each[0] in logs_of)
    return {(each[0], 0, "", _NOWHERE) if each[3] == _NOWHERE else each for each in known}


def _unproven(world: World, names: Iterable[str]) -> set[KeyId]:
    """Logs that have stopped at one of these, and none of them has a proof that it could pass on."""
    stopped, proven = set(), set()
    for name in names:
        with world.database(name).read() as tx:
            forked = [log for log in logs.list_logs(tx, world.circle) if log.status == "forked"]
        stopped |= {log.contributor for log in forked}
        proven |= {log.contributor for log in forked if log.evidence is not None}
    return stopped - proven


def _require_one_history(world: World, log: KeyId) -> None:
    twins = {twin.twin_of for twin in world.twins.values()}
    author = world.truth.authors[log]
    if author not in twins and log not in world.excused:
        assert world.truth.fork_point(log) is None, f"{author} has forked its own log"


def _verified(world: World, name: str) -> tuple[Holding, ...]:
    """What a node holds, once it is certain that it holds it rightly."""
    actor = world.actors[name]
    roster = world.roster(name)
    with actor.node.runtime.database.read() as tx:
        held = logs.list_logs(tx, world.circle)
        found = [_verified_log(world, name, roster, log, logs.read_entries(tx, log, 0, log.size)) for log in held]
    sizes = {log.contributor: log.size for log in held}
    for log in world.own_logs[name] if not actor.restored else ():
        assert sizes.get(log, 0) >= len(world.truth.promised.get(log, [])), f"{name} has lost what it acknowledged"
    return tuple(sorted((each for each in found if each is not None), key=repr))


def _verified_log(world: World, name: str, roster: Roster, log: Log, entries: list[bytes]) -> Holding | None:
    key, truth = log.contributor, world.truth
    assert truth.is_written(key, entries), f"{name} holds entries of {key} that nobody has signed"
    assert log.frontier.root() == EMPTY.extend(map(leaf_hash, entries)).root(), f"{name} holds another root"
    if key in world.own_logs[name] and not world.actors[name].restored:
        promised = truth.promised.get(key, [])
        assert starts_with(entries, promised), f"{name} has lost what it acknowledged"
    if log.status == "forked":
        point = truth.fork_point(key)
        assert point is not None, f"{name} says that {key} forks, and it does not"
        assert log.fork_index is None or log.fork_index >= point, f"{name} voids what stands before the fork"
    line = roster.lines.get(key)
    if line is None or (not entries and log.status == "good"):
        return None
    _require_signed(world, name, log, line.key, entries)
    size = log.size if log.fork_index is None else min(log.size, log.fork_index)
    fork = log.fork_index if log.fork_index is not None or log.status == "good" else _NOWHERE
    return key, size, EMPTY.extend(map(leaf_hash, entries[:size])).root().hex(), fork


def _require_signed(world: World, name: str, log: Log, key: PublicKey, entries: list[bytes]) -> None:
    assert bool(log.covered) == bool(log.covered_size)
    assert log.covered_size <= log.size
    if log.fork_index is not None or not log.covered:
        return  # then its notes belong to one of two histories
    checkpoint = open_checkpoint(log.covered, origin=origin(world.circle, log.contributor), key=key)
    signed = EMPTY.extend(map(leaf_hash, entries[: checkpoint.size])).root()
    assert (checkpoint.size, checkpoint.root) == (log.covered_size, signed), f"{name} keeps a note about others"


def _require_everything(world: World, names: list[str]) -> None:
    """Whoever is in this group has had everything taken that it has promised."""
    lines = world.roster(names[0]).lines
    with world.database(names[0]).read() as tx:
        for log, author in world.truth.authors.items():
            if author not in names or log not in lines:
                continue
            held = logs.find_log(tx, world.circle, log)
            if held is not None and held.status == "forked" and held.fork_index is None:
                continue  # it stopped where it was when the fork was heard of
            entries = [] if held is None else logs.read_entries(tx, held, 0, held.size)
            assert starts_with(entries, world.truth.kept(log)), f"not all that {author} has promised is held"


def _require_same_view(name: str, view: View, other: str, known: View) -> None:
    both = f"{name} and {other} hold the same and conclude otherwise"
    assert view.lines == known.lines, f"{both} about members"
    for key in view.statements.keys() | known.statements.keys():
        ours, theirs = view.statements.get(key), known.statements.get(key)
        assert ours == theirs, f"{both} about {key}: {ours} and {theirs}"
    differs = set(view.signals) ^ set(known.signals)
    assert not differs, f"{both} about signals: {sorted(differs)}"


def _view(world: World, name: str) -> View:
    runtime = world.actors[name].node.runtime
    catch_up(runtime.database, runtime.vocabulary, world.now)
    with runtime.database.read() as tx:
        forks = {log.contributor: log.fork_index for log in logs.list_logs(tx, world.circle)}
        page = reading.feed(tx, after=0, limit=_EVERYTHING, now=world.now, circle=world.circle)
        lines = {key: repr(line) for key, line in world.roster(name).lines.items()}
        for each in page:
            assert each.contributor in lines or each.state == "void", f"{name} believes what is no member's"
        # Behind a fork one holds this and another that, and so of logs that it made nobody's; all of it is void.
        held = [each for each in page if each.contributor in lines]
        settled = [each for each in held if each.index < _end(forks.get(each.contributor))]
        return View(lines, {each.name: (each.state, each.body) for each in settled}, _signals(tx))


def _end(fork_index: int | None) -> int:
    return _EVERYTHING if fork_index is None else fork_index


def _signals(tx: Transaction) -> tuple[bytes, ...]:
    return tuple(signal for _, signal in insight.signal_bytes(tx))
