"""What a hostile member answers when it is asked for entries."""

import gzip
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import httpx2
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from node.domain.sync import PullReport
from node.errors import Code as NodeCode
from node.sync import sync_once
from node.sync.take import MAX_STRANGERS
from node.sync.transport import Patience
from protocol.errors import Code
from protocol.identifiers import CircleId
from protocol.keys import SigningKey
from protocol.limits import MAX_STREAM_ENTRIES
from protocol.messages.letter import MAX_LETTERS_BYTES
from protocol.messages.signature import SignedFields, sign_response
from protocol.messages.stream import MIN_STREAM_BYTES, EntriesRequest, encode_stream
from tests.federation.attacks.stage import Stage, codes
from tests.federation.hostile import checkpoint_over, contributor_key, section_of
from tests.federation.test_bad_peers import Scene

ENTRIES: Final = "/federation/v1/circles/{circle}/entries"
STRANGER: Final = SigningKey(bytes([7] * 32))
BOMB: Final = gzip.compress(bytes(50_000_000))
"""50 kB that would become 50 MB."""


def refused(craft: Callable[[Scene], bytes], code: Code) -> Callable[[Stage], None]:
    """An answer whose one section is not taken, for this reason; the true one is, a moment later."""

    def run(stage: Stage) -> None:
        scene = stage.scene
        report = stage.respond(lambda _: craft(scene))
        assert codes(report) == [code]
        assert report.entries == 0

    return run


def entries_of_another_log(scene: Scene) -> bytes:
    """Readable entries of somebody else's, under the hostile member's own checkpoint of the same number."""
    other = section_of(STRANGER, scene.circle, scene.entries, 2)
    return scene.stream(replace(scene.rest(), entries=other.entries[::-1]))


def beyond_the_checkpoint(scene: Scene) -> bytes:
    """More entries than the checkpoint has signed."""
    rest = scene.rest()
    return scene.stream(replace(rest, entries=(*rest.entries, b"more")))


def many_strangers(stage: Stage) -> None:
    """A thousand logs of nobody; the pull ends early, and the operator's page names few of them."""

    def answer(_: EntriesRequest) -> bytes:
        keys = (SigningKey(os.urandom(32)) for _ in range(1_000))
        return encode_stream([section_of(key, stage.circle, [b"x"]) for key in keys], more=True)

    report = stage.respond(answer)
    assert codes(report)[-1] is NodeCode.PEER_MISBEHAVED
    assert (report.requests, report.entries) == (1, 0)
    assert len(report.problems) <= MAX_STRANGERS + 2


def one_bad_among_good(stage: Stage) -> None:
    """A false section before a true one, which the same member relays: the true one is taken."""
    stage.network.disconnect(stage.honest.url)
    bad = replace(stage.scene.rest(), checkpoint=checkpoint_over(stage.scene.key, stage.circle, 4, bytes(32)))
    key = contributor_key(stage.honest, stage.circle)
    held = stage.entries(stage.honest, stage.honest)
    report = stage.respond_with(bad, section_of(key, stage.circle, held, len(held)))
    assert codes(report) == [Code.WRONG_ROOT]
    assert stage.log(stage.honest).status == "good"


def unsigned(stage: Stage) -> None:
    """The true entries, in an answer that nobody signed."""
    data = encode_stream([stage.scene.rest()], more=False)
    _serve(stage, lambda _: Response(data))
    _ends(stage, NodeCode.PEER_MISBEHAVED)


def signed_by_another(stage: Stage) -> None:
    """An answer in the hostile member's name by a third key."""
    data = encode_stream([stage.scene.rest()], more=False)
    _serve(stage, lambda request: _signed(request, data, STRANGER, stage))
    _ends(stage, NodeCode.PEER_MISBEHAVED)


def yesterdays_answer(stage: Stage) -> None:
    """A rightly signed answer, recorded, and played back to a later request."""
    kept: list[Response] = []
    key = stage.hostile.runtime.keyring.request()
    data = encode_stream([], more=False)

    def answer(request: Request) -> Response:
        kept.append(_signed(request, data, key, stage))
        return kept[0]

    _serve(stage, answer)
    assert stage.pull().problems == ()
    _ends(stage, NodeCode.PEER_MISBEHAVED)


def compressed(status: int, code: NodeCode) -> Callable[[Stage], None]:
    """A few bytes that would unpack to very many, in an answer of this status."""

    def run(stage: Stage) -> None:
        _serve(stage, lambda _: Response(BOMB, status, {"Content-Encoding": "gzip"}))
        report = _ends(stage, code)
        assert report.bytes == 0

    return run


class _Endless(httpx2.BaseTransport):
    """A line on which every answer goes on for ever."""

    def __init__(self, piece: bytes, status: int) -> None:
        self.piece, self.status, self.taken = piece, status, 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(self.status, stream=_Forever(self), request=request)


