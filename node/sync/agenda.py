"""What there is to do, read from the database, and what came of it, written back.

Between these two nothing is kept: whoever stops in the middle begins again with the same agenda.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from random import Random

from node.domain.circles import Member, Roster
from node.domain.sync import Hint, HostState, PeerState, PullReport
from node.errors import Code
from node.storage import circles, peers
from node.storage.database import Transaction
from node.sync import choose, ping
from node.sync.choose import Candidate
from node.sync.parts import Parts
from protocol.identifiers import CircleId, KeyId


@dataclass(frozen=True, slots=True)
class Job:
    """One member to pull from: everything, or only the logs that its pings have named."""

    roster: Roster
    member: Member
    hints: tuple[Hint, ...] = ()
    """What it has announced; followed by this pull."""
    full: bool = True

    @property
    def key(self) -> tuple[CircleId, KeyId]:
        """Whom it is about."""
        return self.roster.circle, self.member.contributor

    @property
    def only(self) -> dict[KeyId, int] | None:
        """The logs to ask for, with their announced sizes; none stands for all."""
        return None if self.full else {hint.log: hint.size for hint in self.hints}


@dataclass(frozen=True, slots=True)
class _View:
    """What the choice is made from."""

    rosters: Mapping[CircleId, Roster]
    states: Mapping[tuple[CircleId, KeyId], PeerState]
    hosts: Mapping[str, HostState]
    hints: Mapping[tuple[CircleId, KeyId], list[Hint]]

    def candidates(self, roster: Roster) -> list[Candidate]:
        """The other members of a circle, as the choice sees them."""
        return [self._candidate(roster, member) for member in roster.others]

    def _candidate(self, roster: Roster, member: Member) -> Candidate:
        key = roster.circle, member.contributor
        state = self.states.get(key)
        # An unreachable host is waited for as such; other failures are the member's own.
        refused = state is not None and state.error_code != Code.PEER_UNREACHABLE
        return Candidate(
            contributor=member.contributor,
            host=choose.host_of(member.url),
            last_attempt=None if state is None else state.last_attempt,
            hinted=key in self.hints,
            behind=state is not None and state.lag > 0,
            refusals=state.failures if state is not None and refused else 0,
        )

    def job(self, roster: Roster, candidate: Candidate, *, full: bool) -> Job:
        """A pull from the one that was chosen."""
        hints = self.hints.get((roster.circle, candidate.contributor), ())
        return Job(roster, roster.members[candidate.contributor], tuple(hints), full)


def everybody(node: Parts) -> list[Job]:
    """Every other member of every circle, those that answered last time first."""
    with node.database.read() as tx:
        view = _view(tx)
    jobs = [view.job(r, each, full=True) for r in view.rosters.values() for each in view.candidates(r)]
    return sorted(jobs, key=lambda job: view.states[job.key].failures if job.key in view.states else 0)


def of_round(node: Parts, random: Random) -> list[Job]:
    """Whom a round asks, in this order."""
    with node.database.read() as tx:
        view = _view(tx)
    jobs = []
    for roster in view.rosters.values():
        due = _due(node, view, roster)
        jobs += [view.job(roster, each, full=True) for each in choose.whom_to_pull(due, random)]
    return jobs


def of_hints(node: Parts, busy: Collection[KeyId], random: Random) -> list[Job]:
    """Whom to ask at once because of its pings: for each log one of those that announced it.

    Logs in ``busy`` are being asked for. Hints that are news no longer are dropped.
    """
    with node.database.read() as tx:
        if not peers.has_hints(tx):
            return []
        view = _view(tx)
        _, stale = ping.to_follow(tx, view.rosters)
    if stale:
        with node.database.write() as tx:
            peers.forget_hints(tx, stale)
    jobs = []
    for roster in view.rosters.values():
        taken = set(busy)
        ready = choose.whom_to_pull_at_once(_due(node, view, roster), node.clock.now())
        random.shuffle(ready)
        for each in ready:
            named = view.hints[roster.circle, each.contributor]
            wanted = tuple(hint for hint in named if hint.log not in taken)
            if wanted:
                taken |= {hint.log for hint in wanted}
                jobs.append(Job(roster, roster.members[each.contributor], wanted, full=False))
    return jobs


def to_tell(node: Parts, circle: CircleId, random: Random) -> list[Job]:
    """Whom to tell of news of a circle, or to bring it to."""
    with node.database.read() as tx:
        view = _view(tx)
    roster = view.rosters.get(circle)
    if roster is None:
        return []
    return [view.job(roster, each, full=False) for each in choose.whom_to_tell(_due(node, view, roster), random)]


def note_pull(node: Parts, job: Job, report: PullReport, random: Random) -> None:
    """Remember how a pull went: for the member, for its host, and for what it had announced."""
    now = node.clock.now()
    with node.database.write() as tx:
        peers.forget_hints(tx, job.hints)
        if not report.requests and not report.problems:
            return  # nothing was wanted, so nobody was asked
        reached = peers.record_pull(tx, report, now)
        unreachable = any(problem.code is Code.PEER_UNREACHABLE for problem in report.problems)
        note_host(tx, node, job.member, reached=reached or not unreachable, random=random)


def note_host(tx: Transaction, node: Parts, member: Member, *, reached: bool, random: Random) -> None:
    """Remember whether a host answers."""
    host = choose.host_of(member.url)
    known = peers.list_hosts(tx).get(host)
    if not reached:
        now = node.clock.now()
        peers.save_host(tx, host, choose.after_failure(known, now, node.settings.sync_seconds, random))
    elif known is not None:
        peers.save_host(tx, host, None)


def note_ping(tx: Transaction, node: Parts, member: Member) -> None:
    """Remember that a member has pinged with news, whose host may be waited for in vain."""
    host = choose.host_of(member.url)
    state = choose.after_ping(peers.list_hosts(tx).get(host), node.clock.now(), node.settings.sync_seconds)
    if state is not None:
        peers.save_host(tx, host, state)


def _view(tx: Transaction) -> _View:
    rosters: dict[CircleId, Roster] = {roster.circle: roster for roster in circles.list_rosters(tx)}
    states = {(state.circle, state.contributor): state for state in peers.list_peers(tx)}
    hints, _ = ping.to_follow(tx, rosters)
    return _View(rosters, states, peers.list_hosts(tx), hints)


def _due(node: Parts, view: _View, roster: Roster) -> list[Candidate]:
    return choose.due(view.candidates(roster), view.hosts, node.clock.now(), node.settings.sync_seconds)
