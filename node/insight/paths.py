"""Paths: how a prospective partner is tied to organisations that somebody stated a concern about.

A laboratory in a third place, behind which the institution is not visible, shows only when ties held by different
members meet. So the search goes from the partner outwards, step by step, over the registry's ties, the circles' and
our own, and gives the shortest paths to every subject with a live finding under an indicator of concern.

Bounds, each of which the result names when it was met. A subject with more than :data:`node.insight.graph.MAX_PASSED`
ties (a funder, a national academy) is not passed through, because it ties everything to everything; over one that the
partner itself is tied to, only those who have a concern are reached. At most :data:`MAX_FRONTIER` subjects are opened
in one step. Where :data:`MAX_TARGETS` concerns have been met, no further step is taken, because nothing that it finds
would be shown: from a hub, which has many neighbours, the search ends early. A path never meets a subject twice,
because only shortest paths are kept.

A path says nothing about a partner. No country, name or type is an input of the search or of its order: a country
only says afterwards whether a path crosses a border.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from node.domain.circles import Roster
from node.domain.graph import ORIGINS, Border, Hop, Knowledge, LeftOut, Link, OwnTie, Path, PathReading, Place, Tie
from node.insight.graph import MAX_PASSED, concern_codes, own_links, places, ties
from node.storage import circles
from node.storage.bylines import voice_of_shown
from node.storage.database import Transaction
from node.storage.graph import Edges
from protocol.identifiers import CircleId, Digest, KeyId, Pseudonym, SubjectId, VocabularyCode
from protocol.statements import Timestamp
from protocol.vocabulary import Vocabulary

MAX_HOPS: Final = 4
"""Ties of a path: to a front, its owner, and the owner's other holding. Beyond that everything is near everything."""
MAX_FRONTIER: Final = 800
"""Subjects whose ties are read in one step: those with the fewest, some tens of milliseconds of work."""
MAX_LINKS: Final = 2_500
"""Edges of each end and origin read in one step."""
MAX_TARGETS: Final = 20
"""Subjects with a concern to which paths are shown: the nearest."""
PATHS_TO_ONE: Final = 3
"""Shortest paths shown to one subject."""
_TRIED: Final = 6
"""Shortest paths to one subject among which those are chosen."""
_HUB_TARGETS: Final = 40
"""Subjects with a concern read behind the hubs that the subject itself is tied to."""
_TWO: Final = 2
_US: Final = (CircleId(""), KeyId(""))
"""Stands for ourselves among those who know a tie, in whichever circle we stated it."""

_Step = tuple[SubjectId, SubjectId]


def paths(
    tx: Transaction,
    vocabulary: Vocabulary,
    subject: SubjectId,
    now: Timestamp,
    *,
    private: Sequence[OwnTie] = (),
) -> PathReading:
    """The shortest paths of at most :data:`MAX_HOPS` ties from a subject to others with a live concern.

    Nearest first; among equally long ones to one subject, the better evidenced first. The subject's own concerns are
    in its dossier and are no path.
    """
    edges = Edges.at(tx, now)
    subject = edges.canonical(subject)
    search = _Search(edges, subject, concern_codes(vocabulary), _index(own_links(edges, private)))
    search.run()
    targets = search.nearest()
    routes = [route for target in targets for route in search.routes(target)]
    steps = dict.fromkeys(step for route in routes for step in _steps(route))
    stated = ties(edges, vocabulary, (link for step in steps for link in search.links[step]), private=private)
    hops = _hops(steps, stated)
    hubs = tuple(sorted(search.hubs.items(), key=lambda item: (-item[1], item[0])))
    met = dict.fromkeys([subject, *(node for route in routes for node in route), *(hub for hub, _ in hubs)])
    found = places(edges, vocabulary, met, stated)
    reader = _Reader(found, {roster.circle: roster for roster in circles.list_rosters(tx)})
    return PathReading(
        subject=subject,
        places=found,
        paths=tuple(_chosen([reader.path(route, hops) for route in routes if _whole(route, hops)])),
        left_out=LeftOut(hubs, search.unread, len(search.targets) - len(targets), search.ended),
        reached=len(search.distance) - 1,
    )


