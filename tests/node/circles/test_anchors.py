"""A trust anchor's word in the place of a telephone call: one step, the operator's keys, and no policy."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from node.circles import anchors
from node.domain.peering import Introduction
from node.domain.settings import Settings
from node.errors import Code, HanseError
from protocol.identifiers import encode_bytes
from protocol.keys import PublicKey, SigningKey
from protocol.messages.entity import ENTITY_TYPE, WELL_KNOWN_PATH
from protocol.statements import Timestamp

NOW = Timestamp(1_790_000_000)
ANCHOR = "https://anchor.example/edu"
FETCH = "https://fetch.anchor.example/statements"
NODE = "https://hanse.northport.example"
ANCHOR_KEY = SigningKey(b"a" * 32)
NODE_KEY = SigningKey(b"n" * 32).public
OTHER = SigningKey(b"o" * 32)


def _jwk(key: PublicKey, kid: str = "k1") -> dict[str, object]:
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": key.encode()}


class Anchor:
    """An anchor as other software runs it, with something to get wrong."""

    def __init__(self, *, key: SigningKey = ANCHOR_KEY, subject_key: PublicKey = NODE_KEY, **changed: object) -> None:
        self.key, self.subject_key, self.changed = key, subject_key, changed
        self.asked: list[str] = []

    def get(self, url: str, max_bytes: int) -> bytes:
        """Answers as the network would."""
        self.asked.append(url)
        if url == ANCHOR + WELL_KNOWN_PATH:
            metadata = {"federation_entity": {"federation_fetch_endpoint": FETCH, "organization_name": "An anchor"}}
            answer = self._sign(
                {"iss": ANCHOR, "sub": ANCHOR, "jwks": {"keys": [_jwk(OTHER.public)]}, "metadata": metadata}
            )
        else:
            subject = parse_qs(urlsplit(url).query)["sub"][0]
            body = {"iss": ANCHOR, "sub": subject, "jwks": {"keys": [_jwk(self.subject_key, "n1")]}} | self.changed
            answer = self._sign(body)
        assert len(answer) <= max_bytes
        return answer

    def _sign(self, claims: dict[str, object]) -> bytes:
        header = {"alg": "EdDSA", "typ": ENTITY_TYPE, "kid": "k1"}
        dated = {"iat": NOW, "exp": NOW + 3_600, **claims}
        text = ".".join(encode_bytes(msgspec.json.encode(part)) for part in (header, dated)).encode("ascii")
        return text + b"." + encode_bytes(self.key.sign(text)).encode("ascii")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A node whose operator has written one anchor down."""
    file = tmp_path / "anchors.json"
    file.write_bytes(msgspec.json.encode([{"entity_id": ANCHOR, "jwks": {"keys": [_jwk(ANCHOR_KEY.public)]}}]))
    url = "https://hanse.aldermoor.example"
    return Settings(name="Aldermoor", base_url=url, data=tmp_path, database_url="", trust_anchors=file)


def _met(key: PublicKey = NODE_KEY) -> Introduction:
    return Introduction(url=NODE, name="Northport", identity_key=key, request_key=OTHER.public, until=NOW, at=NOW)


def test_an_anchor_vouches_for_exactly_this_address_and_key(settings: Settings) -> None:
    anchor = Anchor()
    said = anchors.require_vouched(anchor.get, anchors.one(settings, ANCHOR), _met(), NOW)
    assert said.keys == {NODE_KEY}
    assert anchor.asked == [ANCHOR + WELL_KNOWN_PATH, f"{FETCH}?sub=https%3A%2F%2Fhanse.northport.example"]


@pytest.mark.parametrize(
    ("anchor", "code"),
    [
        (Anchor(subject_key=OTHER.public), Code.INVALID),
        (Anchor(key=OTHER), Code.PEER_MISBEHAVED),
        (Anchor(metadata_policy={"hanse_node": {}}), Code.PEER_MISBEHAVED),
        (Anchor(constraints={"max_path_length": 0}), Code.PEER_MISBEHAVED),
        (Anchor(sub="https://elsewhere.example"), Code.PEER_MISBEHAVED),
        (Anchor(iss="https://intermediate.example"), Code.PEER_MISBEHAVED),
        (Anchor(exp=NOW - 3_600), Code.PEER_MISBEHAVED),
        (Anchor(jwks={"keys": []}), Code.PEER_MISBEHAVED),
    ],
    ids=["another key", "forged", "metadata policy", "constraints", "about another", "a chain", "expired", "no key"],
)
def test_every_other_word_confirms_nothing(settings: Settings, anchor: Anchor, code: Code) -> None:
    with pytest.raises(HanseError) as caught:
        anchors.require_vouched(anchor.get, anchors.one(settings, ANCHOR), _met(), NOW)
    assert caught.value.code is code


def test_only_anchors_that_were_written_down_are_asked(settings: Settings) -> None:
    with pytest.raises(HanseError) as caught:
        anchors.one(settings, "https://anchor.example")
    assert caught.value.code is Code.INVALID
    assert anchors.names(settings) == (ANCHOR,)
    assert anchors.names(replace(settings, trust_anchors=None)) == ()


def test_a_file_that_cannot_be_used_is_named(settings: Settings, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    for path in (broken, tmp_path / "absent.json"):
        broken.write_text("{", "utf-8")
        with pytest.raises(HanseError) as caught:
            anchors.read(replace(settings, trust_anchors=path))
        assert caught.value.code is Code.BAD_CONFIGURATION
        assert path.name in caught.value.detail
