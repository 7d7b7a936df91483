"""Letters reach the one member that they are for, once, whichever side can begin a connection."""

from dataclasses import replace

import msgspec
import pytest

from node.domain.letters import LetterKind, Posted
from node.errors import Code, HanseError
from node.insight import index
from node.insight.refresh import catch_up
from node.publishing import letters as writing
from node.storage import circles, letters
from node.storage.tables.letters import LETTERS_IN, LETTERS_OUT
from node.sync import letters as carrying
from node.sync import sync_once
from node.sync.letters import HANDLERS, desk
from node.sync.outbound import Outbound
from node.sync.post import exchange_all, tidy
from protocol.canonical import encode
from protocol.errors import Fault
from protocol.identifiers import CircleId, KeyId, VocabularyCode
from protocol.messages.letter import (
    Letter,
    LetterId,
    ThreadId,
    decode_receipt,
    encode_letter,
    encode_letters,
    sign_letter,
)
from protocol.messages.requests import Message
from protocol.statements import DAY_SECONDS, Timestamp
from tests.federation.conftest import MakeNode
from tests.federation.hostile import contributor_key
from tests.federation.people import PURPOSE, staff
from tests.federation.support import InMemory, Node, circle_of, publish
from tests.federation.test_access import Asked
from tests.federation.workers import wait_until, with_settings, working
from tests.node import statements as make

THREAD = ThreadId("A" * 22)


def write(sender: Node, receiver: Node, circle: CircleId, *, text: str = "A few words.", days: int = 30) -> LetterId:
    """A letter of which the receiver can make nothing, since no request has its thread; enough to be brought."""
    with sender.runtime.database.write() as tx:
        roster = circles.get_roster(tx, circle)
        to = roster.members[receiver.own(circle)]
        place = desk(sender.runtime)
        return writing.put(tx, place, roster, to, LetterKind.RFI_MESSAGE, THREAD, Message(text=text), days=days)


def posted(node: Node, circle: CircleId) -> list[Posted]:
    """What a node knows of its letters."""
    with node.runtime.database.read() as tx:
        return letters.posted(tx, circle, THREAD)


def exchange(node: Node, network: InMemory) -> None:
    """One turn with everybody."""
    with Outbound(node.runtime, transport=network) as outbound:
        exchange_all(node.runtime, outbound)


def rows(node: Node) -> tuple[int, int]:
    """Letters in both boxes of a node."""
    with node.runtime.database.engine.connect() as connection:
        return len(connection.execute(LETTERS_OUT.select()).all()), len(connection.execute(LETTERS_IN.select()).all())


def test_every_kind_of_letter_has_somebody_to_take_it() -> None:
    assert set(HANDLERS) == set(LetterKind)


@pytest.mark.parametrize("reachable", ["sender", "receiver"])
def test_a_letter_arrives_whichever_side_begins(node_of: MakeNode, reachable: str) -> None:
    sender, receiver, third = node_of("sender"), node_of("receiver"), node_of("third")
    circle = circle_of([sender, receiver, third])
    write(sender, receiver, circle)
    everybody = {"sender": sender, "receiver": receiver}
    network = InMemory([everybody[reachable], third])

    exchange(sender, network)
    exchange(third, network)
    exchange(receiver, network)
    exchange(receiver, network)

    (letter,) = posted(sender, circle)
    assert (letter.state, letter.code) == ("refused", "not-found")  # of a thread that the receiver knows nothing of
    assert rows(receiver) == (0, 1)
    assert rows(third) == (0, 0)
    with sender.runtime.database.engine.connect() as connection:
        (row,) = connection.execute(LETTERS_OUT.select())
    assert row.sealed is None


