"""A person becomes a token, and two members find that they know of the same one: between real nodes."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

import pytest

from node.circles import token_keys
from node.domain.person_tokens import Attachment, Evaluation, EvaluationId, EvaluationState, Hit
from node.domain.publishing import Published
from node.errors import Code, HanseError
from node.ledger import operator_keys
from node.publishing import drafts, person_tokens, token_operator, token_steps
from node.storage import circles as rosters
from node.storage import person_search
from node.storage import person_tokens as storage
from node.storage.tables.person_tokens import TOKEN_EVALUATIONS, TOKEN_INPUTS, TOKEN_SERVED
from node.sync import sync_once
from node.sync.letters import desk
from node.sync.outbound import Outbound
from node.sync.post import exchange_all
from node.sync.token_evaluation import ask
from protocol.errors import Code as ProtocolCode
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, VocabularyCode
from protocol.messages.evaluation import (
    decode_evaluation_answer,
    encode_evaluation_request,
    evaluation_answer,
    evaluation_request,
)
from protocol.person_inputs import PersonInput, named_input, orcid_input
from protocol.person_tokens import begin, decode_element
from protocol.statements import DAY_SECONDS, Timestamp
from tests.federation.conftest import MakeNode
from tests.federation.people import Staff, staff
from tests.federation.support import InMemory, Node, circle_of, publish
from tests.federation.test_access import Asked
from tests.node import statements as make

ROLE: Final = VocabularyCode("recruitment-intermediary")
SOMEBODY: Final = named_input("Jane Example", make.SUBJECT)
SOMEBODY_ELSE: Final = orcid_input("0000-0002-1825-0097")


@dataclass(frozen=True)
class World:
    """Two operators and another member, with one officer and one approver at each."""

    circle: CircleId
    nodes: Sequence[Node]
    people: Sequence[Staff]
    network: InMemory

    def round(self) -> None:
        """Everybody asks everybody for what is new."""
        for node in self.nodes:
            sync_once(node.runtime, transport=self.network)

    def letters(self, *nodes: Node) -> None:
        """These nodes bring and fetch letters, in turn, until all that can be answered is."""
        for _ in range(5):
            for node in nodes:
                with Outbound(node.runtime, transport=self.network) as outbound:
                    exchange_all(node.runtime, outbound)

    def look_up(self, at: Staff, person: PersonInput = SOMEBODY) -> Evaluation:
        """Ask, as a page does."""
        with at.node.runtime.database.write() as tx:
            begun = person_tokens.look_up(tx, at.desk, self.circle, at.officer, person)
        ask(at.node.runtime, begun.id, transport=self.network)
        return self.evaluation(at, begun.id)

    def evaluation(self, at: Staff, name: EvaluationId) -> Evaluation:
        """As the node has it now."""
        with at.node.runtime.database.read() as tx:
            return person_tokens.get(tx, at.desk, self.circle, at.officer, name)

    def attach(
        self, at: Staff, finding: Published, person: PersonInput = SOMEBODY, *, keep: bool = False
    ) -> Evaluation:
        """Make a token for a finding, as a page does."""
        attachment = Attachment(target=finding.statement, role=ROLE, keep=keep)
        with at.node.runtime.database.write() as tx:
            begun = person_tokens.attach(tx, at.desk, self.circle, at.officer, person, attachment)
        ask(at.node.runtime, begun.id, transport=self.network)
        return self.evaluation(at, begun.id)

    def publish_token(self, at: Staff, person: PersonInput = SOMEBODY, *, keep: bool = False) -> Published:
        """A finding, and a token beside it; the finding's name comes back."""
        finding = at.publish(self.circle)
        made = self.attach(at, finding, person, keep=keep)
        assert made.outcome.draft is not None, made.outcome.words
        with at.node.runtime.database.read() as tx:
            draft = drafts.get_draft(tx, at.node.runtime.vault, made.outcome.draft)
        at.leave(draft)
        return finding

    def new_epoch(self) -> None:
        """Both operators publish a key, and everybody hears of it."""
        for operator in self.nodes[:2]:
            begin_epoch(operator, self.circle)
        self.round()


def begin_epoch(node: Node, circle: CircleId) -> None:
    """What an operator's page does."""
    runtime = node.runtime
    with runtime.database.write() as tx:
        token_keys.publish_key(tx, runtime.keyring, runtime.settings, circle, runtime.clock.now())


