"""Requests between real nodes: what is given is proven, what is gone is forgotten, and nobody else is told."""

from datetime import timedelta

import pytest

from node.clock import day_of
from node.domain.letters import LetterKind
from node.domain.publishing import CorrectionContent, HeldBack, Published, RetractionContent
from node.domain.requests import RequestId, RequestState, RequestStatus
from node.errors import Code, HanseError
from node.publishing import publish, request_rules, requests
from node.publishing.letters import new_thread, put
from node.publishing.names import draft_attribution
from node.publishing.publish import prefill_correction
from node.storage import circles, letters
from node.storage import publishing as published_rows
from node.storage import requests as storage
from node.storage.tables.requests import REQUEST_EVENTS, REQUEST_VALUES
from node.sync import sync_once
from node.sync.post import tidy
from protocol.identifiers import CircleId, SubjectId, VocabularyCode
from protocol.messages import requests as wire
from protocol.messages.letter import ThreadId
from protocol.statements import DAY_SECONDS, Target
from tests.federation.conftest import MakeNode
from tests.federation.people import ENGAGEMENT, NARRATIVE, Staff, staff
from tests.federation.support import InMemory, circle_of
from tests.node import statements as make

REASON = VocabularyCode("factual-error")


class Between:
    """An author and an asker, in a circle with a third member."""

    def __init__(self, node_of: MakeNode) -> None:
        self.nodes = [node_of(name) for name in ("author", "asker", "third")]
        self.circle: CircleId = circle_of(self.nodes)
        self.author, self.asker = staff(self.nodes[0]), staff(self.nodes[1])
        self.network = InMemory(self.nodes)

    def sync(self) -> None:
        for node in (self.nodes[1], self.nodes[0]):
            sync_once(node.runtime, transport=self.network)

    def spend(self, about: Published) -> None:
        """Ask for a finding until the budget of a day is used; each letter is left to be brought."""
        for _ in range(request_rules.MAX_ASKED_PER_DAY):
            request = self.asker.ask(about, "narrative")
            with self.asker.node.runtime.database.write() as tx:
                storage.change(tx, request, RequestState.WITHDRAWN, self.asker.node.clock.now(), unseen=False)
        with pytest.raises(HanseError) as caught:
            self.asker.ask(about, "narrative")
        assert caught.value.code is Code.QUOTA_EXCEEDED

    def put(self, kind: LetterKind, thread: ThreadId, body: wire.Ask | wire.Withdraw) -> None:
        """Write to the author as a node would whose own rules do not hold."""
        with self.asker.node.runtime.database.write() as tx:
            roster = circles.get_roster(tx, self.circle)
            put(tx, self.asker.desk, roster, roster.members[self.nodes[0].own(self.circle)], kind, thread, body)

    def status(self, who: Staff, request: str) -> RequestStatus:
        return _status(who, RequestId(request))


@pytest.fixture
def between(node_of: MakeNode) -> Between:
    return Between(node_of)


def test_fields_are_released_one_by_one_and_proven(between: Between) -> None:
    made = between.author.publish(between.circle)
    between.sync()
    request = between.asker.ask(made, "narrative", "engagement", "contact")
    between.sync()
    (incoming,) = between.author.incoming()
    assert between.status(between.author, incoming.id) is RequestStatus.DELIVERED
    between.author.release(incoming.id, "narrative")
    between.sync()
    assert between.asker.given(request) == {"narrative": NARRATIVE}
    assert between.status(between.asker, request) is RequestStatus.PARTLY
    between.author.release(incoming.id, "engagement", "contact")
    between.sync()
    assert between.asker.given(request) == {"narrative": NARRATIVE, "engagement": ENGAGEMENT, "contact": ""}
    assert between.status(between.asker, request) is RequestStatus.ANSWERED
    with pytest.raises(HanseError) as caught:
        between.author.release(incoming.id, "evidence")  # it was not asked for
    assert caught.value.code is Code.CONFLICT
    between.asker.node.clock.advance(15 * DAY_SECONDS)
    assert between.status(between.asker, request) is RequestStatus.ANSWERED


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_what_the_statement_does_not_prove_is_refused(between: Between) -> None:
    made, other = (
        between.author.publish(between.circle),
        between.author.publish(
            between.circle, held_back=HeldBack(narrative="Of another finding.", evidence=(), engagement="", contact="")
        ),
    )
    between.sync()
    request = between.asker.ask(made, "narrative")
    between.sync()
    runtime, author = between.nodes[0].runtime, between.author
    (incoming,) = author.incoming()
    with runtime.database.write() as tx:
        encoded = published_rows.get_disclosures(tx, runtime.vault, other.contributor, other.statement) or ()
        roster = circles.get_roster(tx, between.circle)
        asker = roster.members[between.nodes[1].own(between.circle)]
        for each in encoded:
            body = wire.Release(statement=made.statement, disclosure=each)
            put(tx, author.desk, roster, asker, LetterKind.RFI_RELEASE, incoming.thread, body)
    between.sync()
    assert between.asker.given(request) == {}
    with runtime.database.read() as tx:
        codes = {each.code for each in letters.posted(tx, between.circle, incoming.thread)}
    assert codes == {"bad-disclosure"}


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_after_a_correction_its_fields_are_given(between: Between) -> None:
    author, runtime = between.author, between.nodes[0].runtime
    made = author.publish(between.circle)
    between.sync()
    request = between.asker.ask(made, "narrative")
    now = author.node.clock.now()
    with runtime.database.write() as tx:
        filled = prefill_correction(tx, runtime.vault, between.circle, made.statement, REASON, now)
        content = CorrectionContent(
            target=filled.target,
            reason=filled.reason,
            body=filled.body,
            held_back=HeldBack(narrative="As it really was.", evidence=(), engagement="", contact=""),
        )
        expires = day_of(now) + timedelta(days=300)
        draft = publish.draft_correction(
            tx, runtime.vault, author.officer, between.circle, content, expires=expires, now=now
        )
    author.leave(draft)
    between.sync()
    author.release(author.incoming()[0].id, "narrative")
    between.sync()
    between.sync()
    assert between.asker.given(request) == {"narrative": "As it really was."}