def test_a_letter_that_comes_again_has_no_second_effect(node_of: MakeNode) -> None:
    author, asker = node_of("author"), node_of("asker")
    circle = circle_of([author, asker])
    writer, reader = staff(author), staff(asker)
    published = writer.publish(circle)
    network = InMemory([author, asker])
    sync_once(asker.runtime, transport=network)
    reader.ask(published, "narrative")
    with asker.runtime.database.read() as tx:
        roster = circles.get_roster(tx, circle)
        found = carrying.waiting(tx, desk(asker.runtime), roster, roster.members[author.own(circle)])
    asked = Asked(author, circle, asker.runtime.keyring.request(), path="/letters")

    answers = [
        decode_receipt(replace(asked, body=encode_letters(found), nonce=nonce * 22).send().content) for nonce in "BCD"
    ]

    assert len({answer.taken for answer in answers}) == 1
    assert [len(answer.taken) for answer in answers] == [1, 1, 1]
    assert len(writer.incoming()) == 1
    assert writer.incoming()[0].purpose == PURPOSE


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_only_its_writer_brings_a_letter_and_only_its_receiver_fetches_it(node_of: MakeNode) -> None:
    sender, receiver, third = node_of("sender"), node_of("receiver"), node_of("third")
    circle = circle_of([sender, receiver, third])
    letter = write(sender, receiver, circle)
    with sender.runtime.database.read() as tx:
        roster = circles.get_roster(tx, circle)
        found = carrying.waiting(tx, desk(sender.runtime), roster, roster.members[receiver.own(circle)])
    relayed = Asked(receiver, circle, third.runtime.keyring.request(), path="/letters", body=encode_letters(found))
    misled = Asked(third, circle, sender.runtime.keyring.request(), path="/letters", body=encode_letters(found))
    nothing = encode({"refused": {}, "taken": [letter], "v": 1})
    fetched = Asked(sender, circle, third.runtime.keyring.request(), path="/letters/collect", body=nothing)
    stranger = Asked(
        sender, circle, node_of("stranger").runtime.keyring.request(), path="/letters/collect", body=nothing
    )

    assert decode_receipt(relayed.send().content).taken == ()
    assert decode_receipt(misled.send().content).refused == {letter: VocabularyCode("wrong-key")}
    assert fetched.send().content == b""
    assert stranger.send().status_code == 404
    (still,) = posted(sender, circle)
    assert still.state == "waiting"
    assert rows(receiver) == (0, 0)


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_what_cannot_be_taken_is_refused_in_words_and_keeps_nothing_else_from_being_taken(node_of: MakeNode) -> None:
    sender, receiver = node_of("sender"), node_of("receiver")
    circle = circle_of([sender, receiver])
    key, now = contributor_key(sender, circle), receiver.clock.now()
    sound = Letter(
        v=1,
        id=LetterId("A" * 22),
        circle=circle,
        to=receiver.own(circle),
        iat=now,
        exp=Timestamp(now + DAY_SECONDS),
        kind=VocabularyCode("rfi-remind"),
        thread=THREAD,
        body=msgspec.Raw(b"{}"),
    )
    late = msgspec.structs.replace(sound, id=LetterId("B" + "A" * 21), iat=Timestamp(now - 9), exp=Timestamp(now - 1))
    early = msgspec.structs.replace(
        sound, id=LetterId("C" + "A" * 21), iat=Timestamp(now + 900), exp=Timestamp(now + 999)
    )
    strange = msgspec.structs.replace(sound, id=LetterId("D" + "A" * 21), kind=VocabularyCode("rfi-poem"))
    empty = msgspec.structs.replace(sound, id=LetterId("E" + "A" * 21), body=msgspec.Raw(b'{"x":1}'))
    jws = [sign_letter(encode_letter(each), key) for each in (late, early, strange, empty, sound)]
    body = encode_letters([b"not a letter", *jws])
    asked = Asked(receiver, circle, sender.runtime.keyring.request(), path="/letters", body=body)

    answer = decode_receipt(asked.send().content)

    assert answer.taken == ()
    assert dict(answer.refused) == {
        late.id: "expired",
        early.id: "future-dated",
        strange.id: "unknown-code",
        empty.id: "malformed",
        sound.id: "not-found",
    }


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_an_outbox_is_bounded_and_lets_go_what_has_run_out(node_of: MakeNode) -> None:
    sender, receiver = node_of("sender"), node_of("receiver")
    circle = circle_of([sender, receiver])
    for _ in range(writing.MAX_WAITING):
        write(sender, receiver, circle, days=1)
    with pytest.raises(HanseError) as caught:
        write(sender, receiver, circle)
    assert caught.value.code is Code.QUOTA_EXCEEDED
    sender.clock.advance(DAY_SECONDS + 1)
    exchange(sender, InMemory([]))
    assert {each.state for each in posted(sender, circle)} == {"lapsed"}
    write(sender, receiver, circle)


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_member_that_takes_no_letters_stops_its_own_alone(node_of: MakeNode) -> None:
    """Its receipts wait; the receipts of others are written, and what has run out is let go."""
    deaf, other, writer = nodes = [node_of(name) for name in ("deaf", "other", "writer")]
    circle = circle_of(nodes)
    for node in (deaf, other):
        finding = make.finding(circle)
        publish(node, circle, finding)
        publish(node, circle, make.retraction(circle, finding.id))
    sync_once(writer.runtime, transport=InMemory(nodes))
    index.catch_up(writer.runtime.database, writer.clock.now())
    catch_up(writer.runtime.database, writer.runtime.vocabulary, writer.clock.now())
    with writer.runtime.database.read() as tx:
        lines = circles.get_roster(tx, circle).lines
    shut, open_ = (lines[node.own(circle)].identity for node in (deaf, other))
    for _ in range(writing.MAX_WAITING):
        write(writer, deaf, circle, days=1)

    tidy(writer.runtime)
    assert _receipts(writer) == {open_: ["waiting"]}
    writer.clock.advance(DAY_SECONDS + 1)  # its letters have run out, and count no more
    tidy(writer.runtime)
    assert {each.state for each in posted(writer, circle)} == {"lapsed"}
    assert _receipts(writer) == {shut: ["waiting"], open_: ["waiting"]}

    again = make.finding(circle)
    publish(deaf, circle, again)
    publish(deaf, circle, make.retraction(circle, again.id))
    sync_once(writer.runtime, transport=InMemory(nodes))
    index.catch_up(writer.runtime.database, writer.clock.now())
    catch_up(writer.runtime.database, writer.runtime.vocabulary, writer.clock.now())
    tidy(writer.runtime)
    assert _receipts(writer)[shut] == ["waiting"]  # in place of the one before


