"""Signing one's name to one statement: the name there instead of the pseudonym, and nothing that pairs the two."""

import json
from typing import Final

import pytest

from node import insight
from node.api.v1.signal_models import dossier_body, explanation_body, line_body
from node.api.v1.statement_models import statement_body, statement_page
from node.domain.dashboard import BoardFilter
from node.domain.insight import SignalFilter
from node.domain.publishing import Published
from node.domain.queries import NO_FILTER
from node.domain.statements import Claim
from node.errors import Code, HanseError
from node.insight import catch_up, export, index, taxii
from node.insight.asking import read_question
from node.insight.dashboard import board
from node.insight.dossier import dossier
from node.insight.explain import detail
from node.insight.misp import document
from node.insight.signals import listed
from node.ledger.reproject import read_again
from node.publishing.names import draft_attribution, sight
from node.storage import bylines, circles, statements
from node.storage import ledger as logs
from node.storage.taxii import Wanted
from node.sync import sync_once
from protocol.identifiers import CircleId, KeyId, SubjectId
from protocol.pseudonyms import pseudonym
from protocol.statements import DAY_SECONDS, kind_of
from protocol.vocabulary import WHOLE
from tests.federation.conftest import MakeNode
from tests.federation.people import staff
from tests.federation.support import InMemory, circle_of, publish
from tests.node import statements as make

OTHERS: Final = [SubjectId(f"circle:{letter * 21}A") for letter in "CDE"]


class Stage:
    """A contributor with four findings under its pseudonym, of which one gets its name; and a reader elsewhere."""

    def __init__(self, node_of: MakeNode) -> None:
        self.nodes = [node_of(name) for name in ("aldermoor", "northport", "valdesk")]
        self.circle: CircleId = circle_of(self.nodes)
        self.author, self.other, self.reader = (staff(node) for node in self.nodes)
        self.network = InMemory(self.nodes)
        self.key: KeyId = self.author.node.own(self.circle)
        self.pseudonym = pseudonym(self.circle, self.key)
        self.found = self.author.publish(self.circle)
        for subject in OTHERS:
            self.author.publish(self.circle, make.finding_body(subject))
        self.rounds()
        publish(self.other.node, self.circle, make.response(self.circle, self.key, self.found.statement, "disputes"))
        self.rounds()

    def rounds(self) -> None:
        for node in self.nodes * 2:
            sync_once(node.runtime, transport=self.network)
        for node in self.nodes:
            catch_up(node.runtime.database, node.runtime.vocabulary, node.clock.now())
            index.catch_up(node.runtime.database, node.clock.now())

    def sign(self) -> Published:
        runtime, now = self.author.node.runtime, self.author.node.clock.now()
        with runtime.database.write() as tx:
            draft = draft_attribution(tx, runtime.vault, self.author.officer, self.circle, self.found.statement, now)
        signed = self.author.leave(draft)
        self.rounds()
        return signed

    @property
    def handle(self) -> KeyId:
        with self.reader.node.runtime.database.read() as tx:
            (handle,) = bylines.names_in(tx, self.circle)
        return handle


@pytest.fixture
def stage(node_of: MakeNode) -> Stage:
    return Stage(node_of)


def answers(stage: Stage) -> dict[str, object]:
    """Everything about the signed finding that a reader can have, by how it is asked for."""
    runtime, now = stage.reader.node.runtime, stage.reader.node.clock.now()
    claim = Claim(stage.circle, make.SUBJECT, make.INDICATOR, WHOLE)
    taxii.catch_up(runtime.database, stage.circle)
    with runtime.database.read() as tx:
        of_name = read_question(tx, runtime.vocabulary, {"contributor": [stage.handle]})
        signed = insight.statement(tx, stage.handle, stage.found.statement, now=now)
        response = next(
            each for each in insight.findings(tx, "", 100, now=now).items if each.provenance.kind == "response"
        )
        line = next(
            each for each in listed(tx, runtime.vocabulary, SignalFilter(), now=now).items if each.stored.claim == claim
        )
        events = taxii.events(tx, stage.circle, now, limit=10).events
        given: dict[str, object] = {
            "statement": statement_body(signed.view).model_dump_json(),
            "bytes": signed.jws,
            "list by name": statement_page(insight.findings(tx, "", 100, of_name, now=now)).model_dump_json(),
            "dossier": dossier_body(dossier(tx, runtime.vocabulary, make.SUBJECT, now)).model_dump_json(),
            "signal": explanation_body(detail(tx, runtime.vocabulary, claim, now)).model_dump_json(),
            "signal in a list": line_body(line).model_dump_json(),
            "response": statement_body(response).model_dump_json(),
            "MISP": json.dumps(
                [
                    document(each, runtime.vocabulary)
                    for each in events
                    if each.view.provenance.id == stage.found.statement
                ]
            ),
        }
        cover = export.begin(tx, NO_FILTER, institution="x", audience="institution", clock=runtime.clock)
        page = taxii.page(tx, runtime.vocabulary, stage.circle, taxii.Asked(0, 100, Wanted(), now))
    data = b"".join(export.write(runtime.database, runtime.clock, NO_FILTER, cover, "institution", "ndjson"))
    given["export"] = b"".join(line for line in data.splitlines() if stage.found.statement.encode() in line).decode()
    given["STIX"] = json.dumps([each.content for each in page.objects if stage.found.statement in str(each.content)])
    return given


