"""Soundings between real nodes: the answer is right, nobody learns whose it is, and what would tell is not answered."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from node.domain.letters import LetterKind
from node.domain.soundings import Decision, Policy, PolicyMode, Sounding, SoundingId, SoundingState
from node.errors import Code, HanseError
from node.publishing import letters as writing
from node.publishing import soundings
from node.publishing.letters import new_thread
from node.storage import circles, letters
from node.storage import soundings as storage
from node.storage.tables.letters import LETTERS_OUT
from node.storage.tables.soundings import SOUNDING_SHARES
from node.sync import letters as carrying
from node.sync.letters import desk
from node.sync.outbound import Outbound
from node.sync.post import tidy
from protocol.identifiers import CircleId, KeyId, SubjectId
from protocol.messages import soundings as wire
from protocol.messages.soundings import Outcome
from protocol.statements import DAY_SECONDS, Subject, Timestamp
from tests.federation.conftest import making_nodes
from tests.federation.people import Staff, staff
from tests.federation.support import InMemory, Node, circle_of
from tests.node import statements as make

PARTNER = Subject(id=make.SUBJECT, label="Institute of Invented Studies")
NAMES = ("aldermoor", "northport", "valdesk", "southmere", "eastholt", "westwick")
OPEN = 3 * DAY_SECONDS


@dataclass(frozen=True)
class Circle:
    """Six universities; the first one asks."""

    id: CircleId
    people: list[Staff]
    network: InMemory

    @property
    def asker(self) -> Staff:
        return self.people[0]

    @property
    def others(self) -> list[Staff]:
        return self.people[1:]

    def identity(self, who: Staff) -> KeyId:
        with who.node.runtime.database.read() as tx:
            return circles.get_roster(tx, self.id).own_member().identity

    def put(self, who: Staff | None = None, subject: Subject = PARTNER) -> SoundingId:
        who = who or self.asker
        now = who.node.clock.now()
        with who.node.runtime.database.write() as tx:
            roster = circles.get_roster(tx, self.id)
            words = "We weigh a joint programme."
            asked = soundings.compose(
                roster, subject, purpose=words, wants_contact=True, now=now, closes=Timestamp(now + OPEN)
            )
            return soundings.sound(tx, who.desk, self.id, asked, who.officer)

    def decide(self, who: Staff, decision: Decision) -> None:
        with who.node.runtime.database.write() as tx:
            (found,) = storage.in_state(tx, who.node.runtime.vault, "in", SoundingState.OPEN)
            soundings.decide(tx, who.desk, who.officer, found.id, decision)

    def policy(self, who: Staff, mode: PolicyMode, *, casework: bool = False) -> None:
        with who.node.runtime.database.write() as tx:
            soundings.set_policy(tx, Policy(self.id, mode, casework, who.approver, who.node.clock.now()))

    def later(self, seconds: int) -> None:
        for who in self.people:
            who.node.clock.advance(seconds)

    def round(self, times: int = 1) -> None:
        """What workers do in a round, without what logs need: every node brings its letters."""
        for _ in range(times):
            for who in self.people:
                self._bring(who)

    def _bring(self, who: Staff) -> None:
        node = who.node.runtime
        tidy(node)
        with node.database.read() as tx:
            roster = circles.get_roster(tx, self.id)
            due = set(letters.receivers(tx, node.clock.now()))
        with Outbound(node, transport=self.network) as outbound:
            for member in roster.others:
                if (self.id, member.identity) in due:
                    with suppress(HanseError):
                        carrying.bring(node, outbound, roster, member)

    def close(self) -> None:
        self.later(OPEN + 1)
        self.round(4)

    def of_asker(self, sounding: SoundingId) -> Sounding:
        with self.asker.node.runtime.database.read() as tx:
            found = storage.get(tx, self.asker.node.runtime.vault, sounding)
        assert found is not None
        return found


@pytest.fixture
def circle(tmp_path: Path) -> Iterator[Circle]:
    with making_nodes(tmp_path) as make_one:
        nodes = [make_one(name) for name in NAMES]
        yield Circle(circle_of(nodes), [staff(node) for node in nodes], InMemory(nodes))


def test_the_only_one_who_says_yes_is_not_given_away(circle: Circle) -> None:
    sounding = circle.put()
    circle.round(1)
    circle.decide(circle.others[0], "yes")
    circle.decide(circle.others[-1], "no")
    circle.close()
    found = circle.of_asker(sounding)
    assert (found.state, found.outcome, found.counted) == (SoundingState.ANSWERED, Outcome.NO_ANSWER_YET, 5)


def test_policies_decide_and_look_alike_from_outside(circle: Circle) -> None:
    never, undecided, unasked, *with_finding = circle.others
    for who in with_finding:
        who.publish(circle.id)
        circle.policy(who, PolicyMode.AUTO)
    never.publish(circle.id)
    circle.policy(never, PolicyMode.NEVER)
    undecided.publish(circle.id)  # a person would have to say yes
    circle.policy(unasked, PolicyMode.AUTO)
    sounding = circle.put()
    circle.round(1)
    circle.close()

    assert circle.of_asker(sounding).outcome is Outcome.SOME
    sent = []
    for who in circle.others:
        with who.node.runtime.database.engine.connect() as connection:
            rows = connection.execute(LETTERS_OUT.select().where(LETTERS_OUT.c.kind == LetterKind.SOUNDING_SHARE.value))
            sent.append({(row.created, row.size) for row in rows})
    assert len({frozenset(each) for each in sent if each}) == 1  # at one moment, of one size


def test_only_random_numbers_reach_the_tally_members_and_they_are_forgotten(circle: Circle) -> None:
    sounding = circle.put()
    circle.round(1)
    tally = circle.of_asker(sounding).tally
    assert circle.identity(circle.asker) not in tally
    circle.close()
    for who in circle.people:
        with who.node.runtime.database.engine.connect() as connection:
            assert connection.execute(SOUNDING_SHARES.select()).all() == []
        with who.node.runtime.database.read() as tx:
            roster = circles.get_roster(tx, circle.id)
            kinds = {each.kind for each in letters.posted(tx, circle.id, circle.of_asker(sounding).thread)}
        counts = roster.own_member().identity in tally
        assert (LetterKind.SOUNDING_SET in kinds) is counts
    asker = circle.asker.node.runtime
    with asker.database.read() as tx:
        assert storage.lot(tx, asker.vault, sounding) == storage.Lot()


def test_whoever_cannot_be_reached_is_not_counted_and_keeps_nobody_from_an_answer(circle: Circle) -> None:
    sounding = circle.put()
    circle.round(1)
    tally = circle.of_asker(sounding).tally
    silent = next(who for who in circle.others if circle.identity(who) not in tally)
    talking = [who for who in circle.others if who is not silent]
    for who in talking:
        circle.decide(who, "yes")
    circle.network.disconnect(silent.node.url)
    rest = Circle(circle.id, [circle.asker, *talking], circle.network)
    circle.later(OPEN + 1)
    rest.round(3)
    assert circle.of_asker(sounding).outcome is None
    circle.later(2 * DAY_SECONDS)
    rest.round(3)
    found = circle.of_asker(sounding)
    assert (found.outcome, found.counted) == (Outcome.AT_LEAST_K, 4)


def test_an_asker_that_asks_only_some_learns_nothing(circle: Circle) -> None:
    """The attack: put the sounding to one victim and two members who say no, and read the victim's bit."""
    asker = circle.asker
    sounding = circle.put()
    with asker.node.runtime.database.write() as tx:
        tally = circle.of_asker(sounding).tally
        victim = next(who for who in circle.others if circle.identity(who) not in tally)
        thread = circle.of_asker(sounding).thread
        kept = {*tally, circle.identity(victim)}
        tx.connection.execute(
            LETTERS_OUT.delete().where(LETTERS_OUT.c.thread == thread, LETTERS_OUT.c.receiver.not_in(kept))
        )
    circle.round(1)
    circle.decide(victim, "yes")
    circle.later(OPEN + 2 * DAY_SECONDS + 1)
    circle.round(4)
    assert (circle.of_asker(sounding).state, circle.of_asker(sounding).outcome) == (SoundingState.UNCOUNTED, None)


