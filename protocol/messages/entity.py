"""Entity statements of OpenID Federation 1.0: how a node introduces itself, and how a trust anchor vouches for it.

A node serves one *entity configuration*: a JWS by its identity key about itself, at
``/.well-known/openid-federation`` below its base URL. It holds what a stranger may know: name, identity key, request
key, and where the protocol is spoken. Never a contributor key.

A trust anchor that an operator has configured, with its keys, may have signed a *subordinate statement* about a node:
this entity has these keys. That can stand in for reading a fingerprint over the phone. It is one statement, directly
by the anchor: no chain is built and no metadata policy applied. A statement that wants more of its reader (a policy,
constraints, metadata of its own, claims marked critical) is refused rather than half understood.

These are JSON as any library writes it, so members that are not known are passed over, as the standard says; what is
known has exactly one type, and a member that stands twice is refused. Keys of other kinds than Ed25519 in a set are
passed over too: nothing is verified with them. ``alg`` is ``Ed25519`` (RFC 9864) or its older name ``EdDSA`` (RFC
8037); it never chooses the kind of key.

What lives here: forms, signatures and times. What does not: fetching, and what a confirmation is worth.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, NoReturn, Protocol, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from protocol import envelope
from protocol.canonical import encode
from protocol.circles import MAX_URL_CHARACTERS, PATTERN_URL
from protocol.errors import Code, Fault, ProtocolError, words_of
from protocol.identifiers import anchored, decode_bytes
from protocol.keys import SIGNATURE_BYTES, EncodedKey, PublicKey, SigningKey
from protocol.limits import (
    MAX_CLOCK_SKEW_SECONDS,
    MAX_ENTITY_KEYS,
    MAX_ENTITY_STATEMENT_BYTES,
    MAX_LABEL_CHARACTERS,
)
from protocol.statements import PATTERN_LINE, Timestamp

ENTITY_TYPE: Final = "entity-statement+jwt"
WELL_KNOWN_PATH: Final = "/.well-known/openid-federation"
"""Below the base URL of an entity."""
MEDIA_TYPE: Final = "application/entity-statement+jwt"

MAX_LIFE_SECONDS: Final = 400 * 86_400
"""From ``iat`` to ``exp`` of a node's own configuration: a year and a month, for a key that is brought out yearly."""
MAX_AUTHORITY_HINTS: Final = 16
"""Trust anchors that one node names: more than there are federations that an institution belongs to."""
MAX_KID_CHARACTERS: Final = 256
"""Characters in the name that an anchor's software gives to a key; a thumbprint has 43."""
MAX_ANCHORS: Final = 64
"""Trust anchors in one file: more than there are research networks that an institution belongs to."""
_PARTS: Final = 3
_ALGORITHMS: Final = ("Ed25519", "EdDSA")
_REFUSED: Final = ("metadata_policy", "metadata_policy_crit", "constraints", "crit", "metadata")
"""Claims of a subordinate statement that would change what it means for its subject (sections 3.1 and 6)."""

_Url: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored(PATTERN_URL), max_length=MAX_URL_CHARACTERS)]
_EntityId: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored("https?://[!-~]+"), max_length=2_000)]
_Time: TypeAlias = Annotated[Timestamp, msgspec.Meta(ge=0, le=253_402_300_799)]
_Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=PATTERN_LINE, min_length=1, max_length=MAX_LABEL_CHARACTERS)]
_Kid: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_KID_CHARACTERS)]
_Version: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class _Open(msgspec.Struct, frozen=True, kw_only=True):
    """Members that are not named here are passed over when one is read."""


