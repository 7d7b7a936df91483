"""The state machine that drives a simulated federation: every rule is something that happens on a bad day."""

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import ClassVar, Final

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from node.clock import midnight
from node.storage import ledger as logs
from protocol import statements
from protocol.envelope import parse
from protocol.identifiers import KeyId, SubjectId
from protocol.statements import Finding, Statement
from tests.federation.simulation import acts
from tests.federation.simulation.network import CALM, Weather
from tests.federation.simulation.oracle import Oracle, circles_of_talk
from tests.federation.simulation.world import World
from tests.node import statements as make

FOUNDERS: Final = ["aldermoor", "northport", "valdesk", "westmark"]
CANDIDATE: Final = "eastholm"
ROUNDS_TO_HEAL: Final = 12
"""Most often two are enough. What is drawn by lot, such as the logs whose checkpoints are compared, may take more."""
SUBJECTS: Final = [SubjectId(f"circle:{letter}AAAAAAAAAAAAAAAAAAAAA") for letter in "ABC"]
STORM: Final = Weather(lost_request=15, lost_answer=15, repeated=15, delayed=15, overtaken=30)
UNTIDY: Final = Weather(repeated=25, delayed=25, overtaken=60)
_HOUR: Final = 3_600
_DAY: Final = 86_400

founders = st.sampled_from(FOUNDERS)
anybody = st.sampled_from([*FOUNDERS, CANDIDATE])
subjects = st.sampled_from(SUBJECTS)
writes = st.one_of(st.integers(0, 8), st.integers(0, 60))


