"""A trust anchor that answers over HTTP on loopback, and can be made to get one thing wrong at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final

import msgspec
from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response

from protocol.identifiers import encode_bytes
from protocol.keys import PublicKey, SigningKey
from protocol.messages.entity import ENTITY_TYPE, WELL_KNOWN_PATH
from protocol.statements import Timestamp

KEY: Final = SigningKey(b"a" * 32)
OTHER: Final = SigningKey(b"o" * 32)
_FETCH: Final = "/fetch"


def jwk(key: PublicKey, kid: str = "k1") -> dict[str, object]:
    """A key as anchors write it."""
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": key.encode()}


@dataclass(slots=True)
class Anchor:
    """One anchor; whoever is among its ``subjects`` is vouched for, with the keys named there."""

    url: str
    now: Callable[[], Timestamp]
    subjects: dict[str, PublicKey] = field(default_factory=dict)
    own_key: SigningKey = KEY
    """Signs what it says of itself."""
    key: SigningKey = KEY
    """Signs what it says of others."""
    claims: dict[str, object] = field(default_factory=dict)
    """Of a statement about another, in the place of what is right."""
    age: int = 0
    """Of its statements, in seconds; they hold for an hour."""
    fetch: str = ""
    """Where it says that statements are to be had, if that is not its own address."""
    redirects: bool = False
    asked: list[str] = field(default_factory=list)

    def write(self, path: Path) -> Path:
        """The operator's file, with this anchor in it."""
        path.write_bytes(msgspec.json.encode([{"entity_id": self.url, "jwks": {"keys": [jwk(KEY.public)]}}]))
        return path

    def app(self) -> FastAPI:
        """What it serves."""
        app = FastAPI(openapi_url=None)
        app.add_api_route(WELL_KNOWN_PATH, self._about_itself, methods=["GET"])
        app.add_api_route(_FETCH, self._about_another, methods=["GET"])
        app.add_api_route(f"{_FETCH}/elsewhere", self._elsewhere, methods=["GET"])
        return app

    def _about_itself(self) -> Response:
        fetch = self.fetch or self.url + _FETCH
        metadata = {"federation_entity": {"federation_fetch_endpoint": fetch, "organization_name": "An anchor"}}
        claims = {"iss": self.url, "sub": self.url, "jwks": {"keys": [jwk(KEY.public)]}, "metadata": metadata}
        return self._signed(claims, self.own_key)

    def _about_another(self, sub: str) -> Response:
        self.asked.append(sub)
        if self.redirects:
            return RedirectResponse(f"{self.url}{_FETCH}/elsewhere?sub={sub}", HTTPStatus.FOUND)
        return self._elsewhere(sub)

    def _elsewhere(self, sub: str) -> Response:
        if sub not in self.subjects:
            return Response(b'{"error":"not_found"}', HTTPStatus.NOT_FOUND, media_type="application/json")
        claims = {"iss": self.url, "sub": sub, "jwks": {"keys": [jwk(self.subjects[sub], "n1")]}}
        return self._signed(claims | self.claims, self.key)

    def _signed(self, claims: Mapping[str, object], key: SigningKey) -> Response:
        signed = self.now() - self.age
        header = {"alg": "EdDSA", "typ": ENTITY_TYPE, "kid": "k1"}
        dated = {"iat": signed, "exp": signed + 3_600, **claims}
        text = ".".join(encode_bytes(msgspec.json.encode(part)) for part in (header, dated)).encode("ascii")
        content = text + b"." + encode_bytes(key.sign(text)).encode("ascii")
        return Response(content, media_type="application/entity-statement+jwt")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong with an anchor, and what a person is told."""

    name: str
    make: Callable[[Anchor], None]
    words: str


def _policy(anchor: Anchor) -> None:
    anchor.claims = {"metadata_policy": {"hanse_node": {}}}


def _about_somebody_else(anchor: Anchor) -> None:
    anchor.claims = {"sub": "https://elsewhere.example"}


def _expired(anchor: Anchor) -> None:
    anchor.age = 10_000


def _forged(anchor: Anchor) -> None:
    anchor.key = OTHER


def _key_was_replaced(anchor: Anchor) -> None:
    anchor.own_key = anchor.key = OTHER


def _knows_nobody(anchor: Anchor) -> None:
    anchor.subjects.clear()


def _knows_another_key(anchor: Anchor) -> None:
    anchor.subjects |= dict.fromkeys(anchor.subjects, OTHER.public)


def _sends_elsewhere(anchor: Anchor) -> None:
    anchor.redirects = True


def _points_at_nobody(anchor: Anchor) -> None:
    anchor.fetch = "http://127.0.0.1:9/fetch"


WRONG: Final = (
    Wrong("does not vouch", _knows_nobody, "answered 404"),
    Wrong("vouches for another key", _knows_another_key, "under another identity key"),
    Wrong("an expired statement", _expired, "no statement that can be used"),
    Wrong("a statement by another key", _forged, "no statement that can be used"),
    Wrong("a key that the operator has not written down", _key_was_replaced, "no statement that can be used"),
    Wrong("a policy", _policy, "no statement that can be used"),
    Wrong("about somebody else", _about_somebody_else, "no statement that can be used"),
    Wrong("a redirect to a good statement", _sends_elsewhere, "answered 302"),
    Wrong("an endpoint where nobody listens", _points_at_nobody, "failed"),
)
"""Every one of these confirms nobody."""
