"""The right of reply: what an organisation says stands wherever the statement stands that it answers."""

from datetime import timedelta

import msgspec
import pytest

from node import insight
from node.api.v1.signal_models import dossier_body
from node.api.v1.statement_models import statement_page
from node.clock import day_of
from node.domain.insight import FindingView, ReplyView, SignalFilter
from node.domain.publishing import Draft, Published, ReplyContent
from node.domain.queries import NO_FILTER
from node.domain.statements import Claim
from node.errors import Code, HanseError
from node.insight import catch_up, export, taxii
from node.insight.asking import read_question
from node.insight.briefing import subject_briefing
from node.insight.dossier import dossier
from node.insight.explain import detail
from node.insight.misp import attributes
from node.insight.pdf import pdf
from node.insight.sheet import sheet
from node.insight.signals import listed
from node.publishing.preview import preview, submit
from node.publishing.replies import draft_reply
from node.storage.taxii import Wanted
from node.sync import sync_once
from protocol.identifiers import CircleId, VocabularyCode
from protocol.statements import Handling, ReplyBody, Subject, Target
from protocol.vocabulary import WHOLE
from tests.federation.conftest import MakeNode
from tests.federation.people import Staff, staff
from tests.federation.support import InMemory, circle_of, publish
from tests.node import statements as make

TEXT = "The two registers differ because one of them shows the owners of last year."
NOTE = "Letter of the board, answered at the address in the company register."


class Stage:
    """A member that has stated something, one that carries the reply, and one that reads both."""

    def __init__(self, node_of: MakeNode) -> None:
        self.nodes = [node_of(name) for name in ("aldermoor", "northport", "valdesk")]
        self.circle: CircleId = circle_of(self.nodes)
        self.author, self.carrier, self.reader = (staff(node) for node in self.nodes)
        self.network = InMemory(self.nodes)

    def rounds(self) -> None:
        for node in self.nodes * 2:
            sync_once(node.runtime, transport=self.network)
        for node in self.nodes:
            catch_up(node.runtime.database, node.runtime.vocabulary, node.clock.now())

    def reply(
        self, found: Published, text: str = TEXT, handling: Handling = "TLP:AMBER", note: str = NOTE
    ) -> Published:
        return self.carrier.leave(_draft(self.carrier, self.circle, found, text, handling, note))


def _draft(person: Staff, circle: CircleId, found: Published, text: str, handling: Handling, note: str) -> Draft:
    runtime, now = person.node.runtime, person.node.clock.now()
    body = ReplyBody(
        subject=Subject(id=make.SUBJECT, label="Institute of Invented Studies"),
        targets=(Target(contributor=found.contributor, id=found.statement),),
        text=text,
        replied=day_of(now),
        verified=VocabularyCode("official-letter"),
        handling=handling,
    )
    with runtime.database.write() as tx:
        return draft_reply(
            tx,
            runtime.vault,
            person.officer,
            circle,
            ReplyContent(body=body, note=note),
            expires=day_of(now) + timedelta(days=300),
            now=now,
        )


@pytest.fixture
def stage(node_of: MakeNode) -> Stage:
    return Stage(node_of)


def test_a_reply_stands_at_every_place_where_the_finding_stands(stage: Stage) -> None:
    found = stage.author.publish(stage.circle)
    stage.rounds()
    carried = stage.reply(found)
    stage.rounds()
    runtime, now = stage.reader.node.runtime, stage.reader.node.clock.now()
    body = make.finding_body()
    claim = Claim(stage.circle, body.subject.id, body.indicator, WHOLE)
    with runtime.database.read() as tx:
        seen = dossier(tx, runtime.vocabulary, make.SUBJECT, now)
        explained = detail(tx, runtime.vocabulary, claim, now)
        line = listed(tx, runtime.vocabulary, SignalFilter(), now=now).items[0]
        pooled = insight.findings(tx, "", 100, now=now)
        in_words = read_question(tx, runtime.vocabulary, {"text": ["registers", "year"]})
        words = insight.findings(tx, "", 9, in_words, now=now)
        replies = read_question(tx, runtime.vocabulary, {"kind": ["reply"]})
        mine = insight.findings(tx, "", 9, replies, now=now)
        one = insight.statement(tx, found.contributor, found.statement, now=now).view
    (shown,) = explained.view.findings
    (reply,) = shown.replies
    assert reply.text == TEXT
    assert reply.targets == ((found.contributor, found.statement),)
    assert explained.view.replies == line.replies == 1
    assert isinstance(one, FindingView)
    assert one.replies == (reply,)
    assert TEXT in dossier_body(seen).model_dump_json()
    finding, answer = pooled.items[0], pooled.items[-1]
    assert isinstance(finding, FindingView)
    assert finding.replies == (reply,)
    assert answer == reply
    assert reply in words.items
    assert mine.items == (reply,)
    assert statement_page(pooled).model_dump_json().count(TEXT) == 2
    assert reply.provenance.id == carried.statement
    assert NOTE not in statement_page(pooled).model_dump_json()

    with runtime.database.read() as tx:
        cover = export.begin(
            tx, read_question(tx, runtime.vocabulary, {}), institution="x", audience="institution", clock=runtime.clock
        )
    data = b"".join(export.write(runtime.database, runtime.clock, NO_FILTER, cover, "institution", "ndjson"))
    (row,) = [msgspec.json.decode(line) for line in data.splitlines() if b'"reply"' in line]
    assert (row["kind"], row["summary"]) == ("reply", TEXT)
    assert row["answers"] == [f"{found.contributor}/{found.statement}"]

    taxii.catch_up(runtime.database, stage.circle)
    with runtime.database.read() as tx:
        asked = taxii.Asked(0, 100, Wanted(), now)
        notes = [
            each.content
            for each in taxii.page(tx, runtime.vocabulary, stage.circle, asked).objects
            if each.content["type"] == "note"
        ]
        (event,) = taxii.events(tx, stage.circle, now, limit=10).events
    of_finding, of_reply = notes
    assert of_reply["content"] == TEXT
    assert of_finding["id"] in of_reply["object_refs"]  # type: ignore[operator] # a list
    assert any(TEXT in str(each["value"]) for each in attributes(event, runtime.vocabulary))


