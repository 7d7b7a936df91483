"""Peers that answer wrongly: what was held stays, other peers are not harmed, and the report says what happened."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import httpx2
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import RedirectResponse

from node.errors import Code as NodeCode
from node.storage import ledger as logs
from node.storage import peers
from node.storage import statements as reading
from node.sync import sync_once
from node.sync.take import MAX_STRANGERS
from node.sync.transport import Patience
from protocol import envelope, statements
from protocol.errors import Code
from protocol.identifiers import CircleId
from protocol.keys import SigningKey
from protocol.messages.stream import MIN_STREAM_BYTES, EntriesRequest, Section, encode_section, encode_stream
from tests.federation.conftest import MakeNode
from tests.federation.hostile import answering, checkpoint_over, contributor_key, section_of
from tests.federation.support import InMemory, Node, circle_of, publish
from tests.node import statements as make

YEAR = 365 * statements.DAY_SECONDS
STRANGER = SigningKey(bytes([7] * 32))


@dataclass(frozen=True, slots=True)
class Scene:
    """A hostile member's key and a log of it, of which the victim holds the first two entries."""

    circle: CircleId
    key: SigningKey
    entries: Sequence[bytes]

    def stream(self, *sections: Section, more: bool = False) -> bytes:
        """What it answers."""
        return encode_stream(sections, more=more)

    def rest(self) -> Section:
        """What an honest answer would hold."""
        return section_of(self.key, self.circle, self.entries, 2)


def wrong_root(scene: Scene) -> bytes:
    note = checkpoint_over(scene.key, scene.circle, 4, bytes(32))
    return scene.stream(replace(scene.rest(), checkpoint=note))


def changed_entry(scene: Scene) -> bytes:
    rest = scene.rest()
    first, second = rest.entries
    assert isinstance(second, bytes)
    return scene.stream(replace(rest, entries=(first, second[1:])))


def gap(scene: Scene) -> bytes:
    return scene.stream(section_of(scene.key, scene.circle, scene.entries, 3))


def reordered(scene: Scene) -> bytes:
    rest = scene.rest()
    return scene.stream(replace(rest, entries=rest.entries[::-1]))


def foreign_checkpoint(scene: Scene) -> bytes:
    other = section_of(STRANGER, scene.circle, scene.entries)
    return scene.stream(replace(scene.rest(), checkpoint=other.checkpoint))


def checkpoint_of_another_circle(scene: Scene) -> bytes:
    other = section_of(scene.key, CircleId("A" * 43), scene.entries)
    return scene.stream(replace(scene.rest(), checkpoint=other.checkpoint))


def log_of_a_stranger(scene: Scene) -> bytes:
    return scene.stream(section_of(STRANGER, scene.circle, scene.entries))


def bad_proof(scene: Scene) -> bytes:
    rest = scene.rest()
    return scene.stream(replace(rest, entries=rest.entries[:1], proof=(bytes(32), bytes(32))))


@dataclass(frozen=True, slots=True)
class BadSection:
    """An answer whose section is refused, and the code of the problem in the report."""

    name: str
    answer: Callable[[Scene], bytes]
    code: Code


SECTIONS = (
    BadSection("a wrong root", wrong_root, Code.WRONG_ROOT),
    BadSection("an entry changed on the way", changed_entry, Code.WRONG_ROOT),
    BadSection("a gap", gap, Code.GAP),
    BadSection("entries in another order", reordered, Code.WRONG_ROOT),
    BadSection("a checkpoint by another key", foreign_checkpoint, Code.BAD_CHECKPOINT),
    BadSection("a checkpoint of another circle", checkpoint_of_another_circle, Code.BAD_CHECKPOINT),
    BadSection("a log of nobody", log_of_a_stranger, Code.NOT_A_MEMBER),
    BadSection("a wrong consistency proof", bad_proof, Code.BAD_PROOF),
)


