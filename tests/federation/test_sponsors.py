"""A finding for which another member lends its name: who learns what, what cannot be altered, whose voice counts."""

import msgspec
import pytest

from node.clock import day_of
from node.domain.publishing import Draft, FindingContent, RetractionContent, SponsorAskContent
from node.domain.sponsors import Sponsoring, SponsoringState
from node.domain.statements import Claim
from node.errors import Code, HanseError
from node.insight import catch_up
from node.insight.explain import detail
from node.publishing import drafts, sponsor
from node.publishing.publish import draft_retraction
from node.storage import circles, statements
from node.storage import sponsors as storage
from node.storage.tables.base import METADATA
from node.sync import sync_once
from protocol import envelope
from protocol.errors import Code as ProtocolCode
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, KeyId, VocabularyCode
from protocol.messages.sponsoring import ASK, SponsorAsk
from protocol.statements import Sponsored, Timestamp
from protocol.vocabulary import WHOLE
from tests.federation.conftest import MakeNode
from tests.federation.people import HELD_BACK, Staff, staff
from tests.federation.support import InMemory, Node, circle_of
from tests.node import statements as make

SUMMARY = "Two of the four funders could not be traced to their owners."


class Stage:
    """Author, sponsor and a third member of a circle that names its members."""

    def __init__(self, node_of: MakeNode) -> None:
        self.nodes = [node_of(name) for name in ("aldermoor", "northport", "valdesk")]
        self.circle: CircleId = circle_of(self.nodes, attribution="named")
        self.author, self.sponsor, self.third = (staff(node) for node in self.nodes)
        self.network = InMemory(self.nodes)

    def identity(self, node: Node) -> KeyId:
        with node.runtime.database.read() as tx:
            roster = circles.get_roster(tx, self.circle)
            return roster.lines[roster.own].identity

    def rounds(self, count: int = 2) -> None:
        for _ in range(count):
            for node in self.nodes:
                sync_once(node.runtime, transport=self.network)

    def draft(self, person: Staff, content: FindingContent | SponsorAskContent) -> Draft:
        runtime, now = person.node.runtime, person.node.clock.now()
        with runtime.database.write() as tx:
            return drafts.create_draft(
                tx,
                runtime.vault,
                person.officer,
                self.circle,
                content,
                expires=day_of(Timestamp(now + 31_536_000)),
                now=now,
            )

    def ask(self) -> None:
        """The author's finding, by way of a second person, to the sponsor."""
        runtime, now = self.author.node.runtime, self.author.node.clock.now()
        plain = self.draft(self.author, FindingContent(body=make.finding_body(summary=SUMMARY), held_back=HELD_BACK))
        with runtime.database.write() as tx:
            to = self.identity(self.sponsor.node)
            asked = sponsor.draft_ask(tx, runtime.vault, self.author.officer, plain, to, now)
        self.author.leave(asked)
        self.rounds()

    def one(self, person: Staff) -> Sponsoring:
        with person.node.runtime.database.read() as tx:
            (found,) = storage.listed(tx, person.node.runtime.vault, 10)
        return found

    def take_on(self) -> None:
        runtime, now = self.sponsor.node.runtime, self.sponsor.node.clock.now()
        with runtime.database.write() as tx:
            draft = sponsor.take_on(tx, runtime.vault, self.sponsor.officer, self.one(self.sponsor).id, now)
        self.sponsor.leave(draft)
        self.rounds()


@pytest.fixture
def stage(node_of: MakeNode) -> Stage:
    return Stage(node_of)


def rows(node: Node) -> list[bytes]:
    """Every row of every table, as bytes."""
    found: list[bytes] = []
    with node.runtime.database.engine.connect() as connection:
        for table in METADATA.sorted_tables:
            found += [
                b"|".join(each if isinstance(each, bytes) else str(each).encode() for each in row)
                for row in connection.execute(table.select())
            ]
    return found


def test_the_sponsor_publishes_what_was_signed_and_nobody_else_learns_by_whom(stage: Stage) -> None:
    stage.ask()
    asked = stage.one(stage.sponsor)
    assert asked.state is SponsoringState.ASKED
    assert asked.peer == stage.identity(stage.author.node)

    stage.take_on()

    assert stage.one(stage.author).state is SponsoringState.PUBLISHED
    published = stage.one(stage.sponsor)
    assert published.contributor == stage.sponsor.node.own(stage.circle)
    assert published.statement is not None
    stored = stage.third.stored(published.contributor, published.statement)
    assert isinstance(stored.statement, Sponsored)
    assert stored.statement.body.statement == stage.one(stage.author).jws
    body = stored.body
    assert getattr(body, "summary", None) == SUMMARY

    # Nothing of the author in what the third member holds: neither in the statement nor anywhere else because of it.
    inner = envelope.parse(stored.statement.body.statement.encode()).payload
    for secret in (stage.author.node.own(stage.circle), stage.identity(stage.author.node), "aldermoor"):
        assert secret.encode() not in stored.jws
        assert secret.encode() not in inner
    here = [row for row in rows(stage.third.node) if published.statement.encode() in row or SUMMARY.encode() in row]
    assert here
    assert not [row for row in here if stage.author.node.own(stage.circle).encode() in row]
    assert not [row for row in rows(stage.author.node) if asked.key.encode() in row and b"sponsored" not in row]


