"""Requests between real nodes: what is given is proven, what is gone is forgotten, and nobody else is told."""

from datetime import timedelta

import pytest

from node.clock import day_of
from node.domain.letters import LetterKind
from node.domain.publishing import CorrectionContent, HeldBack, RetractionContent
from node.domain.requests import RequestId, RequestState, RequestStatus
from node.errors import Code, HanseError
from node.publishing import publish, request_rules, requests
from node.publishing.letters import put
from node.publishing.publish import prefill_correction
from node.storage import circles, letters
from node.storage import publishing as published_rows
from node.storage import requests as storage
from node.storage.tables.requests import REQUEST_EVENTS, REQUEST_VALUES
from node.sync import sync_once
from node.sync.post import tidy
from protocol.identifiers import CircleId, VocabularyCode
from protocol.messages import requests as wire
from protocol.statements import DAY_SECONDS
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

    def status(self, who: Staff, request: str) -> RequestStatus:
        with who.node.runtime.database.read() as tx:
            found = storage.get(tx, who.node.runtime.vault, RequestId(request))
            assert found is not None
            return request_rules.status(tx, circles.get_roster(tx, self.circle), found, who.node.clock.now())


@pytest.fixture
def between(node_of: MakeNode) -> Between:
    return Between(node_of)


def test_fields_are_released_one_by_one_and_proven(between: Between) -> None:
    made = between.author.publish(between.circle)
    between.sync()
    request = between.asker.ask(made, "narrative", "engagement", "contact")
    assert between.status(between.asker, request) is RequestStatus.SENT
    between.sync()
    assert between.status(between.asker, request) is RequestStatus.DELIVERED
    (incoming,) = between.author.incoming()
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