class Jwk(_Open, frozen=True, kw_only=True):
    """An Ed25519 public key as RFC 8037 writes it, with a name."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: EncodedKey
    kid: _Kid

    @classmethod
    def of(cls, key: PublicKey) -> "Jwk":
        """The JWK of a key under its thumbprint."""
        return cls(kty="OKP", crv="Ed25519", x=key.encode(), kid=key.key_id)

    def key(self) -> PublicKey:
        """The key itself; raises ``BAD_KEY``."""
        return PublicKey.decode(self.x)


class OwnKeys(_Open, frozen=True, kw_only=True):
    """The key set of a node: its identity key and no other."""

    keys: tuple[Jwk]


class FederationEntity(_Open, frozen=True, kw_only=True):
    """What the standard calls metadata of a federation entity."""

    organization_name: _Name


class HanseNode(_Open, frozen=True, kw_only=True):
    """Where this protocol is spoken, and by whom requests are signed."""

    request_key: Jwk
    federation_path: Annotated[str, msgspec.Meta(pattern=anchored("(/[A-Za-z0-9_~-]+)+"), max_length=100)]
    protocol_versions: Annotated[tuple[_Version, ...], msgspec.Meta(min_length=1, max_length=16)]


class Metadata(_Open, frozen=True, kw_only=True):
    """By entity type."""

    federation_entity: FederationEntity
    hanse_node: HanseNode


class EntityConfiguration(_Open, frozen=True, kw_only=True, omit_defaults=True):
    """What a node says of itself to anybody (clause 9.15)."""

    iss: _Url
    sub: _Url
    iat: _Time
    exp: _Time
    jwks: OwnKeys
    metadata: Metadata
    authority_hints: (
        Annotated[tuple[_EntityId, ...], msgspec.Meta(min_length=1, max_length=MAX_AUTHORITY_HINTS)] | msgspec.UnsetType
    ) = msgspec.UNSET
    """Trust anchors that may be asked about it. An empty list is not allowed by the standard."""

    def __post_init__(self) -> None:
        if self.iss != self.sub:
            raise ProtocolError(Code.INCONSISTENT, "an entity configuration is by its subject")
        if not self.iat < self.exp <= self.iat + MAX_LIFE_SECONDS:
            raise ProtocolError(Code.BAD_VALIDITY, f"exp lies 1 to {MAX_LIFE_SECONDS} seconds after iat")
        identity = self.jwks.keys[0]
        if identity.kid != identity.key().key_id:
            raise ProtocolError(Code.INCONSISTENT, "the kid of an identity key is its thumbprint")
        if self.metadata.hanse_node.request_key.key() == identity.key():
            raise ProtocolError(Code.INCONSISTENT, "one key in two roles")

    @property
    def identity(self) -> PublicKey:
        """The identity key, which has signed this."""
        return self.jwks.keys[0].key()

    @property
    def request_key(self) -> PublicKey:
        """The key of its requests and answers."""
        return self.metadata.hanse_node.request_key.key()


@dataclass(frozen=True, slots=True)
class TrustAnchor:
    """Whom an operator believes about others, and by which keys it is known, by their ``kid``."""

    entity_id: str
    keys: Mapping[str, PublicKey]


@dataclass(frozen=True, slots=True)
class Subordinate:
    """What an anchor says of an entity: these are its keys. Made by :func:`open_subordinate` alone."""

    anchor: str
    subject: str
    keys: frozenset[PublicKey]
    exp: Timestamp

    def vouches_for(self, configuration: EntityConfiguration) -> bool:
        """Whether this is said about the very entity and identity key of a configuration."""
        return self.subject == configuration.sub and configuration.identity in self.keys


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A header with anything else in it (``crit``, ``jku``, ``x5c``) asks for what is not done here."""

    alg: str
    kid: _Kid
    typ: str


class _KeySet(_Open, frozen=True, kw_only=True):
    keys: Annotated[tuple[dict[str, object], ...], msgspec.Meta(min_length=1, max_length=MAX_ENTITY_KEYS)]


class _Statement(_Open, frozen=True, kw_only=True):
    """What every entity statement has (section 3.1)."""

    iss: _EntityId
    sub: _EntityId
    iat: _Time
    exp: _Time
    jwks: _KeySet


class _AnchorEntity(_Open, frozen=True, kw_only=True):
    federation_fetch_endpoint: _EntityId


class _AnchorMetadata(_Open, frozen=True, kw_only=True):
    federation_entity: _AnchorEntity


class _AnchorStatement(_Statement, frozen=True, kw_only=True):
    metadata: _AnchorMetadata


class _AnchorEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    entity_id: _EntityId
    jwks: _KeySet


_T = TypeVar("_T")


