"""Vectors and schema of entity configurations (clause 9.15) and of trust anchors' statements (clause 9.16)."""

from collections.abc import Callable
from typing import Final

import msgspec

from protocol import envelope
from protocol.canonical import encode
from protocol.errors import Code
from protocol.identifiers import encode_bytes
from protocol.keys import PublicKey, SigningKey
from protocol.limits import MAX_CLOCK_SKEW_SECONDS, MAX_ENTITY_STATEMENT_BYTES
from protocol.messages.entity import (
    ENTITY_TYPE,
    MAX_LIFE_SECONDS,
    EntityConfiguration,
    FederationEntity,
    HanseNode,
    Jwk,
    Metadata,
    OwnKeys,
    sign_configuration,
)
from protocol.statements import DAY_SECONDS, Timestamp
from tests.protocol.fed_samples import IDENTITY, REQUEST, STRANGER, Json, as_json, wire_schema
from tests.protocol.samples import NOW
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, vector_file

NODE: Final = "https://hanse.aldermoor.example"
ANCHOR: Final = "https://anchor.example"
ANCHOR_KEY: Final = STRANGER
FETCH: Final = f"{ANCHOR}/fetch"


def configuration(*hints: str) -> EntityConfiguration:
    """A configuration that anybody may read."""
    return EntityConfiguration(
        iss=NODE,
        sub=NODE,
        iat=Timestamp(NOW),
        exp=Timestamp(NOW + 180 * DAY_SECONDS),
        jwks=OwnKeys(keys=(Jwk.of(IDENTITY[0].public),)),
        metadata=Metadata(
            federation_entity=FederationEntity(organization_name="University of Aldermoor"),
            hanse_node=HanseNode(
                request_key=Jwk.of(REQUEST[0].public), federation_path="/federation/v1", protocol_versions=(1,)
            ),
        ),
        authority_hints=hints or msgspec.UNSET,
    )


GOOD: Final = sign_configuration(configuration(), IDENTITY[0])


def _payload(**changed: object) -> Json:
    """The claims of the configuration above, some of them changed."""
    return as_json(configuration()) | changed


def _signed(payload: Json, key: SigningKey = IDENTITY[0]) -> bytes:
    return envelope.sign(encode(payload), key, typ=ENTITY_TYPE)


def _case(name: str, jws: bytes, error: Code | None = None, *flags: str, now: int = NOW) -> Case:
    return Case(name, "9.15", {"jws": jws.decode("ascii"), "now": now}, error, flags)


def configurations() -> bytes:
    """Entity configurations of nodes."""
    flags = {
        "not-its-key": "somebody else could speak for the address, or a key for a holder that never agreed",
        "another-entity": "one node's words would be taken for another's",
        "stale": "a key that was given up would be presented again",
        "two-readings": "two readers would read two configurations",
        "one-key": "whoever gets hold of the key that is used daily would hold the institution's name",
    }
    stranger = {"keys": [_jwk(STRANGER.public)]}
    wrong_kid = {"keys": [_jwk(IDENTITY[0].public) | {"kid": STRANGER.public.key_id}]}
    too_long = NOW + MAX_LIFE_SECONDS + 1
    one_key = as_json(configuration().metadata)
    one_key["hanse_node"] = as_json(configuration().metadata.hanse_node) | {"request_key": _jwk(IDENTITY[0].public)}
    twice = encode(_payload()).replace(b'{"exp"', b'{"sub":"x","exp"', 1)
    end = NOW + 180 * DAY_SECONDS + MAX_CLOCK_SKEW_SECONDS
    inconsistent, beyond = Code.INCONSISTENT, BEYOND_SCHEMA
    cases = [
        _case("a configuration", GOOD),
        _case("with a trust anchor", sign_configuration(configuration(ANCHOR), IDENTITY[0])),
        _case("a second before its end is noticed", GOOD, now=end - 1),
        _case("signed by another key", _signed(_payload(), STRANGER), Code.WRONG_KEY, "not-its-key", beyond),
        _case("another key named", _signed(_payload(jwks=stranger)), Code.WRONG_KEY, "not-its-key", beyond),
        _case("a kid of another key", _signed(_payload(jwks=wrong_kid)), inconsistent, "not-its-key", beyond),
        _case("one key in two roles", _signed(_payload(metadata=one_key)), inconsistent, "one-key", beyond),
        _case("about another entity", _signed(_payload(sub=ANCHOR)), inconsistent, "another-entity", beyond),
        _case("past its end", GOOD, Code.EXPIRED, "stale", beyond, now=end),
        _case("of tomorrow", GOOD, Code.FUTURE_DATED, "stale", beyond, now=NOW - DAY_SECONDS),
        _case("too long", _signed(_payload(exp=too_long)), Code.BAD_VALIDITY, "stale", beyond),
        _case("no anchors, named", _signed(_payload(authority_hints=[])), Code.MALFORMED, "two-readings"),
        _case(
            "a claim twice", envelope.sign(twice, IDENTITY[0], typ=ENTITY_TYPE), Code.MALFORMED, "two-readings", beyond
        ),
    ]
    return vector_file("Entity configurations as JWS.", flags, cases)


def _jwk(key: PublicKey) -> Json:
    return {"crv": "Ed25519", "kid": key.key_id, "kty": "OKP", "x": key.encode()}


def subordinate(**changed: object) -> Json:
    """What an anchor says of a node."""
    said: Json = {
        "iss": ANCHOR,
        "sub": NODE,
        "iat": NOW,
        "exp": NOW + DAY_SECONDS,
        "jwks": {"keys": [{"kty": "RSA", "kid": "old", "n": "x", "e": "AQAB"}, _jwk(IDENTITY[0].public)]},
        "trust_marks": [],
    }
    return said | changed


