"""What hostile peers and strangers ask of the victim, and bring to it unasked."""

import asyncio
import gzip
import os
from contextlib import suppress
from dataclasses import replace
from random import SystemRandom
from typing import Final
from urllib.parse import quote

import httpx2
import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from node.api import federation, problems
from node.domain.sync import HostState
from node.errors import Code as NodeCode
from node.errors import HanseError
from node.storage import peers
from node.storage.circles import get_roster
from node.sync import agenda, choose
from node.sync.limits import MEMBER_BURST, Limits
from node.sync.transport import Patience, PinnedTransport
from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId, encode_bytes
from protocol.keys import SigningKey
from protocol.limits import MAX_CLOCK_SKEW_SECONDS, MAX_LOG_SIZE, MAX_REQUEST_BYTES
from protocol.messages.gossip import Ping, encode_ping
from protocol.messages.signature import SignedFields
from protocol.messages.stream import encode_stream
from protocol.statements import DAY_SECONDS, Timestamp
from tests.federation.attacks.stage import QUOTA, Stage
from tests.federation.hostile import contributor_key, section_of
from tests.federation.support import application, circle_of
from tests.federation.test_access import Asked
from tests.node import statements as make

PIECE_BYTES: Final = MAX_REQUEST_BYTES // 4
YEAR: Final = 365 * DAY_SECONDS
STRANGER: Final = SigningKey(bytes([7] * 32))


def fresh(asked: Asked) -> Asked:
    """The same request, for the first time."""
    return replace(asked, nonce=encode_bytes(os.urandom(16)))


def answered(response: httpx2.Response) -> tuple[int, str]:
    """The status, and the code of a refusal."""
    return response.status_code, response.json()["code"] if response.is_error else ""


def replayed_request(stage: Stage) -> None:
    """A recorded request, played again at once, at the last moment, after a restart, and later."""
    asked = fresh(stage.asked(stage.honest))
    assert answered(asked.send()) == (200, "")
    assert answered(asked.send()) == (401, "replayed")
    assert answered(asked.send()) == (401, "replayed")  # each goes to a server made anew: nonces outlive it
    stage.victim.clock.advance(MAX_CLOCK_SKEW_SECONDS)
    assert answered(asked.send()) == (401, "replayed")
    stage.victim.clock.advance(1)
    assert answered(asked.send()) == (401, "not-fresh")


def stolen_nonce(stage: Stage) -> None:
    """Another member's nonce under one's own key, to use it up; and one's own a second time."""
    seen = fresh(stage.asked(stage.honest))
    thief = replace(seen, key=stage.hostile.runtime.keyring.request())
    assert answered(thief.send()) == (200, "")
    assert answered(seen.send()) == (200, "")
    assert answered(replace(thief, created=make.IAT + 1).send()) == (401, "replayed")


def burnt_nonce(stage: Stage) -> None:
    """A request in the honest member's name with its nonce and a wrong signature, before the true one."""
    true = fresh(stage.asked(stage.honest))
    theirs, ours = true.fields(), replace(true, key=STRANGER).fields()
    headers = {
        "Content-Digest": theirs.content_digest,
        "Signature-Input": theirs.signature_input,
        "Signature": ours.signature,
    }
    assert _post(stage, true.url, true.body, headers).status_code == 404
    assert answered(true.send()) == (200, "")


def key_in_the_name_of(stage: Stage) -> None:
    """Requests by no member, in every shape: one answer to all, which tells nothing."""
    good = fresh(stage.asked())
    asked = (
        replace(good, key=STRANGER),
        replace(good, key=contributor_key(stage.hostile, stage.circle)),
        replace(good, key=stage.hostile.runtime.keyring.identity()),
        replace(good, key=stage.victim.runtime.keyring.request()),
        replace(good, circle=CircleId("A" * 43)),
    )
    answers = [each.send() for each in asked]
    assert {answered(each) for each in answers} == {(404, "not-found")}
    assert len({each.json()["detail"] for each in answers}) == 1


