"""Circles: a charter, and the signatures of those who found it.

A circle is named by the SHA-256 of its charter, so a charter is never changed: other terms are another circle.
Founders sign the charter apart from it, each when it is ready, so that collecting signatures does not change
the identifier. A charter is in force when every founder has signed; until then it is a proposal.

Who joins them later, and who leaves, is computed from the statements that members make
(:mod:`protocol.membership`), against the two quorums that the charter fixes for good.

Two keys sign for a founder: the contributor key that the charter names for it, and its identity key. So nobody can
be put into a charter unasked, with a contributor key of somebody else's beside its true name and identity.
"""

from collections.abc import Mapping
from hashlib import sha256
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from protocol.canonical import Codec
from protocol.errors import Code, ProtocolError
from protocol.identifiers import (
    PATTERN_128_BITS,
    PATTERN_256_BITS,
    CircleId,
    KeyId,
    anchored,
    decode_bytes,
    encode_bytes,
)
from protocol.keys import PublicKey, SigningKey
from protocol.limits import (
    MAX_ENTRY_BYTES,
    MAX_LABEL_CHARACTERS,
    MAX_MEMBERS,
    MAX_RETENTION_DAYS,
    MAX_TOKEN_OPERATORS,
)
from protocol.statements import PATTERN_LINE, PATTERN_TEXT

MAX_CHARTER_BYTES: Final = 1_048_576
"""One charter, in bytes: a thousand founders at 450 bytes each, twice over for long names in any script."""

MAX_SIGNED_CHARTER_BYTES: Final = MAX_CHARTER_BYTES + 524_288
"""A charter and a thousand pairs of signatures of 256 bytes each."""

MAX_TERMS_CHARACTERS: Final = 2_000
"""Unicode code points in the purpose and in the legal basis: a page that a person reads before signing."""

MAX_URL_CHARACTERS: Final = 200
"""ASCII characters in a base URL; paths are added to it."""

MAX_QUOTA: Final = 1_000_000
"""Entries that one contributor may append in a day. Above any use; a charter sets the real bound."""

MAX_QUOTA_BYTES: Final = 2**40
"""Bytes that one contributor may append in a day. Above any use, as :data:`MAX_QUOTA`."""

MIN_THRESHOLD: Final = 2
"""Below two, a count protects nobody."""

DEFAULT_THRESHOLD: Final = 3
"""The k that a new charter is offered: with two contributors each can subtract itself and see the other."""

_OCTET: Final = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_LABEL_END: Final = r"([a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = rf"(({_OCTET}\.){{3}}{_OCTET}|([a-z0-9]{_LABEL_END}\.)*[a-z]{_LABEL_END})"
"""An IPv4 address in its one spelling, or a name whose last label begins with a letter: ``999.1.1.1``, ``127.1`` and
``0x7f.0.0.1`` are a name to some readers, an address to others and an error to a third."""
_PORT: Final = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
PATTERN_URL: Final = rf"https?://{_HOST}(:{_PORT})?(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*"
"""A base URL has one spelling: lower-case host, no user, query, fragment, escapes or final slash. Plain HTTP is
for a trial on one machine; which addresses a node will contact is its own decision, made elsewhere."""
PATTERN_SIGNATURE: Final = r"[A-Za-z0-9_-]{85}[AQgw]"
_CONTEXT: Final = b"hanse/v1/charter\n"

_Key: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_KeyId: TypeAlias = Annotated[KeyId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_Nonce: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored(PATTERN_128_BITS))]
Signature: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored(PATTERN_SIGNATURE))]
"""Wire form of an Ed25519 signature: its 64 bytes in base64url."""
_Url: TypeAlias = Annotated[str, msgspec.Meta(pattern=anchored(PATTERN_URL), max_length=MAX_URL_CHARACTERS)]
_Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=PATTERN_LINE, min_length=1, max_length=MAX_LABEL_CHARACTERS)]
_Terms: TypeAlias = Annotated[str, msgspec.Meta(pattern=PATTERN_TEXT, min_length=1, max_length=MAX_TERMS_CHARACTERS)]
_Quorum: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=MAX_MEMBERS)]

Attribution: TypeAlias = Literal["named", "pseudonymous"]
"""Whether members' analysts may see which institution a contributor is, or its pseudonym alone."""


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every member is required: an absent member and a null one never mean the same."""


class Founder(_Wire, frozen=True, kw_only=True):
    """One line of the roster: an institution, where its node answers, and its three keys.

    Only member nodes hold a roster. The contributor key is made for this circle alone.
    """

    name: _Name
    url: _Url
    identity_key: _Key
    request_key: _Key
    contributor_key: _Key

    def __post_init__(self) -> None:
        for key in self.all_keys():
            PublicKey.decode(key)

    def all_keys(self) -> tuple[str, str, str]:
        """The three keys in their wire form."""
        return self.identity_key, self.request_key, self.contributor_key

    @property
    def key_id(self) -> KeyId:
        """The name of this founder's log: the thumbprint of its contributor key."""
        return PublicKey.decode(self.contributor_key).key_id