def test_a_sponsored_finding_is_one_voice_the_sponsors(stage: Stage) -> None:
    stage.ask()
    stage.take_on()
    body = make.finding_body()
    claim = Claim(stage.circle, body.subject.id, body.indicator, WHOLE)
    for node in stage.nodes:
        catch_up(node.runtime.database, node.runtime.vocabulary, node.clock.now())
        with node.runtime.database.read() as tx:
            signal = detail(tx, node.runtime.vocabulary, claim, node.clock.now()).view.signal
        assert signal.contributors == 1
        (counted,) = signal.contributions
        assert counted.statement[0] == stage.sponsor.node.own(stage.circle)

    # The sponsor's own opinion would take the place of what it sponsors, the author's would be a second voice.
    own = FindingContent(body=make.finding_body(), held_back=HELD_BACK)
    with pytest.raises(HanseError) as refused:
        stage.author.leave(stage.draft(stage.author, own))
    assert refused.value.code is Code.CONFLICT


def test_who_holds_an_opinion_neither_asks_nor_sponsors(stage: Stage) -> None:
    stage.ask()
    stage.sponsor.publish(stage.circle, make.finding_body())
    now = stage.sponsor.node.clock.now()
    with stage.sponsor.node.runtime.database.write() as tx, pytest.raises(HanseError) as refused:
        sponsor.take_on(tx, stage.sponsor.node.runtime.vault, stage.sponsor.officer, stage.one(stage.sponsor).id, now)
    assert refused.value.code is Code.CONFLICT


def test_the_author_learns_why_it_was_declined_and_the_sponsor_keeps_nothing(stage: Stage) -> None:
    stage.ask()
    runtime = stage.sponsor.node.runtime
    with runtime.database.write() as tx:
        sponsor.decline(
            tx, runtime.vault, stage.one(stage.sponsor).id, "tells-too-much", stage.sponsor.node.clock.now()
        )
    stage.rounds()
    assert stage.one(stage.author).state is SponsoringState.DECLINED
    assert stage.one(stage.author).reason == "tells-too-much"
    assert stage.one(stage.sponsor).jws == ""


def test_the_sponsor_takes_it_back_when_its_author_asks(stage: Stage) -> None:
    stage.ask()
    stage.take_on()
    author, now = stage.author.node.runtime, stage.author.node.clock.now()
    with author.database.write() as tx:
        reason = VocabularyCode("factual-error")
        sponsor.ask_back(tx, author.vault, stage.one(stage.author).id, erase=False, reason=reason, now=now)
    stage.rounds()
    found = stage.one(stage.sponsor)
    assert found.state is SponsoringState.TAKE_BACK
    assert found.statement is not None

    with stage.sponsor.node.runtime.database.write() as tx:
        content = RetractionContent(target=found.statement, reason=VocabularyCode("factual-error"))
        vault = stage.sponsor.node.runtime.vault
        draft = draft_retraction(tx, vault, stage.sponsor.officer, stage.circle, content, now)
    stage.sponsor.leave(draft)
    stage.rounds()
    assert stage.one(stage.author).state is SponsoringState.TAKEN_BACK
    with stage.third.node.runtime.database.read() as tx:
        (left,) = statements.of_subject(tx, stage.circle, make.SUBJECT, now=now)
    assert left.state == "retracted"


def test_a_sponsor_cannot_alter_a_byte(stage: Stage) -> None:
    stage.ask()
    found = stage.one(stage.sponsor)
    header, payload, signature = found.jws.split(".")
    swapped = "A" if payload[-1] != "A" else "B"
    for forged in (f"{header}.{payload[:-1]}{swapped}.{signature}", f"{header}.{payload}.{signature[:-2]}AA"):
        with pytest.raises(ProtocolError):
            sponsor.verified(stage.circle, found.key, forged, stage.sponsor.node.clock.now())
    opened = sponsor.verified(stage.circle, found.key, found.jws, stage.sponsor.node.clock.now())
    assert opened.body.summary == SUMMARY
    with pytest.raises(ProtocolError) as wrong:
        sponsor.verified(CircleId("A" * 43), found.key, found.jws, stage.sponsor.node.clock.now())
    assert wrong.value.code is ProtocolCode.WRONG_CIRCLE


def test_an_ask_names_no_contact_and_is_one_letter_alone() -> None:
    asked = SponsorAsk(key="A" * 43, statement="a.b.c", disclosures=())
    assert ASK.decode(ASK.encode(asked)) == asked
    content = SponsorAskContent(
        sponsor=KeyId("A" * 43),
        body=make.finding_body(),
        held_back=msgspec.structs.replace(HELD_BACK, contact="office@aldermoor.example"),
    )
    with pytest.raises(HanseError, match="contact"):
        sponsor.require_no_contact(content)