class Federation(RuleBasedStateMachine):
    """A circle of four and a candidate, on bad days."""

    counts: ClassVar[Counter[str]] = Counter()
    """What has happened in all runs of this process."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="hanse-simulation-"))
        self.world: World
        self.oracle: Oracle
        self.suspect = FOUNDERS[-1]
        """Against whom one votes; else no two votes would ever meet."""

    @initialize(
        seed=st.integers(0, 2**32),
        suspect=anybody,
        hidden=st.sets(founders, max_size=1),
        stories=st.lists(st.sampled_from(["begun", "admitted", "accused", "backed up", "doubled"]), unique=True),
    )
    def found(self, seed: int, suspect: str, hidden: set[str], stories: list[str]) -> None:
        self.world = World.of(self.folder, FOUNDERS, seed, self.counts)
        self.oracle = Oracle(self.world)
        self.world.add_candidate(CANDIDATE, FOUNDERS[0])
        self.suspect = suspect
        self.world.network.hidden = self._urls(hidden)
        for story in stories:
            self._tell(story)

    def _tell(self, story: str) -> None:
        """What has happened before: states that chance alone would seldom reach."""
        world = self.world
        match story:
            case "begun":
                for name in FOUNDERS:
                    acts.say(world, name, self._finding(SUBJECTS[0], 2), self._finding(SUBJECTS[1], 3))
                acts.settle(world)
            case "admitted":
                self.endorse_together(CANDIDATE)
                acts.settle(world)
                acts.settle(world)
            case "accused":
                acts.vote(world, FOUNDERS[0], world.roster(self.suspect).own, 1)
            case "backed up":
                for name in world.actors:
                    world.back_up(name)
                    acts.say(world, name, self._finding(SUBJECTS[2], 2))
                acts.sync(world, FOUNDERS[0])
            case _:
                self.twin(FOUNDERS[1], SUBJECTS[0], 2)
                self.twin_pushes()

    # What is said

    @rule(who=anybody, subject=subjects, strength=st.integers(1, 4))
    def publish(self, who: str, subject: SubjectId, strength: int) -> None:
        acts.say(self.world, who, self._finding(subject, strength))

    @rule(who=anybody, subject=subjects)
    def publish_and_tell(self, who: str, subject: SubjectId) -> None:
        acts.say(self.world, who, self._finding(subject, 3))
        acts.tell(self.world, who)

    @rule(who=anybody, subject=subjects, after=writes)
    def crash_while_publishing(self, who: str, subject: SubjectId, after: int) -> None:
        with self.world.crashing(who, after):
            acts.say(self.world, who, *[self._finding(subject, strength) for strength in (1, 2)])

    @rule(who=anybody, data=st.data())
    def answer(self, who: str, data: st.DataObject) -> None:
        """Respond to a finding of anybody's, or correct or retract one's own."""
        truth = self.world.truth
        known = [(log, each) for log, said in truth.promised.items() for each in map(_statement, said)]
        found = [(log, each) for log, each in known if isinstance(each, Finding)]
        if not found:
            return
        log, target = data.draw(st.sampled_from(found))
        own = log in self.world.own_logs[who]
        act = data.draw(st.sampled_from(["correct", "retract"] if own else ["corroborates", "disputes"]))
        acts.say(self.world, who, self._answer(act, log, target))

    # How it gets round

    @rule(who=anybody)
    def sync(self, who: str) -> None:
        acts.sync(self.world, who)

    @rule()
    def sync_all(self) -> None:
        acts.settle(self.world)

    @rule(who=anybody, after=writes)
    def crash_while_syncing(self, who: str, after: int) -> None:
        with self.world.crashing(who, after):
            acts.sync(self.world, who)

    @rule(who=anybody)
    def push(self, who: str) -> None:
        acts.bring(self.world, who)

    @rule(who=anybody, subject=subjects, receiver=anybody, after=writes)
    def crash_while_receiving(self, who: str, subject: SubjectId, receiver: str, after: int) -> None:
        acts.say(self.world, who, self._finding(subject, 2))
        with self.world.crashing(receiver, after):
            acts.bring(self.world, who)

    @rule(who=anybody)
    def follow_hints(self, who: str) -> None:
        acts.follow(self.world, who)

    # Network, clocks and disks

    @rule(seconds=st.sampled_from([1, 30, 200, 400, _DAY]))
    def pass_time(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    @rule(who=anybody, seconds=st.sampled_from([-_HOUR, -200, 0, 200, _HOUR]))
    def step_clock(self, who: str, seconds: int) -> None:
        self.world.step_clock(who, seconds)

    @rule(weather=st.sampled_from([CALM, UNTIDY, STORM]))
    def weather(self, weather: Weather) -> None:
        self.world.network.weather = weather

    @rule(names=st.sets(anybody, max_size=3))
    def cut(self, names: set[str]) -> None:
        self.world.network.cut = self._urls(names)

    @rule(names=st.sets(anybody, max_size=2))
    def lie(self, names: set[str]) -> None:
        """From now on these change what they pass on."""
        self.world.network.liars = self._urls(names)

    @rule(who=anybody)
    def back_up(self, who: str) -> None:
        self.world.back_up(who)

    @precondition(lambda self: self._restorable())
    @rule(data=st.data(), subject=subjects)
    def restore(self, data: st.DataObject, subject: SubjectId) -> None:
        who = data.draw(st.sampled_from(self._restorable()))
        self.world.restore(who)
        acts.say(self.world, who, self._finding(subject, 1))

    # Who is a member

    @rule(who=founders, whom=anybody)
    def endorse(self, who: str, whom: str) -> None:
        acts.endorse(self.world, who, whom)

    @rule(whom=st.sampled_from([CANDIDATE, CANDIDATE, *FOUNDERS]))
    def endorse_together(self, whom: str) -> None:
        for name in [each for each in FOUNDERS if each != whom][:2]:
            acts.endorse(self.world, name, whom)

    @rule(who=anybody, less=st.sampled_from([0, 0, 1, 2]))
    def vote_to_remove(self, who: str, less: int) -> None:
        """A vote on the suspect's newest key, which keeps what the voter holds of its log or somewhat less."""
        key = self.world.roster(self.suspect).own
        acts.vote(self.world, who, key, max(0, self.world.size(who, key) - less))

    @rule(who=anybody)
    def suspect_another(self, who: str) -> None:
        self.suspect = who

    @rule(who=anybody)
    def rotate(self, who: str) -> None:
        acts.rotate(self.world, who)

    @rule(who=anybody, after=writes)
    def crash_while_rotating(self, who: str, after: int) -> None:
        with self.world.crashing(who, after):
            acts.rotate(self.world, who)

    @precondition(lambda self: any(len(group) > 3 for group in circles_of_talk(self.world)))
    @rule(who=anybody)
    def leave(self, who: str) -> None:
        acts.leave(self.world, who)

    @rule()
    def come_back(self) -> None:
        """Whoever was removed or has left asks for endorsements under a fresh key."""
        groups = circles_of_talk(self.world)
        for name in self.world.actors:
            if groups and not any(name in group for group in groups) and self.world.roster(name).status != "candidate":
                acts.come_back(self.world, name)

    # Twins

    @precondition(lambda self: not self.world.twins)
    @rule(who=founders, subject=subjects, after=st.integers(0, 2))
    def twin(self, who: str, subject: SubjectId, after: int) -> None:
        """Somebody has copied keys and database, and says something else than their owner goes on to say."""
        if self.world.actors[who].restored:
            return
        twin = self.world.add_twin(who)
        acts.say(self.world, twin, self._finding(subject, 4))
        acts.say(self.world, who, *self._findings(subject, after))

    @precondition(lambda self: self.world.twins)
    @rule(subject=subjects, act=st.sampled_from(["say", "say", "endorse", "vote", "rotate", "leave", "sync"]))
    def twin_acts(self, subject: SubjectId, act: str) -> None:
        (twin,) = self.world.twins
        match act:
            case "endorse":
                acts.endorse(self.world, twin, CANDIDATE)
            case "vote":
                acts.vote(self.world, twin, self.world.roster(self.suspect).own, 0)
            case "rotate":
                acts.rotate(self.world, twin)
            case "leave":
                acts.leave(self.world, twin)
            case "sync":
                acts.sync(self.world, twin)
            case _:
                acts.say(self.world, twin, self._finding(subject, 4))

    @precondition(lambda self: self.world.twins)
    @rule()
    def twin_pushes(self) -> None:
        for twin in self.world.twins:
            acts.bring(self.world, twin)

    @invariant()
    def the_promises_hold(self) -> None:
        if hasattr(self, "world"):
            self.oracle.judge()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self._come_to_rest()
            self._count()
            self.world.close()
        shutil.rmtree(self.folder)

    def _come_to_rest(self) -> None:
        self.world.heal()
        self.world.network.deliver_late()
        self.world.end_of_evil()
        for left in reversed(range(ROUNDS_TO_HEAL)):
            acts.settle(self.world)
            self.counts["rounds to rest"] += 1
            self.oracle.judge()
            try:
                self.oracle.require_agreement()
            except AssertionError:
                if not left:
                    note(f"In the last round: {self.world.problems}")
                    raise
            else:
                return

    def _count(self) -> None:
        self.counts["runs"] += 1
        for name in self.world.actors:
            for line in self.world.roster(name).lines.values():
                self.counts[f"line: {line.status}, {line.basis}"] += 1
            with self.world.database(name).read() as tx:
                for log in logs.list_logs(tx, self.world.circle):
                    if log.status == "forked":
                        self.counts[f"fork: {'stopped' if log.fork_index is None else 'located'}"] += 1
        self.counts["groups"] += len(circles_of_talk(self.world))

    def _restorable(self) -> list[str]:
        doubled = {twin.twin_of for twin in self.world.twins.values()}
        return [name for name, actor in self.world.actors.items() if actor.backup and name not in doubled]

    def _urls(self, names: set[str]) -> frozenset[str]:
        return frozenset(self.world.actors[name].node.url for name in names)

    def _findings(self, subject: SubjectId, count: int) -> list[Statement]:
        return [self._finding(subject, 1 + each) for each in range(count)]

    def _finding(self, subject: SubjectId, strength: int) -> Statement:
        body = make.finding_body(subject, strength=strength)
        return make.finding(self.world.circle, body, iat=midnight(self.world.now))

    def _answer(self, act: str, log: KeyId, target: Finding) -> Statement:
        match act:
            case "correct":
                return make.correction(self.world.circle, target.id, make.finding_body(target.body.subject.id))
            case "retract":
                return make.retraction(self.world.circle, target.id)
            case "disputes":
                return make.response(self.world.circle, log, target.id, "disputes")
            case _:
                return make.response(self.world.circle, log, target.id)


def _statement(entry: bytes) -> Statement:
    return statements.decode(parse(entry).payload)