@pytest.fixture
def world(node_of: MakeNode) -> World:
    nodes = [node_of(name) for name in ("alder", "birch", "cedar")]
    circle = circle_of(nodes, operators=nodes[:2])
    made = World(circle, nodes, [staff(node) for node in nodes], InMemory(nodes))
    made.new_epoch()
    return made


def test_two_members_find_that_they_know_of_the_same_person(world: World) -> None:
    alder, birch, cedar = world.people
    finding = world.publish_token(cedar)
    world.round()

    for at, own in ((alder, False), (birch, False), (cedar, True)):
        found = world.look_up(at)
        assert found.state is EvaluationState.DONE
        assert found.outcome.hits == (
            Hit(contributor=finding.contributor, target=finding.statement, role=ROLE, own=own),
        )
        assert found.secrets is None
    nobody = world.look_up(birch, SOMEBODY_ELSE)
    assert (nobody.state, nobody.outcome.hits) == (EvaluationState.DONE, ())


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_nothing_of_the_person_is_left_once_the_operators_have_answered(world: World) -> None:
    _, birch, cedar = world.people
    world.publish_token(birch)
    world.round()
    world.look_up(cedar)
    for node in world.nodes:
        with node.runtime.database.read() as tx:
            assert list(person_search.find(tx, node.runtime.vault, "Jane Example")) == []
        for file in node.runtime.settings.data.rglob("*"):
            if file.is_file():
                content = file.read_bytes()
                assert b"jane" not in content.lower(), file


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_an_operator_that_cannot_be_reached_is_asked_by_letter(world: World) -> None:
    _, birch, cedar = world.people
    finding = world.publish_token(birch)
    world.round()
    operator = world.nodes[1]
    world.network.disconnect(operator.url)

    waiting = world.look_up(cedar)
    assert waiting.state is EvaluationState.WAITING
    assert waiting.secrets is not None
    with cedar.node.runtime.database.read() as tx:
        assert [trace.table for trace in person_search.find(tx, cedar.node.runtime.vault, "Jane Example")] == [
            "token_evaluations"
        ]
    world.letters(operator, cedar.node)  # it asks for letters, and brings its answers

    found = world.evaluation(cedar, waiting.id)
    assert found.state is EvaluationState.DONE
    assert [hit.target for hit in found.outcome.hits] == [finding.statement]


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_both_operators_by_letter(world: World) -> None:
    _, birch, cedar = world.people
    world.publish_token(birch)
    world.round()
    for operator in world.nodes[:2]:
        world.network.disconnect(operator.url)
    waiting = world.look_up(cedar)
    world.letters(*world.nodes)
    assert world.evaluation(cedar, waiting.id).state is EvaluationState.DONE


def limited(node: Node, budget: int) -> Node:
    """The same node with another budget for each member."""
    runtime = replace(node.runtime, settings=replace(node.runtime.settings, token_evaluations_per_day=budget))
    return Node(runtime, node.clock)


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_budget_ends_guessing_until_the_next_day(world: World) -> None:
    *_, cedar = world.people
    operator = world.nodes[1]
    world.network.disconnect(operator.url)
    small = limited(operator, 2)
    network = InMemory([world.nodes[0], small, world.nodes[2]])
    narrow = replace(world, network=network)

    states = [narrow.look_up(cedar).state for _ in range(3)]
    assert states == [EvaluationState.DONE, EvaluationState.DONE, EvaluationState.STOPPED]
    words = narrow.look_up(cedar).outcome.words
    assert "quota-exceeded" in words
    assert "2 of its 2 evaluations" in words
    assert narrow.look_up(world.people[0]).state is EvaluationState.DONE  # each member has its own

    with operator.runtime.database.read() as tx:
        roster = rosters.get_roster(tx, world.circle)
        now = Timestamp(operator.clock.now() + DAY_SECONDS)
        used = {line.voice: line.used for line in token_operator.budgets(tx, small.runtime.settings, roster, now)}
        assert set(used.values()) == {0}
        served = storage.served(tx, world.circle, 10)
    assert [line.elements for line in served] == [1, 1, 1]
    assert {line.voice for line in served} <= set(used)