class _Forever(httpx2.SyncByteStream):
    def __init__(self, line: _Endless) -> None:
        self._line = line

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self._line.taken += len(self._line.piece)
            yield self._line.piece


def endless(piece: bytes, status: int, code: NodeCode) -> Callable[[Stage], None]:
    """An answer without end: it is read as far as was asked for, and no further."""

    def run(stage: Stage) -> None:
        line = _Endless(piece, status)
        report = sync_once(stage.victim.runtime, transport=line, patience=Patience(max_bytes=MIN_STREAM_BYTES))
        assert {problem.code for problem in report.problems} == {code}
        # A round asks each member for entries, and for letters, which have a bound of their own.
        assert line.taken <= len(report.pulls) * (MIN_STREAM_BYTES + MAX_LETTERS_BYTES + 4 * len(piece))

    return run


def always_more(stage: Stage) -> None:
    """Nothing, and the promise of more."""
    report = stage.respond_with(more=True)
    assert codes(report) == [NodeCode.PEER_MISBEHAVED]
    assert report.requests == 1


def announced_and_not_sent(stage: Stage) -> None:
    """A section that says it has as many entries as a number can be."""
    line = f'{{"count":{MAX_STREAM_ENTRIES + 1},"kind":"section","log":"{stage.hostile_key}","start":2}}\n'
    report = stage.respond(lambda _: line.encode() + b"\n" * 1_000)
    assert codes(report) == [Code.BAD_STREAM]


def sent_elsewhere(stage: Stage) -> None:
    """A redirect to another address, also one inside the victim's own network: nobody is asked there."""
    seen: list[str] = []

    def notice(request: Request) -> Response:
        seen.append(request.url.path)
        return Response(b"")

    for target in ("http://elsewhere.example", "http://127.0.0.1:9", "http://169.254.169.254"):
        trap = FastAPI(openapi_url=None)
        trap.add_api_route("/{path:path}", notice, methods=["GET", "POST"])
        stage.network.connect(target, trap)
        for status in (301, 302, 307, 308):
            redirect = RedirectResponse(f"{target}/federation/v1/node", status)
            _serve(stage, lambda _, redirect=redirect: redirect)  # type: ignore[misc]  # bound now
            _ends(stage, NodeCode.PEER_REFUSED)
        stage.network.disconnect(target)
    assert seen == []


def words_for_the_operator(stage: Stage) -> None:
    """An error document that would move the cursor, fill the page, or look like markup of a terminal."""
    detail = "\\u001b[2J\\u202e\\u0007" + "word " * 2_000
    _serve(stage, lambda _: Response(f'{{"code":"not-found","detail":"{detail}"}}', 404))
    report = _ends(stage, NodeCode.PEER_REFUSED)
    assert report.problems[0].detail.isprintable()
    assert len(report.problems[0].detail) < 500


def names_that_are_paths(stage: Stage) -> None:
    """A section for a log whose name is a path, a number, or nothing."""
    for name in ("../../keys/identity.key", "/etc/passwd", "", "A" * 43 + "\\n", "A" * 42 + "B", "A" * 44, "\\u0000"):
        line = f'{{"count":0,"kind":"section","log":"{name}","start":0}}\n'
        report = stage.respond(lambda _, line=line: line.encode())  # type: ignore[misc]  # bound now
        assert codes(report) == [Code.BAD_STREAM], name


def log_of_another_circle(stage: Stage) -> None:
    """The entries and the checkpoint of one circle, offered in another, under the key that is a member's there."""
    other = replace_circle(stage)
    section = section_of(stage.scene.key, other, stage.scene.entries, 2)
    assert codes(stage.respond_with(section)) == [Code.BAD_CHECKPOINT]


def replace_circle(stage: Stage) -> CircleId:
    """Another circle's identifier."""
    return CircleId(stage.circle[:10] + "A" * 33)


def _serve(stage: Stage, answer: Callable[[Request], Response]) -> None:
    """Let the hostile member's server give this answer, as it is."""
    app = FastAPI(openapi_url=None)

    async def entries(request: Request) -> Response:
        return answer(request)

    app.add_api_route(ENTRIES, entries, methods=["POST"])
    stage.network.connect(stage.hostile.url, app)


def _ends(stage: Stage, code: NodeCode) -> PullReport:
    """The pull brings this problem, and nothing else."""
    report = stage.pull()
    assert codes(report) == [code]
    assert report.entries == 0
    return report


def _signed(request: Request, data: bytes, key: SigningKey, stage: Stage) -> Response:
    asked = SignedFields(*(request.headers[n] for n in ("content-digest", "signature-input", "signature")))
    fields = sign_response(key, status=200, body=data, created=stage.hostile.clock.now(), request=asked)
    headers = {
        "Content-Digest": fields.content_digest,
        "Signature-Input": fields.signature_input,
        "Signature": fields.signature,
    }
    return Response(data, headers=headers)
