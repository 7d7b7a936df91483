"""Any mixture of publishing, syncing, crashing, restoring, cutting and voting: the promises hold after every step.

The nodes are real, and so are their databases and keys; network, clocks and the end of processes are simulated. The
oracle (:mod:`tests.federation.simulation.oracle`) judges after every step. At the end the network heals, and everybody
who is a member must agree on everything.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node import circles
from node.clock import midnight
from protocol import statements
from protocol.envelope import parse
from protocol.identifiers import KeyId, SubjectId, VocabularyCode
from protocol.statements import Finding, Statement
from tests.federation.simulation.network import CALM, Weather
from tests.federation.simulation.oracle import judge, require_agreement
from tests.federation.simulation.world import World
from tests.node import statements as make

FOUNDERS: Final = ["aldermoor", "northport", "valdesk", "westmark"]
CANDIDATE: Final = "eastholm"
ROUNDS_TO_HEAL: Final = 4
"""In a calm network one round brings a node what all others hold; the others of the first rounds are for what only the
entries themselves can say: that there is another member, and that it may be asked."""
SUBJECTS: Final = [SubjectId(f"circle:{letter}AAAAAAAAAAAAAAAAAAAAA") for letter in "ABC"]
STORM: Final = Weather(lost_request=15, lost_answer=15, repeated=15, delayed=15)
_DAY: Final = 86_400

founders = st.sampled_from(FOUNDERS)
anybody = st.sampled_from([*FOUNDERS, CANDIDATE])
writes = st.integers(0, 30)


class Federation(RuleBasedStateMachine):
    """A circle of four and a candidate, on bad days."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="hanse-simulation-"))
        self.world: World

    @initialize(seed=st.integers(0, 2**32))
    def found(self, seed: int) -> None:
        self.world = World.of(self.folder, FOUNDERS, seed)
        self.world.add_candidate(CANDIDATE, FOUNDERS[0])

    @rule(who=anybody, subject=st.sampled_from(SUBJECTS), strength=st.integers(1, 4))
    def publish(self, who: str, subject: SubjectId, strength: int) -> None:
        self.world.publish(who, self._finding(subject, strength))

    @rule(who=anybody, subject=st.sampled_from(SUBJECTS), after=writes)
    def crash_while_publishing(self, who: str, subject: SubjectId, after: int) -> None:
        with self.world.crashing(who, after):
            self.world.publish(who, self._finding(subject, 2))

    @rule(who=anybody, data=st.data())
    def answer(self, who: str, data: st.DataObject) -> None:
        """Respond to a finding of anybody's, or correct or retract one's own."""
        known = [(log, each) for log, entries in self.world.truth.items() for each in map(_statement, entries)]
        found = [(log, each) for log, each in known if isinstance(each, Finding)]
        if not found:
            return
        log, target = data.draw(st.sampled_from(found))
        own = log in self.world.own_logs[who]
        act = data.draw(st.sampled_from(["correct", "retract"] if own else ["corroborates", "disputes"]))
        self.world.publish(who, self._answer(act, log, target))

    @rule(who=anybody)
    def sync(self, who: str) -> None:
        self.world.sync(who)

    @rule(who=anybody, after=writes)
    def crash_while_syncing(self, who: str, after: int) -> None:
        with self.world.crashing(who, after):
            self.world.sync(who)

    @rule(who=anybody)
    def push(self, who: str) -> None:
        self.world.push(who)

    @rule(seconds=st.sampled_from([1, 30, 200, 400, _DAY]))
    def pass_time(self, seconds: int) -> None:
        self.world.pass_time(seconds)

    @rule(weather=st.sampled_from([CALM, STORM]))
    def weather(self, weather: Weather) -> None:
        self.world.network.weather = weather

    @rule(names=st.sets(anybody, max_size=3))
    def cut(self, names: set[str]) -> None:
        self.world.network.cut = frozenset(self.world.actors[name].node.url for name in names)

    @rule(who=anybody)
    def back_up(self, who: str) -> None:
        self.world.back_up(who)

    @rule(who=anybody)
    def restore(self, who: str) -> None:
        """The network is whole for this, because nobody can take back what only those hold who cannot be reached."""
        self.world.heal()
        self.world.restore(who)
        self.world.publish(who, self._finding(SUBJECTS[0], 1))

    @rule(who=founders)
    def endorse(self, who: str) -> None:
        self.world.endorse(who, CANDIDATE)

    @rule(who=anybody, whom=anybody)
    def vote_to_remove(self, who: str, whom: str) -> None:
        """A vote on the other's newest key, which keeps what the voter holds of its log."""
        runtime = self.world.actors[who].node.runtime
        key = self.world.roster(whom).own
        held = self.world.size(who, key)
        reason = VocabularyCode("key-compromised")
        self.world.change(
            who,
            lambda tx: circles.prepare_remove(
                tx, runtime.vocabulary, self.world.circle, key, held, reason, runtime.clock.now()
            ),
        )

    @rule(who=anybody)
    def rotate(self, who: str) -> None:
        runtime = self.world.actors[who].node.runtime
        now = runtime.clock.now()
        circle = self.world.circle
        self.world.change(who, lambda tx: circles.prepare_rotate(tx, runtime.keyring, runtime.settings, circle, now))

    @invariant()
    def the_promises_hold(self) -> None:
        if hasattr(self, "world"):
            judge(self.world)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.heal()
            self.world.network.deliver_late()
            self.world.settle(ROUNDS_TO_HEAL)
            judge(self.world)
            require_agreement(self.world, self.world.members())
            self.world.close()
        shutil.rmtree(self.folder)

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


TestFederation = Federation.TestCase
TestFederation.settings = settings(
    max_examples=8,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