@pytest.mark.parametrize("node_of", ["postgresql"], indirect=True)  # SQLite lets one write at a time
def test_questions_at_one_moment_do_not_share_the_last_evaluation(world: World) -> None:
    operator, asker = limited(world.nodes[0], 3), world.nodes[2]
    request = evaluation_request(1, [begin(SOMEBODY, operator_keys.random_scalar())])
    with operator.runtime.database.read() as tx:
        roster = rosters.get_roster(tx, world.circle)
    voice = roster.voice(asker.own(world.circle))

    def evaluate(_: int) -> str:
        try:
            with operator.runtime.database.write() as tx:
                token_operator.evaluate(tx, operator.runtime.settings, roster, voice, request, make.IAT)
        except HanseError as error:
            return error.code
        return "evaluated"

    with ThreadPoolExecutor(6) as threads:
        outcomes = Counter(threads.map(evaluate, range(12)))
    assert outcomes == {"evaluated": 3, Code.QUOTA_EXCEEDED: 9}


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_an_operator_is_bound_by_its_own_budget_and_by_the_others(world: World) -> None:
    birch = world.people[1]
    small = limited(world.nodes[1], 1)
    own = replace(birch, node=small)
    assert world.look_up(own).state is EvaluationState.DONE
    stopped = world.look_up(own)
    assert stopped.state is EvaluationState.STOPPED
    assert stopped.outcome.words.startswith("This node, as an operator, answers:")
    assert stopped.secrets is None


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_strangers_and_members_of_other_circles_get_no_evaluation(world: World, node_of: MakeNode) -> None:
    operator, stranger = world.nodes[0], node_of("elder")
    element = begin(SOMEBODY, operator_keys.random_scalar())
    body = encode_evaluation_request(evaluation_request(1, [element]))
    asked = Asked(operator, world.circle, stranger.runtime.keyring.request(), path="/tokens/evaluate", body=body)
    assert asked.send().status_code == 404
    member = replace(asked, key=world.nodes[2].runtime.keyring.request())
    answer = member.send()
    assert answer.status_code == 200
    assert len(decode_evaluation_answer(answer.content).elements) == 1
    for key, changed in (("epoch 9", evaluation_request(9, [element])),):
        wrong = replace(member, body=encode_evaluation_request(changed), nonce="B" * 22).send()
        assert (wrong.status_code, wrong.json()["code"]) == (409, "conflict"), key
    not_an_operator = replace(member, node=world.nodes[2], nonce="C" * 22).send()
    assert (not_an_operator.status_code, not_an_operator.json()["code"]) == (404, "not-found")
    with operator.runtime.database.engine.connect() as connection:
        rows = connection.execute(TOKEN_SERVED.select()).all()
    assert [row.elements for row in rows] == [1]


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_an_operator_with_another_key_is_found_out(world: World) -> None:
    *_, cedar = world.people
    operator = world.nodes[1]
    settings = operator.runtime.settings
    operator_keys.destroy(settings, world.circle, 1)
    operator_keys.load_or_make(settings, world.circle, 1)
    stopped = world.look_up(cedar)
    assert stopped.state is EvaluationState.STOPPED
    assert "bad-key-file" in stopped.outcome.words

    with cedar.node.runtime.database.write() as tx:
        begun = person_tokens.look_up(tx, cedar.desk, world.circle, cedar.officer, SOMEBODY)
        question = token_steps.turn(tx, cedar.desk, begun.id)
        assert question is not None
        element = decode_element(question.request.elements[0])
        forged = evaluation_answer(1, [element], bytes(64))
        with pytest.raises(ProtocolError) as refused:
            token_steps.answered(tx, cedar.desk, begun.id, question.member.identity, forged)
        assert refused.value.code is ProtocolCode.BAD_PROOF
        with pytest.raises(HanseError) as unexpected:
            token_steps.answered(tx, cedar.desk, begun.id, cedar.node.runtime.keyring.request().public.key_id, forged)
        assert unexpected.value.code is Code.CONFLICT


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_circle_without_operators_has_nothing_of_it(node_of: MakeNode) -> None:
    nodes = [node_of("alder"), node_of("birch")]
    circle = circle_of(nodes)
    at = staff(nodes[0])
    with nodes[0].runtime.database.write() as tx:
        assert token_keys.state(tx, circle) is None
        with pytest.raises(HanseError) as refused:
            person_tokens.look_up(tx, at.desk, circle, at.officer, SOMEBODY)
        assert refused.value.code is Code.NOT_FOUND
        with pytest.raises(HanseError):
            token_keys.publish_key(tx, nodes[0].runtime.keyring, nodes[0].runtime.settings, circle, make.IAT)


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_new_keys_old_tokens_and_tokens_made_anew(world: World) -> None:
    _, birch, cedar = world.people
    kept = world.publish_token(birch, keep=True)
    other = world.publish_token(birch, SOMEBODY_ELSE)
    world.round()
    world.new_epoch()

    found = world.look_up(cedar)
    assert [hit.target for hit in found.outcome.hits] == [kept.statement]  # by an evaluation in the old epoch as well
    with birch.node.runtime.database.write() as tx:
        assert person_tokens.to_renew(tx, birch.desk, world.circle) == 1
        (begun,) = person_tokens.renew(tx, birch.desk, world.circle, birch.officer)
        assert person_tokens.renew(tx, birch.desk, world.circle, birch.officer) == []
    ask(birch.node.runtime, begun.id, transport=world.network)
    made = world.evaluation(birch, begun.id)
    assert made.outcome.draft is not None
    with birch.node.runtime.database.read() as tx:
        draft = drafts.get_draft(tx, birch.node.runtime.vault, made.outcome.draft)
        assert person_tokens.to_renew(tx, birch.desk, world.circle) == 0
    birch.leave(draft)
    world.round()

    operator = world.nodes[0]
    now, settings = operator.clock.now(), operator.runtime.settings
    with operator.runtime.database.write() as tx:
        with pytest.raises(HanseError) as refused:
            token_keys.destroy_key(tx, settings, world.circle, 1, now)
        assert refused.value.code is Code.CONFLICT
        with pytest.raises(HanseError):
            token_keys.destroy_key(tx, settings, world.circle, 2, now, regardless=True)
        token_keys.destroy_key(tx, settings, world.circle, 1, now, regardless=True)
    assert operator_keys.load(settings, world.circle, 1) is None
    stopped = world.look_up(cedar, SOMEBODY_ELSE)
    assert stopped.state is EvaluationState.STOPPED
    assert other.statement


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_token_ends_with_its_finding_and_its_kept_input_with_the_token(world: World) -> None:
    _, birch, cedar = world.people
    finding = world.publish_token(birch, keep=True)
    world.round()
    publish(birch.node, world.circle, make.retraction(world.circle, finding.statement))
    world.round()
    assert world.look_up(cedar).outcome.hits == ()
    with birch.node.runtime.database.read() as tx:
        ((token, _),) = storage.live_tokens(tx, world.circle, make.IAT)
    publish(birch.node, world.circle, make.retraction(world.circle, token.statement.id))
    with birch.node.runtime.database.write() as tx:
        person_tokens.sweep(tx, birch.desk)
    with birch.node.runtime.database.engine.connect() as connection:
        assert connection.execute(TOKEN_INPUTS.select()).all() == []


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_what_nobody_answers_is_forgotten(world: World) -> None:
    *_, cedar = world.people
    world.network.disconnect(world.nodes[0].url)
    world.look_up(cedar)
    cedar.node.clock.advance(15 * DAY_SECONDS)
    with cedar.node.runtime.database.write() as tx:
        person_tokens.sweep(tx, desk(cedar.node.runtime))
    with cedar.node.runtime.database.engine.connect() as connection:
        assert connection.execute(TOKEN_EVALUATIONS.select()).all() == []


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_token_stands_at_a_live_finding_of_ours_and_once(world: World) -> None:
    _, birch, cedar = world.people
    finding = world.publish_token(birch)
    world.round()
    again = world.attach(birch, finding)
    assert (again.state, again.outcome.draft) == (EvaluationState.STOPPED, None)
    with pytest.raises(HanseError) as theirs:
        world.attach(cedar, finding)
    assert theirs.value.code is Code.NOT_FOUND
    publish(birch.node, world.circle, make.retraction(world.circle, finding.statement))
    with pytest.raises(HanseError) as gone:
        world.attach(birch, finding)
    assert gone.value.code is Code.CONFLICT


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_operators_begin_and_join_epochs_in_turn(world: World) -> None:
    alder, birch, third = world.nodes
    begin_epoch(alder, world.circle)
    with pytest.raises(HanseError) as early:
        begin_epoch(alder, world.circle)
    assert early.value.code is Code.CONFLICT
    world.round()
    with birch.runtime.database.read() as tx:
        state = token_keys.state(tx, world.circle)
        assert state is not None
        assert state.current is not None
        assert (state.current.epoch, token_keys.epoch_to_publish(state)) == (1, 2)
    begin_epoch(birch, world.circle)
    with pytest.raises(HanseError) as no_operator:
        begin_epoch(third, world.circle)
    assert no_operator.value.code is Code.FORBIDDEN
    world.round()
    with third.runtime.database.read() as tx:
        state = token_keys.state(tx, world.circle)
        assert state is not None
        assert [keys.epoch for keys in state.sets] == [1, 2]