def test_no_answer_about_it_pairs_name_and_pseudonym(stage: Stage) -> None:
    stage.sign()
    given = answers(stage)
    assert given.pop("bytes") is None, "the signed bytes name the key"
    for way, text in given.items():
        assert isinstance(text, str)
        assert stage.handle in text or way == "MISP", way
        assert stage.key not in text, way
        assert stage.pseudonym not in text, way
    assert '"aldermoor"' in str(given["statement"])
    assert "aldermoor" in str(given["MISP"])


def test_what_is_asked_of_the_one_does_not_find_the_other(stage: Stage) -> None:
    stage.sign()
    runtime, now = stage.reader.node.runtime, stage.reader.node.clock.now()
    with runtime.database.read() as tx:
        assert statements.find_shown(tx, stage.key, stage.found.statement, now=now) is None
        assert statements.find_shown(tx, stage.handle, stage.found.statement, now=now) is not None
        found = {}
        for name in (stage.key, stage.pseudonym, stage.handle, "aldermoor"):
            wanted = read_question(tx, runtime.vocabulary, {"contributor": [name]})
            found[name] = [each.provenance for each in insight.findings(tx, "", 100, wanted, now=now).items]
        as_of = insight.findings(tx, "", 1, now=now).next
        then = insight.findings(tx, "", 100, now=now, as_of=as_of).items
        (summary,) = insight.circle_summaries(tx)
        shown = board(tx, runtime.vocabulary, stage.circle, BoardFilter(), now)
    under_pseudonym, under_name = found[stage.key], found[stage.handle]
    assert found[stage.pseudonym] == under_pseudonym
    assert found["aldermoor"] == under_name
    assert [each.id for each in under_name if each.kind == "finding"] == [stage.found.statement]
    assert stage.found.statement not in {each.id for each in under_pseudonym}
    assert {each.pseudonym for each in under_name} == {"aldermoor"}
    assert all(each.provenance.contributor != stage.key for each in then if each.provenance.id == stage.found.statement)

    # The numbers are those that the lists have: a difference would tell.
    numbers = {key: number for key, _, number in summary.contributors}
    assert numbers[stage.key] == len(under_pseudonym) == len(OTHERS)
    assert numbers[stage.handle] == len(under_name)
    stated = {key: sum(each.stated for each in shown.contributions if each.contributor == key) for key in numbers}
    assert (stated[stage.key], stated[stage.handle]) == (len(OTHERS), 1)
    assert shown.pseudonyms[stage.handle] == "aldermoor"


def test_it_counts_as_before(stage: Stage) -> None:
    runtime, now = stage.reader.node.runtime, stage.reader.node.clock.now()
    claim = Claim(stage.circle, make.SUBJECT, make.INDICATOR, WHOLE)
    with runtime.database.read() as tx:
        before = detail(tx, runtime.vocabulary, claim, now).view.signal
    stage.sign()
    with runtime.database.read() as tx:
        after = detail(tx, runtime.vocabulary, claim, now).view.signal
    same = ("belief_ppm", "disbelief_ppm", "contributors", "roots")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]


def test_nothing_of_ours_stands_beside_a_name_on_one_claim(stage: Stage) -> None:
    runtime, now = stage.author.node.runtime, stage.author.node.clock.now()
    with runtime.database.read() as tx:
        assert sight(tx, stage.circle, stage.found.statement, now).under_pseudonym == len(OTHERS)
    stage.sign()
    with pytest.raises(HanseError) as refused:
        stage.author.publish(stage.circle)
    assert refused.value.code is Code.CONFLICT
    with runtime.database.write() as tx, pytest.raises(HanseError) as twice:
        draft_attribution(tx, runtime.vault, stage.author.officer, stage.circle, stage.found.statement, now)
    assert twice.value.code is Code.CONFLICT