def test_what_was_asked_lately_is_not_answered_again(circle: Circle) -> None:
    """The attack: ask again after a member has left or joined, and read its bit from the difference."""
    circle.put()
    with pytest.raises(HanseError) as caught:
        circle.put()
    assert caught.value.code is Code.QUOTA_EXCEEDED
    circle.round(1)

    asker = circle.asker.node
    with asker.runtime.database.write() as tx:  # an asker whose own node does not count
        roster = circles.get_roster(tx, circle.id)
        thread, now = new_thread(), asker.clock.now()
        for backdated in (now, Timestamp(now - 20 * DAY_SECONDS)):
            asked = soundings.compose(
                roster, PARTNER, purpose="x", wants_contact=False, now=backdated, closes=Timestamp(now + DAY_SECONDS)
            )
            for member in roster.others:
                writing.put(tx, desk(asker.runtime), roster, member, LetterKind.SOUNDING_ASK, new_thread(), asked)
    circle.round(1)
    for who in circle.others:
        with who.node.runtime.database.read() as tx:
            assert len(storage.listed(tx, who.node.runtime.vault, "in", limit=10)) == 1
    assert thread


def test_a_thread_is_begun_once(circle: Circle) -> None:
    circle.put()
    asker, thread = circle.asker.node, new_thread()
    subjects = [Subject(id=SubjectId(f"circle:{letter}{'A' * 21}"), label=PARTNER.label) for letter in "BC"]
    with asker.runtime.database.write() as tx:  # an asker whose own node does not look
        roster = circles.get_roster(tx, circle.id)
        now = asker.clock.now()
        for subject in subjects:
            asked = soundings.compose(
                roster, subject, purpose="x", wants_contact=False, now=now, closes=Timestamp(now + DAY_SECONDS)
            )
            writing.put(tx, desk(asker.runtime), roster, roster.others[0], LetterKind.SOUNDING_ASK, thread, asked)
    circle.round(1)
    with asker.runtime.database.read() as tx:
        outcomes = {(each.state, each.code) for each in letters.posted(tx, circle.id, thread)}
    assert outcomes == {("taken", ""), ("refused", "conflict")}