@dataclass(slots=True)
class _Search:
    """Breadth first from one subject; keeps, of everything it meets, by which steps it is reached soonest."""

    edges: Edges
    start: SubjectId
    indicators: Collection[VocabularyCode]
    private: Mapping[SubjectId, Sequence[Link]]
    distance: dict[SubjectId, int] = field(default_factory=dict)
    before: dict[SubjectId, list[SubjectId]] = field(default_factory=dict)
    links: dict[_Step, list[Link]] = field(default_factory=dict)
    hubs: dict[SubjectId, int] = field(default_factory=dict)
    targets: dict[SubjectId, int] = field(default_factory=dict)
    unread: int = 0
    ended: int = 0
    """After which step enough was found; 0 where the search went all the way."""

    def run(self) -> None:
        """Three steps in which ties are read, and a last one in which only those that lead to a concern are."""
        self.distance[self.start] = 0
        frontier = [self.start]
        for step in range(1, MAX_HOPS):
            met = self._step(frontier, self._read(frontier), step)
            if step == _TWO and self.hubs:
                met = sorted({*met, *self._behind_hubs()})
            for found in self.edges.concerns(met, self.indicators):
                self.targets.setdefault(found, step)
            if len(self.targets) >= MAX_TARGETS:
                self.ended = step
                return
            frontier = self._passable(met)
            if not frontier and not self.hubs:
                return
        for found in self._step(frontier, self._read_concerned(frontier), MAX_HOPS):
            self.targets.setdefault(found, MAX_HOPS)

    def nearest(self) -> list[SubjectId]:
        """The targets to be shown: by distance, then by identifier, so that every reading chooses the same."""
        return sorted(self.targets, key=lambda each: (self.targets[each], each))[:MAX_TARGETS]

    def routes(self, target: SubjectId) -> list[tuple[SubjectId, ...]]:
        """Some of the shortest ways to a target."""
        partial: list[tuple[SubjectId, ...]] = [(target,)]
        while partial and partial[0][0] != self.start:
            longer = [(before, *route) for route in partial for before in self.before[route[0]]]
            partial = longer[:_TRIED]
        return partial

    def _read(self, frontier: Sequence[SubjectId]) -> list[Link]:
        found = self.edges.of(frontier, limit=MAX_LINKS)
        return found + [link for each in frontier for link in self.private.get(each, ())]

    def _behind_hubs(self) -> list[SubjectId]:
        """Those with a concern that are tied to a hub which the subject itself is tied to."""
        near = [hub for hub in self.hubs if self.distance[hub] == 1]
        return self._step(near, self.edges.to_concerned(near, self.indicators, limit=_HUB_TARGETS), _TWO)

    def _read_concerned(self, frontier: Sequence[SubjectId]) -> list[Link]:
        found = self.edges.to_concerned(frontier, self.indicators, limit=MAX_LINKS)
        noted = [(link, link.other(each)) for each in frontier for link in self.private.get(each, ())]
        concerned = self.edges.concerns({end for _, end in noted}, self.indicators)
        return found + [link for link, end in noted if end in concerned]

    def _step(self, frontier: Sequence[SubjectId], read: Iterable[Link], step: int) -> list[SubjectId]:
        """Take these edges from the frontier outwards; who is met for the first time, in order."""
        here = set(frontier)
        met: dict[SubjectId, None] = {}
        for link in read:
            for start, end in ((link.subject, link.object), (link.object, link.subject)):
                if start not in here or self.distance.get(end, step) < step:
                    continue
                if end not in self.distance:
                    self.distance[end] = step
                    met[end] = None
                held = self.links.setdefault((start, end), [])
                if link not in held:
                    held.append(link)
                before = self.before.setdefault(end, [])
                if start not in before:
                    before.append(start)
        return sorted(met)

    def _passable(self, met: Sequence[SubjectId]) -> list[SubjectId]:
        """Whom the next step starts from; hubs are set aside by name."""
        counts = self.edges.count(met)
        hubs = [each for each in met if counts.get(each, 0) > MAX_PASSED]
        self.hubs.update({each: counts[each] for each in hubs})
        passable = [each for each in met if each not in self.hubs]
        self.unread += max(0, len(passable) - MAX_FRONTIER)
        # Few ties first: what is rare says more, and more subjects are opened for the same work.
        return sorted(passable, key=lambda each: (counts.get(each, 0), each))[:MAX_FRONTIER]


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a route comes to, once the ties of its steps are known."""

    places: Mapping[SubjectId, Place]
    rosters: Mapping[CircleId, Roster]

    def path(self, route: tuple[SubjectId, ...], hops: Mapping[_Step, Hop]) -> Path:
        """One route as a path."""
        steps = tuple(hops[step] for step in _steps(route))
        held = [tie for hop in steps for tie in hop.ties]
        origins = {tie.origin for tie in held}
        return Path(
            nodes=route,
            hops=steps,
            weakest=min(range(len(steps)), key=lambda place: steps[place].strength_ppm),
            roots=_roots(held),
            contributors=_contributors(held),
            origins=tuple(each for each in ORIGINS if each in origins),
            border=self._border(route),
            knowledge=self._knowledge(steps),
        )

    def _border(self, route: Iterable[SubjectId]) -> Border:
        countries = [self.places[node].country for node in route]
        if len(set(filter(None, countries))) > 1:
            return "crosses"
        return "stays" if all(countries) else "unknown"

    def _knowledge(self, steps: Iterable[Hop]) -> Knowledge:
        """Whether one institution alone could have put the path together; the registry is open to all of them."""
        closed = [hop for hop in steps if all(tie.origin != "registry" for tie in hop.ties)]
        if not closed:
            return "public"
        knowing = [self._knowing(hop) for hop in closed]
        common = frozenset.intersection(*knowing)
        if common:
            return "ourselves" if _US in common else "one-member"
        # Two pseudonyms in two circles may be one institution; to say so would tie them together for every reader.
        circles_of_others = {circle for known in knowing for circle, _ in known - {_US}}
        return "nobody-alone" if len(circles_of_others) <= 1 else "not-said"

    def _knowing(self, hop: Hop) -> frozenset[tuple[CircleId, KeyId]]:
        known: set[tuple[CircleId, KeyId]] = set()
        for tie in hop.ties:
            if tie.own is not None:
                known.add(_US)
            for each in tie.statements:
                roster = self.rosters[each.provenance.circle]
                voice = voice_of_shown(roster, each.provenance.contributor)
                known.add(_US if voice == roster.voice(roster.own) else (roster.circle, voice))
        return frozenset(known)


def _index(links: Iterable[Link]) -> dict[SubjectId, list[Link]]:
    found: dict[SubjectId, list[Link]] = {}
    for link in links:
        for end in (link.subject, link.object):
            found.setdefault(end, []).append(link)
    return found


def _steps(route: Sequence[SubjectId]) -> list[_Step]:
    return list(pairwise(route))


def _hops(steps: Iterable[_Step], stated: Iterable[Tie]) -> dict[_Step, Hop]:
    """The steps that stand on a tie; one whose statement belongs to no circle of ours any more stands on none."""
    between: dict[frozenset[SubjectId], list[Tie]] = {}
    for tie in stated:
        between.setdefault(frozenset((tie.subject, tie.object)), []).append(tie)
    hops = {}
    for step in steps:
        held = between.get(frozenset(step), [])
        if held:
            hops[step] = Hop(*step, tuple(sorted(held, key=lambda tie: -tie.strength_ppm)))
    return hops


def _whole(route: Sequence[SubjectId], hops: Mapping[_Step, Hop]) -> bool:
    return all(step in hops for step in _steps(route))


def _chosen(found: Sequence[Path]) -> list[Path]:
    """At most :data:`PATHS_TO_ONE` to each target: of equally short ones those whose weakest tie is the strongest."""
    ranked = sorted(found, key=lambda path: (len(path.hops), -path.hops[path.weakest].strength_ppm, path.nodes))
    taken: dict[SubjectId, int] = {}
    chosen = []
    for path in ranked:
        taken[path.nodes[-1]] = taken.get(path.nodes[-1], 0) + 1
        if taken[path.nodes[-1]] <= PATHS_TO_ONE:
            chosen.append(path)
    return chosen


def _contributors(held: Iterable[Tie]) -> tuple[Pseudonym | str, ...]:
    return tuple(sorted({each.provenance.pseudonym for tie in held for each in tie.statements}))


def _roots(held: Iterable[Tie]) -> int:
    """Groups of statements that share a source, directly or through others; one that names none is a root alone."""
    alone = 0
    groups: list[set[Digest]] = []
    for sources in _sources(held):
        if not sources:
            alone += 1
            continue
        joined = set(sources)
        for group in [each for each in groups if each & joined]:
            groups.remove(group)
            joined |= group
        groups.append(joined)
    return alone + len(groups)


def _sources(held: Iterable[Tie]) -> Iterable[frozenset[Digest]]:
    for tie in held:
        if tie.own is not None:
            yield frozenset()
        for each in tie.statements:
            yield frozenset(each.observation.sources)