class _Dated(Protocol):
    @property
    def iat(self) -> Timestamp: ...
    @property
    def exp(self) -> Timestamp: ...


def sign_configuration(configuration: EntityConfiguration, identity: SigningKey) -> bytes:
    """The entity configuration as a JWS; refuses what :func:`open_configuration` would refuse but for its age."""
    if configuration.identity != identity.public:
        raise ProtocolError(Code.WRONG_KEY, "the configuration names another identity key", fault=Fault.OURS)
    payload = encode(configuration)
    _convert(_read_object(payload), EntityConfiguration)
    return envelope.sign(payload, identity, typ=ENTITY_TYPE)


def open_configuration(jws: bytes, *, now: Timestamp) -> EntityConfiguration:
    """What the holder of an identity key says of itself, if it says so today (clause 9.15).

    Proves that the identity key has signed it, not whose key that is. Whoever fetched it compares ``sub`` with the
    address it came from. Raises ``TOO_LARGE``, ``MALFORMED``, ``BAD_HEADER``, ``BAD_KEY``, ``WRONG_KEY``,
    ``BAD_SIGNATURE``, ``INCONSISTENT``, ``BAD_VALIDITY``, ``EXPIRED``, ``FUTURE_DATED``.
    """
    received = _take_apart(jws)
    configuration = _convert(received.claims, EntityConfiguration)
    _verify(received, {configuration.jwks.keys[0].kid: configuration.identity})
    _require_in_time(configuration, now)
    return configuration


def read_anchors(data: bytes) -> tuple[TrustAnchor, ...]:
    """The trust anchors of an operator's file: ``[{"entity_id": …, "jwks": {"keys": […]}}, …]``.

    Each needs an Ed25519 key. Raises ``TOO_LARGE``, ``MALFORMED``, ``BAD_KEY`` and ``INCONSISTENT``.
    """
    if len(data) > MAX_ENTITY_STATEMENT_BYTES:
        raise ProtocolError(Code.TOO_LARGE, f"at most {MAX_ENTITY_STATEMENT_BYTES} bytes are allowed")
    entries = _convert(_read_json(data), tuple[_AnchorEntry, ...])
    if len(entries) > MAX_ANCHORS or len({entry.entity_id for entry in entries}) != len(entries):
        raise ProtocolError(Code.INCONSISTENT, f"at most {MAX_ANCHORS} anchors, each once")
    return tuple(TrustAnchor(entry.entity_id, _keys(entry.jwks)) for entry in entries)


def open_anchor(jws: bytes, anchor: TrustAnchor, *, now: Timestamp) -> str:
    """Where a trust anchor answers questions about others: the fetch endpoint in its own configuration.

    Verified by the keys that the operator configured, whatever keys the anchor now says it has.
    """
    received = _take_apart(jws)
    statement = _convert(received.claims, _AnchorStatement)
    if statement.iss != anchor.entity_id or statement.sub != anchor.entity_id:
        raise ProtocolError(Code.INCONSISTENT, "not the entity configuration of this trust anchor")
    _verify(received, anchor.keys)
    _require_in_time(statement, now)
    return statement.metadata.federation_entity.federation_fetch_endpoint


def fetch_url(endpoint: str, subject: str) -> str:
    """The address of the subordinate statement about ``subject`` (section 8.1.1)."""
    joint = "&" if urlsplit(endpoint).query else "?"
    return f"{endpoint}{joint}sub={quote(subject, safe='')}"


def open_subordinate(jws: bytes, anchor: TrustAnchor, *, subject: str, now: Timestamp) -> Subordinate:
    """What this anchor says today about ``subject``, directly (clause 9.16).

    Raises as :func:`open_configuration` does, and ``INCONSISTENT`` for a statement by or about another entity, for
    one about the anchor itself, and for one that would apply a policy.
    """
    received = _take_apart(jws)
    statement = _convert(received.claims, _Statement)
    if statement.iss != anchor.entity_id or statement.sub != subject or subject == anchor.entity_id:
        raise ProtocolError(Code.INCONSISTENT, "not this trust anchor's statement about this entity")
    if refused := [name for name in _REFUSED if name in received.claims]:
        raise ProtocolError(Code.INCONSISTENT, f"a subordinate statement with {', '.join(refused)}")
    _verify(received, anchor.keys)
    _require_in_time(statement, now)
    return Subordinate(anchor.entity_id, subject, frozenset(_keys(statement.jwks).values()), statement.exp)