def _receipts(node: Node) -> dict[KeyId, list[str]]:
    """The receipts in the outbox, by receiver."""
    found: dict[KeyId, list[str]] = {}
    with node.runtime.database.engine.connect() as connection:
        for row in connection.execute(LETTERS_OUT.select().where(LETTERS_OUT.c.kind == "log-receipt")):
            found.setdefault(KeyId(row.receiver), []).append(row.state)
    return found


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_trouble_of_ours_refuses_no_letter(node_of: MakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that another process writes to for too long: the letter stays with its writer and comes again."""
    sender, receiver = node_of("sender"), node_of("receiver")
    circle = circle_of([sender, receiver])
    letter = write(sender, receiver, circle)
    with sender.runtime.database.read() as tx:
        roster = circles.get_roster(tx, circle)
        found = carrying.waiting(tx, desk(sender.runtime), roster, roster.members[receiver.own(circle)])
    with receiver.runtime.database.read() as tx:
        theirs = circles.get_roster(tx, circle)
    member = theirs.members[sender.own(circle)]

    monkeypatch.setattr("node.storage.database.BUSY_TIMEOUT_MILLISECONDS", 100)
    with receiver.runtime.database.write(), pytest.raises(HanseError) as caught:
        carrying.take(receiver.runtime, theirs, member, found)
    assert (caught.value.code, caught.value.fault) == (Code.CONFLICT, Fault.OURS)
    assert rows(receiver) == (0, 0)
    assert carrying.take(receiver.runtime, theirs, member, found).refused == {letter: VocabularyCode("not-found")}


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_a_node_that_cannot_be_reached_is_tried_less_and_less_and_said_to_be_out_of_reach(node_of: MakeNode) -> None:
    sender, receiver = node_of("sender"), node_of("receiver")
    circle = circle_of([sender, receiver])
    write(sender, receiver, circle)
    with working(sender, transport=InMemory([])):
        wait_until(lambda: posted(sender, circle)[0].code == "peer-unreachable", "nothing was tried")
    assert posted(sender, circle)[0].state == "waiting"


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_between_working_nodes_an_answer_comes_in_seconds(node_of: MakeNode) -> None:
    hidden, other = node_of("hidden"), node_of("other")
    hidden = with_settings(hidden, reachable=False, sync_seconds=1)
    circle = circle_of([hidden, other])
    writer, reader = staff(other), staff(hidden)
    published = writer.publish(circle)
    network = InMemory([other])
    with working(hidden, other, transport=network):
        sync_once(hidden.runtime, transport=network)
        request = reader.ask(published, "narrative")
        hidden.runtime.wake.set()
        wait_until(lambda: len(writer.incoming()) == 1, "the request did not come")
        writer.release(writer.incoming()[0].id, "narrative")
        wait_until(lambda: "narrative" in reader.given(request), "the answer did not come")


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_garbage_on_either_route_is_refused(node_of: MakeNode) -> None:
    node, member = node_of("node"), node_of("member")
    circle = circle_of([node, member])
    sent = (("/letters", b"no line feed", "B"), ("/letters/collect", b"{}", "C"), ("/letters", b"\n" * 65, "D"))
    for path, body, nonce in sent:
        asked = Asked(node, circle, member.runtime.keyring.request(), path=path, body=body, nonce=nonce * 22)
        assert asked.send().status_code in {400, 413}


@pytest.mark.parametrize("node_of", ["sqlite"], indirect=True)
def test_letters_that_live_a_minute_count_for_a_day(node_of: MakeNode) -> None:
    sender, receiver = node_of("sender"), node_of("receiver")
    circle = circle_of([sender, receiver])
    began = receiver.clock.now()
    with receiver.runtime.database.write() as tx:
        letters.remember(
            tx, circle, sender.own(circle), LetterId("A" * 22), received=began, expires=Timestamp(began + 60)
        )
    receiver.clock.advance(3_600)
    tidy(receiver.runtime)
    with receiver.runtime.database.read() as tx:
        assert letters.count_received(tx, circle, sender.own(circle), Timestamp(began - 1)) == 1
    receiver.clock.advance(DAY_SECONDS)
    tidy(receiver.runtime)
    assert rows(receiver) == (0, 0)