def meant_for_another(stage: Stage) -> None:
    """A request that the honest member signed for another node, another circle or another path, brought here."""
    good = fresh(stage.asked(stage.honest))
    other = circle_of([stage.honest, stage.victim], name="Another Invented Circle")
    for target in (
        good.url.replace(stage.victim.url, stage.hostile.url),
        good.url.replace(stage.circle, other),
        good.url.replace("/entries", "/push"),
        f"{good.url}?a=1",
        f"{good.url}/",
    ):
        assert answered(replace(fresh(good), target=target).send()) == (404, "not-found"), target
    # The hostile member is no member of the other circle, whatever it is in this one.
    assert answered(replace(fresh(stage.asked()), circle=other).send()) == (404, "not-found")


def changed_content(stage: Stage) -> None:
    """Another content than was signed, the same compressed, fields twice, and fields left out."""
    good = fresh(stage.asked(stage.honest))
    assert answered(replace(good, sent=good.body.replace(b"65536", b"65537")).send()) == (400, "bad-digest")
    fields = good.fields()
    headers = {"Content-Digest": fields.content_digest, "Signature-Input": fields.signature_input}
    assert answered(_post(stage, good.url, good.body, headers)) == (401, "bad-request-signature")
    twice = [*headers.items(), ("Signature", fields.signature), ("Signature", fields.signature)]
    assert answered(_post(stage, good.url, good.body, twice)) == (401, "bad-request-signature")


def compressed_question(stage: Stage) -> None:
    """A compressed request, signed as it is sent: a few bytes that would become fifty million."""
    bomb = gzip.compress(bytes(50_000_000))
    for path in ("/entries", "/push", "/ping", "/sizes"):
        asked = replace(fresh(stage.asked()), body=bomb, path=path)
        fields = asked.fields()
        headers = {
            "Content-Digest": fields.content_digest,
            "Signature-Input": fields.signature_input,
            "Signature": fields.signature,
            "Content-Encoding": "gzip",
        }
        status, code = answered(_post(stage, asked.url, bomb, headers))
        assert (status, code) in {(400, "malformed"), (400, "bad-stream"), (413, "too-large")}, path


def endless_question(stage: Stage) -> None:
    """A request without end: by nobody, by a stranger, by a member's key with a wrong signature, and by the member."""
    stranger = replace(fresh(stage.asked()), key=STRANGER)
    for path in ("/entries", "/push", "/ping", "/sizes"):
        member = replace(fresh(stage.asked()), path=path)
        good, strange = member.fields(), replace(stranger, path=path).fields()
        forged = replace(good, signature=strange.signature)
        for fields, status in ((None, 401), (strange, 404), (forged, 404), (good, 413)):
            found, read = ask_without_end(member, fields)
            assert found == status, path
            assert read == (0 if fields is not good else MAX_REQUEST_BYTES // PIECE_BYTES + 1), (path, status)


def ask_without_end(asked: Asked, fields: SignedFields | None) -> tuple[int, int]:
    """Send content without end under these fields: the status of the answer, and how many pieces were taken."""
    values = () if fields is None else (fields.content_digest, fields.signature_input, fields.signature)
    names = (b"content-digest", b"signature-input", b"signature")
    path = asked.url.removeprefix(asked.node.url)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("ascii"),
        "query_string": b"",
        "headers": [(name, value.encode("ascii")) for name, value in zip(names, values, strict=False)],
        "client": ("192.0.2.7", 4_000),
        "server": ("victim.example", 80),
    }
    read, statuses = 0, []

    async def receive() -> Message:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"a" * PIECE_BYTES, "more_body": True}

    async def send(message: Message) -> None:
        statuses.append(message.get("status"))

    with suppress(HanseError, ProtocolError):  # passed on after it was answered, for a server to log
        asyncio.run(application(asked.node)(scope, receive, send))
    (status,) = {each for each in statuses if each is not None}
    return status, read