def test_a_member_of_two_circles_answers_an_asker_in_one_of_them(circle: Circle) -> None:
    """The attack: two circles that differ by one member."""
    smaller = Circle(circle_of([who.node for who in circle.people]), circle.people, circle.network)
    circle.put()
    circle.round(1)
    with pytest.raises(HanseError, match="this circle or another"):
        smaller.put()


def test_no_more_soundings_than_the_budget(circle: Circle) -> None:
    for number in range(soundings.MAX_PER_MONTH):
        name = f"circle:{chr(ord('B') + number)}{'A' * 21}"
        circle.put(subject=msgspec.structs.replace(PARTNER, id=name))
    with pytest.raises(HanseError, match="within 30 days"):
        circle.put()
    for who in circle.others[: soundings.MAX_ABOUT]:
        circle.put(who)
        circle.round(1)
    with pytest.raises(HanseError, match="asked about the partner"):
        circle.put(circle.others[soundings.MAX_ABOUT])


def test_a_small_circle_has_no_soundings(tmp_path: Path) -> None:
    with making_nodes(tmp_path) as make_one:
        nodes: list[Node] = [make_one(name) for name in NAMES[:4]]
        small = Circle(circle_of(nodes), [staff(node) for node in nodes], InMemory(nodes))
        with pytest.raises(HanseError, match="too small"):
            small.put()


def test_a_member_decides_until_the_close_and_comes_forward_by_name_if_it_likes(circle: Circle) -> None:
    sounding = circle.put()
    circle.round(1)
    helper = circle.others[2]
    with helper.node.runtime.database.write() as tx:
        (found,) = storage.in_state(tx, helper.node.runtime.vault, "in", SoundingState.OPEN)
        said = wire.Contact(text="We worked with them.", contact="research-security@valdesk.example")
        soundings.come_forward(tx, helper.desk, found.id, said)
    circle.round(1)
    asker = circle.asker.node.runtime
    with asker.database.read() as tx:
        (forward,) = storage.forwards(tx, asker.vault, sounding)
    assert (forward.member, forward.contact) == (circle.identity(helper), said.contact)
    for other in [who for who in circle.others if who is not helper]:
        with other.node.runtime.database.read() as tx:
            assert letters.posted(tx, circle.id, circle.of_asker(sounding).thread) == []

    circle.decide(helper, "yes")
    circle.decide(helper, "no")  # until the close it may be said anew
    with helper.node.runtime.database.read() as tx:
        (found,) = storage.in_state(tx, helper.node.runtime.vault, "in", SoundingState.OPEN)
    assert found.decision == "no"
    helper.node.clock.advance(OPEN + 1)
    with pytest.raises(HanseError, match="closed"):
        circle.decide(helper, "yes")