class Charter(_Wire, frozen=True, kw_only=True):
    """The terms under which a circle's members replicate each other's logs."""

    v: Literal[1]
    name: _Name
    purpose: _Terms
    legal_basis: _Terms
    founders: Annotated[tuple[Founder, ...], msgspec.Meta(min_length=1, max_length=MAX_MEMBERS)]
    """Ascending by contributor key, as text. A circle of one is a node that tries the platform alone."""
    endorsement_quorum: _Quorum
    removal_quorum: _Quorum
    vocabulary_version: Annotated[int, msgspec.Meta(ge=1, le=MAX_QUOTA)]
    retention_days: Annotated[int, msgspec.Meta(ge=1, le=MAX_RETENTION_DAYS)]
    """The longest life of a statement in this circle, in days."""
    small_number_threshold: Annotated[int, msgspec.Meta(ge=MIN_THRESHOLD, le=MAX_MEMBERS)]
    """k: what rests on fewer contributors is not shown outside, and no one supplies more than 1/k of a signal."""
    attribution: Attribution
    token_operators: Annotated[
        tuple[_KeyId, ...], msgspec.Meta(max_length=MAX_TOKEN_OPERATORS, extra_json_schema={"uniqueItems": True})
    ]
    """Contributor keys of the founders that evaluate person tokens together (section 11). None: the circle has none."""
    quota_entries_per_day: Annotated[int, msgspec.Meta(ge=1, le=MAX_QUOTA)]
    quota_bytes_per_day: Annotated[int, msgspec.Meta(ge=MAX_ENTRY_BYTES, le=MAX_QUOTA_BYTES)]
    """At least one entry of any size: a quota that no entry fits would silence its author for ever."""
    nonce: _Nonce
    """128 random bits: two circles of the same members on the same terms are still two circles."""

    def __post_init__(self) -> None:
        contributors = [founder.contributor_key for founder in self.founders]
        if any(a >= b for a, b in pairwise(contributors)):
            raise ProtocolError(Code.NON_CANONICAL, "founders are not ascending by contributor key")
        keys = [key for founder in self.founders for key in founder.all_keys()]
        if len(set(keys)) != len(keys):
            raise ProtocolError(Code.BAD_CHARTER, "one key stands in two places of the charter")
        if len({founder.url for founder in self.founders}) != len(self.founders):
            raise ProtocolError(Code.BAD_CHARTER, "two founders have the same url")
        if any(a >= b for a, b in pairwise(self.token_operators)):
            raise ProtocolError(Code.NON_CANONICAL, "token_operators is not ascending and free of duplicates")
        if len(self.token_operators) == 1:
            raise ProtocolError(
                Code.BAD_CHARTER, "one operator of person tokens could guess alone: none, or at least two"
            )
        if not {founder.key_id for founder in self.founders}.issuperset(self.token_operators):
            raise ProtocolError(Code.BAD_CHARTER, "an operator of person tokens is no founder")
        for name, quorum in (("endorsement", self.endorsement_quorum), ("removal", self.removal_quorum)):
            if quorum > len(self.founders):
                raise ProtocolError(Code.BAD_CHARTER, f"the {name} quorum is larger than the number of founders")


class CharterSignature(_Wire, frozen=True, kw_only=True):
    """One founder's two Ed25519 signatures."""

    key_id: _KeyId
    """Of the contributor key."""
    signature: Signature
    """By the contributor key."""
    identity_signature: Signature
    """By the identity key: the institution agrees to this charter, with the keys that stand in it."""


class SignedCharter(_Wire, frozen=True, kw_only=True):
    """A charter and the signatures collected so far, ascending by key id. Not verified by construction."""

    charter: Charter
    signatures: Annotated[tuple[CharterSignature, ...], msgspec.Meta(max_length=MAX_MEMBERS)]

    def __post_init__(self) -> None:
        if any(a.key_id >= b.key_id for a, b in pairwise(self.signatures)):
            raise ProtocolError(Code.NON_CANONICAL, "signatures are not ascending by key id and free of duplicates")


_CHARTER: Final = Codec(Charter, max_bytes=MAX_CHARTER_BYTES)
_SIGNED_CHARTER: Final = Codec(SignedCharter, max_bytes=MAX_SIGNED_CHARTER_BYTES)