def test_a_correction_and_a_retraction_bear_the_name_as_well(stage: Stage) -> None:
    stage.sign()
    publish(stage.author.node, stage.circle, make.retraction(stage.circle, stage.found.statement))
    stage.rounds()
    runtime, now = stage.reader.node.runtime, stage.reader.node.clock.now()
    with runtime.database.read() as tx:
        last = insight.findings(tx, "", 100, now=now).items[-1].provenance
    assert (last.kind, last.pseudonym, last.contributor) == ("retraction", "aldermoor", stage.handle)


def everything(stage: Stage) -> dict[str, list[str]]:
    """All that a reader is given piece by piece: in lists, in exports, and by TAXII."""
    runtime, now = stage.reader.node.runtime, stage.reader.node.clock.now()
    taxii.catch_up(runtime.database, stage.circle)
    with runtime.database.read() as tx:
        listed_now = insight.findings(tx, "", 100, now=now).items
        cover = export.begin(tx, NO_FILTER, institution="x", audience="institution", clock=runtime.clock)
        page = taxii.page(tx, runtime.vocabulary, stage.circle, taxii.Asked(0, 100, Wanted(), now))
    data = b"".join(export.write(runtime.database, runtime.clock, NO_FILTER, cover, "institution", "ndjson"))
    return {
        "list": [statement_body(each).model_dump_json() for each in listed_now],
        "export": [line.decode() for line in data.splitlines()],
        "STIX": [str(each.content) for each in page.objects],
    }


def take_away(stage: Stage, *, how: str) -> None:
    """The signed finding goes from the reader's node."""
    reader = stage.reader.node
    with reader.runtime.database.read() as tx:
        found = statements.get(tx, stage.key, stage.found.statement, now=reader.clock.now())
    assert found is not None
    if how == "erasure":
        publish(stage.author.node, stage.circle, make.erasure(stage.circle, stage.found.statement, found.index))
        stage.rounds()
    else:
        publish(stage.author.node, stage.circle, make.retraction(stage.circle, stage.found.statement))
        stage.rounds()
        reader.clock.advance(found.statement.exp - reader.clock.now() + DAY_SECONDS)
        catch_up(reader.runtime.database, reader.runtime.vocabulary, reader.clock.now())
        index.catch_up(reader.runtime.database, reader.clock.now())
    with reader.runtime.database.read() as tx:
        assert statements.get(tx, stage.key, stage.found.statement, now=reader.clock.now()) is None


@pytest.mark.parametrize("how", ["erasure", "expiry"])
@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_when_it_is_gone_what_is_left_does_not_pair_them_either(stage: Stage, how: str) -> None:
    stage.sign()
    handle = stage.handle
    take_away(stage, how=how)
    nothing_pairs(stage, handle)
    runtime, now = stage.reader.node.runtime, stage.reader.node.clock.now()
    with runtime.database.write() as tx:
        key = circles.get_roster(tx, stage.circle).lines[stage.key].key
        read_again(tx, logs.lock_log(tx, stage.circle, stage.key), key, now)
    nothing_pairs(stage, handle)


def nothing_pairs(stage: Stage, handle: KeyId) -> None:
    """Of a signed finding that is gone, every trace bears the name and none the pseudonym."""
    runtime, now, name = stage.reader.node.runtime, stage.reader.node.clock.now(), stage.found.statement
    assert stage.handle == handle
    for way, pieces in everything(stage).items():
        about = [each for each in pieces if name in each]
        assert about or way == "STIX", way
        for piece in about:
            assert stage.key not in piece, (way, piece)
            assert stage.pseudonym not in piece, (way, piece)
    with runtime.database.read() as tx:
        held = statements.feed(tx, after=0, limit=100, now=now, circle=stage.circle)
        acts = [
            each for each in held if each.contributor == stage.key and kind_of(each.statement) in bylines.ACTING_KINDS
        ]
        assert len(acts) == 2
        for each in acts:
            assert (each.shown, each.byline and each.byline.name) == (handle, "aldermoor")
            assert statements.find_shown(tx, stage.key, each.statement.id, now=now) is None
        assert statements.find_shown(tx, stage.key, name, now=now) is None
        assert stage.circle in bylines.circles_with_names(tx)
        (summary,) = insight.circle_summaries(tx)
    numbers = {key: number for key, _, number in summary.contributors}
    assert numbers[handle] == len(acts)


def test_a_handle_says_nothing_of_the_key() -> None:
    circle, one, other = CircleId("A" * 43), KeyId("B" * 43), KeyId("C" * 43)
    assert bylines.handle_of(circle, one) == bylines.handle_of(circle, one)
    assert bylines.handle_of(circle, one) != bylines.handle_of(circle, other)