def early_and_late(stage: Stage) -> None:
    """A member whose clock is a year ahead, and one whose clock is a year behind."""
    for created in (make.IAT + YEAR, make.IAT - YEAR):
        asked = replace(fresh(stage.asked()), created=created)
        assert answered(asked.send()) == (401, "not-fresh")


PATHS: Final = (
    "circles/../node",
    "circles/../../../etc/passwd",
    "circles/..%2f..%2fkeys%2fidentity.key",
    "circles/%2e%2e/%2e%2e/keys/data.key",
    "circles/{circle}%00",
    "circles/{circle}%0a",
    "circles/{circle}/logs/../../../keys/request.key/checkpoint",
    "circles/{circle}/logs/{log}%2f..%2f..%2fkeys/checkpoint",
    "circles/{circle}/logs/{log}/tile/../../../../keys/request.key",
    "circles/{circle}/logs/{log}/tile/0/..%2f..%2fkeys",
    "circles/{circle}/logs/{log}/tile/0/x999/000",
    "circles/{circle}/logs/{log}/tile/0/000.p/999",
    "circles/{circle}/logs/{log}/tile/99999999999999999999/000",
    "circles/{circle}/logs/{log}/tile/0/" + "x999/" * 40 + "999",
    "circles/{lower}/logs/{log}/checkpoint",
    "circles/{circle}/logs/" + "A" * 1_500 + "/checkpoint",
    "circles/{circle}/logs/\N{FULLWIDTH LATIN CAPITAL LETTER A}/checkpoint",
    "circles/{circle}/forks?after=../../keys",
    "circles//forks",
)


def paths_for_names(stage: Stage) -> None:
    """Identifiers that are paths, by a member that signs what it sends: nothing but refusals, and no file."""
    names = {"circle": stage.circle, "log": stage.hostile_key, "lower": stage.circle.lower()}
    secrets = [path.read_bytes() for path in stage.victim.runtime.settings.keys.rglob("*") if path.is_file()]
    assert secrets
    for path in PATHS:
        url = f"/federation/v1/{path.format(**names)}"
        asked = fresh(replace(stage.asked(), body=b"", method="GET", target=stage.victim.url + quote(url, safe="/%?=")))
        fields = asked.fields()
        headers = {
            "Content-Digest": fields.content_digest,
            "Signature-Input": fields.signature_input,
            "Signature": fields.signature,
        }
        client = TestClient(application(stage.victim), base_url=stage.victim.url, raise_server_exceptions=False)
        answer = client.get(url, headers=headers)
        # What a client has resolved before it sent it, and a question after a name that stands for nobody, may be good.
        assert answer.status_code in {400, 401, 404} or (answer.status_code, path) in GOOD, (path, answer.status_code)
        assert not any(secret and secret in answer.content for secret in secrets), path


GOOD: Final = {(200, PATHS[0]), (200, "circles/{circle}/forks?after=../../keys")}


def lying_ping(stage: Stage) -> None:
    """Pings that announce as much as a number can be, of every log and of logs of nobody, many times."""
    sizes = dict.fromkeys((stage.hostile_key, stage.honest.own(stage.circle), stage.victim.own(stage.circle)), 2**39)
    strangers = dict.fromkeys((SigningKey(bytes([n] * 32)).public.key_id for n in range(1, 100)), MAX_LOG_SIZE)
    for _ in range(3):
        asked = replace(fresh(stage.asked()), body=encode_ping(Ping(v=1, sizes=sizes | strangers)), path="/ping")
        assert asked.send().status_code == 200
    assert len(stage.rows()["hints"]) <= len(sizes)
    assert stage.pull().problems == ()
    assert not any(stage.log(node).size > QUOTA for node in (stage.hostile, stage.honest, stage.victim))