def test_a_reply_has_no_part_in_a_signal(stage: Stage) -> None:
    found = stage.author.publish(stage.circle)
    stage.rounds()
    runtime, now = stage.reader.node.runtime, stage.reader.node.clock.now()
    claim = Claim(stage.circle, make.SUBJECT, make.INDICATOR, WHOLE)
    with runtime.database.read() as tx:
        before = detail(tx, runtime.vocabulary, claim, now).view.signal
    stage.reply(found)
    stage.rounds()
    with runtime.database.read() as tx:
        after = detail(tx, runtime.vocabulary, claim, now).view
    assert after.signal == before
    assert after.replies == 1


def test_a_reply_outlives_a_correction_and_goes_with_its_own_retraction(stage: Stage) -> None:
    found = stage.author.publish(stage.circle)
    stage.rounds()
    carried = stage.reply(found)
    corrected = make.correction(stage.circle, found.statement, make.finding_body(summary="One register differs."))
    publish(stage.author.node, stage.circle, corrected)
    stage.rounds()
    runtime, now = stage.reader.node.runtime, stage.reader.node.clock.now()

    def replies() -> tuple[ReplyView, ...]:
        with runtime.database.read() as tx:
            shown = insight.statement(tx, found.contributor, found.statement, now=now).view
        assert isinstance(shown, FindingView)
        return shown.replies

    assert [each.text for each in replies()] == [TEXT]
    publish(stage.carrier.node, stage.circle, make.retraction(stage.circle, carried.statement))
    stage.rounds()
    assert replies() == ()


def test_the_handling_of_a_reply_is_its_own(stage: Stage) -> None:
    found = stage.author.publish(stage.circle)
    stage.rounds()
    stage.reply(found, handling="TLP:AMBER+STRICT")
    runtime = stage.carrier.node.runtime
    with runtime.database.read() as tx:
        wanted = read_question(tx, runtime.vocabulary, {"kind": ["reply"]})
        cover = export.begin(tx, wanted, institution="x", audience="partners", clock=runtime.clock)
    data = b"".join(export.write(runtime.database, runtime.clock, wanted, cover, "partners", "ndjson"))
    assert TEXT.encode() not in data
    assert msgspec.json.decode(data.splitlines()[-1])["left_out"] == 1


def test_the_gate_reads_a_reply_and_only_what_is_held_can_be_answered(stage: Stage) -> None:
    found = stage.author.publish(stage.circle)
    stage.rounds()
    runtime, now = stage.carrier.node.runtime, stage.carrier.node.clock.now()
    named = _draft(stage.carrier, stage.circle, found, "Prof. Ada Quillfeather has left us.", "TLP:AMBER", NOTE)
    with runtime.database.write() as tx:
        made = preview(tx, runtime.vault, stage.carrier.officer, named.id, now)
    with runtime.database.write() as tx, pytest.raises(HanseError) as stopped:
        submit(tx, runtime.vault, runtime.vocabulary, stage.carrier.officer, named.id, made.digest, now)
    assert stopped.value.code is Code.PRIVACY_GATE
    assert NOTE.encode() not in made.payload

    elsewhere = Published(found.draft, stage.circle, found.contributor, make.new_id(), 0)
    with pytest.raises(HanseError, match="targets"):
        _draft(stage.carrier, stage.circle, elsewhere, TEXT, "TLP:AMBER", NOTE)
    with pytest.raises(HanseError, match="note"):
        _draft(stage.carrier, stage.circle, found, TEXT, "TLP:AMBER", " ")
    with runtime.database.read() as tx:
        wanted = read_question(tx, runtime.vocabulary, {"kind": ["reply"]})
        assert insight.findings(tx, "", 9, wanted, now=now).items == ()


def test_a_briefing_says_what_the_organisation_says_to_those_who_may_have_it(stage: Stage) -> None:
    found = stage.author.publish(stage.circle)
    stage.rounds()
    stage.reply(found)
    stage.rounds()
    runtime, now = stage.reader.node.runtime, stage.reader.node.clock.now()
    with runtime.database.read() as tx:
        made = subject_briefing(tx, runtime.vocabulary, make.SUBJECT, now)
        public = subject_briefing(tx, runtime.vocabulary, make.SUBJECT, now, audience="public")
    page = sheet(made, runtime.vocabulary)
    said = next(block for block in page.blocks if block.heading == "What the organisation says")
    assert [row.text for row in said.rows] == [TEXT]
    assert sum("The organisation has replied." in row.text for block in page.blocks for row in block.rows) == 1
    assert pdf(page, made.as_of.day).startswith(b"%PDF")
    assert not public.replies