def staged(node_of: MakeNode) -> tuple[Node, Node, Node, Scene, InMemory]:
    """A hostile member, an honest one and the victim, which holds two entries of the hostile one's log."""
    hostile, honest, victim = (node_of(name) for name in ("hostile", "honest", "victim"))
    circle = circle_of([hostile, honest, victim])
    network = InMemory([hostile, honest, victim])
    key = contributor_key(hostile, circle)
    new = [make.finding(circle) for _ in range(4)]
    publish(hostile, circle, *new[:2])
    sync_once(victim.runtime, transport=network)
    publish(honest, circle, make.finding(circle))
    entries = [envelope.sign(statements.encode(each), key) for each in new]
    return hostile, honest, victim, Scene(circle, key, entries), network


def answers(case: BadSection, scene: Scene) -> Callable[[EntriesRequest], bytes]:
    return lambda _: case.answer(scene)


def test_a_bad_section_changes_nothing_and_the_true_one_is_taken_later(node_of: MakeNode) -> None:
    hostile, honest, victim, scene, network = staged(node_of)
    contributor = scene.key.public.key_id
    for case in SECTIONS:
        network.connect(hostile.url, answering(hostile, answers(case, scene)))
        report = sync_once(victim.runtime, transport=network)
        (pull,) = (pull for pull in report.pulls if pull.contributor == contributor)
        assert [problem.code for problem in pull.problems] == [case.code], case.name
        assert pull.entries == 0, case.name
        with victim.runtime.database.read() as tx:
            log = logs.find_log(tx, scene.circle, contributor)
        assert log is not None
        assert (log.size, log.status) == (2, "good"), case.name
    with victim.runtime.database.read() as tx:
        other = logs.find_log(tx, scene.circle, honest.own(scene.circle))
        state = peers.find_peer(tx, scene.circle, contributor)
    assert other is not None
    assert other.size == 1
    assert state is not None
    assert (state.error_code, state.failures) == ("bad-proof", 0)

    network.connect(hostile.url, answering(hostile, lambda _: scene.stream(scene.rest())))
    assert sync_once(victim.runtime, transport=network).entries == 2


def test_a_bad_section_does_not_keep_the_next_one_out(node_of: MakeNode) -> None:
    hostile, honest, victim, scene, network = staged(node_of)
    network.disconnect(honest.url)
    with honest.runtime.database.read() as tx:
        log = logs.find_log(tx, scene.circle, honest.own(scene.circle))
        assert log is not None
        relayed = Section(log.contributor, 0, tuple(logs.read_entries(tx, log, 0, 1)), log.covered, ())
    bad = replace(scene.rest(), checkpoint=checkpoint_over(scene.key, scene.circle, 4, bytes(32)))
    network.connect(hostile.url, answering(hostile, lambda _: scene.stream(bad, relayed)))

    report = sync_once(victim.runtime, transport=network)

    assert report.entries == 1
    assert Code.WRONG_ROOT in {problem.code for problem in report.problems}


def test_what_a_relay_adds_to_a_checkpoint_goes_no_further(node_of: MakeNode) -> None:
    hostile, _, victim, scene, network = staged(node_of)
    rest = scene.rest()
    added = "— say-anything-here.example AAAAAAA=\n".encode() * 60
    network.connect(
        hostile.url, answering(hostile, lambda _: scene.stream(replace(rest, checkpoint=rest.checkpoint + added)))
    )

    assert sync_once(victim.runtime, transport=network).entries == 3

    with victim.runtime.database.read() as tx:
        log = logs.find_log(tx, scene.circle, scene.key.public.key_id)
    assert log is not None
    assert (log.size, log.covered, log.head) == (4, rest.checkpoint, rest.checkpoint)


def test_logs_of_nobody_end_the_pull_and_count_as_a_failure(node_of: MakeNode) -> None:
    hostile, _, victim, scene, network = staged(node_of)
    sync_once(victim.runtime, transport=network)

    def strangers(_: EntriesRequest) -> bytes:
        keys = (SigningKey(os.urandom(32)) for _ in range(1_000))
        return scene.stream(*(section_of(key, scene.circle, scene.entries[:1]) for key in keys), more=True)

    network.connect(hostile.url, answering(hostile, strangers))
    for failures in (1, 2):
        report = sync_once(victim.runtime, transport=network)
        (pull,) = (pull for pull in report.pulls if pull.contributor == scene.key.public.key_id)
        assert (pull.requests, len(pull.problems)) == (1, MAX_STRANGERS + 2)
        with victim.runtime.database.read() as tx:
            state = peers.find_peer(tx, scene.circle, scene.key.public.key_id)
        assert state is not None
        assert (state.failures, state.error_code) == (failures, NodeCode.PEER_MISBEHAVED.value)