@dataclass(frozen=True, slots=True)
class _Received:
    """A well-formed entity statement whose signature nobody has checked."""

    kid: str
    claims: dict[str, object]
    signing_input: bytes
    signature: bytes


def _take_apart(jws: bytes) -> _Received:
    if len(jws) > MAX_ENTITY_STATEMENT_BYTES:
        raise ProtocolError(Code.TOO_LARGE, f"an entity statement has at most {MAX_ENTITY_STATEMENT_BYTES} bytes")
    try:
        parts = jws.decode("ascii").split(".")
    except UnicodeDecodeError as error:
        raise ProtocolError(Code.MALFORMED, "a compact JWS is ASCII") from error
    if len(parts) != _PARTS:
        raise ProtocolError(Code.MALFORMED, f"a compact JWS has {_PARTS} parts, not {len(parts)}")
    header = _convert(_read_object(decode_bytes(parts[0])), _Header)
    if header.alg not in _ALGORITHMS or header.typ != ENTITY_TYPE:
        raise ProtocolError(Code.BAD_HEADER, f"alg is one of {', '.join(_ALGORITHMS)}, and typ is {ENTITY_TYPE}")
    signature = decode_bytes(parts[2])
    if len(signature) != SIGNATURE_BYTES:
        raise ProtocolError(Code.MALFORMED, f"an Ed25519 signature has {SIGNATURE_BYTES} bytes, not {len(signature)}")
    return _Received(header.kid, _read_object(decode_bytes(parts[1])), jws[: jws.rindex(b".")], signature)


def _verify(received: _Received, keys: Mapping[str, PublicKey]) -> None:
    key = keys.get(received.kid)
    if key is None:
        raise ProtocolError(Code.WRONG_KEY, "signed by a key that is not among those expected")
    if not key.verify(received.signature, received.signing_input):
        raise ProtocolError(Code.BAD_SIGNATURE, f"the signature of {key.key_id} does not verify")


def _require_in_time(statement: _Dated, now: Timestamp) -> None:
    if statement.exp + MAX_CLOCK_SKEW_SECONDS <= now:
        raise ProtocolError(Code.EXPIRED, "the entity statement has expired")
    if statement.iat > now + MAX_CLOCK_SKEW_SECONDS:
        raise ProtocolError(Code.FUTURE_DATED, "iat lies in the future")


def _keys(key_set: _KeySet) -> dict[str, PublicKey]:
    """The Ed25519 keys of a set by their kid; what is of another kind is passed over."""
    usable: dict[str, PublicKey] = {}
    for each in key_set.keys:
        if each.get("kty") == "OKP" and each.get("crv") == "Ed25519":
            jwk = _convert(each, Jwk)
            if jwk.kid in usable:
                raise ProtocolError(Code.INCONSISTENT, "one kid stands twice in a key set")
            usable[jwk.kid] = jwk.key()
    if not usable:
        raise ProtocolError(Code.BAD_KEY, "a key set without an Ed25519 key")
    return usable


def _convert(value: object, wire_type: type[_T]) -> _T:
    try:
        return msgspec.convert(value, wire_type)
    except msgspec.ValidationError as error:
        raise ProtocolError(Code.MALFORMED, words_of(error)) from error


def _read_object(data: bytes) -> dict[str, object]:
    value = _read_json(data)
    if not isinstance(value, dict):
        raise ProtocolError(Code.MALFORMED, "not a JSON object")
    return value


def _read_json(data: bytes) -> object:
    """JSON without repeated members, fractions or infinities (RFC 7515 section 4: names MUST be unique)."""
    try:
        value: object = _JSON.decode(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(Code.MALFORMED, "not JSON that can be read in one way only") from error
    return value


def _unique(members: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a member stands twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"a number that is not an integer: {len(text)} characters")


_JSON: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_no_number, parse_constant=_no_number)