def rings_and_is_not_there(stage: Stage) -> None:
    """Its host has not answered for long, and is asked once an hour; it pings each minute, always with news."""
    victim, hostile = stage.victim, stage.hostile
    with victim.runtime.database.read() as tx:
        member = get_roster(tx, stage.circle).members[stage.hostile_key]
    host, failures = choose.host_of(member.url), 12
    with victim.runtime.database.write() as tx:
        peers.save_host(tx, host, HostState(failures, Timestamp(make.IAT + choose.MAX_PAUSE_SECONDS)))
    for minute in range(20):
        for node in (victim, hostile):
            node.clock.moment = Timestamp(make.IAT + 60 * minute)
        ping = encode_ping(Ping(v=1, sizes={stage.hostile_key: 1_000 + minute}))
        asked = replace(fresh(stage.asked()), path="/ping", body=ping, created=victim.clock.now())
        assert answered(asked.send()) == (200, "")
        for job in agenda.of_hints(victim.runtime, (), SystemRandom()):
            with victim.runtime.database.write() as tx:
                agenda.note_host(tx, victim.runtime, job.member, reached=False, random=SystemRandom())
    with victim.runtime.database.write() as tx:
        assert peers.list_hosts(tx)[host].failures == failures + 1  # one question more than without
        peers.forget_hints(tx, peers.list_hints(tx))
        peers.save_host(tx, host, None)


def another_door_of_a_private_host(stage: Stage) -> None:
    """A member's address is a private one by the operator's leave; it moves to another service of that machine."""
    transport = PinnedTransport(
        Patience(),
        allow_private_addresses=False,
        private_hosts=("campus.example:8443",),
        look_up=lambda *_: ["10.1.2.3"],
    )
    path = f"/federation/v1/circles/{stage.circle}/entries"
    for url in ("https://campus.example:6379", "https://campus.example", "http://campus.example:8443"):
        with pytest.raises(HanseError, match="not public") as caught:
            transport.handle_request(httpx2.Request("GET", url + path))
        assert caught.value.code is NodeCode.PEER_UNREACHABLE


def push_of_anything(stage: Stage) -> None:
    """A pushed stream with a false section, a stranger's log, and bytes that are no stream."""
    scene = stage.scene
    false = replace(scene.rest(), entries=(b"garbage", b"more"))
    stranger = section_of(STRANGER, stage.circle, [b"x"])
    asked = replace(fresh(stage.asked()), body=encode_stream([false, stranger], more=False), path="/push")
    answer = asked.send()
    assert answer.status_code == 200
    assert Code.WRONG_ROOT.value in answer.text
    assert Code.NOT_A_MEMBER.value in answer.text
    for body in (b"", b"hello\n", encode_bytes(bytes(1_000)).encode()):
        assert replace(fresh(stage.asked()), body=body, path="/push").send().status_code == 400


def asking_without_end(stage: Stage) -> None:
    """More requests than a member may have, and far more than a stranger may: others are served meanwhile."""
    app, limits = application(stage.victim), Limits()
    app.router.routes.clear()
    app.include_router(federation.build(stage.victim.runtime, limits))
    problems.install(app)
    client = TestClient(app, base_url=stage.victim.url, raise_server_exceptions=False)

    def ask(asked: Asked) -> int:
        fields = asked.fields()
        headers = {
            "Content-Digest": fields.content_digest,
            "Signature-Input": fields.signature_input,
            "Signature": fields.signature,
        }
        return client.post(asked.url, content=asked.body, headers=headers).status_code

    statuses = [ask(fresh(stage.asked())) for _ in range(MEMBER_BURST + 1)]
    assert statuses == [200] * MEMBER_BURST + [429]
    assert ask(fresh(stage.asked(stage.honest))) == 200
    stage.victim.clock.advance(1)
    assert ask(fresh(stage.asked())) == 200


Headers = dict[str, str] | list[tuple[str, str]]


def _post(stage: Stage, url: str, content: bytes, headers: Headers) -> httpx2.Response:
    client = TestClient(application(stage.victim), base_url=stage.victim.url, raise_server_exceptions=False)
    return client.post(url, content=content, headers=headers)