def test_what_was_said_and_given_dies_with_the_statement(between: Between) -> None:
    author = between.author
    made = author.publish(between.circle)
    between.sync()
    request = between.asker.ask(made, "narrative")
    between.sync()
    author.release(author.incoming()[0].id, "narrative")
    between.sync()
    assert between.asker.given(request)
    runtime, now = author.node.runtime, author.node.clock.now()
    with runtime.database.write() as tx:
        content = RetractionContent(target=made.statement, reason=REASON)
        draft = publish.draft_retraction(tx, runtime.vault, author.officer, between.circle, content, now)
    author.leave(draft)
    between.sync()
    between.sync()
    for who in (between.asker, author):
        tidy(who.node.runtime)
        with who.node.runtime.database.engine.connect() as connection:
            assert connection.execute(REQUEST_VALUES.select()).all() == []
            assert connection.execute(REQUEST_EVENTS.select()).all() == []
    gone = between.asker.request(request)
    assert (gone.state, gone.purpose, gone.legal_basis) == (RequestState.GONE, "", "")


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_what_nobody_has_had_yet_is_taken_back_with_the_request(between: Between) -> None:
    made = between.author.publish(between.circle)
    between.sync()
    request = between.asker.ask(made, "narrative")
    with between.nodes[1].runtime.database.write() as tx:
        requests.withdraw(tx, between.asker.desk, between.asker.officer, request)
    between.sync()
    assert between.author.incoming() == []
    assert between.asker.request(request).state is RequestState.WITHDRAWN


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_day_that_passes_makes_a_request_overdue_at_both_sides(between: Between) -> None:
    made = between.author.publish(between.circle)
    between.sync()
    request = between.asker.ask(made, "narrative")
    between.sync()
    (incoming,) = between.author.incoming()
    with between.nodes[1].runtime.database.write() as tx, pytest.raises(HanseError, match="less than a day"):
        requests.remind(tx, between.asker.desk, between.asker.officer, request)
    for who in (between.asker, between.author):
        who.node.clock.advance(15 * DAY_SECONDS)
    assert between.status(between.asker, request) is RequestStatus.OVERDUE
    assert between.status(between.author, incoming.id) is RequestStatus.OVERDUE
    with between.nodes[1].runtime.database.write() as tx:
        requests.remind(tx, between.asker.desk, between.asker.officer, request)
    between.sync()
    with between.nodes[0].runtime.database.read() as tx:
        kinds = [each.kind for each in storage.events(tx, between.nodes[0].runtime.vault, incoming.id)]
    assert kinds == ["asked", "reminder"]


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_what_may_not_be_asked_is_not(between: Between) -> None:
    made = between.author.publish(between.circle)
    between.sync()
    with pytest.raises(HanseError) as named:
        between.asker.ask(made, "narrative", purpose="Dr. Ada Lovelace told us of it.")
    assert named.value.code is Code.PRIVACY_GATE
    assert "Lovelace" not in str(named.value)
    with pytest.raises(HanseError, match="our own"):
        between.author.ask(made, "narrative")
    between.asker.ask(made, "narrative")
    with pytest.raises(HanseError, match="open request"):
        between.asker.ask(made, "narrative")
    more = [between.author.publish(between.circle, make.finding_body()) for _ in range(request_rules.MAX_ASKED_PER_DAY)]
    between.sync()
    for each in more[:-1]:
        between.asker.ask(each, "narrative")
    with pytest.raises(HanseError) as caught:
        between.asker.ask(more[-1], "narrative")
    assert caught.value.code is Code.QUOTA_EXCEEDED


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_whether_a_letter_is_there_is_said_in_a_circle_of_names_alone(between: Between) -> None:
    """The attack: compare what is said of each pseudonym's node with which members' nodes are down."""
    named = circle_of(between.nodes, attribution="named")
    found = [between.author.publish(where) for where in (named, between.circle)]
    between.sync()
    asked = [between.asker.ask(each, "narrative") for each in found]
    said = []
    for network in (None, InMemory([]), InMemory([between.nodes[0]])):  # before it is brought; to a node that is down
        if network is not None:
            sync_once(between.nodes[1].runtime, transport=network)
        with between.nodes[1].runtime.database.write() as tx:  # as the worker does after each attempt in vain
            for each in map(between.asker.request, asked) if network is not None else ():
                letters.put_off(tx, each.circle, each.peer, "peer-unreachable", each.created)
        said.append([_status(between.asker, each) for each in asked])
        for who in (between.asker, between.author):
            who.node.clock.advance(DAY_SECONDS)
    assert len(between.author.incoming()) == len(asked)
    assert [first for first, _ in said] == [RequestStatus.SENT, RequestStatus.UNREACHABLE, RequestStatus.DELIVERED]
    assert [second for _, second in said] == [RequestStatus.ASKED] * 3
    hidden = between.asker.request(asked[1])
    assert hidden.updated == hidden.created