def encode_charter(charter: Charter) -> bytes:
    """The bytes that are hashed and signed; refuses whatever :func:`decode_charter` would refuse."""
    return _CHARTER.encode(charter)


def decode_charter(data: bytes) -> Charter:
    """A charter by its form and its own rules (clauses 6.3 to 6.5); says nothing of signatures."""
    return _CHARTER.decode(data)


def circle_id(charter: bytes) -> CircleId:
    """The identifier of the circle that these charter bytes found (clause 6.6)."""
    return CircleId(encode_bytes(sha256(charter).digest()))


def encode_signed_charter(signed: SignedCharter) -> bytes:
    """Canonical bytes; refuses whatever :func:`decode_signed_charter` would refuse."""
    return _SIGNED_CHARTER.encode(signed)


def decode_signed_charter(data: bytes) -> SignedCharter:
    """A charter with signatures that nobody has checked; see :func:`verify` and :func:`require_in_force`."""
    return _SIGNED_CHARTER.decode(data)


def sign(signed: SignedCharter, key: SigningKey, identity: SigningKey) -> SignedCharter:
    """Add the signatures of a founder's contributor and identity keys, or replace them.

    Raises ``NOT_A_MEMBER`` for a contributor key that is no founder's, ``WRONG_KEY`` for another identity key than the
    charter has beside it.
    """
    founder = members(signed.charter).get(key.public.key_id)
    if founder is None:
        raise ProtocolError(Code.NOT_A_MEMBER, f"{key.public.key_id} is no founder of this charter")
    if founder.identity_key != identity.public.encode():
        raise ProtocolError(Code.WRONG_KEY, f"the charter names another identity key for founder {key.public.key_id}")
    message = _signed_bytes(signed.charter)
    signature = CharterSignature(
        key_id=key.public.key_id,
        signature=encode_bytes(key.sign(message)),
        identity_signature=encode_bytes(identity.sign(message)),
    )
    return _with(signed, {signature.key_id: signature})


def add_signatures(signed: SignedCharter, other: SignedCharter) -> SignedCharter:
    """Both collections of signatures on the same charter; what is already there stays.

    Raises ``BAD_CHARTER`` for another charter, and as :func:`verify` does for what ``other`` brings.
    """
    if other.charter != signed.charter:
        raise ProtocolError(Code.BAD_CHARTER, "the signatures are for another charter")
    verify(other)
    known = {signature.key_id for signature in signed.signatures}
    return _with(signed, {new.key_id: new for new in other.signatures if new.key_id not in known})


def verify(signed: SignedCharter) -> frozenset[KeyId]:
    """The founders that have signed (clause 6.7).

    Raises ``NOT_A_MEMBER`` if someone else did and ``BAD_SIGNATURE`` if one of the two does not verify. Signatures
    may be missing: :func:`require_in_force` is the check to make before acting on a charter.
    """
    founders = members(signed.charter)
    message = _signed_bytes(signed.charter)
    for signature in signed.signatures:
        if signature.key_id not in founders:
            raise ProtocolError(Code.NOT_A_MEMBER, f"{signature.key_id} signed and is no founder of this charter")
        founder = founders[signature.key_id]
        for role, text, value in (
            ("contributor", founder.contributor_key, signature.signature),
            ("identity", founder.identity_key, signature.identity_signature),
        ):
            if not PublicKey.decode(text).verify(decode_bytes(value), message):
                raise ProtocolError(
                    Code.BAD_SIGNATURE, f"the signature of founder {signature.key_id} by its {role} key does not verify"
                )
    return frozenset(signature.key_id for signature in signed.signatures)


def require_in_force(signed: SignedCharter) -> CircleId:
    """The identifier of a circle that all founders have signed (clause 6.8); else ``BAD_CHARTER``, saying how many."""
    missing = len(signed.charter.founders) - len(verify(signed))
    if missing:
        raise ProtocolError(Code.BAD_CHARTER, f"{missing} of {len(signed.charter.founders)} founders have not signed")
    return circle_id(encode_charter(signed.charter))


def members(charter: Charter) -> Mapping[KeyId, Founder]:
    """The founders by contributor, in the charter's order: the members that a circle begins with (clause 6.9)."""
    return MappingProxyType({founder.key_id: founder for founder in charter.founders})


def _signed_bytes(charter: Charter) -> bytes:
    """The context keeps a charter's signature from being read as one over anything else (clause 6.7)."""
    return _CONTEXT + encode_charter(charter)


def _with(signed: SignedCharter, new: Mapping[KeyId, CharterSignature]) -> SignedCharter:
    signatures = {signature.key_id: signature for signature in signed.signatures} | dict(new)
    return SignedCharter(charter=signed.charter, signatures=tuple(signatures[key_id] for key_id in sorted(signatures)))
