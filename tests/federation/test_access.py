"""Who may ask, and what a stranger can learn: nothing, whatever it tries."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import httpx2
import msgspec
import pytest
from starlette.testclient import TestClient

from node.storage import peers
from node.storage.tables.sync import NONCES
from node.sync import sync_once
from protocol.identifiers import CircleId
from protocol.keys import SigningKey
from protocol.limits import MAX_CLOCK_SKEW_SECONDS, MAX_REQUEST_BYTES
from protocol.merkle import tiles
from protocol.merkle.checkpoint import open_checkpoint, origin
from protocol.merkle.proofs import root_at
from protocol.messages.signature import REMEMBER_NONCES_SECONDS, SignedFields, sign_request, verify_response
from protocol.messages.stream import MIN_STREAM_BYTES, EntriesRequest, decode_stream, encode_entries_request
from protocol.statements import Timestamp
from tests.federation.conftest import MakeNode
from tests.federation.support import InMemory, Node, application, circle_of, publish
from tests.node import statements as make

BODY = encode_entries_request(EntriesRequest(holes={}, have={}, only=(), max_bytes=MIN_STREAM_BYTES))
NONCE = "AAAAAAAAAAAAAAAAAAAAAA"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, for entries if nothing else is said, signed as its parts say."""

    node: Node
    circle: CircleId
    key: SigningKey
    body: bytes = BODY
    sent: bytes | None = None
    created: int = make.IAT
    nonce: str = NONCE
    target: str | None = None
    path: str = "/entries"
    method: str = "POST"

    @property
    def url(self) -> str:
        """Where it is sent."""
        return f"{self.node.url}/federation/v1/circles/{self.circle}{self.path}"

    def send(self) -> httpx2.Response:
        """Ask the node."""
        fields = self.fields()
        headers = {
            "Content-Digest": fields.content_digest,
            "Signature-Input": fields.signature_input,
            "Signature": fields.signature,
        }
        client = TestClient(application(self.node), base_url=self.node.url, raise_server_exceptions=False)
        content = self.body if self.sent is None else self.sent
        return client.request(self.method, self.url, content=content, headers=headers)

    def fields(self) -> SignedFields:
        """What is signed."""
        return sign_request(
            self.key,
            method=self.method,
            target_uri=self.target or self.url,
            body=self.body,
            created=Timestamp(self.created),
            nonce=self.nonce,
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """Two circles with one node in both, and a stranger's key."""

    node: Node
    member: Node
    elsewhere: Node
    circle: CircleId
    other: CircleId

    def by_member(self) -> Asked:
        """A good request."""
        return Asked(self.node, self.circle, self.member.runtime.keyring.request())


@pytest.fixture
def stage(node_of: MakeNode) -> Stage:
    node, member, elsewhere = node_of("aldermoor"), node_of("northport"), node_of("valdesk")
    circle, other = circle_of([node, member]), circle_of([node, elsewhere])
    publish(node, circle, *make.findings(circle, 3))
    return Stage(node, member, elsewhere, circle, other)


def test_a_member_gets_a_signed_answer_to_its_own_request(stage: Stage) -> None:
    asked = stage.by_member()
    answer = asked.send()
    assert answer.status_code == 200
    fields = SignedFields(*(answer.headers[name] for name in ("content-digest", "signature-input", "signature")))
    key = stage.node.runtime.keyring.request().public
    verify_response(fields, key, status=200, body=answer.content, request=asked.fields(), now=make.IAT)
    ((section,), more) = decode_stream(answer.content)
    assert (section.contributor, len(section.entries), more) == (stage.node.own(stage.circle), 3, False)


def test_strangers_and_wrong_circles_cannot_tell_one_refusal_from_another(stage: Stage) -> None:
    good = stage.by_member()
    stranger = SigningKey(bytes([7] * 32))
    attempts = {
        "a stranger": replace(good, key=stranger),
        "a member of another circle": replace(good, key=stage.elsewhere.runtime.keyring.request()),
        "the node itself": replace(good, key=stage.node.runtime.keyring.request()),
        "a circle that does not exist": replace(good, circle=CircleId("A" * 43)),
        "no circle at all": replace(good, circle=CircleId("hello")),
        "signed for another node": replace(good, target=f"{stage.elsewhere.url}/federation/v1/circles/x/entries"),
        "signed with another path": replace(good, target=f"{stage.node.url}/federation/v1/node"),
    }
    answers = {}
    for name, asked in attempts.items():
        answer = asked.send()
        problem = answer.json()
        problem.pop("instance")
        answers[name] = (answer.status_code, problem, sorted(answer.headers))
    assert len({msgspec.json.encode(each[:2]) for each in answers.values()}) == 1, answers
    assert answers["a stranger"][0] == 404
    # A key that claims to be a member's and is not looks like any other stranger's.
    forged = good.fields()
    claimed = replace(good, key=stranger).fields()
    headers = {
        "Content-Digest": forged.content_digest,
        "Signature-Input": forged.signature_input,
        "Signature": claimed.signature,
    }
    client = TestClient(application(stage.node), base_url=stage.node.url)
    assert (
        client.post(f"/federation/v1/circles/{stage.circle}/entries", content=BODY, headers=headers).status_code == 404
    )


def test_a_request_is_answered_once_and_while_it_is_fresh(stage: Stage) -> None:
    good = stage.by_member()
    assert good.send().status_code == 200
    replayed = good.send()
    assert (replayed.status_code, replayed.json()["code"]) == (401, "replayed")
    stage.node.clock.advance(MAX_CLOCK_SKEW_SECONDS)
    assert good.send().json()["code"] == "replayed"
    stage.node.clock.advance(1)
    assert good.send().json()["code"] == "not-fresh"
    early = replace(good, created=make.IAT + 2 * MAX_CLOCK_SKEW_SECONDS + 2, nonce="B" * 22)
    assert early.send().json()["code"] == "not-fresh"


def test_nonces_are_forgotten_when_nobody_can_use_them_again(stage: Stage) -> None:
    assert stage.by_member().send().status_code == 200
    for later, left in ((REMEMBER_NONCES_SECONDS, 0), (REMEMBER_NONCES_SECONDS + 1, 1)):
        with stage.node.runtime.database.write() as tx:
            assert peers.prune_nonces(tx, Timestamp(make.IAT + later)) == left
    with stage.node.runtime.database.read() as tx:
        assert tx.connection.execute(NONCES.select()).all() == []


def test_content_that_was_not_signed_is_refused(stage: Stage) -> None:
    good = stage.by_member()
    changed = replace(good, sent=BODY.replace(b"65536", b"65537"))
    assert (changed.send().status_code, changed.send().json()["code"]) == (400, "bad-digest")
    wrong = replace(good, body=b'{"have":{},"max_bytes":1}').send()
    assert (wrong.status_code, wrong.json()["code"]) == (400, "malformed")
    client = TestClient(application(stage.node), base_url=stage.node.url)
    bare = client.post(f"/federation/v1/circles/{stage.circle}/entries", content=BODY)
    assert (bare.status_code, bare.json()["code"]) == (401, "bad-request-signature")


def test_a_long_request_is_not_read_to_its_end(stage: Stage) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b"a" * (MAX_REQUEST_BYTES // 8)

    fields = stage.by_member().fields()
    client = TestClient(application(stage.node), base_url=stage.node.url, raise_server_exceptions=False)
    for signature, expected in ((fields.signature, (413, "too-large")), ("x", (404, "not-found"))):
        headers = {"Content-Digest": fields.content_digest, "Signature-Input": fields.signature_input}
        headers["Signature"] = signature
        answer = client.post(f"/federation/v1/circles/{stage.circle}/entries", content=endless(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == expected


def test_anybody_may_audit_the_hashes_of_named_members(node_of: MakeNode) -> None:
    node, member = node_of("aldermoor"), node_of("northport")
    circle = circle_of([node, member], attribution="named")
    publish(node, circle, *make.findings(circle, 3))
    client = TestClient(application(node), base_url=node.url)
    own = node.own(circle)
    base = f"/federation/v1/circles/{circle}/logs/{own}"
    key = node.runtime.keyring.contributor(own).public
    checkpoint = open_checkpoint(client.get(f"{base}/checkpoint").content, origin=origin(circle, own), key=key)

    def fetch(level: int, index: int, width: int) -> bytes:
        answer = client.get(f"{base}/{tiles.tile_path(level, index, width)}")
        assert answer.status_code == 200
        return answer.content

    assert root_at(3, tiles.reader(fetch, 3)) == checkpoint.root
    for path in ("tile/0/000", "tile/0/000.p/4", "tile/1/000.p/1", "tile/0/001.p/1"):
        assert client.get(f"{base}/{path}").status_code == 404, path
    for path in ("tile/entries/000", "tile/0/0", "tile/0/../../x", "tile/0/000.p/0", "tile/99/000"):
        assert client.get(f"{base}/{path}").status_code in {400, 404}, path
    for contributor in ("A" * 43, "y"):
        path = f"/federation/v1/circles/{circle}/logs/{contributor}/checkpoint"
        assert client.get(path).status_code == 404


def test_hashes_under_pseudonyms_are_for_members(stage: Stage) -> None:
    """Who has a checkpoint first is its author: a stranger must not be able to compare nodes."""
    logs = f"/logs/{stage.node.own(stage.circle)}"
    stranger = SigningKey(bytes([7] * 32))
    for number, path in enumerate((f"{logs}/checkpoint", f"{logs}/tile/0/000.p/3")):
        good = replace(stage.by_member(), path=path, body=b"", method="GET", nonce=f"{number}" * 22)
        refused = [
            replace(good, key=stranger),
            replace(good, key=stage.elsewhere.runtime.keyring.request()),
            replace(good, circle=CircleId("A" * 43)),
            replace(good, circle=CircleId("x")),
            replace(good, target=f"{stage.node.url}/federation/v1/node"),
        ]
        answers = [asked.send() for asked in refused]
        assert {answer.status_code for answer in answers} == {404}
        assert (
            len({answer.json()["detail"] for answer in (*answers, replace(stage.by_member(), key=stranger).send())})
            == 1
        )
        assert good.send().status_code == 200
        assert (good.send().status_code, good.send().json()["code"]) == (401, "replayed")
        unsigned = [
            TestClient(application(stage.node), base_url=stage.node.url).get(f"/federation/v1/circles/{circle}{path}")
            for circle in (stage.circle, "A" * 43)
        ]
        assert {(each.status_code, each.json()["code"]) for each in unsigned} == {(401, "bad-request-signature")}


def test_a_query_is_part_of_what_is_signed(stage: Stage) -> None:
    good = stage.by_member()
    assert replace(good, path="/entries?a=1").send().status_code == 200
    bare = f"{stage.node.url}/federation/v1/circles/{stage.circle}/entries"
    assert replace(good, path="/entries?a=1", target=bare, nonce="B" * 22).send().status_code == 404


def test_the_public_card_holds_no_secret_of_a_circle(stage: Stage) -> None:
    client = TestClient(application(stage.node), base_url=stage.node.url)
    card = client.get("/federation/v1/node").json()
    assert sorted(card) == ["identity_key", "name", "request_key", "url", "v"]
    for circle in (stage.circle, stage.other):
        assert stage.node.own(circle) not in str(card)
        key = stage.node.runtime.keyring.contributor(stage.node.own(circle)).public.encode()
        assert key not in str(card)


def test_an_idle_round_costs_two_checkpoints_and_no_entry(stage: Stage) -> None:
    network = InMemory([stage.node, stage.member, stage.elsewhere])
    sync_once(stage.member.runtime, transport=network)
    publish(stage.member, stage.circle, make.finding(stage.circle))
    sync_once(stage.node.runtime, transport=network)
    (pull,) = sync_once(stage.member.runtime, transport=network).pulls
    assert (pull.entries, pull.requests, pull.problems) == (0, 1, ())
    assert pull.bytes < 1_600  # each with the cosignature of the other side