def own(**changed: object) -> Json:
    """What an anchor says of itself."""
    metadata = {"federation_entity": {"federation_fetch_endpoint": FETCH, "organization_name": "An anchor"}}
    return subordinate(sub=ANCHOR, metadata=metadata) | changed


def by_anchor(payload: Json, *, key: SigningKey = ANCHOR_KEY, alg: str = "EdDSA", **header: object) -> bytes:
    """Signed as other software would: not canonical, and with the older name of the algorithm."""
    head = {"typ": ENTITY_TYPE, "alg": alg, "kid": "anchor-2026", **header}
    parts = [encode_bytes(msgspec.json.encode(part)) for part in (head, payload)]
    return _sealed(".".join(parts).encode("ascii"), key)


def by_anchor_bytes(payload: bytes) -> bytes:
    """The same for a payload that may be anything."""
    head = by_anchor({}).partition(b".")[0]
    return _sealed(head + b"." + encode_bytes(payload).encode("ascii"), ANCHOR_KEY)


def _sealed(signing_input: bytes, key: SigningKey) -> bytes:
    return signing_input + b"." + encode_bytes(key.sign(signing_input)).encode("ascii")


def _anchor_case(name: str, jws: bytes, error: Code | None = None, flag: str = "", *, now: int = NOW) -> Case:
    given = {
        "jws": jws.decode("ascii"),
        "anchor": ANCHOR,
        "subject": NODE,
        "keys": {"anchor-2026": ANCHOR_KEY.public.encode()},
        "now": now,
    }
    return Case(name, "9.16", given, error, (flag,) if flag else ())


def anchors() -> bytes:
    """Subordinate statements of trust anchors."""
    flags = {
        "forged": "anybody could vouch for anybody",
        "another-entity": "a word about one node would be taken for a word about another",
        "policy": "what is believed would not be what was signed",
        "stale": "a word that was taken back would be believed",
    }
    said = subordinate()
    good = by_anchor(said)
    policy = subordinate(metadata_policy={"hanse_node": {}})
    infinity = by_anchor_bytes(msgspec.json.encode(said).replace(b'"iat":', b'"x":Infinity,"iat":', 1))
    rsa = {"keys": [{"kty": "RSA", "kid": "old", "n": "x", "e": "AQAB"}]}
    two = {"keys": [_jwk(IDENTITY[0].public), _jwk(REQUEST[0].public) | {"kid": IDENTITY[0].public.key_id}]}
    moved = good.rpartition(b".")[0] + b"." + by_anchor(policy).rpartition(b".")[2]
    cases = [
        _anchor_case("a statement", good),
        _anchor_case("by the newer name of the algorithm", by_anchor(said, alg="Ed25519")),
        _anchor_case("by another key", by_anchor(said, key=REQUEST[1]), Code.BAD_SIGNATURE, "forged"),
        _anchor_case("by a key that nobody wrote down", by_anchor(said, kid="other"), Code.WRONG_KEY, "forged"),
        _anchor_case("another algorithm", by_anchor(said, alg="none"), Code.BAD_HEADER, "forged"),
        _anchor_case("another type", by_anchor(said, typ="JWT"), Code.BAD_HEADER, "forged"),
        _anchor_case("something critical in the header", by_anchor(said, crit=["x"]), Code.MALFORMED, "policy"),
        _anchor_case(
            "something critical in the statement", by_anchor(subordinate(crit=["x"])), Code.INCONSISTENT, "policy"
        ),
        _anchor_case("a metadata policy", by_anchor(policy), Code.INCONSISTENT, "policy"),
        _anchor_case("the signature of another statement", moved, Code.BAD_SIGNATURE, "forged"),
        _anchor_case("two parts", good.rpartition(b".")[0], Code.MALFORMED, "forged"),
        _anchor_case("no JSON", b"e30." + good.partition(b".")[2], Code.MALFORMED, "forged"),
        _anchor_case("of another anchor", by_anchor(subordinate(iss=NODE)), Code.INCONSISTENT, "another-entity"),
        _anchor_case("about another entity", by_anchor(subordinate(sub=ANCHOR)), Code.INCONSISTENT, "another-entity"),
        _anchor_case("past its end", good, Code.EXPIRED, "stale", now=NOW + 2 * DAY_SECONDS),
        _anchor_case("a fraction", by_anchor(subordinate(x=0.5)), Code.MALFORMED, "forged"),
        _anchor_case("infinity", infinity, Code.MALFORMED, "forged"),
        _anchor_case("a list", by_anchor_bytes(b"[]"), Code.MALFORMED, "forged"),
        _anchor_case("no usable key", by_anchor(subordinate(jwks=rsa)), Code.BAD_KEY, "forged"),
        _anchor_case("one kid twice", by_anchor(subordinate(jwks=two)), Code.INCONSISTENT, "forged"),
        _anchor_case("a short signature", good[:-6], Code.MALFORMED, "forged"),
        _anchor_case("of tomorrow", good, Code.FUTURE_DATED, "stale", now=NOW - DAY_SECONDS),
        _anchor_case("too long", by_anchor(subordinate(x="x" * MAX_ENTITY_STATEMENT_BYTES)), Code.TOO_LARGE, "forged"),
    ]
    return vector_file("Subordinate statements of a trust anchor about a node.", flags, cases)


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "v1/entity-configuration.schema.json": wire_schema(
        "entity-configuration",
        "Entity configuration",
        "The payload of a node's entity configuration (clause 9.15).",
        EntityConfiguration,
    ),
    "vectors/entity.json": configurations,
    "vectors/anchors.json": anchors,
}