def plain(content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Callable[[Node], FastAPI]:
    """A server that answers every entries request with this."""

    def answer() -> Response:
        return Response(content, status, headers)

    def build(_: Node) -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.add_api_route("/federation/v1/circles/{circle}/entries", answer, methods=["POST"])
        return app

    return build


def redirecting(_: Node) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.add_api_route(
        "/{path:path}", lambda path: RedirectResponse(f"http://elsewhere.example/{path}"), methods=["POST"]
    )
    return app


@dataclass(frozen=True, slots=True)
class BadAnswer:
    """An answer that is no stream of a member's, the code of the problem, and a word of it."""

    name: str
    app: Callable[[Node], FastAPI]
    code: NodeCode | Code
    says: str


ANSWERS = (
    BadAnswer("unsigned", plain(b'{"kind":"end","more":false}\n'), NodeCode.PEER_MISBEHAVED, "did not sign"),
    BadAnswer(
        "signed, without its digest",
        lambda node: answering(node, lambda _: encode_stream([], more=False), sign=False),
        NodeCode.PEER_MISBEHAVED,
        "did not sign",
    ),
    BadAnswer("compressed", plain(b"", headers={"Content-Encoding": "gzip"}), NodeCode.PEER_MISBEHAVED, "compressed"),
    BadAnswer(
        "an error document",
        plain(b'{"code":"not-found","detail":"no such\\u001b[31m circle"}', 404),
        NodeCode.PEER_REFUSED,
        "answered 404: not-found no such[31m circle",
    ),
    BadAnswer("an endless error document", plain(b"a" * 1_000_000, 500), NodeCode.PEER_REFUSED, "answered 500"),
    BadAnswer("a redirect", redirecting, NodeCode.PEER_REFUSED, "answered 307"),
    BadAnswer("no stream", lambda node: answering(node, lambda _: b"hello\n"), Code.BAD_STREAM, "cannot be read"),
    BadAnswer("nothing", lambda node: answering(node, lambda _: b""), Code.TRUNCATED, "cannot be read"),
    BadAnswer(
        "more, for ever",
        lambda node: answering(node, lambda _: encode_stream([], more=True)),
        NodeCode.PEER_MISBEHAVED,
        "promises more",
    ),
    BadAnswer(
        "more than was asked for",
        lambda node: answering(node, lambda asked: b"a" * (asked.max_bytes + 1)),
        NodeCode.PEER_MISBEHAVED,
        "sent more than",
    ),
)


def test_an_answer_that_is_none_is_named_and_the_others_are_taken(node_of: MakeNode) -> None:
    hostile, _, victim, scene, network = staged(node_of)
    sync_once(victim.runtime, transport=network)
    for number, case in enumerate(ANSWERS):
        network.connect(hostile.url, case.app(hostile))
        report = sync_once(victim.runtime, transport=network, patience=Patience(max_bytes=MIN_STREAM_BYTES))
        (problem,) = report.problems
        assert problem.code == case.code, case.name
        assert problem.log is None
        assert case.says in problem.detail, case.name
        assert problem.detail.isprintable()
        with victim.runtime.database.read() as tx:
            state = peers.find_peer(tx, scene.circle, scene.key.public.key_id)
        assert state is not None
        assert (state.failures, state.error_code) == (number + 1, case.code.value)


def test_a_stream_that_breaks_off_gives_its_whole_sections(node_of: MakeNode) -> None:
    """Each section is proven by its author, so the beginning of a broken answer is worth as much as a whole one."""
    _, _, victim, scene, _ = staged(node_of)
    whole = encode_section(scene.rest())

    class Breaking(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield whole
            yield whole[:100]
            raise httpx2.ReadError("the line is dead")

    class Line(httpx2.BaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(200, stream=Breaking(), request=request)

    report = sync_once(victim.runtime, transport=Line())

    (first, *_) = report.pulls
    assert report.entries == 2
    assert [problem.code for problem in first.problems] == [NodeCode.PEER_UNREACHABLE]


def test_what_is_asked_is_bounded(node_of: MakeNode) -> None:
    """A request names every log held, and no more bytes than the reader's patience."""
    hostile, _, victim, scene, network = staged(node_of)
    seen: list[EntriesRequest] = []

    def answer(request: EntriesRequest) -> bytes:
        seen.append(request)
        return encode_stream([], more=False)

    network.connect(hostile.url, answering(hostile, answer))
    sync_once(victim.runtime, transport=network, patience=Patience(max_bytes=100_000))
    (request,) = seen
    assert request.max_bytes == 100_000
    assert request.have[scene.key.public.key_id] == 2


@pytest.mark.parametrize("max_bytes", [MIN_STREAM_BYTES])
def test_a_long_log_comes_in_pieces(node_of: MakeNode, max_bytes: int) -> None:
    author, reader = node_of("author"), node_of("reader")
    circle = circle_of([author, reader])
    publish(author, circle, *make.findings(circle, 150))
    network = InMemory([author, reader])

    (pull,) = sync_once(reader.runtime, transport=network, patience=Patience(max_bytes=max_bytes)).pulls

    assert (pull.entries, pull.problems, pull.lag) == (150, (), 0)
    assert pull.requests > 2
    with reader.runtime.database.read() as tx:
        log = logs.find_log(tx, circle, author.own(circle))
    assert log is not None
    assert (log.size, log.covered_size) == (150, 150)


def test_a_peer_whose_clock_is_a_year_ahead_is_not_answered_and_not_believed(node_of: MakeNode) -> None:
    """No request is fresh, either way; those whose clocks are right exchange as ever."""
    early, *_ = nodes = [node_of(name) for name in ("early", "one", "two")]
    circle = circle_of(nodes)
    network = InMemory(nodes)
    early.clock.advance(YEAR)
    for node in nodes:
        publish(node, circle, make.finding(circle, iat=node.clock.now()))

    reports = {node.name: sync_once(node.runtime, transport=network) for node in nodes}

    assert [problem.code for problem in reports["early"].problems] == [NodeCode.PEER_REFUSED] * 2
    assert all("not-fresh" in problem.detail and "clocks" in problem.detail for problem in reports["early"].problems)
    for name in ("one", "two"):
        assert reports[name].entries == 1
        (problem,) = reports[name].problems
        assert (problem.code, problem.log) == (NodeCode.PEER_REFUSED, None)


def test_what_a_clock_a_year_ahead_has_dated_waits_for_its_day_and_holds_nothing_up(node_of: MakeNode) -> None:
    """The clock is set right: the entry keeps its place, what follows is read, and a year later so is the entry."""
    early, one, two = nodes = [node_of(name) for name in ("early", "one", "two")]
    circle = circle_of(nodes)
    network = InMemory(nodes)
    early.clock.advance(YEAR)
    dated_ahead = make.finding(circle, iat=early.clock.now())
    publish(early, circle, dated_ahead)
    early.clock.advance(-YEAR)
    right = make.finding(circle)
    publish(early, circle, right)

    report = sync_once(one.runtime, transport=network)
    sync_once(two.runtime, transport=InMemory([one]))  # also through a relay

    assert (report.entries, report.problems) == (2, ())
    for node in (one, two):
        with node.runtime.database.read() as tx:
            log = logs.find_log(tx, circle, early.own(circle))
            assert log is not None
            assert [(entry.index, entry.code) for entry in logs.list_unreadable(tx, log)] == [(0, Code.FUTURE_DATED)]
            assert reading.get(tx, early.own(circle), dated_ahead.id, now=node.clock.now()) is None
            stored = reading.get(tx, early.own(circle), right.id, now=node.clock.now())
        assert stored is not None
        assert stored.state == "live"
    one.clock.advance(YEAR)
    sync_once(one.runtime, transport=InMemory([]))
    with one.runtime.database.read() as tx:
        come = reading.get(tx, early.own(circle), dated_ahead.id, now=one.clock.now())
    assert come is not None
    assert come.state == "live"