def _status(who: Staff, request: RequestId) -> RequestStatus:
    with who.node.runtime.database.read() as tx:
        found = storage.get(tx, who.node.runtime.vault, request)
        assert found is not None
        return request_rules.status(tx, circles.get_roster(tx, found.circle), found, who.node.clock.now())


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_budget_that_is_used_does_not_tell_that_a_name_and_a_pseudonym_are_one(between: Between) -> None:
    """The attack: use up the budget of one contributor, and see for which others it is used up as well."""
    author, runtime = between.author, between.nodes[0].runtime
    elsewhere = circle_of(between.nodes)
    signed, far = (author.publish(where) for where in (between.circle, elsewhere))
    other = author.publish(between.circle, make.finding_body(SubjectId(f"circle:C{'A' * 21}")))
    with runtime.database.write() as tx:
        now = author.node.clock.now()
        draft = draft_attribution(tx, runtime.vault, author.officer, between.circle, signed.statement, now)
    author.leave(draft)
    between.sync()
    between.sync()

    between.spend(signed)
    asked = wire.Ask(
        target=Target(contributor=signed.contributor, id=signed.statement),
        fields=("narrative",),
        purpose="One more.",
        legal_basis="None.",
        role="officer",
        until=day_of(now) + timedelta(days=14),
    )
    thread = new_thread()
    between.asker.node.clock.advance(1)
    author.node.clock.advance(1)
    between.put(LetterKind.RFI_ASK, thread, asked)  # an asker whose own node does not count
    between.asker.node.clock.advance(1)
    author.node.clock.advance(1)
    for each in (other, far):
        between.asker.ask(each, "narrative")
    between.sync()

    with between.asker.node.runtime.database.read() as tx:
        assert [each.code for each in letters.posted(tx, between.circle, thread)] == ["quota-exceeded"]
    came = [each.statement for each in author.incoming()]
    assert came.count(signed.statement) == request_rules.MAX_ASKED_PER_DAY
    assert {other.statement, far.statement} < set(came)


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_request_is_withdrawn_once(between: Between) -> None:
    made = between.author.publish(between.circle)
    between.sync()
    between.asker.ask(made, "narrative")
    between.sync()
    (incoming,) = between.author.incoming()
    for _ in range(3):
        between.put(LetterKind.RFI_WITHDRAW, incoming.thread, wire.Withdraw())
    between.sync()
    assert between.author.request(incoming.id).state is RequestState.WITHDRAWN
    with between.nodes[0].runtime.database.read() as tx:
        kinds = [each.kind for each in storage.events(tx, between.nodes[0].runtime.vault, incoming.id)]
    assert kinds == ["asked", "withdrawn"]
